"""The functions: how large each is, what its environment holds, and which layer it needs."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import ArnFormat, Stack
from constructs import Construct

from infra.alarms import Alarms
from infra.artifacts import Artifacts
from infra.configuration import Configuration
from infra.data import Data
from infra.function import FunctionPlan, GatewayFunction
from shared_names import (
    AUDIT_TABLE,
    BATCH_MACHINE,
    BATCH_MACHINE_NAME,
    DELIVERY_MACHINE,
    DELIVERY_MACHINE_NAME,
    EMBEDDED_FUNCTION,
    FUNCTION_ENVIRONMENT,
    GENERATION_MACHINE,
    GENERATION_MACHINE_NAME,
    IMAGES_BUCKET,
    PROVIDER_ENDPOINTS,
    PROVIDER_SECRET_PREFIX,
    PROVIDER_SECRETS,
    PUBLIC_URL,
    TABLE,
)

# API Gateway gives up after 29 s, so `route` may use all of it and the model it waits for one second less.
PLANS: Final[Mapping[str, FunctionPlan]] = {
    "authorize": FunctionPlan(
        memory_mebibytes=256,
        timeout_seconds=5,
        layer="base",
        description="Tells whose API key a request carries",
    ),
    "route": FunctionPlan(
        memory_mebibytes=1024, timeout_seconds=29, layer="base", description="Serves the authenticated API"
    ),
    # A provider that answers in the same breath may think for minutes, and somebody must hold the line.
    "job": FunctionPlan(
        memory_mebibytes=1024,
        timeout_seconds=900,
        layer="base",
        description="Takes the steps of generations that nobody waits for",
    ),
    # It reads and writes files larger than its memory; more memory brings more of the network.
    "batch": FunctionPlan(
        memory_mebibytes=1024, timeout_seconds=900, layer="base", description="Takes the steps of batches"
    ),
    "moderate": FunctionPlan(
        memory_mebibytes=512, timeout_seconds=10, layer="base", description="Judges prompts: /v1/moderations"
    ),
    "webhook": FunctionPlan(
        memory_mebibytes=256, timeout_seconds=10, layer="base", description="Receives provider webhooks; says healthy"
    ),
    # Every minute: a run must be over before the next but one, and one that is cut off is gone on with by the next.
    "reconcile": FunctionPlan(
        memory_mebibytes=512,
        timeout_seconds=110,
        layer="base",
        description="Settles generations that nobody drives any more",
    ),
    "notify": FunctionPlan(
        memory_mebibytes=256, timeout_seconds=25, layer="base", description="Finds out whom to tell of what happened"
    ),
    "deliver": FunctionPlan(
        memory_mebibytes=256, timeout_seconds=20, layer="base", description="Sends one event to one endpoint, once"
    ),
    "embedded": FunctionPlan(
        memory_mebibytes=2048,
        timeout_seconds=28,
        layer="models",
        description="Makes images with the embedded model",
        # 2 GB of memory come with little more than one CPU. More threads would wait for each other, actively.
        library_settings={"OPENBLAS_NUM_THREADS": "1"},
    ),
}


class Functions(Construct):
    """One attribute for each function, named as in `FUNCTION_ENVIRONMENT`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        configuration: Configuration,
        artifacts: Artifacts,
        data: Data,
        alarms: Alarms,
        public_url: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self._configuration = configuration
        self._artifacts = artifacts
        self._alarms = alarms
        self.embedded = self._create("embedded", {})
        values = {
            TABLE: data.table.table_name,
            AUDIT_TABLE: data.audit_table.table_name,
            IMAGES_BUCKET: data.images.bucket_name,
            EMBEDDED_FUNCTION: self.embedded.function.function_name,
            PROVIDER_SECRETS: configuration.named(PROVIDER_SECRET_PREFIX),
            PROVIDER_ENDPOINTS: configuration.provider_endpoints,
            PUBLIC_URL: public_url,
            # By name: the machines invoke the functions, so they cannot also wait for them to be made.
            GENERATION_MACHINE: machine_arn(self, configuration, GENERATION_MACHINE_NAME),
            BATCH_MACHINE: machine_arn(self, configuration, BATCH_MACHINE_NAME),
            DELIVERY_MACHINE: machine_arn(self, configuration, DELIVERY_MACHINE_NAME),
        }
        self.authorize = self._create("authorize", values)
        self.route = self._create("route", values)
        self.job = self._create("job", values)
        self.batch = self._create("batch", values)
        self.moderate = self._create("moderate", values)
        self.webhook = self._create("webhook", values)
        self.reconcile = self._create("reconcile", values)
        self.notify = self._create("notify", values)
        self.deliver = self._create("deliver", values)

    def _create(self, name: str, values: Mapping[str, str]) -> GatewayFunction:
        plan = PLANS[name]
        return GatewayFunction(
            self,
            name.capitalize(),
            name=name,
            resource_name=f"{self._configuration.name}-{name}",
            plan=plan,
            code=self._artifacts.code,
            layer=self._artifacts.layers[plan.layer],
            environment={variable: values[variable] for variable in FUNCTION_ENVIRONMENT[name]},
            alarms=self._alarms,
        )


def machine_arn(scope: Construct, configuration: Configuration, name: str) -> str:
    """Return the ARN that one of our state machines will have."""
    return Stack.of(scope).format_arn(
        service="states",
        resource="stateMachine",
        resource_name=configuration.named(name),
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
