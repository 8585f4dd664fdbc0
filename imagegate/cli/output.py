"""What the commands print: JSON for programs, aligned lines and tables for people."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer


def read_object(text: bytes) -> dict[str, Any] | None:
    """Return a JSON object, or None for anything else."""
    try:
        content = json.loads(text)
    except ValueError:
        return None
    return content if isinstance(content, dict) else None


def print_json(content: object) -> None:
    """Print JSON on standard output."""
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))


def print_facts(facts: Mapping[str, str | None]) -> None:
    """Print names and values; what has no value is left out."""
    for name, value in facts.items():
        if value is not None:
            typer.echo(f"  {name:<11} {value}")


def print_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table that folds long cells rather than cutting them."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        # The first column is what one copies.
        table.add_column(column, overflow="fold", no_wrap=column == columns[0])
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    Console(highlight=False).print(table)
