"""The caption grammar: many ways to say one scene, the vocabulary they use, and the labels a caption determines."""

from __future__ import annotations

import re

import numpy as np

from embedded_model.scenes import BACKGROUNDS, COLORS, GROUNDS, LIGHTS, PLACES, SHAPES, SIZES, TREES, Scene, Thing

COLOR_WORDS: dict[str, tuple[str, ...]] = {
    "red": ("red", "crimson", "scarlet"),
    "orange": ("orange", "tangerine"),
    "yellow": ("yellow", "gold", "golden"),
    "green": ("green", "emerald", "lime"),
    "cyan": ("cyan", "turquoise", "teal", "aqua"),
    "blue": ("blue", "navy", "azure"),
    "purple": ("purple", "violet"),
    "pink": ("pink", "rose"),
    "brown": ("brown", "chocolate"),
    "white": ("white", "ivory"),
    "gray": ("gray", "grey", "silver"),
    "black": ("black", "ebony"),
}
SHAPE_WORDS: dict[str, tuple[str, ...]] = {
    "circle": ("circle", "disc", "disk", "ball", "dot"),
    "square": ("square", "box", "cube", "block"),
    "triangle": ("triangle", "pyramid"),
    "star": ("star",),
    "heart": ("heart",),
    "ring": ("ring", "donut", "hoop"),
    "cross": ("cross", "plus"),
    "diamond": ("diamond", "rhombus"),
}
SIZE_WORDS = {
    "small": ("small", "little", "tiny"),
    "medium": ("", "medium"),
    "large": ("large", "big", "huge", "giant"),
}
PLACE_PHRASES: dict[str, tuple[str, ...]] = {
    "top left": ("in the top left corner", "at the top left", "in the upper left", "top left"),
    "top": ("at the top", "near the top", "in the upper part"),
    "top right": ("in the top right corner", "at the top right", "in the upper right", "top right"),
    "left": ("on the left", "at the left", "on the left side"),
    "center": ("in the center", "in the middle", "in the centre"),
    "right": ("on the right", "at the right", "on the right side"),
    "bottom left": ("in the bottom left corner", "at the bottom left", "in the lower left", "bottom left"),
    "bottom": ("at the bottom", "near the bottom", "in the lower part"),
    "bottom right": ("in the bottom right corner", "at the bottom right", "in the lower right", "bottom right"),
}
RELATION_PHRASES: dict[str, tuple[str, ...]] = {
    "left": ("to the left of", "left of", "on the left of", "next to", "beside", "and", "and", "with"),
    "right": ("to the right of", "right of", "on the right of"),
    "top": ("above", "over", "on top of"),
    "bottom": ("below", "under", "beneath"),
}
BACKGROUND_PHRASES = (
    "on a {} background",
    "on {}",
    "against a {} background",
    "with a {} background",
    "on a {} wall",
    "in front of a {} background",
)
SKY_PHRASES: dict[str, tuple[str, ...]] = {
    "night": ("at night", "in the night sky", "against a night sky", "on a starry night", "in a dark starry sky"),
    "sunset": ("at sunset", "against a sunset", "in front of a sunset", "in the evening", "at dusk"),
    "day": ("in daylight", "under a blue sky", "on a sunny day", "in summer", ""),
}
GROUND_PHRASES: dict[str, tuple[str, ...]] = {
    "hills": ("green hills", "rolling hills", "a hill", "hills", "a green field", "a meadow", "a landscape"),
    "mountains": ("mountains", "a mountain landscape", "snowy mountains", "a mountain", "a mountain range"),
    "sea": ("the sea", "the ocean", "a calm sea", "a lake", "ocean waves", "a beach"),
    "snow": ("a snowy field", "a snowy landscape", "snow", "a winter landscape", "snowy hills"),
    "desert": ("a desert", "sand dunes", "a sandy desert", "the desert"),
}
LIGHT_PHRASES = {
    "sun": ("a sun", "the sun", "a yellow sun", "a bright sun"),
    "moon": ("a moon", "the moon", "a full moon", "a white moon"),
}
TREE_PHRASES = {
    "one": ("a tree", "a pine tree", "a lonely tree", "one tree"),
    "many": ("trees", "a forest", "pine trees", "some trees"),
}
OPENINGS = (
    "a photo of", "an image of", "a picture of", "picture of", "please draw me", "draw", "draw me", "i want",
    "generate", "create an illustration of", "a painting of", "show me", "a drawing of", "make", "an icon of",
    "a logo with", "paint", "can you draw", "there is", "a simple picture of",
)  # fmt: skip
CLOSINGS = (
    "digital art", "high quality", "4k", "please", "flat design", "minimalist", "simple", "vector art", "poster",
    "in the style of a poster", "highly detailed", "beautiful", "cartoon style", "illustration", "clean", "hd",
    "modern", "abstract",
)  # fmt: skip
_LOOSE_WORDS = (
    "the", "a", "an", "is", "are", "it", "its", "that", "this", "my", "your", "our", "very", "nice", "some",
    "and", "of", "in", "with", "for", "to", "image", "background", "shape", "shaped", "colored", "colour",
    "color", "which", "has", "solid", "bright", "dark", "light",
)  # fmt: skip
_COUNT_WORDS = {2: ("two", "2", "a pair of"), 3: ("three", "3")}
_SLOTS = 3

HEADS: dict[str, tuple[str, ...]] = {
    "background": BACKGROUNDS,
    "ground": GROUNDS,
    "light": LIGHTS,
    "trees": TREES,
    **{
        f"{part}{slot}": ("none", *names)
        for slot in range(_SLOTS)
        for part, names in (("shape", SHAPES), ("color", tuple(COLORS)), ("place", PLACES), ("size", SIZES))
    },
}


def scene_labels(scene: Scene) -> tuple[int, ...]:
    """One class number per head, in the order of `HEADS`."""
    values = {"background": scene.background, "ground": scene.ground, "light": scene.light, "trees": scene.trees}
    for slot, thing in enumerate(scene.things):
        values |= {
            f"shape{slot}": thing.shape,
            f"color{slot}": thing.color,
            f"place{slot}": thing.place,
            f"size{slot}": thing.size,
        }
    return tuple(names.index(values.get(head, "none")) for head, names in HEADS.items())


class CaptionWriter:
    """Writes captions with one random generator; a plain writer keeps to the plain words and adds no filler."""

    def __init__(self, rng: np.random.Generator, *, plain: bool = False) -> None:
        self._rng = rng
        self._plain = plain

    def write(self, scene: Scene) -> str:
        """A caption from which the scene's labels follow."""
        if not scene.things:
            body = self._landscape(scene)
        elif self._is_group(scene):
            body = self._with_background(scene, self._group(scene))
        elif len(scene.things) == 2:
            body = self._with_background(scene, self._pair(scene.things[0], scene.things[1]))
        else:
            body = self._with_background(scene, self._single(scene.things[0]))
        return body if self._plain else self._with_filler(body)

    def _pick(self, options: tuple[str, ...]) -> str:
        return options[0] if self._plain else options[int(self._rng.integers(len(options)))]

    def _chance(self, probability: float) -> bool:
        return not self._plain and bool(self._rng.random() < probability)

    @staticmethod
    def _is_group(scene: Scene) -> bool:
        kinds = {(thing.shape, thing.color, thing.size) for thing in scene.things}
        return len(kinds) == 1 and {"left", "right"} <= {thing.place for thing in scene.things}

    def _thing(self, thing: Thing, *, plural: bool = False) -> str:
        color = COLOR_WORDS[thing.color][0] if self._chance(0.6) else self._pick(COLOR_WORDS[thing.color])
        shape = SHAPE_WORDS[thing.shape][0] if self._chance(0.6) else self._pick(SHAPE_WORDS[thing.shape])
        words = [self._pick(SIZE_WORDS[thing.size]), color, shape]
        phrase = " ".join(word for word in words if word)
        if plural:
            return phrase + ("es" if phrase.endswith(("x", "s")) else "s")
        article = "an" if phrase[0] in "aeiou" else "a"
        return phrase if self._chance(0.12) else f"{'the' if self._chance(0.05) else article} {phrase}"

    def _single(self, thing: Thing) -> str:
        phrase = self._thing(thing)
        if thing.place == "center" and self._rng.random() < 0.65:
            return phrase
        return f"{phrase} {self._pick(PLACE_PHRASES[thing.place])}"

    def _pair(self, first: Thing, second: Thing) -> str:
        left, right = self._thing(first), self._thing(second)
        if first.place in ("left", "top") and self._chance(0.12):
            return f"{left} {PLACE_PHRASES[first.place][0]} and {right} {PLACE_PHRASES[second.place][0]}"
        return f"{left} {self._pick(RELATION_PHRASES[first.place])} {right}"

    def _group(self, scene: Scene) -> str:
        return f"{self._pick(_COUNT_WORDS[len(scene.things)])} {self._thing(scene.things[0], plural=True)}"

    def _with_background(self, scene: Scene, body: str) -> str:
        name = scene.background
        if name == "plain":
            return body
        if name in SKY_PHRASES:
            return f"{body} {self._pick(SKY_PHRASES[name])}"
        color = COLOR_WORDS[name][0] if self._chance(0.6) else self._pick(COLOR_WORDS[name])
        if self._chance(0.1):
            return f"{color} background, {body}" if self._chance(0.5) else f"{color} background with {body}"
        phrase = self._pick(BACKGROUND_PHRASES).format(color)
        phrase = re.sub(r"\ba (?=[aeiou])", "an ", phrase)
        return f"{phrase}, {body}" if self._chance(0.1) else f"{body} {phrase}"

    def _landscape(self, scene: Scene) -> str:
        if (scene.background, scene.ground) == ("sunset", "sea") and self._chance(0.25):
            return self._pick(("a sunset", "a beautiful sunset", "sunset"))
        parts = [self._pick(GROUND_PHRASES[scene.ground])]
        if scene.trees != "none":
            tree = self._pick(TREE_PHRASES[scene.trees])
            parts = [f"{tree} on {parts[0]}"] if self._chance(0.4) else [parts[0], "with", tree]
        if scene.background in SKY_PHRASES:
            parts.append(self._pick(SKY_PHRASES[scene.background]))
        else:
            parts.append(f"under a {scene.background} sky")
        if scene.background == "blue":
            parts[-1] = "under a deep blue sky"
        if scene.light != "none":
            parts += [self._pick(("with", "and", "under")), self._pick(LIGHT_PHRASES[scene.light])]
        return " ".join(part for part in parts if part)

    def _with_filler(self, body: str) -> str:
        if self._chance(0.4):
            body = f"{self._pick(OPENINGS)} {body}"
        if self._chance(0.25):
            body = f"{body}, {self._pick(CLOSINGS)}"
        if self._chance(0.06):
            words = body.split()
            words.insert(int(self._rng.integers(len(words) + 1)), str(self._rng.choice(_LOOSE_WORDS)))
            body = " ".join(words)
        return body


def vocabulary() -> list[str]:
    """Every word the grammar can produce, sorted; the first two entries stand for padding and unknown."""
    looks = (COLOR_WORDS, SHAPE_WORDS, SIZE_WORDS, PLACE_PHRASES, RELATION_PHRASES)
    surroundings = (SKY_PHRASES, GROUND_PHRASES, LIGHT_PHRASES, TREE_PHRASES)
    phrases = [*BACKGROUND_PHRASES, *OPENINGS, *CLOSINGS, *_LOOSE_WORDS, "a beautiful sunset", "under a deep sky"]
    groups = [group for table in (*looks, *surroundings) for group in table.values()]
    phrases += [phrase for group in (*groups, *_COUNT_WORDS.values()) for phrase in group]
    phrases += [word + ending for group in SHAPE_WORDS.values() for word in group for ending in ("s", "es")]
    words = {word for phrase in phrases for word in re.findall(r"[^\W_]+", phrase.lower())}
    return ["<padding>", "<unknown>", *sorted(words - {f"{word}es" for word in ("ball", "heart", "ring")})]
