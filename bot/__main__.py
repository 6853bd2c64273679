"""`python -m bot`."""

import os
import signal
import sys

if sys.argv[1:] and sys.argv[1] in {"run", "web", "worker"}:
    # All that is imported below takes a second, and nothing has begun yet that would have to go on.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: os._exit(0))

from bot.cli import main

if __name__ == "__main__":
    main()
