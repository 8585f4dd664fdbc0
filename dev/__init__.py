"""Tooling behind the Makefile; never shipped, and importing nothing of the product but its shared names."""

import sys

# Here, since the modules themselves would fail on an import that older Pythons lack.
if sys.version_info < (3, 11):  # noqa: UP036
    sys.exit("error: Python 3.11 or newer is needed. Name one: make PYTHON=python3.13 ...")
