"""`imagegate webhooks`: where a project is told of events, what became of each, and sending them again."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from imagegate.cli.failures import failures_told
from imagegate.cli.output import print_json, print_table
from imagegate.cli.settings import ApiKeyOption, BaseUrlOption, JsonOption, find_connection
from imagegate.domain.delivery import DeliveryStatus

if TYPE_CHECKING:
    from imagegate.api.webhooks import DeliveryAnswer
    from imagegate.cli.gateway import Gateway

app = typer.Typer(help="Webhook endpoints of a project. Needs a key of the project.", no_args_is_help=True)

_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S"]
_EndpointArgument = Annotated[str, typer.Argument(metavar="ENDPOINT", help="The endpoint's id, begins with `we_`.")]


@app.command("list")
def list_endpoints(base_url: BaseUrlOption = None, api_key: ApiKeyOption = None, as_json: JsonOption = False) -> None:
    """List the project's endpoints."""
    from imagegate.api.webhooks import WebhookEndpointsAnswer
    from imagegate.cli.gateway import open_gateway, unreadable_answer

    with failures_told(as_json):
        content = open_gateway(find_connection(base_url, api_key)).webhook_endpoints()
        if as_json:
            print_json(content)
            return
        try:
            answer = WebhookEndpointsAnswer.model_validate(content)
        except ValueError as error:
            raise unreadable_answer() from error
        rows = [(one.id, one.url, ", ".join(one.events), one.disabled_reason or one.status) for one in answer.data]
        print_table(("endpoint", "address", "events", "status"), rows)


@app.command()
def deliveries(
    endpoint_id: _EndpointArgument,
    *,
    status: Annotated[DeliveryStatus | None, typer.Option(help="Only those that stand so.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="At most so many, the latest first.")] = 20,
    base_url: BaseUrlOption = None,
    api_key: ApiKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what became of events at an endpoint."""
    from itertools import islice

    from imagegate.cli.gateway import open_gateway

    with failures_told(as_json):
        gateway = open_gateway(find_connection(base_url, api_key))
        found = list(islice(_deliveries(gateway, endpoint_id, status), limit))
    if as_json:
        print_json({"data": [one.model_dump(mode="json") for one in found]})
        return
    print_table(("event", "type", "about", "status", "answers"), [_row(one) for one in found])


@app.command()
def replay(
    endpoint_id: _EndpointArgument,
    event_id: Annotated[str | None, typer.Argument(metavar="[EVENT]", help="One event; begins with `evt_`.")] = None,
    *,
    since: Annotated[datetime | None, typer.Option(formats=_MOMENTS, help="Events from this moment on, UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=_MOMENTS, help="Events before this moment, UTC.")] = None,
    wants_all: Annotated[bool, typer.Option("--all", help="Every delivery that was given up.")] = False,
    base_url: BaseUrlOption = None,
    api_key: ApiKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Send events again, with the same ids and bodies: one, those of a time, or all that never arrived."""
    from imagegate.cli.gateway import open_gateway

    is_range = since is not None or until is not None
    if [event_id is not None, is_range, wants_all].count(True) != 1:
        raise typer.BadParameter("name one event, or a time with --since and --until, or --all.")
    with failures_told(as_json):
        gateway = open_gateway(find_connection(base_url, api_key))
        status = DeliveryStatus.DEAD if wants_all else None
        found = _deliveries(gateway, endpoint_id, status) if event_id is None else iter(())
        events = [event_id] if event_id else [one.event_id for one in found if _is_within(one, since, until)]
        for one in events:
            gateway.replay(endpoint_id, one)
            if not as_json:
                typer.echo(f"Sending {one} again")
    if as_json:
        print_json({"endpoint_id": endpoint_id, "replayed": events})
    elif not events:
        typer.echo("There is nothing to send again.")


def _deliveries(gateway: "Gateway", endpoint_id: str, status: DeliveryStatus | None) -> Iterator["DeliveryAnswer"]:
    """Read page after page."""
    from imagegate.api.webhooks import DeliveriesAnswer
    from imagegate.cli.gateway import unreadable_answer

    after: str | None = None
    while True:
        content = gateway.deliveries(endpoint_id, status=status.value if status else None, after=after)
        try:
            page = DeliveriesAnswer.model_validate(content)
        except ValueError as error:
            raise unreadable_answer() from error
        yield from page.data
        after = page.last_id
        if not page.has_more or after is None:
            return


def _is_within(delivery: "DeliveryAnswer", since: datetime | None, until: datetime | None) -> bool:
    at = datetime.fromtimestamp(delivery.created_at, UTC)
    is_late_enough = since is None or at >= since.replace(tzinfo=UTC)
    return is_late_enough and (until is None or at < until.replace(tzinfo=UTC))


def _row(delivery: "DeliveryAnswer") -> tuple[str, ...]:
    answers = [str(one.status_code or one.error) for one in delivery.tries]
    return (delivery.event_id, delivery.type.value, delivery.subject_id, delivery.status.value, ", ".join(answers))
