"""What a deployment may choose, and what it is told when it chooses something else."""

import pytest

from infra.configuration import Configuration, ConfigurationError, Target, read


def _read(**context: object) -> Configuration:
    return read(context.get)


def test_without_any_context_the_target_is_aws_and_data_is_kept() -> None:
    assert _read() == Configuration(
        target=Target.AWS,
        name="imagegate",
        provider_endpoints="{}",
        keeps_data=True,
        published_days=365,
        alarm_email=None,
    )


def test_on_the_emulator_data_is_not_kept() -> None:
    assert _read(target="local").keeps_data is False


def test_keeping_data_can_be_chosen_for_either_target() -> None:
    assert _read(keeps_data="false").keeps_data is False
    assert _read(target="local", keeps_data=True).keeps_data is True


def test_resource_names_begin_with_the_deployment_name() -> None:
    configuration = _read(name="staging")

    assert configuration.named("imagegate-audit") == "staging-audit"
    assert configuration.named("imagegate/providers/") == "staging/providers/"


def test_provider_endpoints_may_be_json_text_or_an_object_in_cdk_json() -> None:
    expected = '{"openai":"https://proxy.example"}'

    assert _read(provider_endpoints='{"openai": "https://proxy.example"}').provider_endpoints == expected
    assert _read(provider_endpoints={"openai": "https://proxy.example"}).provider_endpoints == expected


@pytest.mark.parametrize(
    ("context", "advice"),
    [
        ({"target": "azure"}, "-c target=local"),
        ({"name": "Staging!"}, "lower-case"),
        ({"provider_endpoints": "{"}, "not JSON"),
        ({"provider_endpoints": "[]"}, "must be an object"),
        ({"provider_endpoints": {"openai": 1}}, "must be an object"),
        ({"keeps_data": "perhaps"}, "true or false"),
        ({"published_days": "0"}, "whole number of days"),
        ({"published_days": "a year"}, "whole number of days"),
    ],
)
def test_an_unusable_choice_is_refused_with_what_would_do(context: dict[str, object], advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice):
        _read(**context)


def test_days_and_an_address_are_read_from_text() -> None:
    configuration = _read(published_days="30", alarm_email="ops@example.com")

    assert configuration.published_days == 30
    assert configuration.alarm_email == "ops@example.com"
