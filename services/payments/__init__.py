"""Selling videos for Telegram Stars: a Star buys a video, or comes back."""
