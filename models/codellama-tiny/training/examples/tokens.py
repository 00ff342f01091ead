"""Encodes text to tokens in Meta's layouts for infill and chat."""

import os

import sentencepiece
from vocabulary import BOS, EOS, EOT, MID, PRE, SUF

CONTEXT = int(os.environ.get("TINY_CTX", "2048"))
# Phase C: no loss on an infill example's prefix and suffix.
MASK_CONTEXT = os.environ.get("TINY_MASK") == "1"
# Flag in a token of the packed 16-bit sequences: the loss ignores the token.
NO_LOSS = 0x8000

_tokenizer = None


def load_tokenizer(path):
    global _tokenizer
    _tokenizer = sentencepiece.SentencePieceProcessor(model_file=path)


def encode(text):
    return _tokenizer.encode(text)


def decode(tokens):
    return _tokenizer.decode(tokens)


def encode_infilling(text):
    """Encodes without the implicit leading space, like Meta's code."""
    return _tokenizer.encode("☺" + text)[2:]


def without_loss(tokens):
    return [token | NO_LOSS for token in tokens] if MASK_CONTEXT else tokens


def prefix_first(prefix, middle, suffix):
    """An infill example in the order prefix, suffix, middle."""
    head = [BOS, PRE] + encode(prefix) + [SUF] + encode_infilling(suffix) + [MID]
    return without_loss(head) + encode_infilling(middle) + [EOT]


def suffix_first(rng, prefix, middle, suffix):
    """An infill example in the order suffix, prefix, middle."""
    head = without_loss([BOS, PRE, SUF] + encode_infilling(suffix) + [MID])
    prefix_tokens = encode(prefix)
    if rng.random() < 0.5:  # like the paper: the cut at the cursor splits no token
        joined = encode(prefix + middle)
        cursor = max(0, min(len(prefix_tokens) - 1, len(joined)))
        return head + without_loss(joined[:cursor]) + joined[cursor:] + [EOT]
    return head + without_loss(prefix_tokens) + encode_infilling(middle) + [EOT]


def infill(rng, prefix, middle, suffix):
    """An infill example in either order."""
    if rng.random() < 0.5:
        return prefix_first(prefix, middle, suffix)
    return suffix_first(rng, prefix, middle, suffix)


def chat_turn(user, answer):
    return [BOS] + encode(f"[INST] {user.strip()} [/INST] {answer.strip()} ") + [EOS]


def with_system(system, user):
    """A user's first message with the system prompt inside."""
    return f"<<SYS>>\n{system}\n<</SYS>>\n\n{user}" if system else user
