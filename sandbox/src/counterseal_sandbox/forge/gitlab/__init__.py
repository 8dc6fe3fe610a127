"""GitLab's face of the forge."""
