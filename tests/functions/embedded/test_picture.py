"""Fitting a square picture to any size."""

import numpy as np
import pytest

from functions.embedded.picture import fit


@pytest.mark.parametrize("size", [(512, 256), (256, 512), (264, 256), (1024, 128)])
def test_the_square_stays_whole_and_centered(size: tuple[int, int]) -> None:
    side = min(size)
    square = np.random.default_rng(1).integers(0, 255, (side, side, 3)).astype(np.uint8)

    fitted = np.asarray(fit(square, *size))

    left, top = (size[0] - side) // 2, (size[1] - side) // 2
    assert fitted.shape == (size[1], size[0], 3)
    assert np.array_equal(fitted[top : top + side, left : left + side], square)


def test_a_flat_background_goes_on_flat() -> None:
    square = np.full((128, 128, 3), (30, 90, 200), np.uint8)

    fitted = np.asarray(fit(square, 256, 128))

    assert np.abs(fitted.astype(int) - np.array([30, 90, 200])).max() <= 1


def test_an_object_at_the_top_leaves_no_streak_above_the_picture() -> None:
    square = np.full((128, 128, 3), (30, 90, 200), np.uint8)
    square[:20, 10:50] = (250, 140, 20)

    fitted = np.asarray(fit(square, 128, 256))

    assert np.abs(fitted[:40].astype(int) - np.array([30, 90, 200])).max() <= 1
