#!/usr/bin/env python3
"""Compares what Mini says of storage (`-gcflags=-m`) with Go, over the escape tests of Go's own test folder.

Reads Debian's golang-1.19-src in place; nothing of it is copied. Says "skipped" where the folder or Go is missing.

    tests/go_escape.py [--go PATH] [--mini PATH] [-v] [NAME-PART ...]

Two counts a file: how many of the file's ERROR patterns Mini satisfies, and how many lines of Go's own output (position and
words) Mini gives. Functions that use `unsafe` or another package that Mini lacks are blanked out first. Exits with 1 if the
patterns' rate over all files is below --at-least.
"""

import argparse
import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = pathlib.Path("/usr/share/go-1.19/test")
TIME_LIMIT = 60
LINE = re.compile(r"^(?:\./|.*/)?main\.(?:go|mini):(\d+):(\d+): (.*)$")
# What Go says that is not about storage.
OTHER = re.compile(r"^(can inline|cannot inline|inlining call|devirtualizing|index bounds|live at)")


def packages():
    base = ROOT / "crates/stdlib/src"
    return {str(p.parent.relative_to(base)) for p in base.rglob("*.mini")}


def adapt(text, known):
    """The file as a main package without the functions that Mini cannot have. Lines stay where they are."""
    imports = []

    def note(match):
        imports.extend(re.findall(r'"([^"]+)"', match.group(0)))
        return match.group(0)

    re.sub(r'^import\s*\((.*?)^\)|^import .*$', note, text, flags=re.S | re.M)
    missing = [path for path in imports if path not in known]
    # Functions without bodies are the library's alone, in Mini.
    bodiless = re.findall(r"^func (\w+)\([^{]*$", text, re.M)
    text = re.sub(r"^func \w+\([^{\n]*$", "", text, flags=re.M)
    out = []
    for chunk in re.split(r"(?m)^(?=func |var |type |import )", text):
        body, brace, rest = chunk, "", ""
        if chunk.startswith("func ") and "\n}\n" in chunk:
            body, rest = chunk.split("\n}\n", 1)
            brace = "\n}\n"
        uses = any(re.search(rf"\b{path.split('/')[-1]}\.", body) for path in missing)
        uses |= any(re.search(rf"\b{name}\(", body) for name in bodiless)
        if uses and not chunk.startswith("import"):
            out.append("\n" * (body + brace).count("\n") + rest)
        else:
            out.append(chunk)
    text = "".join(out)
    used = "".join(re.sub(r'(?s)^import\s*\(.*?^\)|^import .*?$', "", text, flags=re.M))
    for path in imports:
        if path in missing or not re.search(rf"\b{path.split('/')[-1]}\.", used):
            text = re.sub(rf'^(\s*)(import\s+)?"{re.escape(path)}"\s*$', r"\1", text, flags=re.M)
    text = re.sub(r"^import \(\s*\)", lambda m: "\n" * m.group(0).count("\n"), text, flags=re.M)
    text = re.sub(r"^package \w+", "package main", text, flags=re.M)
    if not re.search(r"^func main\(", text, re.M):
        text += "\nfunc main() {}\n"
    return text


def lines_of(output):
    found = []
    for line in output.splitlines():
        match = LINE.match(line)
        if match:
            found.append((int(match.group(1)), int(match.group(2)), match.group(3)))
    return found


def execute(command, directory, **more):
    try:
        done = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT, **more)
        return done.stdout.decode(errors="replace") + done.stderr.decode(errors="replace")
    except subprocess.TimeoutExpired:
        return "timeout"


def patterns(text):
    """(line, pattern) of each `// ERROR "…"`."""
    for number, line in enumerate(text.split("\n"), 1):
        match = re.search(r"// ERROR (.*)$", line)
        if match:
            for quoted in re.findall(r'"((?:[^"\\]|\\.)*)"|`([^`]*)`', match.group(1)):
                yield number, quoted[0] or quoted[1]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--go", default=os.environ.get("GO", "go"))
    parser.add_argument("--mini", default=str(ROOT / "target/debug/mini"))
    parser.add_argument("--at-least", type=float, default=0.0, help="least rate of patterns, in percent")
    parser.add_argument("-v", action="store_true", help="show what differs")
    parser.add_argument("parts", nargs="*")
    options = parser.parse_args()
    if not FOLDER.is_dir():
        print("skipped: no", FOLDER)
        return 0
    go = shutil.which(options.go)
    known = packages()
    totals = collections.Counter()
    for path in sorted(FOLDER.glob("escape*.go")):
        text = path.read_text()
        header = text.split("\n", 1)[0]
        if not header.startswith("// errorcheck") or " -N" in header:
            continue
        if options.parts and not any(part in path.name for part in options.parts):
            continue
        flags = "-m -l" if "-l" in header else "-m"
        adapted = adapt(text, known)
        with tempfile.TemporaryDirectory() as directory:
            directory = pathlib.Path(directory)
            # An assembly file lets functions be without bodies.
            for name, content in [("main.go", adapted), ("main.mini", adapted), ("a.s", "")]:
                (directory / name).write_text(content)
            raw = execute([options.mini, "build", f"-gcflags={flags}", "main.mini"], directory)
            everything = lines_of(raw)
            mini = [line for line in everything if not OTHER.match(line[2])]
            theirs = None
            if go:
                environment = dict(os.environ, GO111MODULE="off", GOFLAGS="")
                command = [go, "build", f"-gcflags={flags}", "-o", os.devnull, "."]
                output = execute(command, directory, env=environment)
                theirs = [line for line in lines_of(output) if not OTHER.match(line[2])]
        wanted = list(patterns(adapted))
        by_line = collections.defaultdict(list)
        for line, _, message in everything:
            by_line[line].append(message)
        missed = [(n, p) for n, p in wanted if not any(re.search(p, m) for m in by_line[n])]
        result = f"{path.name:28} patterns {len(wanted) - len(missed):4}/{len(wanted):<4}"
        totals["met"] += len(wanted) - len(missed)
        totals["wanted"] += len(wanted)
        if theirs is not None:
            ours, go_lines = collections.Counter(mini), collections.Counter(theirs)
            same = sum((ours & go_lines).values())
            extra = sum((ours - go_lines).values())
            result += f"  lines {same:4}/{len(theirs):<4} extra {extra}"
            totals["same"] += same
            totals["lines"] += len(theirs)
            totals["extra"] += extra
        if not mini:
            result += "  mini: " + (raw.strip().split("\n")[0] if raw.strip() else "says nothing")
        print(result)
        if options.v:
            if theirs is not None:
                for sign, difference in [("-", go_lines - ours), ("+", ours - go_lines)]:
                    for line, column, message in sorted(difference.elements()):
                        print(f"    {sign} {line}:{column}: {message}")
            else:
                for number, pattern in missed:
                    print(f"    - {number}: {pattern}")
    rate = 100 * totals["met"] / max(totals["wanted"], 1)
    print(f"patterns {totals['met']}/{totals['wanted']} ({rate:.1f} %)", end="")
    if totals["lines"]:
        print(f", lines {totals['same']}/{totals['lines']} ({100 * totals['same'] / totals['lines']:.1f} %), {totals['extra']} extra")
    else:
        print(", no Go to compare lines with")
    return 0 if rate >= options.at_least else 1


if __name__ == "__main__":
    sys.exit(main())
