"""`/v1/batches`: create, read, list and cancel."""

from dataclasses import dataclass

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from functions import rest
from imagegate.api.batches import BatchBody, read_batch_query, tell_batch, tell_batches
from imagegate.api.requests import read_body, read_idempotency_key
from imagegate.app.manage_batches import ManageBatches

_BATCH = "/v1/batches/<batch_id>"
_CANCEL = "/v1/batches/<batch_id>/cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRoutes:
    """The paths of batches."""

    app: APIGatewayRestResolver
    batches: ManageBatches

    def add(self) -> None:
        """Add them to the application."""
        self.app.post("/v1/batches")(self.create)
        self.app.get("/v1/batches")(self.page)
        self.app.get(_BATCH)(self.read)
        self.app.post(_CANCEL)(self.cancel)
        rest.refuse_other_methods(self.app, "/v1/batches", "GET", "POST")
        rest.refuse_other_methods(self.app, _BATCH, "GET")
        rest.refuse_other_methods(self.app, _CANCEL, "POST")

    def create(self) -> Response[str]:
        """Create a batch from an uploaded file."""
        key = read_idempotency_key(self.app.current_event.headers.get("Idempotency-Key"))
        wanted = read_body(BatchBody, rest.body_of(self.app)).to_domain()
        return rest.answer(self.app, tell_batch(self.batches.create(rest.principal_of(self.app), wanted, key)))

    def page(self) -> Response[str]:
        """List batches, the newest first."""
        limit, after = read_batch_query(self.app.current_event.query_string_parameters)
        page = self.batches.page(rest.principal_of(self.app), limit, after)
        return rest.answer(self.app, tell_batches(page.batches, has_more=page.has_more))

    def read(self, batch_id: str) -> Response[str]:
        """Read a batch."""
        return rest.answer(self.app, tell_batch(self.batches.read(rest.principal_of(self.app), batch_id)))

    def cancel(self, batch_id: str) -> Response[str]:
        """Begin no further line of a batch."""
        return rest.answer(self.app, tell_batch(self.batches.cancel(rest.principal_of(self.app), batch_id)))
