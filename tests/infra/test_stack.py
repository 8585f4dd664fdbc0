"""The stack as a whole: what it publishes, what its targets share, and that every security finding is explained."""

import json
from pathlib import Path
from typing import Final

import pytest

from shared_names import (
    OUTPUT_API_ID,
    OUTPUT_API_URL,
    OUTPUT_AUDIT_TABLE,
    OUTPUT_IMAGES_BUCKET,
    OUTPUT_STAGE,
    OUTPUT_TABLE,
    PROVIDER_ENDPOINTS,
    PROVIDER_SECRETS,
)
from tests.infra.synthesis import Synthesis, synthesize
from tests.infra.template import Template

# Types that the emulator refuses before it creates anything; such resources belong in stacks of their own.
REFUSED_BY_THE_EMULATOR: Final = (
    "AWS::ApplicationAutoScaling::",
    "AWS::Budgets::",
    "AWS::CodeDeploy::",
    "AWS::SageMaker::",
    "AWS::WAFv2::WebACLAssociation",
    "AWS::XRay::",
)
CUSTOM_RESOURCES: Final = ("Custom::", "AWS::CloudFormation::CustomResource")


def test_the_outputs_are_the_agreed_ones(aws: Template) -> None:
    outputs = {name: aws.text(output["Value"]) for name, output in aws.content["Outputs"].items()}

    assert outputs == {
        OUTPUT_API_ID: "<LoggedApi>",
        OUTPUT_API_URL: "https://<LoggedApi>.execute-api.<AWS::Region>.<AWS::URLSuffix>/"
        "<LoggedApiDeploymentStagelive>/v1",
        OUTPUT_STAGE: "<LoggedApiDeploymentStagelive>",
        OUTPUT_TABLE: "<imagegate>",
        OUTPUT_AUDIT_TABLE: "<imagegate-audit>",
        OUTPUT_IMAGES_BUCKET: "<DataImages>",
    }


def test_the_stack_needs_no_custom_resources(aws: Template, local: Template) -> None:
    types = {resource["Type"] for template in (aws, local) for resource in template.resources.values()}

    assert not [name for name in types if name.startswith(CUSTOM_RESOURCES)]


def test_the_emulator_knows_every_resource_type(aws: Template, local: Template) -> None:
    types = {resource["Type"] for template in (aws, local) for resource in template.resources.values()}

    assert not [name for name in types if name.startswith(REFUSED_BY_THE_EMULATOR)]


def test_both_targets_consist_of_the_same_resources(aws: Template, local: Template) -> None:
    def kinds(template: Template) -> list[str]:
        return sorted(resource["Type"] for resource in template.resources.values())

    assert kinds(aws) == kinds(local)


@pytest.mark.parametrize("variant", ["aws", "local", "staging"])
def test_no_security_finding_is_left_unexplained(syntheses: dict[str, Synthesis], variant: str) -> None:
    synthesis = syntheses[variant]

    report = json.loads((synthesis.folder / "validation-report.json").read_text(encoding="utf-8"))
    assert (synthesis.status, report["pluginReports"]) == (0, [])


def test_synthesis_fails_while_a_security_finding_has_no_reason(syntheses: dict[str, Synthesis]) -> None:
    synthesis = syntheses["unexplained"]

    assert synthesis.status != 0
    assert "AwsSolutions-APIG4" in synthesis.errors


def test_a_target_that_does_not_exist_is_refused_with_the_ones_that_do(tmp_path: Path) -> None:
    synthesis = synthesize(tmp_path, target="azure")

    assert synthesis.status == 2
    assert "`-c target=aws` or `-c target=local`" in synthesis.errors


def test_a_second_deployment_in_an_account_shares_no_name_with_the_first(staging: Template) -> None:
    names = [
        properties[key]
        for resource in staging.resources.values()
        for properties in [resource.get("Properties", {})]
        for key in ("FunctionName", "TableName", "LogGroupName", "AliasName", "Name", "QueueName", "StateMachineName")
        if isinstance(properties.get(key), str)
    ]

    assert len(names) > 10
    assert not [name for name in names if "imagegate" in name]


def test_a_deployment_reads_its_own_secrets_and_the_endpoints_it_was_given(staging: Template) -> None:
    (route,) = (
        properties
        for properties in staging.of_type("AWS::Lambda::Function").values()
        if properties["FunctionName"] == "staging-route"
    )

    variables = route["Environment"]["Variables"]
    assert variables[PROVIDER_SECRETS] == "staging/providers/"
    assert variables[PROVIDER_ENDPOINTS] == '{"openai":"https://proxy.example"}'
