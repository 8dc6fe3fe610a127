"""A forge: one model over a real bare git repository, with the faces of real forges."""
