"""GitLab, over REST and GraphQL."""
