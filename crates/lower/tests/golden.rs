//! What small pieces of source become. `UPDATE_EXPECT=1 cargo test -p mini-lower` rewrites the expectations.

mod common;

use expect_test::{Expect, expect};

/// The user's functions of a program, printed.
fn printed(text: &str) -> String {
    let program = common::verified("prog.mini", text);
    program
        .funcs
        .ids()
        .filter(|&id| !program.funcs[id].is_library)
        .map(|id| mini_mir::print::func(&program, id))
        .collect::<Vec<_>>()
        .join("\n")
}

fn check(source: &str, expected: Expect) {
    let text = format!("package main\n\n{source}\n");
    expected.assert_eq(&printed(&text));
}

#[test]
fn swap_reads_before_it_writes() {
    check(
        "func swap(a []int, i, j int) { a[i], a[j] = a[j], a[i] }\nfunc main() {}",
        expect![[r#"
            func main.swap([]int, int, int) {
              param a_0: []int
              param i_1: int
              param j_2: int
              temp _3: int
            bb0:
              _3 = a_0[i_1]
              a_0[i_1] = a_0[j_2]
              a_0[j_2] = _3
              return
            }

            func main.main() {
            bb0:
              return
            }
        "#]],
    );
}

#[test]
fn logical_operators_branch() {
    check(
        "func both(a, b bool, p *int) int { if a && !b || *p > 0 { return 1 }; return 2 }\nfunc main() {}",
        expect![[r#"
            func main.both(bool, bool, *int) int {
              param a_0: bool
              param b_1: bool
              param p_2: *int
              result ~r0_3: int
              temp _4: bool
            bb0:
              if a_0 then bb4 else bb3
            bb1:
              ~r0_3 = 1
              return
            bb2:
              ~r0_3 = 2
              return
            bb3:
              _4 = *p_2 > 0
              if _4 then bb1 else bb2
            bb4:
              if b_1 then bb3 else bb1
            }

            func main.main() {
            bb0:
              return
            }
        "#]],
    );
}

#[test]
fn captures_by_value_and_by_reference() {
    check(
        "func main() { x, y := 1, 2; f := func() int { y++; return x + y }; println(f()) }",
        expect![[r#"
            func main.main() {
              var x_0: int
              var y_1: int, address taken
              temp _2: *int
              temp _3: func() int
              var f_4: func() int
              temp _5: int
              site s0: FuncLiteral closure(*int, int) `func literal`, depth 1
            bb0:
              live x_0
              x_0 = 1
              live y_1
              y_1 = 2
              _2 = &y_1
              _3 = closure main.main.func1 [_2, x_0] @s0
              live f_4
              f_4 = _3
              _5 = call (f_4)()
              println(_5)
              return
            }

            func main.main.func1() int {
              capture 1: y int by reference
              capture 2: x int by value
              context _0: *closure(*int, int)
              result ~r0_1: int
              temp _2: int
            bb0:
              *!(*!_0).1 = *!(*!_0).1 + 1
              _2 = (*!_0).2 + *!(*!_0).1
              ~r0_1 = _2
              return
            }
        "#]],
    );
}

#[test]
fn loop_variable_is_new_in_each_iteration() {
    check(
        "func use(p *int) {}\nfunc main() { for i := 0; i < 3; i++ { use(&i) } }",
        expect![[r#"
            func main.use(*int) {
              param p_0: *int
            bb0:
              return
            }

            func main.main() {
              var i_0: int, address taken, depth 2
              temp _1: bool, depth 2
              temp _2: *int, depth 2
              temp _3: (), depth 2
              temp _4: int, depth 2
            bb0:
              live i_0
              i_0 = 0
              goto bb1
            bb1:
              _1 = i_0 < 3
              if _1 then bb2 else bb4
            bb2:
              _2 = &i_0
              _3 = call main.use(_2)
              goto bb3
            bb3:
              _4 = i_0
              live i_0
              i_0 = _4
              i_0 = i_0 + 1
              goto bb1
            bb4:
              return
            }
        "#]],
    );
}

#[test]
fn integer_switch_jumps() {
    check(
        "func f(x int) string { switch x { case 1, 2: return \"few\"; case 3: fallthrough; default: return \"many\" } }\nfunc main() {}",
        expect![[r#"
            func main.f(int) string {
              param x_0: int
              result ~r0_1: string
              temp _2: int
            bb0:
              _2 = x_0
              switch _2 [1 -> bb1, 2 -> bb1, 3 -> bb2, else -> bb3]
            bb1:
              ~r0_1 = "few"
              return
            bb2:
              goto bb3
            bb3:
              ~r0_1 = "many"
              return
            }

            func main.main() {
            bb0:
              return
            }
        "#]],
    );
}

#[test]
fn defer_evaluates_its_arguments() {
    check(
        "func g(a int, s string) {}\nfunc f(n int) (r int) { defer g(n, \"x\"); return n + 1 }\nfunc main() {}",
        expect![[r#"
            func main.g(int, string) {
              param a_0: int
              param s_1: string
            bb0:
              return
            }

            func main.f(int) int {
              param n_0: int
              result r_1: int
              temp _2: func()
              temp _3: int
              site s0: DeferWrapper closure(int) `func literal`, depth 1
            bb0:
              r_1 = int(zero)
              _2 = closure main.f.deferwrap1 [n_0] @s0
              defer _2
              _3 = n_0 + 1
              r_1 = _3
              run defers
              return
            }

            func main.main() {
            bb0:
              return
            }

            func main.f.deferwrap1() {
              capture 1:  int by value
              context _0: *closure(int)
              temp _1: ()
            bb0:
              _1 = call main.g((*!_0).1, "x")
              return
            }
        "#]],
    );
}

#[test]
fn map_update_evaluates_key_once() {
    check(
        "func k() string { return \"k\" }\nfunc f(m map[string]int) { m[k()] += 2 }\nfunc main() {}",
        expect![[r#"
            func main.k() string {
              result ~r0_0: string
            bb0:
              ~r0_0 = "k"
              return
            }

            func main.f(map[string]int) {
              param m_0: map[string]int
              temp _1: string
              temp _2: int
              temp _3: int
            bb0:
              _1 = call main.k()
              _2 = m_0[_1]
              _3 = _2 + 2
              m_0[_1] = _3
              return
            }

            func main.main() {
            bb0:
              return
            }
        "#]],
    );
}

#[test]
fn interface_compared_with_concrete_boxes_nothing() {
    check(
        "func f(x any) bool { return x == 7 }\nfunc main() {}",
        expect![[r#"
            func main.f(interface {}) bool {
              param x_0: interface {}
              result ~r0_1: bool
              temp _2: interface {}
              temp _3: bool
              temp _4: bool
              temp _5: int
            bb0:
              _2 = x_0
              _3 = false
              _4 = _2 is int
              if _4 then bb1 else bb2
            bb1:
              _5 = int:unbox(_2)
              _3 = _5 == 7
              goto bb2
            bb2:
              ~r0_1 = _3
              return
            }

            func main.main() {
            bb0:
              return
            }
        "#]],
    );
}
