#!/usr/bin/env python3
"""How many lines a second the front end reads: lexing, parsing and checking.

Writes one large program (structs, methods, interfaces, closures, maps, slices, switches, channels, constants) and times
`mini check` on it: processor seconds of the whole process, the median of some rounds, less those for an empty program.

    bench/front_end.py [--lines N] [--rounds N] [--mini PATH] [--keep FILE]
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent

HEAD = """package main

import (
	"errors"
	"fmt"
	"os"
	"sort"
	"strings"
)
"""

# One part of the program; `@` is the part's number.
PART = """
// kind@ says what an entry of part @ is.
type kind@ int

const (
	plain@ kind@ = iota
	quoted@
	nested@
	limit@ = 1 << (@ % 16)
)

func (k kind@) String() string {
	switch k {
	case plain@:
		return "plain"
	case quoted@:
		return "quoted"
	case nested@:
		return "nested"
	}
	return fmt.Sprintf("kind(%d)", int(k))
}

type entry@ struct {
	name     string
	kind     kind@
	values   []float64
	children map[string]*entry@
	next     *entry@
	visit    func(*entry@) bool
}

type walker@ interface {
	walk(f func(*entry@) error) error
	fmt.Stringer
}

var errEmpty@ = errors.New("part @ is empty")

// add puts a value into the entry and keeps the values sorted.
func (e *entry@) add(x float64) *entry@ {
	e.values = append(e.values, x)
	sort.Slice(e.values, func(i, j int) bool { return e.values[i] < e.values[j] })
	if n := len(e.values); n > limit@ {
		e.values = e.values[n-limit@:]
	}
	return e
}

func (e *entry@) child(name string) *entry@ {
	if e.children == nil {
		e.children = make(map[string]*entry@)
	}
	c, ok := e.children[name]
	if !ok {
		c = &entry@{name: name, kind: nested@, visit: e.visit}
		e.children[name] = c
	}
	return c
}

func (e *entry@) walk(f func(*entry@) error) error {
	if err := f(e); err != nil {
		return fmt.Errorf("walk %s: %w", e.name, err)
	}
	names := make([]string, 0, len(e.children))
	for name := range e.children {
		names = append(names, name)
	}
	sort.Strings(names)
	for i, name := range names {
		// A child that is not wanted is left out.
		if e.visit != nil && !e.visit(e.children[name]) {
			continue
		}
		if err := e.children[name].walk(f); err != nil {
			return fmt.Errorf("child %d: %w", i, err)
		}
	}
	return nil
}

func (e *entry@) String() string {
	var b strings.Builder
	b.WriteString(e.name)
	b.WriteByte(':')
	for i, v := range e.values {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%.2f", v)
	}
	return b.String()
}

func sum@(xs ...float64) (total float64, err error) {
	if len(xs) == 0 {
		return 0, errEmpty@
	}
	for _, x := range xs {
		total += x*x + 0.5
	}
	return total / float64(len(xs)), nil
}

func tokens@(text string) (words []string, counts map[string]int) {
	counts = map[string]int{"": 0, "part": @}
	start := -1
	for i := 0; i < len(text); i++ {
		c := text[i]
		isLetter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
		switch {
		case isLetter && start < 0:
			start = i
		case !isLetter && start >= 0:
			words = append(words, text[start:i])
			counts[text[start:i]]++
			start = -1
		}
	}
	if start >= 0 {
		words = append(words, text[start:])
	}
	return words, counts
}

func matrix@(n int) [][]int {
	m := make([][]int, n)
	for i := range m {
		m[i] = make([]int, n)
		for j := range m[i] {
			m[i][j] = (i*n + j) % (limit@ + 1) &^ 3
		}
	}
	for i := 0; i < n; i++ {
		for j := i + 1; j < n; j++ {
			m[i][j], m[j][i] = m[j][i], m[i][j]
		}
	}
	return m
}

func run@(done chan<- int) {
	root := &entry@{name: "root@", kind: plain@}
	root.child("a").add(1.5).add(-2)
	root.child("b").child("c").add(float64(len(os.Args)))
	n := 0
	count := func(e *entry@) error {
		n += len(e.values)
		if e.kind == quoted@ {
			return errEmpty@
		}
		return nil
	}
	var w walker@ = root
	if err := w.walk(count); err != nil && !errors.Is(err, errEmpty@) {
		fmt.Fprintln(os.Stderr, "run@:", err)
	}
	mean, _ := sum@(1, 2, 3)
	words, counts := tokens@("the quick brown fox of part @")
	var x any = root
	switch x := x.(type) {
	case nil:
		n = 0
	case *entry@:
		n += len(x.children) + counts["fox"]
	case fmt.Stringer:
		n += len(x.String())
	default:
		n--
	}
	defer func() { done <- n }()
	fmt.Println(w, mean, len(words), len(matrix@(4)))
}
"""

TAIL = """
func main() {
	done := make(chan int)
	go run0(done)
	fmt.Println(<-done)
}
"""


def program(n_lines):
    """A program of at least so many lines."""
    n_parts = n_lines // PART.count("\n") + 1
    return HEAD + "".join(PART.replace("@", str(k)) for k in range(n_parts)) + TAIL


def processor_seconds(command, rounds):
    seconds = []
    for _ in range(rounds):
        process = subprocess.Popen(command)
        _, status, usage = os.wait4(process.pid, 0)
        if os.waitstatus_to_exitcode(status) != 0:
            raise SystemExit(f"{' '.join(command)} failed")
        seconds.append(usage.ru_utime + usage.ru_stime)
    return statistics.median(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--mini", default=str(ROOT / "target/release/mini"))
    parser.add_argument("--keep", help="write the program to this file, too")
    args = parser.parse_args()
    text = program(args.lines)
    if args.keep:
        pathlib.Path(args.keep).write_text(text)
    with tempfile.TemporaryDirectory() as directory:
        large = pathlib.Path(directory) / "large.mini"
        large.write_text(text)
        empty = pathlib.Path(directory) / "empty.mini"
        empty.write_text("package main\n\nfunc main() {\n}\n")
        seconds = processor_seconds([args.mini, "check", str(large)], args.rounds)
        seconds -= processor_seconds([args.mini, "check", str(empty)], args.rounds)
    lines = text.count("\n")
    print(f"{lines} lines, {len(text)} bytes: {seconds:.3f} s, {lines / seconds:,.0f} lines/s")


if __name__ == "__main__":
    main()
