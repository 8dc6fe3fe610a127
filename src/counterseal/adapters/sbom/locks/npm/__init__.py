"""Lock files of JavaScript projects: npm, pnpm and both Yarns."""
