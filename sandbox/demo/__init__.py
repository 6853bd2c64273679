"""One person who uses the bot through the sandbox: the demo's other half."""
