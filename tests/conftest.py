"""What every test gets: no AWS settings of whoever runs them, so that a forgotten emulator cannot reach an account.

Sockets are limited to loopback by pytest-socket, configured in pyproject.toml.
"""

import os
from collections.abc import Iterator

import pytest

_DUMMY_SETTINGS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
}


@pytest.fixture(scope="session", autouse=True)
def _only_dummy_aws_settings() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("AWS_", "IMAGEGATE_")) and name != "IMAGEGATE_E2E_GATEWAY":
                patch.delenv(name)
        for name, value in _DUMMY_SETTINGS.items():
            patch.setenv(name, value)
        yield
