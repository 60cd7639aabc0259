"""`python -m onward` is `onward`; the program begins here, so that a Ctrl-C while it is loaded ends it quietly."""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Load the program and run it."""
    try:
        from onward.cli import main as run
    except KeyboardInterrupt:  # nothing was begun
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
