#!/usr/bin/env python3
"""Runs the tests and examples of Go's own library with Mini's library and compares with Go.

Reads the `_test.go` files in the source folder of the installed Go in place; nothing of them is kept. Says "skipped" where Go
is missing.

    tests/go_library.py [--go PATH] [--mini PATH] [--cache DIR] [--refused] [-v] [PACKAGE ...]

The test files of a package become a package of their own outside of it, which imports it with a dot where they are written as a
part of it. What needs more than exported names then does not compile with Go: such declarations are taken out, until Go
compiles the rest. Go's results for that rest, by test, are what Mini must give, too. Declarations that Mini refuses although Go
has them count with their tests as failed; `--refused` shows the errors.

docs/conformance.md lists the tests that fail, under the heading "Tests of the library": status 1 if another one does, or if one of
the list passes.
"""

import argparse
import collections
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/conformance.md"
# Seconds for a package, and for a test that is run alone.
TIME_LIMIT = 120
TIME_LIMIT_ALONE = 20
ERROR = re.compile(r"^(?:vet: )?(?:\S*/)?([^\s:/]+_test)\.(?:go|mini):(\d+)(?::\d+)?: (.*)$", re.M)
RESULT = re.compile(r"^--- (PASS|FAIL|SKIP): (\S+) ", re.M)
# Strings, runes and comments, brackets, ends of lines.
TOKEN = re.compile(r"""`[^`]*`|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|//[^\n]*|/\*.*?\*/|[\[\](){}\n]""", re.S)
UNUSED = re.compile(r'^(?:"([^"]+)" imported(?: as \w+)? and not used|could not import (\S+)|package (\S+) is not in std|use of internal package (\S+))')


def packages():
    """Import paths of the library: folders of crates/stdlib/src that hold .mini files."""
    base = ROOT / "crates/stdlib/src"
    found = {str(p.parent.relative_to(base)) for p in base.rglob("*.mini")}
    return sorted(p for p in found if "internal" not in p.split("/") and p != "syscall")


def execute(command, directory, limit=TIME_LIMIT):
    """Status and everything that was printed. Behind the limit the processes that the command has started end, too."""
    environment = {**os.environ, "NO_COLOR": "1", "GOFLAGS": "", "GO111MODULE": "on"}
    process = subprocess.Popen(
        command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env=environment, errors="replace", text=True, start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=limit)
        return process.returncode, output
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return "timeout", process.communicate()[0]


class File:
    """A test file as a list of lines, of which declarations can be taken out; the others keep their places."""

    def __init__(self, path, package):
        self.stem = path.stem
        # Go has said that it takes the file.
        text = re.sub(r"^//go:build .*", "", path.read_text(errors="replace"), flags=re.M)
        name = re.search(r"^package (\w+)", text, re.M).group(1)
        if not name.endswith("_test"):
            dot = f'; import . "{package}"'
            text = re.sub(r"^package \w+", f"package {name}_test{dot}", text, count=1, flags=re.M)
        self.lines = text.split("\n")
        self.starts = self.declarations()

    def declarations(self):
        """Number of the first line of the declaration that each line belongs to; of a group of imports each line is one."""
        inside = self.inside()
        starts, start, in_imports = [], 0, False
        for at, line in enumerate(self.lines):
            if not inside[at] or in_imports:
                start = at
            in_imports = inside[at + 1] and (in_imports or line.startswith("import ("))
            starts.append(start)
        return starts

    def inside(self):
        """Whether each line, and the end, begins within brackets, a raw string or a comment."""
        inside, depth = [False], 0
        for token in TOKEN.findall("\n".join(self.lines)):
            if token == "\n":
                inside.append(depth > 0)
            elif token in "([{":
                depth += 1
            elif token in ")]}":
                depth -= 1
            else:
                inside.extend([True] * token.count("\n"))
        return inside + [False]

    def remove(self, number):
        """Takes out the declaration of a line, counted from 1; its first line, or None if it was empty."""
        first = self.starts[number - 1]
        found = None
        for at, start in enumerate(self.starts):
            # Of imports the line alone, without the brackets around them.
            is_bracket = re.match(r"package |import \($", self.lines[at]) or (start == at and self.lines[at] == ")")
            if start == first and self.lines[at].strip() and not is_bracket:
                found = found or self.lines[at]
                self.lines[at] = ""
        return found

    def remove_import(self, path):
        for at, line in enumerate(self.lines):
            if re.match(rf'\s*(import )?([\w.]+ )?"{re.escape(path)}"', line):
                self.lines[at] = ""
            elif line.startswith("package "):
                self.lines[at] = line.replace(f'; import . "{path}"', "")

    def tests(self):
        return {m.group(1) for line in self.lines for m in [re.match(r"func ((?:Test|Example)\w*)\(", line)] if m}


class Suite:
    """The tests of one package, laid out in a folder."""

    def __init__(self, package, options, directory):
        self.package, self.options, self.directory = package, options, directory
        source = options.source / package
        parts = "{{range .TestGoFiles}}{{.}} {{end}}{{range .XTestGoFiles}}{{.}} {{end}}"
        names = execute([options.go, "list", "-f", parts, package], "/")[1].split()
        self.files = [File(source / name, package) for name in sorted(names)]
        (directory / "go.mod").write_text("module library\n\ngo 1.27\n")
        self.folder = directory / "t"
        self.folder.mkdir()
        if (source / "testdata").is_dir():
            (self.folder / "testdata").symlink_to(source / "testdata")

    def write(self, extension):
        for old in self.folder.glob("*_test.*"):
            old.unlink()
        for file in self.files:
            (self.folder / f"{file.stem}.{extension}").write_text("\n".join(file.lines))

    def reduce(self, command, extension, refused):
        """Takes out what does not compile until the rest does; errors that removed something go to `refused`."""
        for _ in range(60):
            self.write(extension)
            status, output = execute(command, self.folder)
            errors = ERROR.findall(output)
            if status == 0:
                return True
            by_stem = {file.stem: file for file in self.files}
            removed = False
            for stem, line, text in errors:
                file = by_stem.get(stem)
                unused = UNUSED.match(text)
                if file is None or int(line) > len(file.lines):
                    continue
                if unused:
                    before = list(file.lines)
                    file.remove_import(next(g for g in unused.groups() if g))
                    removed |= before != file.lines
                    continue
                first = file.remove(int(line))
                if first:
                    removed = True
                    refused.append(f"{stem}.go:{line}: {text}")
            if not removed:
                # Go names some imports by their package only.
                for path in re.findall(r"(?:use of internal package|package) (\S+) (?:not allowed|is not in std)", output):
                    for file in self.files:
                        before = list(file.lines)
                        file.remove_import(path)
                        removed |= before != file.lines
                for name in re.findall(r"relocation target \S*?\.(\w+) not defined", output):
                    for file in self.files:
                        at = next((n for n, line in enumerate(file.lines, 1) if line.startswith(f"func {name}(")), None)
                        removed |= bool(at and file.remove(at))
            if not removed:
                refused.append(f"cannot be reduced: {output[-600:]}")
                return False
        return False

    def results(self, command, names):
        """By test PASS, FAIL, SKIP, or what ended the program; tests behind the one that ended it run alone."""
        status, output = execute([*command, "-short", "-v"], self.folder)
        found = {name: result for result, name in RESULT.findall(output)}
        self.output = output
        rest = sorted(names - found.keys())
        for name in rest:
            status, output = execute([*command, "-short", "-v", "-run", f"^{name}$"], self.folder, TIME_LIMIT_ALONE)
            alone = dict((n, r) for r, n in RESULT.findall(output))
            if name in alone:
                found[name] = alone[name]
            elif status != 0:
                found[name] = "timeout" if status == "timeout" else "ended: " + next(
                    (l for l in output.splitlines() if re.match(r"panic|fatal|internal|\S+: ", l)), str(status))[:150]
            self.output += output
        return found

    def with_go(self):
        """(texts by file, results by test) of Go, kept between runs of this script."""
        digest = hashlib.sha256(pathlib.Path(__file__).read_bytes() + self.options.version.encode() + self.package.encode())
        kept = self.options.cache / ("library-" + digest.hexdigest())
        if not kept.exists():
            for file in self.files:
                for path in {p for line in file.lines for p in re.findall(r'"((?:\w+/)*internal/[\w/]+|syscall)"', line)}:
                    file.remove_import(path)
            go = self.options.go
            if not self.reduce([go, "test", "-vet=off", "-gcflags=-e", "-c", "-o", "../program", "."], "go", []):
                return None
            names = set().union(*(file.tests() for file in self.files)) if self.files else set()
            results = self.results([go, "test", "-vet=off", "."], names)
            kept.write_text(json.dumps([{file.stem: file.lines for file in self.files}, results]))
        texts, results = json.loads(kept.read_text())
        for file in self.files:
            file.lines = texts[file.stem]
        return results

    def check(self):
        """(package, tests that Go passes, failures: reason by test, errors of Mini)"""
        expected = self.with_go()
        if expected is None:
            return self.package, 0, {}, ["cannot be laid out with Go"]
        wanted = {name: result for name, result in expected.items() if result in ("PASS", "SKIP")}
        refused = []
        mini = str(self.options.mini)
        failures = {}
        if not self.reduce([mini, "test", "--list", ".", "."], "go", refused):
            return self.package, len(wanted), {name: "is not compiled" for name in wanted}, refused
        names = set().union(*(file.tests() for file in self.files)) if self.files else set()
        found = self.results([mini, "test", "."], names & set(wanted))
        for name, result in sorted(wanted.items()):
            if found.get(name) not in (result, "PASS"):
                failures[name] = found.get(name, "is not compiled" if name not in names else "says nothing")
        if self.options.v:
            print(self.output)
        return self.package, len(wanted), failures, refused


def listed():
    """Tests that docs/conformance.md lists, as `package.Test`."""
    text = DOCUMENT.read_text()
    part = text.split("## Tests of the library", 1)
    if len(part) == 1:
        return set()
    part = re.split(r"^## ", part[1], maxsplit=1, flags=re.M)[0]
    found = set()
    for package, cell in re.findall(r"^\| `([\w/]+)` \| ([^|]*`[^|]*) \|", part, re.M):
        found.update(f"{package}.{test}" for test in re.findall(r"`(\w+)`", cell))
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--go", default=os.environ.get("MINI_GO") or shutil.which("go"))
    parser.add_argument("--mini", type=lambda p: pathlib.Path(p).resolve(), default=ROOT / "target/release/mini")
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "mini-go-results")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--refused", action="store_true", help="show errors of Mini where Go compiles")
    parser.add_argument("--keep", type=pathlib.Path, help="leave the laid out packages in this folder")
    parser.add_argument("-v", action="store_true", help="show what the tests print")
    parser.add_argument("packages", nargs="*")
    options = parser.parse_args()
    if not options.go:
        print("skipped: Go is not installed")
        return 0
    options.cache.mkdir(parents=True, exist_ok=True)
    options.version = execute([options.go, "version"], "/")[1]
    options.source = pathlib.Path(execute([options.go, "env", "GOROOT"], "/")[1].strip()) / "src"

    def check(package):
        if options.keep:
            folder = options.keep / package.replace("/", "_")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            return Suite(package, options, folder.resolve()).check()
        with tempfile.TemporaryDirectory() as name:
            return Suite(package, options, pathlib.Path(name)).check()

    n_wanted = n_failed = 0
    seen, ran = set(), set()
    names = options.packages or packages()
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for package, wanted, failures, refused in pool.map(check, names):
            if not wanted and not refused:
                continue
            n_wanted, n_failed = n_wanted + wanted, n_failed + len(failures)
            print(f"{package}: {wanted - len(failures)} of {wanted}")
            ran.add(package)
            for test, reason in failures.items():
                seen.add(f"{package}.{test}")
                print(f"    {test}: {reason}")
            if options.refused:
                for text in refused:
                    print(f"    refused: {text}")
    print(f"{n_wanted - n_failed} of {n_wanted} tests pass")
    known = {name for name in listed() if name.rsplit(".", 1)[0] in ran}
    for name in sorted(seen - known):
        print(f"{name}: fails and is not in {DOCUMENT.name}")
    for name in sorted(known - seen):
        print(f"{name}: in {DOCUMENT.name}, but passes")
    return int(seen != known)


if __name__ == "__main__":
    sys.exit(main())
