"""The embedded default: a Bot API server and a GenAIPro server on loopback, for the demo and the tests."""
