"""Choose how pictures travel: as base64 while they fit into one answer, else as signed addresses."""

from imagegate.api.responses import ImagesAnswer, fits_base64, tell_images, too_large_warning
from imagegate.app.generate import Generated
from imagegate.app.read_generation import ReadImages


def images_answer(read_images: ReadImages, generated: Generated, response_format: str | None) -> ImagesAnswer:
    """Tell a succeeded generation; bytes that were made just now are not read back from storage."""
    job = generated.job
    if response_format == "url":
        return tell_images(job, read_images.urls(job))
    if not fits_base64([image.size_bytes for image in job.images]):
        return tell_images(job, read_images.urls(job), (too_large_warning(),))
    made_now = [generated.pictures.get(image.index) for image in job.images]
    data = [one for one in made_now if one is not None]
    return tell_images(job, data if len(data) == len(made_now) else read_images.read_bytes(job))
