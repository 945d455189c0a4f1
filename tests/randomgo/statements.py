"""The statements of the language's core."""
import textwrap
from string import Template

from .types import BASICS, FLOATS, INTS


class Statements:
    """Each method `s_name` writes one statement at an indentation; `ctx` says what may be jumped out of and returned."""

    # Name, weight, and where it may stand: "" anywhere, "block" not too deep, "defer" in no loop besides.
    KINDS = [("declare", 20, ""), ("assign", 16, ""), ("op", 10, ""), ("if", 9, "block"), ("for", 7, "block"), ("range", 7, "block"),
             ("switch", 5, "block"), ("typeswitch", 2, "block"), ("append", 6, ""), ("closure", 5, "block"), ("defer", 3, "defer"),
             ("show", 12, ""), ("swap", 4, ""), ("call", 6, ""), ("method", 5, ""), ("pointer", 3, ""), ("delete", 2, ""),
             ("slice", 4, ""), ("break", 3, ""), ("panic", 1, ""), ("return", 1, ""), ("chan", 2, "block"), ("multi", 4, ""),
             ("copy", 2, ""), ("commaok", 3, ""), ("recover", 2, "block"), ("strloop", 2, "block"), ("clear", 1, "")]

    def emit(self, ind, text):
        self.out.append("\t" * ind + text)

    def lines(self, ind, text, **names):
        """Writes a template, its names replaced; $p is the program's prefix. Four spaces are an indentation."""
        text = Template(textwrap.dedent(text).strip("\n")).substitute(names, p=self.p)
        for line in text.split("\n"):
            bare = line.lstrip(" ")
            self.emit(ind + (len(line) - len(bare)) // 4, bare)

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
        kinds = self.deep_kinds if deep else self.loop_kinds if ctx["loop"] else self.kinds
        total = sum(w for _, w, _ in kinds)
        x = r.random() * total
        for kind, w, _ in kinds:
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

