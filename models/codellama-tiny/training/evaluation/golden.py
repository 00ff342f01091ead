"""Golden outputs: compares the reference with llama.cpp, token for token."""

import json

from vocabulary import EOS, EOT

from .prompts import golden_prompts
from .reference import Reference

MAX_TOKENS = 64


def write_golden(server, weights_path, out_path):
    """Compares both and writes the tokens of each prompt, one line per prompt."""
    reference = Reference(weights_path)
    rows = [_compare(reference, server, *prompt) for prompt in golden_prompts()]
    with open(out_path, "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(row) for row in rows) + "\n]\n")
    print("equal:", sum(row["equal"] for row in rows), "of", len(rows))


def _compare(reference, server, kind, name, prompt):
    expected, gaps = reference.greedy(prompt, MAX_TOKENS)
    answer = server.generate(prompt, MAX_TOKENS)
    ours, theirs = _without_end(expected), _without_end(answer["tokens"])
    difference = _first_difference(ours, theirs)
    gap = None if difference is None or difference >= len(gaps) else round(gaps[difference], 5)
    print(ours == theirs, kind, name, len(ours), len(theirs), difference, gap)
    return {
        "kind": kind,
        "name": name,
        "prompt": prompt,
        "torch_fp32": expected,
        "llama_cpp": answer["tokens"],
        "stop": answer.get("stop_type"),
        "equal": ours == theirs,
        "first_difference": difference,
        "logit_gap_there": gap,
    }


def _without_end(tokens):
    return [token for token in tokens if token not in (EOS, EOT)]


def _first_difference(ours, theirs):
    if ours == theirs:
        return None
    pairs = enumerate(zip(ours, theirs))
    return next((at for at, (a, b) in pairs if a != b), min(len(ours), len(theirs)))
