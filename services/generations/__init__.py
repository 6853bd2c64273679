"""Generations: the state machine, its rows, its durable workflow."""
