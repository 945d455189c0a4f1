#!/usr/bin/env python3
"""Runs the programs of Go's own test folder with Mini and compares output and exit status with Go's.

Reads Debian's golang-1.19-src in place; nothing of it is copied. Says "skipped" where the folder or Go is missing.

    tests/go_conformance.py [--go PATH] [--mini PATH] [--cache DIR] [--jobs N] [-v] [NAME-PART ...]

Every `// run` file whose imports Mini has is run, and every `// rundir` folder, laid out as a module with a folder for each
of its packages. Those that Mini refuses because a construct is not built yet are counted
apart. The last line is `N passed, N failed, N skipped`.
"""

import argparse
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
TIME_LIMIT = 60


def imports(text):
    found = set()
    for block in re.findall(r"^import\s*\((.*?)^\)", text, re.S | re.M):
        found.update(re.findall(r'"([^"]+)"', block))
    found.update(re.findall(r'^import\s+(?:[\w.]+\s+)?"([^"]+)"', text, re.M))
    return found


def packages():
    """Import paths of the library: folders of crates/stdlib/src that hold .mini files."""
    base = ROOT / "crates/stdlib/src"
    return {str(p.parent.relative_to(base)) for p in base.rglob("*.mini")}


def lay_out(path, directory):
    """Makes a module of a `// rundir` folder: its files, one folder a package, `import "./a"` as `"test/a"`; main's folder."""
    (directory / "go.mod").write_text("module test\n\ngo 1.27\n")
    folders = {}
    for file in sorted(path.with_suffix(".dir").glob("*.go")):
        text = file.read_text(errors="replace")
        package = re.search(r"^package\s+(\w+)", text, re.M).group(1)
        # Others import the package by the name of its first file.
        folder = folders.setdefault(package, file.stem)
        (directory / folder).mkdir(exist_ok=True)
        (directory / folder / file.name).write_text(re.sub(r'"\./([^"]*)"', r'"test/\1"', text))
    return folders.get("main")


def execute(command, directory, **more):
    try:
        done = subprocess.run(command, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIME_LIMIT, **more)
        return done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired:
        return "timeout", b"", b""


def go_result(options, path, text):
    """Status and output digest of Go, kept between runs of this script; None if Go does not build it."""
    key = hashlib.sha256(text.encode(errors="replace")).hexdigest()
    kept = options.cache / key
    if kept.exists():
        return json.loads(kept.read_text())
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(path, directory)
        environment = dict(os.environ, GO111MODULE="off", GOFLAGS="")
        built, _, _ = execute([options.go, "build", "-o", "program", path.name], directory, env=environment)
        result = None
        if built == 0:
            status, out, err = execute([f"{directory}/program"], path.parent)
            result = [status, hashlib.sha256(out).hexdigest(), err.decode(errors="replace")[:2000]]
    kept.write_text(json.dumps(result))
    return result


def check_folder(options, path):
    """The same for a `// rundir` folder."""
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        main = lay_out(path, directory)
        if main is None:
            return "skipped", "no package main"
        environment = dict(os.environ, GO111MODULE="on", GOFLAGS="")
        built, _, err = execute([options.go, "build", "-o", "program", f"./{main}"], name, env=environment)
        if built != 0:
            return "skipped", "Go 1.27 does not build it"
        status, out, _ = execute([directory / "program"], name)
        expected = [status, hashlib.sha256(out).hexdigest()]
        return compare(expected, execute([options.mini, "run", f"./{main}"], name))


def check(options, path):
    """(outcome, detail): outcome is passed, failed, refused, or skipped."""
    if path.with_suffix(".dir").is_dir():
        return check_folder(options, path)
    text = path.read_text(errors="replace")
    expected = go_result(options, path, text)
    if expected is None or expected[0] == "timeout":
        return "skipped", "Go 1.27 does not build or finish it"
    return compare(expected, execute([options.mini, "run", path], path.parent))


def compare(expected, found):
    """What Mini did, against the status and output digest of Go."""
    status, out, err = found
    err = err.decode(errors="replace")
    if status == 1 and "not supported" in err:
        return "refused", next(line for line in err.splitlines() if "not supported" in line)
    if status != expected[0]:
        return "failed", f"status {status}, Go {expected[0]}: {err.strip()[:300]}"
    if hashlib.sha256(out).hexdigest() != expected[1]:
        return "failed", "output differs"
    return "passed", ""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--go", default=os.environ.get("MINI_GO") or shutil.which("go"))
    parser.add_argument("--mini", type=pathlib.Path, default=ROOT / "target/release/mini")
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "mini-go-results")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("-v", action="store_true", help="list refused programs too")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    if not FOLDER.is_dir() or not options.go:
        print("skipped: needs golang-1.19-src and Go 1.27")
        return 0
    options.cache.mkdir(parents=True, exist_ok=True)
    options.mini = options.mini.resolve()
    available = packages()
    chosen = []
    for path in sorted(FOLDER.rglob("*.go")):
        name = str(path.relative_to(FOLDER))
        text = path.read_text(errors="replace")
        first = text.split("\n", 1)[0].split()
        is_folder = first[:2] == ["//", "rundir"] and path.with_suffix(".dir").is_dir()
        texts = [f.read_text(errors="replace") for f in path.with_suffix(".dir").glob("*.go")] if is_folder else [text]
        own = {i for t in texts for i in imports(t) if i.startswith("./")}
        if first != ["//", "run"] and not is_folder or not set().union(*map(imports, texts)) - own <= available:
            continue
        if not options.names or any(part in name for part in options.names):
            chosen.append((name, path))
    counts = {"passed": 0, "failed": 0, "refused": 0, "skipped": 0}
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        for (name, _), (outcome, detail) in zip(chosen, pool.map(lambda c: check(options, c[1]), chosen)):
            counts[outcome] += 1
            if outcome == "failed" or options.v and outcome != "passed":
                print(f"{outcome}: {name}: {detail}", flush=True)
    print(f"refused because not built yet: {counts['refused']}")
    print(f"{counts['passed']} passed, {counts['failed']} failed, {counts['refused'] + counts['skipped']} skipped")
    return counts["failed"] > 0


if __name__ == "__main__":
    sys.exit(main())
