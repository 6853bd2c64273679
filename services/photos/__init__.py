"""Photos: checked, turned upright, fetched from Telegram into temporary files."""
