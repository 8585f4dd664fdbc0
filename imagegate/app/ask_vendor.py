"""Ask a vendor about batches: send what its adapter describes, and stream its results line by line."""

from collections.abc import Iterator
from dataclasses import dataclass

from imagegate.app.batch_ports import Download
from imagegate.app.calls import Calls
from imagegate.app.ports import NotSentError, TransportError
from imagegate.domain.errors import (
    ConfigurationError,
    ProviderCredentialsError,
    ProviderError,
    ProviderFailedError,
    ProviderUnavailableError,
)
from imagegate.domain.provider import Failed
from imagegate.domain.vendor_batch import Batches, BatchWish, ListBatches, ReadFile, VendorBatch, VendorLine

# Four pictures of the largest size in base64, as an adapter bounds an answer; a longer line is as good as missing.
MOST_LINE_BYTES = 96 * 1024 * 1024
# A thousand batches at OpenAI: far more than are begun in the minutes in which one is looked for.
_MOST_PAGES = 10
_NEWLINE = b"\n"

Told = tuple[VendorBatch, ...] | Failed | None
"""What came of a request; None where nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskVendor:
    """The way from a batch to a provider's own."""

    calls: Calls
    download: Download

    def adapter(self, provider_id: str) -> Batches:
        """Return the provider's adapter, which knows batches."""
        adapter = self.calls.providers.adapter(provider_id)
        assert isinstance(adapter, Batches)  # noqa: S101 - only lines of such providers travel
        return adapter

    def __call__(self, provider_id: str, wish: BatchWish) -> Told:
        """Send a request about batches, once."""
        adapter = self.adapter(provider_id)
        request = adapter.ask_batches(self.calls.providers.base_url(provider_id), wish)
        try:
            response = self.calls.send_to(provider_id, request)
        except NotSentError:
            return Failed(error=ProviderUnavailableError(f"{provider_id} could not be reached. Nothing was charged."))
        except TransportError:
            return None
        except ConfigurationError as error:
            return Failed(error=ProviderCredentialsError(str(error)))
        except ProviderError as error:
            return Failed(error=error)
        return adapter.read_batches(response)

    def find(self, provider_id: str, name: str) -> str | None:
        """Return the id of the provider's batch that carries a name of ours; None where it is not listed."""
        after: str | None = None
        for _ in range(_MOST_PAGES):
            listed = self(provider_id, ListBatches(after=after))
            if not isinstance(listed, tuple) or not listed:
                return None
            found = next((one.id for one in listed if one.name == name), None)
            if found is not None:
                return found
            after = listed[-1].id
        return None

    def results(self, provider_id: str, file_id: str) -> Iterator[VendorLine]:
        """Return the lines of a file of results, one at a time.

        Raises:
            TransportError: it could not be read to its end.
        """
        adapter = self.adapter(provider_id)
        request = adapter.ask_batches(self.calls.providers.base_url(provider_id), ReadFile(file_id=file_id))
        try:
            self.calls.check_address(provider_id, request)
        except ProviderFailedError as error:
            raise NotSentError(str(error)) from error
        with self.download(request, provider_id) as chunks:
            for line in whole_lines(chunks, MOST_LINE_BYTES):
                read = adapter.read_batch_line(line)
                if read is not None:
                    yield read


def whole_lines(chunks: Iterator[bytes], limit: int) -> Iterator[bytes]:
    """Return the lines of a stream, without those over the limit, of which nothing is kept."""
    kept, length = bytearray(), 0
    for chunk in chunks:
        for piece in chunk.splitlines(keepends=True):
            length += len(piece)
            if length <= limit:
                kept += piece
            else:
                kept.clear()
            if piece.endswith(_NEWLINE):
                if kept.strip():
                    yield bytes(kept)
                kept, length = bytearray(), 0
    if kept.strip():
        yield bytes(kept)
