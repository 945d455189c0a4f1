"""Expressions of any type out of a scope of variables: a list of (name, type)."""
from .types import BASICS, BITS, COMPLEX, FLOATS, INTS, WORDS


class Expressions:
    """Values. What may be a constant is kept apart, since Go refuses constant operations that overflow."""

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
        if t in COMPLEX:
            return f"{t}({r.choice(['1', '2i', '1+2i', '-0.5-1i', '3.25-2i', '1e10i', '-7', '0.1+0.2i'])})"
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
            return f"lib_id_{t}({text})"
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
            return f"{v}.({t})" if r.random() < 0.2 else f"lib_id_{t}({self.literal(t)})"
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
                op = r.choice(["==", "!="] if u == "bool" or u in COMPLEX else ["==", "!=", "<", "<=", ">", ">="])
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
            return f"lib_id_string({self.value(scope, t, d)})", False
        if t in FLOATS:
            if x < 0.55:
                return f"({self.nonconst(scope, t, d)} {r.choice(['+', '-', '*', '/'])} {self.float_right(scope, t, d)})", False
            if x < 0.7:
                return f"{t}({self.nonconst(scope, r.choice(INTS + FLOATS), d)})", False
            if x < 0.75:
                return f"{t}({r.choice(['real', 'imag'])}({self.nonconst(scope, r.choice(COMPLEX), d)}))", False
            if x < 0.8:
                return f"{r.choice(['min', 'max'])}({self.nonconst(scope, t, d)}, {self.value(scope, t, d)})", False
            return f"-({self.nonconst(scope, t, d)})", False
        if t in COMPLEX:
            if x < 0.6:
                return f"({self.nonconst(scope, t, d)} {r.choice(['+', '-', '*', '/'])} {self.value(scope, t, d)})", False
            if x < 0.8:
                part = "float64" if t == "complex128" else "float32"
                return f"complex({self.nonconst(scope, part, d)}, {self.value(scope, part, d)})", False
            if x < 0.9:
                return f"{t}({self.nonconst(scope, r.choice(COMPLEX), d)})", False
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
            # A function value that it could call might be itself.
            inner = [(v, vt) for v, vt in scope if not vt.startswith("func(")]
            return f"func({a} {p}) {res} {{ return {self.value(inner + [(a, p)], res, 2)} }}"
        s = self.struct(t)
        if s:
            some = [f for f in s.fields if r.random() < 0.8]
            return s.name + "{" + ", ".join(f"{f}: {self.value(scope, ft, d)}" for f, ft in some) + "}"
        raise ValueError(t)

    def call(self, scope, f, depth):
        args = ", ".join(self.value(scope, p, depth) for p in f.params)
        return f"{f.name}({args})"
