"""Generations: the state machine, its rows, its run."""
