"""Drafts: photos and prompt on their way to a request."""
