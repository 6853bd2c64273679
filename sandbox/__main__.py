"""``python -m sandbox``: both servers on loopback, until told to stop."""

import sys

from sandbox.serve import main

if __name__ == "__main__":
    sys.exit(main())
