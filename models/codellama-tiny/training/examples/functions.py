"""Chat examples from the small documented functions of the corpus."""

import ast
import re
import warnings

from tasks import SYSTEM_PROMPTS

from .tokens import chat_turn, with_system
from .wordings import LANGUAGES, REQUESTS

FENCES = {"py": "python", "js": "javascript", "ts": "typescript"}
MOST_LINES = 32
LONGEST_CODE = 1300
# Without the two wordings that name a language.
NEUTRAL_SYSTEM_PROMPTS = SYSTEM_PROMPTS[:2] + SYSTEM_PROMPTS[4:]
EXPLAIN_REQUESTS = (
    "What does this function do?",
    "Explain this code:",
    "Explain what this function does.",
)
THIRD_PERSON = {
    "return": "returns",
    "compute": "computes",
    "get": "gets",
    "set": "sets",
    "check": "checks",
    "create": "creates",
    "convert": "converts",
    "find": "finds",
    "calculate": "calculates",
    "parse": "parses",
    "remove": "removes",
    "add": "adds",
    "build": "builds",
    "generate": "generates",
    "load": "loads",
    "read": "reads",
    "write": "writes",
    "make": "makes",
    "test": "tests",
    "determine": "determines",
    "print": "prints",
    "split": "splits",
    "join": "joins",
    "yield": "yields",
    "format": "formats",
    "extract": "extracts",
    "merge": "merges",
    "update": "updates",
    "apply": "applies",
    "raise": "raises",
    "run": "runs",
    "evaluate": "evaluates",
    "construct": "constructs",
    "transform": "transforms",
    "validate": "validates",
    "encode": "encodes",
    "decode": "decodes",
}
JAVASCRIPT_HEADER = re.compile(
    r"(?:export )?(?:default )?(?:async )?function (\w+)\(.*\{$"
)


def third_person(summary):
    """Turns "Return the name." into "returns the name". None for an unknown verb."""
    words = summary.split(" ", 1)
    if len(words) < 2:
        return None
    verb, rest = words[0].lower(), words[1].rstrip(".")
    if verb in THIRD_PERSON:
        return f"{THIRD_PERSON[verb]} {rest}"
    if verb in THIRD_PERSON.values():
        return f"{verb} {rest}"
    return None


def is_usable(summary, code):
    return 15 <= len(summary) <= 110 and len(code) < LONGEST_CODE and third_person(summary)


def documented_functions(text, language):
    """(name, first line of the documentation, code) of each small documented function."""
    find = python_functions if language == "py" else javascript_functions
    return [found for found in find(text) if is_usable(found[1], found[2])]


def python_functions(text):
    if '"""' not in text:
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    lines = text.split("\n")
    for node in tree.body:
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        docstring = ast.get_docstring(node)
        if node.end_lineno - node.lineno > MOST_LINES or not docstring:
            continue
        summary = docstring.strip().split("\n")[0].strip()
        yield node.name, summary, "\n".join(lines[node.lineno - 1 : node.end_lineno])


def javascript_functions(text):
    lines = text.split("\n")
    for index, line in enumerate(lines):
        header = JAVASCRIPT_HEADER.match(line)
        if not header or index == 0 or lines[index - 1].strip() != "*/":
            continue
        following = range(index + 1, min(index + MOST_LINES, len(lines)))
        end = next((at for at in following if lines[at] == "}"), None)
        preceding = range(index - 2, max(index - 25, -1), -1)
        comment = next((at for at in preceding if lines[at].strip().startswith("/**")), None)
        if end is None or comment is None:
            continue
        first_line = lines[comment].strip()[3:].strip()
        summary = first_line or lines[comment + 1].strip().lstrip("* ").strip()
        yield header.group(1), summary, "\n".join(lines[index : end + 1])


def function_example(rng, function, language):
    """A request for the function, for its explanation or for its documentation."""
    name, summary, code = function
    purpose = third_person(summary)
    roll = rng.random()
    system = rng.choice(NEUTRAL_SYSTEM_PROMPTS) if rng.random() < 0.2 else None
    if roll < 0.55:
        question, reply = write_function(rng, name, purpose, code, language)
    elif roll < 0.85:
        question = f"{rng.choice(EXPLAIN_REQUESTS)}\n\n{fenced(language, bare(code, language))}"
        reply = f"This code {purpose}."
    else:
        request = "Write a one-line docstring for this function:"
        question = f"{request}\n\n{fenced(language, bare(code, language))}"
        reply = f'"""{summary}"""' if language == "py" else f"/** {summary} */"
    return chat_turn(with_system(system, question), reply)


def write_function(rng, name, purpose, code, language):
    language_name = LANGUAGES[language]
    if rng.random() < 0.7:
        question = rng.choice(REQUESTS).format(L=language_name, w=purpose)
    else:
        question = f"Write a {language_name} function `{name}` that {purpose}."
    reply = f"Here is a {language_name} function that {purpose}:\n\n{fenced(language, code)}"
    return question, reply


def fenced(language, code):
    return f"```{FENCES[language]}\n{code}\n```"


def bare(code, language):
    """The code without its docstring."""
    if language != "py":
        return code
    return re.sub(r'\n\s*r?"""(?:(?!""")[\s\S])*"""', "", code, count=1)
