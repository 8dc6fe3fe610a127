"""The verbs of second builds: `rebuild`, `rebuild compare`."""
