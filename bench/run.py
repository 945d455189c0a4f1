#!/usr/bin/env python3
"""Times each program of bench/programs with Mini and, where Go is installed, with Go, alternately.

Whole processes are timed: Mini's figure holds reading, compiling and running the source; Go's program was built
before (its build is not timed). Prints medians, the ratio of medians (below 1: Mini is faster), and peak memory.

With --sections the programs time themselves: each line `section NANOSECONDS NAME` of their standard error is one row, with the
least of all rounds, and those where Mini is slowest against Go come first. `library` is written for it.

    bench/run.py [--rounds N] [--mini PATH] [--go PATH] [--sections] [NAME ...]
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(command):
    """Seconds and peak resident KiB of one run; its output."""
    reader, writer = os.pipe()
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=writer, stdin=subprocess.DEVNULL)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        output = pipe.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command[0]}: exit status {process.returncode}")
    return seconds, usage.ru_maxrss, output


def build_with_go(go, source, directory):
    program = directory / source.stem
    text = directory / f"{source.stem}.go"
    shutil.copy(source, text)
    environment = dict(os.environ, GO111MODULE="off", GOFLAGS="")
    subprocess.run([go, "build", "-o", program, text], check=True, env=environment, cwd=directory)
    return program


def measure(commands, rounds):
    """Per command its times and peaks; the commands take turns."""
    times = [[] for _ in commands]
    peaks = [0 for _ in commands]
    outputs = [None for _ in commands]
    for _ in range(rounds):
        for i, command in enumerate(commands):
            seconds, peak, outputs[i] = run(command)
            times[i].append(seconds)
            peaks[i] = max(peaks[i], peak)
    if len(set(outputs)) > 1:
        raise RuntimeError("outputs differ")
    return [statistics.median(t) for t in times], peaks


def section_times(command):
    """Nanoseconds of each section of a program, and its output."""
    done = subprocess.run(command, capture_output=True, check=True, text=True, stdin=subprocess.DEVNULL)
    lines = [line.split(" ", 2) for line in done.stderr.splitlines() if line.startswith("section ")]
    return {name: int(nanoseconds) for _, nanoseconds, name in lines}, done.stdout


def compare_sections(mini, go, rounds):
    least = [{}, {}]
    for _ in range(rounds):
        outputs = []
        for side, command in enumerate([mini, go]):
            times, output = section_times(command)
            outputs.append(output)
            for name, time_taken in times.items():
                least[side][name] = min(time_taken, least[side].get(name, time_taken))
        if outputs[0] != outputs[1]:
            raise RuntimeError("outputs differ")
    ours, theirs = least
    print(f"{'section':<22} {'mini us':>9} {'go us':>9} {'ratio':>6}")
    for name in sorted(ours, key=lambda name: -ours[name] / theirs[name]):
        print(f"{name:<22} {ours[name] / 1e3:9.0f} {theirs[name] / 1e3:9.0f} {ours[name] / theirs[name]:6.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mini", default=ROOT / "target/release/mini")
    parser.add_argument("--go", default=os.environ.get("MINI_GO") or shutil.which("go"))
    parser.add_argument("--sections", action="store_true")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()

    sources = sorted((ROOT / "bench/programs").glob("*.mini"))
    if options.names:
        sources = [s for s in sources if s.stem in options.names]
    if not options.go:
        print("Go is not installed: timing Mini alone")
    if options.sections:
        if not options.go:
            sys.exit("sections are compared with Go, which is not installed")
        for source in sources:
            with tempfile.TemporaryDirectory() as directory:
                program = build_with_go(options.go, source, pathlib.Path(directory))
                compare_sections([options.mini, "run", source], [program], options.rounds)
        return
    print(f"{'program':<16} {'mini s':>8} {'go s':>8} {'ratio':>6} {'mini MiB':>9} {'go MiB':>9}")
    failed = False
    with tempfile.TemporaryDirectory() as directory:
        for source in sources:
            commands = [[options.mini, "run", source]]
            if options.go:
                commands.append([build_with_go(options.go, source, pathlib.Path(directory))])
            try:
                times, peaks = measure(commands, options.rounds)
            except RuntimeError as error:
                print(f"{source.stem:<16} {error}")
                failed = True
                continue
            row = f"{source.stem:<16} {times[0]:8.3f} "
            if options.go:
                row += f"{times[1]:8.3f} {times[0] / times[1]:6.2f} {peaks[0] / 1024:9.1f} {peaks[1] / 1024:9.1f}"
            print(row, flush=True)
    sys.exit(failed)


if __name__ == "__main__":
    main()
