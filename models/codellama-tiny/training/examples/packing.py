"""Packs examples into sequences of one length."""

import numpy as np

from .tokens import BOS, CONTEXT, EOS, without_loss

LENGTH = CONTEXT + 1  # inputs and targets are shifted by one
LOOK_BACK = 59  # number of items to search for one that fills a gap
SHORTEST_REST = 64  # tokens; a shorter rest of a cut item is dropped


def pack(rng, plain, fixed):
    """Fills sequences with plain code, which can be cut, and fixed examples, which cannot."""
    items = [(tokens, True) for tokens in plain] + [(tokens, False) for tokens in fixed]
    rng.shuffle(items)
    sequences, current, rests = [], [], []
    while items or rests:
        tokens, is_plain = rests.pop() if rests else items.pop()
        room = LENGTH - len(current)
        if len(tokens) <= room:
            current += tokens
        elif is_plain:
            current += tokens[:room]
            rest = tokens[room:]
            if len(rest) > SHORTEST_REST:
                rests.append(([BOS] + rest, True))
        else:
            current += _filling(rng, items, room)
            sequences.append(current[:LENGTH])
            current = list(tokens)
        if len(current) == LENGTH:
            sequences.append(current)
            current = []
    return np.array(sequences, dtype=np.uint16)


def _filling(rng, items, room):
    """The first part of a plain item that is too long. The rest becomes an item again."""
    newest = len(items) - 1
    oldest = max(newest - LOOK_BACK + 1, 0)
    for index in range(newest, oldest - 1, -1):
        tokens, is_plain = items[index]
        if not is_plain or len(tokens) <= room:
            continue
        items.pop(index)
        if len(tokens) - room > SHORTEST_REST:
            items.insert(rng.randrange(len(items) + 1), ([BOS] + tokens[room:], True))
        return tokens[:room]
    return without_loss([EOS] * room)
