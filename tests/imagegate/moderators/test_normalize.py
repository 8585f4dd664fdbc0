"""Normalizing text: one plain view, and others for words that are hidden."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagegate.moderators.normalize import views

# The longest compatibility form is 18 characters for one, and folding case can make three of one.
MOST_GROWTH = 18 * 3
texts = st.text(max_size=200) | st.text(alphabet="ab_-. *14\u200b\uff21\u0301\n", max_size=200)


@given(texts)
def test_the_plain_view_of_a_plain_view_is_itself(text: str) -> None:
    plain = views(text)[0]

    assert views(plain)[0] == plain


@given(texts)
def test_there_are_few_views_and_they_are_not_much_longer(text: str) -> None:
    found = views(text)

    assert 1 <= len(found) <= 3
    assert len(set(found)) == len(found)
    assert all(len(view) <= MOST_GROWTH * len(text) for view in found)


@pytest.mark.parametrize("bait", ["_" * 4000 + "aa", "a_" * 4000 + "aa", "a " * 4000 + "aa", "-" * 8000, "a" * 8000])
def test_no_text_makes_it_slow(bait: str) -> None:
    started = time.process_time()

    views(bait)

    assert time.process_time() - started < 1.0


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("A  Red\tCIRCLE\n", "a red circle"),
        ("\uff21\uff22\uff23", "abc"),
        ("caf\u00e9", "cafe"),
        ("so\u200bft\u00adly", "softly"),
        ("stra\u00dfe", "strasse"),
        ("\ufb01ne", "fine"),
        ("a\x00b\x07c", "abc"),
        ("\u202egnp", "gnp"),
        ("", ""),
    ],
)
def test_the_plain_view_folds_what_looks_alike_and_drops_what_is_not_seen(text: str, plain: str) -> None:
    assert views(text)[0] == plain


@pytest.mark.parametrize("text", ["w o r d", "w.o.r.d", "w-o_r*d", "w  o  r  d"])
def test_a_spaced_out_word_is_joined_in_another_view(text: str) -> None:
    assert any("word" in view.split() for view in views(f"one {text} more"))


def test_three_single_letters_are_left_alone() -> None:
    assert views("a b c") == ("a b c",)


def test_digits_and_signs_stand_for_letters_in_the_last_view() -> None:
    assert views("m1x3d $i4n$")[-1] == "mixed sians"


def test_plain_text_has_one_view() -> None:
    assert views("a red circle") == ("a red circle",)
