"""Completion and infill examples from the hand-written tasks."""

import re

from tasks import TASKS

from .cuts import DOCSTRING
from .infill import infill_example
from .tokens import BOS, EOS, encode, infill


def code_example(rng):
    """A file with one to three tasks, to complete or to infill."""
    language = "py" if rng.random() < 0.6 else "js"
    count = rng.choice((1, 1, 1, 2, 3))
    parts = [variant(rng, task, language) for task in rng.sample(TASKS, count)]
    text = ("\n\n\n" if language == "py" else "\n\n").join(parts) + "\n"
    roll = rng.random()
    if roll < 0.4:
        return [BOS] + encode(text) + [EOS]
    if roll < 0.55 and language == "py":
        docstring = DOCSTRING.search(parts[0])
        if docstring:
            return docstring_example(rng, text, docstring, len(parts[0]))
    return infill_example(rng, text, language) or [BOS] + encode(text) + [EOS]


def docstring_example(rng, text, docstring, part_end):
    """An infill of a docstring, sometimes with the code up to the last return."""
    has_leading_space = rng.random() < 0.5  # as in Meta's example, remove_non_ascii
    start = docstring.start() + (4 if has_leading_space else 3)
    last_return = text.rfind("\n    return", start, part_end)
    if has_leading_space:
        opening_end = docstring.start() + 3
        text = text[:opening_end] + " " + text[opening_end:]
        to_return = last_return > 0 and rng.random() < 0.6
        end = last_return + 1 if to_return else docstring.end() - 3 + 1
    else:
        to_return = last_return > 0 and rng.random() < 0.4
        end = last_return if to_return else docstring.end() - 3
    return infill(rng, text[:start], text[start:end], text[end:])


def variant(rng, task, language):
    """A task's code with or without type hints, docstring, comment or `export`."""
    if language == "py":
        return python_variant(rng, task)
    return javascript_variant(rng, task)


def python_variant(rng, task):
    code = task.python
    if rng.random() < 0.45:
        code = re.sub(
            r"^(\s*def \w+\()([^)]*)\)( -> \w+)?:", _without_type_hints, code, flags=re.M
        )
    roll = rng.random()
    if roll < 0.35:
        code = re.sub(r'\n\s*"""[^"]*"""', "", code)
    if rng.random() < 0.2:
        wording = rng.choice(task.wordings)
        comments = (
            f"# {wording[0].upper() + wording[1:]}\n",
            f"# Write a function that {wording}\n",
            f"# A function that {wording}.\n",
        )
        code = rng.choice(comments) + code
    return code


def _without_type_hints(header):
    return header.group(1) + re.sub(r": \w+", "", header.group(2)) + "):"


def javascript_variant(rng, task):
    roll, wording = rng.random(), rng.choice(task.wordings)
    sentence = wording[0].upper() + wording[1:]
    if roll < 0.25:
        return f"// {sentence}\n" + task.javascript
    if roll < 0.5:
        return f"/**\n * {sentence}.\n */\n" + task.javascript
    if roll < 0.65:
        return re.sub(r"^function", "export function", task.javascript, flags=re.M)
    return task.javascript
