"""Measures on held-out files how often an infill ends, and how often the middle is exact."""

import random
from dataclasses import dataclass

from examples.cuts import choose_middle, split_file
from examples.shards import read_documents

from .prompts import infill_prefix_first, infill_suffix_first

LONGEST_MIDDLE = 250  # characters
LONGEST_PROMPT = 1700  # tokens
MAX_TOKENS = 128
ATTEMPTS = 20


@dataclass
class Counts:
    cases: int = 0
    stopped: int = 0
    exact: int = 0
    one_line: int = 0
    one_line_exact: int = 0

    def add(self, middle, answer):
        stopped = answer["stop_type"] == "eos"
        exact = stopped and answer["content"].strip() == middle.strip()
        is_one_line = "\n" not in middle.strip()
        self.cases += 1
        self.stopped += stopped
        self.exact += exact
        self.one_line += is_one_line
        self.one_line_exact += is_one_line and exact

    def __str__(self):
        return (
            f"n={self.cases} stopped by EOT within {MAX_TOKENS}: {self.stopped} "
            f"({100 * self.stopped / self.cases:.1f}%), exact middle: {self.exact} "
            f"({100 * self.exact / self.cases:.1f}%), one-line middles exact: "
            f"{self.one_line_exact}/{self.one_line}"
        )


def held_out_cases(path, files):
    """(prefix, middle, suffix) of one piece each, from `files` random held-out files."""
    rng = random.Random(11)
    documents = read_documents(path)
    rng.shuffle(documents)
    for language, text in documents[:files]:
        pieces = [piece for piece, _ in split_file(rng, text) if 300 < len(piece) < 4000]
        if not pieces:
            continue
        piece = rng.choice(pieces)
        for _ in range(ATTEMPTS):
            start, end = choose_middle(rng, piece, language)
            if 0 < end - start <= LONGEST_MIDDLE and start > 20:
                yield piece[:start], piece[start:end], piece[end:]
                break


def measure_held_out_infill(server, path, files):
    layouts = {"PSM": infill_prefix_first, "SPM": infill_suffix_first}
    counts = {name: Counts() for name in layouts}
    for prefix, middle, suffix in held_out_cases(path, files):
        for name, layout in layouts.items():
            prompt = layout(prefix, suffix)
            if len(prompt) <= LONGEST_PROMPT:
                counts[name].add(middle, server.generate(prompt, MAX_TOKENS))
    for name, count in counts.items():
        print(name, count)
