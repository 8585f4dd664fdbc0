"""`imagegate show`: one generation, also one that was rejected or failed."""

from typing import Annotated

import typer

from imagegate.cli.failures import failures_told
from imagegate.cli.output import print_facts, print_json
from imagegate.cli.settings import ApiKeyOption, BaseUrlOption, JsonOption, find_connection


def show(
    generation_id: Annotated[str, typer.Argument(help="The generation's id, as `imagegate generate` printed it.")],
    base_url: BaseUrlOption = None,
    api_key: ApiKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show what became of a generation, with addresses of its pictures that work for an hour."""
    from imagegate.api.responses import GenerationAnswer
    from imagegate.cli.gateway import open_gateway, unreadable_answer
    from imagegate.cli.summary import print_generation

    with failures_told(as_json):
        content = open_gateway(find_connection(base_url, api_key)).generation(generation_id)
        if as_json:
            print_json(content)
            return
        try:
            answer = GenerationAnswer.model_validate(content)
        except ValueError as error:
            raise unreadable_answer() from error
        print_generation(answer)
        for image in answer.images:
            print_facts({"picture": f"{image.width}x{image.height} {image.media_type} {image.url or ''}".rstrip()})
