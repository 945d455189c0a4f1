"""goto, labels, and jumps out of switches and selects."""


class Jumps:
    KINDS = [("goto", 1, "block"), ("labelled", 2, "block"), ("states", 1, "block"), ("bigswitch", 1, "block")]

    def s_goto(self, scope, ind, ctx):
        label, k = self.name("G"), self.name("k")
        self.emit(ind, "{")
        self.emit(ind + 1, f"{k} := 0")
        self.emit(ind, f"{label}:")
        self.emit(ind + 1, "{")
        self.block(scope, ind + 2, self.r.randrange(1, 3), dict(ctx, brk=False, loop=False, labels=[]))
        self.emit(ind + 1, "}")
        self.emit(ind + 1, f"if {k}++; {k} < 3 && burn() {{")
        self.emit(ind + 2, f"goto {label}")
        self.emit(ind + 1, "}")
        self.emit(ind, "}")

    def s_labelled(self, scope, ind, ctx):
        """Two loops, and in them a switch or a select that leaves or continues either."""
        r = self.r
        outer, inner, i, j = self.name("L"), self.name("L"), self.name("k"), self.name("k")
        self.emit(ind, f"{outer}:")
        self.emit(ind, f"for {i} := range {r.randrange(2, 5)} {{")
        self.emit(ind, f"{inner}:")
        self.emit(ind + 1, f"for {j} := {r.randrange(3)}; {j} < {r.randrange(2, 6)} && burn(); {j}++ {{")
        own = list(scope) + [(i, "int"), (j, "int")]
        within = dict(ctx, loop=True, brk=True, labels=ctx["labels"] + [outer, inner])
        jumps = ["break", "continue", f"break {outer}", f"continue {outer}", f"break {inner}", f"continue {inner}"]
        form = r.random()
        if form < 0.4:
            self.emit(ind + 2, f"switch ({i}*{r.randrange(1, 4)} + {j}) % 4 {{")
            heads = ["case 0:", "case 1, 2:", "default:"]
        elif form < 0.7:
            c = self.name("c")
            self.emit(ind + 2, f"{c} := make(chan int, 1)")
            self.emit(ind + 2, f"if ({i}+{j})%{r.randrange(2, 4)} == 0 {{")
            self.emit(ind + 3, f"{c} <- {i}")
            self.emit(ind + 2, "}")
            self.emit(ind + 2, "select {")
            x = self.name()
            heads = [f"case {x} := <-{c}:\n_ = {x}", "default:"]
        else:
            self.emit(ind + 2, "switch {")
            heads = [f"case {self.cond(own)}:" for _ in range(r.randrange(1, 4))]
        for head in heads:
            self.emit(ind + 2, head)
            self.block(own, ind + 3, r.randrange(0, 2), within)
            if r.random() < 0.6:
                self.emit(ind + 3, f"if {self.cond(own)} {{")
                self.emit(ind + 4, r.choice(jumps))
                self.emit(ind + 3, "}")
            elif r.random() < 0.5:
                self.emit(ind + 3, r.choice(jumps))
        self.emit(ind + 2, "}")
        self.emit(ind + 2, f'fmt.Println("{self.p} at", {i}, {j})')
        self.emit(ind + 2, f"if {i} > 9 {{")
        self.emit(ind + 3, f"continue {outer}")
        self.emit(ind + 2, "}")
        self.emit(ind + 2, f"if {j} > 9 {{")
        self.emit(ind + 3, f"break {inner}")
        self.emit(ind + 2, "}")
        self.emit(ind + 1, "}")
        self.emit(ind, "}")

    def s_states(self, scope, ind, ctx):
        """A machine of states between which goto jumps, forward and back."""
        r = self.r
        n = r.randrange(2, 5)
        labels = [self.name("G") for _ in range(n)] + [self.name("G")]
        x, steps = self.name(), self.name()
        self.emit(ind, "{")
        self.emit(ind + 1, f"var {x}, {steps} int = {self.value(scope, 'int', 1)}, 0")
        self.emit(ind + 1, f"goto {r.choice(labels[:-1])}")
        own = list(scope) + [(x, "int")]
        for i, label in enumerate(labels[:-1]):
            self.emit(ind, f"{label}:")
            self.emit(ind + 1, f"{steps}++")
            self.emit(ind + 1, f"{x} = {self.value(own, 'int', 2)}")
            self.emit(ind + 1, f"if {steps} > 7 {{")
            self.emit(ind + 2, f"goto {labels[-1]}")
            self.emit(ind + 1, "}")
            self.emit(ind + 1, "{")
            self.block(own, ind + 2, 1, dict(ctx, brk=False, loop=False, labels=[]))
            self.emit(ind + 1, "}")
            self.emit(ind + 1, f"if {self.cond(own)} {{")
            self.emit(ind + 2, f"goto {r.choice(labels)}")
            self.emit(ind + 1, "}")
            self.emit(ind + 1, f"switch {x} & 3 {{")
            for case in range(r.randrange(1, 4)):
                self.emit(ind + 1, f"case {case}:")
                self.emit(ind + 2, f"goto {r.choice(labels)}")
            self.emit(ind + 1, "}")
        # Each label is used.
        for label in labels:
            self.emit(ind + 1, f"if {steps} < 0 {{")
            self.emit(ind + 2, f"goto {label}")
            self.emit(ind + 1, "}")
        self.emit(ind, f"{labels[-1]}:")
        self.emit(ind + 1, f'fmt.Println("{self.p} states", {x}, {steps})')
        self.emit(ind, "}")

    def s_bigswitch(self, scope, ind, ctx):
        """Many cases: ranges of integers, strings of several lengths."""
        r = self.r
        t = r.choice(["int", "uint8", "int8", "string", "int64", "rune", "uint"])
        f, x = self.name("f"), self.name()
        self.emit(ind, f"{f} := func({x} {t}) int {{")
        self.emit(ind + 1, f"switch {x} {{")
        if t == "string":
            words = sorted({"".join(r.choice("abc") for _ in range(r.randrange(5))) for _ in range(r.randrange(4, 24))})
            cases, probes = [f'"{w}"' for w in words], [f'"{w}"' for w in words[:6]] + ['"abcd"', '"b"', '""', '"ca"']
        else:
            low = 0 if t.startswith("u") else -20
            numbers = set(range(r.randrange(low, 10), r.randrange(10, 40), r.choice([1, 1, 2, 5])))
            numbers |= {r.randrange(low, 120) for _ in range(r.randrange(5))}
            cases, probes = [str(n) for n in numbers], [str(n) for n in sorted(numbers)[:4]] + ["0", "11", "39", "127", str(low)]
        r.shuffle(cases)
        k = 0
        while cases:
            n = min(len(cases), r.choice([1, 1, 1, 2, 4]))
            self.emit(ind + 1, f"case {', '.join(cases[:n])}:")
            cases = cases[n:]
            k += 1
            if r.random() < 0.7:
                self.emit(ind + 2, f"return {k}")
            elif cases and r.random() < 0.5:
                self.emit(ind + 2, "fallthrough")
        if r.random() < 0.5:
            self.emit(ind + 1, "default:")
            self.emit(ind + 2, "return -1")
        self.emit(ind + 1, "}")
        self.emit(ind + 1, "return 0")
        self.emit(ind, "}")
        self.emit(ind, f"for _, x := range []{t}{{{', '.join(probes)}}} {{")
        self.emit(ind + 1, f'fmt.Print("{self.p} ", {f}(x), " ")')
        self.emit(ind, "}")
        self.emit(ind, "fmt.Println()")
