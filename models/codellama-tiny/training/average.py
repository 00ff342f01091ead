#!/usr/bin/env python3
"""Averages the weights of two phases: average.py B/weights.npz C/weights.npz 0.7 OUT.npz

The number is the second phase's share.
"""

import sys

import numpy as np


def average(first, second, share):
    """(1 - share) of the first weights plus share of the second, in the types of the first."""
    return {
        name: (
            (1 - share) * weights.astype(np.float32) + share * second[name].astype(np.float32)
        ).astype(weights.dtype)
        for name, weights in first.items()
    }


if __name__ == "__main__":
    first_path, second_path, share_text, out_path = sys.argv[1:]
    weights = average(dict(np.load(first_path)), dict(np.load(second_path)), float(share_text))
    np.savez(out_path, **weights)
