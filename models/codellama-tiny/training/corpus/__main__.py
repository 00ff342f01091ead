"""Builds the training corpus of codellama-tiny: `python3 -m corpus FOLDER`.

FOLDER holds what was downloaded beforehand with the ordinary clients:

    deb/*.deb     apt-get download <python3-* packages>
    npm/*.tgz     npm pack <packages>
    python3.13/   CPython's standard library
    llama.cpp/    its source

and takes train.jsonl, val.jsonl ({"l": language, "s": source} on each line) and CORPUS.md.
"""

import hashlib
import json
import sys
from pathlib import Path

from .collector import Collector
from .report import write_report
from .sources import add_debian_packages, add_npm_packages, add_tree

STANDARD_LIBRARY = "CPython standard library"
HELD_OUT = 200  # one file in 200 is held out


def collect(folder):
    collector = Collector()
    about = ("pyenv", "3.13.0", "PSF-2.0")
    library = folder / "python3.13"
    # The tests come last, and only until the corpus is full.
    add_tree(
        collector, STANDARD_LIBRARY, library, about, 40_000_000, lambda path: "/test/" not in path
    )
    add_tree(collector, STANDARD_LIBRARY, library, about, 24_000_000)
    add_tree(
        collector,
        "llama.cpp",
        folder / "llama.cpp",
        ("upstream source", "v0.5.0 tree", "MIT"),
        9_000_000,
        lambda path: "/vendor/" not in path and "/ggml-vulkan/" not in path,
    )
    add_debian_packages(collector, folder / "deb")
    add_npm_packages(collector, folder / "npm")
    return collector


def is_held_out(text):
    digest = hashlib.blake2b(text[:500].encode(), digest_size=4).digest()
    return int.from_bytes(digest, "big") % HELD_OUT == 0


def write_lines(path, rows):
    with open(path, "w") as lines:
        lines.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def main(folder):
    collector = collect(folder)
    held_out = [document for document in collector.documents if is_held_out(document[2])]
    training = [document for document in collector.documents if not is_held_out(document[2])]
    training.sort(key=lambda document: document[:2])
    training_rows = [{"l": language, "s": text} for language, _, text in training]
    held_out_rows = [{"l": language, "p": name, "s": text} for language, name, text in held_out]
    write_lines(folder / "train.jsonl", training_rows)
    write_lines(folder / "val.jsonl", held_out_rows)
    write_report(folder / "CORPUS.md", collector, len(training), len(held_out))
    print("train", len(training), "val", len(held_out))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
