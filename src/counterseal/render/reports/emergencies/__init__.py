"""What one listed person started at once, and what came of it."""
