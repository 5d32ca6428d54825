"""``python -m workers``: make, list, describe and check worker types."""

import sys

from workers.commands.command_line import main

if __name__ == "__main__":
    sys.exit(main())
