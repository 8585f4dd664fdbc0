"""The emulator's process: where it listens, what it sees, and that nothing else is ever stopped."""

import dataclasses
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev import emulator
from dev.console import StepFailedError
from dev.emulator import Emulator
from dev.paths import executable

needs_emulator = pytest.mark.skipif(not executable("emulator").exists(), reason="make up installs the emulator")


@pytest.fixture
def sleeper() -> Iterator[Emulator]:
    """A process that stands for an emulator: it leads its own session, as an emulator does."""
    command = [sys.executable, "-c", "import signal; print('ready', flush=True); signal.pause()"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        started_at = emulator.process_started_at(process.pid)
        assert started_at is not None
        yield Emulator(pid=process.pid, started_at=started_at, port=1, folder=Path())
        process.kill()


def _listening_socket() -> socket.socket:
    listener = socket.socket()
    listener.bind((emulator.HOST, 0))
    listener.listen()
    return listener


def test_a_free_preferred_port_is_taken() -> None:
    with _listening_socket() as listener:
        port = listener.getsockname()[1]

    assert emulator.free_port(port) == port


def test_a_taken_preferred_port_is_left_alone() -> None:
    with _listening_socket() as listener:
        port = listener.getsockname()[1]

        assert emulator.free_port(port) not in {0, port}


def test_the_emulator_sees_no_proxy_no_secret_and_no_home_of_ours(tmp_path: Path) -> None:
    ours = {
        "PATH": "/bin",
        "HOME": "/somewhere",
        "HTTPS_PROXY": "http://proxy.example",
        "OPENAI_API_KEY": "secret",
        "AWS_PROFILE": "production",
        "AWS_ACCESS_KEY_ID": "real",
    }

    environment = emulator.clean_environment(tmp_path, 4566, ours)

    assert {name: environment.get(name) for name in ours} == {
        "PATH": "/bin",
        "HOME": str(tmp_path / "home"),
        "HTTPS_PROXY": None,
        "OPENAI_API_KEY": None,
        "AWS_PROFILE": None,
        "AWS_ACCESS_KEY_ID": "test",
    }


def test_the_emulator_listens_on_loopback_and_on_no_other_port(tmp_path: Path) -> None:
    environment = emulator.clean_environment(tmp_path, 4566, {})

    listeners = ("BIND_HOST", "GATEWAY_PORT", "IOT_MTLS_ENABLED", "SFTP_ENABLED")
    assert [environment[name] for name in listeners] == ["127.0.0.1", "4566", "0", "0"]


def test_the_emulator_runs_a_bounded_number_of_functions_at_once(tmp_path: Path) -> None:
    environment = emulator.clean_environment(tmp_path, 4566, {"LAMBDA_ACCOUNT_CONCURRENCY": "0"})

    # None means no bound at all.
    assert 0 < int(environment["LAMBDA_ACCOUNT_CONCURRENCY"]) <= 100


def test_clients_of_the_emulator_keep_no_real_aws_setting() -> None:
    ours = {
        "PATH": "/bin",
        "AWS_PROFILE": "production",
        "AWS_ENDPOINT_URL_S3": "https://s3.example",
        "CDK_DEFAULT_ACCOUNT": "1",
    }

    environment = emulator.client_environment("http://127.0.0.1:4566", ours)

    assert environment["PATH"] == "/bin"
    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert not environment.keys() & {"AWS_PROFILE", "AWS_ENDPOINT_URL_S3", "CDK_DEFAULT_ACCOUNT"}


def test_a_process_keeps_its_identity() -> None:
    first = emulator.process_started_at(os.getpid())

    assert first is not None
    assert emulator.process_started_at(os.getpid()) == first


def test_a_process_that_ended_has_no_identity() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()

    assert emulator.process_started_at(process.pid) is None


def test_the_process_that_was_started_is_stopped(sleeper: Emulator) -> None:
    assert emulator.stop(sleeper)

    assert not emulator.is_running(sleeper)


def test_another_process_with_the_same_id_is_left_alone(sleeper: Emulator) -> None:
    recycled = dataclasses.replace(sleeper, started_at="another time")

    assert not emulator.stop(recycled)

    assert emulator.is_running(sleeper)


def test_a_process_that_ignores_the_request_is_killed(sleeper: Emulator) -> None:
    os.kill(sleeper.pid, signal.SIGSTOP)

    assert emulator.stop(sleeper, grace_seconds=0.1)

    assert not emulator.is_running(sleeper)


def test_a_record_survives_being_written_down() -> None:
    original = Emulator(pid=1, started_at="2", port=3, folder=Path("somewhere"))

    assert Emulator.from_json(original.to_json()) == original


@needs_emulator
def test_an_emulator_starts_answers_and_stops(tmp_path: Path) -> None:
    started = emulator.start(tmp_path, port=emulator.free_port())
    was_healthy = emulator.is_healthy(started)
    was_recorded = emulator.recorded(tmp_path)

    assert emulator.stop(started)

    assert was_healthy
    assert was_recorded == started
    assert not emulator.is_healthy(started)
    assert emulator.recorded(tmp_path) is None


@needs_emulator
def test_an_emulator_whose_port_is_taken_says_why(tmp_path: Path) -> None:
    with _listening_socket() as listener, pytest.raises(StepFailedError) as caught:
        emulator.start(tmp_path, port=listener.getsockname()[1])

    assert caught.value.log is not None
    assert "already in use" in caught.value.log.read_text()
