"""Reads the shards that the workers write (examples/shards.py)."""

import glob
import os
import time

import numpy as np
from examples.shards import FIRST_EPOCH_PARTS


class ShardReader:
    def __init__(self, folder, workers, rng, deadline, say):
        self.folder = folder
        self.workers = workers
        self.rng = rng
        self.deadline = deadline
        self.say = say

    def batches(self, size):
        """Shuffled batches of whole shards, until the deadline."""
        epoch, part, parts = 0, 0, FIRST_EPOCH_PARTS
        while True:
            sequences = self._read(epoch, part)
            if sequences is None:
                return
            for start in range(0, len(sequences) - size + 1, size):
                yield sequences[start : start + size]
            part += 1
            if part == parts:
                epoch, part, parts = epoch + 1, 0, 1
                with open(os.path.join(self.folder, "current"), "w") as current:
                    current.write(str(epoch))

    def _read(self, epoch, part):
        """One part of an epoch from all workers, shuffled; None after the deadline."""
        pattern = os.path.join(self.folder, f"e{epoch:03d}_{part}_w*.npy")
        asked = time.time()
        while True:
            paths = [path for path in glob.glob(pattern) if not path.endswith(".tmp.npy")]
            if len(paths) == len(self.workers):
                break
            if time.time() > self.deadline:
                return None
            if not any(worker.is_alive() for worker in self.workers):
                raise SystemExit("a worker process has ended")
            time.sleep(0.05)
        sequences = np.concatenate([np.load(path) for path in sorted(paths)])
        for path in paths:
            os.remove(path)
        self.rng.shuffle(sequences)
        self.say(
            f"shard e{epoch}.{part}: {len(sequences)} sequences, {sequences.size / 1e6:.1f}M "
            f"tokens, waited {time.time() - asked:.1f}s"
        )
        return sequences
