"""`imagegate list`, `cancel` and `delete`: the generations of a project, and what can be done to one."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imagegate.cli.failures import failures_told
from imagegate.cli.output import print_json, print_table
from imagegate.cli.settings import ApiKeyOption, BaseUrlOption, JsonOption, find_connection
from imagegate.domain.job import Status
from imagegate.domain.listing import DEFAULT_LIMIT, MAX_LIMIT

if TYPE_CHECKING:
    from imagegate.api.responses import GenerationAnswer

_COLUMNS = ("generation", "status", "model", "images", "cost", "created")
_IdArgument = Annotated[str, typer.Argument(help="The generation's id, as `imagegate generate` printed it.")]


def list_generations(
    *,
    status: Annotated[Status | None, typer.Option(help="Only those that stand so.")] = None,
    end_user: Annotated[str | None, typer.Option(help="Only those of this user of the app.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=MAX_LIMIT, help="How many at most.")] = DEFAULT_LIMIT,
    after: Annotated[str | None, typer.Option(metavar="ID", help="Go on after this one.")] = None,
    oldest_first: Annotated[bool, typer.Option("--oldest-first", help="In place of the newest.")] = False,
    base_url: BaseUrlOption = None,
    api_key: ApiKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the generations of the project, the newest first."""
    from imagegate.api.generations import GenerationsAnswer
    from imagegate.cli.gateway import open_gateway, unreadable_answer

    wishes = {"status": status, "end_user": end_user, "limit": str(limit), "after": after}
    wishes["order"] = "asc" if oldest_first else None
    with failures_told(as_json):
        gateway = open_gateway(find_connection(base_url, api_key))
        content = gateway.generations({name: wish for name, wish in wishes.items() if wish is not None})
        if as_json:
            print_json(content)
            return
        try:
            answer = GenerationsAnswer.model_validate(content)
        except ValueError as error:
            raise unreadable_answer() from error
    print_table(_COLUMNS, [_row(one) for one in answer.data])
    if answer.has_more:
        typer.echo(f"There are more: go on with --after {answer.last_id}")


def cancel(
    generation_id: _IdArgument,
    base_url: BaseUrlOption = None,
    api_key: ApiKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Cancel a generation that is not over; what its provider has begun may be charged."""
    from imagegate.api.responses import GenerationAnswer
    from imagegate.cli.gateway import open_gateway, unreadable_answer
    from imagegate.cli.summary import print_generation

    with failures_told(as_json):
        content = open_gateway(find_connection(base_url, api_key)).cancel(generation_id)
        if as_json:
            print_json(content)
            return
        try:
            print_generation(GenerationAnswer.model_validate(content))
        except ValueError as error:
            raise unreadable_answer() from error


def delete(
    generation_id: _IdArgument,
    base_url: BaseUrlOption = None,
    api_key: ApiKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Delete a generation that is over, with its pictures, for good."""
    from imagegate.cli.gateway import open_gateway

    with failures_told(as_json):
        content: dict[str, Any] = open_gateway(find_connection(base_url, api_key)).delete(generation_id)
    if as_json:
        print_json(content)
        return
    typer.echo(f"Deleted the generation {generation_id} and its pictures")


def _row(generation: "GenerationAnswer") -> tuple[str, ...]:
    cost = generation.cost
    created = datetime.fromtimestamp(generation.created_at, UTC)
    return (
        generation.id,
        generation.status.value,
        generation.model or generation.requested_model,
        str(len(generation.images)),
        f"{cost.amount} {cost.currency}" if cost else "",
        f"{created:%Y-%m-%d %H:%M:%S}",
    )
