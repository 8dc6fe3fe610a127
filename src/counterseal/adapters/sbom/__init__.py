"""CycloneDX of any ecosystem: lock files, joined with what packages say of themselves, and documents of other tools.

`records.py` stands between the readers (`locks/`) and `document.py`, which writes them through cyclonedx-python-lib.
`formats.py` chooses the reader, `descriptions/` has what packages say, `documents/` what is done to the JSON.
"""
