"""The command line: command table, parser, one file a verb, reports and exit codes."""
