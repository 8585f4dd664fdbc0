"""Multipart bodies: what the standard library's parser reads is what was put in, and the bytes never vary."""

from email.message import Message
from email.parser import BytesParser

from imagegate.multipart import encode

FIELDS = (("prompt", "a fox, naïve\r\nsecond line"), ("n", "2"))
FILES = (
    ("image[]", "image-1.png", "image/png", b"\x89PNG\r\n--not-a-boundary\r\n"),
    ("mask", "m.png", "image/png", b""),
)


def _parts(body: bytes, content_type: str) -> list[Message]:
    message = BytesParser().parsebytes(f"content-type: {content_type}\r\n\r\n".encode() + body)
    assert message.is_multipart()
    return [part for part in message.walk() if not part.is_multipart()]


def test_what_was_put_in_is_read_back() -> None:
    parts = _parts(*encode(FIELDS, FILES))

    assert [part.get_param("name", header="content-disposition") for part in parts] == [
        "prompt",
        "n",
        "image[]",
        "mask",
    ]
    assert [part.get_payload(decode=True) for part in parts[:2]] == [FIELDS[0][1].encode(), b"2"]
    assert [part.get_filename() for part in parts[2:]] == ["image-1.png", "m.png"]
    assert [part.get_content_type() for part in parts[2:]] == ["image/png", "image/png"]
    assert parts[2].get_payload(decode=True) == FILES[0][3]


def test_the_same_parts_give_the_same_bytes_and_others_another_boundary() -> None:
    assert encode(FIELDS, FILES) == encode(FIELDS, FILES)
    assert encode(FIELDS, FILES)[1] != encode(FIELDS, FILES[:1])[1]
