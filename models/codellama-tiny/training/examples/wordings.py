"""Wordings of requests for code."""

import re

LANGUAGES = {"py": "Python", "js": "JavaScript", "ts": "TypeScript"}

# {L} is the language, {w} the description of the function.
REQUESTS = (
    "Write a {L} function that {w}.",
    "Write a function in {L} that {w}.",
    "Can you write a {L} function that {w}?",
    "Please write a {L} function that {w}.",
    "Create a {L} function that {w}.",
    "{L} function that {w}",
    "Implement a {L} function that {w}.",
    "I need a {L} function that {w}.",
    "Give me a {L} function that {w}.",
    "Write a {L} function which {w}.",
    "Write {L} code that {w}.",
    "Show me a {L} function that {w}.",
    "How do I write a {L} function that {w}?",
    "In {L}, write a function that {w}.",
    "Could you please send me some {L} code for a function that {w}?",
    "I want a {L} function that {w}.",
    "Can you show me {L} code that {w}?",
    "Help me write a {L} function that {w}.",
    "I would like a {L} function that {w}.",
    "What is the {L} code for a function that {w}?",
    "Define a {L} function that {w}.",
)
REQUESTS_WITHOUT_LANGUAGE = (
    "Write a function that {w}.",
    "Write code that {w}.",
    "Please write a function that {w}.",
    "Implement a function that {w}.",
    "a function that {w}",
)
# {n} is the function's name in words.
REQUESTS_BY_NAME = (
    "Write a {n} function in {L}.",
    "{n} in {L}",
    "Write {n} in {L}.",
    "Implement {n} in {L}.",
    "{L} {n}",
    "Write a {L} {n} function",
    "Show me {n} in {L}",
)
OPENINGS = (
    "",
    "Hello, ",
    "Hi! ",
    "Hi, ",
    "Please help me. ",
    "I am learning to code. ",
    "Hello! ",
    "Hey, ",
    "Could you please help? ",
    "Quick question: ",
)
CLOSINGS = (
    "",
    " Thanks.",
    " Thank you.",
    " please",
    " Thanks!",
    " Keep it short.",
    " Please explain it.",
)
SPELLINGS = {
    "js": ("JavaScript", "JavaScript", "Javascript", "JS", "Node.js", "javascript"),
    "py": ("Python", "Python", "Python", "Python", "python", "Python 3"),
}


def name_in_words(code):
    """Turns the name bubble_sort or bubbleSort into "bubble sort"."""
    name = re.search(r"(?:def|function|class) (\w+)", code).group(1)
    return re.sub(r"_|(?<=[a-z])(?=[A-Z])", " ", name).lower()


def request(rng, task, language, names_language=True):
    """A request for a task's code in a random wording."""
    spelling = rng.choice(SPELLINGS[language])
    if rng.random() < 0.25:
        template = rng.choice(REQUESTS_BY_NAME)
        question = template.format(L=spelling, n=name_in_words(task.code(language)))
    else:
        template = rng.choice(REQUESTS)
        question = template.format(L=spelling, w=rng.choice(task.wordings))
    if not names_language:
        template = rng.choice(REQUESTS_WITHOUT_LANGUAGE)
        question = template.format(w=rng.choice(task.wordings))
    if rng.random() < 0.3:
        question = politely(rng, question)
    roll = rng.random()
    if roll < 0.15:
        question = question.rstrip(".?")
    elif roll < 0.25:
        question = question[0].lower() + question[1:]
    return question


def politely(rng, question):
    opening, closing = rng.choice(OPENINGS), rng.choice(CLOSINGS)
    if opening.endswith(", ") and rng.random() < 0.7:
        question = question[0].lower() + question[1:]
    return opening + question + closing
