#!/usr/bin/env python3
"""Compares what `mini check` reports with what Go's type checker must report, over the checker's own test data.

Reads internal/types/testdata of the installed Go in place; nothing of it is copied. Says "skipped" where Go is missing.

    tests/go_types_testdata.py [--go PATH] [--mini PATH] [--compare] [-v] [NAME-PART ...]

A comment `ERROR "text"` (or `ERRORx "regexp"`) asks for an error that contains the text, on the line of the token before the
comment. Counted are the comments whose error is reported on their line, and the lines with errors that nobody asked for. The
test data goes on after syntax errors, Go's compiler does not; there, and wherever else Mini does otherwise, Go's compiler is
asked (go_errors.py).
Files whose first line sets flags (an older language, an experiment), folders of several files, and files that use what the
library does not have are left out, each with its reason under -v.
"""

import ast
import collections
import pathlib
import re
import subprocess
import sys

import go_errors

TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<comment>//[^\n]*|/\*.*?\*/)
      | (?P<token>`[^`]*`|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|\w+|.)""",
    re.S | re.X,
)
ERROR = re.compile(r"^ (ERRORx?) (.*)$", re.S)
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


def with_helpers(path, source):
    """The source and what Go's tests define besides the language."""
    # As the value of a constant, assert is what it asserts.
    source = re.sub(r"(=\s*)assert\(", r"\1      (", source)
    # Go leaves files with the end of a test's name out.
    sources = {path.name.replace("_test.go", "_t.go"): source}
    if re.search(r"\b(assert|trace)\(", source) and not re.search(r"^func (assert|trace)\b", source, re.M):
        package = re.search(r"^\s*package\s+(\w+)", source, re.M)
        sources["helper_of_tests.go"] = f"package {package.group(1) if package else 'p'}\n{HELPERS}"
    return sources


def main():
    args = go_errors.arguments(__doc__.split("\n", 1)[0])
    if not args.go or not pathlib.Path(args.mini).exists():
        print("skipped: needs go and mini")
        return 0
    root = subprocess.run([args.go, "env", "GOROOT"], capture_output=True, text=True).stdout.strip()
    folder = pathlib.Path(root) / "src/internal/types/testdata"
    if not folder.is_dir():
        print(f"skipped: {folder} is not there")
        return 0
    suite = go_errors.Suite("testdata", args)
    for path in sorted(folder.glob("*/*")):
        short = str(path.relative_to(folder))
        if args.names and not any(part in short for part in args.names):
            continue
        source = "" if path.is_dir() else path.read_text(errors="surrogateescape")
        reason = reason_to_skip(path, source)
        if reason:
            suite.skip(short, reason)
        else:
            suite.check(short, with_helpers(path, source), expected(source))
    return suite.report()


if __name__ == "__main__":
    sys.exit(main())
