"""The door of the command line: it stands before anything heavy is loaded, so that Ctrl-C works."""

import sys

__all__ = ["run"]


def run() -> None:
    """Run the command line and exit; 130 where Ctrl-C came, even while it was loading."""
    try:
        from limner.cli.main import run as start

        start()
    except KeyboardInterrupt:
        sys.stderr.write("error: stopped; whatever was finished before is whole\n")
        sys.exit(130)


if __name__ == "__main__":
    run()
