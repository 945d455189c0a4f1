"""Generic functions and types: instantiated at many types, nested, aliased, embedded, with constraints of several kinds."""

SIMPLE = ["int", "string", "float64", "uint8", "int16"]

# Declared once in a file.
SHARED = """
type lib_Number interface {
    ~int | ~int16 | ~uint8 | ~float64 | ~string
}

func lib_Map[T, U any](s []T, f func(T) U) []U {
    r := make([]U, 0, len(s))
    for _, x := range s {
        r = append(r, f(x))
    }
    return r
}

func lib_Fold[T any](s []T, a T, f func(a, b T) T) T {
    for _, x := range s {
        a = f(a, x)
    }
    return a
}

func lib_Sum[T lib_Number](s ...T) (t T) {
    for _, x := range s {
        t += x
    }
    return
}

type lib_Stack[T any] struct {
    items []T
}

func (s *lib_Stack[T]) Push(x T) { s.items = append(s.items, x) }

func (s *lib_Stack[T]) Pop() (x T, ok bool) {
    if len(s.items) == 0 {
        return
    }
    x = s.items[len(s.items)-1]
    s.items = s.items[:len(s.items)-1]
    return x, true
}

func (s *lib_Stack[T]) Each() iter.Seq2[int, T] {
    return func(yield func(int, T) bool) {
        for i, x := range s.items {
            if !yield(i, x) {
                return
            }
        }
    }
}

type lib_Pair[A comparable, B any] struct {
    First  A
    Second B
}

func lib_MakePair[A comparable, B any](a A, b B) lib_Pair[A, B] { return lib_Pair[A, B]{a, b} }

func (q lib_Pair[A, B]) Swap() string { return fmt.Sprint(q.Second, q.First, q.First == q.First) }

func (q *lib_Pair[A, B]) Update(f func(B) B) *lib_Pair[A, B] {
    q.Second = f(q.Second)
    return q
}

type lib_Integer interface {
    ~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

type lib_Ordered interface {
    lib_Integer | ~float32 | ~float64 | ~string
}

type lib_List[T any] = []T

type lib_Table[K comparable, V any] = map[K]lib_Pair[K, lib_List2[V]]

type lib_List2[T any] []T

func (l lib_List2[T]) Filter(keep func(T) bool) (r lib_List2[T]) {
    for _, x := range l {
        if keep(x) {
            r = append(r, x)
        }
    }
    return
}

func (l lib_List2[T]) Len() int { return len(l) }

type lib_Opt[T any] struct {
    value T
    ok    bool
}

func lib_Some[T any](x T) lib_Opt[T] { return lib_Opt[T]{x, true} }

func (o lib_Opt[T]) Get(or T) T {
    if o.ok {
        return o.value
    }
    return or
}

func lib_Then[T, U any](o lib_Opt[T], f func(T) lib_Opt[U]) lib_Opt[U] {
    if !o.ok {
        return lib_Opt[U]{}
    }
    return f(o.value)
}

type lib_Node[K lib_Ordered, V any] struct {
    key         K
    value       V
    left, right *lib_Node[K, V]
}

type lib_Index[K lib_Ordered, V any] struct {
    root *lib_Node[K, V]
    lib_Stack[K]
    n int
}

func (x *lib_Index[K, V]) Put(k K, v V) (old V, had bool) {
    at := &x.root
    for *at != nil {
        switch n := *at; {
        case k < n.key:
            at = &n.left
        case k > n.key:
            at = &n.right
        default:
            old, n.value = n.value, v
            return old, true
        }
    }
    *at = &lib_Node[K, V]{key: k, value: v}
    x.n++
    x.Push(k)
    return
}

func (x *lib_Index[K, V]) walk(n *lib_Node[K, V], yield func(K, V) bool) bool {
    return n == nil || x.walk(n.left, yield) && yield(n.key, n.value) && x.walk(n.right, yield)
}

func (x *lib_Index[K, V]) All() iter.Seq2[K, V] {
    return func(yield func(K, V) bool) { x.walk(x.root, yield) }
}

type lib_Sizer interface{ Len() int }

type lib_Setter[T any] interface {
    *T
    Set(string)
}

type lib_Label struct{ text string }

func (l *lib_Label) Set(s string) { l.text = "<" + s + ">" }

func lib_Parse[T any, PT lib_Setter[T]](words ...string) []T {
    r := make([]T, len(words))
    for i, w := range words {
        PT(&r[i]).Set(w)
    }
    return r
}

type lib_Less[T any] interface{ Less(T) bool }

type lib_Age int16

func (a lib_Age) Less(b lib_Age) bool { return a < b }

func lib_Least[T lib_Less[T]](first T, rest ...T) T {
    for _, x := range rest {
        if x.Less(first) {
            first = x
        }
    }
    return first
}

func lib_Kind[T any](x T) string {
    switch v := any(x).(type) {
    case nil:
        return "nil"
    case int, int8:
        return fmt.Sprintf("small %v", v)
    case string:
        return "string " + v
    case []T:
        return "list of itself"
    case interface{ Len() int }:
        return fmt.Sprint("sized ", v.Len())
    case lib_Pair[int, T]:
        return "pair"
    case fmt.Stringer:
        return "stringer " + v.String()
    case error:
        return "error " + v.Error()
    case func() T:
        return lib_Kind(v())
    case *T:
        return "pointer"
    }
    return fmt.Sprintf("other %T", x)
}

func lib_Convert[T, U lib_Integer](x T) U { return U(x) }

func lib_Array[T any](x T) (r [3]T) {
    for i := range r {
        r[i] = x
    }
    return
}

func lib_Bytes[T ~[]byte | ~string](x T) (n int) {
    for i := 0; i < len(x); i++ {
        n = n*31 + int(x[i])
    }
    return n + len(x[len(x)/2:])
}

func lib_Curry[A, B, C any](f func(A, B) C) func(A) func(B) C {
    return func(a A) func(B) C { return func(b B) C { return f(a, b) } }
}

func lib_Send[T any](xs ...T) <-chan T {
    c := make(chan T, len(xs))
    defer close(c)
    for _, x := range xs {
        c <- x
    }
    return c
}

func lib_Must[T any](x T, err error) T {
    if err != nil {
        panic(fmt.Errorf("must %T: %w", x, err))
    }
    return x
}

func lib_Counter[K comparable]() (func(K) int, func() int) {
    seen := map[K]int{}
    return func(k K) int { seen[k]++; return seen[k] }, func() int { return len(seen) }
}

func lib_Grid[T any, R ~[]E, E ~[]T](r R, f func(T) T) R {
    for i, row := range r {
        for j := range row {
            r[i][j] = f(row[j])
        }
    }
    return r
}

func lib_Clamp[T cmp.Ordered](x, low, high T) T { return max(low, min(x, high)) }
"""


class Generics:
    SHARED = SHARED
    KINDS = [("generic", 4, ""), ("genericint", 2, "block"), ("genericform", 4, "block"), ("nested", 2, "block")]

    def declare_generics(self):
        r, p = self.r, self.p
        # Functions over all integers, their bodies random.
        self.integer_functions = []
        for i in range(r.randrange(1, 4)):
            name = f"{p}_int{i}"
            self.emit(0, f"func {name}[T lib_Integer](a, b T) (r T) {{")
            for _ in range(r.randrange(1, 5)):
                self.generic_statement(1, ["a", "b", "r"], 2)
            self.emit(1, f"return {self.generic_value(['a', 'b', 'r'], 3)}")
            self.emit(0, "}")
            self.emit(0, "")
            self.integer_functions.append(name)

    def generic_value(self, names, depth):
        """An expression of type T, an integer."""
        r = self.r
        if depth == 0 or r.random() < 0.1:
            return r.choice(names)
        x = self.generic_value(names, depth - 1)
        form = r.random()
        if form < 0.15:
            return f"T({r.randrange(128)})"
        if form < 0.25:
            return f"T({r.choice(['int8', 'uint16', 'int64', 'float64', 'uint'])}({x} & 63))"
        if form < 0.4:
            return f"({x} {r.choice(['<<', '>>'])} {r.choice(['1', '3', '7', '8', '31', '63', '(' + r.choice(names) + ' & 15)'])})"
        if form < 0.5:
            return f"({x} {r.choice(['/', '%'])} {r.choice(['3', '7', '10', '16', '127', '(' + r.choice(names) + ' | 1)'])})"
        if form < 0.6:
            return f"{r.choice(['-', '^'])}({x})"
        if form < 0.65:
            return f"{r.choice(['min', 'max'])}({x}, {r.choice(names)})"
        return f"({x} {r.choice(['+', '-', '*', '&', '|', '^', '&^'])} {self.generic_value(names, depth - 1)})"

    def generic_condition(self, names):
        return f"{self.generic_value(names, 2)} {self.r.choice(['<', '<=', '==', '!=', '>', '>='])} {self.generic_value(names, 1)}"

    def generic_statement(self, ind, names, depth):
        r = self.r
        form = r.random()
        target = r.choice([n for n in names if not n.startswith("k")])
        if form < 0.4 or depth == 0:
            self.emit(ind, f"{target} {r.choice(['=', '=', '+=', '*=', '^=', '-='])} {self.generic_value(names, 2)}")
        elif form < 0.6:
            self.emit(ind, f"if {self.generic_condition(names)} {{")
            self.generic_statement(ind + 1, names, depth - 1)
            self.emit(ind, "} else {")
            self.generic_statement(ind + 1, names, depth - 1)
            self.emit(ind, "}")
        elif form < 0.8:
            k = self.name("k")
            self.emit(ind, f"for {k} := T(0); {k} < {r.randrange(1, 12)}; {k}++ {{")
            self.generic_statement(ind + 1, names + [k], depth - 1)
            self.emit(ind + 1, f"{target} += {k}")
            self.emit(ind, "}")
        elif form < 0.9:
            f = self.name("f")
            self.emit(ind, f"{f} := func(x T) T {{ {target} += x; return {self.generic_value(names + ['x'], 2)} }}")
            self.emit(ind, f"{target} = {f}({f}({self.generic_value(names, 1)}))")
        else:
            s = self.name()
            self.emit(ind, f"{s} := []T{{{', '.join(self.generic_value(names, 1) for _ in range(3))}}}")
            self.emit(ind, f"{s}[{target}&1] += {self.generic_value(names, 1)}")
            self.emit(ind, f"{target} = {s}[0] - {s}[2]*{s}[1]")

    def s_genericint(self, scope, ind, ctx):
        r, p = self.r, self.p
        f = r.choice(self.integer_functions)
        types = r.sample(["int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", f"lib_Level", f"lib_Age"], 4)
        for t in types:
            a, b = r.choice([0, 1, 5, 100, 127]), r.choice([0, 2, 3, 77, 126])
            self.emit(ind, f'fmt.Println("{p} {t}", {f}[{t}]({a}, {b}), {f}({t}({a})^3, {b}))')
        t, u = r.sample(["int8", "uint8", "int16", "uint32", "int64", "uint64", "int"], 2)
        self.emit(ind, f'fmt.Println("{p} convert", lib_Convert[{t}, {u}]({self.nonconst(scope, t, 2)}), lib_Convert[{u}, {t}]({self.nonconst(scope, u, 2)}))')

    def s_generic(self, scope, ind, ctx):
        g = self.r.choice(["map", "fold", "sum", "stack", "pair"])
        t = self.r.choice(SIMPLE)
        n = self.name()
        p = self.p
        if g == "map":
            u = self.basic()
            a = self.name("a")
            s = self.value(scope, "[]" + t, 2)
            body = self.value(list(scope) + [(a, t)], u, 1)
            self.declare(scope, ind, "[]" + u, f"lib_Map({s}, func({a} {t}) {u} {{ return {body} }})")
        elif g == "fold":
            a, b = self.name("a"), self.name("a")
            body = self.value([(a, t), (b, t)], t, 2)
            self.declare(scope, ind, t, f"lib_Fold({self.value(scope, '[]' + t, 2)}, {self.value(scope, t, 1)}, func({a}, {b} {t}) {t} {{ return {body} }})")
        elif g == "sum":
            self.declare(scope, ind, t, f"lib_Sum[{t}]({self.value(scope, '[]' + t, 2)}...)")
        elif g == "stack":
            self.emit(ind, f"{n} := &lib_Stack[{t}]{{}}")
            for _ in range(self.r.randrange(1, 4)):
                self.emit(ind, f"{n}.Push({self.value(scope, t, 2)})")
            v, ok = self.name(), self.name()
            self.emit(ind, f"{v}, {ok} := {n}.Pop()")
            self.emit(ind, f"_, _ = {v}, {ok}")
            self.emit(ind, f'fmt.Printf("{p} %T %v\\n", *{n}, {n}.items)')
            scope += [(v, t), (ok, "bool")]
        elif g == "pair":
            u = self.basic()
            self.emit(ind, f"{n} := lib_MakePair[{t}, {u}]({self.value(scope, t, 2)}, {self.value(scope, u, 2)})")
            self.emit(ind, f'fmt.Printf("{p} %T %v\\n", {n}, {n}.Swap())')

    def generic_type(self, depth):
        """A type made of generic ones, and a value of it."""
        r, p = self.r, self.p
        form = r.random()
        if depth == 0 or form < 0.15:
            t = r.choice(SIMPLE + ["bool", "complex128", f"lib_Age"])
            return t, {"bool": "true", "complex128": "2i", "string": '"s"', f"lib_Age": f"lib_Age(9)"}.get(t, f"{t}({r.randrange(100)})")
        t, v = self.generic_type(depth - 1)
        if form < 0.3:
            return f"lib_Opt[{t}]", f"lib_Some[{t}]({v})" if r.random() < 0.8 else f"lib_Opt[{t}]{{}}"
        if form < 0.45:
            k = r.choice(["int", "string", "[2]uint8", "bool"])
            kv = {"int": "3", "string": '"k"', "[2]uint8": "[2]uint8{1}", "bool": "false"}[k]
            return f"lib_Pair[{k}, {t}]", f"lib_MakePair[{k}, {t}]({kv}, {v})"
        if form < 0.55:
            return f"lib_List2[{t}]", f"lib_List2[{t}]{{{v}}}"
        if form < 0.65:
            return f"lib_Stack[{t}]", f"lib_Stack[{t}]{{items: []{t}{{{v}, {v}}}}}"
        if form < 0.75:
            return f"lib_List[{t}]", f"lib_List[{t}]{{{v}}}"
        if form < 0.85:
            return f"[3]{t}", f"lib_Array[{t}]({v})"
        if form < 0.93:
            return f"map[string]{t}", f"map[string]{t}{{\"m\": {v}}}"
        return f"func() {t}", f"func() {t} {{ return {v} }}"

    def s_nested(self, scope, ind, ctx):
        r, p = self.r, self.p
        t, v = self.generic_type(r.randrange(1, 5))
        x, y = self.name(), self.name()
        self.emit(ind, f"var {x} {t} = {v}")
        self.emit(ind, f"{y} := lib_Pair[int, {t}]{{1, {x}}}")
        self.emit(ind, f"{y}.Update(func(z {t}) {t} {{ return lib_Some(z).Get({x}) }}).First += 2")
        shown = "func" not in t
        self.emit(ind, f'fmt.Printf("{p} %T %T %d\\n", {x}, {y}, {y}.First)')
        if shown:
            self.emit(ind, f'fmt.Printf("{p} %v %+v\\n", {x}, {y}.Second)')
        self.emit(ind, f'fmt.Println("{p} kind", lib_Kind({x}), lib_Kind({y}), lib_Kind([]{t}{{{x}}}) , lib_Kind(&{y}) != "")')
        self.emit(ind, f"for z := range lib_Send({x}, {x}) {{")
        self.emit(ind + 1, f"s := lib_Stack[{t}]{{}}")
        self.emit(ind + 1, f"s.Push(z)")
        self.emit(ind + 1, f"w, ok := s.Pop()")
        self.emit(ind + 1, f"_ = w")
        self.emit(ind + 1, f"a := lib_Array(s)")
        self.emit(ind + 1, f'fmt.Printf("{p} %T %v %d\\n", a, ok, len(a))')
        self.emit(ind, "}")

    def s_genericform(self, scope, ind, ctx):
        """One use of each form of constraint."""
        r, p = self.r, self.p
        v = lambda t, depth=1: self.value(scope, t, depth)
        t = r.choice(SIMPLE)
        u = self.basic()
        forms = [
            f"""
            x := lib_Index[{t}, {u}]{{}}
            for i := range {r.randrange(1, 5)} {{
                _ = i
                x.Put({v(t, 2)}, {v(u, 2)})
            }}
            old, had := x.Put({v(t)}, {v(u)})
            for k, z := range x.All() {{
                fmt.Print("$p ", k, " ", z, ";")
            }}
            fmt.Println("$p index", x.n, x.items, old, had)
            for i, k := range x.Each() {{
                if i > 1 {{
                    break
                }}
                fmt.Println("$p", i, k)
            }}
            """,
            f"""
            l := lib_Parse[lib_Label]({v('string')}, "b")
            fmt.Printf("$p %v %T\\n", l, l)
            """,
            f"""
            fmt.Println("$p least", lib_Least(lib_Age({v('int16')}), 3, lib_Age({v('int16')})))
            """,
            f"""
            l := lib_List2[{t}]({v('[]' + t, 2)})
            m := l.Filter(func(x {t}) bool {{ return {self.value(list(scope) + [('x', t)], 'bool', 2)} }})
            var s lib_Sizer = m
            fmt.Println("$p filter", l, m, s.Len(), lib_Kind(m), lib_Kind(s))
            """,
            f"""
            o := lib_Then(lib_Some({v(t)}), func(x {t}) lib_Opt[{u}] {{
                if {self.value(list(scope) + [('x', t)], 'bool', 2)} {{
                    return lib_Some({self.value(list(scope) + [('x', t)], u, 2)})
                }}
                return lib_Opt[{u}]{{}}
            }})
            fmt.Printf("$p %v %+v %T\\n", o.Get({v(u)}), o, o)
            """,
            f"""
            tb := lib_Table[{t}, {u}]{{}}
            tb[{v(t)}] = lib_MakePair[{t}, lib_List2[{u}]]({v(t)}, lib_List2[{u}]{{{v(u)}}})
            fmt.Printf("$p %v %T\\n", tb, tb)
            """,
            f"""
            f := lib_Curry(func(a {t}, b {u}) string {{ return fmt.Sprint(a, b) }})
            g := f({v(t)})
            fmt.Println("$p curry", g({v(u)}), g({v(u)}))
            """,
            f"""
            type B []byte
            type S string
            fmt.Println("$p bytes", lib_Bytes({v('string', 2)}), lib_Bytes(B({v('string')})), lib_Bytes(S("xyz")))
            """,
            f"""
            count, size := lib_Counter[{r.choice(['any', t, '[2]' + t, 'struct{ a ' + t + ' }'])}]()
            _ = count
            fmt.Println("$p counter", size())
            """,
            f"""
            count, size := lib_Counter[any]()
            fmt.Println("$p counter", count({v(t)}), count({v(u)}), count({v(t)}), size())
            """,
            f"""
            n := lib_Must(strconv.Atoi(strconv.Itoa({v('int', 2)})))
            fmt.Println("$p must", n, lib_Must(strconv.ParseBool({v('string')})))
            """,
            f"""
            type Row []{t}
            g := lib_Grid([]Row{{{{{v(t)}}}, {{{v(t)}, {v(t)}}}}}, func(x {t}) {t} {{ return {self.value(list(scope) + [('x', t)], t, 2)} }})
            fmt.Printf("$p %v %T\\n", g, g)
            """,
            f"""
            fmt.Println("$p clamp", lib_Clamp({self.nonconst(scope, t, 1)}, {v(t)}, {v(t)}))
            """,
            f"""
            f := lib_Sum[{t}]
            g := lib_Map[{t}, string]
            h := (*lib_Stack[{t}]).Push
            s := lib_Stack[{t}]{{}}
            h(&s, {v(t)})
            push := s.Push
            push({v(t)})
            fmt.Println("$p values", f({v(t)}, {v(t)}), g(s.items, func(x {t}) string {{ return fmt.Sprint(x, "!") }}))
            """,
            f"""
            fmt.Println("$p kinds", lib_Kind({v(u)}), lib_Kind[any](nil), lib_Kind[error](errors.New("e")), lib_Kind(func() int {{ return {v('int')} }}), lib_Kind(new(int)), lib_Kind(lib_Level(2)))
            """]
        self.emit(ind, "{")
        self.lines(ind + 1, r.choice(forms).replace("$p", "\0").replace("$", "$$").replace("\0", "$p"))
        self.emit(ind, "}")
