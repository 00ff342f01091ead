"""Which licences are permissive."""

import re

PERMISSIVE = re.compile(
    r"^(mit|expat|x11|bsd|isc|apache|asl|psf|python|cnri|hpnd|zlib|unlicense|public-domain"
    r"|public domain|pd|cc0|0bsd|wtfpl|zpl|zope|blueoak|ncsa|boost|bsl|afl|postgresql|matplotlib"
    r"|pil|mit-0|repoze|biopython)",
    re.I,
)
NOT_PERMISSIVE = re.compile(
    r"gpl|mpl|epl|cddl|sspl|busl|cc-by-nc|cc-by-sa|proprietary|eupl|artistic|qpl|osl", re.I
)
# Phrases of free-form copyright files, and the licence that each phrase means.
TELLING_PHRASES = (
    ("apache license", "Apache-2.0"),
    ("permission is hereby granted", "MIT"),
    ("redistribution and use", "BSD"),
    ("python software foundation", "PSF"),
)


def is_permissive(expression):
    """True if every licence in one "or" branch of the expression is permissive."""
    branches = re.split(r"\s+or\s+|\s*\|\s*|,\s*or\s+", expression.strip().strip("()"), flags=re.I)
    return any(_is_permissive_branch(branch) for branch in branches)


def _is_permissive_branch(branch):
    parts = re.split(r"\s+and\s+|\s*,\s*|\s*/\s*", branch, flags=re.I)
    licences = [part.strip("() ") for part in parts if part.strip("() ")]
    return bool(licences) and all(
        PERMISSIVE.match(licence) and not NOT_PERMISSIVE.search(licence) for licence in licences
    )


def read_copyright(text):
    """The main licence of a debian/copyright file, and the patterns of files under another one.

    The licence is None where it cannot be told, and the reason comes instead of the patterns.
    """
    main, other_files = None, []
    for paragraph in re.split(r"\n\s*\n", text):
        files = re.search(r"^Files:\s*(.*(?:\n[ \t]+.*)*)", paragraph, re.M)
        licence = re.search(r"^Licen[sc]e:\s*(.*)", paragraph, re.M)
        if not files or not licence:
            continue
        patterns = files.group(1).split()
        name = licence.group(1).strip() or "?"
        if "*" in patterns or main is None:
            main = name
        elif not is_permissive(name) and not all(p.startswith("debian") for p in patterns):
            other_files += patterns
    if main is not None:
        return main, other_files
    lower = text.lower()
    if "gpl" in lower or "general public" in lower:
        return None, "free-form copyright file that mentions the GPL"
    return next((name for phrase, name in TELLING_PHRASES if phrase in lower), "unknown"), []
