"""Synthesizes every variant of the stack that the tests ask about, once and two at a time: it takes seconds each."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import pytest

from shared_names import STACK_NAME
from tests.infra.synthesis import APP_WITHOUT_EXCEPTIONS, Synthesis, synthesize
from tests.infra.template import Template

VARIANTS: Final[dict[str, dict[str, str]]] = {
    "aws": {"target": "aws"},
    "local": {"target": "local"},
    "staging": {"name": "staging", "provider_endpoints": '{"openai": "https://proxy.example"}'},
    "unexplained": {"target": "aws"},
}


@pytest.fixture(scope="session")
def syntheses(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Synthesis]:
    """Every variant, whether it succeeded or not."""

    def run(variant: str) -> Synthesis:
        program = APP_WITHOUT_EXCEPTIONS if variant == "unexplained" else ()
        return synthesize(tmp_path_factory.mktemp(variant), *program, **VARIANTS[variant])

    with ThreadPoolExecutor(max_workers=2) as executor:
        return dict(zip(VARIANTS, executor.map(run, VARIANTS), strict=True))


@pytest.fixture(scope="session")
def aws(syntheses: dict[str, Synthesis]) -> Template:
    """The template for AWS."""
    return _template(syntheses["aws"])


@pytest.fixture(scope="session")
def local(syntheses: dict[str, Synthesis]) -> Template:
    """The template for the emulator."""
    return _template(syntheses["local"])


@pytest.fixture(scope="session")
def staging(syntheses: dict[str, Synthesis]) -> Template:
    """The template of a second deployment in the same account."""
    return _template(syntheses["staging"])


def _template(synthesis: Synthesis) -> Template:
    assert synthesis.status == 0, synthesis.errors
    folder: Path = synthesis.folder
    return Template(json.loads((folder / f"{STACK_NAME}.template.json").read_text(encoding="utf-8")))
