"""The live status message: what it shows and when it is edited."""
