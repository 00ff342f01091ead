"""Files and time."""

from .task import Task

read_file = Task(
    wordings=(
        "reads a file and returns its contents",
        "reads a file",
        "reads a text file",
        "opens a file and reads it",
    ),
    explanation="It opens the file and returns the whole text.",
    python='''
def read_file(path: str) -> str:
    """Read a text file and return its contents."""
    with open(path, "r", encoding="utf-8") as f:
        return f.read()
''',
    javascript='''
const fs = require('fs');

function readFile(path) {
  return fs.readFileSync(path, 'utf8');
}
''',
)

read_lines = Task(
    wordings=(
        "reads the lines of a file",
        "reads a file line by line",
    ),
    explanation="It strips the newline from each line.",
    python='''
def read_lines(path: str) -> list:
    """Return the lines of a text file as a list."""
    with open(path, "r", encoding="utf-8") as f:
        return [line.rstrip("\\n") for line in f]
''',
    javascript='''
const fs = require('fs');

function readLines(path) {
  return fs.readFileSync(path, 'utf8').split('\\n');
}
''',
)

write_file = Task(
    wordings=(
        "writes text to a file",
        "writes a string to a file",
    ),
    explanation="It opens the file for writing and writes the text.",
    python='''
def write_file(path: str, text: str) -> None:
    """Write text to a file."""
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
''',
    javascript='''
const fs = require('fs');

function writeFile(path, text) {
  fs.writeFileSync(path, text, 'utf8');
}
''',
)

load_json = Task(
    wordings=(
        "parses a JSON file",
        "loads a JSON file",
        "reads a JSON file",
    ),
    explanation="It opens the file and parses the JSON in it.",
    python='''
import json


def load_json(path: str):
    """Load a JSON file and return its data."""
    with open(path, "r", encoding="utf-8") as f:
        return json.load(f)
''',
    javascript='''
const fs = require('fs');

function loadJson(path) {
  return JSON.parse(fs.readFileSync(path, 'utf8'));
}
''',
)

wait = Task(
    wordings=(
        "waits for a number of seconds",
        "sleeps for a while",
    ),
    explanation="It pauses for the given time.",
    python='''
import time


def wait(seconds: float) -> None:
    """Wait for a number of seconds."""
    time.sleep(seconds)
''',
    javascript='''
function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
''',
)
