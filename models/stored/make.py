"""Writes the arrays of models/stored.toml: python3 models/stored/make.py"""
import pathlib

import numpy as np

here = pathlib.Path(__file__).parent
S = 5
ring = np.arange(S)
distance = np.minimum((ring[:, None] - ring) % S, (ring - ring[:, None]) % S)
left = np.exp(-distance.astype(float) ** 2)
right = np.roll(left, 1, axis=1)  # the right child has moved one step on
np.save(here / "kernel.npy", np.stack([left, right]))
np.save(here / "prior.npy", np.arange(1, S + 1, dtype=np.float32))
angle = 2 * np.pi * ring / S
np.save(here / "values.npy", np.asfortranarray(np.stack([np.cos(angle), np.sin(angle)], axis=1)))
