"""What the scripts that compare compile errors share: running Mini and Go on a file, errors by line, and known deviations.

Both scripts have files whose comments say which errors are wanted on which lines. Where Mini does otherwise, Go itself is
asked about the file: a line on which both say the same is right, whatever the comment says (rules have changed since it was
written, or the comment speaks of another checker). What is left must stand in a table of docs/conformance.md, under the
heading "Compile errors":

    | `suite/file.go` | 12, 20-31 | the reason |

A deviation that is not in the table, and a line of the table where there is none, make the script fail.
"""

import argparse
import collections
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs/conformance.md"
TIME_LIMIT = 60
MESSAGE = re.compile(r"^(?:\./)?([^\s:][^:]*):(\d+):(?:\d+:)? (.*)$")
NOT_THERE = re.compile(r"package (\S+) is not in std|(\w[\w ]*) (?:are|is) not supported yet")


def arguments(description):
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--go", default=os.environ.get("MINI_GO") or shutil.which("go"))
    parser.add_argument("--mini", default=str(ROOT / "target/release/mini"))
    parser.add_argument("--compare", action="store_true", help="ask Go about every file, and count equal words")
    parser.add_argument("-v", action="store_true", help="print each deviation, and why files are left out")
    parser.add_argument("names", nargs="*", help="only files whose names contain one of these")
    return parser.parse_args()


def by_line(output, name):
    """By line the messages about a file, each with the lines that continue it."""
    found = collections.defaultdict(list)
    last = None
    for text in output.splitlines():
        match = MESSAGE.match(text)
        if match and match.group(3) != "too many errors":
            is_here = pathlib.PurePath(match.group(1)).name == name
            last = found[int(match.group(2))] if is_here else []
            # Places inside messages without their folders.
            last.append(re.sub(r"(?:\./|/\S*/)(\w+\.go:\d+)", r"\1", match.group(3)))
        elif last and text.startswith(("\t", " ")):
            last[-1] += "\n" + re.sub(r"(?:\./|/\S*/)(\w+\.go:\d+)", r"\1", text)
    return dict(found)


def run(command, cwd):
    try:
        result = subprocess.run(
            command, capture_output=True, text=True, errors="replace", cwd=cwd, timeout=TIME_LIMIT,
            env={**os.environ, "NO_COLOR": "1"},
        )
    except subprocess.TimeoutExpired:
        return "", -1
    return result.stdout + result.stderr, result.returncode


class Suite:
    """Counts what is wanted, what is found, and what differs."""

    def __init__(self, name, args):
        self.name, self.args = name, args
        self.n_files = self.n_wanted = self.n_met = self.n_as_go = self.n_broken = self.n_lines = self.n_same = 0
        self.skipped = collections.Counter()
        # Wanted and missing, and on good lines: file and line with what is said there.
        self.missing, self.surplus = {}, {}

    def skip(self, file, reason):
        self.skipped[reason.split(":")[0]] += 1
        if self.args.v:
            print(f"{file}: skipped: {reason}")

    def check(self, file, sources, patterns):
        """Compares the errors in the first of `sources`, texts by their names, with patterns by line."""
        name = next(iter(sources))
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            for source, text in sources.items():
                (folder / source).write_text(text, errors="surrogateescape")
            output, status = run([self.args.mini, "check", "-e", *sources], folder)
        if status not in (0, 1):
            self.n_broken += 1
            print(f"{file}: status {status}\n{output[:1000]}")
        absent = NOT_THERE.search(output)
        if absent:
            self.skip(file, absent.group(1) or absent.group(2))
            return
        self.n_files += 1
        found = by_line(output, name)
        missing = {line: wanted for line, wanted in patterns.items() if not all_met(wanted, found.get(line, []))}
        surplus = found.keys() - patterns.keys()
        go = {}
        if self.args.go and (missing or surplus or self.args.compare):
            go = self.with_go(sources, name)
        for line, wanted in patterns.items():
            self.n_wanted += len(wanted)
            if line not in missing:
                self.n_met += len(wanted)
            elif set(found.get(line, [])) == set(go.get(line, [])):
                self.n_as_go += len(wanted)
            else:
                self.missing[file, line] = f"want {wanted}, have {found.get(line, [])}, Go has {go.get(line, [])}"
        for line in surplus:
            if line not in go:
                self.surplus[file, line] = f"surplus {found[line]}"
        for line, theirs in go.items():
            self.n_lines += 1
            self.n_same += set(theirs) == set(found.get(line, []))
            if self.args.v and set(theirs) != set(found.get(line, [])) and (file, line) not in self.missing:
                print(f"{file}:{line}: words {found.get(line, [])}, Go has {theirs}")

    def with_go(self, sources, name):
        with tempfile.TemporaryDirectory() as scratch:
            folder = pathlib.Path(scratch)
            (folder / "go.mod").write_text("module p\ngo 1.27\n")
            for source, text in sources.items():
                (folder / source.replace("_test.go", "_t.go")).write_text(text, errors="surrogateescape")
            output, _ = run([self.args.go, "build", "-gcflags=-e", "-o", str(folder / "out"), "."], folder)
            return by_line(output, name.replace("_test.go", "_t.go"))

    def report(self):
        """Prints what was counted; the exit status."""
        known = known_deviations(self.name)
        seen = self.missing | self.surplus
        is_wanted = lambda file: not self.args.names or any(part in file for part in self.args.names)
        unknown = sorted(seen.keys() - known)
        gone = sorted((file, line) for file, line in known - seen.keys() if is_wanted(file))
        for file, line in sorted(seen) if self.args.v else unknown:
            print(f"{file}:{line}: {seen[file, line]}")
        for file, line in gone:
            print(f"{file}:{line}: in {DOCUMENT.name}, but as Go has it")
        print(", ".join(f"{n} skipped ({reason})" for reason, n in self.skipped.most_common()))
        print(
            f"{self.n_files} files: {self.n_met} of {self.n_wanted} errors on their line, {self.n_as_go} more as Go itself "
            f"reports them, {len(self.missing)} lines with missing or other errors, {len(self.surplus)} good lines with errors, "
            f"{self.n_broken} files that mini breaks at"
        )
        if self.args.compare:
            print(f"the same words as Go on {self.n_same} of {self.n_lines} lines")
        print(f"{len(unknown)} deviations that {DOCUMENT.name} does not list, {len(gone)} listed that are none")
        return int(bool(unknown or gone or self.n_broken))


def all_met(patterns, messages):
    """Whether each pattern has a message of its own; Go prints a message once a line, so one may serve twice."""
    return all(any(re.search(pattern, text) for text in messages) for pattern in patterns)


def known_deviations(suite):
    """The file and line of each deviation that the document lists for a suite."""
    found = set()
    text = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    section = re.search(r"^## Compile errors$(.*?)(?=^## |\Z)", text, re.M | re.S)
    for row in re.finditer(r"^\| `(\w+)/(\S+)` \| ([\d, -]+) \|", section.group(1) if section else "", re.M):
        if row.group(1) != suite:
            continue
        for part in row.group(3).split(","):
            first, _, last = part.strip().partition("-")
            found |= {(row.group(2), line) for line in range(int(first), int(last or first) + 1)}
    return found
