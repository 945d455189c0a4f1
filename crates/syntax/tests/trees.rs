//! What the parser makes of Go's forms, and what it says about wrong ones.

use expect_test::{Expect, expect};
use mini_diagnostics::SourceMap;
use mini_syntax::ast::NodeIds;

fn parse(source: &str) -> (String, String) {
    let mut sources = SourceMap::new();
    let file = sources.add("x.mini", source);
    let (mut ids, mut diagnostics) = (NodeIds::new(), Vec::new());
    let ast = mini_syntax::parse_file(file, &sources, &mut ids, &mut diagnostics);
    let errors = mini_diagnostics::render_all(diagnostics, &sources, false).text;
    (mini_syntax::dump::dump(&ast), errors)
}

#[track_caller]
fn check_decls(decls: &str, expect: Expect) {
    let (tree, errors) = parse(&format!("package p\n{decls}\n"));
    assert_eq!(errors, "");
    expect.assert_eq(tree.strip_prefix("package p\n").unwrap());
}

#[track_caller]
fn check_stmts(stmts: &str, expect: Expect) {
    let (tree, errors) = parse(&format!("package p\nfunc _() {{\n{stmts}\n}}\n"));
    assert_eq!(errors, "");
    let body = tree.strip_prefix("package p\nfunc _()\n").unwrap();
    let lines = body
        .lines()
        .map(|line| format!("{}\n", line.strip_prefix("  ").unwrap_or(line)));
    expect.assert_eq(&lines.collect::<String>());
}

#[track_caller]
fn check_errors(stmts: &str, expect: Expect) {
    let (_, errors) = parse(&format!("package p; func _() {{{stmts}}}\n"));
    expect.assert_eq(&errors);
}

#[test]
fn operators_bind_by_precedence_and_to_the_left() {
    check_stmts(
        r#"
x = a - b - c
x = a + b*c - d
x = a || b && c == d+e<<f
x = a*b == c || !d && -e^f != <-g
x = (a + b) * c
"#,
        expect![[r#"
              x = (- (- a b) c)
              x = (- (+ a (* b c)) d)
              x = (|| a (&& b (== c (+ d (<< e f)))))
              x = (|| (== (* a b) c) (&& (! d) (!= (^ (- e) f) (<- g))))
              x = (* (paren (+ a b)) c)
        "#]],
    );
}

#[test]
fn primary_expressions() {
    check_stmts(
        r#"
x = a.b.c(d, e...)[i][j:k][:k:m].(T).f
x = []int{1, 2: 3, {4}}
x = &T[int]{a: 1}
x = struct{ a int }{1}
x = map[string][]int{"a": {1}}
x = func(a, b int) (c error) { return }(1)
x = [...]*p.T{nil}
x = pair[K, []V](k)
x = (*T).m
x = interface{ m() }.m
x = 0x1p-2 + 'a' + 1i
"#,
        expect![[r#"
              x = (assert (slice (slice (index (call a.b.c d e...) i) j k) _ k m) T).f
              x = []int{1, 2: 3, {4}}
              x = (& T[int]{a: 1})
              x = struct{a int}{1}
              x = map[string][]int{"a": {1}}
              x = (call func(a, b int) (c error) {
                return
              } 1)
              x = [...]*p.T{nil}
              x = (call (index pair K, []V) k)
              x = (paren (* T)).m
              x = interface{m()}.m
              x = (+ (+ 0x1p-2 'a') 1i)
        "#]],
    );
}

#[test]
fn types_in_the_place_of_values() {
    check_stmts(
        r#"
x = []byte(s)
x = (<-chan int)(c)
x = <-chan int(c)
f(<-chan int, <-chan chan<- int, chan<- chan int, chan (<-chan int))
x = new([4]*[]func(int, ...string) (a, b chan int))
x = func()(y)
x = func() int(y)
x = make(map[struct{ a, b int }]interface{ m(); ~int | string }, 3)
x = f[<-chan int, *T, func()](nil)
"#,
        expect![[r#"
              x = (call []byte s)
              x = (call (paren <-chan int) c)
              x = (<- (call chan int c))
              (call f <-chan int <-chan chan<- int chan<- chan int chan (<-chan int))
              x = (call new [4]*[]func(int, ...string) (a, b chan int))
              x = func() y
              x = (call func() int y)
              x = (call make map[struct{a, b int}]interface{m(); ~int | string} 3)
              x = (call (index f <-chan int, (* T), func()) nil)
        "#]],
    );
}

#[test]
fn simple_statements() {
    check_stmts(
        r#"
x++
a[i]--
a, b.c, *d = d, 1, 2
x <<= 2
x &^= y
a, b := f()
c <- <-d
go f()
defer func() {}()
return
return a, b
L: for { break; continue L; break L }
goto M
M: N: x()
{ y(); goto N }
;;
goto O
O:
"#,
        expect![[r#"
            x++
            (index a i)--
            a, b.c, (* d) = d, 1, 2
            x <<= 2
            x &^= y
            a, b := (call f)
            send c (<- d)
            go (call f)
            defer (call func() {
            })
            return
            return a, b
            L:
              for
                break
                continue L
                break L
            goto M
            M:
              N:
                (call x)
            block
              (call y)
              goto N
            goto O
            O:
              empty
        "#]],
    );
}

#[test]
fn literals_in_headers_need_parentheses_only_after_names() {
    check_stmts(
        r#"
if x == (T{1}) { a() }
if x := []int{1}; len(x) > 0 { a() } else if y { b() } else { c() }
for _, x := range []T{{1}, {2}} { a() }
for x := range map[string]int{} { a() }
switch x := (struct{}{}); y := x.(type) { case T, []int, func(): a(); default: }
if f := func() T { if x { y() }; return T{} }; f() == z { a() }
for range func() []int { return nil }() { a() }
if v, ok := x.(interface{ m() }); ok { a() }
"#,
        expect![[r#"
              if (== x (paren T{1}))
                (call a)
              if init x := []int{1} (> (call len x) 0)
                (call a)
              else
                if y
                  (call b)
                else
                  block
                    (call c)
              for _, x := range []T{{1}, {2}}
                (call a)
              for x := range map[string]int{}
                (call a)
              type switch init x := (paren struct{}{}) y := x
                case T, []int, func()
                  (call a)
                default
              if init f := func() T {
                if x
                  (call y)
                return T{}
              } (== (call f) z)
                (call a)
              for range (call func() []int {
                return nil
              })
                (call a)
              if init v, ok := (assert x interface{m()}) ok
                (call a)
        "#]],
    );
}

#[test]
fn control_statements() {
    check_stmts(
        r#"
for { }
for x { }
for i := 0; i < n; i++ { f(i) }
for ; ; { }
for i = range 10 { }
for range c { }
for k, v := range m { }
switch { case a, b: f(); fallthrough; case c: default: g() }
switch x := f(); x { }
switch x.(type) { case nil: }
select { case x := <-c: f(); case c <- 1: case <-d: default: }
"#,
        expect![[r#"
              for
              for while x
              for init i := 0 while (< i n) post i++
                (call f i)
              for
              for i = range 10
              for range c
              for k, v := range m
              switch
                case a, b
                  (call f)
                  fallthrough
                case c
                default
                  (call g)
              switch init x := (call f) x
              type switch x
                case nil
              select
                case x := (<- c)
                  (call f)
                case send c 1
                case (<- d)
                default
        "#]],
    );
}

#[test]
fn declarations() {
    check_decls(
        r#"
import ( "a"; b "c"; . "d"; _ "e" )
const ( A, B = iota, 1 << iota; C, D; E int = 5 )
var x, y int
var z, w = 1, f()
var v []int = nil
type ( T int; U = []T; V[P any, Q interface{ ~[]P | *P }] struct { P; *q.R[int] `tag`; a, b P "t"; f func() } )
type A[P *T,] struct{}
type B [N * 2]int
type C[P []int] int
type D = E[int, string]
func f()
func g(a, b int, c ...string) (x int, err error) { return }
func (t *T[P]) m(int, []string) bool { return true }
func h[P any, Q ~int|~string](p P) (Q) { return q }
//go:noinline
func i(func(int) (string, error), [n]int, a.b) {}
"#,
        expect![[r#"
            import "a"
            import b "c"
            import . "d"
            import _ "e"
            const A, B = iota, (<< 1 iota)
            const C, D
            const E int = 5
            var x, y int
            var z, w = 1, (call f)
            var v []int = nil
            type T int
            type U = []T
            type V[P any, Q interface{~[]P | *P}] struct{P; *q.R[int] `tag`; a, b P "t"; f func()}
            type A[P *T] struct{}
            type B [N * 2]int
            type C[P []int] int
            type D = E[int, string]
            func f()
            func g(a, b int, c ...string) (x int, err error)
              return
            func (t *T[P]) m(int, []string) bool
              return true
            func h[P any, Q ~int | ~string](p P) Q
              return q
            //go:noinline
            func i(func(int) (string, error), [n]int, a.b)
        "#]],
    );
}

#[test]
fn interfaces() {
    check_decls(
        r#"
type I interface { m(a int) (b, c error); n(); J; p.K; L[int]; ~int | *T | []byte; comparable }
type E interface{}
"#,
        expect![[r#"
            type I interface{m(a int) (b, c error); n(); J; p.K; L[int]; ~int | *T | []byte; comparable}
            type E interface{}
        "#]],
    );
}

#[test]
fn statements_that_are_wrong() {
    check_errors(
        r#"
f(a b)
x = [2]int{1 2}
a, b c
var x := 1
if x = 1 { }
for i := 0; i < 1; j := 2 { }
x = a[1
"#,
        expect![[r#"
            x.mini:2:5: syntax error: unexpected name b in argument list; possibly missing comma or )
            x.mini:3:14: syntax error: unexpected literal 2 in composite literal; possibly missing comma or }
            x.mini:4:6: syntax error: unexpected name c, expected := or = or comma
            x.mini:5:7: syntax error: unexpected :=, expected =
            x.mini:6:6: syntax error: cannot use assignment x = 1 as value
            x.mini:7:22: syntax error: cannot declare in post statement of for loop
            x.mini:8:8: syntax error: unexpected newline, expected comma, : or ]
        "#]],
    );
}

#[test]
fn headers_that_are_wrong() {
    check_errors(
        r#"
if { }
if x
{ }
for i := 0; i < 10 { }
switch x y { }
if x { } else y()
if var x = 1; x { }
"#,
        expect![[r#"
            x.mini:2:4: syntax error: missing condition in if statement
            x.mini:3:5: syntax error: unexpected newline, expected { after if clause
            x.mini:5:20: syntax error: unexpected {, expected semicolon or newline
            x.mini:6:10: syntax error: unexpected name y, expected {
            x.mini:7:15: syntax error: else must be followed by if or statement block
            x.mini:8:8: syntax error: var declaration not allowed in if initializer
        "#]],
    );
}

#[test]
fn brackets_that_are_not_closed() {
    check_errors(
        r#"
f((a, b)
g(func() { x( })
if a { b() 
"#,
        expect![[r#"
            x.mini:2:5: syntax error: unexpected comma, expected )
            x.mini:3:15: syntax error: unexpected }, expected expression
        "#]],
    );
}

#[test]
fn one_mistake_does_not_hide_the_next() {
    check_errors(
        r#"
x = )
y = 1 +
z = x.5
goto 1
case x:
}
func f( { }
func () g() { }
type T struct { a int b int }
x := 1
func h(a, int b) { }
"#,
        expect![[r#"
            x.mini:2:5: syntax error: unexpected ), expected expression
            x.mini:4:3: syntax error: unexpected = at end of statement
            x.mini:5:6: syntax error: unexpected literal 1, expected name
            x.mini:6:1: syntax error: unexpected keyword case, expected }
            x.mini:8:9: syntax error: unexpected {, expected )
            x.mini:9:10: syntax error: unexpected ( after top level declaration
            x.mini:10:23: syntax error: unexpected name b in struct type; possibly missing semicolon or newline or }
            x.mini:11:1: syntax error: non-declaration statement outside function body
            x.mini:13:1: syntax error: non-declaration statement outside function body
        "#]],
    );
}

#[test]
fn literals_that_are_wrong() {
    check_errors(
        r#"
x = '' + 'ab' + "\q" + 0b12 + 1__0 + 08
y = "abc
z = #
"#,
        expect![[r#"
            x.mini:2:6: empty rune literal or unescaped '
            x.mini:2:10: more than one character in rune literal
            x.mini:2:19: unknown escape
            x.mini:2:27: invalid digit '2' in binary literal
            x.mini:2:33: '_' must separate successive digits
            x.mini:2:39: invalid digit '8' in octal literal
            x.mini:3:9: newline in string
            x.mini:4:5: invalid character U+0023 '#'
            x.mini:5:1: syntax error: unexpected }, expected expression
        "#]],
    );
}

#[test]
fn jumps_that_lead_nowhere() {
    check_errors(
        r#"
break
for { continue L; func() { continue }() }
L: { break L; goto M }
{ M: x() }
goto N
y := 1
N: switch { case a: if b { fallthrough }; case c: fallthrough }
switch x.(type) { case int: fallthrough; default: }
"#,
        expect![[r#"
            x.mini:2:1: break is not in a loop, switch, or select
            x.mini:3:16: continue label not defined: L
            x.mini:3:28: continue is not in a loop
            x.mini:4:12: invalid break label L
            x.mini:4:20: goto M jumps into block starting at x.mini:5:1
            x.mini:6:6: goto N jumps over declaration of y at x.mini:7:3
            x.mini:8:28: fallthrough statement out of place
            x.mini:8:51: cannot fallthrough final case in switch
            x.mini:9:29: cannot fallthrough in type switch
        "#]],
    );
}
