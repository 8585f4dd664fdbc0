"""`make down`: stops what `make up` started, and only that."""

from dev import emulator
from dev.console import say
from dev.paths import EMULATOR_FOLDER, GATEWAY_FILE


def main() -> None:
    """Stop the emulator that was recorded when it started, if its process still is the same."""
    started = emulator.recorded(EMULATOR_FOLDER)
    GATEWAY_FILE.unlink(missing_ok=True)
    if started is None:
        say("Nothing to stop")
    elif emulator.stop(started):
        say(f"Stopped the emulator on port {started.port}; its data are gone")
    else:
        say("The emulator had stopped already")


if __name__ == "__main__":
    main()
