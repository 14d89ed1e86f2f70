"""This checkout's command line: python cli.py ... does what an installed hepatica does."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "engine"))

from hepatica.cli import main

if __name__ == "__main__":
    main()
