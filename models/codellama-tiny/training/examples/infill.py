"""Infill examples from pieces of code."""

from .cuts import choose_middle
from .tokens import CONTEXT, infill

ATTEMPTS = 4


def infill_example(rng, text, language):
    """An infill example that fits the context window, or None."""
    for _ in range(ATTEMPTS):
        start, end = choose_middle(rng, text, language)
        if not 0 <= start <= end <= len(text):
            continue
        if start == end and rng.random() < 0.95:
            continue
        suffix = shortened(rng, text[end:])
        tokens = infill(rng, text[:start], text[start:end], suffix)
        if len(tokens) <= CONTEXT:
            return tokens
        text = inner_part(text)
    return None


def shortened(rng, suffix):
    """Sometimes drops the suffix or cuts it at a line end."""
    if rng.random() < 0.06:
        suffix = ""
    if rng.random() < 0.3:
        line_end = suffix.find("\n", rng.randrange(len(suffix) + 1))
        suffix = suffix[: line_end + 1] if line_end >= 0 else suffix
    return suffix


def inner_part(text):
    """About the middle half of a text that is too long, from the start of a line on."""
    text = text[len(text) // 4 :]
    longest = len(text) * 2 // 3
    return text[text.find("\n") + 1 :][:longest]
