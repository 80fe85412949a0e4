"""The long form of the long session: `python -m tests.context 1000`. Prints its table."""

import os
import sys

import pytest

if __name__ == "__main__":
    os.environ["PANTHEON_LONG_TURNS"] = sys.argv[1] if len(sys.argv) > 1 else "1000"
    sys.exit(pytest.main(["-q", "-s", "-n0", "tests/context/test_long_talk.py"]))
