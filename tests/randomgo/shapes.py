"""Types: named ones with methods, embedding and promotion, big values, closures in structs, anonymous structs."""

# Declared once in a file.
SHARED = """
type lib_Ints []int

func (l lib_Ints) Sum() (n int) {
    for _, x := range l {
        n += x
    }
    return
}

func (l *lib_Ints) Add(x int) int {
    *l = append(*l, x)
    return len(*l)
}

type lib_Fn func(int) int

func (f lib_Fn) Twice(x int) int { return f(f(x)) }

type lib_Dict map[string]int

func (d lib_Dict) Inc(k string) int {
    d[k]++
    return d[k]
}

type lib_Pt struct{ X, Y int }

func (q lib_Pt) Plus(o lib_Pt) lib_Pt { return lib_Pt{q.X + o.X, q.Y + o.Y} }

func (q *lib_Pt) Scale(k int) *lib_Pt {
    q.X *= k
    q.Y *= k
    return q
}

func (q lib_Pt) String() string { return fmt.Sprintf("<%d %d>", q.X, q.Y) }

type lib_Holder struct {
    f     func(int) int
    g     func() string
    inner struct {
        list []func() int
        n    int
    }
}

type lib_Big struct {
    A, B, C int
    Name    string
    Data    [9]uint16
    Pts     [3]lib_Pt
    D       float64
    Any     any
    E       uint8
    Z       complex128
    F       []string
}

func lib_big(n int) lib_Big {
    b := lib_Big{A: n, B: n + 1, C: n * 2, Name: fmt.Sprint("big", n), D: float64(n) / 2, Any: n, E: uint8(n), Z: complex(1, float64(n))}
    for i := range b.Pts {
        b.Pts[i] = lib_Pt{n, i}
    }
    return b
}

func (b lib_Big) With(f func(*lib_Big)) lib_Big {
    f(&b)
    return b
}

func (b lib_Big) Show() string { return fmt.Sprint(b.A, b.B, b.C, b.Name, b.Data, b.Pts, b.D, b.Any, b.E, b.Z, b.F) }

type lib_Getter interface{ Get() int }

type lib_Full interface {
    lib_Getter
    Set(int)
    Name() string
    Add(int) int
}

type lib_Wrap struct {
    lib_Full
    calls int
}

func (w *lib_Wrap) Get() int {
    w.calls++
    return w.lib_Full.Get() + 1000
}
"""


class Shapes:
    SHARED = SHARED
    KINDS = [("embedded", 4, "block"), ("named", 2, "block"), ("big", 2, "block"), ("holder", 2, "block"), ("anonymous", 1, "block"),
             ("methodvalues", 2, "block"), ("keys", 1, "block")]

    def declare_shapes(self):
        r, p = self.r, self.p
        # A chain of types, each embedding the one before, as value or pointer; each declares some of the methods.
        self.chain = []
        names = ["Get", "Set", "Name", "Add"]
        for i in range(r.randrange(2, 5)):
            t = f"{p}_E{i}"
            below = f"{p}_E{i - 1}" if i else None
            by_pointer = bool(i) and r.random() < 0.5
            self.emit(0, f"type {t} struct {{")
            if i and r.random() < 0.3:
                self.emit(1, f"tag{i} string")
            if i:
                self.emit(1, ("*" if by_pointer else "") + below)
            self.emit(1, f"n{i} int")
            if r.random() < 0.5:
                self.emit(1, f"pad{i} {r.choice(['string', '[3]uint8', 'bool', '[]int', 'any', 'float32'])}")
            self.emit(0, "}")
            own = {}
            for m in names:
                if i and r.random() < 0.55:
                    continue
                pointer = r.random() < 0.5
                own[m] = pointer
                recv = ("*" if pointer else "") + t
                below_call = ""
                if i and r.random() < 0.6:
                    below_call = {"Get": f" + e.E_.Get()", "Name": f" + e.E_.Name()", "Add": " + e.E_.Add(x+1)", "Set": "; e.E_.Set(x - 1)"}[m].replace("E_", below)
                self.emit(0, {
                    "Get": f"func (e {recv}) Get() int {{ return e.n{i}*{r.randrange(1, 9)}{below_call} }}",
                    "Set": f"func (e {recv}) Set(x int) {{ e.n{i} = x{below_call} }}",
                    "Name": f"func (e {recv}) Name() string {{ return fmt.Sprint(\"E{i}:\", e.n{i}){below_call} }}",
                    "Add": f"func (e {recv}) Add(x int) int {{ e.n{i} += x; return e.n{i}{below_call} }}"}[m])
            self.chain.append((t, by_pointer, own))

    def build_chain(self, i):
        """A literal of the i-th type of the chain."""
        t, by_pointer, _ = self.chain[i]
        parts = [f"n{i}: {self.r.randrange(-9, 100)}"]
        if i:
            parts.append(f"{self.p}_E{i - 1}: " + ("&" if by_pointer else "") + self.build_chain(i - 1))
        return t + "{" + ", ".join(parts) + "}"

    def in_method_set(self, i, m):
        """Whether the method set of the value type has the method."""
        indirect = False
        while True:
            _, by_pointer, own = self.chain[i]
            if m in own:
                return indirect or not own[m]
            indirect = indirect or by_pointer
            i -= 1

    def s_embedded(self, scope, ind, ctx):
        r, p = self.r, self.p
        i = r.randrange(len(self.chain))
        t = self.chain[i][0]
        x, y = self.name(), self.name()
        self.emit(ind, f"{x} := {r.choice(['', '&'])}{self.build_chain(i)}")
        pointer = self.out[-1].split(":= ", 1)[1].startswith("&")
        calls = {"Get": "", "Set": self.value(scope, "int", 1), "Name": "", "Add": self.value(scope, "int", 1)}
        for m in r.sample(list(calls), r.randrange(1, 5)):
            args = calls[m]
            form = r.random()
            show = (lambda call: call) if m == "Set" else (lambda call: f'fmt.Println("{p} {m}", {call})')
            if form < 0.4:
                self.emit(ind, show(f"{x}.{m}({args})"))
            elif form < 0.6:
                f = self.name("f")
                self.emit(ind, f"{f} := {x}.{m}")
                self.emit(ind, f"{x}.n{r.randrange(i + 1)} += 7")
                self.emit(ind, show(f"{f}({args})"))
            elif form < 0.8:
                this = x if pointer else "&" + x
                self.emit(ind, show(f"(*{t}).{m}({this}{', ' if args else ''}{args})"))
            elif self.in_method_set(i, m):
                this = "*" + x if pointer else x
                self.emit(ind, show(f"{t}.{m}({this}{', ' if args else ''}{args})"))
            else:
                self.emit(ind, f"defer {x}.{m}({args})" if not ctx["loop"] else show(f"{x}.{m}({args})"))
        self.emit(ind, f"var {y} lib_Full = {x if pointer else '&' + x}")
        if r.random() < 0.5:
            w = self.name()
            self.emit(ind, f"{w} := &lib_Wrap{{lib_Full: {y}}}")
            self.emit(ind, f"{y} = {w}")
            self.emit(ind, f"{w}.Add({r.randrange(9)})")
        self.emit(ind, f'fmt.Println("{p} embedded", {y}.Get(), {y}.Name(), lib_Getter({y}).Get(), {x}.n0, {x}.n{i})')
        copy = self.name()
        self.emit(ind, f"{copy} := {'*' if pointer else ''}{x}")
        self.emit(ind, f"{copy}.Add(3)")
        self.emit(ind, f"{copy}.n0++")
        self.emit(ind, f'fmt.Println("{p} copied", {copy}.Name(), {x}.Name())')
        if r.random() < 0.3:
            self.lines(ind, f"""
                switch g := any({r.choice([x, y, copy, '&' + copy])}).(type) {{
                case lib_Full:
                    fmt.Println("$p full", g.Get())
                case lib_Getter:
                    fmt.Println("$p getter", g.Get())
                case interface{{ Name() string }}:
                    fmt.Println("$p named", g.Name())
                default:
                    fmt.Println("$p none")
                }}
                """)

    def s_named(self, scope, ind, ctx):
        r, p = self.r, self.p
        l, f, d, q = (self.name() for _ in range(4))
        v = lambda t="int", depth=1: self.value(scope, t, depth)
        forms = [f"{l} := lib_Ints{{{v()}, {v()}}}\n{l}.Add({v()})\ng := {l}.Sum\n{l}[0] = {v()}\nfmt.Println(\"{p} list\", {l}.Sum(), g(), (*lib_Ints).Add(&{l}, 4), {l})",
                 f"{f} := lib_Fn(func(x int) int {{ return {self.value(list(scope) + [('x', 'int')], 'int', 2)} }})\nfmt.Println(\"{p} fn\", {f}.Twice({v()}), lib_Fn.Twice({f}, 2))",
                 f"{d} := lib_Dict{{\"a\": 1}}\n{d}.Inc(\"b\")\ng := {d}.Inc\nfmt.Println(\"{p} dict\", g(\"a\"), {d}.Inc({v('string')}), {d})",
                 f"{q} := lib_Pt{{{v()}, {v()}}}\nt := {q}.Scale(2).Plus(lib_Pt{{1, 2}})\nfmt.Println(\"{p} pt\", {q}, &t, []lib_Pt{{t}}, map[lib_Pt]lib_Pt{{t: {q}}}, t == {q}, *t.Scale({v()}))"]
        self.emit(ind, "{")
        for line in r.choice(forms).split("\n"):
            self.emit(ind + 1, line)
        self.emit(ind, "}")

    def s_big(self, scope, ind, ctx):
        """A struct of many words, through calls, channels, maps, interfaces, defers."""
        r, p = self.r, self.p
        a, b = self.name(), self.name()
        self.emit(ind, f"{a} := lib_big({r.randrange(50)})")
        self.emit(ind, f"{b} := {a}.With(func(b *lib_Big) {{ b.{r.choice(['A++', 'Pts[1].X = 5', 'D /= 3', 'F = append(b.F, b.Name)', 'Z *= 2i', 'E -= 100'])} }})")
        forms = [f"{{ m := map[string]lib_Big{{\"x\": {a}}}; {b} = m[\"{r.choice('xy')}\"]; m[\"x\"] = {b} }}",
                 f"{{ c := make(chan lib_Big, 1); c <- {b}; {b}.A = -1; {a} = <-c }}",
                 f"{{ c := make(chan lib_Big); go func() {{ c <- lib_big(3) }}(); {a} = <-c }}",
                 f"{{ var x any = {a}; {a}.A = {self.value(scope, 'int', 1)}; {b} = x.(lib_Big) }}",
                 f"func() {{ defer func(x lib_Big) {{ {b} = x; recover() }}({a}); {a}.Name += \"!\"; panic({a}) }}()",
                 f"{a}, {b} = {b}, {a}",
                 f"{{ s := []lib_Big{{{a}, {b}}}; s = append(s, s...); s[1].C = 77; {a} = s[3]; {b} = s[1] }}",
                 f"{{ f := {a}.Show; {a}.B = {self.value(scope, 'int', 1)}; fmt.Println(\"{p} bound\", f() == {a}.Show()) }}",
                 f"{{ x := [2]lib_Big{{{a}, {b}}}; y := x; y[0].E = 9; {b} = y[0]; {a} = x[0] }}",
                 f"{{ x := struct {{ big lib_Big; n int }}{{{a}, 1}}; y := x; y.big.Pts[2].Y = {self.value(scope, 'int', 1)}; {a} = y.big; {b} = x.big }}",
                 f"for _, x := range [...]lib_Big{{{b}, {a}}} {{ x.A *= 2; {a} = x }}",
                 f"{b} = func(x, y lib_Big, n int) lib_Big {{ if n > {r.randrange(9)} {{ return x }}; y.A += n; return y }}({a}, {b}, {self.value(scope, 'int', 1)})"]
        for form in r.sample(forms, r.randrange(2, 5)):
            self.emit(ind, form)
        self.emit(ind, f'fmt.Println("{p} big", {a}.Show())')
        self.emit(ind, f'fmt.Println("{p} big", {b}.Show(), {a}.Pts == {b}.Pts, {a}.Data == {b}.Data)')

    def s_holder(self, scope, ind, ctx):
        """Closures in structs, slices and maps; what they share."""
        r, p = self.r, self.p
        h, n = self.name(), self.name()
        t = r.choice(["int", "uint8", "int16"])
        self.emit(ind, f"var {h} lib_Holder")
        self.emit(ind, f"{n} := {self.value(scope, 'int', 2)}")
        self.emit(ind, f"{h}.f = func(x int) int {{ {n} += x; return {self.value(list(scope) + [(n, 'int'), ('x', 'int')], 'int', 2)} }}")
        self.emit(ind, f"{h}.g = func() string {{ return fmt.Sprint({n}, {h}.inner.n, len({h}.inner.list)) }}")
        self.emit(ind, f"for i := range {t}({r.randrange(1, 5)}) {{")
        self.emit(ind + 1, f"{h}.inner.list = append({h}.inner.list, func() int {{ {h}.inner.n += int(i); i++; return int(i) + {n} }})")
        self.emit(ind, "}")
        self.emit(ind, f"{self.name('x')} := {h}".replace("x", "v") + f"; _ = v{self.n}")
        copy = f"v{self.n}"
        self.emit(ind, f"for _, f := range {copy}.inner.list {{")
        self.emit(ind + 1, f'fmt.Print("{p} ", f(), " ", {h}.f(1), ";")')
        self.emit(ind, "}")
        self.emit(ind, f'fmt.Println("{p} holder", {h}.g(), {copy}.g(), {h}.inner.n, {copy}.inner.n)')
        scope.append((n, "int"))
        if r.random() < 0.4:
            self.lines(ind, """
                {
                    var fib func(int) int
                    memo := map[int]int{}
                    fib = func(n int) int {
                        if n < 2 {
                            return n
                        }
                        if v, ok := memo[n]; ok {
                            return v
                        }
                        memo[n] = fib(n-1) + fib(n-2)
                        return memo[n]
                    }
                    ops := map[string]func(int, int) int{"+": func(a, b int) int { return a + b }, "f": func(a, b int) int { return fib(a&31) - b }}
                    fmt.Println("$p ops", ops["+"](1, 2), ops["f"]($n, 3), ops["-"] == nil)
                }
                """, n=n)

    def s_anonymous(self, scope, ind, ctx):
        r, p = self.r, self.p
        x, y = self.name(), self.name()
        t, u = self.basic(), self.basic()
        self.emit(ind, f"{x} := struct {{ A {t}; B []struct {{ C {u} }} }}{{A: {self.value(scope, t, 1)}}}")
        self.emit(ind, f"{x}.B = append({x}.B, struct {{ C {u} }}{{{self.value(scope, u, 1)}}})")
        self.emit(ind, f"{y} := {x}")
        self.emit(ind, f"{y}.A = {self.value(scope, t, 2)}")
        self.emit(ind, f"{y}.B[0].C = {self.value(scope, u, 2)}")
        self.emit(ind, f'fmt.Printf("{p} %v %+v %T\\n", {x}, {y}, {x})')
        self.emit(ind, f"for _, tt := range []struct {{ in {t}; n int }}{{{{{self.value(scope, t, 1)}, 1}}, {{n: 2}}, {{in: {x}.A}}}} {{")
        self.emit(ind + 1, f'fmt.Println("{p} case", tt, tt.in == {x}.A, tt.n)')
        self.emit(ind, "}")

    def s_methodvalues(self, scope, ind, ctx):
        """Method values and expressions as arguments, deferred, started, compared with nil."""
        r, p = self.r, self.p
        q, fs = self.name(), self.name()
        self.emit(ind, f"{q} := &lib_Pt{{{self.value(scope, 'int', 1)}, {r.randrange(9)}}}")
        self.emit(ind, f"{fs} := []func(int) *lib_Pt{{{q}.Scale, (&lib_Pt{{1, 2}}).Scale, func(n int) *lib_Pt {{ return {q}.Scale(n + 1) }}}}")
        self.emit(ind, f"for i, f := range {fs} {{")
        self.emit(ind + 1, f'fmt.Println("{p} scaled", *f(i + {r.randrange(4)}))')
        self.emit(ind, "}")
        if not ctx["loop"]:
            self.emit(ind, r.choice([f"defer {q}.Scale(2)", f"defer fmt.Println(\"{p} late\", {q}, *{q})", f"defer (*lib_Pt).Scale({q}, 3)"]))
        self.emit(ind, f'fmt.Println("{p} plus", lib_Pt.Plus(*{q}, lib_Pt{{1, 1}}), (*lib_Pt).String({q}), {q}.String())')
        if r.random() < 0.4:
            self.emit(ind, f"try(\"{p} nil method\", func() {{ var z *lib_Pt; {r.choice(['z.Scale(1)', 'f := z.String; f()', 'f := z.Scale; f(1)', '_ = z.Plus', 'fmt.Println(z)', 'fmt.Stringer(z).String()', 'var s fmt.Stringer; _ = z; f := s.String; f()'])} }})")

    def s_keys(self, scope, ind, ctx):
        """Maps whose keys are structs, arrays, interfaces, floats; printed by lookups."""
        r, p = self.r, self.p
        m = self.name()
        kt = r.choice(["struct{ a int; b string }", "[2]any", "any", "float64", "[3]uint8", "struct{ f float32; i any }", "complex64", f"lib_Pt", "interface{ String() string }", "[1][2]string", "*int"])
        def key():
            i = lambda: self.value(scope, "int", 1)
            return {"struct{ a int; b string }": lambda: f"struct{{ a int; b string }}{{{i()}, {self.value(scope, 'string', 1)}}}",
                    "[2]any": lambda: f"[2]any{{{self.value(scope, self.basic(), 1)}, {r.choice(['nil', '1', '[]int{}' if r.random() < 0.2 else '2'])}}}",
                    "any": lambda: r.choice([f"any({self.value(scope, self.basic(), 1)})", "nil", f"lib_Pt{{1, 2}}", "[2]string{}", "any([]int{1})" if r.random() < 0.2 else "any(1)"]),
                    "float64": lambda: r.choice(["math.NaN()", "0", "math.Copysign(0, -1)", self.value(scope, "float64", 2)]),
                    "[3]uint8": lambda: f"[3]uint8{{1: {self.value(scope, 'uint8', 1)}}}",
                    "struct{ f float32; i any }": lambda: f"struct{{ f float32; i any }}{{{self.value(scope, 'float32', 1)}, {r.choice(['nil', '1', self.value(scope, 'string', 0), 'map[int]int{}' if r.random() < 0.2 else '0'])}}}",
                    "complex64": lambda: self.value(scope, "complex64", 1),
                    f"lib_Pt": lambda: f"lib_Pt{{{i()}, {r.randrange(2)}}}",
                    "interface{ String() string }": lambda: r.choice([f"lib_Pt{{{r.randrange(3)}, 1}}", "nil", f"lib_Level(1)"]),
                    "[1][2]string": lambda: f"[1][2]string{{{{{self.value(scope, 'string', 1)}}}}}",
                    "*int": lambda: r.choice(["nil", "new(int)"])}[kt]()
        self.emit(ind, f"try(\"{p} keys\", func() {{")
        self.emit(ind + 1, f"{m} := map[{kt}]int{{}}")
        for _ in range(r.randrange(2, 6)):
            self.emit(ind + 1, r.choice([f"{m}[{key()}]++", f"{m}[{key()}] = {r.randrange(9)}", f"{m}[{key()}] += {r.randrange(9)}", f"delete({m}, {key()})",
                                         f"if _, ok := {m}[({key()})]; ok {{ {m}[{key()}]-- }}", f"{m}[{key()}] <<= 2"]))
        self.emit(ind + 1, "total := 0")
        self.emit(ind + 1, f"for _, x := range {m} {{ total += x }}")
        self.emit(ind + 1, f'fmt.Println("{p} keys", len({m}), total, {m}[{key()}])')
        self.emit(ind, "})")
