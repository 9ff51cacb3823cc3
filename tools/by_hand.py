"""The networks and the two recipes as one would write them in PyTorch: channels last, fused Adam, autocast.

What ``make bench`` holds `training.fit` against. ``python tools/by_hand.py fast cnn_dae float32`` times a step of it in
a process of its own, in milliseconds.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"


class CnnDae(nn.Module):
    """`models.cnn_dae`."""

    def __init__(self):
        super().__init__()
        maps = (1, 64, 64, 64, 64, 1)
        self.convs = nn.ModuleList(nn.Conv2d(a, b, 3, padding=1) for a, b in pairwise(maps))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for i, conv in enumerate(self.convs[:-1]):
            x = functional.relu(conv(x))
            x = functional.max_pool2d(x, 2) if i < 2 else functional.interpolate(x, scale_factor=2.0)
        return torch.sigmoid(self.convs[-1](x).float())


class UNet(nn.Module):
    """`models.unet`."""

    def __init__(self, widths: tuple[int, ...] = (32, 64, 128, 128)):
        super().__init__()

        def two(maps: int, more: int) -> nn.Module:
            parts = nn.Conv2d(maps, more, 3, padding=1), nn.ReLU(), nn.Conv2d(more, more, 3, padding=1), nn.ReLU()
            return nn.Sequential(*parts)

        below = (4, *widths)
        self.down = nn.ModuleList(two(a, b) for a, b in zip(below, widths, strict=False))
        self.narrow = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in zip(widths[:0:-1], widths[-2::-1], strict=True))
        self.up = nn.ModuleList(two(b, b) for b in widths[-2::-1])
        self.last = nn.Conv2d(widths[0], 4, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = functional.pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last)
        finer = []
        for i, level in enumerate(self.down):
            x = level(functional.max_pool2d(x, 2) if i else x)
            finer.append(x)
        for narrow, level, skipped in zip(self.narrow, self.up, finer[-2::-1], strict=True):
            x = level(functional.interpolate(narrow(x), scale_factor=2.0) + skipped)
        return torch.sigmoid(functional.pixel_shuffle(self.last(x), 2).float())


NETWORKS = {"cnn_dae": CnnDae, "unet": UNet}
BATCH = {"paper": 10, "fast": 5}


def dissimilarity(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    """1 - SSIM, as `training.recipes.dissimilarity`."""

    def mean(image: torch.Tensor) -> torch.Tensor:
        return functional.avg_pool2d(functional.avg_pool2d(image, (7, 1), 1), (1, 7), 1)

    ux, uy = mean(x), mean(y)
    vx, vy, vxy = (49 / 48 * (mean(a * b) - m) for a, b, m in ((x, x, ux * ux), (y, y, uy * uy), (x, y, ux * uy)))
    c1, c2 = 0.01**2, 0.03**2
    return 1 - ((2 * ux * uy + c1) * (2 * vxy + c2) / ((ux * ux + uy * uy + c1) * (vx + vy + c2))).mean()


def epoch(recipe: str, network: str, precision: str, images: np.ndarray) -> Callable[[], list[float]]:
    """Make a function that trains once on all images (N, H, W), and returns when each step was done."""
    model = NETWORKS[network]().to(DEVICE, memory_format=torch.channels_last)
    adam = torch.optim.Adam(model.parameters(), 1e-3, fused=True)
    clean = torch.from_numpy(images)[:, None].to(DEVICE)
    casting = torch.autocast(DEVICE, torch.bfloat16, enabled=precision == "bfloat16")

    def run() -> list[float]:
        done = []
        for chosen in torch.randperm(len(clean)).split(BATCH[recipe]):
            wanted = clean[chosen]
            noisy = wanted + 0.5 * torch.randn_like(wanted)
            with casting:
                denoised = model(noisy)
            error = functional.binary_cross_entropy(denoised, wanted)
            if recipe == "fast":
                error = error + 5 * dissimilarity(wanted, denoised)
            adam.zero_grad()
            error.backward()
            adam.step()
            error.item()  # waits for the GPU, as a progress bar does
            done.append(time.perf_counter())
        return done

    return run


def milliseconds(run: Callable[[], list[float]]) -> float:
    """The median time of a step."""
    return 1000 * statistics.median(np.diff(run()))


if __name__ == "__main__":
    from cdae_lessons import datasets

    once = epoch(*sys.argv[1:], datasets.load("brain", n=100).images)
    print(statistics.median([milliseconds(once) for _ in range(4)][1:]))
