from dataclasses import dataclass


@dataclass
class Task:
    """A small programming task with a Python and a JavaScript solution."""

    wordings: tuple[str, ...]  # complete "a function that …"; the first is the usual one
    explanation: str  # the sentence after the code
    python: str
    javascript: str

    def __post_init__(self):
        self.python = self.python.strip("\n")
        self.javascript = self.javascript.strip("\n")

    def code(self, language: str) -> str:
        """The solution in a language, `py` or `js`."""
        return self.python if language == "py" else self.javascript
