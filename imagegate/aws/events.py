"""Events in the table: written beside what happened, in the same transaction, and told from the table's stream."""

from imagegate.aws.items import Item, key, to_item
from imagegate.domain.event import Event

EVENTS_PREFIX = "EVENTS#"
_TYPE = "event_type"


def event_item(event: Event) -> Item:
    """Return the item of an event."""
    primary_key = key(f"{EVENTS_PREFIX}{event.project_id}", event_sort_key(event))
    return {**to_item(primary_key, event, expires_at=event.expires_at), _TYPE: {"S": event.type.value}}


def event_sort_key(event: Event) -> str:
    """Return the text under which an event sorts by its moment; of one width, so that it sorts as time does."""
    return f"{event.created_at.isoformat(timespec='microseconds')}#{event.id}"
