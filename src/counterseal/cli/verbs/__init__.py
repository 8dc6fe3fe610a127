"""One file a verb: its arguments, the ports it needs, and its result as a `Report`."""
