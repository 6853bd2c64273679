"""Fluent files, a folder a language."""
