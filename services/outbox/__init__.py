"""The outbox: which call to Telegram goes out next."""
