"""``python -m sandbox serve``: both servers on loopback, until told to stop; ``person``: the demo's person."""

import sys

from sandbox.serve import main

if __name__ == "__main__":
    sys.exit(main())
