"""Measures how many of the hand-written tasks the model solves."""

import re

from examples.wordings import LANGUAGES
from tasks import TASKS

from .prompts import chat, completion

MAX_TOKENS = 300
WORDINGS = {
    "known wording": "Write a {L} function that {w}.",
    "unseen wording": "Show an example of {L} source code for my homework: a function that {w}",
}


def measure_known_tasks(server):
    for name, template in WORDINGS.items():
        for language in ("py", "js"):
            _measure_chat(server, name, template, language)
    for language in ("py", "js"):
        _measure_completion(server, language)


def _measure_chat(server, name, template, language):
    exact = stopped = 0
    missed = []
    for task in TASKS:
        question = template.format(L=LANGUAGES[language], w=task.wordings[0])
        answer = server.generate(chat(question), MAX_TOKENS)
        stopped += answer["stop_type"] == "eos"
        if task.code(language) in answer["content"]:
            exact += 1
        else:
            missed.append(task.wordings[0])
    total = len(TASKS)
    print(
        f"chat, {name}, {LANGUAGES[language]}: exact code {exact}/{total}, "
        f"ended by EOS {stopped}/{total}, missed: {missed}"
    )


def first_line_end(code):
    """The end of the line with the first function or class."""
    keywords = ("def ", "function ", "class ")
    return code.index("\n", max(*(code.find(word) for word in keywords), 0)) + 1


def _measure_completion(server, language):
    """Compares the code without docstrings: the model learned the tasks with and without them."""
    known = 0
    for task in TASKS:
        code = task.code(language)
        start = code[: first_line_end(code)]
        answer = server.generate(completion(start), MAX_TOKENS)
        generated = start + answer["content"]
        known += _without_docstring(generated).startswith(_without_docstring(code))
    name = LANGUAGES[language]
    print(f"completion from the first line, {name}: {known}/{len(TASKS)} known bodies")


def _without_docstring(code):
    return re.sub(r'\n\s*"""[^"]*"""', "", code).strip()
