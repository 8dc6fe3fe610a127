"""What every call over HTTP has in common: bounds, retries, answers, fields, the bytes of assets."""
