#!/usr/bin/env python3
"""Compares what `mini check` reports with what Go's type checker must report, over the checker's own test data.

Reads internal/types/testdata of the installed Go in place; nothing of it is copied. Says "skipped" where Go is missing.

    tests/go_types_testdata.py [--go PATH] [--mini PATH] [-v] [--at-least PERCENT] [NAME-PART ...]

A comment `ERROR "text"` (or `ERRORx "regexp"`) asks for an error that contains the text, on the line of the token before the
comment. Counted are the comments whose error is reported on their line, and the lines with errors that nobody asked for. The
test data goes on after syntax errors, Go's compiler does not: of a file with such errors only those lines count that Go's
compiler reports.
Files whose first line sets flags (an older language, an experiment), folders of several files, and files that use what the
library does not have are left out, each with its reason under -v.
"""

import argparse
import ast
import collections
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
TIME_LIMIT = 20
TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<token>`[^`]*`|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|\w+|.)""",
    re.S | re.X,
)
ERROR = re.compile(r"^ (ERRORx?) (.*)$", re.S)
MESSAGE = re.compile(r"^(?:[^\s:][^:]*:)(\d+):(?:(\d+):)? (.*)$")
# Defined by Go's tests besides what the language declares.
HELPERS = "func assert(b bool) bool { return b }\nfunc trace(...any) {}\n"


def unquote(text):
    text = text.strip()
    if text.startswith("`"):
        return text[1 : text.index("`", 1)]
    match = re.match(r'"(?:\\.|[^"\\])*"', text)
    return ast.literal_eval("b" + match.group(0)).decode() if match.group(0).isascii() else ast.literal_eval(match.group(0))


def expected(source):
    """By line the patterns that errors on it must match."""
    wanted = collections.defaultdict(list)
    line, last = 1, 0
    for match in TOKEN.finditer(source):
        text = match.group(0)
        if match.lastgroup == "comment":
            body = text[2:-2] if text.startswith("/*") else text[2:]
            error = ERROR.match(body)
            if error:
                pattern = unquote(error.group(2))
                wanted[last].append(pattern if error.group(1) == "ERRORx" else re.escape(pattern))
        elif match.lastgroup == "token":
            last = line
        line += text.count("\n")
    return wanted


def reported(output, name):
    """By line the messages, each with the lines that continue it."""
    found = collections.defaultdict(list)
    last = None
    for text in output.splitlines():
        match = MESSAGE.match(text)
        if match and not text.startswith(("\t", " ")):
            last = found[int(match.group(1))] if name in text.split(":")[0] else []
            last.append(match.group(3))
        elif last:
            last[-1] += "\n" + text
    return found


def reason_to_skip(path, source):
    if path.is_dir():
        return "a folder of several files"
    first = source.split("\n", 1)[0]
    if re.match(r"//\s*-", first):
        return f"flags: {first[2:].strip()}"
    if re.search(r"^//go:build ", source, re.M):
        return "a language version of its own"
    if re.search(r'^import .*"C"|^\s*"C"$', source, re.M):
        return "cgo"
    return None


def check(mini, path, source, scratch):
    name = path.name
    # As the value of a constant, assert is what it asserts.
    source = re.sub(r"(=\s*)assert\(", r"\1      (", source)
    target = scratch / name
    files = [target]
    target.write_text(source)
    if re.search(r"\b(assert|trace)\(", source) and not re.search(r"^func (assert|trace)\b", source, re.M):
        package = re.search(r"^\s*package\s+(\w+)", source, re.M)
        helper = scratch / "helper_of_tests.go"
        helper.write_text(f"package {package.group(1) if package else 'p'}\n{HELPERS}")
        files.append(helper)
    result = subprocess.run(
        [mini, "check", "-e", *map(str, files)],
        capture_output=True,
        text=True,
        errors="replace",
        timeout=TIME_LIMIT,
        env={**os.environ, "NO_COLOR": "1"},
    )
    return result.stdout + result.stderr, result.returncode


def lines_of_go(go, path, source):
    """The lines on which Go's compiler reports errors."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        (folder / "go.mod").write_text("module p\ngo 1.27\n")
        (folder / path.name.replace("_test.go", ".go")).write_text(source)
        result = subprocess.run(
            [go, "build", "-gcflags=-e", "-o", str(folder / "out"), "."],
            capture_output=True, text=True, cwd=folder, timeout=120,
        )
        return {int(line) for line in re.findall(r"^\./[^:]*:(\d+):", result.stderr, re.M)}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--go", default=os.environ.get("MINI_GO") or shutil.which("go"))
    parser.add_argument("--mini", default=str(ROOT / "target/release/mini"))
    parser.add_argument("--at-least", type=float, default=0)
    parser.add_argument("-v", action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    if not args.go or not pathlib.Path(args.mini).exists():
        print("skipped: needs go and mini")
        return 0
    root = subprocess.run([args.go, "env", "GOROOT"], capture_output=True, text=True).stdout.strip()
    folder = pathlib.Path(root) / "src/internal/types/testdata"
    if not folder.is_dir():
        print(f"skipped: {folder} is not there")
        return 0
    n_files = n_wanted = n_matched = n_surplus = n_broken = n_behind = 0
    skipped = collections.Counter()
    for path in sorted(folder.glob("*/*")):
        short = str(path.relative_to(folder))
        if args.names and not any(part in short for part in args.names):
            continue
        source = "" if path.is_dir() else path.read_text(errors="surrogateescape")
        reason = reason_to_skip(path, source)
        if not reason:
            try:
                with tempfile.TemporaryDirectory() as scratch:
                    output, status = check(args.mini, path, source, pathlib.Path(scratch))
            except subprocess.TimeoutExpired:
                output, status = "", -1
            if status not in (0, 1):
                n_broken += 1
                print(f"{short}: status {status}\n{output[:2000]}")
            missing = re.search(r"package (\S+) is not in std", output)
            if missing:
                reason = f"imports {missing.group(1)}"
        if reason:
            skipped[reason.split(":")[0]] += 1
            if args.v:
                print(f"{short}: skipped: {reason}")
            continue
        n_files += 1
        wanted, found = expected(source), reported(output, path.name)
        if ": syntax error: " in output:
            left = lines_of_go(args.go, path, source)
            n_behind += sum(len(patterns) for line, patterns in wanted.items() if line not in left)
            wanted = {line: patterns for line, patterns in wanted.items() if line in left}
        for line, patterns in wanted.items():
            left = list(found.get(line, []))
            for pattern in patterns:
                n_wanted += 1
                # Go prints a message once a line.
                messages = left + found.get(line, [])
                match = next((text for text in messages if re.search(pattern, text)), None)
                if match is None:
                    if args.v:
                        print(f"{short}:{line}: want {pattern!r}, have {found.get(line, [])}")
                    continue
                if match in left:
                    left.remove(match)
                n_matched += 1
        for line, messages in found.items():
            if line not in wanted:
                n_surplus += 1
                if args.v:
                    print(f"{short}:{line}: surplus {messages}")
    rate = 100 * n_matched / max(1, n_wanted)
    print(", ".join(f"{n} skipped ({reason})" for reason, n in skipped.most_common()))
    print(
        f"{n_files} files: {n_matched} of {n_wanted} errors on their line ({rate:.1f} %), "
        f"{n_surplus} good lines with errors, {n_broken} files that mini breaks at, "
        f"{n_behind} errors behind syntax errors"
    )
    return int(rate < args.at_least or n_broken > 0)


if __name__ == "__main__":
    sys.exit(main())
