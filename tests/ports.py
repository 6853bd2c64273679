"""Ports for servers that a test starts, stops and starts again."""

import random
import socket

LOWEST, HIGHEST = 12_000, 31_999
"""Below what systems lend to outgoing connections, one of which could take a port while its server is down."""


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on; another at each call, most likely, in each process."""
    chance = random.SystemRandom()
    while True:
        port = chance.randint(LOWEST, HIGHEST)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
