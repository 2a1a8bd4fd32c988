"""What scripts/demo found, in a few lines: how much noise is left, which scenes were recognized, and how far apart the
exact program and the network are."""

import sys

import numpy as np


def main(folder):
    def load(name):
        return np.load(f"{folder}/{name}.npy")

    exact = load("exact")
    by_bp, by_net = load("denoised-bp"), load("denoised-net")
    print("  distance from the clean images (root mean square)")
    for what, images in [("noisy", load("noisy")), ("denoised by BP", by_bp), ("denoised by the U-Net", by_net)]:
        print(f"    {what:22} {np.sqrt(np.mean((images - exact) ** 2)):.3f}")

    posterior_bp, posterior_net = load("posterior-bp"), load("posterior-net")
    print("  scenes of the 10 images")
    for what, scenes in [
        ("drawn", load("scenes")),
        ("most probable, BP", posterior_bp.argmax(axis=1)),
        ("most probable, ConvNet", posterior_net.argmax(axis=1)),
    ]:
        print(f"    {what:22} {' '.join(str(scene) for scene in scenes)}")

    print("  largest difference between BP and the network")
    for what, bp, net in [("pixels", by_bp, by_net), ("posteriors", posterior_bp, posterior_net)]:
        largest = np.abs(bp - net).max()
        print(f"    {what:22} {f'{largest:.1e}' if largest > 0 else f'none, to the last bit of {bp.dtype}'}")


if __name__ == "__main__":
    main(sys.argv[1])
