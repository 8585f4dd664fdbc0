"""The operator's way to projects, keys and providers: AWS credentials, no API key; imported only when needed."""

from collections.abc import Iterator
from contextlib import contextmanager

from imagegate.app.check_catalog import CheckCatalog
from imagegate.app.manage_projects import ManageProjects, UnknownKeyError, UnknownProjectError
from imagegate.app.manage_providers import (
    HOW_TO_LIST,
    InvalidProviderValueError,
    ManageProviders,
    UnknownProviderError,
)
from imagegate.app.negotiate_prices import NegotiatePrices, PriceNotAcceptedError
from imagegate.cli.failures import CommandFailedError
from imagegate.cli.settings import TableLocation
from imagegate.domain.errors import ConfigurationError
from imagegate.wiring import operator as wiring


@contextmanager
def opened_projects(location: TableLocation) -> Iterator[ManageProjects]:
    """Give access to projects and keys, and tell what goes wrong as a failed command.

    Raises:
        CommandFailedError: the id is unknown, or the table cannot be used.
    """
    with _projects_told(location):
        yield wiring.manage_projects(location.table, emulator_url=location.emulator_url)


@contextmanager
def opened_prices(location: TableLocation) -> Iterator[NegotiatePrices]:
    """Give access to the prices of projects, and tell what goes wrong as a failed command.

    Raises:
        CommandFailedError: the project is unknown, the price is not accepted, or the table cannot be used.
    """
    try:
        with _projects_told(location):
            yield wiring.negotiate_prices(location.table, emulator_url=location.emulator_url)
    except PriceNotAcceptedError as error:
        raise CommandFailedError("price_not_accepted", str(error)) from error


@contextmanager
def _projects_told(location: TableLocation) -> Iterator[None]:
    try:
        with wiring.aws_failures_explained():
            yield
    except UnknownProjectError as error:
        message = f"There is no project {error} in the table {location.table!r} ({location.found_in})."
        advice = "`imagegate projects create NAME` makes one."
        raise CommandFailedError("unknown_project", message, advice=advice) from error
    except UnknownKeyError as error:
        message = f"There is no key {error} in the table {location.table!r} ({location.found_in})."
        advice = "The id begins with `key_`; it was printed when the key was made, and is not the key itself."
        raise CommandFailedError("unknown_key", message, advice=advice) from error
    except ConfigurationError as error:
        message = f"The table {location.table!r} ({location.found_in}) cannot be used: {error}"
        raise CommandFailedError("table_unreachable", message) from error


@contextmanager
def opened_providers(location: TableLocation) -> Iterator[ManageProviders]:
    """Give access to providers, and tell what goes wrong as a failed command.

    Raises:
        CommandFailedError: the provider is unknown, a value is not accepted, or AWS refuses.
    """
    try:
        with _reachable(location):
            yield wiring.manage_providers(location.table, location.secret_prefix, emulator_url=location.emulator_url)
    except UnknownProviderError as error:
        message = f"There is no provider {str(error.args[0])!r}."
        raise CommandFailedError("unknown_provider", message, advice=HOW_TO_LIST) from error
    except InvalidProviderValueError as error:
        raise CommandFailedError("invalid_provider_value", str(error)) from error


@contextmanager
def opened_catalog_check(location: TableLocation) -> Iterator[CheckCatalog]:
    """Give access to the catalog and the configured providers, and tell what goes wrong as a failed command.

    Raises:
        CommandFailedError: AWS refuses.
    """
    with _reachable(location):
        yield wiring.check_catalog(location.table, location.secret_prefix, emulator_url=location.emulator_url)


@contextmanager
def _reachable(location: TableLocation) -> Iterator[None]:
    try:
        with wiring.aws_failures_explained():
            yield
    except ConfigurationError as error:
        message = (
            f"The table {location.table!r} ({location.found_in}), or a secret under {location.secret_prefix!r}, "
            f"cannot be used: {error}"
        )
        raise CommandFailedError("configuration_unreachable", message) from error
