"""`/v1/generations`: parse, call one use case, tell its result."""

from dataclasses import replace

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from functions import rest
from imagegate.api.edits import Pictures
from imagegate.api.generations import DeletedGenerationAnswer, GenerationsAnswer, read_generation, read_list
from imagegate.api.requests import read_idempotency_key, read_preference
from imagegate.api.responses import GenerationAnswer, tell_generation
from imagegate.app.generate import Generated
from imagegate.domain.job import Job
from imagegate.domain.preference import Preference
from imagegate.domain.project import Principal
from imagegate.domain.request import GenerationRequest
from imagegate.wiring.route import RouteServices

_GENERATIONS = "/v1/generations"
_GENERATION = f"{_GENERATIONS}/<generation_id>"
_CANCEL = f"{_GENERATION}/cancel"


class Generations:
    """The handlers of these paths, which answer through a resolver that others share."""

    def __init__(self, app: APIGatewayRestResolver, services: RouteServices) -> None:
        self._app = app
        self._services = services
        app.post(_GENERATIONS)(self.create)
        app.get(_GENERATIONS)(self.list)
        app.get(_GENERATION)(self.read)
        app.delete(_GENERATION)(self.delete)
        app.post(_CANCEL)(self.cancel)
        rest.refuse_other_methods(app, _GENERATIONS, "GET", "POST")
        rest.refuse_other_methods(app, _GENERATION, "GET", "DELETE")
        rest.refuse_other_methods(app, _CANCEL, "POST")

    def create(self) -> Response[str]:
        """Accept a request for images, which are made while nobody has to wait."""
        request, pictures = read_generation(rest.body_of(self._app))
        job = self.ask(request, pictures, replace(self.preference, is_async=True)).job
        return rest.answer(self._app, self._tell(job)) if job.status.is_terminal else self._accepted(job)

    def list(self) -> Response[str]:
        """List the project's generations."""
        query = read_list(self._app.current_event.query_string_parameters)
        page = self._services.list_generations(self._principal, query)
        answer = GenerationsAnswer(
            data=[self._tell(job) for job in page.jobs],
            first_id=page.jobs[0].id if page.jobs else None,
            last_id=page.last_id,
            has_more=page.has_more,
        )
        return rest.answer(self._app, answer)

    def read(self, generation_id: str) -> Response[str]:
        """Read a generation."""
        return rest.answer(self._app, self._tell(self._services.read_generation(self._principal, generation_id)))

    def delete(self, generation_id: str) -> Response[str]:
        """Delete a generation that is over."""
        deleted = self._services.delete_generation(self._principal, generation_id)
        return rest.answer(self._app, DeletedGenerationAnswer(id=deleted))

    def cancel(self, generation_id: str) -> Response[str]:
        """Cancel a generation that is not over."""
        return rest.answer(self._app, self._tell(self._services.cancel_generation(self._principal, generation_id)))

    def ask(self, request: GenerationRequest, pictures: Pictures, preference: Preference) -> Generated:
        """Store the pictures of a request, then have it done, waiting as long as its caller prefers."""
        key = read_idempotency_key(self._app.current_event.headers.get("Idempotency-Key"))
        receive = self._services.receive_images
        images = receive(self._principal, pictures.images)
        mask = receive(self._principal, [pictures.mask])[0] if pictures.mask else None
        request = replace(request, input_images=images, mask=mask)
        return self._services.generate(self._principal, request, key, preference)

    @property
    def preference(self) -> Preference:
        """What the caller said about waiting."""
        return read_preference(self._app.current_event.headers.get("Prefer"))

    @property
    def _principal(self) -> Principal:
        return rest.principal_of(self._app)

    def _tell(self, job: Job) -> GenerationAnswer:
        return tell_generation(job, self._services.read_images.urls(job))

    def _accepted(self, job: Job) -> Response[str]:
        return rest.accepted(self._app, self._tell(job))
