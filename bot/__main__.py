"""`python -m bot`."""

import sys

if sys.argv[1:] and sys.argv[1] in {"run", "web", "worker"}:
    from bot.stopping import stop_at_once

    # All that is imported below takes a second.
    stop_at_once()

from bot.cli import main

if __name__ == "__main__":
    main()
