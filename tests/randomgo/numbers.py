"""Numbers: each operation on the borders of each width, divisions by constants, constant expressions, conversions, bits."""
from fractions import Fraction

from .types import BITS, FLOATS, INTS

def bounds(t):
    b = BITS[t]
    return (0, (1 << b) - 1) if t.startswith("u") else (-(1 << (b - 1)), (1 << (b - 1)) - 1)

# Declared once in a file.
SHARED = """
type lib_Level int8

func (l lib_Level) String() string { return fmt.Sprintf("L%d", int8(l)) }

type lib_Bits uint16

func (b lib_Bits) Has(i uint) bool { return b>>i&1 == 1 }

func (b *lib_Bits) Set(i uint) { *b |= 1 << i }
"""


class Numbers:
    SHARED = SHARED
    KINDS = [("borders", 2, "block"), ("constants", 2, ""), ("widths", 2, "block"), ("floats", 2, "block"), ("bits", 2, "block"),
             ("levels", 1, "block"), ("shifts", 1, "block"), ("counter", 1, "block")]

    def border(self, t):
        low, high = bounds(t)
        r = self.r
        v = r.choice([low, low + 1, low // 2, -1, 0, 1, 2, 7, high // 2, high // 2 + 1, high - 1, high, r.randint(low, high)])
        return max(low, min(high, v))

    def s_borders(self, scope, ind, ctx):
        """Operations with a constant, over values at the borders."""
        r = self.r
        t = r.choice(INTS)
        low, high = bounds(t)
        x = self.name()
        self.emit(ind, f"for _, {x} := range []{t}{{{', '.join(str(self.border(t)) for _ in range(r.randrange(4, 9)))}}} {{")
        self.emit(ind + 1, f'fmt.Println("{self.p}", {x}')
        parts = []
        for _ in range(r.randrange(2, 6)):
            c = r.choice([1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 16, 25, 60, 64, 100, 125, 127, 128, 255, 641, 1000, 1 << 15, 1 << 31, (1 << 31) - 1,
                          1 << 32, 10 ** 9 + 7, 1 << 62, high, high - 1, low, low + 1, -1, -2, -3, -7, -8, -10, r.randint(low, high)])
            if c == 0 or not low <= c <= high:
                c = 3
            op = r.choice(["/", "%", "/", "%", "*", "+", "-", "&", "|", "^", "&^", "<", "==", "%=="])
            if op == "%==":
                parts.append(f"{x}%{c} == {r.choice([0, 0, 1, 2]) if abs(c) > 2 else 0}" if c > 0 else f"{x}%({c}) != 0")
            else:
                parts.append(f"{x}{op}({c})")
        for _ in range(r.randrange(0, 3)):
            parts.append(f"{x}{r.choice(['<<', '>>'])}{r.choice([0, 1, 3, 7, 8, 15, 16, 31, 32, 33, 63, 64, 65, 200])}")
        if r.random() < 0.5:
            parts.append(r.choice([f"-{x}", f"^{x}", f"{x}*{x}", f"{x}-({high})", f"{x}<<1>>1"]))
        self.out[-1] += ", " + ", ".join(parts) + ")"
        self.emit(ind, "}")

    # --- constants ---

    def constant(self, depth):
        """An untyped integer constant expression and its value."""
        r = self.r
        if depth == 0 or r.random() < 0.15:
            v = r.choice([0, 1, 2, 3, 5, 7, 10, 255, 1 << 20, ord("a"), r.randrange(1 << 16)])
            text = str(v) if v != 97 or r.random() < 0.5 else "'a'"
            return r.choice([text, text, hex(v), bin(v)]) if text != "'a'" else text, v
        x, a = self.constant(depth - 1)
        y, b = self.constant(depth - 1)
        op = r.choice(["+", "-", "*", "/", "%", "<<", ">>", "&", "|", "^", "&^", "-x", "^x"])
        if op == "-x":
            return f"-({x})", -a
        if op == "^x":
            return f"^({x})", ~a
        if op in ("/", "%"):
            if b == 0:
                return x, a
            q = abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)
            return f"({x} {op} {y})", q if op == "/" else a - q * b
        if op in ("<<", ">>"):
            n = r.randrange(70)
            v = a << n if op == "<<" else a >> n
            return (f"({x} {op} {n})", v) if abs(v) < 1 << 400 else (x, a)
        v = {"+": a + b, "-": a - b, "*": a * b, "&": a & b, "|": a | b, "^": a ^ b, "&^": a & ~b}[op]
        return (f"({x} {op} {y})", v) if abs(v) < 1 << 400 else (x, a)

    def s_constants(self, scope, ind, ctx):
        r = self.r
        form = r.random()
        if form < 0.5:
            for _ in range(r.randrange(1, 4)):
                text, v = self.constant(r.randrange(2, 5))
                fits = [t for t in INTS if bounds(t)[0] <= v <= bounds(t)[1]]
                c = self.name("C")
                if fits:
                    t = r.choice(fits)
                    self.emit(ind, f"const {c} {r.choice(['', t])} = {text}")
                    self.emit(ind, f'fmt.Println("{self.p} const", {t}({c}), float64({c}), {c} == {v})')
                else:
                    self.emit(ind, f"const {c} = {text}")
                    self.emit(ind, f'fmt.Println("{self.p} const", float64({c}), {c} > 0, {c} / (1 << 60) == {abs(v) // (1 << 60) * (1 if v >= 0 else -1)})')
        elif form < 0.75:
            cs = [self.name("C") for _ in range(r.randrange(2, 6))]
            t = r.choice(["", "int16", "uint32", "float64", f"lib_Level"])
            expr = r.choice(["iota", "iota*3 + 1", "1 << iota", "iota * iota", "10 - iota", "1 << (iota * 1)"])
            self.emit(ind, "const (")
            self.emit(ind + 1, f"{cs[0]} {t} = {expr}" if t else f"{cs[0]} = {expr}")
            for c in cs[1:]:
                if r.random() < 0.2:
                    self.emit(ind + 1, "_")
                self.emit(ind + 1, c)
            self.emit(ind, ")")
            self.emit(ind, f'fmt.Println("{self.p} iota", {", ".join(cs)})')
        else:
            a, b = Fraction(r.randrange(-999, 999), r.choice([1, 2, 4, 5, 10])), Fraction(r.randrange(1, 99), r.choice([1, 2, 8, 10]))
            c = self.name("C")
            op = r.choice(["+", "-", "*", "/"])
            self.emit(ind, f"const {c} = {float(a)} {op} {float(b)}")
            self.emit(ind, f'fmt.Println("{self.p} const", {c}, float32({c}), {c}*2 > 1, complex({c}, 1))')

    def s_widths(self, scope, ind, ctx):
        """Arithmetic of narrow integers in a loop, with a value of any width converted to all others."""
        r = self.r
        t = r.choice(INTS)
        x, k = self.name(), self.name("k")
        self.emit(ind, f"{x} := {t}({self.nonconst(scope, t, 2)})")
        self.emit(ind, f"for {k} := {t}({r.randrange(1, 4)}); {k} < {r.randrange(4, 100)} && burn(); {k} += {r.choice([1, 2, 3, 7])} {{")
        for _ in range(r.randrange(1, 4)):
            op = r.choice(["+=", "-=", "*=", "^=", "<<=", ">>=", "|=", "&^=", "/=", "%="])
            right = r.choice([f"{k}", str(r.randrange(1, 100)), f"{k}%5 + 1"])
            if op in ("<<=", ">>="):
                right = r.choice([f"({k} & 7)", str(r.randrange(9)), f"(uint8({k}) & 15)"])
            self.emit(ind + 1, f"{x} {op} {right}")
        if r.random() < 0.5:
            self.emit(ind + 1, f"{x} = {self.value(list(scope) + [(x, t), (k, t)], t, 2)}")
        self.emit(ind, "}")
        to = r.sample(INTS + FLOATS, 4)
        self.emit(ind, f'fmt.Println("{self.p} widths", {x}, {", ".join(f"{u}({x})" for u in to)})')
        scope.append((x, t))

    def s_floats(self, scope, ind, ctx):
        r = self.r
        t = r.choice(FLOATS)
        x = self.name()
        values = [r.choice(["0.1", "1e300" if t == "float64" else "1e30", "-2.5", "3.5", "0.5", "-0.5", "1e-7", "123456789", "16777217", "1<<53", "-1.5e9",
                            f"{r.uniform(-1e4, 1e4)!r}", f"{r.uniform(-1, 1)!r}"]) for _ in range(r.randrange(3, 7))]
        values += r.sample([f"{t}(math.Inf(1))", f"{t}(math.NaN())", f"{t}(math.Copysign(0, -1))", f"-{t}(math.Inf(1))"], r.randrange(3))
        self.emit(ind, f"for _, {x} := range []{t}{{{', '.join(values)}}} {{")
        parts = r.sample([f"{x}*3", f"{x}/7", f"{x}+0.1", f"-{x}", f"{x} < 1", f"{x} == {x}", f"{x} != {x}", f"min({x}, 1)", f"max({x}, 0)",
                          f"math.Sqrt(float64({x}))", f"math.Floor(float64({x}))", f"math.Trunc(float64({x}))", f"math.Abs(float64({x}))",
                          f"float32({x})", f"float64({x})", f"math.Float32bits(float32({x}))", f"math.Float64bits(float64({x}))&0xfff",
                          f"math.Round(float64({x}))", f"math.RoundToEven(float64({x}))", f"math.Ceil(float64({x}))", f"math.FMA(float64({x}), 2, 1)",
                          f"complex({x}, 1)*2i", f"{x}-{x}", f"{x}*{x}+{x}", f"strconv.FormatFloat(float64({x}), 'g', {r.choice([-1, 3, 17])}, {r.choice([32, 64])})",
                          f"math.Mod(float64({x}), 3)", f"!({x} < 0)", f"!({x} >= 2)"], r.randrange(3, 7))
        self.emit(ind + 1, f'fmt.Println("{self.p}", {", ".join(parts)})')
        verbs = r.sample(["%v", "%g", "%e", "%.3f", "%8.2f", "%+.1e", "%x", "%G", "%06.1f", "%b", "%-9.3g|"], 3)
        self.emit(ind + 1, f'fmt.Printf("{self.p} {" ".join(verbs)}\\n", {x}, {x}, {x})')
        if r.random() < 0.6:
            u = r.choice(INTS)
            low, high = bounds(u)
            self.emit(ind + 1, f"if {x} > {float(max(low, -1 << 50))} && {x} < {float(min(high, 1 << 50))} {{")
            self.emit(ind + 2, f'fmt.Println("{self.p}", {u}({x}), {u}({x}+0.5), {t}({u}({x})))')
            self.emit(ind + 1, "}")
        self.emit(ind, "}")

    def s_bits(self, scope, ind, ctx):
        r = self.r
        t = r.choice(["uint64", "uint32", "uint16", "uint8", "uint"])
        n = {"uint": ""}.get(t, t[4:])
        x = self.name()
        self.emit(ind, f"for _, {x} := range []{t}{{{', '.join(str(self.border(t)) for _ in range(r.randrange(3, 7)))}}} {{")
        parts = [f"bits.LeadingZeros{n}({x})", f"bits.TrailingZeros{n}({x})", f"bits.OnesCount{n}({x})", f"bits.Len{n}({x})",
                 f"bits.RotateLeft{n}({x}, {r.randrange(-70, 70)})", f"bits.Reverse{n}({x})", f"{x}<<{r.randrange(9)} | {x}>>{r.randrange(9)}",
                 f"bits.TrailingZeros{n}({x} & -{x})", f"{x} & ({x} - 1)"]
        if t != "uint8":
            parts.append(f"bits.ReverseBytes{n}({x})")
        self.emit(ind + 1, f'fmt.Println("{self.p}", {", ".join(r.sample(parts, 5))})')
        if t in ("uint64", "uint32", "uint"):
            y = str(self.border(t))
            self.emit(ind + 1, f"hi, lo := bits.Mul{n}({x}, {y})")
            self.emit(ind + 1, f"sum, carry := bits.Add{n}({x}, lo, {r.randrange(2)})")
            self.emit(ind + 1, f"diff, borrow := bits.Sub{n}({x}, lo, carry)")
            self.emit(ind + 1, f'fmt.Println("{self.p}", hi, lo, sum, carry, diff, borrow)')
            if r.random() < 0.5:
                d = self.border(t)
                self.emit(ind + 1, f"try(\"{self.p} div\", func() {{ q, m := bits.Div{n}(hi, lo, {d}); fmt.Println(q, m) }})")
        self.emit(ind, "}")

    def s_levels(self, scope, ind, ctx):
        """Named integers with methods."""
        x, b = self.name(), self.name()
        r = self.r
        self.lines(ind, """
            $x := lib_Level($v)
            var $b lib_Bits
            for $x++; $x%$m != 0; $x += $s {
                $b.Set(uint($x) & 15)
            }
            fmt.Println("$p", $x, $b, $b.Has($i), -$x, []lib_Level{$x, 2}, map[lib_Level]any{$x: $x})
            fmt.Printf("$p %d %v %s %x %q %T\\n", $x, $x, $x, $b, $b, $b)
            """, x=x, b=b, v=self.nonconst(scope, "int8", 2), m=r.choice([3, 5, 7, 10]), s=r.choice([1, 7, 13]), i=r.randrange(16))

    def s_shifts(self, scope, ind, ctx):
        """Counts of every type, negative ones too."""
        r = self.r
        t, u = r.choice(INTS), r.choice(INTS)
        x, n = self.name(), self.name()
        counts = ", ".join(str(v) for v in r.sample([0, 1, 2, 7, 8, 9, 15, 16, 31, 32, 33, 63, 64, 65, 100, 127], 4))
        if not u.startswith("u") and r.random() < 0.2:
            counts += ", -1"
        self.emit(ind, f"{x} := {t}({self.border(t)})")
        self.emit(ind, f"for _, {n} := range []{u}{{{counts}}} {{")
        self.emit(ind + 1, f"try(\"{self.p} shift\", func() {{")
        self.emit(ind + 2, f'fmt.Println("{self.p}", {x}<<{n}, {x}>>{n}, {x}<<{n}>>{n}, 1<<{n}, {t}(1)<<{n}, {x}>>({n}+1), {x}<<({n}&{r.choice([7, 15, 31, 63])}))')
        if r.random() < 0.3:
            self.emit(ind + 2, f"{x} {r.choice(['<<=', '>>='])} {n}")
        self.emit(ind + 1, "})")
        self.emit(ind, "}")

    def s_counter(self, scope, ind, ctx):
        """A loop whose counter overflows."""
        r = self.r
        t = r.choice(["int8", "uint8", "int16", "uint16"])
        low, high = bounds(t)
        k, n = self.name("k"), self.name()
        step = r.choice([1, 3, 7, 50])
        down = r.random() < 0.5
        start = (low if down else high) + (1 if down else -1) * r.randrange(60)
        self.emit(ind, f"{n} := 0")
        if r.random() < 0.5:
            op = ">=" if down else "<="
            self.emit(ind, f"for {k} := {t}({start}); {k} {op} {start - 30 if down and start - 30 > low else start + 30 if not down and start + 30 < high else start}; {k} {'-' if down else '+'}= {step} {{")
        else:
            self.emit(ind, f"for {k} := {t}({start}); {k} != {self.border(t)}; {k} {'-' if down else '+'}= {step} {{")
        self.emit(ind + 1, f"if {n}++; {n} > 40 {{")
        self.emit(ind + 2, "break")
        self.emit(ind + 1, "}")
        if r.random() < 0.5:
            self.emit(ind + 1, f"{n} += int({k}) & 3")
        self.emit(ind, "}")
        self.emit(ind, f'fmt.Println("{self.p} counter", {n})')
        scope.append((n, "int"))
