//! What small pieces of source become. `UPDATE_EXPECT=1 cargo test -p mini-lower` rewrites the expectations.

mod common;

use expect_test::{Expect, expect};

fn check(source: &str, expected: Expect) {
    let text = format!("package main\n\n{source}\n");
    expected.assert_eq(&common::printed(&text));
}

#[test]
fn swap_reads_before_it_writes() {
    check(
        "func swap(a []int, i, j int) { a[i], a[j] = a[j], a[i] }\nfunc main() {}",
        expect![[""]],
    );
}

#[test]
fn logical_operators_branch() {
    check(
        "func both(a, b bool, p *int) int { if a && !b || *p > 0 { return 1 }; return 2 }\nfunc main() {}",
        expect![[""]],
    );
}

#[test]
fn captures_by_value_and_by_reference() {
    check(
        "func main() { x, y := 1, 2; f := func() int { y++; return x + y }; println(f()) }",
        expect![[""]],
    );
}

#[test]
fn loop_variable_is_new_in_each_iteration() {
    check(
        "func use(p *int) {}\nfunc main() { for i := 0; i < 3; i++ { use(&i) } }",
        expect![[""]],
    );
}

#[test]
fn integer_switch_jumps() {
    check(
        "func f(x int) string { switch x { case 1, 2: return \"few\"; case 3: fallthrough; default: return \"many\" } }\nfunc main() {}",
        expect![[""]],
    );
}

#[test]
fn defer_evaluates_its_arguments() {
    check(
        "func g(a int, s string) {}\nfunc f(n int) (r int) { defer g(n, \"x\"); return n + 1 }\nfunc main() {}",
        expect![[""]],
    );
}

#[test]
fn map_update_evaluates_key_once() {
    check(
        "func k() string { return \"k\" }\nfunc f(m map[string]int) { m[k()] += 2 }\nfunc main() {}",
        expect![[""]],
    );
}

#[test]
fn interface_compared_with_concrete_boxes_nothing() {
    check(
        "func f(x any) bool { return x == 7 }\nfunc main() {}",
        expect![[""]],
    );
}
