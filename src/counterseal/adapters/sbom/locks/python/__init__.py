"""Lock files of Python projects: uv, poetry, pdm, pylock.toml and requirements files."""
