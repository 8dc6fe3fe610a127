"""git, as forges host it."""
