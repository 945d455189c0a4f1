#!/usr/bin/env python3
"""Compares the errors of `mini check` with those that Go's own test folder asks for, and with what Go says of the same files.

Reads the `// errorcheck` files without flags of Debian's golang-1.19-src in place; nothing of them is copied. Says "skipped"
where the folder is missing.

    tests/go_errorcheck.py [--go PATH] [--mini PATH] [--compare] [-v] [NAME-PART ...]

Counted are the lines with an ERROR comment on which Mini reports an error, whatever its words, and the lines without on which
it does. Files that import what the library does not have, or use what is not built yet, are left out. How deviations are
judged is said in go_errors.py.
"""

import pathlib
import re
import sys

import go_errors

FOLDER = pathlib.Path("/usr/share/go-1.19/test")
RECIPE = re.compile(r"^// errorcheck\s*$", re.M)
COMMENT = re.compile(r"(?://|/\*) (?:GC_)?ERROR (.*)")


def main():
    args = go_errors.arguments(__doc__.split("\n", 1)[0])
    if not FOLDER.is_dir() or not pathlib.Path(args.mini).exists():
        print(f"skipped: needs {FOLDER} and mini")
        return 0
    suite = go_errors.Suite("test", args)
    for path in sorted(FOLDER.rglob("*.go")):
        short = str(path.relative_to(FOLDER))
        text = path.read_text(errors="surrogateescape")
        if not RECIPE.search(text[:400]) or ".dir/" in short:
            continue
        if args.names and not any(part in short for part in args.names):
            continue
        patterns = {i: [""] for i, line in enumerate(text.split("\n"), 1) if COMMENT.search(line)}
        suite.check(short, {path.name: text}, patterns)
    return suite.report()


if __name__ == "__main__":
    sys.exit(main())
