"""Origins: to which addresses a provider's credentials may go, since addresses in its answers are not trusted."""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

# Names that no public server can have (RFC 6761, RFC 6762, RFC 8375; `.internal` is reserved by ICANN).
_PLAIN_HOST = re.compile(r"[a-z0-9.-]+")
_PRIVATE_ENDINGS = (".localhost", ".local", ".home.arpa", ".internal")


def may_carry_credentials(url: str, base_url: str, credential_hosts: tuple[str, ...]) -> bool:
    """Tell whether an address has the configured origin, or lies on one of the provider's other hosts over HTTPS.

    A host that begins with a dot stands for every host below it.
    """
    try:
        asked, base = urlsplit(url), urlsplit(base_url)
        is_default_port = asked.port in {None, 443}
    except ValueError:
        return False
    if (asked.scheme, asked.netloc) == (base.scheme, base.netloc):
        return True
    return asked.scheme == "https" and is_default_port and _is_listed(asked, credential_hosts)


def _is_listed(asked: SplitResult, credential_hosts: tuple[str, ...]) -> bool:
    host = asked.hostname or ""
    # Where a host ends is a matter of opinion once there is a backslash or the like in it: what connects may differ.
    if not _PLAIN_HOST.fullmatch(host) or "@" in asked.netloc:
        return False
    return any(host.endswith(one) if one.startswith(".") else host == one for one in credential_hosts)


def is_private_host(host: str) -> bool:
    """Tell whether a host is this machine or can only be one of a private network, by its name or number alone.

    Link-local addresses are not meant: cloud machines find their own credentials there.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return "." not in host or host.endswith(_PRIVATE_ENDINGS)
    return address.is_loopback or (address.is_private and not (address.is_link_local or address.is_unspecified))
