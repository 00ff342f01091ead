"""Chat examples from the hand-written tasks."""

import re

from tasks import SMALL_TALK, SYSTEM_PROMPTS, TASKS

from .cuts import DOCSTRING
from .tokens import chat_turn, with_system
from .wordings import LANGUAGES, request

FENCES = {"py": "python", "js": "javascript"}
EXPLAIN_REQUESTS = (
    "What does this function do?",
    "Explain this code:",
    "Explain what this function does.",
    "What does this code do?",
    "Explain this function.",
)
DOCSTRING_REQUESTS = (
    "Write a docstring for this function:",
    "Add a docstring to this function:",
    "Document this function:",
)
TRANSLATE_REQUESTS = (
    "Now in {L}.",
    "Can you write that in {L}?",
    "And in {L}?",
    "Now write it in {L}.",
    "Please translate it to {L}.",
)
EXPLAIN_AGAIN_REQUESTS = (
    "Explain it.",
    "How does it work?",
    "Explain the code.",
    "What does it do?",
)
THANKS = ("Thanks", "Thank you!", "Thanks!")


def fenced(language, code):
    return f"```{FENCES[language]}\n{code}\n```"


def answer(task, language):
    """The answer to a request for a task's code."""
    opening = f"Here is a {LANGUAGES[language]} function that {task.wordings[0]}:"
    return f"{opening}\n\n{fenced(language, task.code(language))}\n\n{task.explanation}"


def explanation(task):
    return f"This code {task.wordings[0]}. {task.explanation}"


def sometimes_a_system_prompt(rng):
    return rng.choice(SYSTEM_PROMPTS) if rng.random() < 0.25 else None


def chat_example(rng):
    """One or two turns about a task, or small talk."""
    if rng.random() < 0.12:
        return small_talk(rng)
    task = rng.choice(TASKS)
    language = "py" if rng.random() < 0.6 else "js"
    roll = rng.random()
    system = sometimes_a_system_prompt(rng)
    if roll < 0.68:
        tokens, language = write_code(rng, task, language, system)
    elif roll < 0.84:
        tokens = explain_code(rng, task, language, system)
    else:
        tokens, language = write_docstring(rng, task, language, system)
    if rng.random() < 0.3:
        tokens += second_turn(rng, task, language)
    return tokens


def small_talk(rng):
    questions, reply = rng.choice(SMALL_TALK)
    question = rng.choice(questions)
    if rng.random() < 0.2:
        question = question.lower()
    return chat_turn(with_system(sometimes_a_system_prompt(rng), question), reply)


def write_code(rng, task, language, system):
    """Names the language in the request or the system prompt, or omits it (default Python)."""
    names_language = True
    if system and "answers in" in system:
        names_language = rng.random() < 0.3
        if names_language:
            system = SYSTEM_PROMPTS[0]
        else:
            language = "js" if "Java" in system else "py"
    elif language == "py" and rng.random() < 0.12:
        names_language = False
    question = request(rng, task, language, names_language)
    return chat_turn(with_system(system, question), answer(task, language)), language


def explain_code(rng, task, language, system):
    question = f"{rng.choice(EXPLAIN_REQUESTS)}\n\n{fenced(language, task.code(language))}"
    return chat_turn(with_system(system, question), explanation(task))


def write_docstring(rng, task, language, system):
    if not DOCSTRING.search(task.python):
        return chat_turn(request(rng, task, language), answer(task, language)), "py"
    bare = re.sub(r'\n\s*"""[^"]*"""', "", task.python)
    question = f"{rng.choice(DOCSTRING_REQUESTS)}\n\n{fenced('py', bare)}"
    reply = f"Here is the function with a docstring:\n\n{fenced('py', task.python)}"
    return chat_turn(with_system(system, question), reply), "py"


def second_turn(rng, task, language):
    roll = rng.random()
    if roll < 0.4:
        other = "js" if language == "py" else "py"
        question = rng.choice(TRANSLATE_REQUESTS).format(L=LANGUAGES[other])
        return chat_turn(question, answer(task, other))
    if roll < 0.7:
        other_task = rng.choice(TASKS)
        return chat_turn(request(rng, other_task, language), answer(other_task, language))
    if roll < 0.85:
        return chat_turn(rng.choice(EXPLAIN_AGAIN_REQUESTS), explanation(task))
    return chat_turn(rng.choice(THANKS), "You are welcome!")
