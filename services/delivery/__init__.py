"""Delivery: videos fetched, probed, and sent to the person who asked."""
