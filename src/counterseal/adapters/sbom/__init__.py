"""CycloneDX 1.6 of Python projects: a lock file, joined with what the installed packages say of themselves.

`lockfile.py` has the records between readers (`uv_lock.py`, `pylock.py`, `requirements.py`) and `document.py`, which
writes them through cyclonedx-python-lib. `project.py` chooses the reader, `installed.py` finds licences.
"""
