"""CycloneDX documents as JSON: those of other tools, several that become one, and what of them may leave.

Nothing here goes through a library's model, because each of them drops what it does not know.
"""
