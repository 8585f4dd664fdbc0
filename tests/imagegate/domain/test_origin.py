"""Where credentials may go: the configured origin and the provider's listed hosts, and nowhere that only looks so."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.domain.origin import is_private_host, may_carry_credentials

BASE = "https://api.painter.example/v1"
HOSTS = ("storage.example", ".painter.example")


@pytest.mark.parametrize(
    "url",
    [
        "https://api.painter.example/v1/images",
        "https://api.painter.example",
        "https://storage.example/one.png?x=1",
        "https://storage.example:443/one",
        "https://eu.painter.example/poll",
        "https://a.b.painter.example/",
        "HTTPS://Storage.EXAMPLE/",
    ],
)
def test_the_configured_origin_and_listed_hosts_get_credentials(url: str) -> None:
    assert may_carry_credentials(url, BASE, HOSTS)


@pytest.mark.parametrize(
    "url",
    [
        "https://api.painter.example.evil.example/v1",
        "https://apixpainter.example/",
        "https://evilpainter.example/",
        "https://painter.example/",
        "https://storage.example.evil.example/",
        "https://evil.example/storage.example",
        "https://evil.example?.painter.example",
        "https://evil.example#.painter.example",
        "https://xstorage.example/",
        "https://storage.example:8443/",
        "https://api.painter.example:8443/v1",
        "https://user@storage.example/",
        "https://storage.example@evil.example/",
        "https://user:secret@eu.painter.example/",
        "https://api.painter.example@evil.example/",
        "http://api.painter.example/v1",
        "http://storage.example/",
        "ftp://storage.example/",
        "//storage.example/",
        "storage.example",
        "",
        "https://",
        "https://[",
        "https://storage.example:port/",
        "https://storage.example:99999/",
        r"https://evil.example\.painter.example/",
        r"https://evil.example\@eu.painter.example/",
        "https://evil.example%2f.painter.example/",
        "https://evil.example;.painter.example/",
        "https://[::1].painter.example/",
        "https://evil\u3002example.painter\u3002example/",
    ],
)
def test_an_address_that_only_looks_like_it_gets_none(url: str) -> None:
    assert not may_carry_credentials(url, BASE, HOSTS)


@given(st.text(max_size=60) | st.text("https:/.@painterxml[]:0123456789\\%?#", max_size=60).map("https://".__add__))
def test_no_text_breaks_the_check(url: str) -> None:
    assert isinstance(may_carry_credentials(url, BASE, HOSTS), bool)


def test_an_operators_own_server_keeps_its_scheme_and_port() -> None:
    own = "http://127.0.0.1:8188"

    assert may_carry_credentials("http://127.0.0.1:8188/view?x=1", own, ())
    assert not may_carry_credentials("http://127.0.0.1:8189/view", own, ())
    assert not may_carry_credentials("https://127.0.0.1:8188/view", own, ())


@pytest.mark.parametrize(
    "host", ["localhost", "a.localhost", "printer.local", "nas.home.arpa", "gpu.internal", "gpu", "127.0.0.1", "::1"]
)
def test_names_and_numbers_of_private_networks_are_told(host: str) -> None:
    assert is_private_host(host)


@pytest.mark.parametrize("host", ["10.1.2.3", "192.168.0.1", "172.16.0.1", "fd00::1"])
def test_private_numbers_are_told(host: str) -> None:
    assert is_private_host(host)


@pytest.mark.parametrize("host", ["8.8.8.8", "169.254.169.254", "0.0.0.0", "::", "painter.example", "fe80::1"])  # noqa: S104
def test_public_and_metadata_addresses_are_not_private_hosts(host: str) -> None:
    assert not is_private_host(host)
