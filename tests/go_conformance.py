#!/usr/bin/env python3
"""Runs the programs of Go's own test folder with Mini and compares with Go.

Reads Debian's golang-1.19-src in place; nothing of it is copied. Says "skipped" where the folder or Go is missing.

    tests/go_conformance.py [--go PATH] [--mini PATH] [--cache DIR] [--jobs N] [-v] [NAME-PART ...]

| first line of a file | what is compared |
| --- | --- |
| `// run`, also with arguments or further files | output and status |
| `// rundir` | the same, for the folder laid out as a module with a folder for each of its packages |
| `// runoutput` | the same, for the program and for the program that it prints |
| `// compile`, `// build` | Mini accepts it, too |
| `// compiledir` | the same, for the folder |

Options of Go's tools in that line are left out. What Go 1.27 itself does not build or finish is skipped, and files whose imports
Mini does not have are left out. docs/conformance.md lists what fails or is skipped: status 1 if another program does.
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
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = pathlib.Path("/usr/share/go-1.19/test")
LIST = ROOT / "docs/conformance.md"
TIME_LIMIT = 120
# Of a test's first line: kinds of tests, and those of a folder.
KINDS = ("run", "runoutput", "compile", "build", "rundir", "compiledir")
OF_FOLDERS = ("rundir", "compiledir")


def imports(text):
    found = set()
    for block in re.findall(r"^import\s*\((.*?)^\)", text, re.S | re.M):
        found.update(re.findall(r'"([^"]+)"', block))
    found.update(re.findall(r'^import\s+(?:[\w.]+\s+)?"([^"]+)"', text, re.M))
    return found


def packages():
    """Import paths of the library: folders of crates/stdlib/src that hold .mini files, and unsafe."""
    base = ROOT / "crates/stdlib/src"
    return {str(p.parent.relative_to(base)) for p in base.rglob("*.mini")} | {"unsafe"}


class Test:
    """A file of Go's folder: its kind, and what stands behind that in its first line."""

    def __init__(self, path):
        self.path = path
        self.name = str(path.relative_to(FOLDER))
        self.text = path.read_text(errors="replace")
        first = self.text.split("\n", 1)[0].split()
        self.kind = first[1] if first[:1] == ["//"] and len(first) > 1 else ""
        words = first[2:] if self.kind in KINDS else []
        self.needs_other_tools = any(w in ("-race", "-goexperiment") for w in words)
        words = [w for w in words if not w.startswith("-")]
        self.files = [path] + [path.parent / w for w in words if w.endswith(".go")]
        self.arguments = [w for w in words if not w.endswith(".go")]
        self.folder = path.with_suffix(".dir") if self.kind in OF_FOLDERS else None

    def is_one(self):
        is_part = self.path.parent.suffix == ".dir"
        return self.kind in KINDS and not self.needs_other_tools and not is_part and (self.folder is None or self.folder.is_dir())

    def missing_imports(self, available):
        files = self.folder.glob("*.go") if self.folder else self.files
        found = set().union(*(imports(f.read_text(errors="replace")) for f in files))
        return {i for i in found - available if not i.startswith("./")}


def lay_out(folder, directory):
    """Makes a module of a folder: its files, one folder a package, `import "./a"` as `"test/a"`; main's folder."""
    (directory / "go.mod").write_text("module test\n\ngo 1.27\n")
    folders = {}
    for file in sorted(folder.glob("*.go")):
        text = file.read_text(errors="replace")
        package = re.search(r"^package\s+(\w+)", text, re.M).group(1)
        # Others import the package by the name of its first file.
        into = folders.setdefault(package, file.stem)
        (directory / into).mkdir(exist_ok=True)
        (directory / into / file.name).write_text(re.sub(r'"\./([^"]*)"', r'"test/\1"', text))
    return folders.get("main")


def execute(command, directory, **more):
    """Status, output, errors."""
    try:
        done = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT, **more)
        return done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired:
        return "timeout", b"", b""


class Outcome(Exception):
    """Ends the check of a program: skipped, failed."""


class Runner:
    def __init__(self, options):
        self.go, self.mini, self.cache = options.go, options.mini, options.cache
        self.version = execute([self.go, "version"], "/")[1].decode()

    def check(self, test):
        """(outcome, detail): outcome is passed, failed or skipped."""
        try:
            with tempfile.TemporaryDirectory() as name:
                self.compare(test, pathlib.Path(name))
        except Outcome as outcome:
            return outcome.args
        return "passed", ""

    def compare(self, test, directory):
        if test.folder:
            main = lay_out(test.folder, directory)
            if test.kind == "rundir" and main is None:
                raise Outcome("skipped", "no package main")
            what = [f"./{main}"] if test.kind == "rundir" else ["./..."]
            files, at = list(directory.rglob("*.go")), directory
        else:
            for file in test.files:
                shutil.copy(file, directory)
            files, at = test.files, test.path.parent
            what = [file.name for file in files]
        run = test.kind.startswith("run")
        expected = self.go_result(files, directory, what, at, test.arguments, run)
        if expected is None or expected[0] == "timeout":
            raise Outcome("skipped", "Go 1.27 does not build or finish it")
        if not run:
            status, _, err = execute([self.mini, "check", *what], directory)
            err = err.decode(errors="replace").strip()
            # What Go's linker says, too.
            if status != 0 and err != "function main is undeclared in the main package":
                raise Outcome("failed", f"status {status}: {err[:300]}")
            return
        mini = [self.mini, "run", *what, *test.arguments]
        out = self.same(expected, execute(mini, at))
        if test.kind == "runoutput":
            printed = directory / "printed" / "printed.go"
            printed.parent.mkdir()
            printed.write_bytes(out)
            expected = self.go_result([printed], printed.parent, [printed.name], printed.parent, [], True)
            self.same(expected, execute([self.mini, "run", printed.name], printed.parent))

    def go_result(self, files, directory, what, at, arguments, run):
        """Status, digest of the output, and errors of Go, kept between runs of this script; None if Go does not build it."""
        # A package main without a function main can be compiled, but not linked.
        build = ["build", "-o", "program"] if run else ["list", "-export"]
        digest = hashlib.sha256(repr((self.version, build, what, arguments)).encode())
        for file in sorted(files):
            digest.update(file.name.encode() + file.read_bytes())
        kept = self.cache / digest.hexdigest()
        if kept.exists():
            return json.loads(kept.read_text())
        module = "on" if (directory / "go.mod").exists() else "off"
        environment = dict(os.environ, GO111MODULE=module, GOFLAGS="")
        status, _, _ = execute([self.go, *build, *what], directory, env=environment)
        result = None
        if status == 0:
            result = [0, "", ""]
            if run:
                status, out, err = execute([directory / "program", *arguments], at)
                result = [status, hashlib.sha256(out).hexdigest(), err.decode(errors="replace")[:2000]]
        kept.write_text(json.dumps(result))
        return result

    def same(self, expected, found):
        """What Mini printed, if it is what Go printed, with the same status."""
        status, out, err = found
        if status != expected[0]:
            err = err.decode(errors="replace").strip()[:300]
            raise Outcome("failed", f"status {status}, Go {expected[0]}: {err}")
        if hashlib.sha256(out).hexdigest() != expected[1]:
            raise Outcome("failed", "output differs")
        return out


def listed():
    """Programs that docs/conformance.md lists: in the first column of its tables."""
    cells = re.findall(r"^\| (`[^|]*\.go`) \|", LIST.read_text(), re.M)
    return {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--go", default=os.environ.get("MINI_GO") or shutil.which("go"))
    parser.add_argument("--mini", type=pathlib.Path, default=ROOT / "target/release/mini")
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "mini-go-results")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("-v", action="store_true", help="list what is skipped or left out, too")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if not FOLDER.is_dir() or not options.go:
        print("skipped: needs golang-1.19-src and Go 1.27")
        return 0
    options.cache.mkdir(parents=True, exist_ok=True)
    options.mini = options.mini.resolve()
    available, known = packages(), listed()
    chosen, left_out = [], collections.defaultdict(list)
    for path in sorted(FOLDER.rglob("*.go")):
        test = Test(path)
        if not test.is_one() or options.names and not any(part in test.name for part in options.names):
            continue
        missing = test.missing_imports(available)
        for package in missing:
            left_out[package].append(test.name)
        if not missing:
            chosen.append(test)
    counts, n_new = collections.Counter(), 0
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for test, (outcome, detail) in zip(chosen, pool.map(Runner(options).check, chosen)):
            counts[test.kind, outcome] += 1
            if outcome == "passed" and test.name in known:
                print(f"passes, but docs/conformance.md lists it: {test.name}", flush=True)
            elif outcome != "passed" and test.name not in known:
                n_new += 1
                print(f"{outcome}: {test.name}: {detail}", flush=True)
            elif outcome != "passed" and options.v:
                print(f"{outcome}, as listed: {test.name}: {detail}", flush=True)
    for package, names in sorted(left_out.items()):
        print(f"left out, no {package}: {', '.join(names) if options.v else len(names)}")
    for kind in [*KINDS, "all"]:
        n = [sum(v for (k, o), v in counts.items() if o == outcome and kind in (k, "all")) for outcome in ("passed", "failed", "skipped")]
        if sum(n):
            print(f"{kind}: {n[0]} passed, {n[1]} failed, {n[2]} skipped")
    return n_new > 0


if __name__ == "__main__":
    sys.exit(main())
