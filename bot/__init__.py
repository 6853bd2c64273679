"""The process: command line, settings, wiring, HTTP endpoints, logs."""
