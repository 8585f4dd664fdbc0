"""`make up`: the whole gateway on this machine; run again, it deploys what has changed and keeps the data."""

import time
from dataclasses import replace
from typing import Final

from dev import deploy, emulator
from dev.console import StepFailedError, exit_with, say
from dev.gateway import Gateway, base_url_of, launch, read_gateway
from dev.paths import EMULATOR_FOLDER, GATEWAY_FILE, LOCAL_ASSEMBLY, ROOT

PROJECT: Final = "local"


def ensure_up() -> Gateway:
    """Return the running gateway, brought up to date or started."""
    gateway = read_gateway(GATEWAY_FILE)
    if gateway is not None and emulator.is_healthy(gateway.emulator):
        say(f"Emulator is up already at {gateway.emulator.endpoint_url}")
        gateway = _redeployed(gateway)
    else:
        if (leftover := emulator.recorded(EMULATOR_FOLDER)) is not None:
            # It hangs, or whoever started it did not finish; nothing but that very process is touched.
            emulator.stop(leftover)
        GATEWAY_FILE.unlink(missing_ok=True)
        port = emulator.free_port(emulator.PREFERRED_PORT)
        gateway = launch(EMULATOR_FOLDER, port=port, project=PROJECT)
    gateway.write(GATEWAY_FILE)
    return gateway


def _redeployed(gateway: Gateway) -> Gateway:
    fingerprint = deploy.synthesize("local", LOCAL_ASSEMBLY)
    if fingerprint is not None and fingerprint == gateway.fingerprint:
        say("Nothing has changed since it was deployed")
        return gateway
    say("Deploying what has changed")
    endpoint_url = gateway.emulator.endpoint_url
    outputs = deploy.deploy(endpoint_url, gateway.emulator.folder)
    return replace(gateway, outputs=outputs, base_url=base_url_of(endpoint_url, outputs), fingerprint=fingerprint)


def main() -> None:
    """Bring the gateway up and say how to use it."""
    began = time.monotonic()
    try:
        gateway = ensure_up()
    except StepFailedError as error:
        exit_with(error)
    say(f"The gateway is up ({time.monotonic() - began:.0f} s)")
    print(f"    OPENAI_BASE_URL={gateway.base_url}")
    print(f"    OPENAI_API_KEY={gateway.keys.api_key}")
    print(f"    admin key and everything else: {GATEWAY_FILE.relative_to(ROOT)}")
    print("    make demo       makes a picture")
    print("    make down       stops it; the emulator keeps nothing")


if __name__ == "__main__":
    main()
