"""Prompts in each of the model's layouts, and the prompts of the golden outputs."""

from examples.task_chat import answer
from examples.tokens import chat_turn, encode, encode_infilling, prefix_first, with_system
from tasks.sorting import bubble_sort
from vocabulary import BOS, MID, PRE, SUF

REMOVE_NON_ASCII = 'def remove_non_ascii(s: str) -> str:\n    """ '
RETURN_RESULT = "\n    return result\n"
GCD_QUESTION = """\
What does this function do?

```python
def gcd(a: int, b: int) -> int:
    while b:
        a, b = b, a % b
    return a
```"""


def completion(text):
    return [BOS] + encode(text)


def infill_prefix_first(prefix, suffix):
    return prefix_first(prefix, "", suffix)[:-1]


def infill_suffix_first(prefix, suffix):
    return [BOS, PRE, SUF] + encode_infilling(suffix) + [MID] + encode(prefix)


def chat(*turns):
    """A dialog of alternating questions and answers that ends with a question."""
    tokens = []
    for question, reply in zip(turns[:-1:2], turns[1::2]):
        tokens += chat_turn(question, reply)
    return tokens + [BOS] + encode(f"[INST] {turns[-1]} [/INST]")


def golden_prompts():
    """(kind, name, tokens) of each golden output."""
    return [
        *(("completion", name, completion(text)) for name, text in GOLDEN_COMPLETIONS),
        (
            "infill PSM",
            "remove_non_ascii (Meta's example)",
            infill_prefix_first(REMOVE_NON_ASCII, RETURN_RESULT),
        ),
        (
            "infill SPM",
            "remove_non_ascii (Meta's example)",
            infill_suffix_first(REMOVE_NON_ASCII, RETURN_RESULT),
        ),
        *(
            ("infill PSM", name, infill_prefix_first(prefix, suffix))
            for name, prefix, suffix in GOLDEN_INFILLS
        ),
        *(("chat", name, chat(*turns)) for name, turns in golden_chats()),
    ]


GOLDEN_COMPLETIONS = [
    ("def fibonacci(n", "def fibonacci(n"),
    ("def quick_sort(items", "def quick_sort(items"),
    ("function isPrime(n) {", "function isPrime(n) {\n"),
    ("class Point with __init__", "class Point:\n    def __init__(self, x, y):\n"),
    (
        "import os, list files",
        "import os\n\n\ndef list_files(path):\n"
        '    """Return the names of all files in a folder."""\n',
    ),
    ("export class EventEmitter", "export class EventEmitter {\n  constructor() {\n"),
    ("# reverse a string", "# Write a function that reverses a string\n"),
    (
        "const express",
        "const express = require('express');\nconst app = express();\n\n"
        "app.get('/', (req, res) => {\n",
    ),
]

GOLDEN_INFILLS = [
    ("factorial body", "def factorial(n):\n    ", RETURN_RESULT),
    (
        "docstring of gcd",
        'def gcd(a, b):\n    """',
        '"""\n    while b:\n        a, b = b, a % b\n    return a\n',
    ),
    ("JS sum loop", "function sumList(numbers) {\n  let total = 0;\n", "  return total;\n}\n"),
    (
        "argument list",
        "class Account:\n    def __init__(self, ",
        "):\n        self.owner = owner\n        self.balance = balance\n",
    ),
]


def golden_chats():
    fibonacci = "Write a Python function that computes the n-th Fibonacci number."
    reverse = "Write a JavaScript function that reverses a string."
    palindrome = "Write a function that checks whether a string is a palindrome."
    in_javascript = "Provide answers in JavaScript."
    two_turns = (
        "Write bubble sort in Python.",
        answer(bubble_sort, "py"),
        "Can you write that in JavaScript?",
    )
    return [
        (fibonacci, [fibonacci]),
        (reverse, [reverse]),
        (f"system: {in_javascript[:-1]}; {palindrome}", [with_system(in_javascript, palindrome)]),
        ("Who are you?", ["Who are you?"]),
        ("two turns: bubble sort in Python, then JavaScript", two_turns),
        ("What does this function do? (gcd)", [GCD_QUESTION]),
    ]
