"""range over functions."""

# Declared once in a file.
SHARED = """
type lib_Tree struct {
    left, right *lib_Tree
    value       int
}

func lib_tree(values ...int) *lib_Tree {
    var root *lib_Tree
    for _, v := range values {
        at := &root
        for *at != nil {
            if v < (*at).value {
                at = &(*at).left
            } else {
                at = &(*at).right
            }
        }
        *at = &lib_Tree{value: v}
    }
    return root
}

func (t *lib_Tree) push(yield func(int) bool) bool {
    return t == nil || t.left.push(yield) && yield(t.value) && t.right.push(yield)
}

func (t *lib_Tree) All() iter.Seq[int] {
    return func(yield func(int) bool) { t.push(yield) }
}

func lib_count(n int) iter.Seq[int] {
    return func(yield func(int) bool) {
        for i := 0; i < n && yield(i); i++ {
        }
    }
}

func lib_noisy(n int) iter.Seq2[int, string] {
    return func(yield func(int, string) bool) {
        defer fmt.Println("lib iterator ends", n)
        for i := range n {
            if !yield(i, strings.Repeat("*", i)) {
                fmt.Println("lib iterator stops at", i)
                return
            }
        }
    }
}

func lib_stubborn(n int) func(func(int) bool) {
    return func(yield func(int) bool) {
        for i := range n {
            yield(i)
        }
    }
}

func lib_times(n int) func(func() bool) {
    return func(yield func() bool) {
        for n > 0 && yield() {
            n--
        }
    }
}

func lib_filter[T any](seq iter.Seq[T], keep func(T) bool) iter.Seq[T] {
    return func(yield func(T) bool) {
        for x := range seq {
            if keep(x) && !yield(x) {
                return
            }
        }
    }
}

func lib_map[T, U any](seq iter.Seq[T], f func(T) U) iter.Seq[U] {
    return func(yield func(U) bool) {
        seq(func(x T) bool { return yield(f(x)) })
    }
}

func lib_zip[T, U any](a iter.Seq[T], b iter.Seq[U]) iter.Seq2[T, U] {
    return func(yield func(T, U) bool) {
        next, stop := iter.Pull(b)
        defer stop()
        for x := range a {
            y, ok := next()
            if !ok || !yield(x, y) {
                return
            }
        }
    }
}

func lib_tolerant(f func()) (caught any) {
    defer func() { caught = recover() }()
    f()
    return "fine"
}

func lib_seq_int(s []int) func(func(int, int) bool) {
    return func(yield func(int, int) bool) {
        for i, x := range s {
            if !yield(i, x) {
                return
            }
        }
    }
}

func lib_seq_string(s []string) func(func(int, string) bool) {
    return func(yield func(int, string) bool) {
        for i, x := range s {
            if !yield(i, x) {
                return
            }
        }
    }
}

func lib_seq_float64(s []float64) func(func(int, float64) bool) {
    return func(yield func(int, float64) bool) {
        for i, x := range s {
            if !yield(i, x) {
                return
            }
        }
    }
}
"""


class Iterators:
    SHARED = SHARED
    KINDS = [("iter", 3, "block"), ("iterdefer", 1, "block"), ("iterfind", 2, "block"), ("pull", 1, "")]

    def sequence(self, scope, depth=2):
        """A sequence of integers."""
        r, p = self.r, self.p
        x = r.random()
        if depth == 0 or x < 0.3:
            return f"lib_count({r.randrange(6)})"
        if x < 0.5:
            return f"lib_tree({', '.join(str(r.randrange(-9, 30)) for _ in range(r.randrange(6)))}).All()"
        a = self.name("a")
        if x < 0.75:
            return f"lib_filter({self.sequence(scope, depth - 1)}, func({a} int) bool {{ return {self.value([(a, 'int')], 'bool', 2)} }})"
        if x < 0.9:
            return f"lib_map({self.sequence(scope, depth - 1)}, func({a} int) int {{ return {self.value([(a, 'int')], 'int', 2)} }})"
        return f"slices.Values([]int{{{', '.join(self.value(scope, 'int', 1) for _ in range(r.randrange(4)))}}})"

    def s_iter(self, scope, ind, ctx):
        r = self.r
        k, e = self.name("k"), self.name()
        label = self.name("L") if r.random() < 0.4 else None
        if label:
            self.emit(ind, f"{label}:")
        form = r.random()
        if form < 0.4:
            t = r.choice(["int", "string", "float64"])
            self.emit(ind, f"for {k}, {e} := range lib_seq_{t}({self.value(scope, '[]' + t, 2)}) {{")
            add = [(k, "int"), (e, t)]
        elif form < 0.65:
            self.emit(ind, f"for {e} := range {self.sequence(scope)} {{")
            add = [(e, "int")]
        elif form < 0.8:
            self.emit(ind, f"for {k}, {e} := range lib_noisy({r.randrange(5)}) {{")
            add = [(k, "int"), (e, "string")]
        elif form < 0.9:
            self.emit(ind, f"for {k}, {e} := range lib_zip({self.sequence(scope)}, {self.sequence(scope)}) {{")
            add = [(k, "int"), (e, "int")]
        elif form < 0.95:
            # Goes on when the body has said stop: the body may panic for that.
            self.emit(ind, f"for {e} := range lib_stubborn({r.randrange(5)}) {{")
            add = [(e, "int")]
        else:
            self.emit(ind, f"for range lib_times({r.randrange(5)}) {{")
            add = []
        for v, _ in add:
            self.emit(ind + 1, f"_ = {v}")
        self.emit(ind + 1, "if !burn() {")
        self.emit(ind + 2, f"break {label}" if label else "break")
        self.emit(ind + 1, "}")
        labels = ctx["labels"] + ([label] if label else [])
        self.block(list(scope) + add, ind + 1, r.randrange(1, 4), dict(ctx, loop=True, brk=True, labels=labels))
        if r.random() < 0.1:
            self.emit(ind + 1, f'defer fmt.Println("{self.p} deferred in a loop over a function")')
        self.emit(ind, "}")

    def s_iterfind(self, scope, ind, ctx):
        """A function literal that returns out of nested loops over functions."""
        r = self.r
        f, a, b, z, ok = self.name("f"), self.name(), self.name(), self.name("z"), self.name("z")
        outer = self.name("L")
        self.emit(ind, f"{f} := func() ({z} int, {ok} bool) {{")
        if r.random() < 0.4:
            self.emit(ind + 1, "defer func() {")
            self.emit(ind + 2, f"{z} += {r.randrange(100)}")
            self.emit(ind + 1, "}()")
        self.emit(ind, f"{outer}:")
        self.emit(ind + 1, f"for {a} := range {self.sequence(scope)} {{")
        self.emit(ind + 2, f"_ = {a}")
        self.emit(ind + 2, f"for {b} := range {self.sequence(scope)} {{")
        self.emit(ind + 3, f"_ = {b}")
        own = list(scope) + [(a, "int"), (b, "int"), (z, "int"), (ok, "bool")]
        within = dict(ctx, loop=True, brk=True, labels=[outer], results=["int", "bool"])
        self.emit(ind + 3, "if !burn() {")
        self.emit(ind + 4, "return")
        self.emit(ind + 3, "}")
        self.block(own, ind + 3, r.randrange(0, 2), within)
        for _ in range(r.randrange(1, 4)):
            self.emit(ind + 3, f"if {self.cond(own)} {{")
            self.emit(ind + 4, r.choice([f"return {a}, true", f"break {outer}", f"continue {outer}", "return", "continue", "break",
                                         f"{z}, {ok} = {b}, true\nreturn", f"defer func() {{ {z}++ }}()"]))
            self.emit(ind + 3, "}")
        self.emit(ind + 2, "}")
        self.emit(ind + 2, f"{z} += {a}")
        self.emit(ind + 2, f"if {z} > 1<<40 {{")
        self.emit(ind + 3, f"continue {outer}")
        self.emit(ind + 2, "}")
        self.emit(ind + 1, "}")
        self.emit(ind + 1, "return")
        self.emit(ind, "}")
        v, w = self.name(), self.name()
        self.emit(ind, f"{v}, {w} := {f}()")
        self.emit(ind, f'fmt.Println("{self.p} found", {v}, {w})')
        scope += [(v, "int"), (w, "bool")]

    def s_iterdefer(self, scope, ind, ctx):
        """Panics and defers of bodies, and iterators that go on."""
        e, z = self.name(), self.name("z")
        which = self.r.choice(["stubborn", "count"])
        self.emit(ind, f"fmt.Println(\"{self.p} caught\", lib_tolerant(func() {{")
        self.emit(ind + 1, f"{z} := 0")
        self.emit(ind + 1, f"for {e} := range lib_{which}({self.r.randrange(2, 6)}) {{")
        own = list(scope) + [(e, "int"), (z, "int")]
        self.block(own, ind + 2, self.r.randrange(0, 2), dict(ctx, loop=True, brk=True, labels=[], results=[]))
        self.emit(ind + 2, f'defer func() {{ fmt.Println("{self.p} deferred", {e}, {z}) }}()')
        self.emit(ind + 2, f"{z} += {e}")
        self.emit(ind + 2, f"if {e} == {self.r.randrange(5)} {{")
        self.emit(ind + 3, self.r.choice(["break", "return", f"panic({e})", "continue"]))
        self.emit(ind + 2, "}")
        self.emit(ind + 1, "}")
        self.emit(ind, "}))")

    def s_pull(self, scope, ind, ctx):
        next_, stop = self.name("f"), self.name("f")
        self.emit(ind, f"{next_}, {stop} := iter.Pull({self.sequence(scope)})")
        for _ in range(self.r.randrange(1, 4)):
            v, ok = self.name(), self.name()
            self.emit(ind, f"{v}, {ok} := {next_}()")
            self.emit(ind, f"_, _ = {v}, {ok}")
            scope += [(v, "int"), (ok, "bool")]
        self.emit(ind, f"{stop}()")
