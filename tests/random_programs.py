#!/usr/bin/env python3
"""Compares Mini with Go on random programs.

    tests/random_programs.py [--count N] [--batch N] [--seed S] [--mini PATH] [--go PATH] [--keep DIR] [--modes]

Each program is generated from one seed (printed when something differs): type declarations, functions, methods,
closures, control flow, slices, arrays, maps, strings, pointers, interfaces, defer and recover, channels, generics. It
ends by construction: loops are counted, and a supply of fuel bounds calls. Run-time panics are part of the game: they
are recovered and printed. What the specification leaves open is left out: the order of map iteration (keys are sorted),
variables changed by a call in the same expression, floats converted to integers out of range.

Several programs share a file, so that Go is started once for all of them. A file that differs is taken apart, and the
program that differs is written to the folder of --keep. Says "skipped" where Go is missing.
"""
import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile

INTS = ["int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64"]
BITS = {"int": 64, "int8": 8, "int16": 16, "int32": 32, "int64": 64,
        "uint": 64, "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64}
FLOATS = ["float64", "float32"]
BASICS = INTS + FLOATS + ["string", "bool"]
WORDS = ["", "a", "b", "go", "mini", "héllo", "日本", "x\\ty", "zz top", "\\x00", "stack", "heap"]

PRELUDE = """package main

import (
\t"errors"
\t"fmt"
\t"os"
\t"sort"
\t"strings"
)

var fuel int

// burn takes a unit of fuel and says whether there was any.
func burn() bool {
\tfuel--
\treturn fuel > 0
}

func guard(name string, f func()) {
\tdefer func() {
\t\tif r := recover(); r != nil {
\t\t\tif e, ok := r.(error); ok {
\t\t\t\tfmt.Println(name, "error:", e)
\t\t\t} else {
\t\t\t\tfmt.Printf("%s panic: %T %v\\n", name, r, r)
\t\t\t}
\t\t}
\t}()
\tfuel = 400
\tf()
}

func minOf(a, b int) int {
\tif a < b {
\t\treturn a
\t}
\treturn b
}

var _ = errors.New
var _ = sort.Ints
var _ = strings.Repeat
var _ = os.Args

"""


class Struct:
    def __init__(self, name, fields):
        self.name, self.fields = name, fields  # [(field, type)]


class Func:
    def __init__(self, name, params, results, recv=None, targs=None):
        self.name, self.params, self.results, self.recv, self.targs = name, params, results, recv, targs


class Program:
    """One random program: the declarations and the name of its start function."""

    def __init__(self, seed, index, features):
        self.r = random.Random(seed)
        self.p = f"p{index}"
        self.features = features
        self.structs, self.funcs, self.globals = [], [], []
        self.out, self.n = [], 0
        self.in_main = False
        self.iface = None
        self.impls = []
        self.generics = []

    # --- names, types ---

    def name(self, prefix="v"):
        self.n += 1
        return f"{prefix}{self.n}"

    def basic(self):
        r = self.r.random()
        if r < 0.45:
            return "int"
        return self.r.choice(BASICS)

    def key_type(self):
        options = ["int", "string", "uint8", "bool", "[2]int", "float64", "any"]
        if self.structs:
            options += [s.name for s in self.structs if self.comparable(s.name)]
        return self.r.choice(options)

    def comparable(self, t):
        if t in BASICS:
            return True
        if t.startswith("*"):
            return True
        if t.startswith("[") and not t.startswith("[]"):
            return self.comparable(t[t.index("]") + 1:])
        s = self.struct(t)
        if s:
            return all(self.comparable(f) for _, f in s.fields)
        return False

    def struct(self, t):
        for s in self.structs:
            if s.name == t:
                return s
        return None

    def type(self, depth=2):
        r = self.r.random()
        if depth == 0 or r < 0.5:
            return self.basic()
        if r < 0.62:
            return "[]" + self.type(depth - 1)
        if r < 0.70:
            return f"[{self.r.choice([1, 2, 3, 5])}]" + self.type(depth - 1)
        if r < 0.78:
            return f"map[{self.key_type()}]" + self.type(depth - 1)
        if r < 0.90 and self.structs:
            return self.r.choice(self.structs).name
        if r < 0.95 and self.structs:
            return "*" + self.r.choice(self.structs).name
        if r < 0.97 and self.iface:
            return self.iface
        if r < 0.985:
            return "any"
        return f"func({self.basic()}) {self.basic()}"

    def elem(self, t):
        if t.startswith("map["):
            return self.map_parts(t)[1]
        return t[t.index("]") + 1:]

    @staticmethod
    def map_parts(t):
        depth, i = 0, 4
        while True:
            if t[i] == "[":
                depth += 1
            if t[i] == "]":
                if depth == 0:
                    return t[4:i], t[i + 1:]
                depth -= 1
            i += 1

    @staticmethod
    def func_parts(t):
        inner = t[5:]
        p, res = inner.split(") ", 1)
        return p, res

    # --- literals: constants of basic types, composite literals of others ---

    def literal(self, t):
        r = self.r
        if t in INTS:
            b = BITS[t]
            if t.startswith("u"):
                v = r.choice([0, 1, 2, 3, 7, 10, 100, (1 << b) - 1, 1 << (b - 1), r.randrange(1 << b)])
                v = min(v, (1 << b) - 1)
            else:
                v = r.choice([0, 1, 2, 3, 5, 10, 100, (1 << (b - 1)) - 1, r.randrange(1 << (b - 1))])
                if r.random() < 0.25:
                    v = -v
                if r.random() < 0.03:
                    v = -(1 << (b - 1))
            return f"{t}({v})"
        if t in FLOATS:
            return f"{t}({r.choice(['0', '1', '-1', '0.5', '2.25', '1e10', '-3.75', '1e-5', '123456.789', '0.1'])})"
        if t == "string":
            return '"' + r.choice(WORDS) + '"'
        if t == "bool":
            return r.choice(["true", "false"])
        raise ValueError(t)

    # --- expressions. Basic constants come back with const=True ---

    def vars_of(self, scope, t):
        return [v for v, vt in scope if vt == t]

    def nonconst(self, scope, t, depth):
        text, const = self.expr(scope, t, depth)
        if const:
            return f"{self.p}_id_{t}({text})"
        return text

    def value(self, scope, t, depth=2):
        return self.expr(scope, t, depth)[0]

    def expr(self, scope, t, depth):
        r = self.r
        own = self.vars_of(scope, t)
        if own and (depth <= 0 or r.random() < 0.35):
            return r.choice(own), False
        if depth > 0:
            found = self.access(scope, t, depth)
            if found:
                return found, False
        if t in BASICS:
            if depth <= 0 or r.random() < 0.2:
                return self.literal(t), True
            return self.operation(scope, t, depth)
        return self.composite(scope, t, depth), False

    def access(self, scope, t, depth):
        """A value of type t out of a variable that holds one, or None."""
        r = self.r
        ways = []
        for v, vt in scope:
            if vt.startswith("[]") and vt[2:] == t or vt.startswith("[") and not vt.startswith("[]") and self.elem(vt) == t:
                ways.append(("index", v, vt))
            elif vt.startswith("map[") and self.map_parts(vt)[1] == t:
                ways.append(("map", v, vt))
            elif vt.startswith("*") and vt[1:] == t:
                ways.append(("deref", v, vt))
            elif vt.startswith("func(") and self.func_parts(vt)[1] == t:
                ways.append(("callv", v, vt))
            else:
                s = self.struct(vt[1:] if vt.startswith("*") else vt)
                if s:
                    for f, ft in s.fields:
                        if ft == t:
                            ways.append(("field", f"{v}.{f}", vt))
            if vt == "any" and t in BASICS:
                ways.append(("assert", v, vt))
        if not ways or r.random() < 0.5:
            return None
        kind, v, vt = r.choice(ways)
        if kind == "index":
            if r.random() < 0.8 and not vt.startswith("[]"):
                n = int(vt[1:vt.index("]")])
                return f"{v}[{r.randrange(n)}]"
            if r.random() < 0.6:
                return f"{v}[minOf({r.randrange(4)}, len({v})-1)]"
            if r.random() < 0.85:
                n = r.choice([1, 2, 3])
                return f"append({v}, {', '.join(self.value(scope, t, 0) for _ in range(n))})[{r.randrange(n)}]" if vt.startswith("[]") else f"{v}[0]"
            return f"{v}[{self.nonconst(scope, 'int', depth - 1)}]"
        if kind == "map":
            return f"{v}[{self.value(scope, self.map_parts(vt)[0], depth - 1)}]"
        if kind == "deref":
            return f"(*{v})"
        if kind == "callv":
            return f"{v}({self.value(scope, self.func_parts(vt)[0], depth - 1)})"
        if kind == "assert":
            return f"{v}.({t})" if r.random() < 0.2 else f"{self.p}_id_{t}({self.literal(t)})"
        return v

    def operation(self, scope, t, depth):
        r = self.r
        d = depth - 1
        x = r.random()
        if x < 0.12:
            for f in r.sample(self.funcs, min(4, len(self.funcs))):
                if f.results == [t] and not f.recv and f.targs is None:
                    return self.call(scope, f, d), False
        if t == "bool":
            if x < 0.5:
                u = self.r.choice(BASICS)
                op = r.choice(["==", "!="] if u == "bool" else ["==", "!=", "<", "<=", ">", ">="])
                return f"({self.nonconst(scope, u, d)} {op} {self.value(scope, u, d)})", False
            if x < 0.75:
                return f"({self.nonconst(scope, t, d)} {r.choice(['&&', '||'])} {self.value(scope, t, d)})", False
            if x < 0.85 and self.structs:
                s = r.choice(self.structs)
                if self.comparable(s.name):
                    return f"({self.value(scope, s.name, d)} {r.choice(['==', '!='])} {self.value(scope, s.name, d)})", False
            return f"!{self.nonconst(scope, t, d)}", False
        if t == "string":
            if x < 0.4:
                return f"({self.nonconst(scope, t, d)} + {self.value(scope, t, d)})", False
            if x < 0.5:
                s = self.nonconst(scope, t, 0)
                return f"{s}[minOf(len({s}), {r.randrange(3)}):]", False
            if x < 0.6:
                return f"fmt.Sprint({self.value(scope, self.basic(), d)})", False
            if x < 0.7:
                return f"string([]byte({self.nonconst(scope, t, d)}))", False
            if x < 0.78:
                return f"string(rune({self.nonconst(scope, 'uint8', d)}))", False
            if x < 0.85:
                return f"strings.ToUpper({self.value(scope, t, d)})", False
            return f"{self.p}_id_string({self.value(scope, t, d)})", False
        if t in FLOATS:
            if x < 0.55:
                return f"({self.nonconst(scope, t, d)} {r.choice(['+', '-', '*', '/'])} {self.float_right(scope, t, d)})", False
            if x < 0.75:
                return f"{t}({self.nonconst(scope, r.choice(INTS + FLOATS), d)})", False
            return f"-({self.nonconst(scope, t, d)})", False
        # integers
        if x < 0.45:
            op = r.choice(["+", "-", "*", "&", "|", "^", "&^"])
            return f"({self.nonconst(scope, t, d)} {op} {self.value(scope, t, d)})", False
        if x < 0.55:
            op = r.choice(["/", "%"])
            right = self.literal(t)
            while right.endswith("(0)"):
                right = self.literal(t)
            if r.random() < 0.3:
                right = self.nonconst(scope, t, d)
            return f"({self.nonconst(scope, t, d)} {op} {right})", False
        if x < 0.65:
            op = r.choice(["<<", ">>"])
            right = str(r.choice([0, 1, 2, 3, 7, 8, 31, 33, 63, 64, 70]))
            if r.random() < 0.4:
                right = self.nonconst(scope, r.choice(["uint8", "uint", "uint32", "int"]), d)
            return f"({self.nonconst(scope, t, d)} {op} {right})", False
        if x < 0.80:
            return f"{t}({self.nonconst(scope, r.choice(INTS), d)})", False
        if x < 0.90 and t == "int":
            owners = [v for v, vt in scope if vt.startswith(("[]", "map[")) or vt == "string"]
            if owners:
                return f"len({r.choice(owners)})", False
        if x < 0.93:
            return f"{r.choice(['min', 'max'])}({self.nonconst(scope, t, d)}, {self.value(scope, t, d)})", False
        return f"{r.choice(['-', '^'])}({self.nonconst(scope, t, d)})", False

    def float_right(self, scope, t, d):
        text, const = self.expr(scope, t, d)
        if const and text.endswith("(0)"):
            return f"{t}(2)"
        return text

    def composite(self, scope, t, depth):
        r = self.r
        d = depth - 1
        if t.startswith("[]"):
            e = t[2:]
            if r.random() < 0.15:
                return f"make({t}, {r.randrange(5)})"
            if r.random() < 0.1:
                return f"{t}(nil)"
            return t + "{" + ", ".join(self.value(scope, e, d) for _ in range(r.randrange(4))) + "}"
        if t.startswith("map["):
            k, v = self.map_parts(t)
            if r.random() < 0.1:
                return f"{t}(nil)"
            body = ""
            if r.random() < 0.8:
                # constant keys of a literal must differ: at most one of them is
                body = f"{self.nonconst(scope, k, d) if k in BASICS else self.value(scope, k, d)}: {self.value(scope, v, d)}"
            return t + "{" + body + "}"
        if t.startswith("["):
            n = int(t[1:t.index("]")])
            e = self.elem(t)
            return t + "{" + ", ".join(self.value(scope, e, d) for _ in range(r.randrange(n + 1))) + "}"
        if t.startswith("*"):
            s = self.struct(t[1:])
            if r.random() < 0.03:
                return f"({t})(nil)"
            if r.random() < 0.15:
                return f"new({s.name})"
            return "&" + self.composite(scope, s.name, depth)
        if t == "any":
            u = r.choice(["int", "string", "bool", "float64", "uint8"] + self.plain())
            if r.random() < 0.08:
                return "any(nil)"
            return f"any({self.value(scope, u, d)})"
        if t == self.iface:
            if not self.impls or r.random() < 0.05:
                return f"{t}(nil)"
            s, pointer = r.choice(self.impls)
            return f"{t}({self.value(scope, ('*' if pointer else '') + s, d)})"
        if t.startswith("func("):
            p, res = self.func_parts(t)
            a = self.name("a")
            return f"func({a} {p}) {res} {{ return {self.value(scope + [(a, p)], res, 2)} }}"
        s = self.struct(t)
        if s:
            some = [f for f in s.fields if r.random() < 0.8]
            return s.name + "{" + ", ".join(f"{f}: {self.value(scope, ft, d)}" for f, ft in some) + "}"
        raise ValueError(t)

    def call(self, scope, f, depth):
        args = ", ".join(self.value(scope, p, depth) for p in f.params)
        return f"{f.name}({args})"

    # --- statements ---

    def emit(self, ind, text):
        self.out.append("\t" * ind + text)

    def block(self, scope, ind, n, ctx):
        scope = list(scope)
        for _ in range(n):
            self.statement(scope, ind, ctx)

    def show(self, scope, ind, names=None):
        names = names or [v for v, t in scope if self.printable(t)]
        if names:
            some = self.r.sample(names, min(3, len(names)))
            verb = self.r.choice(["%v", "%+v", "%T %v"])
            if verb == "%T %v":
                self.emit(ind, f'fmt.Printf("{self.p} %T %v\\n", {some[0]}, {some[0]})')
            elif verb == "%+v":
                self.emit(ind, f'fmt.Printf("{self.p} ' + " ".join(["%+v"] * len(some)) + '\\n", ' + ", ".join(some) + ")")
            else:
                self.emit(ind, f'fmt.Println("{self.p}", ' + ", ".join(some) + ")")

    def printable(self, t):
        """Printing shows no address."""
        if t in BASICS:
            return True
        if t == "any":
            return True
        if t.startswith(("*", "func(")) or t == self.iface:
            return False
        if t.startswith("map["):
            # Printing sorts keys of different types in an interface by the addresses of their types.
            k, v = self.map_parts(t)
            return k != "any" and self.printable(k) and self.printable(v)
        if t.startswith("["):
            return self.printable(self.elem(t))
        s = self.struct(t)
        return bool(s) and all(self.printable(ft) for _, ft in s.fields)

    def plain(self):
        """Structs that may be in an interface: printing them shows no address, and they hold no interface."""
        return [s.name for s in self.structs if self.printable(s.name) and not any("any" in t for _, t in s.fields)]

    def targets(self, scope, t=None):
        """Assignable places with their types."""
        places = []
        for v, vt in scope:
            # Loop counters stay; package variables are changed by main alone, since calls stand in expressions.
            if v.startswith("k") or not self.in_main and (v, vt) in self.globals:
                continue
            places.append((v, vt))
            if vt.startswith("map["):
                k, e = self.map_parts(vt)
                places.append((f"{v}[{self.value(scope, k, 1)}]", e))
            elif vt.startswith("[]"):
                places.append((f"{v}[minOf(len({v})-1, {self.r.randrange(3)})]", vt[2:]))
            elif vt.startswith("["):
                places.append((f"{v}[{self.r.randrange(int(vt[1:vt.index(']')]))}]", self.elem(vt)))
            s = self.struct(vt[1:] if vt.startswith("*") else vt)
            if s:
                places += [(f"{v}.{f}", ft) for f, ft in s.fields]
        if t:
            places = [p for p in places if p[1] == t]
        return places

    def declare(self, scope, ind, t, text):
        v = self.name()
        form = self.r.random()
        if form < 0.7:
            self.emit(ind, f"{v} := {text}" if t not in BASICS or "(" in text or t in ("string", "bool") else f"var {v} {t} = {text}")
        else:
            self.emit(ind, f"var {v} {t} = {text}")
        self.emit(ind, f"_ = {v}")
        scope.append((v, t))

    def statement(self, scope, ind, ctx):
        r = self.r
        deep = ind > 4
        kinds = [("declare", 20), ("assign", 16), ("op", 10), ("if", 0 if deep else 9), ("for", 0 if deep else 7),
                 ("range", 0 if deep else 7), ("switch", 0 if deep else 5), ("typeswitch", 0 if deep else 2), ("append", 6),
                 ("closure", 0 if deep else 5), ("defer", 0 if deep or ctx["loop"] else 3), ("show", 12), ("swap", 4), ("call", 6),
                 ("method", 5), ("pointer", 3), ("delete", 2), ("slice", 4), ("break", 3), ("panic", 1), ("return", 1),
                 ("chan", 0 if deep else 2), ("multi", 4), ("copy", 2), ("commaok", 3), ("goto", 0 if deep or not self.features["goto"] else 1),
                 ("generic", 4 if self.generics else 0), ("iter", 0 if deep or not self.features["iter"] else 3), ("recover", 0 if deep else 2),
                 ("strloop", 0 if deep else 2), ("clear", 1)]
        total = sum(w for _, w in kinds)
        x = r.random() * total
        for kind, w in kinds:
            x -= w
            if x < 0:
                break
        getattr(self, "s_" + kind)(scope, ind, ctx)

    def s_declare(self, scope, ind, ctx):
        t = self.type()
        self.declare(scope, ind, t, self.value(scope, t, 3))

    def s_assign(self, scope, ind, ctx):
        places = self.targets(scope)
        if not places:
            return self.s_declare(scope, ind, ctx)
        p, t = self.r.choice(places)
        self.emit(ind, f"{p} = {self.value(scope, t, 3)}")

    def s_op(self, scope, ind, ctx):
        places = [p for p in self.targets(scope) if p[1] in INTS + FLOATS + ["string"]]
        if not places:
            return self.s_declare(scope, ind, ctx)
        p, t = self.r.choice(places)
        if t == "string":
            self.emit(ind, f"if len({p}) < 40 {{")
            self.emit(ind + 1, f"{p} += {self.value(scope, t, 1)}")
            self.emit(ind, "}")
        elif self.r.random() < 0.3:
            self.emit(ind, f"{p}{self.r.choice(['++', '--'])}")
        elif t in FLOATS:
            self.emit(ind, f"{p} {self.r.choice(['+=', '-=', '*='])} {self.value(scope, t, 2)}")
        else:
            op = self.r.choice(["+=", "-=", "*=", "|=", "&=", "^=", "&^=", "<<=", ">>="])
            right = str(self.r.randrange(9)) if op in ("<<=", ">>=") else self.value(scope, t, 2)
            self.emit(ind, f"{p} {op} {right}")

    def s_if(self, scope, ind, ctx):
        inner = list(scope)
        if self.r.random() < 0.2:
            t = self.basic()
            v = self.name()
            inner.append((v, t))
            self.emit(ind, f"if {v} := {self.header(self.value(scope, t, 2))}; {self.cond(inner)} {{")
            self.emit(ind + 1, f"_ = {v}")
        else:
            self.emit(ind, f"if {self.cond(scope)} {{")
        self.block(inner, ind + 1, self.r.randrange(1, 4), ctx)
        if self.r.random() < 0.3:
            self.emit(ind, f"}} else if {self.cond(inner)} {{")
            self.block(inner, ind + 1, self.r.randrange(1, 3), ctx)
        if self.r.random() < 0.5:
            self.emit(ind, "} else {")
            self.block(inner, ind + 1, self.r.randrange(1, 4), ctx)
        self.emit(ind, "}")

    def header(self, text):
        """An expression in front of a block: composite literals in parentheses."""
        return f"({text})" if "{" in text else text

    def cond(self, scope):
        return self.header(self.value(scope, "bool", 2))

    def s_for(self, scope, ind, ctx):
        k = self.name("k")
        n = self.r.randrange(1, 6)
        label = self.name("L") if self.r.random() < 0.3 else None
        if label:
            self.emit(ind, f"{label}:")
        form = self.r.random()
        if form < 0.6:
            self.emit(ind, f"for {k} := 0; {k} < {n} && burn(); {k}++ {{")
        elif form < 0.8:
            self.emit(ind, f"for {k} := {n}; {k} > 0 && burn(); {k}-- {{")
        else:
            self.emit(ind, f"for {k} := range {n} {{")
        self.emit(ind + 1, f"_ = {k}")
        inner = dict(ctx, loop=True, labels=ctx["labels"] + ([label] if label else []), brk=True)
        if label:
            self.emit(ind + 1, f"if {self.cond(list(scope) + [(k, 'int')])} {{")
            self.emit(ind + 2, f"{self.r.choice(['break', 'continue'])} {label}")
            self.emit(ind + 1, "}")
        self.block(list(scope) + [(k, "int")], ind + 1, self.r.randrange(1, 4), inner)
        self.emit(ind, "}")

    def s_range(self, scope, ind, ctx):
        owners = [(v, t) for v, t in scope if t.startswith("[")]
        maps = [(v, t) for v, t in scope if t.startswith("map[") and self.map_parts(t)[0] in ("int", "string")]
        inner = dict(ctx, loop=True, brk=True)
        if maps and self.r.random() < 0.4:
            m, t = self.r.choice(maps)
            kt, vt = self.map_parts(t)
            keys, k = self.name(), self.name("k")
            self.emit(ind, f"{keys} := []{kt}{{}}")
            self.emit(ind, f"for {k} := range {m} {{")
            self.emit(ind + 1, f"{keys} = append({keys}, {k})")
            self.emit(ind, "}")
            self.emit(ind, f"sort.{'Ints' if kt == 'int' else 'Strings'}({keys})")
            owners, scope2 = [(keys, "[]" + kt)], scope
            scope.append((keys, "[]" + kt))
        if not owners:
            return self.s_for(scope, ind, ctx)
        v, t = self.r.choice(owners)
        k, e = self.name("k"), self.name()
        et = self.elem(t)
        form = self.r.random()
        if form < 0.6:
            self.emit(ind, f"for {k}, {e} := range {v} {{")
            self.emit(ind + 1, f"_, _ = {k}, {e}")
            add = [(k, "int"), (e, et)]
        elif form < 0.8:
            self.emit(ind, f"for {k} := range {v} {{")
            self.emit(ind + 1, f"_ = {k}")
            add = [(k, "int")]
        else:
            self.emit(ind, f"for _, {e} := range {v} {{")
            self.emit(ind + 1, f"_ = {e}")
            add = [(e, et)]
        self.emit(ind + 1, "if !burn() {")
        self.emit(ind + 2, "break")
        self.emit(ind + 1, "}")
        self.block(list(scope) + add, ind + 1, self.r.randrange(1, 4), inner)
        self.emit(ind, "}")

    def s_strloop(self, scope, ind, ctx):
        k, c, n = self.name("k"), self.name(), self.name()
        self.emit(ind, f"{n} := 0")
        self.emit(ind, f"for {k}, {c} := range {self.header(self.nonconst(scope, 'string', 1))} {{")
        self.emit(ind + 1, f"{n} += {k} + int({c})")
        self.emit(ind, "}")
        self.emit(ind, f"_ = {n}")
        scope.append((n, "int"))

    def s_switch(self, scope, ind, ctx):
        t = self.r.choice(["int", "string", "uint8", "int64"])
        inner = dict(ctx, brk=True)
        if self.r.random() < 0.3:
            self.emit(ind, "switch {")
            cases = [self.cond(scope) for _ in range(self.r.randrange(1, 4))]
        else:
            self.emit(ind, f"switch {self.header(self.nonconst(scope, t, 2))} {{")
            cases = sorted({self.literal(t) for _ in range(self.r.randrange(1, 5))})
        for i, c in enumerate(cases):
            self.emit(ind, f"case {c}:")
            self.block(scope, ind + 1, self.r.randrange(0, 3), inner)
            if i + 1 < len(cases) and self.r.random() < 0.2:
                self.emit(ind + 1, "fallthrough")
        if self.r.random() < 0.6:
            self.emit(ind, "default:")
            self.block(scope, ind + 1, self.r.randrange(1, 3), inner)
        self.emit(ind, "}")

    def s_typeswitch(self, scope, ind, ctx):
        v = self.name()
        self.emit(ind, f"switch {v} := ({self.value(scope, 'any', 2)}).(type) {{")
        types = self.r.sample(["int", "string", "bool", "float64", "uint8", "[]int", "error"] + [s.name for s in self.structs], 3)
        for t in types:
            self.emit(ind, f"case {t}:")
            self.emit(ind + 1, f"_ = {v}")
            inner = list(scope)
            if t != "error":
                inner.append((v, t))
            self.block(inner, ind + 1, self.r.randrange(0, 3), dict(ctx, brk=True))
        self.emit(ind, "default:")
        self.emit(ind + 1, f"_ = {v}")
        self.emit(ind, "}")

    def s_append(self, scope, ind, ctx):
        places = [p for p in self.targets(scope) if p[1].startswith("[]")]
        if not places:
            t = "[]" + self.type(1)
            return self.declare(scope, ind, t, self.value(scope, t, 2))
        p, t = self.r.choice(places)
        self.emit(ind, f"if len({p}) < 20 {{")
        if self.r.random() < 0.2:
            self.emit(ind + 1, f"{p} = append({p}, {p}...)")
        else:
            args = ", ".join(self.value(scope, t[2:], 2) for _ in range(self.r.randrange(1, 4)))
            self.emit(ind + 1, f"{p} = append({p}, {args})")
        self.emit(ind, "}")

    def s_closure(self, scope, ind, ctx):
        f = self.name("f")
        res = self.basic()
        a, pt = self.name("a"), self.basic()
        self.emit(ind, f"{f} := func({a} {pt}) {res} {{")
        inner = dict(ctx, loop=False, labels=[], brk=False, results=[res])
        self.emit(ind + 1, "if !burn() {")
        self.emit(ind + 2, f"return {self.zero(res)}")
        self.emit(ind + 1, "}")
        body = list(scope) + [(a, pt)]
        for _ in range(self.r.randrange(1, 4)):
            self.statement(body, ind + 1, inner)
        self.emit(ind + 1, f"return {self.value(body, res, 2)}")
        self.emit(ind, "}")
        v = self.name()
        self.emit(ind, f"{v} := {f}({self.value(scope, pt, 2)})")
        self.emit(ind, f"_ = {v}")
        scope.append((v, res))
        # Changes captured variables: called at statements only.
        self.emit(ind, f"{v} = {f}({self.value([s for s in scope if not s[1].startswith('func(')], pt, 0)})")

    def zero(self, t):
        if t in INTS + FLOATS:
            return "0"
        return {"string": '""', "bool": "false"}.get(t) or f"*new({t})"

    def s_defer(self, scope, ind, ctx):
        form = self.r.random()
        if form < 0.4:
            names = [v for v, t in scope if self.printable(t)]
            if names:
                self.emit(ind, f'defer fmt.Println("{self.p} deferred", {self.r.choice(names)})')
        elif form < 0.8:
            self.emit(ind, "defer func() {")
            self.block(scope, ind + 1, self.r.randrange(1, 3), dict(ctx, loop=False, labels=[], brk=False, results=[]))
            self.emit(ind, "}()")
        else:
            self.emit(ind, "defer func() {")
            self.emit(ind + 1, "if r := recover(); r != nil {")
            self.emit(ind + 2, f'fmt.Println("{self.p} recovered", r)')
            self.emit(ind + 1, "}")
            self.emit(ind, "}()")

    def s_recover(self, scope, ind, ctx):
        self.emit(ind, "func() {")
        self.emit(ind + 1, "defer func() {")
        self.emit(ind + 2, f'fmt.Println("{self.p} inner", recover())')
        self.emit(ind + 1, "}()")
        self.block(scope, ind + 1, self.r.randrange(1, 4), dict(ctx, loop=False, labels=[], brk=False, results=[]))
        if self.r.random() < 0.5:
            self.emit(ind + 1, f"panic({self.value(scope, self.r.choice(['string', 'int', 'bool']), 2)})")
        self.emit(ind, "}()")

    def s_show(self, scope, ind, ctx):
        self.show(scope, ind)

    def s_swap(self, scope, ind, ctx):
        places = self.targets(scope)
        self.r.shuffle(places)
        for i, (p, t) in enumerate(places):
            for q, u in places[i + 1:]:
                if t == u:
                    if self.r.random() < 0.6:
                        self.emit(ind, f"{p}, {q} = {q}, {p}")
                    else:
                        self.emit(ind, f"{p}, {q} = {self.value(scope, t, 2)}, {self.value(scope, t, 2)}")
                    return

    def s_call(self, scope, ind, ctx, f=None):
        plain = [f for f in self.funcs if not f.recv]
        if not plain:
            return
        f = f or self.r.choice(plain)
        names = [self.name() for _ in f.results]
        call = self.call(scope, f, 2)
        if names:
            self.emit(ind, f"{', '.join(names)} := {call}")
            self.emit(ind, f"{', '.join('_' for _ in names)} = {', '.join(names)}")
            scope += list(zip(names, f.results))
        else:
            self.emit(ind, call)

    def s_method(self, scope, ind, ctx):
        methods = [f for f in self.funcs if f.recv]
        owners = [(v, t) for v, t in scope if self.struct(t.lstrip("*")) or t == self.iface]
        if not methods or not owners:
            return
        v, t = self.r.choice(owners)
        if t == self.iface:
            n = self.name()
            self.emit(ind, f"{n} := {v}.M({self.value(scope, 'int', 2)})")
            self.emit(ind, f"_ = {n}")
            scope.append((n, "int"))
            return
        own = [f for f in methods if f.recv.lstrip("*") == t.lstrip("*")]
        if not own or v.startswith("k"):
            return
        f = self.r.choice(own)
        n = self.name()
        args = ", ".join(self.value(scope, p, 2) for p in f.params)
        form = self.r.random()
        if form < 0.7:
            self.emit(ind, f"{n} := {v}.{f.name}({args})")
        elif form < 0.85:
            g = self.name("g")
            self.emit(ind, f"{g} := {v}.{f.name}")
            self.emit(ind, f"{n} := {g}({args})")
        else:
            recv = f.recv
            this = v if recv.startswith("*") == t.startswith("*") else ("&" + v if recv.startswith("*") else "*" + v)
            self.emit(ind, f"{n} := ({recv}).{f.name}({this}{', ' if args else ''}{args})")
        self.emit(ind, f"_ = {n}")
        scope.append((n, f.results[0]))

    def s_pointer(self, scope, ind, ctx):
        own = [(v, t) for v, t in scope if self.struct(t) and not v.startswith("k")]
        if own:
            v, t = self.r.choice(own)
            self.declare(scope, ind, "*" + t, f"&{v}")

    def s_delete(self, scope, ind, ctx):
        maps = [(v, t) for v, t in scope if t.startswith("map[")]
        if maps:
            v, t = self.r.choice(maps)
            self.emit(ind, f"delete({v}, {self.value(scope, self.map_parts(t)[0], 2)})")

    def s_clear(self, scope, ind, ctx):
        own = [(v, t) for v, t in scope if t.startswith(("map[", "[]"))]
        if own:
            self.emit(ind, f"clear({self.r.choice(own)[0]})")

    def s_slice(self, scope, ind, ctx):
        own = [(v, t) for v, t in scope if t.startswith("[") or t == "string"]
        own = [(v, t) for v, t in own if not v.startswith("k")]
        if not own:
            return
        v, t = self.r.choice(own)
        res = t if t == "string" else "[]" + self.elem(t)
        lo, hi = self.r.randrange(3), self.r.randrange(4)
        form = self.r.random()
        if form < 0.4:
            text = f"{v}[minOf({lo}, len({v})):]"
        elif form < 0.7:
            text = f"{v}[:minOf({hi}, len({v}))]"
        elif form < 0.8 and t != "string":
            text = f"{v}[:minOf({hi}, len({v})):len({v})]"
        else:
            text = f"{v}[{self.nonconst(scope, 'int', 1)}:]"
        self.declare(scope, ind, res, text)

    def s_break(self, scope, ind, ctx):
        if not ctx["brk"]:
            return
        self.emit(ind, f"if {self.cond(scope)} {{")
        words = ["break"] + (["continue"] if ctx["loop"] else [])
        word = self.r.choice(words)
        if ctx["labels"] and ctx["loop"] and self.r.random() < 0.5:
            word = self.r.choice(["break", "continue"]) + " " + self.r.choice(ctx["labels"])
        self.emit(ind + 1, word)
        self.emit(ind, "}")

    def s_panic(self, scope, ind, ctx):
        self.emit(ind, f"if {self.cond(scope)} {{")
        what = self.r.choice(["string", "int", "error", "any"])
        text = f'fmt.Errorf("wrap %w", errors.New({self.value(scope, "string", 1)}))' if what == "error" else self.value(
            scope, what, 1)
        self.emit(ind + 1, f"panic({text})" if what != "any" or self.printable("any") else "panic(1.5)")
        self.emit(ind, "}")

    def s_return(self, scope, ind, ctx):
        self.emit(ind, f"if {self.cond(scope)} {{")
        self.emit(ind + 1, ("return " + ", ".join(self.value(scope, t, 2) for t in ctx["results"])).rstrip())
        self.emit(ind, "}")

    def s_chan(self, scope, ind, ctx):
        t = self.type(1)
        c, v, s = self.name("c"), self.name(), self.name()
        if self.r.random() < 0.5:
            n = self.r.randrange(1, 4)
            self.emit(ind, f"{c} := make(chan {t}, {n})")
            for _ in range(n):
                self.emit(ind, f"{c} <- {self.value(scope, t, 2)}")
            self.emit(ind, f"close({c})")
        else:
            self.emit(ind, f"{c} := make(chan {t})")
            args = [self.value(scope, t, 2) for _ in range(self.r.randrange(1, 4))]
            w = self.name("w")
            self.emit(ind, f"{w} := []{t}{{{', '.join(args)}}}")
            self.emit(ind, "go func() {")
            self.emit(ind + 1, f"defer close({c})")
            self.emit(ind + 1, f"for _, x := range {w} {{")
            if self.r.random() < 0.5:
                self.emit(ind + 2, f"{c} <- x")
            else:
                self.emit(ind + 2, "select {")
                self.emit(ind + 2, f"case {c} <- x:")
                self.emit(ind + 2, "}")
            self.emit(ind + 1, "}")
            self.emit(ind, "}()")
        self.emit(ind, f"{s} := []{t}{{}}")
        self.emit(ind, f"for {v} := range {c} {{")
        self.emit(ind + 1, f"{s} = append({s}, {v})")
        self.emit(ind, "}")
        self.emit(ind, f"{v}, {v}ok := <-{c}")
        self.emit(ind, f"_, _ = {v}, {v}ok")
        scope += [(s, "[]" + t), (v, t), (v + "ok", "bool")]

    def s_multi(self, scope, ind, ctx):
        ts = [self.type(1) for _ in range(self.r.randrange(2, 4))]
        names = [self.name() for _ in ts]
        self.emit(ind, f"{', '.join(names)} := {', '.join(self.typed(scope, t) for t in ts)}")
        self.emit(ind, f"{', '.join('_' for _ in names)} = {', '.join(names)}")
        scope += list(zip(names, ts))

    def typed(self, scope, t):
        text = self.value(scope, t, 2)
        return text

    def s_copy(self, scope, ind, ctx):
        own = [(v, t) for v, t in scope if t.startswith("[]")]
        if own:
            v, t = self.r.choice(own)
            n = self.name()
            self.emit(ind, f"{n} := copy({v}, {self.value(scope, t, 2)})")
            scope.append((n, "int"))
            self.emit(ind, f"_ = {n}")

    def s_commaok(self, scope, ind, ctx):
        maps = [(v, t) for v, t in scope if t.startswith("map[")]
        anys = [(v, t) for v, t in scope if t == "any"]
        v, ok = self.name(), self.name()
        if maps and self.r.random() < 0.6:
            m, t = self.r.choice(maps)
            k, e = self.map_parts(t)
            self.emit(ind, f"{v}, {ok} := {m}[{self.value(scope, k, 2)}]")
        elif anys:
            e = self.basic()
            self.emit(ind, f"{v}, {ok} := {self.r.choice(anys)[0]}.({e})")
        else:
            return
        self.emit(ind, f"_, _ = {v}, {ok}")
        scope += [(v, e), (ok, "bool")]

    def s_goto(self, scope, ind, ctx):
        label, k = self.name("G"), self.name("k")
        self.emit(ind, "{")
        self.emit(ind + 1, f"{k} := 0")
        self.emit(ind, f"{label}:")
        self.emit(ind + 1, "{")
        self.block(scope, ind + 2, self.r.randrange(1, 3), dict(ctx, brk=False, loop=False, labels=[]))
        self.emit(ind + 1, "}")
        self.emit(ind + 1, f"if {k}++; {k} < 3 && burn() {{")
        self.emit(ind + 2, f"goto {label}")
        self.emit(ind + 1, "}")
        self.emit(ind, "}")

    def s_generic(self, scope, ind, ctx):
        g = self.r.choice(self.generics)
        t = self.r.choice(["int", "string", "float64", "uint8", "int16"])
        n = self.name()
        p = self.p
        if g == "map":
            u = self.basic()
            a = self.name("a")
            s = self.value(scope, "[]" + t, 2)
            body = self.value(list(scope) + [(a, t)], u, 1)
            self.declare(scope, ind, "[]" + u, f"{p}_Map({s}, func({a} {t}) {u} {{ return {body} }})")
        elif g == "fold":
            a, b = self.name("a"), self.name("a")
            body = self.value([(a, t), (b, t)], t, 2)
            self.declare(scope, ind, t, f"{p}_Fold({self.value(scope, '[]' + t, 2)}, {self.value(scope, t, 1)}, func({a}, {b} {t}) {t} {{ return {body} }})")
        elif g == "sum":
            self.declare(scope, ind, t, f"{p}_Sum[{t}]({self.value(scope, '[]' + t, 2)}...)")
        elif g == "stack":
            self.emit(ind, f"{n} := &{p}_Stack[{t}]{{}}")
            for _ in range(self.r.randrange(1, 4)):
                self.emit(ind, f"{n}.Push({self.value(scope, t, 2)})")
            v, ok = self.name(), self.name()
            self.emit(ind, f"{v}, {ok} := {n}.Pop()")
            self.emit(ind, f"_, _ = {v}, {ok}")
            self.emit(ind, f'fmt.Printf("{p} %T %v\\n", *{n}, {n}.items)')
            scope += [(v, t), (ok, "bool")]
        elif g == "pair":
            u = self.basic()
            self.emit(ind, f"{n} := {p}_MakePair({self.value(scope, t, 2)}, {self.value(scope, u, 2)})".replace(
                "MakePair(", f"MakePair[{t}, {u}]("))
            self.emit(ind, f'fmt.Printf("{p} %T %v\\n", {n}, {n}.Swap())')

    def s_iter(self, scope, ind, ctx):
        k, e = self.name("k"), self.name()
        t = self.r.choice(["int", "string", "float64"])
        self.emit(ind, f"for {k}, {e} := range {self.p}_seq_{t}({self.value(scope, '[]' + t, 2)}) {{")
        self.emit(ind + 1, f"_, _ = {k}, {e}")
        self.emit(ind + 1, "if !burn() {")
        self.emit(ind + 2, "break")
        self.emit(ind + 1, "}")
        self.block(list(scope) + [(k, "int"), (e, t)], ind + 1, self.r.randrange(1, 4), dict(ctx, loop=True, brk=True))
        self.emit(ind, "}")

    # --- the whole ---

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
        for _ in range(self.r.randrange(8, 20) if self.in_main else self.r.randrange(2, 9)):
            self.statement(scope, 1, ctx)
        self.show(scope, 1)
        if results:
            self.emit(1, "return " + ", ".join(self.value(scope, t, 2) for t in results))
        self.emit(0, "}")
        self.emit(0, "")

    def build(self):
        r, p = self.r, self.p
        for t in BASICS:
            self.emit(0, f"func {p}_id_{t}(x {t}) {t} {{ return x }}")
        self.emit(0, "")
        for i in range(r.randrange(1, 4)):
            fields = [(f"F{j}", self.type(1)) for j in range(r.randrange(1, 5))]
            s = Struct(f"{p}S{i}", fields)
            self.emit(0, f"type {s.name} struct {{")
            for f, t in fields:
                self.emit(1, f"{f} {t}")
            self.emit(0, "}")
            self.emit(0, "")
            self.structs.append(s)
        if self.features["generics"]:
            self.generics = ["map", "fold", "sum", "stack", "pair"]
            self.out.append(GENERICS.replace("PP", p))
        if self.features["iter"]:
            for t in ["int", "string", "float64"]:
                self.emit(0, f"func {p}_seq_{t}(s []{t}) func(func(int, {t}) bool) {{")
                self.emit(1, f"return func(yield func(int, {t}) bool) {{")
                self.emit(2, "for i, x := range s {")
                self.emit(3, "if !yield(i, x) {")
                self.emit(4, "return")
                self.emit(3, "}")
                self.emit(2, "}")
                self.emit(1, "}")
                self.emit(0, "}")
                self.emit(0, "")
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
            self.emit(0, f"var {g} {t} = {self.value(list(self.globals), t, 1)}")
            self.emit(0, "")
            self.globals.append((g, t))
        for i in range(r.randrange(1, 5)):
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
        return "\n".join(self.out) + "\n"


GENERICS = """type PP_Number interface {
\t~int | ~int16 | ~uint8 | ~float64 | ~string
}

func PP_Map[T, U any](s []T, f func(T) U) []U {
\tr := make([]U, 0, len(s))
\tfor _, x := range s {
\t\tr = append(r, f(x))
\t}
\treturn r
}

func PP_Fold[T any](s []T, a T, f func(a, b T) T) T {
\tfor _, x := range s {
\t\ta = f(a, x)
\t}
\treturn a
}

func PP_Sum[T PP_Number](s ...T) (t T) {
\tfor _, x := range s {
\t\tt += x
\t}
\treturn
}

type PP_Stack[T any] struct {
\titems []T
}

func (s *PP_Stack[T]) Push(x T) { s.items = append(s.items, x) }

func (s *PP_Stack[T]) Pop() (x T, ok bool) {
\tif len(s.items) == 0 {
\t\treturn
\t}
\tx = s.items[len(s.items)-1]
\ts.items = s.items[:len(s.items)-1]
\treturn x, true
}

type PP_Pair[A comparable, B any] struct {
\tFirst  A
\tSecond B
}

func PP_MakePair[A comparable, B any](a A, b B) PP_Pair[A, B] { return PP_Pair[A, B]{a, b} }

func (q PP_Pair[A, B]) Swap() string { return fmt.Sprint(q.Second, q.First, q.First == q.First) }
"""


def write(path, seeds, features):
    with open(path, "w") as f:
        f.write(PRELUDE)
        for i, seed in enumerate(seeds):
            f.write(Program(seed, i, features).build())
        f.write("func main() {\n")
        for i in range(len(seeds)):
            f.write(f'\tguard("p{i}", p{i}_main)\n')
        f.write("}\n")


def run(command, env=None, cwd=None):
    try:
        done = subprocess.run(command, capture_output=True, timeout=120, env=env, cwd=cwd)
        return done.returncode, done.stdout, done.stderr
    except subprocess.TimeoutExpired:
        return "timeout", b"", b""


MODES = [{}, {"MINIDEBUG": "stackmove=1"}, {"MINIDEBUG": "gcstress=50"}, {"MINIDEBUG": "heapall=1"}]


def compare(work, seeds, features, args):
    """None if Go and Mini agree on the programs of these seeds, else what differs."""
    source = os.path.join(work, "main.go")
    write(source, seeds, features)
    env = dict(os.environ, GO111MODULE="on", GOFLAGS="-mod=mod", GOPROXY="off")
    status, _, err = run([args.go, "build", "-gcflags=-e", "-o", "prog", "."], env, work)
    if status != 0:
        return "go refuses: " + err.decode(errors="replace")[:600]
    expected = run([os.path.join(work, "prog")])
    mini = os.path.join(work, "main.mini")
    shutil.copy(source, mini)
    for mode in MODES if args.modes else MODES[:1]:
        found = run([args.mini, "run", mini], dict(os.environ, **mode))
        if found[:2] != expected[:2]:
            want, got = expected[1].decode(errors="replace").splitlines(), found[1].decode(errors="replace").splitlines()
            at = next((i for i, (a, b) in enumerate(zip(want, got)) if a != b), min(len(want), len(got)))
            return (f"{mode or ''} status {expected[0]} and {found[0]}; line {at + 1}: go {want[at:at + 1]} mini {got[at:at + 1]}"
                    f" stderr {found[2].decode(errors='replace')[:400]}")
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200, help="number of programs")
    parser.add_argument("--batch", type=int, default=25, help="programs in a file")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first program; the next has the next number")
    parser.add_argument("--mini", default="target/release/mini")
    parser.add_argument("--go", default=os.environ.get("MINI_GO", "go"))
    parser.add_argument("--keep", default="random-failures", help="folder for programs that differ")
    parser.add_argument("--without", default="", help="features left out: goto,iter,generics")
    parser.add_argument("--modes", action="store_true", help="under stackmove, gcstress and heapall, too")
    args = parser.parse_args()
    if not shutil.which(args.go):
        print("skipped: Go is not installed")
        return
    args.mini = os.path.abspath(args.mini)
    left_out = args.without.split(",")
    features = {name: name not in left_out for name in ("goto", "iter", "generics")}
    bad = 0
    with tempfile.TemporaryDirectory() as work:
        with open(os.path.join(work, "go.mod"), "w") as f:
            f.write("module random\n\ngo 1.27\n")
        for start in range(args.seed, args.seed + args.count, args.batch):
            seeds = list(range(start, min(start + args.batch, args.seed + args.count)))
            if compare(work, seeds, features, args) is None:
                continue
            for seed in seeds:
                why = compare(work, [seed], features, args)
                if why:
                    bad += 1
                    print(f"seed {seed}: {why}", flush=True)
                    os.makedirs(args.keep, exist_ok=True)
                    shutil.copy(os.path.join(work, "main.go"), os.path.join(args.keep, f"seed{seed}.go"))
    print(f"{args.count} programs from seed {args.seed}, {bad} differ")
    sys.exit(bad != 0)


if __name__ == "__main__":
    main()
