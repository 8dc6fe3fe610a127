"""Archives: read without unpacking (`reading.py`), and made so that equal files give equal bytes (`writing.py`)."""
