"""One file a verb: ports come in as arguments; collect, call the core, append, publish."""
