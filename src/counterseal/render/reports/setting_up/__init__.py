"""Reports of the verbs by which a repository is set up."""
