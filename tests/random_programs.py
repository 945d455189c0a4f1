#!/usr/bin/env python3
"""Compares Mini with Go on random programs.

    tests/random_programs.py [--count N] [--batch N] [--seed S] [--mini PATH] [--go PATH] [--keep DIR] [--modes]

Each program is generated from one seed by the modules of tests/randomgo: type declarations, functions, methods, closures,
control flow, numbers of all widths, constants, slices, arrays, maps, strings, pointers, interfaces, embedding, defer and recover,
goroutines, channels, generics, loops over functions. It ends by construction: loops are counted, and a supply of fuel bounds calls.
Run-time panics are part of the game: they are recovered and printed. What the specification leaves open is left out: the order
of map iteration (keys are sorted), variables changed by a call in the same expression, floats converted to integers out of range.

Several programs share a file, so that Go is started once for all of them; the last one also ends the process in its own way, of
which status and message are compared. A file that differs is taken apart, and the program that differs is written to the
folder of --keep. Says "skipped" where Go is missing.
"""
import argparse
import hashlib
import os
import pickle
import re
import shutil
import subprocess
import sys
import tempfile

from randomgo import program

MODES = [{}, {"MINIDEBUG": "stackmove=1"}, {"MINIDEBUG": "gcstress=50"}, {"MINIDEBUG": "heapall=1"}]


def run(command, env=None, cwd=None, timeout=30):
    try:
        done = subprocess.run(command, capture_output=True, timeout=timeout, env=env, cwd=cwd)
        return done.returncode, done.stdout, done.stderr.decode(errors="replace")
    except subprocess.TimeoutExpired:
        return "timeout", b"", ""


def last_words(stderr):
    """What a dying program says in front of its traces, addresses made equal."""
    text = re.split(r"^(?:goroutine \d+ |runtime stack:|\[signal )", stderr, maxsplit=1, flags=re.M)[0]
    return re.sub(r"0x[0-9a-f]{6,}", "0xADDRESS", text).strip()


def first_difference(expected, found):
    """Says where two runs differ, or None."""
    if found[:2] == expected[:2] and last_words(found[2]) == last_words(expected[2]):
        return None
    want, got = expected[1].decode(errors="replace").splitlines(), found[1].decode(errors="replace").splitlines()
    at = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), min(len(want), len(got)))
    return (f"status {expected[0]} and {found[0]}; line {at + 1}: go {want[at:at + 1]} mini {got[at:at + 1]}"
            f" last words: go {last_words(expected[2])[:300]!r} mini {last_words(found[2])[:400]!r}")


def run_go(work, source, args):
    """What the program does when Go runs it, kept in the folder of --cache; or the words with which Go refuses it."""
    kept = None
    if args.cache:
        with open(source, "rb") as f:
            kept = os.path.join(args.cache, hashlib.sha256(f.read()).hexdigest()[:24])
        if os.path.exists(kept):
            with open(kept, "rb") as f:
                return pickle.load(f)
    env = dict(os.environ, GO111MODULE="on", GOFLAGS="-mod=mod", GOPROXY="off", GOGC="800")
    status, _, err = run([args.go, "build", "-gcflags=-e " + args.gcflags, "-ldflags=-s -w", "-o", "prog", "."], env, work, 600)
    expected = run([os.path.join(work, "prog")]) if status == 0 else "go refuses: " + err[:600]
    if kept:
        os.makedirs(args.cache, exist_ok=True)
        with open(kept, "wb") as f:
            pickle.dump(expected, f)
    return expected


def compare(work, seeds, args):
    """None if Go and Mini agree on the programs of these seeds, else what differs."""
    source = os.path.join(work, "main.go")
    program.write(source, seeds, args.without.split(","))
    expected = run_go(work, source, args)
    if isinstance(expected, str):
        return expected
    if len(seeds) > 1 and "main.guard(" in expected[2]:
        return "a program ends the process before the last one"
    mini = os.path.join(work, "main.mini")
    shutil.copy(source, mini)
    for mode in MODES if args.modes else MODES[:1]:
        difference = first_difference(expected, run([args.mini, "run", mini], dict(os.environ, **mode)))
        if difference:
            return f"{mode or ''} {difference}"
    return None


def differing(work, seeds, args):
    """The programs of these seeds that differ, each alone if it differs alone, with what differs."""
    why = compare(work, seeds, args)
    if not why:
        return []
    if len(seeds) == 1:
        return [(seeds, why)]
    half = len(seeds) // 2
    found = differing(work, seeds[:half], args) + differing(work, seeds[half:], args)
    return found if found or why.startswith("a program ends") else [(seeds, why)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="number of programs")
    parser.add_argument("--batch", type=int, default=25, help="programs in a file")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first program; the next has the next number")
    parser.add_argument("--mini", default="target/release/mini")
    parser.add_argument("--go", default=os.environ.get("MINI_GO", "go"))
    parser.add_argument("--keep", default="random-failures", help="folder for programs that differ")
    parser.add_argument("--cache", help="folder that keeps what Go printed, for the next time")
    parser.add_argument("--gcflags", default="", help="for Go's compiler, as -l (no inlining, and quicker)")
    parser.add_argument("--without", default="", help="parts left out, separated by commas: " + ", ".join(program.FEATURES))
    parser.add_argument("--modes", action="store_true", help="under stackmove, gcstress and heapall, too")
    args = parser.parse_args()
    if not shutil.which(args.go):
        print("skipped: Go is not installed")
        return
    args.mini = os.path.abspath(args.mini)
    bad = 0
    with tempfile.TemporaryDirectory() as work:
        with open(os.path.join(work, "go.mod"), "w") as f:
            f.write("module random\n\ngo 1.27\n")
        for start in range(args.seed, args.seed + args.count, args.batch):
            for seeds, why in differing(work, list(range(start, min(start + args.batch, args.seed + args.count))), args):
                bad += 1
                name = "-".join(str(seed) for seed in sorted({seeds[0], seeds[-1]}))
                print(f"seed {name}: {why}", flush=True)
                os.makedirs(args.keep, exist_ok=True)
                program.write(os.path.join(args.keep, f"seed{name}.go"), seeds, args.without.split(","))
    print(f"{args.count} programs from seed {args.seed}, {bad} differ")
    sys.exit(bad != 0)


if __name__ == "__main__":
    main()
