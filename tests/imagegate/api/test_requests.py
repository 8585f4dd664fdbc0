"""Request bodies: each mistake ends in one error with its code and the field's name."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.api.requests import (
    IDEMPOTENCY_KEY_MAX_CHARACTERS,
    ImageGenerationBody,
    ModerationBody,
    read_body,
    read_configured,
    read_idempotency_key,
)
from imagegate.aws.items import from_item, key, to_item
from imagegate.domain.errors import InvalidRequestError, InvalidValueError, UnsupportedFeatureError
from imagegate.domain.request import Background, GenerationRequest, OutputFormat, Quality, Size, fingerprint

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def _request(**fields: Any) -> GenerationRequest:
    return read_body(ImageGenerationBody, json.dumps({"prompt": "a circle"} | fields)).to_domain()


def _refusal(
    body: str | bytes, kind: type[ImageGenerationBody | ModerationBody] = ImageGenerationBody
) -> tuple[str, str | None]:
    with pytest.raises(InvalidRequestError) as refused:
        read_body(kind, body)
    assert refused.value.message.endswith((".", "`."))
    return refused.value.code, refused.value.param


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "[]",
        '"text"',
        "3",
        "{} {}",
        b"\xff\xfe",
        b'{"prompt": "\xed\xa0\x80"}',
        r'{"prompt": "\ud800"}',
        "[" * 10_000,
    ],
)
def test_what_is_not_a_json_object_of_valid_text_is_invalid_json(body: str | bytes) -> None:
    assert _refusal(body) == ("invalid_json", None)


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"style": "vivid"}, "unknown_parameter", "style"),
        ({"prompt": None}, "invalid_type", "prompt"),
        ({"prompt": 3}, "invalid_type", "prompt"),
        ({"prompt": ["a"]}, "invalid_type", "prompt"),
        ({"prompt": ""}, "empty_prompt", "prompt"),
        ({"prompt": " \n\t\u00a0"}, "empty_prompt", "prompt"),
        ({"prompt": "x" * 32_001}, "prompt_too_long", "prompt"),
        ({"n": True}, "invalid_type", "n"),
        ({"n": "1"}, "invalid_type", "n"),
        ({"n": 1.5}, "invalid_type", "n"),
        ({"n": 0}, "invalid_count", "n"),
        ({"n": 11}, "invalid_count", "n"),
        ({"n": 10**30}, "invalid_count", "n"),
        ({"size": "large"}, "invalid_size", "size"),
        ({"size": "1024X1024"}, "invalid_size", "size"),
        ({"size": "0x0"}, "invalid_size", "size"),
        ({"size": 1024}, "invalid_type", "size"),
        ({"quality": "best"}, "invalid_value", "quality"),
        ({"background": "red"}, "invalid_value", "background"),
        ({"output_format": "gif"}, "invalid_value", "output_format"),
        ({"output_compression": -1}, "invalid_value", "output_compression"),
        ({"output_compression": 101}, "invalid_value", "output_compression"),
        ({"response_format": "file"}, "invalid_value", "response_format"),
        ({"stream": "yes"}, "invalid_type", "stream"),
        ({"seed": -1}, "invalid_value", "seed"),
        ({"seed": 2**32}, "invalid_value", "seed"),
        ({"user": "u" * 513}, "invalid_value", "user"),
        ({"safety_identifier": 5}, "invalid_type", "safety_identifier"),
        ({"negative_prompt": "x" * 32_001}, "invalid_value", "negative_prompt"),
        ({"aspect_ratio": "wide"}, "invalid_value", "aspect_ratio"),
        ({"aspect_ratio": "0:1"}, "invalid_value", "aspect_ratio"),
        ({"steps": 0}, "invalid_value", "steps"),
        ({"steps": 501}, "invalid_value", "steps"),
        ({"steps": 1.5}, "invalid_type", "steps"),
        ({"guidance": -1}, "invalid_value", "guidance"),
        ({"guidance": 101}, "invalid_value", "guidance"),
        ({"guidance": float("nan")}, "invalid_value", "guidance"),
        ({"guidance": float("inf")}, "invalid_value", "guidance"),
        ({"provider_options": []}, "invalid_type", "provider_options"),
        ({"provider_options": {"embedded": 3}}, "invalid_type", "provider_options.embedded"),
        ({"model": 3}, "invalid_type", "model"),
        ({"model": "m" * 257}, "invalid_value", "model"),
    ],
)
def test_a_wrong_field_is_named_with_its_code(fields: dict[str, Any], code: str, param: str) -> None:
    assert _refusal(json.dumps({"prompt": "a circle"} | fields)) == (code, param)


@pytest.mark.parametrize(
    "options",
    ['{"a": {"b": NaN}}', '{"a": {"b": [1e400]}}', '{"a": {"b": ' + "[" * 9 + "]" * 9 + "}}"],
)
def test_options_that_could_not_be_stored_and_read_back_are_refused(options: str) -> None:
    body = f'{{"prompt": "a", "provider_options": {options}}}'

    assert _refusal(body) == ("invalid_value", "provider_options")


def test_options_too_large_to_be_stored_are_refused() -> None:
    body = json.dumps({"prompt": "a", "provider_options": {"painter": {"a": "x" * 16_384}}})

    assert _refusal(body) == ("invalid_value", "provider_options")


def test_the_name_of_an_unknown_field_is_told_in_bounded_length() -> None:
    code, param = _refusal(json.dumps({"prompt": "a", "x" * 10_000: 1}))

    assert (code, param) == ("unknown_parameter", "x" * 256)


def test_options_of_ordinary_depth_are_taken() -> None:
    options = {"embedded": {"list": [[[[[[[1.5]]]]]]], "none": None, "yes": True}}

    assert _request(provider_options=options).provider_options == options


@given(value=json_values, field=st.sampled_from([*ImageGenerationBody.model_fields, "extra"]))
def test_whatever_a_field_holds_is_taken_or_refused_and_what_is_taken_is_stored_exactly(
    value: object, field: str
) -> None:
    try:
        request = _request(**{field: value})
    except InvalidRequestError:
        return

    assert from_item(GenerationRequest, to_item(key("p", "s"), request)) == request
    assert fingerprint(request)


@given(st.binary(max_size=50) | st.text(max_size=50))
def test_whatever_a_body_holds_is_taken_or_refused(body: bytes | str) -> None:
    with pytest.raises(InvalidRequestError):
        read_body(ImageGenerationBody, body if isinstance(body, bytes) else json.dumps(body))


def test_a_missing_prompt_is_named() -> None:
    assert _refusal("{}") == ("missing_required_parameter", "prompt")


def test_a_refusal_never_repeats_the_value_that_was_sent() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        read_body(ImageGenerationBody, '{"prompt": "a", "quality": "my secret"}')

    assert "secret" not in refused.value.message


def test_streaming_is_refused_and_not_ignored() -> None:
    assert _request(stream=False)
    with pytest.raises(UnsupportedFeatureError) as refused:
        _request(stream=True)

    assert refused.value.param == "stream"


def test_the_least_request_leaves_every_choice_to_us() -> None:
    assert _request() == GenerationRequest(model="default", prompt="a circle")


def test_null_is_as_good_as_absent() -> None:
    nulls = dict.fromkeys(set(ImageGenerationBody.model_fields) - {"prompt"})

    assert _request(**nulls) == _request()


def test_every_field_reaches_the_domain() -> None:
    request = _request(
        model="embedded/scenes",
        n=3,
        size="512x256",
        quality="high",
        background="opaque",
        output_format="webp",
        output_compression=0,
        seed=0,
        negative_prompt="text",
        user="ann",
        steps=20,
        guidance=3.5,
        provider_options={"embedded": {"steps": 3}},
    )

    assert request == GenerationRequest(
        model="embedded/scenes",
        prompt="a circle",
        negative_prompt="text",
        count=3,
        size=Size(512, 256),
        quality=Quality.HIGH,
        background=Background.OPAQUE,
        output_format=OutputFormat.WEBP,
        output_compression=0,
        seed=0,
        end_user="ann",
        steps=20,
        guidance=3.5,
        provider_options={"embedded": {"steps": 3}},
    )


def test_the_longest_prompt_is_taken() -> None:
    assert len(_request(prompt="\U0001f534" * 32_000).prompt) == 32_000


def test_a_size_and_an_aspect_ratio_contradict_each_other() -> None:
    assert _request(size="auto", aspect_ratio="16:9").aspect_ratio == "16:9"
    with pytest.raises(InvalidValueError, match="not both") as refused:
        _request(size="512x512", aspect_ratio="16:9")

    assert refused.value.param == "aspect_ratio"


@pytest.mark.parametrize(("value", "wants_all"), [(None, False), ("yes", False), ("any", True)])
def test_the_models_are_listed_as_asked(value: str | None, wants_all: bool) -> None:
    assert read_configured(value) is wants_all


@pytest.mark.parametrize("value", ["", "no", "ANY"])
def test_any_other_choice_of_models_is_refused(value: str) -> None:
    with pytest.raises(InvalidValueError) as refused:
        read_configured(value)

    assert refused.value.param == "configured"


def test_an_automatic_size_is_no_size() -> None:
    assert _request(size="auto").size is None


@pytest.mark.parametrize(
    ("fields", "end_user"),
    [
        ({"user": "old"}, "old"),
        ({"safety_identifier": "new"}, "new"),
        ({"user": "old", "safety_identifier": "new"}, "new"),
        ({"user": "old", "safety_identifier": ""}, "old"),
        ({"user": ""}, None),
    ],
)
def test_the_newer_name_of_the_end_user_wins(fields: dict[str, str], end_user: str | None) -> None:
    assert _request(**fields).end_user == end_user


@pytest.mark.parametrize("value", ["k", "k" * IDEMPOTENCY_KEY_MAX_CHARACTERS, "~!-09"])
def test_an_idempotency_key_of_visible_characters_is_taken(value: str) -> None:
    assert read_idempotency_key(value) == value


@pytest.mark.parametrize("value", ["", "k" * (IDEMPOTENCY_KEY_MAX_CHARACTERS + 1), "a b", "a\n", "\u00e9", "\x00"])
def test_any_other_idempotency_key_is_refused(value: str) -> None:
    with pytest.raises(InvalidValueError, match="1 to 255") as refused:
        read_idempotency_key(value)

    assert refused.value.param == "Idempotency-Key"


def test_an_idempotency_key_is_optional() -> None:
    assert read_idempotency_key(None) is None


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ("one", ("one",)),
        ("", ("",)),
        (["one", "two"], ("one", "two")),
        ([{"type": "text", "text": "one"}, {"type": "text", "text": "two"}], ("one\ntwo",)),
    ],
)
def test_a_moderation_input_has_three_shapes(given: object, texts: tuple[str, ...]) -> None:
    body = read_body(ModerationBody, json.dumps({"model": "omni-moderation-latest", "input": given}))

    assert body.texts() == texts


@pytest.mark.parametrize(
    "given",
    [
        None,
        3,
        [],
        ["x"] * 33,
        ["x" * 32_001],
        ["one", 2],
        [{"type": "image_url", "image_url": {"url": "u"}}],
        [{"type": "text"}],
        ["one", {}],
    ],
)
def test_any_other_moderation_input_is_refused_by_its_own_name(given: object) -> None:
    assert _refusal(json.dumps({"input": given}), ModerationBody) == ("invalid_type", "input")


def test_a_text_that_is_too_long_to_judge_is_refused() -> None:
    assert _refusal(json.dumps({"input": "x" * 32_001}), ModerationBody) == ("invalid_value", "input")


def test_a_moderation_needs_an_input() -> None:
    assert _refusal("{}", ModerationBody) == ("missing_required_parameter", "input")
