"""Failures that are expected: told in words, or as the error's JSON, with exit status 1 and never a stack trace."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer

FAILED = 1


class CommandFailedError(Exception):
    """The command could not do what was asked; `advice` says how to go on."""

    def __init__(self, code: str, message: str, *, advice: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.advice = advice

    @property
    def envelope(self) -> dict[str, Any]:
        """The failure in the shape of the gateway's own errors."""
        message = f"{self.message} {self.advice}".rstrip()
        return {"error": {"message": message, "type": "command_error", "param": None, "code": self.code}}

    @property
    def references(self) -> dict[str, str | None]:
        """Ids that help to find out more."""
        return {}


class GatewayRefusedError(CommandFailedError):
    """The gateway answered with an error; `envelope` is that answer as it came."""

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int,
        envelope: dict[str, Any],
        request_id: str | None,
        generation_id: str | None,
        advice: str = "",
    ) -> None:
        super().__init__(code, message, advice=advice)
        self.status = status
        self._envelope = envelope
        self._references = {"request": request_id, "generation": generation_id}

    @property
    def envelope(self) -> dict[str, Any]:
        """The gateway's JSON."""
        return self._envelope

    @property
    def references(self) -> dict[str, str | None]:
        """The request's id, and the generation's where there is one."""
        return self._references


@contextmanager
def failures_told(as_json: bool) -> Iterator[None]:
    """Tell an expected failure and leave with status 1."""
    try:
        yield
    except CommandFailedError as failure:
        if as_json:
            typer.echo(json.dumps(failure.envelope, indent=2))
        else:
            _tell(failure)
        raise typer.Exit(FAILED) from failure


def _tell(failure: CommandFailedError) -> None:
    typer.echo(f"error: {failure.code}: {failure.message}", err=True)
    for name, value in failure.references.items():
        if value:
            typer.echo(f"  {name:<11} {value}", err=True)
    if failure.advice:
        typer.echo(f"  {failure.advice}", err=True)
