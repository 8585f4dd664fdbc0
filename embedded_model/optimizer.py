"""Muon: momentum steps made nearly orthogonal, for inner matrices; everything else is left to AdamW."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def orthogonalized(matrix: Tensor, steps: int = 4) -> Tensor:
    """The nearest orthogonal matrix, roughly, by Newton-Schulz iteration."""
    x = matrix.flatten(1)
    flip = x.shape[0] > x.shape[1]
    x = x.T if flip else x
    x = x / (x.norm() + 1e-7)
    for _ in range(steps):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return (x.T if flip else x).view_as(matrix)


class Muon:
    """Momentum and orthogonal steps over a list of matrices and kernels."""

    def __init__(self, parameters: list[nn.Parameter], momentum: float = 0.95) -> None:
        self.parameters = parameters
        self.momentum = momentum
        self.buffers = [torch.zeros_like(parameter) for parameter in parameters]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One update at a rate; gradients are left as they are."""
        for parameter, buffer in zip(self.parameters, self.buffers, strict=True):
            if parameter.grad is None:
                continue
            buffer.lerp_(parameter.grad, 1 - self.momentum)
            ahead = parameter.grad.lerp(buffer, self.momentum)
            rows, columns = ahead.flatten(1).shape
            parameter.add_(orthogonalized(ahead.contiguous()), alpha=-rate * max(1.0, rows / columns) ** 0.5)


def split_parameters(model: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """Inner matrices and kernels for Muon, the rest for AdamW."""
    inner: list[nn.Parameter] = []
    other: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        is_matrix = name.endswith("weight") and parameter.ndim >= 2
        is_edge = name.startswith(("enter", "detail", "leave", "condition.time1"))
        (inner if is_matrix and not is_edge else other).append(parameter)
    return inner, other
