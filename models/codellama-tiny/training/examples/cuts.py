"""Cuts files into pieces for training, and pieces around the middle of an infill example."""

import re

DOCSTRING = re.compile(r'"""[^"]{8,600}"""')
PYTHON_FUNCTION = re.compile(r"^([ \t]*)(?:async )?def \w+\([^\n]*\):\n", re.M)
JAVASCRIPT_FUNCTION = re.compile(
    r"^([ \t]*)(?:export |default |async |static )*(?:function\b[^\n]*|[\w$]+\([^\n]*\) )\{\n", re.M
)
LONGEST_MIDDLE = 1500  # characters
PIECE_SIZES = (900, 1800, 3000, 4500, 5800)  # characters


def block_end(text, start, indent):
    """End of the lines from `start` on that are indented deeper than `indent`."""
    position = end = start
    while position < len(text):
        line_end = text.find("\n", position)
        line_end = len(text) if line_end < 0 else line_end + 1
        line = text[position:line_end]
        if line.strip():
            if len(line) - len(line.lstrip()) <= indent:
                break
            end = line_end
        position = line_end
    return end


def choose_middle(rng, text, language):
    """Start and end of a middle: a docstring, a function's body, whole lines, or any range."""
    roll = rng.random()
    if language == "py" and roll < 0.10:
        span = docstring_text(rng, text)
        if span:
            return span
    if roll < 0.30:
        span = function_body(rng, text, language)
        if span:
            return span
    line_starts = [index + 1 for index, character in enumerate(text) if character == "\n"]
    if roll < 0.42 or len(line_starts) < 4:
        return any_span(rng, text)
    line = rng.randrange(len(line_starts) - 1)
    if roll < 0.72:
        return whole_lines(rng, text, line_starts, line)
    return from_inside_a_line(rng, line_starts, line, roll)


def docstring_text(rng, text):
    found = list(DOCSTRING.finditer(text))
    if not found:
        return None
    docstring = rng.choice(found)
    start = docstring.start() + 3
    while start < docstring.end() - 3 and text[start] in " \n":
        start += 1
    if rng.random() < 0.3:
        start = docstring.start() + 3
    return start, docstring.end() - 3 if rng.random() < 0.7 else docstring.end()


def function_body(rng, text, language):
    pattern = PYTHON_FUNCTION if language == "py" else JAVASCRIPT_FUNCTION
    found = list(pattern.finditer(text))
    if not found:
        return None
    header = rng.choice(found)
    indent = len(header.group(1))
    end = block_end(text, header.end(), indent)
    start = header.end()
    if rng.random() >= 0.4:  # after the body's indentation
        start += indent + (4 if language == "py" else 2)
    if not start < end <= start + LONGEST_MIDDLE:
        return None
    if rng.random() < 0.5:  # without the last newline
        end = max(start, end - 1)
    return start, end


def any_span(rng, text):
    start, end = sorted((rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
    if end - start > LONGEST_MIDDLE:
        end = start + rng.randrange(LONGEST_MIDDLE)
    return start, end


def whole_lines(rng, text, line_starts, line):
    last = min(line + 1 + int(rng.expovariate(0.3)), len(line_starts) - 1)
    start, end = line_starts[line], line_starts[last]
    if rng.random() < 0.5:
        while start < end and text[start] in " \t":
            start += 1
    if rng.random() < 0.5 and end > start:
        end -= 1
    return start, end


def from_inside_a_line(rng, line_starts, line, roll):
    """From inside a line to its end, to a later place in it, or to the end of a later line."""
    start, end = line_starts[line], line_starts[line + 1] - 1
    if end <= start:
        return start, start
    start = rng.randrange(start, end + 1)
    if roll < 0.86:
        return start, end
    if roll < 0.94:
        return start, rng.randrange(start, end + 1)
    last = min(line + 1 + int(rng.expovariate(0.4)), len(line_starts) - 1)
    return start, max(start, line_starts[last] - 1)


def split_file(rng, text):
    """Cuts a file at line ends. Yields each piece, and whether it is the last one of the file."""
    position, length = 0, len(text)
    while position < length:
        size = rng.choice(PIECE_SIZES)
        left = length - position
        if left <= min(6000, size * 1.4) or left < 6000 and rng.random() < 0.5:
            yield text[position:], True
            return
        end = text.find("\n\n", position + size, position + int(size * 1.2))
        if end < 0:
            end = text.find("\n", position + size)
        if end < 0:
            end = length
        yield text[position : end + 1], end + 1 >= length
        position = end + 1
        while position < length and text[position] == "\n":
            position += 1
