"""Results of a batch are read line by line, in memory of one size."""

import tracemalloc
from collections.abc import Iterator

import pytest

from imagegate.app.ask_vendor import whole_lines

LINES = [b"one\n", b"  \n", b"t\rwo\r\n", b"\n", b"three"]


@pytest.mark.parametrize("size", [1, 2, 5, 100])
def test_lines_are_whole_however_they_arrive_and_blank_ones_are_left_out(size: int) -> None:
    data = b"".join(LINES)

    found = list(whole_lines((data[start : start + size] for start in range(0, len(data), size)), 100))

    assert found == [b"one\n", b"t\rwo\r\n", b"three"]


@pytest.mark.parametrize("size", [1, 4, 100])
def test_a_line_over_the_limit_is_left_out(size: int) -> None:
    data = b"one\n" + b"x" * 20 + b"\ntwo\n" + b"y" * 20

    assert list(whole_lines((data[start : start + size] for start in range(0, len(data), size)), 10)) == [
        b"one\n",
        b"two\n",
    ]


def test_many_lines_need_no_more_memory_than_one() -> None:
    def chunks(lines: int) -> Iterator[bytes]:
        return (b"x" * 99_999 + b"\n" for _ in range(lines))

    assert _peak(chunks(500)) < _peak(chunks(1)) * 2


def _peak(chunks: Iterator[bytes]) -> int:
    tracemalloc.start()
    for _ in whole_lines(chunks, 1_000_000):
        pass
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
