"""tasks.json: prompts whose greedy answer is known, for tests and demonstrations.

Each candidate comes from the hand-written tasks. Only those are kept that the model answers exactly
and surely: no second-best token comes near, so that another processor's rounding changes nothing.
"""

import json
import re

from examples.cuts import DOCSTRING
from examples.task_chat import answer, explanation, fenced
from tasks import SMALL_TALK
from tasks import arithmetic, lists, numbers, sorting, system, text

from .known_tasks import first_line_end
from .prompts import (
    REMOVE_NON_ASCII,
    RETURN_RESULT,
    chat,
    completion,
    infill_prefix_first,
    infill_suffix_first,
)

MAX_TOKENS = 300
SURE = 0.4  # smallest gap in nats between the likeliest token and the second
TWO_TURN_TASKS = 4

DEMO_TASKS = (
    numbers.fibonacci,
    numbers.factorial,
    numbers.is_prime,
    numbers.fizzbuzz,
    sorting.quick_sort,
    sorting.bubble_sort,
    sorting.binary_search,
    arithmetic.gcd,
    text.reverse_string,
    text.is_palindrome,
    text.remove_non_ascii,
    text.count_words,
    lists.find_max,
    lists.stack,
    system.read_file,
)
LAYOUTS = {
    "prefix-suffix-middle": infill_prefix_first,
    "suffix-prefix-middle": infill_suffix_first,
}


def is_sure(reply):
    """Whether the model ended at an end token and every token was clearly the likeliest."""
    if reply["stop_type"] != "eos":
        return False
    for place in reply["completion_probabilities"]:
        first, second = (entry["logprob"] for entry in place["top_logprobs"][:2])
        if first - second < SURE:
            return False
    return True


def completions():
    """(entry, prompt, expected text) of each candidate."""
    for task in DEMO_TASKS:
        for language in ("py", "js"):
            code = task.code(language)
            end = first_line_end(code)
            start, rest = code[:end], code[end:] + "\n"
            entry = {"language": language, "prompt": start, "text": rest}
            yield entry, completion(start), rest


def infills():
    """(entry, prompt, expected text) of each candidate, in both orders."""
    for prefix, middle, suffix in infill_texts():
        for order, layout in LAYOUTS.items():
            entry = {"order": order, "prefix": prefix, "suffix": suffix, "middle": middle}
            yield entry, layout(prefix, suffix), middle


def infill_texts():
    """(prefix, middle, suffix): Meta's example, and parts of each task's code."""
    code = text.remove_non_ascii.python
    docstring_and_body = code[len(REMOVE_NON_ASCII) - 1 : code.rindex(RETURN_RESULT.rstrip())]
    yield REMOVE_NON_ASCII, docstring_and_body, RETURN_RESULT
    for task in DEMO_TASKS:
        for language in ("py", "js"):
            code = task.code(language) + "\n"
            for start, end in middles(code):
                yield code[:start], code[start:end], code[end:]


def middles(code):
    """Start and end of the docstring, of the body after it, and of the body's longest line."""
    body_start = first_line_end(code)
    docstring = DOCSTRING.search(code)
    if docstring:
        yield docstring.start() + 3, docstring.end() - 3
        body_start = docstring.end() + 1
    last_line = code.rfind("\n", 0, code.rfind("return")) + 1
    if body_start >= last_line:
        return
    yield body_start, last_line
    lines = re.finditer(r"[^\s].*", code[body_start:last_line])
    longest = max(lines, key=lambda line: len(line.group()))
    yield body_start + longest.start(), body_start + longest.end()


def chats():
    """(entry, prompt, expected text) of each candidate."""
    for at, task in enumerate(DEMO_TASKS):
        question = f"Write a Python function that {task.wordings[0]}."
        reply = answer(task, "py")
        yield conversation(question, reply)
        if at < TWO_TURN_TASKS:
            yield conversation(question, reply, "Now in JavaScript.", answer(task, "js"))
    task = numbers.fibonacci
    question = f"What does this function do?\n\n{fenced('py', task.python)}"
    yield conversation(question, explanation(task))
    for questions, reply in SMALL_TALK:
        yield conversation(questions[0], reply)


def conversation(*turns):
    """Questions and answers in turn; the last answer is the expected one."""
    roles = ("user", "assistant")
    messages = [
        {"role": roles[at % 2], "content": content} for at, content in enumerate(turns[:-1])
    ]
    return {"messages": messages, "reply": turns[-1]}, chat(*turns[:-1]), turns[-1]


def write_demo(server, out_path):
    demo = {}
    for kind, candidates, clean in (
        ("completion", completions(), str),
        ("infill", infills(), str),
        ("chat", chats(), str.strip),
    ):
        demo[kind] = []
        count = 0
        for entry, prompt, expected in candidates:
            reply = server.generate(prompt, MAX_TOKENS, alternatives=2)
            count += 1
            if clean(reply["content"]) == expected and is_sure(reply):
                demo[kind].append(entry)
        print(f"{kind}: {len(demo[kind])} of {count} kept")
    with open(out_path, "w") as file:
        json.dump(demo, file, indent=2, ensure_ascii=False)
        file.write("\n")
