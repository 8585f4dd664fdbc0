"""ComfyUI: the gateway's own graph with its inputs filled, and the way from the queue to the pictures."""

from dataclasses import replace
from typing import Any

import pytest

from imagegate import providers
from imagegate.catalog import read_file
from imagegate.domain.errors import (
    ConfigurationError,
    InvalidRequestError,
    InvalidValueError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderThrottledError,
    ProviderTimeoutError,
    ProviderUnavailableError,
    UnknownParameterError,
)
from imagegate.domain.image import RemoteImage
from imagegate.domain.provider import Cancelable, Completed, Failed, Pending, Pollable, ProviderCall, Submission
from imagegate.domain.request import MAX_SEED, Quality, Size
from imagegate.domain.wire import ApiKeyHeader
from imagegate.providers.comfyui import provider
from tests.fixtures import fixture_bytes, fixture_json
from tests.imagegate.providers.support import a_call, an_answer, body_of, error_of, estimate_of

URL = "http://comfyui.internal:8188"
PROMPT_ID = "0b8f1c1e-5a3c-4f5b-9f0e-2d3f6a7b8c9d"
AUTH = (ApiKeyHeader(prefix="Bearer ", required=False),)
REF = {"stage": "history", "prompt_id": PROMPT_ID, "seed": "7", "is_running": ""}
IN_QUEUE = {**REF, "stage": "queue"}
LAST = {**REF, "stage": "last"}


def _call(**changes: Any) -> ProviderCall:
    settings = changes.pop("settings", {"checkpoint": "sd_xl_base_1.0.safetensors"})
    return a_call("comfyui/checkpoint", base_url=URL, settings=settings, **changes)


def _nodes(**changes: Any) -> Any:
    graph = body_of(provider.submit(_call(**changes)))["prompt"]
    return {name: node["inputs"] for name, node in graph.items()}


def _submitted(body: Any, status: int = 200) -> Submission:
    return provider.read_submitted(_call(seed=7), an_answer(body, status))


def _polled(body: Any, status: int = 200, ref: dict[str, str] = REF) -> Submission:
    return provider.read_polled(_call(), ref, an_answer(body, status))


def _record(**changes: Any) -> Any:
    return {PROMPT_ID: fixture_json("comfyui/done.json")[PROMPT_ID] | changes}


def test_it_is_found_by_its_file_name_and_can_be_polled_and_canceled() -> None:
    assert providers.load("comfyui") is provider
    assert isinstance(provider, Pollable)
    assert isinstance(provider, Cancelable)


def test_it_needs_an_address_and_a_checkpoint_and_may_have_a_key() -> None:
    card = read_file("comfyui")[0]

    assert card.base_url is None
    assert card.setting_fields == ("checkpoint",)
    assert card.secret_fields == (("api_key",), ())


def test_the_graph_is_ours_with_every_input_filled() -> None:
    call = _call(
        size=Size(768, 512),
        negative_prompt="a square",
        count=2,
        seed=7,
        steps=20,
        guidance=6.5,
        options={"sampler_name": "dpmpp_2m", "scheduler": "karras"},
    )
    request = provider.submit(call)

    assert (request.method, request.url, request.auth) == ("POST", f"{URL}/prompt", AUTH)
    assert request.headers == {"content-type": "application/json"}
    assert body_of(request) == fixture_json("comfyui/request.json")


def test_what_is_not_asked_for_stays_as_the_graph_has_it() -> None:
    nodes = _nodes(seed=7)

    assert nodes["negative"]["text"] == ""
    assert (nodes["sampler"]["cfg"], nodes["sampler"]["sampler_name"]) == (7.0, "euler")
    assert nodes["latent"] == {"width": 1024, "height": 1024, "batch_size": 1}


def test_one_request_leaves_nothing_in_the_graph_of_the_next() -> None:
    _nodes(negative_prompt="a square")

    assert _nodes()["negative"]["text"] == ""


@pytest.mark.parametrize(
    ("quality", "steps"), [(Quality.AUTO, 25), (Quality.LOW, 12), (Quality.MEDIUM, 25), (Quality.HIGH, 50)]
)
def test_quality_buys_steps(quality: Quality, steps: int) -> None:
    assert _nodes(quality=quality)["sampler"]["steps"] == steps


def test_there_is_always_a_seed_which_is_the_same_for_the_same_call_and_another_for_another() -> None:
    seeds = {
        nonce: body_of(provider.submit(replace(_call(), nonce=nonce)))["prompt"]["sampler"]["inputs"]["seed"]
        for nonce in ("gen_1/1", "gen_1/2", "gen_2/1")
    }
    again = body_of(provider.submit(replace(_call(), nonce="gen_1/1")))["prompt"]["sampler"]["inputs"]["seed"]

    assert len(set(seeds.values())) == 3
    assert again == seeds["gen_1/1"]
    assert all(0 <= seed <= MAX_SEED for seed in seeds.values())


def test_without_a_checkpoint_the_operator_is_told_how_to_set_one() -> None:
    with pytest.raises(ConfigurationError, match="providers set comfyui checkpoint"):
        provider.submit(_call(settings={}))


@pytest.mark.parametrize(
    ("options", "kind", "param"),
    [
        ({"prompt": {"1": {"class_type": "LoadImage"}}}, UnknownParameterError, "prompt"),
        ({"sampler_name": "../../etc"}, InvalidValueError, "sampler_name"),
    ],
)
def test_nobody_sends_a_graph_or_a_path(options: dict[str, Any], kind: type[Exception], param: str) -> None:
    with pytest.raises(kind) as refused:
        provider.submit(_call(options=options))

    assert getattr(refused.value, "param", None) == f"provider_options.comfyui.{param}"


def test_the_work_is_remembered_by_its_id_and_its_seed() -> None:
    submission = _submitted(fixture_bytes("comfyui/queued.json"))

    assert isinstance(submission, Pending)
    assert submission.ref == REF


def test_a_sampler_that_does_not_exist_is_the_callers_to_mend() -> None:
    error = error_of(_submitted(fixture_bytes("comfyui/no_sampler.json"), 400))

    assert type(error) is InvalidRequestError
    assert "'oiler' not in" in str(error)


def test_a_checkpoint_that_does_not_exist_is_the_operators_to_mend() -> None:
    error = error_of(_submitted(fixture_bytes("comfyui/no_checkpoint.json"), 400))

    assert type(error) is ProviderFailedError
    assert "operator" in str(error)


def test_an_error_without_nodes_is_told_as_it_is() -> None:
    body = {"error": {"type": "no_prompt", "message": "No prompt provided", "details": ""}, "node_errors": {}}

    assert "No prompt provided" in str(error_of(_submitted(body, 400)))


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, InvalidRequestError),
        (401, ProviderCredentialsError),
        (403, ProviderCredentialsError),
        (404, ProviderFailedError),
        (413, InvalidRequestError),
        (429, ProviderThrottledError),
        (500, ProviderFailedError),
        (502, ProviderUnavailableError),
        (503, ProviderUnavailableError),
        (504, ProviderTimeoutError),
        (418, ProviderFailedError),
    ],
)
def test_every_status_of_a_submission_is_an_error_of_its_kind(status: int, kind: type[Exception]) -> None:
    submission = _submitted(b"<html>", status)

    assert type(error_of(submission)) is kind
    assert isinstance(submission, Failed)
    assert submission.metadata == {"status": status}


@pytest.mark.parametrize(
    ("ref", "path"), [(REF, f"history/{PROMPT_ID}"), (IN_QUEUE, "queue"), (LAST, f"history/{PROMPT_ID}")]
)
def test_the_history_is_asked_and_the_queue_where_the_history_is_empty(ref: dict[str, str], path: str) -> None:
    request = provider.poll(_call(), ref)

    assert (request.method, request.url, request.auth) == ("GET", f"{URL}/{path}", AUTH)


def test_an_empty_history_means_that_the_queue_is_asked_at_once() -> None:
    submission = _polled({})

    assert isinstance(submission, Pending)
    assert (submission.ref, submission.poll_after_seconds) == (IN_QUEUE, 0)


@pytest.mark.parametrize(("swap", "is_running"), [(False, "yes"), (True, "")])
def test_work_in_the_queue_is_pending_and_known_to_run_or_to_wait(swap: bool, is_running: str) -> None:
    queue = fixture_json("comfyui/queue.json")
    if swap:
        queue = {"queue_running": queue["queue_pending"], "queue_pending": queue["queue_running"]}
    submission = _polled(queue, ref=IN_QUEUE)

    assert isinstance(submission, Pending)
    assert submission.ref == {**REF, "is_running": is_running}
    assert submission.poll_after_seconds > 0


def test_work_that_has_left_the_queue_is_looked_for_one_last_time() -> None:
    submission = _polled({"queue_running": [], "queue_pending": ["odd"]}, ref=IN_QUEUE)

    assert isinstance(submission, Pending)
    assert (submission.ref, submission.poll_after_seconds) == (LAST, 0)


def test_work_that_ended_in_between_is_found() -> None:
    assert isinstance(_polled(fixture_bytes("comfyui/done.json"), ref=LAST), Completed)


def test_work_that_a_restart_forgot_is_a_failure() -> None:
    error = error_of(_polled({}, ref=LAST))

    assert type(error) is ProviderFailedError
    assert "restarted" in str(error)


def test_a_success_holds_private_addresses_of_what_was_saved() -> None:
    submission = _polled(fixture_bytes("comfyui/done.json"))

    assert isinstance(submission, Completed)
    assert submission.images == (
        RemoteImage(
            url=f"{URL}/view?filename=imagegate_00001_.png&subfolder=&type=output",
            seed=7,
            is_private=True,
            auth=AUTH,
        ),
        RemoteImage(
            url=f"{URL}/view?filename=imagegate_00002_.png&subfolder=a+b&type=output", is_private=True, auth=AUTH
        ),
    )
    assert submission.model_version == "sd_xl_base_1.0.safetensors"
    assert submission.usage is None


def test_an_older_server_tells_no_status_and_has_pictures_all_the_same() -> None:
    assert isinstance(_polled(_record(status=None)), Completed)


@pytest.mark.parametrize("status", [None, {"status_str": "dreaming", "completed": False}])
def test_what_is_not_over_is_pending_even_if_we_do_not_know_the_word(status: Any) -> None:
    submission = _polled(_record(status=status, outputs={}))

    assert isinstance(submission, Pending)
    assert submission.ref == REF


def test_a_success_without_a_picture_is_a_failure() -> None:
    error = error_of(_polled(_record(outputs={})))

    assert type(error) is ProviderFailedError
    assert "without an image" in str(error)


@pytest.mark.parametrize(
    ("fixture", "words"), [("failed.json", "Allocation on device"), ("interrupted.json", "was stopped")]
)
def test_work_that_failed_says_why(fixture: str, words: str) -> None:
    error = error_of(_polled(fixture_bytes(f"comfyui/{fixture}")))

    assert type(error) is ProviderFailedError
    assert words in str(error)


@pytest.mark.parametrize("messages", [[], [""], [["execution_error"]], [["execution_error", "no object"]]])
def test_work_that_failed_without_a_reason_is_still_a_failure(messages: list[Any]) -> None:
    error = error_of(_polled(_record(status={"status_str": "error", "messages": messages})))

    assert "no reason" in str(error)


def test_an_odd_word_among_the_messages_loses_no_picture() -> None:
    assert isinstance(_polled(_record(status={"status_str": "success", "messages": ["odd"]})), Completed)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_an_answer_that_tells_nothing_of_the_work_is_asked_for_again(status: int) -> None:
    submission = _polled(b"<html>", status)

    assert isinstance(submission, Pending)
    assert submission.ref == REF


def test_work_that_may_not_be_read_is_a_failure() -> None:
    assert type(error_of(_polled(b"", 401))) is ProviderCredentialsError


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"<html>", b"\xff\xfe", b'{"prompt_id": 1, "a": 1}'])
def test_an_answer_of_another_shape_is_a_failure(body: bytes) -> None:
    for submission in (_submitted(body), _polled(body)):
        error = error_of(submission)
        assert type(error) is ProviderFailedError
        assert "could not be read" in str(error)


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"queue_running": 1}'])
def test_a_queue_of_another_shape_is_a_failure(body: bytes) -> None:
    assert "queue could not be read" in str(error_of(_polled(body, ref=IN_QUEUE)))


@pytest.mark.parametrize(
    ("is_running", "path", "body"),
    [("yes", "interrupt", {"prompt_id": PROMPT_ID}), ("", "queue", {"delete": [PROMPT_ID]})],
)
def test_work_is_interrupted_where_it_runs_and_taken_out_where_it_waits(
    is_running: str, path: str, body: dict[str, Any]
) -> None:
    request = provider.cancel(_call(), {**REF, "is_running": is_running})

    assert (request.method, request.url, request.auth) == ("POST", f"{URL}/{path}", AUTH)
    assert body_of(request) == body


@pytest.mark.parametrize(("status", "canceled"), [(200, True), (500, False)])
def test_a_cancellation_is_taken_or_not(status: int, canceled: bool) -> None:
    assert provider.read_canceled(an_answer(b"", status)) is canceled


def test_the_operators_own_hardware_costs_nothing_here() -> None:
    assert estimate_of(_call()).money.amount == 0
