"""How a repository of GitHub is set up, as far as a token sees it."""
