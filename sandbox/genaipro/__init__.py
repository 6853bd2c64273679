"""A GenAIPro server on loopback that renders real videos from photos."""
