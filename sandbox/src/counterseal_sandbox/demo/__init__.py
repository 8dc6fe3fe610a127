"""The demo: a story that plays in the sandbox, with the command line that CI drives."""
