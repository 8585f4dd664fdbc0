"""The diffusion network at 32x32: a small UNet conditioned on words, soft labels and a learned layout."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from embedded_model.captions import HEADS
from embedded_model.text import LABEL_SIZES, LABEL_WIDTH
from embedded_model.text import WIDTH as TEXT_WIDTH

WIDTHS = (64, 128, 160)
SIDES = (16, 8, 4)
CONDITION = 192
LAYOUT = 64
LAYOUT_GROUPS = 8
SLOT = 128
GROUPS = 8
HEAD_WIDTH = 32
DETAIL = 24
DATA_STD = 0.65
SLOTS = 3
_HEAD_NAMES = list(HEADS)
_SCENE_WIDTH = sum(LABEL_SIZES[:4])
_THING_WIDTH = sum(LABEL_SIZES[4:8])
_PLACE_START = LABEL_SIZES[4] + LABEL_SIZES[5]
_PLACES = LABEL_SIZES[6]


class Block(nn.Module):
    """Two convolutions; the condition scales and shifts between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(width, width, 3, padding=1)
        self.film = nn.Linear(CONDITION, 2 * width)
        self.conv2 = nn.Conv2d(width, width, 3, padding=1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """The input plus what the block adds."""
        scale, shift = self.film(condition)[:, :, None, None].chunk(2, 1)
        h = self.conv1(functional.silu(functional.group_norm(x, GROUPS)))
        h = functional.group_norm(h, GROUPS) * (1 + scale) + shift
        return x + self.conv2(functional.silu(h))


class Attention(nn.Module):
    """Pixels look at each other and at the context (words, things, scene) in one softmax."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.width = width
        self.heads = width // HEAD_WIDTH
        self.qkv = nn.Linear(width, 3 * width)
        self.context = nn.Linear(SLOT, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, x: Tensor, context: Tensor, bias: Tensor) -> Tensor:
        """The input plus what it read; `bias` (N, 1, 1, context) hides padding words."""
        count, width, side, _ = x.shape
        pixels = functional.group_norm(x, GROUPS).permute(0, 2, 3, 1).reshape(count, side * side, width)
        query, key, value = self.qkv(pixels).chunk(3, 2)
        more_keys, more_values = self.context(context).chunk(2, 2)
        parts = (query, torch.cat([key, more_keys], 1), torch.cat([value, more_values], 1))
        q, k, v = (part.view(count, -1, self.heads, HEAD_WIDTH).transpose(1, 2) for part in parts)
        mixed = functional.scaled_dot_product_attention(q, k, v, attn_mask=functional.pad(bias, (side * side, 0)))
        added = self.out(mixed.transpose(1, 2).reshape(count, side * side, width))
        return x + added.view(count, side, side, width).permute(0, 3, 1, 2)


class Conditioner(nn.Module):
    """Turns words, soft labels and the noise level into a pooled vector, context tokens and layout planes."""

    def __init__(self) -> None:
        super().__init__()
        self.time1 = nn.Linear(64, CONDITION)
        self.time2 = nn.Linear(CONDITION, CONDITION)
        self.labels = nn.Linear(LABEL_WIDTH, CONDITION)
        self.pooled = nn.Linear(TEXT_WIDTH, CONDITION)
        self.words = nn.Linear(TEXT_WIDTH, SLOT)
        self.scene = nn.Linear(_SCENE_WIDTH, SLOT)
        self.thing1 = nn.Linear(_THING_WIDTH + LABEL_WIDTH, SLOT)
        self.thing2 = nn.Linear(SLOT, SLOT)
        self.planes = nn.ParameterList(
            nn.Parameter(torch.randn(_PLACES, LAYOUT_GROUPS, side, side) * 0.3) for side in SIDES
        )
        self.layout = nn.Linear(SLOT, LAYOUT)
        self.spread = nn.ModuleList(nn.Conv2d(LAYOUT, width, 1) for width in WIDTHS)

    def forward(
        self, level: Tensor, words: Tensor, labels: Tensor, bias: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, list[Tensor]]:
        """Pooled condition, context tokens, attention bias of the context, and one plane per resolution."""
        steps = torch.exp(torch.linspace(-1.5, 2.5, 32)) * level[:, None]
        time = self.time2(functional.silu(self.time1(torch.cat([steps.sin(), steps.cos()], 1))))
        shown = (bias == 0).float()
        mean = (words * shown[:, :, None]).sum(1) / shown.sum(1, keepdim=True)
        pooled = functional.silu(time + self.labels(labels) + self.pooled(mean))
        parts = labels[:, _SCENE_WIDTH:].reshape(-1, SLOTS, _THING_WIDTH)
        told = torch.cat([parts, labels[:, None].expand(-1, SLOTS, -1)], 2)
        things = self.thing2(functional.silu(self.thing1(told)))
        context = torch.cat([self.words(words), self.scene(labels[:, :_SCENE_WIDTH])[:, None], things], 1)
        places = parts[:, :, _PLACE_START : _PLACE_START + _PLACES]
        values = self.layout(functional.silu(things)).view(-1, SLOTS, LAYOUT_GROUPS, LAYOUT // LAYOUT_GROUPS)
        planes = [self._plane(places, values, index) for index in range(len(SIDES))]
        return pooled, context, functional.pad(bias, (0, 1 + SLOTS))[:, None, None, :], planes

    def _plane(self, places: Tensor, values: Tensor, index: int) -> Tensor:
        side = SIDES[index]
        gates = (places.flatten(0, 1) @ self.planes[index].flatten(1)).view(-1, SLOTS, LAYOUT_GROUPS, side * side)
        plane = torch.einsum("nsgp,nsgc->ngcp", gates, values).reshape(-1, LAYOUT, side, side)
        return self.spread[index](plane)


class Unet(nn.Module):
    """Predicts the picture from a noisy one, preconditioned so that both input and target have unit variance."""

    def __init__(self) -> None:
        super().__init__()
        self.condition = Conditioner()
        self.enter = nn.Conv2d(12, WIDTHS[0], 3, padding=1)
        self.positions = nn.ParameterList(
            nn.Parameter(torch.randn(w, s, s) * 0.1) for w, s in zip(WIDTHS, SIDES, strict=True)
        )
        self.down = nn.ModuleList(Block(width) for width in WIDTHS)
        self.up = nn.ModuleList(Block(width) for width in WIDTHS)
        self.attend_down = nn.ModuleList(Attention(width) for width in WIDTHS[1:])
        self.attend_up = nn.ModuleList(Attention(width) for width in WIDTHS[1:])
        self.shrink = nn.ModuleList(nn.Conv2d(a * 4, b, 1) for a, b in pairwise(WIDTHS))
        self.grow = nn.ModuleList(nn.Conv2d(b, a * 4, 1) for a, b in pairwise(WIDTHS))
        self.leave = nn.Conv2d(WIDTHS[0], DETAIL * 4, 1)
        self.detail1 = nn.Conv2d(3, DETAIL, 3, padding=1)
        self.detail2 = nn.Conv2d(DETAIL, DETAIL, 3, padding=1)
        self.detail3 = nn.Conv2d(DETAIL, 3, 3, padding=1)

    def forward(self, noisy: Tensor, level: Tensor, words: Tensor, labels: Tensor, bias: Tensor) -> Tensor:
        """The raw prediction for `noisy` (N, 3, 32, 32) at noise levels from 0 to 1."""
        variance = (1 - level) ** 2 * DATA_STD**2 + level**2
        x_in = noisy * variance.rsqrt()[:, None, None, None]
        log_ratio = torch.log(level / (1 - level)) * 0.25
        pooled, context, context_bias, planes = self.condition(log_ratio, words, labels, bias)
        x = self.enter(functional.pixel_unshuffle(x_in, 2)) + self.positions[0] + planes[0]
        x = self.down[0](x, pooled)
        skips = [x]
        for index in (1, 2):
            x = self.shrink[index - 1](functional.pixel_unshuffle(x, 2)) + self.positions[index] + planes[index]
            x = self.attend_down[index - 1](self.down[index](x, pooled), context, context_bias)
            skips.append(x)
        for index in (2, 1):
            x = self.attend_up[index - 1](self.up[index](x, pooled), context, context_bias)
            x = functional.pixel_shuffle(self.grow[index - 1](x), 2) + skips[index - 1]
        x = self.up[0](x, pooled)
        fine = functional.pixel_shuffle(
            self.leave(functional.silu(functional.group_norm(x, GROUPS))), 2
        ) + self.detail1(x_in)
        return self.detail3(functional.silu(self.detail2(functional.silu(fine))))


def preconditioning(level: Tensor) -> tuple[Tensor, Tensor]:
    """Factors (skip, out) so that picture = skip * noisy + out * prediction."""
    variance = (1 - level) ** 2 * DATA_STD**2 + level**2
    skip = (1 - level) * DATA_STD**2 / variance
    return skip[:, None, None, None], (level * DATA_STD * variance.rsqrt())[:, None, None, None]
