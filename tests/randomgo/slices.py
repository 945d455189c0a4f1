"""Slices, arrays and strings: aliasing, growth, copies, and loops with indexes near the ends."""


class Slices:
    SHARED = "".join(f"var lib_sink_{t.translate(str.maketrans('[]', '__'))} []{t}\n" for t in ["int", "uint8", "string", "[3]int16", "any"])
    KINDS = [("alias", 2, "block"), ("growth", 1, "block"), ("arrays", 2, "block"), ("indexes", 4, "block"), ("runes", 2, "block"),
             ("library", 1, ""), ("sorting", 1, "block")]

    def s_alias(self, scope, ind, ctx):
        """Slices of one array, some with their capacity cut off: appends write through or do not."""
        r = self.r
        t = r.choice(["int", "string", "uint8", "[2]int", "any"])
        a, b, c = self.name(), self.name(), self.name()
        n = r.randrange(3, 7)
        self.emit(ind, f"{a} := make([]{t}, {n}, {n + r.randrange(4)})")
        self.emit(ind, f"for i := range {a} {{")
        self.emit(ind + 1, f"{a}[i] = {self.value(scope, t, 1)}")
        self.emit(ind, "}")
        i, j, k = sorted(r.randrange(n + 1) for _ in range(3))
        self.emit(ind, f"{b} := {a}[{i}:{j}:{k}]" if r.random() < 0.6 else f"{b} := {a}[{i}:{j}]")
        for _ in range(r.randrange(1, 4)):
            x = r.random()
            if x < 0.5:
                self.emit(ind, f"{b} = append({b}, {self.value(scope, t, 1)})")
            elif x < 0.7:
                self.emit(ind, f"copy({a}[{r.randrange(n)}:], {b})")
            elif x < 0.85:
                self.emit(ind, f"{b} = append({b}[:len({b})/2], {b}[len({b})/2:]...)")
            else:
                self.emit(ind, f"for i := range {b} {{ {b}[i] = {a}[len({a})-1-i%len({a})] }}")
        self.emit(ind, f"{c} := append({a}[:{r.randrange(n)}], {b}...)")
        self.emit(ind, f'fmt.Println("{self.p} alias", {a}, {b}, {c}, len({b}), len({c}))')
        if r.random() < 0.4:
            m = r.randrange(n + 2)
            self.emit(ind, f"try(\"{self.p} array\", func() {{")
            self.emit(ind + 1, f"x := [{m}]{t}({a})")
            self.emit(ind + 1, f"y := (*[{m}]{t})({b})")
            self.emit(ind + 1, f'fmt.Println("{self.p}", x, y == nil, len(y))')
            self.emit(ind, "})")
        scope += [(a, "[]" + t), (b, "[]" + t), (c, "[]" + t)]

    def s_growth(self, scope, ind, ctx):
        """Capacities of slices that grow in the heap."""
        r = self.r
        t = r.choice(["int", "uint8", "string", "[3]int16", "any"])
        sink = f"lib_sink_{t.translate(str.maketrans('[]', '__'))}"
        n = self.name("k")
        self.emit(ind, f"{sink} = make([]{t}, {r.randrange(1, 40)})")
        self.emit(ind, f"for {n} := range {r.randrange(1, 60)} {{")
        self.emit(ind + 1, f"if before := cap({sink}); {n} >= 0 {{")
        self.emit(ind + 2, f"{sink} = append({sink}, {', '.join(self.value([], t, 0) for _ in range(r.choice([1, 1, 2, 5])))})")
        self.emit(ind + 2, f"if cap({sink}) != before {{")
        self.emit(ind + 3, f'fmt.Print("{self.p} ", len({sink}), " ", cap({sink}), ";")')
        self.emit(ind + 2, "}")
        self.emit(ind + 1, "}")
        self.emit(ind, "}")
        self.emit(ind, f'fmt.Println("{self.p}", len({sink}), cap({sink}))')

    def s_arrays(self, scope, ind, ctx):
        """Arrays of arrays are values."""
        r = self.r
        e = r.choice(["int", "string", "uint8", "float32", "bool"])
        n, m = r.randrange(1, 5), r.randrange(1, 5)
        t = f"[{n}][{m}]{e}"
        a, b, f, k = self.name(), self.name(), self.name("f"), self.name("k")
        self.emit(ind, f"var {a} {t}")
        self.emit(ind, f"{a}[{r.randrange(n)}][{r.randrange(m)}] = {self.value(scope, e, 2)}")
        self.emit(ind, f"{b} := {a}")
        self.emit(ind, f"{f} := func(x {t}) {t} {{")
        self.emit(ind + 1, f"x[{r.randrange(n)}][{r.randrange(m)}] = {self.value(scope, e, 2)}")
        self.emit(ind + 1, f"return x")
        self.emit(ind, "}")
        forms = [f"{b} = {f}({a})", f"{b}[{r.randrange(n)}] = {a}[{r.randrange(n)}]", f"{b}[0], {b}[{n - 1}] = {b}[{n - 1}], {a}[0]",
                 f"for {k}, row := range {b} {{ row[{r.randrange(m)}] = {self.value(scope, e, 1)}; {b}[{n - 1}-{k}] = row }}",
                 f"for {k}, row := range &{b} {{ row[0] = {self.value(scope, e, 1)}; {b}[{n - 1}-{k}] = row }}",
                 f"{{ s := {b}[:]; s[0] = {a}[{n - 1}]; _ = append(s[:0], {a}[0]) }}",
                 f"{{ p := &{a}[{r.randrange(n)}]; p[{r.randrange(m)}] = {self.value(scope, e, 1)}; {b}[0] = *p }}",
                 f"{{ m := map[int]{t}{{1: {a}}}; x := m[1]; x[0][0] = {self.value(scope, e, 1)}; m[2] = x; {b} = m[r%3] }}".replace("r%3", str(r.randrange(3))),
                 f"{{ c := make(chan {t}, 1); c <- {a}; {a}[0][0] = {self.value(scope, e, 1)}; {b} = <-c }}",
                 f"{{ var x any = {a}; {a}[0][0] = {self.value(scope, e, 1)}; {b} = x.({t}) }}",
                 f"func() {{ defer func(x {t}) {{ {b} = x }}({a}); {a}[0][0] = {self.value(scope, e, 1)} }}()"]
        for form in r.sample(forms, r.randrange(2, 5)):
            self.emit(ind, form)
        self.emit(ind, f'fmt.Println("{self.p} arrays", {a}, {b}, {a} == {b}, {f}({a}) != {b}, len({a}[0]))')
        scope += [(a, t), (b, t)]

    def s_indexes(self, scope, ind, ctx):
        """Loops whose indexes stay within the slice, or just do not."""
        r = self.r
        s, i, n = self.name(), self.name("k"), self.name()
        kind = r.choice(["slice", "slice", "array", "string"])
        size = r.randrange(1, 9)
        if kind == "slice":
            self.emit(ind, f"{s} := make([]int, {size}, {size + r.randrange(3)})")
        elif kind == "array":
            self.emit(ind, f"var {s} [{size}]int")
        else:
            self.emit(ind, f"{s} := lib_id_string(\"{'abcdefghij'[:size]}\")")
        self.emit(ind, f"{n} := {r.randrange(4)}")
        self.emit(ind, f"try(\"{self.p} index\", func() {{")
        write = kind != "string"
        low, high = r.choice(["0", "0", "1", n, "-1" if r.random() < 0.1 else "2"]), r.choice(
            [f"len({s})", f"len({s})", f"len({s})-1", f"len({s})-{n}", f"len({s})/2", f"min(len({s}), {n})", str(size), f"len({s})+1" if r.random() < 0.3 else f"len({s})-2"])
        t = r.choice(["int", "int", "int", "int32", "uint8", "uint"])
        form = r.random()
        if t != "int":
            self.emit(ind + 1, f"for {i} := {t}({low if low.isdigit() else 0}); {i} < {t}(len({s})); {i}++ {{")
        elif form < 0.3:
            self.emit(ind + 1, f"for {i} := range {s} {{" if r.random() < 0.5 else f"for {i} := range len({s}) {{")
        elif form < 0.6:
            self.emit(ind + 1, f"for {i} := {low}; {i} < {high}; {i} += {r.choice([1, 1, 2, 3, n + '+1'])} {{")
        elif form < 0.8:
            self.emit(ind + 1, f"for {i} := {high}-1; {i} >= {low}; {i}-- {{")
        else:
            self.emit(ind + 1, f"for {i} := {low}; {i} <= {high}-1; {i}++ {{")
        self.emit(ind + 2, "if !burn() { break }")
        for _ in range(r.randrange(1, 4)):
            at = r.choice([i, i, i, f"{i}+1", f"{i}-1", f"{i}/2", f"{i}*2", f"{i}%{t}({size})", f"{t}(len({s}))-1-{i}", f"{t}(len({s}))-{i}", f"{i}&3",
                           f"{i}>>1", f"{i}+{t}({n})", f"({i}+1)%{t}(len({s}))", f"{i}^1"])
            cond = r.choice(["", "", f"{at} < {t}(len({s}))", f"{i} > 0", f"{i}+1 < {t}(len({s}))", f"{at} >= 0 && {at} < {t}(len({s}))", f"uint({at}) < uint(len({s}))"])
            do = r.choice([f"{s}[{at}] += int({i}) + 1", f"{s}[{at}] = {n} + int({i})", f"{n} += {s}[{at}]"]) if write else f"{n} += int({s}[{at}])"
            if r.random() < 0.25:
                do = f"{n} += len({s}[{at}:])" if r.random() < 0.6 else f"{n} += len({s}[:{at}])"
            self.emit(ind + 2, f"if {cond} {{ {do} }}" if cond else do)
        self.emit(ind + 1, "}")
        self.emit(ind, "})")
        self.emit(ind, f'fmt.Println("{self.p} indexes", {s}, {n})')
        scope += [(n, "int")]

    def s_runes(self, scope, ind, ctx):
        r = self.r
        s, x = self.name(), self.name()
        text = "".join(r.choice(["a", "Z", "é", "日", "😀", "\\xff", "\\xe6\\x97", "\\u200b", "\\x00", "\\xed\\xa0\\x80", "0"]) for _ in range(r.randrange(7)))
        self.emit(ind, f'{s} := {self.nonconst(scope, "string", 1)} + "{text}"')
        self.emit(ind, f"for i, c := range {s} {{")
        self.emit(ind + 1, f'fmt.Print("{self.p} ", i, " ", c, " ", string(c), ";")')
        if r.random() < 0.3:
            self.emit(ind + 1, f"if i > 2 {{ {s} = {s}[:1] }}")
        self.emit(ind, "}")
        parts = r.sample([f"[]rune({s})", f"[]byte({s})", f"string([]rune({s}))", f"len([]rune({s}))", f"string([]byte({s})) == {s}", f"utf8.ValidString({s})",
                          f"strings.Map(func(c rune) rune {{ return c + 1 }}, {s})", f"strings.Fields({s})", f"strings.Split({s}, \"a\")", f"{s} < \"b\"",
                          f"strconv.Quote({s})", f"strings.Repeat({s}, 2)", f"strings.IndexByte({s}, 'a')", f"utf8.RuneCountInString({s})",
                          f"string(rune(len({s})*1000))", f"strings.ToUpper({s}) + {s} + \"x\" + {s}", f"fmt.Sprintf(\"%q %x %+q %-8s|%.2s\", {s}, {s}, {s}, {s}, {s})"], 4)
        self.emit(ind, f'fmt.Println("{self.p}", {", ".join(parts)})')
        self.emit(ind, f"{x} := []byte({s})")
        self.emit(ind, f"for i := range {x} {{ {x}[i] ^= {r.randrange(256)} }}")
        self.emit(ind, f'fmt.Printf("{self.p} %q %v\\n", {x}, string({x}) == {s})')
        scope += [(s, "string")]

    def s_library(self, scope, ind, ctx):
        r = self.r
        s = self.value(scope, "[]int", 2)
        m, k = self.name(), self.name()
        self.emit(ind, f"{m} := {s}")
        parts = r.sample([f"slices.Sorted(slices.Values({m}))", f"slices.Index({m}, {r.randrange(5)})", f"slices.Contains({m}, {self.value(scope, 'int', 1)})",
                          f"slices.Reverse", f"slices.Compact(slices.Clone({m}))", f"slices.Insert(slices.Clone({m}), 0, {r.randrange(9)})",
                          f"slices.Equal({m}, {s})", f"slices.MaxFunc(append({m}, 1), func(a, b int) int {{ return a%7 - b%7 }})",
                          f"slices.Collect(slices.Chunk({m}, 2))", f"slices.Repeat({m}, 2)",
                          f"slices.Sorted(maps.Keys(map[int]int{{len({m}): 1, -1: 2}}))"], 3)
        parts = [x for x in parts if not x.endswith("Reverse")]
        self.emit(ind, f'fmt.Println("{self.p} library", {", ".join(parts + ["len(" + m + ")"])})')
        scope.append((m, "[]int"))

    def s_sorting(self, scope, ind, ctx):
        r = self.r
        t = r.choice(["int", "string", "float64", "uint8"])
        s, f = self.name(), self.name("f")
        self.emit(ind, f"{s} := []{t}{{{', '.join(self.value(scope, t, 2) for _ in range(r.randrange(2, 9)))}}}")
        unstable = f"slices.Sort({s})" if t == "float64" else f"sort.Slice({s}, func(i, j int) bool {{ return {s}[i] < {s}[j] }})"
        self.emit(ind, r.choice([f"slices.Sort({s})", unstable,
                                 f"slices.SortFunc({s}, func(a, b {t}) int {{ return cmp.Compare(b, a) }})",
                                 f"slices.SortStableFunc({s}, func(a, b {t}) int {{ return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) }})",
                                 f"for i := 1; i < len({s}); i++ {{ for j := i; j > 0 && {s}[j] < {s}[j-1]; j-- {{ {s}[j], {s}[j-1] = {s}[j-1], {s}[j] }} }}"]))
        self.emit(ind, f'fmt.Println("{self.p} sorted", {s})')
        scope.append((s, "[]" + t))
