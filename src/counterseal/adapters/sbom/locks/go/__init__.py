"""Lock files of Go modules: go.mod with go.sum, and workspaces."""
