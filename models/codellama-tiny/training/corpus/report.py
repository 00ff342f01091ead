"""Writes CORPUS.md: the packages of the corpus and their licences."""

LANGUAGE_NAMES = {
    "py": "Python",
    "js": "JavaScript",
    "ts": "TypeScript",
    "dts": "TypeScript declarations",
    "c": "C/C++",
}
INTRODUCTION = """\
# Corpus of codellama-tiny

Only permissively licensed code (MIT, BSD, ISC, Apache-2.0, PSF and alike), taken from Debian \
bookworm's python3-* packages, npm packages, CPython's standard library and llama.cpp's own \
sources. The licence of each was read from its debian/copyright or package.json; files that \
debian/copyright puts under another, non-permissive licence were left out by path pattern, as far \
as such patterns go. Leading licence comments were stripped from the training text; this list \
keeps the attribution.

Dropped: minified, bundled and generated files, lines over 600 characters, number tables, mostly \
non-ASCII text, exact duplicates, and files of whose longer lines over 60% were seen before (near \
duplicates).
"""


def write_report(path, collector, training_files, held_out_files):
    with open(path, "w") as report:
        report.write(INTRODUCTION + "\n")
        report.write(_language_table(collector.language_bytes))
        counts = f"{training_files} training files, {held_out_files} held-out files (by hash)."
        report.write(f"\n{counts}\n\n")
        report.write(_package_table(collector))
        report.write("\n## Looked at and left out for their licence\n\n")
        for name, reason in sorted(collector.rejected.items()):
            report.write(f"- {name}: {reason}\n")


def _language_table(language_bytes):
    rows = sorted(language_bytes.items(), key=lambda row: -row[1])
    lines = ["| language | MB |", "| --- | --- |"]
    lines += [f"| {LANGUAGE_NAMES[language]} | {count / 1e6:.1f} |" for language, count in rows]
    lines.append(f"| total | {sum(language_bytes.values()) / 1e6:.1f} |")
    return "\n".join(lines) + "\n"


def _package_table(collector):
    lines = [
        "| package | version | licence | from | files kept | kB kept |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in sorted(collector.packages, key=lambda name: -collector.bytes_kept[name]):
        files = collector.files_kept[name]
        if not files:
            continue
        origin, version, licence = collector.packages[name]
        licence = str(licence).replace("|", "/")
        kilobytes = collector.bytes_kept[name] // 1000
        lines.append(f"| {name} | {version} | {licence} | {origin} | {files} | {kilobytes} |")
    return "\n".join(lines) + "\n"
