"""The process: command line, settings, wiring, HTTP endpoints, logs."""

VERSION = "0.1.0"
"""As in the project file; the image holds the code alone."""
