"""The process: command line, settings, wiring, HTTP endpoints, logs."""

VERSION = "0.2.0"
"""As in the project file; the image holds the code alone."""
