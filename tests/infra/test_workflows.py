"""Every state machine: only what AWS and the emulator both do, no way into a dead end, and answers that all lead on."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

import pytest
from pydantic import ValidationError

from imagegate.app.run_job import Verdict
from imagegate.app.work_on_line import LineStep, LineVerdict
from imagegate.domain.batch import MAX_LINES
from imagegate.domain.progress import Step
from shared_names import FUNCTION_ENVIRONMENT
from tests.batches import a_batch
from tests.functions.conftest import load_handler
from tests.infra.machines import FILES, Machine, State, name_of, placeholders, read, texts
from tests.infra.template import Properties, Template, as_list

MACHINES: Final = {name_of(file): read(file) for file in FILES}
PARTS: Final = {part.name: part for machine in MACHINES.values() for part in machine.parts}
STATES: Final = [state for part in PARTS.values() for state in part.states.values()]
TASKS: Final = [state for state in STATES if state.type == "Task"]
INVOKING: Final = [state for state in TASKS if state.function]
STEPS: Final = [state for state in TASKS if state.function == "job"]

# Fields that the emulator heeds as AWS does. It ignores others in silence, such as a map's ItemSelector or Output.
# A machine's own TimeoutSeconds is a last resort on AWS, which the emulator does without.
MACHINE_FIELDS: Final = {"Comment", "QueryLanguage", "StartAt", "States", "ProcessorConfig", "TimeoutSeconds"}
STATE_FIELDS: Final = {
    "Task": {"Resource", "Arguments", "Output", "TimeoutSeconds", "Retry", "Catch", "Next", "End"},
    "Choice": {"Choices", "Default"},
    "Wait": {"Seconds", "Next"},
    "Pass": {"Output", "Next", "End"},
    "Succeed": {"Output"},
    "Fail": {"Error", "Cause"},
    "Map": {
        "ItemReader",
        "ItemProcessor",
        "MaxConcurrency",
        "ToleratedFailurePercentage",
        "Retry",
        "Catch",
        "Next",
        "End",
    },
}
# In JSONPath the emulator heeds more of a map, so a map that reads a file is written in it.
JSONPATH_FIELDS: Final = {"Map": STATE_FIELDS["Map"] | {"ItemSelector", "ResultPath", "Label"}}
RETRY_FIELDS: Final = {
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
}
INVOKE: Final = "arn:${partition}:states:::lambda:invoke"
NESTED: Final = "arn:${partition}:states:::states:startExecution.sync:2"
RESOURCES: Final = {INVOKE, f"{INVOKE}.waitForTaskToken", NESTED}
# What a machine names besides functions.
NAMED: Final = {"partition", "bucket", "generation_machine", "lines_at_once"}
EXPRESSION: Final = re.compile(r"\{%.+%\}", re.DOTALL)
NEXT_IS: Final = re.compile(r"\{% \$states\.input\.next = '(\w+)' %\}")
_STATES: Final = "arn:<AWS::Partition>:states:<AWS::Region>:<AWS::AccountId>"
_RULE: Final = (
    "arn:<AWS::Partition>:events:<AWS::Region>:<AWS::AccountId>:"
    "rule/StepFunctionsGetEventsForStepFunctionsExecutionRule"
)
# What a machine may do besides invoking functions.
ALLOWED: Final[dict[str, set[tuple[str, str]]]] = {
    "batch": {
        ("s3:GetObject", "<DataImages>/batches/*"),
        ("kms:Decrypt", "<DataKey>"),
        *(
            ("states:StartExecution", f"{_STATES}:stateMachine:imagegate-{name}")
            for name in ("batch", "generation-job")
        ),
        *(
            (f"states:{verb}Execution", f"{_STATES}:execution:imagegate-{name}*")
            for verb in ("Describe", "Stop")
            for name in ("batch", "generation-job")
        ),
        *((f"events:{verb}", _RULE) for verb in ("DescribeRule", "PutRule", "PutTargets")),
    }
}
# What Step Functions needs in order to write logs and traces, which know no resources.
OBSERVED: Final = {
    *(
        f"logs:{verb}"
        for verb in (
            "CreateLogDelivery",
            "DeleteLogDelivery",
            "DescribeLogGroups",
            "DescribeResourcePolicies",
            "GetLogDelivery",
            "ListLogDeliveries",
            "PutResourcePolicy",
            "UpdateLogDelivery",
        )
    ),
    *(f"xray:{verb}" for verb in ("GetSamplingRules", "GetSamplingTargets", "PutTelemetryRecords", "PutTraceSegments")),
}


def _named(states: list[State]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("state", states, ids=[state.label for state in states])


every_machine = pytest.mark.parametrize("name", MACHINES)
every_part = pytest.mark.parametrize("part", PARTS.values(), ids=PARTS)
every_state = _named(STATES)
every_task = _named(TASKS)
every_invoking_task = _named(INVOKING)
every_step = _named(STEPS)


@pytest.fixture(scope="module")
def handler() -> Iterator[ModuleType]:
    """The function that takes the steps."""
    with pytest.MonkeyPatch.context() as patch:
        yield load_handler(patch, "job")


def _deployed(template: Template, name: str) -> Properties:
    resource_name = f"imagegate-{name.replace('_', '-')}"
    (found,) = (
        properties
        for properties in template.of_type("AWS::StepFunctions::StateMachine").values()
        if properties["StateMachineName"] == resource_name
    )
    return found


def test_every_file_is_one_machine_of_the_stack(aws: Template) -> None:
    assert FILES
    assert len(aws.of_type("AWS::StepFunctions::StateMachine")) == len(FILES)


@every_machine
def test_a_machine_is_deployed_as_it_is_written_with_every_name_replaced(aws: Template, name: str) -> None:
    text = aws.text(_deployed(aws, name)["DefinitionString"])

    deployed = Machine(name, json.loads(text))
    assert "${" not in text
    assert deployed.states.keys() == MACHINES[name].states.keys()


@pytest.mark.parametrize("file", FILES, ids=name_of)
def test_a_machine_names_only_functions_that_exist(file: Path) -> None:
    assert placeholders(file) <= {*NAMED, *FUNCTION_ENVIRONMENT}


@every_machine
def test_a_machine_says_what_it_is_for(name: str) -> None:
    assert MACHINES[name].definition["Comment"]


@every_state
def test_a_state_is_written_in_jsonata_unless_it_reads_a_file(state: State) -> None:
    is_silent = state.type == "Succeed" and state.fields.keys() == {"Type"}

    assert is_silent or _language(state) == ("JSONPath" if "ItemReader" in state.fields else "JSONata")


def _language(state: State) -> str:
    """Return the state's own language, or that of its machine, in which AWS lets states of JSONPath choose theirs."""
    machine: str = MACHINES[state.machine.partition("/")[0]].definition["QueryLanguage"]
    own: str = state.fields.get("QueryLanguage", machine)
    assert machine == "JSONPath" or "QueryLanguage" not in state.fields
    return own


@every_part
def test_a_machine_has_only_fields_that_the_emulator_heeds(part: Machine) -> None:
    assert part.definition.keys() <= MACHINE_FIELDS


@every_state
def test_a_state_has_only_fields_that_the_emulator_heeds(state: State) -> None:
    fields = (JSONPATH_FIELDS if _language(state) == "JSONPath" else STATE_FIELDS).get(state.type, set())
    assert state.fields.keys() <= {"Type", "Comment", "QueryLanguage", *fields}
    assert all(retry.keys() <= RETRY_FIELDS for retry in state.fields.get("Retry", ()))
    assert all(
        catch.keys() <= {"ErrorEquals", "Next", "Output", "ResultPath"} for catch in state.fields.get("Catch", ())
    )
    assert all(choice.keys() <= {"Condition", "Next"} for choice in state.fields.get("Choices", ()))


@every_state
def test_an_expression_is_a_whole_value(state: State) -> None:
    """Step Functions takes an expression inside a longer text for plain text."""
    expressions = [text for text in texts(state.fields) if "{%" in text or "%}" in text]

    assert [text for text in expressions if not EXPRESSION.fullmatch(text)] == []
    assert [text for text in expressions if text.count("{%") != 1] == []
    assert all(EXPRESSION.fullmatch(choice["Condition"]) for choice in state.fields.get("Choices", ()))


@every_part
def test_every_state_can_be_reached_and_leads_to_an_end(part: Machine) -> None:
    assert part.reachable() == set(part.states)
    assert part.endable() == set(part.states)


@every_state
def test_a_choice_knows_what_to_do_with_what_it_does_not_know(state: State) -> None:
    assert state.type != "Choice" or "Default" in state.fields


@every_task
def test_a_task_ends_in_time_whatever_happens(state: State) -> None:
    seconds = state.fields["TimeoutSeconds"]

    # An expression in a state that waits for a token ends the execution on the emulator.
    assert isinstance(seconds, int) or not state.waits_for_token


@every_invoking_task
def test_a_task_waits_for_its_function_to_the_end(aws: Template, state: State) -> None:
    longest = aws.functions()[str(state.function)]["Timeout"]

    assert state.waits_for_token or state.fields["TimeoutSeconds"] > longest


@every_task
def test_a_task_that_fails_is_tried_again_or_caught(state: State) -> None:
    handlers = [*state.fields.get("Retry", ()), *state.fields.get("Catch", ())]

    assert any("States.ALL" in one["ErrorEquals"] for one in handlers)


@every_task
def test_a_task_uses_only_what_the_emulator_offers_too(state: State) -> None:
    assert state.fields["Resource"] in RESOURCES
    assert (state.fields["Resource"] == NESTED) or state.function in FUNCTION_ENVIRONMENT


@every_task
def test_a_task_that_waits_for_a_token_gives_it_away(state: State) -> None:
    given = "{% $states.context.Task.Token %}" in set(texts(state.fields["Arguments"]))

    assert given is state.waits_for_token


@every_step
def test_a_step_is_one_that_the_function_takes(handler: ModuleType, state: State) -> None:
    payload = state.fields["Arguments"]["Payload"]

    task = handler.Task.model_validate(payload)

    assert str(task.step) == payload["step"]
    assert payload.keys() <= handler.Task.model_fields.keys()


def test_a_step_that_the_function_does_not_take_is_refused(handler: ModuleType) -> None:
    with pytest.raises(ValidationError):
        handler.Task.model_validate({"job_id": "gen_one", "step": "paint"})


def _answers(handler: ModuleType) -> set[str]:
    verdicts = [Verdict(step=step, expects_callback=expects) for step in Step for expects in (False, True)]
    return {str(handler._tell(verdict)["next"]) for verdict in verdicts}


def test_every_answer_of_the_function_leads_on_and_no_other_is_expected(handler: ModuleType) -> None:
    for machine in {state.machine for state in STEPS}:
        conditions = [
            choice["Condition"]
            for state in PARTS[machine].states.values()
            for choice in state.fields.get("Choices", ())
        ]

        assert {found[1] for one in conditions if (found := NEXT_IS.fullmatch(one))} == _answers(handler)


@_named([state for state in STEPS if state.fields["Arguments"]["Payload"]["step"] == "submit"])
def test_what_may_cost_money_is_never_repeated_but_searched_for(state: State) -> None:
    (catch,) = state.fields["Catch"]

    follower = PARTS[state.machine].states[catch["Next"]]
    assert "Retry" not in state.fields
    assert follower.fields["Arguments"]["Payload"]["step"] == "recover"


@every_machine
def test_a_machine_may_invoke_the_functions_it_names_and_write_logs_and_traces(aws: Template, name: str) -> None:
    role = _deployed(aws, name)["RoleArn"]["Fn::GetAtt"][0]

    named = {state.function for part in MACHINES[name].parts for state in part.states.values()} - {None}
    invoked = {("lambda:InvokeFunction", f"<imagegate-{function}>") for function in named}
    assert _permissions(aws, role) == invoked | {(action, "*") for action in OBSERVED} | ALLOWED.get(name, set())


def _permissions(template: Template, role: str) -> set[tuple[str, str]]:
    return {
        (action, template.text(resource))
        for policy in template.of_type("AWS::IAM::Policy").values()
        if {"Ref": role} in policy["Roles"]
        for statement in policy["PolicyDocument"]["Statement"]
        for action in as_list(statement["Action"])
        for resource in as_list(statement["Resource"])
    }


def test_every_machine_has_a_role_of_its_own_that_only_step_functions_takes(aws: Template) -> None:
    roles = [_deployed(aws, name)["RoleArn"]["Fn::GetAtt"][0] for name in MACHINES]

    assert len(set(roles)) == len(MACHINES)
    for role in roles:
        properties = aws.of_type("AWS::IAM::Role")[role]
        (statement,) = properties["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": "states.amazonaws.com"}
        assert "ManagedPolicyArns" not in properties


@every_machine
def test_a_machine_is_traced_and_logs_its_errors_without_what_went_through_it(aws: Template, name: str) -> None:
    properties = _deployed(aws, name)

    logging = properties["LoggingConfiguration"]
    assert properties["TracingConfiguration"] == {"Enabled": True}
    assert (logging["Level"], logging["IncludeExecutionData"]) == ("ERROR", False)


@every_machine
def test_a_machine_that_fails_raises_an_alarm_that_reaches_somebody(aws: Template, name: str) -> None:
    machine = aws.text({"Ref": _logical_id(aws, name)})
    (alarm,) = (
        alarm
        for alarm in aws.of_type("AWS::CloudWatch::Alarm").values()
        if [aws.text(dimension["Value"]) for dimension in alarm["Dimensions"]] == [machine]
    )

    assert (alarm["MetricName"], alarm["Threshold"]) == ("ExecutionsFailed", 1)
    assert [aws.text(action) for action in alarm["AlarmActions"]] == ["<AlarmsTopic>"]


def _logical_id(template: Template, name: str) -> str:
    machines = template.of_type("AWS::StepFunctions::StateMachine")
    return next(logical_id for logical_id, one in machines.items() if one == _deployed(template, name))


@pytest.fixture(scope="module")
def batch_handler() -> Iterator[ModuleType]:
    """The function that takes the steps of batches."""
    with pytest.MonkeyPatch.context() as patch:
        yield load_handler(patch, "batch")


@_named([state for state in TASKS if state.function == "batch"])
def test_a_step_of_a_batch_is_one_that_the_function_takes(batch_handler: ModuleType, state: State) -> None:
    payload = dict(state.fields["Arguments"]["Payload"])
    told = dict.fromkeys(payload, "1") | {"step": payload["step"]} | _numbers(payload)

    kind = batch_handler.LineStepTask if "number" in payload else batch_handler.BatchTask

    assert kind.model_validate(told).step == payload["step"]
    assert payload.keys() <= kind.model_fields.keys()


def _numbers(payload: dict[str, object]) -> dict[str, object]:
    return {name: 1 for name in ("number", "offset", "length") if name in payload}


def test_every_answer_about_a_line_leads_on_and_no_other_is_expected(batch_handler: ModuleType) -> None:
    answers = {batch_handler._tell_line(LineVerdict(next=step))["next"] for step in LineStep}

    assert answers == {*_expected("batch/Lines"), "done", "travel"}


def test_every_answer_about_a_batch_leads_on_and_no_other_is_expected(batch_handler: ModuleType) -> None:
    answers = {batch_handler._tell_batch(None)["next"], batch_handler._tell_batch(a_batch())["next"]}
    pauses = {batch_handler._tell_pause(seconds)["next"] for seconds in (None, 5)}

    assert answers | pauses == {*_expected("batch"), "done", "finalize"}


def _expected(part: str) -> set[str]:
    """Return the answers that a part chooses by; any other ends it."""
    conditions = (
        choice["Condition"] for state in PARTS[part].states.values() for choice in state.fields.get("Choices", ())
    )
    return {found[1] for one in conditions if (found := NEXT_IS.fullmatch(one))}


def test_what_the_map_gathers_of_50000_lines_stays_below_what_a_state_may_hold() -> None:
    (end,) = (state for state in PARTS["batch/Lines"].states.values() if state.fields.get("End"))

    assert len(json.dumps(end.fields["Output"])) * MAX_LINES < 256 * 1024


def test_a_line_that_fails_stops_no_other() -> None:
    (lines,) = (state for state in STATES if state.type == "Map")

    assert lines.fields["ToleratedFailurePercentage"] == 100
    assert {catch["Next"] for catch in lines.fields["Catch"]} == {lines.fields["Next"]} == {"Vendor batches"}


@pytest.mark.parametrize(("target", "lines"), [("aws", 40), ("local", 4)])
def test_lines_run_side_by_side_within_a_bound(request: pytest.FixtureRequest, target: str, lines: int) -> None:
    template: Template = request.getfixturevalue(target)

    definition = json.loads(template.text(_deployed(template, "batch")["DefinitionString"]))

    assert definition["States"]["Lines"]["MaxConcurrency"] == lines
