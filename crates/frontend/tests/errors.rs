//! One question a test: a program, and the errors that Go's compiler gives for it (`line:col: message`).

use std::sync::Arc;

use mini_diagnostics::{SourceMap, render_plain, sort_and_dedup};
use mini_frontend::PackageSource;

/// Checks `body` behind `package p`; `expected` has a line for each line of output.
#[track_caller]
fn check(body: &str, expected: &[&str]) {
    let mut sources = SourceMap::new();
    let file = sources.add("p", format!("package p\n{body}\n"));
    let mut loader = |path: &str| {
        mini_stdlib::package(path).map(|files| PackageSource {
            files: files
                .iter()
                .map(|(name, text)| (format!("{path}/{name}"), Arc::from(*text)))
                .collect(),
        })
    };
    let (_, mut diagnostics) = mini_frontend::check(&[file], &mut loader, &mut sources);
    sort_and_dedup(&mut diagnostics, &sources);
    let found: String = diagnostics
        .iter()
        .map(|diagnostic| render_plain(diagnostic, &sources))
        .collect();
    let found: Vec<&str> = found
        .lines()
        .map(|line| line.trim_start().trim_start_matches("p:"))
        .collect();
    assert_eq!(found, expected, "\n{body}");
}

#[test]
fn correct_programs_have_no_errors() {
    check(
        "import \"fmt\"\ntype T struct{ next *T; f func(T) map[string]T }\n\
         func (t *T) String() string { return \"t\" }\n\
         var _ fmt.Stringer = &T{}\n\
         func f(xs ...int) (n int, err error) { for i, x := range xs { n += i << x }; return }",
        &[],
    );
}

#[test]
fn constants_that_do_not_fit() {
    check(
        "var a uint8 = 300\nvar b int = 1.5\nvar c int8 = -129\nconst d = 10 / 0\nvar e = uint8(256)",
        &[
            "2:15: cannot use 300 (untyped int constant) as uint8 value in variable declaration (overflows)",
            "3:13: cannot use 1.5 (untyped float constant) as int value in variable declaration (truncated)",
            "4:14: cannot use -129 (untyped int constant) as int8 value in variable declaration (overflows)",
            "5:16: invalid operation: division by zero",
            "6:15: constant 256 overflows uint8",
        ],
    );
}

#[test]
fn constants_are_exact() {
    check(
        "const big = 1 << 100\nvar a [big >> 98]int = [4]int{}\nconst third = 1.0 / 3\n\
         var b [third * 3]int = [1]int{}\nconst huge = 1e1000\nvar c [huge / 1e999]int = [10]int{}",
        &[],
    );
}

#[test]
fn shifts_take_the_type_of_their_context() {
    check(
        "func f(s uint) {\n\tvar a int64 = 1 << s\n\tvar b float64 = 1 << s\n\t_, _ = a, b\n}",
        &["4:18: invalid operation: shifted operand 1 (type float64) must be integer"],
    );
}

#[test]
fn names() {
    check(
        "import \"os\"\nfunc f() {\n\tx := 1\n\ty = 2\n\tos.Foo()\n}",
        &[
            "4:2: declared and not used: x",
            "5:2: undefined: y",
            "6:5: undefined: os.Foo",
        ],
    );
    check(
        "import \"os\"\nimport str \"strings\"",
        &[
            "2:8: \"os\" imported and not used",
            "3:8: \"strings\" imported as str and not used",
        ],
    );
}

#[test]
fn redeclarations() {
    check(
        "var x int\nfunc x() {}\nfunc f(a int, a int) { a := 1 }",
        &[
            "3:6: x redeclared in this block",
            "2:5: other declaration of x",
            "4:15: a redeclared in this block",
            "4:8: other declaration of a",
            "4:26: no new variables on left side of :=",
        ],
    );
}

#[test]
fn cycles() {
    check(
        "type A struct{ b B }\ntype B struct{ a A }\ntype C C\nvar v = w\nvar w = f()\nfunc f() int { return v }",
        &[
            "2:6: invalid recursive type A",
            "2:6: A refers to B",
            "3:6: B refers to A",
            "4:6: invalid recursive type: C refers to itself",
            "5:5: initialization cycle for v",
            "5:5: v refers to w",
            "6:5: w refers to f",
            "7:6: f refers to v",
        ],
    );
}

#[test]
fn missing_methods() {
    check(
        "type I interface{ M(int) string }\ntype T struct{}\nfunc (T) M() string { return \"\" }\n\
         type P struct{}\nfunc (*P) M(int) string { return \"\" }\nvar _ I = T{}\nvar _ I = P{}\nvar _ I = 1",
        &[
            "7:11: cannot use T{} (value of struct type T) as I value in variable declaration: T does not implement I (wrong type for method M)",
            "have M() string",
            "want M(int) string",
            "8:11: cannot use P{} (value of struct type P) as I value in variable declaration: P does not implement I (method M has pointer receiver)",
            "9:11: cannot use 1 (constant of type int) as I value in variable declaration: int does not implement I (missing method M)",
        ],
    );
}

#[test]
fn calls() {
    check(
        "func g(a int, b ...string) (int, error) { return 0, nil }\n\
         func f() {\n\tg()\n\tg(1, 2)\n\tx := g(1)\n\tvar a, b, c = g(1)\n\tlen\n}",
        &[
            "4:2: not enough arguments in call to g",
            "have ()",
            "want (int, ...string)",
            "5:7: cannot use 2 (untyped int constant) as string value in argument to g",
            "6:2: declared and not used: x",
            "6:7: assignment mismatch: 1 variable but g returns 2 values",
            "7:6: declared and not used: a",
            "7:9: declared and not used: b",
            "7:12: declared and not used: c",
            "7:16: assignment mismatch: 3 variables but g returns 2 values",
            "8:2: len (built-in) must be called",
        ],
    );
}

#[test]
fn returns() {
    check(
        "func f(b bool) int {\n\tif b {\n\t\treturn\n\t}\n}\nfunc g() int {\n\tfor {\n\t}\n}\nfunc h() { return 1 }",
        &[
            "4:3: not enough return values",
            "have ()",
            "want (int)",
            "6:1: missing return",
            "11:19: too many return values",
            "have (number)",
            "want ()",
        ],
    );
}

#[test]
fn selectors() {
    check(
        "type T struct{ x int }\nfunc (*T) m() {}\nfunc f(t T) {\n\tt.y = 1\n\tT{}.m()\n\t_ = t.X\n}",
        &[
            "5:4: t.y undefined (type T has no field or method y)",
            "6:6: cannot call pointer method m on T",
            "7:8: t.X undefined (type T has no field or method X, but does have field x)",
        ],
    );
}

#[test]
fn literals() {
    check(
        "type T struct{ a, b int }\nvar x = T{1}\nvar y = T{c: 1}\nvar z = map[string]int{\"k\": 1, \"k\": 2}\n\
         var w = [2]int{1, 2, 3}\nvar v = []int{0: 1, 0: 2}",
        &[
            "3:12: too few values in struct literal of type T",
            "4:11: unknown field c in struct literal of type T",
            "5:32: duplicate key \"k\" in map literal",
            "6:22: index 2 is out of bounds (>= 2)",
            "7:21: duplicate index 0 in array or slice literal",
        ],
    );
}

#[test]
fn comparisons() {
    check(
        "type S struct{ f []int }\nfunc f(a, b S, g func(), m []int) {\n\t_ = a == b\n\t_ = g == g\n\t_ = m == nil\n\t_ = 1 == \"a\"\n}",
        &[
            "4:6: invalid operation: a == b (struct containing []int cannot be compared)",
            "5:6: invalid operation: g == g (func can only be compared to nil)",
            "7:11: invalid operation: 1 == \"a\" (mismatched types untyped int and untyped string)",
        ],
    );
}

#[test]
fn one_mistake_gives_one_error() {
    check(
        "func f() {\n\tx := undefined\n\ty := x + 1\n\tz := []int{y, x.foo, x()}\n\t_ = z\n}",
        &["3:7: undefined: undefined"],
    );
}
