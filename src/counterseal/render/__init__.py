"""Results as text, JSON and Markdown. Nothing is decided here."""
