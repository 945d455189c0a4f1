"""Types as text: what they are made of, and choosing one."""

INTS = ["int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64"]
BITS = {"int": 64, "int8": 8, "int16": 16, "int32": 32, "int64": 64,
        "uint": 64, "uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64}
FLOATS = ["float64", "float32"]
COMPLEX = ["complex128", "complex64"]
BASICS = INTS + FLOATS + ["string", "bool"] + COMPLEX
WORDS = ["", "a", "b", "go", "mini", "héllo", "日本", "x\\ty", "zz top", "\\x00", "stack", "heap"]


class Struct:
    def __init__(self, name, fields):
        self.name, self.fields = name, fields  # [(field, type)]


class Func:
    def __init__(self, name, params, results, recv=None, targs=None):
        self.name, self.params, self.results, self.recv, self.targs = name, params, results, recv, targs


class Types:
    """The types of a program, by their text."""

    def name(self, prefix="v"):
        self.n += 1
        return f"{prefix}{self.n}"

    def basic(self):
        r = self.r.random()
        if r < 0.45:
            return "int"
        return self.r.choice(BASICS)

    def key_type(self):
        options = ["int", "string", "uint8", "bool", "[2]int", "float64", "any", "[2]string", "complex128", "int16"]
        if self.structs:
            options += [s.name for s in self.structs if self.comparable(s.name)]
        return self.r.choice(options)

    def comparable(self, t):
        if t in BASICS:
            return True
        if t.startswith("*"):
            return True
        if t.startswith("[") and not t.startswith("[]"):
            return self.comparable(t[t.index("]") + 1:])
        s = self.struct(t)
        if s:
            return all(self.comparable(f) for _, f in s.fields)
        return False

    def struct(self, t):
        for s in self.structs:
            if s.name == t:
                return s
        return None

    def type(self, depth=2):
        r = self.r.random()
        if depth == 0 or r < 0.5:
            return self.basic()
        if r < 0.62:
            return "[]" + self.type(depth - 1)
        if r < 0.70:
            return f"[{self.r.choice([1, 2, 3, 5])}]" + self.type(depth - 1)
        if r < 0.78:
            return f"map[{self.key_type()}]" + self.type(depth - 1)
        if r < 0.90 and self.structs:
            return self.r.choice(self.structs).name
        if r < 0.95 and self.structs:
            return "*" + self.r.choice(self.structs).name
        if r < 0.97 and self.iface:
            return self.iface
        if r < 0.985:
            return "any"
        return f"func({self.basic()}) {self.basic()}"

    def elem(self, t):
        if t.startswith("map["):
            return self.map_parts(t)[1]
        return t[t.index("]") + 1:]

    @staticmethod
    def map_parts(t):
        depth, i = 0, 4
        while True:
            if t[i] == "[":
                depth += 1
            if t[i] == "]":
                if depth == 0:
                    return t[4:i], t[i + 1:]
                depth -= 1
            i += 1

    @staticmethod
    def func_parts(t):
        inner = t[5:]
        p, res = inner.split(") ", 1)
        return p, res
