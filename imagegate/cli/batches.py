"""`imagegate batches`: send many requests as one file, and see what becomes of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from imagegate.cli.failures import CommandFailedError, failures_told
from imagegate.cli.output import print_json, print_table
from imagegate.cli.settings import ApiKeyOption, BaseUrlOption, JsonOption, find_connection
from imagegate.domain.batch import BatchEndpoint

if TYPE_CHECKING:
    from imagegate.api.batches import BatchAnswer

app = typer.Typer(help="Many requests in one file. Needs a key of the project.", no_args_is_help=True)

_COLUMNS = ("batch", "status", "lines", "succeeded", "failed", "output", "errors")
_BatchArgument = Annotated[str, typer.Argument(metavar="BATCH", help="The batch's id, begins with `batch_`.")]
_FileArgument = Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines: one request in each.")]
_EndpointOption = Annotated[BatchEndpoint, typer.Option(help="What every line asks for.")]


@app.command()
def create(
    file: _FileArgument,
    *,
    endpoint: _EndpointOption = BatchEndpoint.GENERATIONS,
    base_url: BaseUrlOption = None,
    api_key: ApiKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Upload a file and create a batch from it."""
    from imagegate.cli.gateway import open_gateway

    with failures_told(as_json):
        try:
            data = file.read_bytes()
        except OSError as error:
            message = f"The file {str(file)!r} cannot be read: {error.strerror}."
            raise CommandFailedError("unreadable_file", message) from error
        gateway = open_gateway(find_connection(base_url, api_key))
        _show(gateway.create_batch(gateway.upload_lines(file.name, data), endpoint.value), as_json)


@app.command("list")
def list_batches(base_url: BaseUrlOption = None, api_key: ApiKeyOption = None, as_json: JsonOption = False) -> None:
    """List the project's latest batches."""
    from imagegate.api.batches import BatchesAnswer
    from imagegate.cli.gateway import open_gateway, unreadable_answer

    with failures_told(as_json):
        content = open_gateway(find_connection(base_url, api_key)).batches()
        if as_json:
            print_json(content)
            return
        try:
            answer = BatchesAnswer.model_validate(content)
        except ValueError as error:
            raise unreadable_answer() from error
        print_table(_COLUMNS, [_row(batch) for batch in answer.data])


@app.command()
def show(
    batch_id: _BatchArgument, base_url: BaseUrlOption = None, api_key: ApiKeyOption = None, as_json: JsonOption = False
) -> None:
    """Show how far a batch is."""
    from imagegate.cli.gateway import open_gateway

    with failures_told(as_json):
        _show(open_gateway(find_connection(base_url, api_key)).batch(batch_id), as_json)


@app.command()
def cancel(
    batch_id: _BatchArgument, base_url: BaseUrlOption = None, api_key: ApiKeyOption = None, as_json: JsonOption = False
) -> None:
    """Begin no further line of a batch; those that run are finished."""
    from imagegate.cli.gateway import open_gateway

    with failures_told(as_json):
        _show(open_gateway(find_connection(base_url, api_key)).cancel_batch(batch_id), as_json)


def _show(content: dict[str, object], as_json: bool) -> None:
    from imagegate.api.batches import BatchAnswer
    from imagegate.cli.gateway import unreadable_answer

    if as_json:
        print_json(content)
        return
    try:
        batch = BatchAnswer.model_validate(content)
    except ValueError as error:
        raise unreadable_answer() from error
    print_table(_COLUMNS, [_row(batch)])
    for problem in batch.errors.data if batch.errors else ():
        typer.echo(f"line {problem.line}: {problem.message}" if problem.line else problem.message)


def _row(batch: "BatchAnswer") -> tuple[str, ...]:
    counts = batch.request_counts
    numbers = (str(number) for number in (counts.total, counts.completed, counts.failed))
    return (batch.id, batch.status.value, *numbers, batch.output_file_id or "", batch.error_file_id or "")
