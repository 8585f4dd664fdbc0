"""`make demo`: one picture through the official OpenAI client, with no key of any provider."""

import base64
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import openai

from dev.console import StepFailedError, exit_with, say
from dev.gateway import Gateway
from dev.paths import PICTURES, ROOT
from dev.up import ensure_up

MODEL: Final = "embedded/scenes"
PROMPT: Final = "a red circle on a blue background"
SIZE: Final = "1024x1024"
_LONGEST_NAME: Final = 60


def slug_of(prompt: str) -> str:
    """A file name that tells the prompt."""
    words = re.sub(r"[^a-z0-9]+", "-", prompt.lower()).strip("-")
    return words[:_LONGEST_NAME].rstrip("-") or "picture"


def draw(gateway: Gateway, prompt: str) -> tuple[Path, Mapping[str, Any]]:
    """Ask the gateway for one picture; return where it was saved and what the gateway tells about it."""
    client = openai.OpenAI(
        base_url=gateway.base_url,
        api_key=gateway.keys.api_key,
        # The gateway is on loopback: a proxy in the environment is not for it.
        http_client=openai.DefaultHttpxClient(trust_env=False),
        max_retries=0,
    )
    with client:
        response = client.images.generate(model=MODEL, prompt=prompt, size=SIZE, response_format="b64_json")
    encoded = response.data[0].b64_json if response.data else None
    if encoded is None:
        raise StepFailedError(
            "The gateway answered without a picture.", advice=f"It said: {response.model_dump_json()}"
        )
    PICTURES.mkdir(exist_ok=True)
    picture = PICTURES / f"{slug_of(prompt)}.png"
    picture.write_bytes(base64.b64decode(encoded))
    return picture, (response.model_extra or {}).get("imagegate", {})


def report(facts: Mapping[str, Any], seconds: float) -> list[str]:
    """Lines about a picture, from the response's `imagegate` object; what is absent is left out."""
    cost = facts.get("cost") or {}
    warnings = [str(warning.get("message", warning)) for warning in facts.get("warnings") or []]
    rows = {
        "provider": facts.get("provider"),
        "model": facts.get("model"),
        "seconds": f"{seconds:.1f}",
        "cost": f"{cost['amount']} {cost['currency']}" if cost else None,
        "generation": facts.get("id"),
        "warnings": "; ".join(warnings) or "none",
    }
    return [f"    {name:<12}{value}" for name, value in rows.items() if value is not None]


def main() -> None:
    """Draw the prompt given as arguments, or the default one."""
    prompt = " ".join(sys.argv[1:]).strip() or PROMPT
    try:
        gateway = ensure_up()
        say(f"Asking {MODEL} for: {prompt}")
        began = time.monotonic()
        picture, facts = draw(gateway, prompt)
    except StepFailedError as error:
        exit_with(error)
    except openai.APIError as error:
        exit_with(StepFailedError(f"The gateway refused: {error}", advice="`make down demo` starts afresh."))
    print("\n".join(report(facts, time.monotonic() - began)))
    say(f"The picture is in {picture.relative_to(ROOT)}")
    print('    make demo PROMPT="a green square on a white background"')
    print("    make down       stops the emulator, which stays up until then")


if __name__ == "__main__":
    main()
