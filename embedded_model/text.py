"""The text encoder: trained first to read a scene's labels from its caption, then frozen for the diffusion run."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from embedded_model.captions import HEADS
from functions.embedded.tokenizer import MAX_WORDS, PADDING_ID

WIDTH = 96
ATTENTION_HEADS = 4
LAYERS = 2
LABEL_SIZES = tuple(len(names) for names in HEADS.values())
LABEL_WIDTH = sum(LABEL_SIZES)


class TextBlock(nn.Module):
    """One transformer layer without biases in the attention."""

    def __init__(self) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(WIDTH)
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH)
        self.up = nn.Linear(WIDTH, 3 * WIDTH)
        self.down = nn.Linear(3 * WIDTH, WIDTH)

    def forward(self, x: Tensor, bias: Tensor) -> Tensor:
        """One layer; `bias` is added to the attention scores and hides the padding."""
        count, length, _ = x.shape
        qkv = self.qkv(self.norm1(x)).view(count, length, 3, ATTENTION_HEADS, -1).permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], attn_mask=bias)
        x = x + self.out(mixed.transpose(1, 2).reshape(count, length, WIDTH))
        return x + self.down(functional.silu(self.up(self.norm2(x))))


class TextEncoder(nn.Module):
    """Word numbers to word vectors and, per label head, a probability for every class."""

    def __init__(self, words: int) -> None:
        super().__init__()
        self.embed = nn.Embedding(words, WIDTH)
        self.position = nn.Parameter(torch.randn(MAX_WORDS, WIDTH) * 0.1)
        self.blocks = nn.ModuleList(TextBlock() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)
        self.slots = nn.Parameter(torch.randn(len(LABEL_SIZES), WIDTH) * 0.3)
        self.classes = nn.Linear(WIDTH, LABEL_WIDTH)

    def forward(self, ids: Tensor) -> tuple[Tensor, Tensor]:
        """Word vectors (N, words, width) and label scores (N, all classes)."""
        hidden = (ids == PADDING_ID).float() * -1e4
        hidden = torch.cat([hidden[:, :1] * 0, hidden[:, 1:]], 1)
        x = self.embed(ids) + self.position
        for block in self.blocks:
            x = block(x, hidden[:, None, None, :])
        x = self.norm(x)
        weights = torch.softmax(self.slots @ x.transpose(1, 2) * WIDTH**-0.5 * 3.0 + hidden[:, None, :], -1)
        pooled = weights @ x
        scores = [
            functional.linear(pooled[:, index], matrix, offset)
            for index, (matrix, offset) in enumerate(
                zip(self.classes.weight.split(LABEL_SIZES), self.classes.bias.split(LABEL_SIZES), strict=True)
            )
        ]
        return x, torch.cat(scores, 1)

    def loss(self, ids: Tensor, labels: Tensor) -> Tensor:
        """Cross entropy summed over the label heads."""
        scores = self(ids)[1].split(LABEL_SIZES, 1)
        return torch.stack(
            [functional.cross_entropy(part, labels[:, index]) for index, part in enumerate(scores)]
        ).sum()


def label_probabilities(scores: Tensor) -> Tensor:
    """Softmax within each head."""
    return torch.cat([part.softmax(1) for part in scores.split(LABEL_SIZES, 1)], 1)
