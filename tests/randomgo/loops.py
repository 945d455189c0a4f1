"""Loops as programs have them, over slices and strings, with bounds that are sometimes one off: what a prover of bounds meets."""


class Loops:
    KINDS = [("scan", 5, "block")]

    def near(self, text):
        """The expression, or one next to it."""
        return self.r.choice([text] * 5 + [f"{text}+1", f"{text}-1", f"{text}-2"])

    def s_scan(self, scope, ind, ctx):
        r, p = self.r, self.p
        t = r.choice(["int", "int", "uint8", "int32", "float64", "string"])
        one = {"string": '"x"', "float64": "0.5"}.get(t, "1")
        n, m, c = r.randrange(0, 9), r.randrange(0, 6), r.randrange(0, 4)
        near, k = self.near, lambda: r.choice(["0", "1", "2", "3", "4"])
        word = "".join(r.choice("ab ,x09\\n") if r.random() < 0.9 else "é" for _ in range(r.randrange(9))).replace("\\", "").replace('"', "")
        forms = [
            # Windows, pairs, ends.
            f"for i := 0; i+{c} < {near('len(a)')}; i++ {{ a[i] += a[{near(f'i+{c}')}] }}",
            f"for i, j := 0, {near('len(a)-1')}; i < j; i, j = i+1, j-1 {{ a[i], a[j] = a[j], a[i] }}",
            f"for i := range a {{ if i > {k()} {{ a[i] += a[{near('i-1')}] }} }}",
            f"for i := 1; i < {near('len(a)')}; i++ {{ x := a[i]; j := i - 1; for j >= 0 && a[j] > x {{ a[j+1] = a[j]; j-- }}; a[{near('j+1')}] = x }}",
            f"for len(a) >= {k()} && len(a) > 0 && burn() {{ a[0] += a[{near('len(a)-1')}]; a = a[{r.choice(['1', '2', '1', 'len(a)/2+1'])}:] }}",
            f"for len(a) > {k()} && burn() {{ b = append(b, a[{r.choice(['0', '1', 'len(a)/2'])}]); a = a[:{near('len(a)-1')}] }}",
            f"if len(a) < len(b) {{ a, b = b, a }}; for i := range b {{ b[i] += a[{near('i')}] }}",
            f"if len(a) >= len(b) {{ a = a[:len(b)]; for i := range b {{ a[i] += b[{near('i')}] }} }}",
            f"for i := range min(len(a), {near('len(b)')}) {{ a[i] += b[i] }}",
            f"low, high := 0, {near('len(a)')}; for low < high && burn() {{ mid := int(uint(low+high) >> 1); if a[mid] < a[{near('len(a)-1')}] {{ low = mid + 1 }} else {{ high = mid }} }}; n = low",
            f"for i := {near('len(a)')} - 1; i >= {r.choice(['0', '1', '-1'] if r.random() < 0.3 else ['0', '1'])}; i-- {{ a[i] += {one}; n += i }}",
            f"w := {r.randrange(1, 4)}; for i := 0; i < len(a)/w; i++ {{ for j := 0; j < w; j++ {{ a[{near('i*w+j')}] += {one}; n += i*w + j }} }}",
            f"for i := 0; i < len(a); i += {r.randrange(1, 4)} {{ end := {r.choice(['i+2', 'min(i+2, len(a))', 'i+3'])}; if end > len(a) && {r.choice(['true', 'true', 'i > 2'])} {{ end = len(a) }}; n += len(a[i:end]) }}",
            f"for i := range a {{ for j := range a[:i] {{ if a[j] == a[i] {{ n += {near('i-j')} }}; a[j] = a[{near('i')}] }} }}",
            f"for i := range a {{ for j := i + 1; j < {near('len(a)')}; j++ {{ if a[i] > a[j] {{ a[i], a[j] = a[j], a[i]; n++ }} }} }}",
            f"i := 0; for _, x := range a {{ if x != {one} {{ a[i] = x; i++ }} }}; a = a[:{near('i')}]",
            f"if n := len(a); n > {k()} {{ a[{near('n-1')}] = a[n/2]; a[n%{max(1, n)}] = a[n>>1]; a[{near('n-2')}] = a[0] }}",
            f"if len(a) == {n} {{ for i := 0; i < {near(str(n))}; i++ {{ a[i] = a[{n} - 1 - i] }} }}",
            f"c := append([]{t}(nil), a...); for i := range a {{ c[{near('len(c)-1-i')}] = a[i] }}; b = c",
            f"c := make([]{t}, {near('len(a)')}); for i, x := range a {{ c[i] = x }}; b = c",
            f"c := make([]{t}, 0, len(a)); for i := range a {{ c = append(c, a[i]); c[{near('len(c)-1')}] = a[0] }}; b = c[:{near('len(a)')}]",
            f"for i := range a {{ switch {{ case i == 0: n++; case i < {near('len(a)-1')}: a[i+1] = a[i-1]; default: a[{near('i')}] = a[0] }} }}",
            f"i, j := 0, 0; for i < len(a) && j < len(b) {{ if a[i] <= b[j] {{ i++ }} else {{ j++ }}; n += i - j }}; for ; i < len(a); i++ {{ n += j; b = append(b, a[i]) }}; for ; j < {near('len(b)')}; j++ {{ n++; _ = b[j] }}",
            f"x := [4]{t}{{2: {one}}}; for i := range a {{ x[i&3] += a[i]; x[{near('i%4')}] += a[i] }}; b = x[:]",
            f"var x [8][3]{t}; for i := 0; i < {near('len(x)')}; i++ {{ for j := range x[i] {{ x[i][j] = x[{near('(i+j)%8')}][{near('2-j')}] }} }}; b = x[7][:]",
            # Strings.
            f"for i := 0; i < len(s); {{ for i < len(s) && s[i] == ' ' {{ i++ }}; j := i; for {r.choice(['j < len(s) &&', 'j < len(s) &&', ''])} s[j] != ' ' {{ j++ }}; n += len(s[i:j]); i = {near('j')}; if !burn() {{ break }} }}",
            f"for i := range s {{ if i > 0 && s[i] == s[{near('i-1')}] {{ n++ }}; n += int(s[i]) }}",
            f"for i := 0; i < len(s) && s[i] >= '0' && s[i] <= '9'; i++ {{ n = n*10 + int(s[i]-'0') }}",
            f"for s != \"\" && burn() {{ n += int(s[0]); s = s[{r.choice(['1', '1', '2'])}:] }}",
            f"for i := len(s); i > 0; i-- {{ if s[i-1] == 'a' {{ s = s[:{near('i-1')}]; break }} }}",
            f"c := []byte(s); for i, j := 0, len(c)-1; i < j; i, j = i+1, j-1 {{ c[i], c[j] = c[j], c[{near('i')}] }}; s = string(c)",
            f"if len(s) > {k()} && s[{k()}] == 'a' || strings.HasPrefix(s, \"x\") {{ s = s[{k()}:{near('len(s)')}] }}",
            f"var counts [26]int; for _, x := range s {{ counts[x-'a']++ }}; n += counts[0]",
            f"var counts [256]int; for i := range len(s) {{ counts[s[i]]++ }}; for _, x := range counts {{ n = n*3 + x }}",
            f"type op struct {{ at, size int }}; ops := []op{{{{0, 2}}, {{{k()}, {k()}}}}}; for _, o := range ops {{ if o.at+o.size <= {near('len(s)')} {{ n += len(s[o.at : o.at+o.size]) }} }}",
            # Counters of other types and steps that overflow.
            f"for i := uint8({r.choice(['0', '250', '128'])}); int(i) < len(a); i++ {{ a[i] = a[len(a)-1-int(i)]; if !burn() {{ break }} }}",
            f"for i := uint(len(a)); i > 0; i-- {{ a[{near('i-1')}] += {one} }}",
            f"for i := int8({r.randrange(100, 127)}); i > 0; i++ {{ n++; a[int(i)%{max(1, n)}] += {one} }}",
            f"x := {r.choice(['-7', '5', '9223372036854775807', '-1', '3'])}; x = lib_id_int(x); if x >= 0 && x+1 < {near('len(a)')} {{ a[x+1] = a[x] }}; if i := x * 2; i < len(a) && i >= 0 {{ a[i] = {one} }}; if i := x - 3; i+3 < len(a) {{ a[{near('i+3')}] = {one} }}",
            f"x, y := lib_id_int({r.choice(['-9223372036854775808', '-1', '2', '6'])}), lib_id_int({r.choice(['9223372036854775807', '1', '3'])}); if x+y < len(a) && x+y >= 0 {{ a[x+y] = {one} }}; if y-x > 0 && y-x < len(a) {{ a[{near('y-x')}] += {one} }}; if x < y {{ n += len(a[:y&3]) }}",
        ]
        self.emit(ind, "{")
        self.emit(ind + 1, f"a, b, s, n := make([]{t}, {n}), []{t}{{{', '.join([one] * m)}}}, lib_id_string(\"{word}\"), {r.randrange(3)}")
        self.emit(ind + 1, f"for i := range a {{ a[i] = {'fmt.Sprint(i % 3)' if t == 'string' else f'{t}(i * {r.randrange(1, 9)} % 7)'} }}")
        self.emit(ind + 1, "_, _, _, _ = a, b, s, n")
        numeric = [f for f in forms if "n += x" not in f]
        for form in r.sample(numeric, r.randrange(1, 4)):
            if r.random() < 0.5:
                self.emit(ind + 1, f"try(\"{p} scan\", func() {{ {form} }})")
            else:
                # As a function of its own, with parameters.
                f = self.name("f")
                self.emit(ind + 1, f"{f} := func(a, b []{t}, s string, n int) ([]{t}, string, int) {{ {form}; return b, s, n }}")
                self.emit(ind + 1, f"try(\"{p} scan\", func() {{ b, s, n = {f}(a, {r.choice(['b', 'a', 'a[:len(a)/2]'])}, s, n) }})")
        self.emit(ind + 1, f'fmt.Println("{p} scan", a, b, s, n)')
        self.emit(ind, "}")
