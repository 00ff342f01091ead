#!/usr/bin/env python3
"""CodeLlama's vocabulary: the 32,000 SentencePiece pieces of Llama-2 and 16 pieces of CodeLlama.

As a program, it writes the vocabulary as a SentencePiece model, which the training uses:

    vocabulary.py ggml-vocab-llama-spm.gguf spm.model

GGUF_PY names llama.cpp's folder gguf-py (default: llama.cpp/gguf-py).
"""

import os
import struct
import sys

sys.path.insert(0, os.environ.get("GGUF_PY", "llama.cpp/gguf-py"))

LLAMA_PIECES = 32000
EXTRA_PIECES = [
    "▁<SU",
    "▁<SUF",
    "▁<PRE",
    "▁<M",
    "▁<MID",
    "▁<E",
    "▁<EOT",
    "▁<PRE>",
    "▁<SUF>",
    "▁<MID>",
    "▁<EOT>",
    *("▁" + "<EOT>" * count for count in range(2, 7)),
]
VOCABULARY_SIZE = LLAMA_PIECES + len(EXTRA_PIECES)

BOS, EOS = 1, 2
PRE, SUF, MID, EOT = 32007, 32008, 32009, 32010

NORMAL = 1  # piece type
LOWEST_SCORE = -1e6  # so that a merge of Llama-2 always wins over an extra piece


def read_vocabulary(path):
    """The pieces (as bytes), scores and types of CodeLlama's vocabulary, from Llama-2's GGUF."""
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    pieces = [bytes(part) for part in _values(fields["tokenizer.ggml.tokens"])]
    scores = [float(part[0]) for part in _values(fields["tokenizer.ggml.scores"])]
    types = [int(part[0]) for part in _values(fields["tokenizer.ggml.token_type"])]
    assert len(pieces) == len(scores) == len(types) == LLAMA_PIECES, len(pieces)
    for index, piece in enumerate(EXTRA_PIECES):
        pieces.append(piece.encode())
        scores.append(LOWEST_SCORE - index)
        types.append(NORMAL)
    assert pieces[PRE] == "▁<PRE>".encode() and pieces[EOT] == "▁<EOT>".encode()
    return pieces, scores, types


def _values(field):
    return (field.parts[index] for index in field.data)


# --- SentencePiece's model file: a protocol buffer ------------------------------------------------

VARINT, LENGTH_DELIMITED, FIXED32 = 0, 2, 5  # wire types


def varint(number):
    """Encodes a number in groups of seven bits, the lowest group first."""
    encoded = b""
    while True:
        group, number = number & 127, number >> 7
        if not number:
            return encoded + bytes([group])
        encoded += bytes([group | 128])


def number_field(field, number):
    return varint(field << 3 | VARINT) + varint(number & (2**64 - 1))


def bytes_field(field, content):
    return varint(field << 3 | LENGTH_DELIMITED) + varint(len(content)) + content


def float_field(field, number):
    return varint(field << 3 | FIXED32) + struct.pack("<f", number)


def sentencepiece_model(pieces, scores, types):
    """A `ModelProto`: the pieces, the trainer's settings and the normaliser's."""
    encoded = b""
    for piece, score, piece_type in zip(pieces, scores, types):
        entry = bytes_field(1, piece) + float_field(2, score) + number_field(3, piece_type)
        encoded += bytes_field(1, entry)
    trainer = [
        number_field(3, 2),  # model_type: BPE
        number_field(4, len(pieces)),  # vocab_size
        number_field(35, 1),  # byte_fallback
        number_field(40, 0),  # unk_id
        number_field(41, BOS),
        number_field(42, EOS),
        number_field(43, -1),  # pad_id: none
    ]
    normalizer = [
        bytes_field(1, b"identity"),
        bytes_field(2, b""),
        number_field(3, 1),  # add_dummy_prefix
        number_field(4, 0),  # remove_extra_whitespaces
        number_field(5, 1),  # escape_whitespaces
    ]
    return encoded + bytes_field(2, b"".join(trainer)) + bytes_field(3, b"".join(normalizer))


if __name__ == "__main__":
    with open(sys.argv[2], "wb") as model_file:
        model_file.write(sentencepiece_model(*read_vocabulary(sys.argv[1])))
