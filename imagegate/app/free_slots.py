"""Free slots: give back what attempts still hold at a provider after they ended or their jobs did."""

from dataclasses import dataclass

from imagegate.app.in_flight import Slots
from imagegate.app.ports import ConfigurationStore, JobStore
from imagegate.domain.job import Job
from imagegate.domain.slot import job_of, read_limit


@dataclass(frozen=True, slots=True, kw_only=True)
class FreeSlots:
    """Looks at the providers that have a limit; what died between an attempt's end and this kept its slot."""

    slots: Slots
    configuration: ConfigurationStore
    jobs: JobStore

    def __call__(self) -> int:
        """Return how many slots were given back."""
        limited = (name for name, settings in self.configuration.read().items() if read_limit(settings) is not None)
        return sum(self._free(provider_id) for provider_id in limited)

    def _free(self, provider_id: str) -> int:
        idle = [holder for holder in sorted(self.slots.holders(provider_id)) if self._is_over(holder)]
        for holder in idle:
            self.slots.release(provider_id, holder)
        return len(idle)

    def _is_over(self, holder: str) -> bool:
        job_id, number = job_of(holder)
        job: Job | None = self.jobs.read(job_id)
        return job is None or job.status.is_terminal or number not in {one.number for one in job.open_attempts}
