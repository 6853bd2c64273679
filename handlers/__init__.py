"""Telegram in: routing, intake of photos and texts, buttons, commands, access, errors."""
