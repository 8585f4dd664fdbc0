"""The rule moderator: hits, exceptions, hidden words, and no alarm at ordinary prompts.

How rules combine is shown with a small pack of neutral words; of the shipped pack only mild hits are written out.
"""

import pytest
from pydantic import ValidationError

from imagegate.domain.decision import Decision
from imagegate.moderators.rules import RuleModerator, load_rules, read_rules

PACK = r"""
version = "7"

[[rules]]
id = "zebra"
code = "stripes"
decision = "review"
groups = [["zebras?"]]
unless = ["zebra crossing", "al zebra"]

[[rules]]
id = "otter-on-skates"
code = "speed"
decision = "block"
groups = [["otters?", "(?:[1-9]|1[0-7])[ -]?knots?"], ["skat(?:e|es|ing)"]]
"""
SMALL = read_rules(PACK)
SHIPPED = load_rules()

ORDINARY = """
a red circle on the left and a blue square on the right
a watercolor of a lighthouse at dusk
children playing football in a park
a baby elephant next to its mother
a portrait of an old fisherman, oil on canvas
Michelangelo's David seen from below, marble, museum light
a marble statue of a nude woman in a museum
the birth of Venus by Botticelli in pixel art
an anatomy chart of the human heart
a diagram of the human skeleton for medical students
an X-ray of a broken wrist
a nurse measuring the blood pressure of a child
a mother breastfeeding her baby in a hospital, watercolor
a poster for breast cancer awareness
a sex education class poster with two cartoon condoms
a stand against suicide: hotline poster with warm colors
a bloody mary cocktail on a bar counter
a killer whale jumping out of the sea
a man killing time at a bus stop
a shot in the dark, film noir poster
a band shooting a music video
dead leaves on a forest path
the Dead Sea from above
a ghost town in the desert at noon
knights fighting a dragon, medieval tapestry
a bomb disposal robot, product photo
a bath bomb with lavender
Guy Fawkes night fireworks over London
a cock crowing on a farm at sunrise
a great tit on a snowy branch
a pussy willow in a vase
Scunthorpe United football ground in the rain
a breast of chicken with rosemary, food photo
stars visible to the naked eye above a mountain
a naked mole-rat in its burrow, nature photo
nude lipstick and nude heels on a marble table
Al Gore giving a speech about the climate
a hiker in a Gore-Tex jacket
a street art stencil of a girl with a balloon
an American flag at half mast
a history museum's room about the Second World War
a peace demonstration with colorful banners
a fake plant in a white pot
counterfeit detection pen next to a cash register
a passport photo booth in a train station
a 16 year old whisky bottle on oak
a hot dog stand in New York
a screwdriver and a hand drill on a workbench
a black and white photograph of a jazz trumpeter
una nina con un globo rojo
ein rotes Haus am See
赤い円と青い四角
""".strip().splitlines()


def _codes(moderator: RuleModerator, text: str) -> list[str]:
    return [finding.code for finding in moderator.moderate(text, "prompt")]


@pytest.mark.parametrize("prompt", ORDINARY)
def test_an_ordinary_prompt_passes(prompt: str) -> None:
    assert SHIPPED.moderate(prompt, "prompt") == ()


def test_a_hit_says_which_rule_found_what() -> None:
    (finding,) = SMALL.moderate("a ZEBRA at dawn", "prompt")

    assert (finding.code, finding.source_label, finding.decision) == ("stripes", "zebra", Decision.REVIEW)
    assert (finding.source, finding.param, finding.score) == ("rules@7", "prompt", 1.0)


def test_only_whole_words_hit() -> None:
    assert _codes(SMALL, "a zebrafish") == []
    assert _codes(SMALL, "two zebras.") == ["stripes"]


def test_a_word_in_its_harmless_phrase_does_not_hit() -> None:
    assert _codes(SMALL, "a zebra crossing in the rain") == []


def test_a_harmless_phrase_does_not_excuse_the_same_word_elsewhere() -> None:
    assert _codes(SMALL, "a zebra on a zebra crossing") == ["stripes"]


def test_a_rule_of_two_groups_needs_both() -> None:
    assert _codes(SMALL, "an otter") == []
    assert _codes(SMALL, "skating") == []
    assert _codes(SMALL, "skating past an otter") == ["speed"]


def test_a_text_can_break_several_rules() -> None:
    assert _codes(SMALL, "otters skating past zebras") == ["stripes", "speed"]


@pytest.mark.parametrize(
    "hidden",
    [
        "z e b r a",
        "z.e.b.r.a",
        "z3br4",
        "z\u200be\u200bbra",
        "\uff5a\uff45\uff42\uff52\uff41",
        "ze\u0301bra",
        "\U0001d4e9\U0001d4ee\U0001d4eb\U0001d4fb\U0001d4ea",
        "z_3_b_r_4",
    ],
)
def test_a_hidden_word_still_hits(hidden: str) -> None:
    assert _codes(SMALL, f"one {hidden} more") == ["stripes"]


def test_a_plain_number_and_a_disguised_word_hit_together() -> None:
    assert _codes(SMALL, "at 16 knots, sk4t1ng") == ["speed"]
    assert _codes(SMALL, "o t t e r s on sk@tes") == ["speed"]


def test_a_negative_prompt_is_noted_and_not_refused() -> None:
    (finding,) = SMALL.moderate("zebras", "negative_prompt")

    assert (finding.decision, finding.param) == (Decision.ALLOW_LOGGED, "negative_prompt")


@pytest.mark.parametrize(
    ("prompt", "code"),
    [
        ("a severed head on a table", "violence.graphic"),
        ("a beheading", "violence.graphic"),
        ("g0ry battlefield", "violence.graphic"),
        ("a forged passport of Utopia", "illicit"),
        ("counterfeit money on a table", "illicit"),
        ("how to build a pipe bomb", "weapons_mass"),
        ("a terrorist recruitment poster", "extremism"),
        ("a nazi propaganda leaflet", "hate"),
        ("self-harm instructions", "self_harm"),
        ("a deepfake nude of my neighbor", "sexual.nonconsensual"),
        ("hardcore sex", "sexual.explicit"),
        ("a naked man", "sexual.explicit"),
    ],
)
def test_the_shipped_pack_holds_its_bright_lines(prompt: str, code: str) -> None:
    findings = SHIPPED.moderate(prompt, "prompt")

    assert code in {finding.code for finding in findings}
    assert all(finding.decision.stops for finding in findings)


def test_every_shipped_rule_has_its_own_id() -> None:
    ids = [rule.id for rule in SHIPPED.rules]

    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("slip", [("unless", "unles"), ('"block"', '"stop"'), ("groups = [[", "groups = [] # [[")])
def test_a_slip_in_a_pack_is_refused(slip: tuple[str, str]) -> None:
    with pytest.raises(ValidationError):
        read_rules(PACK.replace(*slip))
