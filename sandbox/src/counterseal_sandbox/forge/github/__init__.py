"""GitHub's face of the forge."""
