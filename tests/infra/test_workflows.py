"""Every state machine: of the subset that the emulator runs too, readable, with an end and a function for each task."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from shared_names import FUNCTION_ENVIRONMENT
from tests.infra.template import Template

FOLDER: Final = Path(__file__).parents[2] / "infra" / "workflows"
FILES: Final = sorted(FOLDER.glob("*.asl.json"))
# The emulator knows no HeartbeatSeconds, and JSONPath is another language.
FIELDS: Final = {
    "Pass": {"Output", "Assign", "Next", "End"},
    "Task": {"Resource", "Arguments", "TimeoutSeconds", "Output", "Assign", "Retry", "Catch", "Next", "End"},
    "Choice": {"Choices", "Default", "Output", "Assign"},
    "Wait": {"Seconds", "Timestamp", "Output", "Assign", "Next", "End"},
    "Map": {"Items", "ItemSelector", "ItemProcessor", "MaxConcurrency", "Retry", "Catch", "Output", "Next", "End"},
    "Succeed": {"Output"},
    "Fail": {"Error", "Cause"},
}
every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def _read(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _machines(machine: Any) -> Iterator[Any]:
    """The machine itself, and those inside its Map states."""
    yield machine
    for state in machine["States"].values():
        if "ItemProcessor" in state:
            yield from _machines(state["ItemProcessor"])


def _states(file: Path) -> Iterator[tuple[str, Any]]:
    for machine in _machines(_read(file)):
        yield from machine["States"].items()


def _followers(state: Any) -> set[str]:
    named = {state.get("Next"), state.get("Default")}
    named |= {one.get("Next") for one in (*state.get("Choices", []), *state.get("Catch", []))}
    return {one for one in named if one}


def _reached(machine: Any) -> set[str]:
    reached: set[str] = set()
    ahead = {machine["StartAt"]}
    while ahead:
        name = ahead.pop()
        reached.add(name)
        ahead |= _followers(machine["States"][name]) - reached
    return reached


def _is_end(state: Any) -> bool:
    return state["Type"] in {"Succeed", "Fail"} or state.get("End") is True


def test_there_are_state_machines() -> None:
    assert FILES


@every_file
def test_a_machine_is_written_in_jsonata_and_ends_in_time(file: Path) -> None:
    machine = _read(file)

    assert machine["QueryLanguage"] == "JSONata"
    assert machine["TimeoutSeconds"] > 0
    assert machine["Comment"]


@every_file
def test_a_machine_holds_to_what_the_emulator_runs_too(file: Path) -> None:
    unknown = {
        (name, field)
        for name, state in _states(file)
        for field in set(state) - {"Type", "Comment"}
        if field not in FIELDS[state["Type"]]
    }

    assert unknown == set()


@every_file
def test_every_state_is_reached_and_every_name_is_a_state(file: Path) -> None:
    for machine in _machines(_read(file)):
        assert _reached(machine) == set(machine["States"])


@every_file
def test_from_every_state_an_end_can_be_reached(file: Path) -> None:
    for machine in _machines(_read(file)):
        states = machine["States"]
        ending = {name for name, state in states.items() if _is_end(state)}
        while more := {name for name, state in states.items() if _followers(state) & ending} - ending:
            ending |= more
        assert ending == set(states)


@every_file
def test_every_task_has_a_function_a_time_limit_and_a_way_on_when_it_crashes(file: Path) -> None:
    for name, state in _states(file):
        if state["Type"] == "Task" and ":lambda:invoke" in state["Resource"]:
            function = re.fullmatch(r"\$\{(\w+)\}", state["Arguments"]["FunctionName"])
            assert function, name
            assert function[1] in FUNCTION_ENVIRONMENT, name
            assert state["TimeoutSeconds"] > 0, name
            assert ["States.ALL"] in [one["ErrorEquals"] for one in state["Retry"] + state["Catch"]], name


@every_file
def test_what_is_computed_is_an_expression(file: Path) -> None:
    text = file.read_text(encoding="utf-8")

    assert "$.States" not in text
    assert not re.search(r'"[^"{]*\$states[^"]*"', text)


def _machine(template: Template, name: str) -> Any:
    (found,) = (
        one
        for one in template.of_type("AWS::StepFunctions::StateMachine").values()
        if one["StateMachineName"] == f"imagegate-{name}"
    )
    return found


@every_file
def test_a_machine_is_deployed_as_it_is_written(aws: Template, file: Path) -> None:
    deployed = _machine(aws, file.name.removesuffix(".asl.json").replace("_", "-"))

    written = file.read_text(encoding="utf-8").replace("${partition}", "<AWS::Partition>")
    definition = re.sub(r"\$\{(\w+)\}", r"<imagegate-\1>", written)
    assert json.loads(aws.text(deployed["DefinitionString"])) == json.loads(definition)


def test_every_machine_is_traced_and_logs_no_data(aws: Template) -> None:
    machines = aws.of_type("AWS::StepFunctions::StateMachine").values()

    assert len(machines) == len(FILES)
    for machine in machines:
        assert machine["TracingConfiguration"] == {"Enabled": True}
        assert machine["LoggingConfiguration"]["IncludeExecutionData"] is False
        assert machine["LoggingConfiguration"]["Level"] == "ERROR"


def test_a_delivery_calls_the_one_function_that_decides_everything() -> None:
    file = FOLDER / "webhook_delivery.asl.json"
    tasks = [state for _, state in _states(file) if state["Type"] == "Task"]

    assert [task["Arguments"]["FunctionName"] for task in tasks] == ["${deliver}"]


def test_a_machine_may_invoke_the_functions_it_names_and_nothing_else(aws: Template) -> None:
    role = _machine(aws, "webhook-delivery")["RoleArn"]["Fn::GetAtt"][0]
    statements = [
        statement
        for policy in aws.of_type("AWS::IAM::Policy").values()
        if {"Ref": role} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
    ]

    invoked = [aws.text(one["Resource"]) for one in statements if one["Action"] == "lambda:InvokeFunction"]
    others = {one["Resource"] for one in statements if one["Action"] != "lambda:InvokeFunction"}
    assert invoked == ["<imagegate-deliver>"]
    assert others == {"*"}
