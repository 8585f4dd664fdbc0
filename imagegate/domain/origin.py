"""Origins: to which addresses a provider's credentials may go, since addresses in its answers are not trusted."""

from urllib.parse import urlsplit


def may_carry_credentials(url: str, base_url: str, credential_hosts: tuple[str, ...]) -> bool:
    """Tell whether an address has the configured origin, or lies on one of the provider's other hosts over HTTPS.

    A host that begins with a dot stands for every host below it.
    """
    asked, base = urlsplit(url), urlsplit(base_url)
    if (asked.scheme, asked.netloc) == (base.scheme, base.netloc):
        return True
    host = asked.hostname or ""
    is_listed = any(host.endswith(one) if one.startswith(".") else host == one for one in credential_hosts)
    return is_listed and asked.scheme == "https" and asked.port in {None, 443} and "@" not in asked.netloc
