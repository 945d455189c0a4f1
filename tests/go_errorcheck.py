#!/usr/bin/env python3
"""Compares the errors of `mini check` with those that Go's own test folder asks for, and with what Go says of the same files.

Reads the `// errorcheck` files without flags of Debian's golang-1.19-src in place; nothing of them is copied. Says "skipped"
where the folder is missing.

    tests/go_errorcheck.py [--go PATH] [--mini PATH] [--compare] [-v] [--at-least PERCENT] [NAME-PART ...]

Counted are the lines with an ERROR comment on which Mini reports an error, and the lines without on which it does. With
--compare each file is also built with Go: then a good line is one where Go reports nothing (rules have changed since 1.19), and
the lines on which both give the same words are counted, too. Files that import what the library does not have, or use what
is not built yet, are left out, each with its reason under -v.
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
RECIPE = re.compile(r"^// errorcheck\s*$", re.M)
COMMENT = re.compile(r"(?://|/\*) (?:GC_)?ERROR (.*)")
MESSAGE = re.compile(r"^(?:\./)?[^\s:][^:]*:(\d+):(?:\d+:)? (.*)$")


def messages(output):
    """By line the messages, without the lines that continue them."""
    found = collections.defaultdict(list)
    for line in output.splitlines():
        match = MESSAGE.match(line)
        if match and match.group(2) != "too many errors":
            # Places inside messages without their folders.
            found[int(match.group(1))].append(re.sub(r"(?:\./|/\S*/)(\w+\.go:\d+)", r"\1", match.group(2)))
    return found


def run(command, cwd=None):
    result = subprocess.run(
        command, capture_output=True, text=True, errors="replace", cwd=cwd, timeout=TIME_LIMIT,
        env={**os.environ, "NO_COLOR": "1"},
    )
    return result.stdout + result.stderr, result.returncode


def with_go(go, path, text):
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        (folder / "go.mod").write_text("module p\ngo 1.27\n")
        (folder / path.name.replace("_test.go", "_t.go")).write_text(text)
        return messages(run([go, "build", "-gcflags=-e", "-o", str(folder / "out"), "."], folder)[0])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--go", default=os.environ.get("MINI_GO") or shutil.which("go"))
    parser.add_argument("--mini", default=str(ROOT / "target/release/mini"))
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--at-least", type=float, default=0)
    parser.add_argument("-v", action="store_true")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    if not FOLDER.is_dir() or not pathlib.Path(args.mini).exists():
        print(f"skipped: needs {FOLDER} and mini")
        return 0
    n_files = n_wanted = n_hit = n_surplus = n_broken = n_go = n_same = 0
    skipped = collections.Counter()
    for path in sorted(FOLDER.rglob("*.go")):
        short = str(path.relative_to(FOLDER))
        text = path.read_text(errors="surrogateescape")
        if not RECIPE.search(text[:400]) or ".dir/" in short:
            continue
        if args.names and not any(part in short for part in args.names):
            continue
        try:
            output, status = run([args.mini, "check", "-e", str(path)])
        except subprocess.TimeoutExpired:
            output, status = "", -1
        if status not in (0, 1):
            n_broken += 1
            print(f"{short}: status {status}\n{output[:1000]}")
        reason = re.search(r"package (\S+) is not in std|(\w[\w ]*) (?:are|is) not supported yet", output)
        if reason:
            skipped[reason.group(1) or reason.group(2)] += 1
            if args.v:
                print(f"{short}: skipped: {reason.group(0)}")
            continue
        n_files += 1
        wanted = {i for i, line in enumerate(text.split("\n"), 1) if COMMENT.search(line)}
        found = messages(output)
        good = found.keys() - wanted
        if args.compare and args.go:
            go = with_go(args.go, path, text)
            wanted &= go.keys()
            good = found.keys() - go.keys()
            for line, theirs in go.items():
                n_go += 1
                n_same += set(found.get(line, [])) == set(theirs)
                if args.v and line in found and set(found[line]) != set(theirs):
                    print(f"{short}:{line}: words {found[line]}, Go has {theirs}")
        n_wanted += len(wanted)
        n_hit += len(wanted & found.keys())
        n_surplus += len(good)
        if args.v:
            for line in sorted(wanted - found.keys()):
                print(f"{short}:{line}: missing: {text.split(chr(10))[line - 1].strip()}")
            for line in sorted(good):
                print(f"{short}:{line}: surplus {found[line]}")
    rate = 100 * n_hit / max(1, n_wanted)
    print(", ".join(f"{n} skipped ({reason})" for reason, n in skipped.most_common()))
    if n_go:
        print(f"the same words as Go on {n_same} of {n_go} lines")
    print(
        f"{n_files} files: errors on {n_hit} of {n_wanted} ERROR lines ({rate:.1f} %), "
        f"{n_surplus} good lines with errors, {n_broken} files that mini breaks at"
    )
    return int(rate < args.at_least or n_broken > 0)


if __name__ == "__main__":
    sys.exit(main())
