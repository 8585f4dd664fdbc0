"""The numpy runtime computes what the training code computes; needs torch, so it runs where training does."""

import numpy as np
import pytest

from functions.embedded import network
from functions.embedded.tokenizer import PADDING_ID, Tokenizer
from functions.embedded.weights import Weights, read_weights, weights_bytes

torch = pytest.importorskip("torch")
text = pytest.importorskip("embedded_model.text")
unet = pytest.importorskip("embedded_model.unet")
upscaler = pytest.importorskip("embedded_model.upscaler")
enlarger = pytest.importorskip("embedded_model.enlarger")

PROMPTS = ("a pink star to the left of a green ring at night", "")
LEVEL = 0.7


def as_torch(module, weights: Weights, name: str):  # type: ignore[no-untyped-def]
    module.load_state_dict({key: torch.from_numpy(value) for key, value in weights.part(f"{name}.").items()})
    return module.eval()


def test_one_denoising_step_and_both_enlargements_agree() -> None:
    weights = read_weights(weights_bytes())
    ids = np.array([Tokenizer(weights.about["words"]).encode(prompt).ids for prompt in PROMPTS])
    noisy = np.random.default_rng(1).standard_normal((2, 32, 32, 3)).astype(np.float32)

    numpy_unet = network.Unet(weights)
    context = numpy_unet.context(*network.TextEncoder(weights).encode(ids.astype(np.float32)))
    ours = numpy_unet.denoise(noisy, LEVEL, context)
    for name in ("upscaler", "enlarger"):
        ours = network.Upscaler(weights, name).enlarge(ours)

    with torch.no_grad():
        words, scores = as_torch(text.TextEncoder(len(weights.about["words"])), weights, "text")(torch.from_numpy(ids))
        bias = torch.from_numpy(np.where(ids == PADDING_ID, np.float32(-1e4), np.float32(0)))
        bias[:, 0] = 0
        level, x = torch.full((2,), LEVEL), torch.from_numpy(noisy).permute(0, 3, 1, 2)
        skip, out = unet.preconditioning(level)
        labels = text.label_probabilities(scores)
        theirs = skip * x + out * as_torch(unet.Unet(), weights, "unet")(x, level, words, labels, bias)
        for name, module in (("upscaler", upscaler.Upscaler()), ("enlarger", enlarger.new_enlarger())):
            theirs = as_torch(module, weights, name)(theirs)

    assert np.abs(ours - theirs.permute(0, 2, 3, 1).numpy()).max() < 1e-4
