"""How a project of GitLab is set up, as far as a token sees it."""
