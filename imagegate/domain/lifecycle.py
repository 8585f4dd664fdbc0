"""Lifecycle: warn before a model is shut down, and say plainly when it is gone and what took its place."""

from datetime import date, timedelta

from imagegate.domain.card import ModelCard
from imagegate.domain.errors import ModelRetiredError
from imagegate.domain.warning import RequestWarning, WarningType

NOTICE = timedelta(days=90)


def ends_soon(card: ModelCard, today: date) -> bool:
    """Tell whether a model that still works will be shut down within 90 days."""
    shutdown_on = card.lifecycle.shutdown_on
    return shutdown_on is not None and today < shutdown_on <= today + NOTICE


def check_lifecycle(card: ModelCard, today: date) -> tuple[RequestWarning, ...]:
    """Return a warning for a model that will be shut down within 90 days.

    Raises:
        ModelRetiredError: that day has come.
    """
    shutdown_on = card.lifecycle.shutdown_on
    if shutdown_on is None or shutdown_on - today > NOTICE:
        return ()
    advice = f" Use {card.lifecycle.replacement} in its place." if card.lifecycle.replacement else ""
    if shutdown_on <= today:
        message = f"{card.id} was shut down by its provider on {shutdown_on.isoformat()}.{advice}"
        raise ModelRetiredError(message, param="model")
    message = f"{card.id} will be shut down by its provider on {shutdown_on.isoformat()}.{advice}"
    return (RequestWarning(type=WarningType.DEPRECATED, message=message, param="model"),)
