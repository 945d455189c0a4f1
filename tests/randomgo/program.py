"""A whole program: its declarations, its functions, and what it may be made of."""
import random

from .concurrency import Concurrency
from .expressions import Expressions
from .faults import Faults
from .generics import Generics
from .iterators import Iterators
from .jumps import Jumps
from .loops import Loops
from .numbers import Numbers
from .panics import Panics
from .shapes import Shapes
from .slices import Slices
from .statements import Statements
from .types import BASICS, Func, Struct, Types

FEATURES = {"jumps": Jumps, "numbers": Numbers, "slices": Slices, "shapes": Shapes, "generics": Generics, "iterators": Iterators,
            "concurrency": Concurrency, "panics": Panics, "loops": Loops, "faults": Faults}

PRELUDE = """package main

import (
    "cmp"
    "errors"
    "fmt"
    "iter"
    "maps"
    "math"
    "math/bits"
    "os"
    "slices"
    "sort"
    "strconv"
    "strings"
    "sync"
    "sync/atomic"
    "unicode/utf8"
)

var (
    _ = cmp.Compare[int]
    _ = errors.New
    _ iter.Seq[int]
    _ = maps.Keys[map[int]int]
    _ = math.Pi
    _ = bits.Len
    _ = os.Args
    _ = slices.Sort[[]int]
    _ = sort.Ints
    _ = strconv.Itoa
    _ = strings.Repeat
    _ sync.Mutex
    _ atomic.Int64
    _ = utf8.RuneLen
)

var fuel int

// burn takes a unit of fuel and says whether there was any.
func burn() bool {
    fuel--
    return fuel > 0
}

// try calls f, and prints what it panics with.
func try(name string, f func()) {
    defer func() {
        if r := recover(); r != nil {
            if e, ok := r.(error); ok {
                fmt.Println(name, "error:", e)
            } else {
                fmt.Printf("%s panic: %T %v\\n", name, r, r)
            }
        }
    }()
    f()
}

func guard(name string, f func()) {
    fuel = 400
    try(name, f)
}

func minOf(a, b int) int {
    if a < b {
        return a
    }
    return b
}

"""


class Program(Types, Expressions, Statements, Jumps, Numbers, Slices, Shapes, Generics, Iterators, Concurrency, Panics, Loops, Faults):
    """One random program: the text of its declarations; it starts at `prefix_main`."""

    def __init__(self, seed, index, left_out=()):
        self.r = random.Random(seed)
        self.p = f"p{index}"
        self.structs, self.funcs, self.globals = [], [], []
        self.out, self.n = [], 0
        self.in_main = False
        self.iface = None
        self.impls = []
        # A program is rather about some things than about all.
        self.features = [name for name in self.r.sample(list(FEATURES), 4) if name not in left_out]
        kinds = Statements.KINDS + [kind for name in self.features for kind in FEATURES[name].KINDS]
        kinds = [(kind, weight * self.r.choice([0.2, 0.5, 1, 1, 2, 4]) * (1 if i < len(Statements.KINDS) else 2.5), where)
                 for i, (kind, weight, where) in enumerate(kinds)]
        self.kinds = kinds
        self.loop_kinds = [k for k in kinds if k[2] != "defer"]
        self.deep_kinds = [k for k in kinds if k[2] == ""]

    def function(self, name, params, results, recv=None):
        self.n += 1
        scope = list(self.globals)
        header = ""
        if recv:
            header = f"(r {recv}) "
            scope.append(("r", recv))
        names = []
        for t in params:
            a = self.name("a")
            names.append(f"{a} {t}")
            scope.append((a, t))
        named = self.r.random() < 0.3 and results
        if named:
            res = [(self.name("z"), t) for t in results]
            scope += res
            result = " (" + ", ".join(f"{n} {t}" for n, t in res) + ")"
        else:
            result = " (" + ", ".join(results) + ")" if results else ""
        self.emit(0, f"func {header}{name}({', '.join(names)}){result} {{")
        self.emit(1, "if !burn() {")
        self.emit(2, "return" if named or not results else "return " + ", ".join(self.zero(t) for t in results))
        self.emit(1, "}")
        ctx = {"loop": False, "labels": [], "brk": False, "results": results}
        if self.in_main:
            for f in self.funcs:
                if not f.recv:
                    self.s_call(scope, 1, ctx, f)
        for _ in range(self.r.randrange(4, 9) if self.in_main else self.r.randrange(1, 5)):
            self.statement(scope, 1, ctx)
        self.show(scope, 1)
        if results:
            self.emit(1, "return " + ", ".join(self.value(scope, t, 2) for t in results))
        self.emit(0, "}")
        self.emit(0, "")

    def build(self):
        r, p = self.r, self.p
        for i in range(r.randrange(1, 4)):
            fields = [(f"F{j}", self.type(1)) for j in range(r.randrange(1, 5))]
            s = Struct(f"{p}S{i}", fields)
            self.emit(0, f"type {s.name} struct {{")
            for f, t in fields:
                self.emit(1, f"{f} {t}")
            self.emit(0, "}")
            self.emit(0, "")
            self.structs.append(s)
        for feature in self.features:
            getattr(self, "declare_" + feature, lambda: None)()
        # The interface, and the types that implement it.
        iface = f"{p}I"
        self.emit(0, f"type {iface} interface {{ M(int) int }}")
        self.emit(0, "")
        for s in self.structs:
            if r.random() < 0.7:
                pointer = r.random() < 0.5
                recv = ("*" if pointer else "") + s.name
                self.function("M", ["int"], ["int"], recv)
                self.funcs.append(Func("M", ["int"], ["int"], recv))
                self.impls.append((s.name, pointer))
        self.iface = iface
        for i in range(r.randrange(0, 3)):
            t = self.type(1)
            g = f"{p}_g{i}"
            value = self.value(list(self.globals), t, 1)
            if value.isalnum() or value in (text for text, _ in self.globals):
                self.emit(0, f"var {g} {t} = {value}")
            else:
                # A panic here would end all programs of the file.
                self.emit(0, f"var {g} {t} = func() (z {t}) {{ defer func() {{ recover() }}(); return {value} }}()")
            self.emit(0, "")
            self.globals.append((g, t))
        for i in range(r.randrange(1, 3)):
            params = [self.type(1) for _ in range(r.randrange(0, 4))]
            results = [self.type(1) if r.random() < 0.4 else self.basic() for _ in range(r.randrange(0, 3))]
            name = f"{p}_f{i}"
            self.function(name, params, results)
            self.funcs.append(Func(name, params, results))
            if r.random() < 0.4:
                s = r.choice(self.structs)
                recv = r.choice(["", "*"]) + s.name
                m = f"N{i}"
                params, results = [self.type(1) for _ in range(r.randrange(0, 3))], [self.basic()]
                self.function(m, params, results, recv)
                self.funcs.append(Func(m, params, results, recv))
        self.in_main = True
        self.function(f"{p}_main", [], [])
        self.death()
        return "\n".join(self.out) + "\n"



def write(path, seeds, left_out=()):
    """Writes a file with the programs of these seeds. All are recovered; then the last one ends the process."""
    with open(path, "w") as f:
        f.write(PRELUDE)
        f.writelines(f"func lib_id_{t}(x {t}) {t} {{ return x }}\n" for t in BASICS)
        f.writelines(getattr(feature, "SHARED", "") for feature in FEATURES.values())
        for i, seed in enumerate(seeds):
            f.write(Program(seed, i, left_out).build())
        f.write("func main() {\n")
        for i in range(len(seeds)):
            f.write(f'\tguard("p{i}", p{i}_main)\n')
        f.write(f"\tp{len(seeds) - 1}_dies()\n}}\n")
