"""One mock server for each specification, started when a test first needs it."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache

import pytest

from tests.contract.prism import PRISM, SPECS, mocked

MockOf = Callable[[str], str]


@pytest.fixture(scope="session")
def mock_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MockOf]:
    """Give the address of the mock for a specification by its name."""
    folder = tmp_path_factory.mktemp("prism")
    with ExitStack() as running:

        @cache
        def start(name: str) -> str:
            spec = SPECS / f"{name}.json"
            if not spec.exists() or not PRISM.exists():
                reason = f"needs {spec.name} in IMAGEGATE_SPECS and `npm ci`"
                # Where nobody looks at skips, a missing specification must not pass as a kept contract.
                (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
            return running.enter_context(mocked(spec, folder / f"{name}.log"))

        yield start
