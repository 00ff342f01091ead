"""Worker processes that turn the corpus into shards of packed sequences, an epoch ahead."""

import json
import os
import random
import time
from pathlib import Path

import numpy as np

from .cuts import split_file
from .functions import documented_functions, function_example
from .infill import infill_example
from .packing import LENGTH, pack
from .task_chat import chat_example
from .task_code import code_example
from .tokens import BOS, CONTEXT, EOS, MASK_CONTEXT, encode, load_tokenizer

INFILL_RATE = 0.75 if MASK_CONTEXT else 0.5
SHORTEST_PIECE = 60  # characters
# Examples of each kind, per document.
FUNCTION_RATE = 0.6
TASK_CHAT_RATE = 0.3
TASK_CODE_RATE = 0.3
FIRST_EPOCH_PARTS = 4  # the first epoch comes in parts, so that training starts early


def read_documents(path, part=0, parts=1):
    """(language, source) of each document in one part of a JSON Lines file."""
    with open(path, encoding="utf-8") as lines:
        rows = [json.loads(line) for at, line in enumerate(lines) if at % parts == part]
    return [(row["l"], row["s"]) for row in rows]


def plain_tokens(piece, is_last):
    return [BOS] + encode(piece) + ([EOS] if is_last else [])


def make_examples(rng, documents, functions):
    """Plain code, which can be cut, and fixed examples: infill, chat and tasks."""
    plain, fixed = [], []
    for language, text in documents:
        for piece, is_last in split_file(rng, text):
            if len(piece) < SHORTEST_PIECE:
                continue
            takes_infill = rng.random() < INFILL_RATE
            tokens = infill_example(rng, piece, language) if takes_infill else None
            if tokens:
                fixed.append(tokens)
            else:
                plain.append(plain_tokens(piece, is_last))
    if functions:
        for _ in range(int(FUNCTION_RATE * len(documents))):
            tokens = function_example(rng, *rng.choice(functions))
            if len(tokens) < CONTEXT:
                fixed.append(tokens)
    fixed += [chat_example(rng) for _ in range(int(TASK_CHAT_RATE * len(documents)))]
    fixed += [code_example(rng) for _ in range(int(TASK_CODE_RATE * len(documents)))]
    return plain, fixed


def work(worker, workers, files, tokenizer, folder, seed, epochs):
    """One worker: writes its part of each epoch, at most one epoch ahead of the training."""
    os.nice(5)
    load_tokenizer(tokenizer)
    documents = [row for path in files for row in read_documents(path, worker, workers)]
    functions = [
        (function, language)
        for language, text in documents
        if language in ("py", "js", "ts")
        for function in documented_functions(text, language)
    ]
    for epoch in range(epochs):
        while epoch > current_epoch(folder) + 1:
            time.sleep(0.5)
        rng = random.Random(f"{seed}-{worker}-{epoch}")
        order = documents[:]
        rng.shuffle(order)
        parts = FIRST_EPOCH_PARTS if epoch == 0 else 1
        for part in range(parts):
            sequences = pack(rng, *make_examples(rng, order[part::parts], functions))
            save_shard(sequences, Path(folder, f"e{epoch:03d}_{part}_w{worker:02d}.npy"))


def current_epoch(folder):
    """The current epoch of the training."""
    try:
        return int(Path(folder, "current").read_text() or 0)
    except (OSError, ValueError):
        return 0


def save_shard(sequences, path):
    """Writes under a temporary name and renames, so that the training never sees half a file."""
    partial = f"{path}.tmp.npy"
    np.save(partial, sequences)
    os.rename(partial, path)


def held_out_sets(path, sequences=96, seed=7):
    """Packed sequences of held-out files: plain code only, infill only."""
    rng = random.Random(seed)
    documents = read_documents(path)
    rng.shuffle(documents)
    plain, infills = [], []
    for language, text in documents:
        for piece, is_last in split_file(rng, text):
            plain.append(plain_tokens(piece, is_last))
            tokens = infill_example(rng, piece, language)
            if tokens:
                infills.append(tokens)
    packed = pack(rng, plain, [])
    rows, row = [], []
    for tokens in infills:
        if len(row) + len(tokens) > LENGTH:
            rows.append(row + [EOS] * (LENGTH - len(row)))
            row = []
        row = row + tokens
    return packed[:sequences], np.array(rows[:sequences], dtype=np.uint16)
