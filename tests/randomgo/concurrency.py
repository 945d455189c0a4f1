"""Goroutines, channels, select, sync: with results that do not depend on scheduling."""


class Concurrency:
    KINDS = [("group", 2, "block"), ("select", 2, "block"), ("pipeline", 1, "block"), ("pingpong", 1, "block"), ("chanstate", 1, "")]

    def pure(self, names, t, depth=2):
        """An expression of these variables alone, without calls that take fuel."""
        functions, self.funcs = self.funcs, []
        text = self.value(names, t, depth)
        self.funcs = functions
        return text

    def s_group(self, scope, ind, ctx):
        r = self.r
        t = r.choice(["int", "string", "uint8", "float64", "complex128", "int16"])
        wg, s, i, v, m, n = (self.name() for _ in range(6))
        self.emit(ind, f"var {wg} sync.WaitGroup")
        self.emit(ind, f"{s} := make([]{t}, {r.randrange(1, 9)})")
        form = r.random()
        if form < 0.5:
            self.emit(ind, f"var {m} sync.Mutex")
            self.emit(ind, f"{n} := 0")
            self.emit(ind, f"for {i} := range {s} {{")
            self.emit(ind + 1, f"{v} := {self.value(scope, t, 2)}")
            self.emit(ind + 1, f"_ = {v}")
            self.emit(ind + 1, f"{wg}.Go(func() {{" if r.random() < 0.5 else f"{wg}.Add(1)")
            if not self.out[-1].endswith("{"):
                self.emit(ind + 1, "go func() {")
                self.emit(ind + 2, f"defer {wg}.Done()")
                end = "}()"
            else:
                end = "})"
            self.emit(ind + 2, "defer func() { recover() }()")
            self.emit(ind + 2, f"{s}[{i}] = {self.pure([(v, t), (i, 'int')], t)}")
            self.emit(ind + 2, f"{m}.Lock()")
            self.emit(ind + 2, f"defer {m}.Unlock()")
            self.emit(ind + 2, f"{n} += {i} * {r.randrange(1, 99)}")
            self.emit(ind + 1, end)
            self.emit(ind, "}")
            self.emit(ind, f"{wg}.Wait()")
            self.emit(ind, f'fmt.Println("{self.p} group", {s}, {n})')
            scope.append((n, "int"))
        else:
            # Goroutines that panic and recover, and count with atomics.
            self.emit(ind, f"var {n} atomic.Int64")
            self.emit(ind, f"for {i} := range {s} {{")
            self.emit(ind + 1, f"{wg}.Add(1)")
            self.emit(ind + 1, f"go func({v} int) {{")
            self.emit(ind + 2, f"defer {wg}.Done()")
            self.emit(ind + 2, "defer func() {")
            self.emit(ind + 3, f"if recover() != nil {{ {n}.Add(1000) }}")
            self.emit(ind + 2, "}()")
            self.emit(ind + 2, f"{m} := {self.pure([(v, 'int')], 'int', 3)}")
            self.emit(ind + 2, f"{s}[{i}] = {self.pure([(v, 'int'), (m, 'int')], t)}")
            self.emit(ind + 2, f"{n}.Add(int64([]int{{1, 2, 3}}[{m}&{r.choice([1, 3, 7])}]))")
            self.emit(ind + 1, f"}}({i})")
            self.emit(ind, "}")
            self.emit(ind, f"{wg}.Wait()")
            self.emit(ind, f'fmt.Println("{self.p} group", {s}, {n}.Load())')
        scope.append((s, "[]" + t))

    def s_select(self, scope, ind, ctx):
        """One ready case, or a default."""
        r = self.r
        t = self.type(1)
        c, d, q = self.name("c"), self.name("c"), self.name("c")
        v, ok = self.name(), self.name()
        self.emit(ind, f"{c}, {d} := make(chan {t}, 1), make(chan int, 1)")
        self.emit(ind, f"var {q} chan string")
        self.emit(ind, f"_, _, _ = {c}, {d}, {q}")
        which = r.randrange(5)
        if which == 0:
            self.emit(ind, f"{c} <- {self.value(scope, t, 2)}")
        elif which == 1:
            self.emit(ind, f"close({c})")
        elif which == 2:
            self.emit(ind, f"{d} <- {self.value(scope, 'int', 1)}")
        if r.random() < 0.3:
            label = self.name("L")
            self.emit(ind, f"{label}:")
            self.emit(ind, "for burn() {")
            jump, within = f"break {label}", dict(ctx, loop=False, brk=False, labels=[])
        else:
            jump, within = None, dict(ctx, brk=True)
            self.emit(ind, "{")
        self.emit(ind + 1, "select {")
        self.emit(ind + 1, f"case {v}, {ok} := <-{c}:")
        self.emit(ind + 2, f"_, _ = {v}, {ok}")
        self.block(list(scope) + [(v, t), (ok, "bool")], ind + 2, r.randrange(0, 3), within)
        if jump:
            self.emit(ind + 2, jump)
        if which in (0, 1):
            # Sending would be ready, too.
            self.emit(ind + 1, f"case {q} <- {self.value(scope, 'string', 1)}:")
            self.emit(ind + 2, f'fmt.Println("{self.p} never")')
        elif which == 2:
            w = self.name()
            self.emit(ind + 1, f"case {w} := <-{d}:")
            self.emit(ind + 2, f"_ = {w}")
            self.block(list(scope) + [(w, "int")], ind + 2, r.randrange(0, 3), within)
            if jump:
                self.emit(ind + 2, jump)
        elif which == 3:
            self.emit(ind + 1, f"case {d} <- {self.value(scope, 'int', 2)}:")
            self.emit(ind + 2, f'fmt.Println("{self.p} sent", len({d}), <-{d})')
            if jump:
                self.emit(ind + 2, jump)
        if which == 4 or r.random() < 0.2 and which != 3:
            self.emit(ind + 1, "default:")
            self.block(scope, ind + 2, r.randrange(0, 3), within)
            if jump:
                self.emit(ind + 2, jump)
        self.emit(ind + 1, "}")
        self.emit(ind, "}")

    def s_pipeline(self, scope, ind, ctx):
        r = self.r
        t = r.choice(["int", "string", "uint16", "float32"])
        src, out = self.name("c"), self.name()
        self.emit(ind, f"{src} := make(chan {t}, {r.randrange(3)})")
        values = ", ".join(self.value(scope, t, 2) for _ in range(r.randrange(1, 5)))
        self.emit(ind, f"go func(list ...{t}) {{")
        self.emit(ind + 1, f"for _, x := range list {{ {src} <- x }}")
        self.emit(ind + 1, f"close({src})")
        self.emit(ind, f"}}({values})")
        for _ in range(r.randrange(0, 3)):
            dst = self.name("c")
            self.emit(ind, f"{dst} := make(chan {t}, {r.randrange(3)})")
            self.emit(ind, f"go func(in <-chan {t}, out chan<- {t}) {{")
            self.emit(ind + 1, "defer close(out)")
            self.emit(ind + 1, "for x := range in {")
            self.emit(ind + 2, f"out <- {self.pure_total([('x', t)], t)}")
            self.emit(ind + 1, "}")
            self.emit(ind, f"}}({src}, {dst})")
            src = dst
        self.emit(ind, f"var {out} []{t}")
        self.emit(ind, f"for x := range {src} {{")
        self.emit(ind + 1, f"{out} = append({out}, x)")
        self.emit(ind, "}")
        self.emit(ind, f'fmt.Println("{self.p} pipeline", {out})')
        scope.append((out, "[]" + t))

    def pure_total(self, names, t):
        """An expression that cannot panic."""
        x = names[0][0]
        if t == "string":
            return self.r.choice([f"{x} + \"!\"", f"strings.ToUpper({x})", f"\"<\" + {x} + \">\""])
        return self.r.choice([f"{x} * 3", f"{x} + {x}", f"-{x}", f"{x} - 7", f"{x} / 3"])

    def s_pingpong(self, scope, ind, ctx):
        """Two goroutines of which one runs at a time, with statements on both sides."""
        a, b, x, y = self.name("c"), self.name("c"), self.name(), self.name()
        self.emit(ind, f"{a}, {b} := make(chan int), make(chan int)")
        self.emit(ind, "go func() {")
        self.emit(ind + 1, f"defer close({b})")
        self.emit(ind + 1, "defer func() {")
        self.emit(ind + 2, "if r := recover(); r != nil {")
        self.emit(ind + 3, f'fmt.Println("{self.p} goroutine recovered", r)')
        self.emit(ind + 2, "}")
        self.emit(ind + 1, "}()")
        self.emit(ind + 1, f"for {x} := range {a} {{")
        # No way round the answer, for which the other side waits.
        self.block(list(scope) + [(x, "int")], ind + 2, self.r.randrange(1, 4), dict(ctx, loop=False, brk=False, labels=[], results=[]))
        self.emit(ind + 2, f"{b} <- {x} * 2")
        self.emit(ind + 1, "}")
        self.emit(ind, "}()")
        self.emit(ind, f"for {x} := range {self.r.randrange(1, 4)} {{")
        self.emit(ind + 1, "select {")
        self.emit(ind + 1, f"case {a} <- {x}:")
        self.emit(ind + 1, f"case <-{b}:")
        self.emit(ind + 1, "}")
        self.emit(ind + 1, f"{y}, ok := <-{b}")
        self.emit(ind + 1, f"_ = {y}")
        self.emit(ind + 1, "if !ok {")
        self.emit(ind + 2, "break")
        self.emit(ind + 1, "}")
        self.emit(ind + 1, f'fmt.Println("{self.p} back", {y})')
        self.emit(ind, "}")
        self.emit(ind, f"close({a})")
        self.emit(ind, f"for range {b} {{")
        self.emit(ind, "}")

    def s_chanstate(self, scope, ind, ctx):
        r = self.r
        c = self.name("c")
        n = r.randrange(1, 5)
        self.emit(ind, f"{c} := make(chan {self.r.choice(['int', 'string', '[3]int', 'struct{}', 'any'])}, {n})")
        self.emit(ind, f'fmt.Println("{self.p} channel", len({c}), cap({c}), {c} == nil)')
        if r.random() < 0.3:
            self.emit(ind, f"try(\"{self.p} close\", func() {{ close({c}); close({c}) }})")
