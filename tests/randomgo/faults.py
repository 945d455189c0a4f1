"""Statements with several faults in them: which is raised, and what has happened by then, is what Go's compiler makes of it."""

# Declared once in a file.
SHARED = """
type flt_Node struct {
    n     int
    s     []int
    arr   [3]int
    q     *flt_Node
    m     map[int]int
    pt    [2]int
    text  string
    boxed any
}

//go:noinline
func (n *flt_Node) get(k int) int { return n.n + k }

//go:noinline
func (n flt_Node) val(a, b int) int { return n.n + a - b }

type flt_Pair struct{ a, b int }

var flt_gs []int
var flt_gi int
var flt_gn flt_Node
var flt_gp *flt_Node

//go:noinline
func flt_two(a, b int) (int, int) { return a, b }

//go:noinline
func flt_call(k int) int {
    if k > 90 {
        panic(fmt.Sprint("call ", k))
    }
    return k
}

//go:noinline
func flt_sum(list ...int) int {
    t := 0
    for _, x := range list {
        t += x
    }
    return t
}

//go:noinline
func flt_show(list ...any) { fmt.Print(len(list), " ") }

//go:noinline
func flt_keep(list ...any) {}

// flt_fault runs f on fresh data, and prints what it raises and what it has changed until then.
func flt_fault(name string, f func(p, np *flt_Node, s, b []int, ss [][]int, ps []*flt_Node, arr [3]int, i, j, z int, m, nm map[int]int, ma map[any]int, box any, text string)) {
    p := &flt_Node{n: 1, s: []int{4, 5}, m: map[int]int{}, text: "pq"}
    p.q = p
    s, b := []int{6, 7, 8}, []int{1, 2}
    ss, m, ma := [][]int{{1, 2}, {3}}, map[int]int{1: 1}, map[any]int{"k": 1}
    flt_gs, flt_gi, flt_gn, flt_gp = []int{1}, 3, flt_Node{}, nil
    defer func() {
        fmt.Println(" ", s, b, ss, len(m), m[1], ma, p.n, p.s, p.arr, len(p.m), flt_gs, flt_gi, flt_gn.n, flt_gn.arr)
    }()
    try(name, func() {
        f(p, nil, s, b, ss, []*flt_Node{nil, p}, [3]int{1, 2, 3}, 1, 77, 0, m, nil, ma, []int{1}, "xyz")
    })
}
"""


class Faults:
    SHARED = SHARED
    KINDS = [("faults", 4, "block")]

    def far(self):
        """An index that no slice has, another one each time."""
        self.n_far = getattr(self, "n_far", 99) + 1
        return self.n_far

    def fint(self, d=2):
        """An expression of type int with faults in it."""
        r = self.r
        e = lambda: self.fint(d - 1)
        k = self.far
        if d == 0 or r.random() < 0.25:
            return r.choice(["i", "z", "p.n", "s[1]", "arr[i]", "flt_gi", "b[0]", "p.arr[i]", "len(s)", "flt_gn.n"])
        return r.choice([
            lambda: f"s[{k()}]", lambda: f"b[{k()}]", lambda: f"flt_gs[{k()}]", lambda: f"arr[j+{k()}]", lambda: f"p.s[{k()}]", lambda: "np.n", lambda: "flt_gp.n",
            lambda: f"p.arr[j+{k()}]", lambda: f"ss[{k()}][0]", lambda: f"ss[0][{k()}]", lambda: "np.s[0]", lambda: f"p.q.s[{k()}]", lambda: f"int(text[{k()}])",
            lambda: f"ps[0].n", lambda: f"ps[{k()}].n", lambda: f"{e()} / z", lambda: f"({e()} % z)", lambda: "arr[j]",
            lambda: f"flt_call({k()})", lambda: f"flt_call({e()})", lambda: f"p.get({e()})", lambda: f"np.val(1, {e()})", lambda: f"ps[0].val(2, 3)",
            lambda: "box.(int)", lambda: "flt_gn.boxed.(int)", lambda: f"any({e()}).(int)", lambda: f"len(box.([]int)[{k()}:])",
            lambda: f"m[{e()}]", lambda: f"nm[{e()}]", lambda: "ma[box]", lambda: f"ma[{e()}]", lambda: f"len(s[{e()}:])", lambda: f"len(s[{k()}:])", lambda: f"cap(ss[{k()}])",
            lambda: f"s[{e()}]", lambda: f"arr[{e()}]", lambda: f"ss[i][{e()}]", lambda: f"({e()} + {e()})", lambda: f"({e()} - {e()})", lambda: f"(i - {e()})",
            lambda: f"(i << {e()})", lambda: f"int(int8({e()}))", lambda: f"min({e()}, {e()})", lambda: f"flt_sum({e()}, {e()})",
            lambda: f"(flt_Pair{{{e()}, {e()}}}).b", lambda: f"[2]int{{{e()}, {e()}}}[i]", lambda: f"[]int{{{e()}, {e()}}}[0]", lambda: f"*&s[{k()}]", lambda: f"(*flt_gp).n",
            lambda: f"len(append(b, {e()}))", lambda: f"append(s, {e()}, {e()})[{k()}]", lambda: f"copy(s, b[{e()}:])", lambda: f"func() int {{ return {e()} }}()",
            lambda: f"int(real(complex(float64({e()}), float64({e()}))))", lambda: f"len(text[{e()}:])", lambda: f"len(string([]byte(text[{k()}:])))", lambda: f"len(text + text[{k()}:])",
            lambda: f"int([]byte(text)[{k()}])", lambda: f"len(*new([3]int))", lambda: f"map[int]int{{{e()}: {e()}}}[1]",
        ])()

    def fbool(self, d=2):
        r = self.r
        e = lambda: self.fint(d)
        return r.choice([
            lambda: f"{e()} < {e()}", lambda: f"{e()} == {e()}", lambda: f"any({e()}) == any({e()})", lambda: f"any({e()}) == box", lambda: f"box == any({e()})", lambda: f"box == box",
            lambda: f"({e()} > 0 && {e()} > 0)", lambda: f"({e()} > 0 || {e()} > 0)", lambda: f"(flt_Pair{{{e()}, 1}} == flt_Pair{{1, {e()}}})", lambda: f"p.pt == ps[0].pt", lambda: f"ps[{self.far()}].pt == np.pt",
            lambda: f"text[{self.far()}:] == p.text[{self.far()}:]", lambda: f"text == np.text", lambda: f"!(np.boxed == any({e()}))", lambda: f"np.arr == p.arr", lambda: f"np.q == ps[{self.far()}]",
        ])()

    def fleft(self, d=1):
        """What can be assigned to, of type int."""
        r = self.r
        e = lambda: self.fint(d)
        k = self.far
        return r.choice([
            lambda: "i", lambda: "flt_gi", lambda: "s[0]", lambda: f"s[{k()}]", lambda: "arr[i]", lambda: f"arr[j+{k()}]", lambda: "p.n", lambda: "np.n", lambda: "flt_gp.n", lambda: f"p.s[{k()}]",
            lambda: f"s[{e()}]", lambda: f"arr[{e()}]", lambda: f"m[{e()}]", lambda: f"nm[{e()}]", lambda: "nm[1]", lambda: f"ma[{e()}]", lambda: "ma[box]", lambda: f"ma[any({e()})]", lambda: f"ss[{e()}][{e()}]",
            lambda: f"ss[{k()}][{k()}]", lambda: f"ps[0].n", lambda: f"ps[{k()}].n", lambda: f"ps[{e()}].q.n", lambda: f"p.arr[{e()}]", lambda: f"np.arr[{e()}]", lambda: f"np.s[{e()}]", lambda: f"flt_gn.arr[{e()}]", lambda: f"p.m[{e()}]",
            lambda: f"np.m[{e()}]", lambda: f"box.(*flt_Node).n", lambda: f"*&s[{k()}]", lambda: f"*(&ps[0].n)", lambda: f"flt_gs[{e()}]", lambda: "_", lambda: f"[]int{{1, 2}}[{e()}]", lambda: f"p.q.arr[{e()}]", lambda: f"append(s, 1)[{e()}]",
            lambda: f"s[s[{k()}]]", lambda: f"s[b[{k()}]+1]", lambda: f"ss[i][np.n]", lambda: f"s[len(ss[{k()}])]", lambda: f"s[-p.s[{k()}]]", lambda: f"(&flt_Node{{n: {e()}}}).n", lambda: f"map[int]*flt_Node{{}}[{e()}].n",
        ])()

    def fault_statement(self):
        r = self.r
        e, l, b, k = self.fint, self.fleft, self.fbool, self.far
        real = lambda: next(x for x in iter(self.fleft, None) if x != "_")
        op = r.choice(["+=", "-=", "*=", "/=", "%=", "<<=", "|=", "&^="])
        return r.choice([
            lambda: f"{l()} = {e()}", lambda: f"{l()} = {e()}", lambda: f"{real()} {op} {e()}", lambda: f"{real()} {op} {e()}", lambda: f"{real()}++",
            lambda: f"{l()}, {l()} = {e()}, {e()}", lambda: f"{l()}, {l()} = {e()}, {e()}", lambda: f"{l()}, {l()} = {e()}, {e()}", lambda: f"{l()}, {l()}, {l()} = {e()}, {e()}, {e()}",
            lambda: f"{l()}, {l()} = flt_two({e()}, {e()})", lambda: f"{l()}, _ = m[{e()}]", lambda: f"{l()}, _ = box.(int)", lambda: f"{l()}, {l()} = flt_two(1, 2)", lambda: f"v, w := {e()}, {e()}; _, _ = v, w",
            lambda: f"v, i := {e()}, {e()}; _, _ = v, i", lambda: f"v, w := {e()}, {e()}; flt_keep(&v, &w)", lambda: f"var v, w any = {e()}, {e()}; _, _ = v, w",
            lambda: f"func() (v, w int) {{ return {e()}, {e()} }}()", lambda: f"func() (int, int) {{ return {e()}, {e()} }}()", lambda: f"func() (v, w int) {{ defer func() {{ recover(); flt_gi += v*10 + w }}(); return {e()}, {e()} }}()",
            lambda: f"func() (v int, w any) {{ defer flt_sum(1); return {e()}, {e()} }}()", lambda: f"func() (v, w int) {{ flt_keep(&v, &w); return {e()}, {e()} }}()",
            lambda: f"flt_sum({e()}, {e()}, {e()})", lambda: f"flt_two({e()}, {e()})", lambda: f"flt_show({e()}, {e()}, {b()})", lambda: f"p.val({e()}, {e()})", lambda: f"np.val({e()}, {e()})", lambda: f"ps[{e()}].val({e()}, 1)", lambda: f"ps[{e()}].get({e()})",
            lambda: f"s = append(s, {e()}, {e()})", lambda: f"p.s = append(p.s, {e()}, {e()})", lambda: f"ss[{e()}] = append(ss[{e()}], {e()})", lambda: f"s = append(s[{e()}:], b[{e()}:]...)", lambda: f"p.s = append(np.s, {e()})",
            lambda: f"_ = flt_Pair{{{e()}, {e()}}}", lambda: f"_ = []int{{{e()}, {e()}}}", lambda: f"_ = map[int]int{{{e()}: {e()}, {e()}: 1}}", lambda: f"_ = &flt_Node{{n: {e()}, s: s[{e()}:]}}", lambda: f"_ = []any{{{e()}, {b()}}}", lambda: f"*np = flt_Node{{n: {e()}}}", lambda: f"ps[{e()}] = &flt_Node{{n: {e()}}}",
            lambda: f"flt_gn = flt_Node{{n: {e()}, s: []int{{{e()}}}}}", lambda: f"p.pt = [2]int{{{e()}, {e()}}}", lambda: f"np.pt = [2]int{{{e()}, 1}}", lambda: f"*p, *np = *np, *p", lambda: f"p.pt, np.pt = ps[0].pt, [2]int{{{e()}, 2}}",
            lambda: f"_ = {e()} + {e()}", lambda: f"_ = {b()}", lambda: f"if {b()} {{ flt_gi++ }}", lambda: f"for {b()} {{ break }}", lambda: f"switch {e()} {{ case {e()}, {e()}: flt_gi = 9; case {e()}: }}", lambda: f"switch {{ case {b()}: case {b()}: flt_gi++ }}",
            lambda: f"copy(s[{e()}:], b[{e()}:])", lambda: f"delete(m, {e()})", lambda: f"delete(ma, any({e()}))", lambda: f"delete(ma, box)", lambda: f"c := make(chan int, {e()}&63|1); c <- {e()}", lambda: f"make(chan int, 1) <- {e()}", lambda: f"_ = make([]int, {e()}, 9)", lambda: f"_ = s[{e()}:{e()}]", lambda: f"_ = s[{e()}:{e()}:{e()}]", lambda: f"_ = text[{e()}:{e()}]",
            lambda: f"_ = ss[{e()}][{e()}:]", lambda: f"_ = p.arr[{e()}:{e()}]", lambda: f"_ = np.arr[{e()}:]", lambda: f"defer flt_two({e()}, {e()})", lambda: f"defer np.get({e()})", lambda: f"defer ps[{e()}].val({e()}, {e()})", lambda: f"panic({e()})", lambda: f"panic(fmt.Sprint({e()}, {e()}))", lambda: f"_ = min({e()}, {e()}, {e()})", lambda: f"_ = complex(float64({e()}), float64({e()}))",
            lambda: f"for {real()}, {l()} = range s[{e()}:] {{ }}", lambda: f"for range {e()} {{ break }}", lambda: f"for {real()} = range {e()} {{ break }}", lambda: f"for _, {real()} = range ss[{e()}] {{ }}", lambda: f"for _, v := range np.arr {{ flt_gi += v }}", lambda: f"for v := range np.arr {{ flt_gi += v; break }}",
            lambda: f"text += text[{e()}:] + np.text", lambda: f"p.text += text[{e()}:]", lambda: f"np.text += text[{e()}:]", lambda: f"text = p.text[{e()}:] + text[{e()}:]", lambda: f"ms := map[any]string{{}}; ms[box] += \"x\"", lambda: f"ms := map[any]string{{}}; ms[box] += text + text[{e()}:]", lambda: f"var ms map[any]string; ms[box] += \"x\"", lambda: f"var ms map[any][]int; ms[box] = append(ms[box], {e()})", lambda: f"mx := map[any][]int{{}}; mx[{e()}] = append(mx[{e()}], {e()})",
            lambda: f"select {{ case v := <-make(chan int, {e()}&63): _ = v; case (chan int)(nil) <- {e()}: default: flt_gi++ }}", lambda: f"c := make(chan int, 1); c <- 1; select {{ case {real()} = <-c: }}", lambda: f"c := make(chan int, 1); c <- 1; {l()}, _ = <-c", lambda: f"c := make(chan int, 1); c <- 1; {l()} = <-c + {e()}",
            lambda: f"var v any = {b()}; _ = v", lambda: f"p.boxed = {e()}", lambda: f"np.boxed = {e()}", lambda: f"p.boxed, flt_gi = {e()}, {e()}", lambda: f"np.boxed, flt_gi = s[{e()}:], {e()}", lambda: f"clear(s[{e()}:])", lambda: f"print(len(text[{e()}:]), {e()})", lambda: "f := np.val; _ = f", lambda: f"f := ps[{e()}].get; f({e()})", lambda: "var f func(int) int; f(s[flt_call(200)])", lambda: f"var f func(int) int; f({e()})", lambda: f"_ = ([2]int)(s[{e()}:])", lambda: f"_ = *(*[4]int)(s)",
        ])()

    def fault_function(self, name):
        r = self.r
        self.emit(0, f"func {name}(p, np *flt_Node, s, b []int, ss [][]int, ps []*flt_Node, arr [3]int, i, j, z int, m, nm map[int]int, ma map[any]int, boxed any, text string) {{")
        self.emit(1, "box := boxed")
        self.emit(1, "_ = box")
        if r.random() < 0.25:
            # Some variables have an address.
            some = r.sample(["&i", "&s", "&arr", "&p", "&np", "&ss", "&z", "&j", "&text", "&box"], r.randrange(1, 5))
            self.emit(1, f"flt_keep({', '.join(some)})")
        if r.random() < 0.2:
            self.emit(1, "defer func() { flt_gi += 100 }()")
        for _ in range(r.choice([1, 1, 1, 2])):
            self.emit(1, "{ " + self.fault_statement() + " }")
        self.emit(0, "}")
        self.emit(0, "")

    def declare_faults(self):
        self.n_faults = self.r.randrange(3, 12)
        for i in range(self.n_faults):
            self.fault_function(f"{self.p}_fault{i}")

    def s_faults(self, scope, ind, ctx):
        i = self.r.randrange(self.n_faults)
        self.emit(ind, f'flt_fault("{self.p} fault {i}", {self.p}_fault{i})')
