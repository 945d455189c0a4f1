"""Run-time errors with their texts, defers that change results, recovering and panicking again."""

# Declared once in a file.
SHARED = """
type lib_Err struct{ code int }

func (e lib_Err) Error() string { return fmt.Sprint("err ", e.code) }

type lib_PErr struct{ code int }

func (e *lib_PErr) Error() string { return fmt.Sprint("perr ", e.code) }

type lib_M interface{ Missing() }
"""


class Panics:
    SHARED = SHARED
    KINDS = [("runtimeerror", 5, "block"), ("results", 3, "block"), ("nestedpanics", 2, "block"), ("errors", 1, "block")]

    def fault(self, scope):
        """A statement that may raise a run-time error."""
        r, p = self.r, self.p
        n = r.choice(["0", "1", "3", "5", "-1", "100"])
        t = r.choice(["int", "int8", "uint8", "int64", "uint64", "uint", "int32"])
        i = f"lib_id_{t}({'-1' if t[0] != 'u' and r.random() < 0.3 else r.choice(['0', '1', '3', '4', '5', '100'])})"
        j = f"lib_id_int({r.choice(['-1', '0', '1', '2', '3', '4', '7'])})"
        k = f"lib_id_int({r.choice(['-3', '0', '1', '2', '3', '4', '9'])})"
        size = r.randrange(0, 5)
        s = f"s := make([]{r.choice(['int', 'string', 'any', '[2]int', 'struct{}'])}, {size}, {size + r.randrange(3)})"
        text = f"s := lib_id_string(\"{'abcdef'[:size]}\")"
        array = f"var s [{size + 1}]{r.choice(['int', 'string', 'bool'])}"
        pick = r.choice
        anyv = pick(["any(nil)", "any(1)", 'any("s")', f"any(lib_Pt{{}})", f"any(&lib_Pt{{}})", "any([]int{})", f"any(lib_Level(1))", "any(1.5)", "any(func() {})", f"any(lib_Some(1))", "any(struct{ a int }{})", "any(map[string][]int{})"])
        target = pick(["int", "string", f"lib_Pt", f"*lib_Pt", "[]int", "fmt.Stringer", "error", f"lib_M", f"lib_Level", "func()", "map[string]int", "chan int", f"lib_Opt[int]", f"lib_Opt[string]", "struct{ a int }", "interface{ String() string; Foo() }", "uint8", "[3]int"])
        forms = [f"{s}; _ = s[{i}]", f"{array}; s[{i}] = s[0]", f"{text}; fmt.Println(s[{i}])", f"{array}; q := &s; fmt.Println(q[{i}])",
                 f"{s}; fmt.Println(len(s[{j}:]))", f"{s}; fmt.Println(len(s[:{j}]))", f"{s}; fmt.Println(len(s[{j}:{k}]))", f"{s}; fmt.Println(len(s[{j}:{k}:{j}+{k}]))",
                 f"{s}; fmt.Println(len(s[:{j}:{k}]))", f"{s}; fmt.Println(len(s[{i}:]), len(s[:{i}]))",
                 f"{text}; fmt.Println(s[{j}:])", f"{text}; fmt.Println(s[:{j}])", f"{text}; fmt.Println(s[{j}:{k}])", f"{array}; fmt.Println(len(s[{j}:{k}]))", f"{array}; fmt.Println(len(s[{j}:]))",
                 f"x := {i}; fmt.Println(10 / x, 7 % x)", f"x := {i}; fmt.Println(7 %x)", f"x := {self.nonconst(scope, t, 1)}; x /= lib_id_{t}(0); _ = x", f"var m map[string]int; m[{self.value(scope, 'string', 1)}]++",
                 f"var m map[lib_Pt]string; m[lib_Pt{{}}] = \"x\"", f"var q *lib_Pt; fmt.Println(q.X)", f"var q *lib_Big; fmt.Println(q.Pts[{pick('012')}].Y)", f"var q *lib_Big; q.Z = 1",
                 f"var q *[4]int; for i := range q {{ fmt.Print(i, \" \") }}; fmt.Println(q[1])", "var q *[4]int; for _, x := range q { fmt.Println(x) }", "var f func(); f()", f"var f lib_Fn; f.Twice(1)",
                 f"_ = {anyv}.({target})", f"x, ok := {anyv}.({target}); _ = x; fmt.Println(ok); _ = {anyv}.({target})", f"var e error; fmt.Println(e.Error())", f"var e any = {anyv}; switch x := e.({target}); any(x) {{ default: fmt.Println(\"ok\") }}",
                 f"fmt.Println({anyv} == {anyv})", "x := any([]int{}); fmt.Println(x == x)", f"x := any(lib_Big{{}}); fmt.Println(x == x)", f"fmt.Println(map[any]int{{{anyv}: 1}})",
                 f"_ = make([]int, {j}, {k})", f"_ = make([]int, {j})", f"fmt.Println(cap(make(chan int, {j})))", f"_ = make(map[string]int, {j})", f"_ = make([]lib_Big, lib_id_int64(1<<60))",
                 f"{s}; fmt.Println(([{size + r.randrange(2)}]{s.split('[]')[1].split(', ')[0]})(s))", f"x := lib_id_int({n}); fmt.Println(1 << x, uint8(3) >> x)",
                 "var c chan int; close(c)", "c := make(chan int); close(c); close(c)", "c := make(chan int, 1); close(c); c <- 1", f"panic({self.value(scope, self.basic(), 1)})", "panic(nil)", "var e error; panic(e)",
                 f"panic(lib_Err{{{n}}})", f"panic(&lib_PErr{{{n}}})", f"panic(lib_Level(3))", "panic(fmt.Sprint(1, 2))", f"panic(errors.Join(lib_Err{{1}}, errors.New(\"x\")))",
                 "x := [3]int{1, 2, 3}; q := x[:]; fmt.Println(q[len(q)])", f"fmt.Println(strings.Repeat(\"x\", {j}))", f"s := \"héllo\"; fmt.Println(s[{j}:{k}], []rune(s)[{j}])",
                 "var w sync.WaitGroup; w.Done()", f"fmt.Println(bits.Div64(1, 2, uint64({i})))", f"_ = slices.Insert([]int{{1}}, {j}, 2)", f"x := []int{{1, 2, 3}}; x = slices.Delete(x, {j}, {k}); fmt.Println(x)",
                 f"for x := range lib_stubborn({j}) {{ if x == {pick('012')} {{ break }} }}", f"new(lib_Wrap).Get()", f"new(lib_Wrap).Name()", "var s fmt.Stringer; fmt.Println(s.String())", f"var q *lib_Pt; fmt.Println(q.String())",
                 f"var l *lib_Index[int, int]; l.Put(1, 2)", f"clear([]int(nil)); copy([]int{{1}}, []int{{2, 3}}[{j}:])"]
        return r.choice(forms)

    def s_runtimeerror(self, scope, ind, ctx):
        for _ in range(self.r.randrange(1, 4)):
            self.emit(ind, f"try(\"{self.p}\", func() {{ {self.fault(scope)} }})")

    def s_results(self, scope, ind, ctx):
        """Defers that read and change named results, in a loop, with arguments evaluated early, recovering or not."""
        r, p = self.r, self.p
        t = r.choice(["int", "string", "[2]int", f"lib_Pt", "[]int", "error", "float64"])
        f, z, e, k = self.name("f"), self.name("z"), self.name("z"), self.name("k")
        change = {"int": f"{z} = {z}*3 + {r.randrange(9)}", "string": f"{z} += \"!\"", "[2]int": f"{z}[1] += 2", f"lib_Pt": f"{z}.Scale(2)", "[]int": f"{z} = append({z}, len({z}))",
                  "error": f"if {z} != nil {{ {z} = fmt.Errorf(\"w %w\", {z}) }}", "float64": f"{z} /= 2"}[t]
        value = {f"lib_Pt": f"lib_Pt{{{self.value(scope, 'int', 1)}, 1}}", "error": r.choice(["nil", f"lib_Err{{3}}", f"&lib_PErr{{4}}", 'errors.New("n")'])}
        make = lambda: value.get(t) or self.value(scope, t, 2)
        self.emit(ind, f"{f} := func(n int) ({z} {t}, {e} any) {{")
        for _ in range(r.randrange(1, 4)):
            x = r.random()
            if x < 0.3:
                self.emit(ind + 1, f"defer func() {{ {change} }}()")
            elif x < 0.5:
                self.emit(ind + 1, f"defer func(old {t}) {{ fmt.Println(\"{p} was\", old, {z}) }}({z})")
            elif x < 0.65:
                self.emit(ind + 1, f"for {k} := range n {{")
                self.emit(ind + 2, f"defer func(i int) {{ {change}; fmt.Println(\"{p} loop\", i, {k}) }}({k} * 2)")
                self.emit(ind + 1, "}")
            elif x < 0.85:
                self.emit(ind + 1, f"defer func() {{ if x := recover(); x != nil {{ {e} = fmt.Sprint(x) }} }}()")
            else:
                self.emit(ind + 1, f"if n > 1 {{ defer fmt.Println(\"{p} conditional\", n, {z}) }}")
        if r.random() < 0.5:
            self.emit(ind + 1, f"{z} = {make()}")
        if r.random() < 0.5:
            self.emit(ind + 1, f"if n == {r.randrange(4)} {{ {self.fault(scope)} }}")
        end = r.random()
        if end < 0.4:
            self.emit(ind + 1, f"return {make()}, n")
        elif end < 0.6:
            self.emit(ind + 1, f"return {z}, {r.choice(['nil', z])}")
        elif end < 0.7:
            self.emit(ind + 1, f"panic(fmt.Sprint(\"end\", {z}))")
        else:
            self.emit(ind + 1, "return")
        self.emit(ind, "}")
        self.emit(ind, f"for {k} := range {r.randrange(1, 5)} {{")
        self.emit(ind + 1, f"try(\"{p} results\", func() {{ x, y := {f}({k}); fmt.Println(\"{p} results\", x, y) }})")
        self.emit(ind, "}")

    def s_nestedpanics(self, scope, ind, ctx):
        r, p = self.r, self.p
        layers = r.randrange(1, 4)
        self.emit(ind, f"try(\"{p} nested\", func() {{")
        for i in range(layers):
            form = r.random()
            if form < 0.2:
                self.emit(ind + 1, f"defer func() {{ fmt.Println(\"{p} saw\", recover()); {self.fault(scope)} }}()")
            elif form < 0.4:
                self.emit(ind + 1, f"defer func() {{ if x := recover(); x != nil {{ panic(fmt.Sprint(\"again \", x)) }} }}()")
            elif form < 0.55:
                self.emit(ind + 1, f"defer func() {{ x := recover(); if x != nil {{ panic(x) }} }}()")
            elif form < 0.7:
                self.emit(ind + 1, f"defer func() {{ defer func() {{ fmt.Println(\"{p} deeper\", recover()) }}(); {self.fault(scope)} }}()")
            elif form < 0.8:
                self.emit(ind + 1, f"defer func() {{ func() {{ fmt.Println(\"{p} not here\", recover()) }}() }}()")
            elif form < 0.9:
                self.emit(ind + 1, "defer recover()" if r.random() < 0.5 else f"defer fmt.Println(\"{p} args\", recover())")
            else:
                self.emit(ind + 1, f"defer try(\"{p} in defer\", func() {{ {self.fault(scope)} }})")
        if r.random() < 0.3:
            self.emit(ind + 1, f"func() {{ defer func() {{ {self.fault(scope)} }}(); {self.fault(scope)} }}()")
        self.emit(ind + 1, self.fault(scope))
        self.emit(ind, "})")

    def s_errors(self, scope, ind, ctx):
        r, p = self.r, self.p
        e = self.name()
        text = r.choice([f"lib_Err{{{r.randrange(5)}}}", f"&lib_PErr{{{r.randrange(5)}}}", 'errors.New("plain")'])
        for _ in range(r.randrange(3)):
            text = r.choice([f'fmt.Errorf("w: %w", {text})', f"errors.Join({text}, errors.New(\"j\"))", f'fmt.Errorf("%w and %w", {text}, os.ErrNotExist)', f'fmt.Errorf("%v", {text})'])
        self.lines(ind, f"""
            {e} := {text}
            {{
                var a lib_Err
                var b *lib_PErr
                x, y := errors.As({e}, &a), errors.As({e}, &b)
                fmt.Println("$p errors", {e}, x, a, y, b != nil, errors.Is({e}, os.ErrNotExist), errors.Unwrap({e}) == nil)
                var nothing *lib_PErr
                var err error = nothing
                fmt.Println("$p", err == nil, nothing == nil)
            }}
            """)

    def death(self):
        """A function that ends the process: with a panic that nothing recovers, a deadlock, a status, or well."""
        r, p = self.r, self.p
        scope = []
        end = r.choice([
            "",
            f"os.Exit({r.randrange(100)})",
            self.fault(scope),
            self.fault(scope),
            f"panic({self.value(scope, self.basic(), 1)})",
            f"panic(lib_Err{{5}})",
            f"panic(&lib_PErr{{6}})",
            f"panic(lib_Level(-3))",
            f"panic(lib_Pt{{1, 2}})",
            'panic(fmt.Errorf("wrapped: %w", os.ErrNotExist))',
            'panic("two\\nlines")',
            f"panic(lib_Age(7))",
            "type T string; panic(T(\"named\"))",
            "type B bool; panic(B(true))",
            "type F float64; panic(F(1.5))",
            "type C complex64; panic(C(1+2i))",
            "panic(nil)",
            "var c chan int; <-c",
            "c := make(chan int); c <- 1",
            "select {}",
            "var m sync.Mutex; m.Lock(); m.Lock()",
            "var w sync.WaitGroup; w.Add(1); w.Wait()",
            f"go func() {{ {self.fault(scope)}; panic(\"in a goroutine\") }}(); select {{}}",
            f"for x := range lib_count(3) {{ if x == 1 {{ panic(x) }} }}",
            "var m sync.Mutex; m.Unlock()",
        ])
        self.emit(0, f"func {p}_dies() {{")
        for _ in range(r.choice([0, 0, 1, 2])):
            self.emit(1, r.choice([
                f'defer fmt.Println("{p} deferred")',
                f"defer func() {{ {self.fault(scope)} }}()",
                "defer func() { panic(recover()) }()",
                'defer func() { panic("again") }()',
                'defer func() { r := recover(); panic(fmt.Sprint("re ", r)) }()',
                'defer func() { defer func() { recover() }(); panic("inner") }()']))
        if end:
            self.emit(1, end)
        self.emit(0, "}")
        self.emit(0, "")
