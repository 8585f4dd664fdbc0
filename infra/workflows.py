"""The state machines that only invoke functions: what each is called, and which functions its states invoke."""

from constructs import Construct

from infra.alarms import Alarms
from infra.configuration import Configuration
from infra.functions import Functions
from infra.workflow import Workflow
from shared_names import DELIVERY_MACHINE_NAME, GENERATION_MACHINE_NAME


class Workflows(Construct):
    """One attribute for each of them; that of batches, which may do more, has a construct of its own."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        configuration: Configuration,
        functions: Functions,
        alarms: Alarms,
    ) -> None:
        super().__init__(scope, construct_id)
        self.generation_job = Workflow(
            self,
            "GenerationJob",
            name="generation_job",
            resource_name=configuration.named(GENERATION_MACHINE_NAME),
            functions={"job": functions.job},
            alarms=alarms,
        )
        self.webhook_delivery = Workflow(
            self,
            "WebhookDelivery",
            name="webhook_delivery",
            resource_name=configuration.named(DELIVERY_MACHINE_NAME),
            functions={"deliver": functions.deliver},
            alarms=alarms,
        )
