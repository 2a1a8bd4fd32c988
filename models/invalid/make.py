"""Writes the broken arrays that models here refer to: python3 models/invalid/make.py"""
import pathlib

import numpy as np

here = pathlib.Path(__file__).parent


def save(name, shape, changes=(), dtype=np.float64):
    array = np.ones(shape, dtype)
    for index, value in changes:
        array[index] = value
    np.save(here / name, array)


save("k.npy", (4, 8, 16), dtype=np.float32)
save("integers.npy", (2,), dtype=np.int64)
save("complex.npy", (2, 2, 2), dtype=np.complex64)
save("negative.npy", (2, 2, 2), [((0, 1, 0), -1), ((1, 0, 1), -0.25)])
save("nan.npy", (2, 2, 2), [((1, 1, 0), np.nan)], np.float32)
save("zero-row.npy", (2, 2, 2), [((1, 0), 0)])
save("truncated.npy", (2, 2, 2))
with open(here / "truncated.npy", "r+b") as file:
    file.truncate(file.seek(0, 2) - 8)
