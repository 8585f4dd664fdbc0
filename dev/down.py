"""`make down`: stops what `make up` started, and only that."""

from dev import emulator
from dev.console import say
from dev.gateway import read_gateway
from dev.paths import GATEWAY_FILE


def main() -> None:
    """Stop the emulator recorded in the gateway file, if that process still is the one recorded."""
    gateway = read_gateway(GATEWAY_FILE)
    if gateway is None:
        say("Nothing to stop")
        return
    if emulator.stop(gateway.emulator):
        say(f"Stopped the emulator on port {gateway.emulator.port}; its data are gone")
    else:
        say("The emulator had stopped already")
    GATEWAY_FILE.unlink(missing_ok=True)


if __name__ == "__main__":
    main()
