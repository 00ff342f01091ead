"""Where the files come from: source trees, Debian packages, npm packages."""

import fnmatch
import gzip
import io
import json
import os
import re
import subprocess
import sys
import tarfile

from .collector import DECLARATIONS, LANGUAGES
from .licences import is_permissive, read_copyright

NPM_PACKAGE_BYTES = 6_000_000
SKIPPED_FOLDERS = ("site-packages", "__pycache__", ".git")
# Packages contain the same code in several forms. The lowest rank, nearest to the source, wins.
FORM_RANKS = (
    ("src/", 0),
    ("source/", 0),
    ("esm", 1),
    ("es/", 1),
    ("es6/", 1),
    ("module", 2),
    ("lib/", 3),
    ("dist/", 5),
    ("cjs", 6),
    ("build/", 6),
)
OTHER_RANK, DECLARATION_RANK = 4, 9


def add_tree(collector, package, folder, about, package_bytes, is_wanted=lambda path: True):
    """Adds the files of a folder; about is (origin, version, licence)."""
    collector.packages[package] = about
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name not in SKIPPED_FOLDERS)
        for name in sorted(files):
            path = os.path.join(parent, name)
            if os.path.splitext(name)[1] not in LANGUAGES or not is_wanted(path):
                continue
            with open(path, "rb") as file:
                relative = os.path.relpath(path, folder)
                collector.consider(package, relative, file.read(), package_bytes)


def add_debian_packages(collector, folder):
    """Adds the Python files of each .deb whose debian/copyright names a permissive licence."""
    for file_name in sorted(os.listdir(folder)):
        if not file_name.endswith(".deb"):
            continue
        package, version = file_name.split("_")[:2]
        print(package, len(collector.documents), file=sys.stderr, flush=True)
        reason = _add_debian_package(
            collector, package, version.replace("%3a", ":"), os.path.join(folder, file_name)
        )
        if reason:
            collector.rejected[package] = reason


def _add_debian_package(collector, package, version, path):
    """Adds a package. Returns the reason if it does not."""
    unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", path], capture_output=True)
    try:
        archive = tarfile.open(fileobj=io.BytesIO(unpacked.stdout))
        members = [member for member in archive.getmembers() if member.isfile()]
    except Exception as error:
        return f"unreadable: {error}"
    copyright_file = next(
        (
            member
            for member in members
            if member.name.endswith("/copyright") and "/usr/share/doc/" in "/" + member.name
        ),
        None,
    )
    if not copyright_file:
        return "no copyright file in the package"
    text = archive.extractfile(copyright_file).read().decode("utf-8", "replace")
    licence, other_files = read_copyright(text)
    if licence is None:
        return other_files
    if not is_permissive(licence):
        return f"licence: {licence}"
    collector.packages[package] = ("Debian", version, licence)
    for member in members:
        name = member.name.lstrip("./")
        if not name.endswith(".py"):
            continue
        short = re.sub(r"^usr/(lib|share)/(python3(\.\d+)?/)?(dist-packages/)?", "", name)
        if any(fnmatch.fnmatch(short, "*" + pattern.lstrip("*/")) for pattern in other_files):
            continue
        collector.consider(package, short, archive.extractfile(member).read())
    return None


def add_npm_packages(collector, folder):
    """Adds the files of each .tgz whose package.json names a permissive licence."""
    for file_name in sorted(os.listdir(folder)):
        if not file_name.endswith(".tgz"):
            continue
        try:
            with gzip.open(os.path.join(folder, file_name)) as file:
                archive = tarfile.open(fileobj=io.BytesIO(file.read()))
            members = [member for member in archive.getmembers() if member.isfile()]
        except Exception as error:
            collector.rejected[file_name] = f"unreadable: {error}"
            continue
        manifest = _read_manifest(archive, members)
        if manifest is None:
            continue
        name, licence = manifest["name"], _npm_licence(manifest)
        if not is_permissive(str(licence)):
            collector.rejected[name] = f"licence: {licence}"
            continue
        collector.packages[name] = ("npm", manifest.get("version", "?"), licence)
        print(name, len(collector.documents), file=sys.stderr, flush=True)
        inside = [member for member in members if "/" in member.name]
        for member in sorted(inside, key=_form_rank):
            path = member.name.split("/", 1)[1]
            content = archive.extractfile(member).read()
            collector.consider(name, path, content, NPM_PACKAGE_BYTES)


def _read_manifest(archive, members):
    for member in members:
        if member.name.count("/") == 1 and member.name.endswith("/package.json"):
            try:
                return json.load(archive.extractfile(member))
            except ValueError:
                return None
    return None


def _npm_licence(manifest):
    licence = manifest.get("license") or (manifest.get("licenses") or [{}])[0]
    return licence.get("type", "?") if isinstance(licence, dict) else licence


def _form_rank(member):
    path = member.name.split("/", 1)[1]
    if path.endswith(DECLARATIONS):
        return DECLARATION_RANK, member.name
    ranks = (rank for part, rank in FORM_RANKS if part in path)
    return next(ranks, OTHER_RANK), member.name
