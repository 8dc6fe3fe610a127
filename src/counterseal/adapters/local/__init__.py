"""The machine that we run on: its clock, its files, what was built here."""
