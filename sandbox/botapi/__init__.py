"""A strict Bot API server on loopback that keeps chats, files and flood limits."""
