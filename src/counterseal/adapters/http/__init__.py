"""What every call over HTTP has in common: bounds, the line below libraries, retries, answers, fields, files."""
