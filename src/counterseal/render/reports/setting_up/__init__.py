"""Reports of the verbs with which a repository is set up."""
