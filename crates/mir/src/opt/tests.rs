//! Passes on bodies made by hand.

use crate::body::{LocalKind, SiteKind, StatementKind, TerminatorKind};
use crate::ids::FuncId;
use crate::opt::{Options, run_after_escape, run_before_escape};
use crate::place::{Operand, Place};
use crate::program::Program;
use crate::rvalue::{BinOp, Call, Callee, Rvalue};
use crate::testing::Builder;
use crate::types::{TyId, TyKind};
use std::sync::Arc;

/// The body's print after the passes behind escape analysis.
fn proved(mut b: Builder) -> String {
    let func = b.finish("f");
    run_after_escape(&mut b.program, &Default::default());
    checked(&b.program);
    crate::print::func(&b.program, func)
}

fn checked(program: &Program) {
    assert_eq!(crate::verify::program(program), Vec::<String>::new());
}

fn len(b: &mut Builder, of: impl Into<Place>) -> crate::LocalId {
    b.eval(TyId::INT, Rvalue::Len(Operand::Copy(of.into())))
}

/// for i := first; i < len(s); i += step { sum += s[i] }
fn sum_loop(first: i64, step: i64, change_slice: bool) -> String {
    let mut b = Builder::new();
    let ints = b.slice(TyId::INT);
    let s = b.param("s", ints);
    let sum = b.result(TyId::INT);
    b.assign(sum, Rvalue::Use(Operand::int(0)));
    let i = b.var("i", TyId::INT);
    b.assign(i, Rvalue::Use(Operand::int(first)));
    let [head, inside, exit] = [b.block(), b.block(), b.block()];
    b.goto(head);
    let n = len(&mut b, s);
    let cond = b.binary(BinOp::Lt, TyId::BOOL, i, n);
    b.branch(cond, inside, exit);
    if change_slice {
        b.assign(s, Rvalue::Use(Operand::zero(ints)));
    }
    let elem = b.eval(
        TyId::INT,
        Rvalue::Use(Operand::Copy(Place::local(s).index(i))),
    );
    b.assign(sum, Rvalue::Binary(BinOp::Add, sum.into(), elem.into()));
    b.assign(i, Rvalue::Binary(BinOp::Add, i.into(), Operand::int(step)));
    b.terminate(TerminatorKind::Goto(head));
    b.switch_to(exit);
    proved(b)
}

#[test]
fn a_loop_up_to_the_length_needs_no_checks() {
    assert!(sum_loop(0, 1, false).contains("[!"));
    assert!(sum_loop(2, 3, false).contains("[!"));
}

#[test]
fn other_loops_need_them() {
    assert!(!sum_loop(-1, 1, false).contains("[!"));
    assert!(!sum_loop(0, 1, true).contains("[!"));
    assert!(!sum_loop(0, -1, false).contains("[!"));
    assert!(!sum_loop(0, i64::MAX, false).contains("[!"));
}

#[test]
fn a_passed_check_covers_smaller_indexes() {
    let mut b = Builder::new();
    let ints = b.slice(TyId::INT);
    let s = b.param("s", ints);
    for index in [3, 3, 2, 4] {
        let place = Place::local(s).const_index(index);
        b.eval(TyId::INT, Rvalue::Use(Operand::Copy(place)));
    }
    let text = proved(b);
    assert_eq!(text.matches("[!3]").count(), 1, "{text}");
    assert_eq!(text.matches("[!2]").count(), 1, "{text}");
    assert_eq!(text.matches("[!4]").count(), 0, "{text}");
}

#[test]
fn a_remainder_is_below_the_length() {
    let mut b = Builder::new();
    let ints = b.slice(TyId::INT);
    let s = b.param("s", ints);
    let h = b.param("h", TyId::UINT64);
    let n = len(&mut b, s);
    let convert = |value, ty| Rvalue::Convert {
        kind: crate::ConvertKind::Numeric,
        value,
        ty,
        site: None,
    };
    let n = b.eval(TyId::UINT64, convert(n.into(), TyId::UINT64));
    let bucket = b.binary(BinOp::Rem, TyId::UINT64, h, n);
    let place = Place::local(s).index(bucket);
    b.eval(TyId::INT, Rvalue::Use(Operand::Copy(place)));
    let place = Place::local(s).index(h);
    b.eval(TyId::INT, Rvalue::Use(Operand::Copy(place)));
    let text = proved(b);
    assert_eq!(text.matches("[!").count(), 1, "{text}");
}

#[test]
fn bytes_index_small_arrays() {
    let mut b = Builder::new();
    let table = b.array(TyId::INT, 256);
    let table = b.param("table", table);
    let byte = b.param("c", TyId::UINT8);
    let place = Place::local(table).index(byte);
    b.eval(TyId::INT, Rvalue::Use(Operand::Copy(place)));
    assert!(proved(b).contains("[!"));
}

#[test]
fn a_pointer_is_checked_once() {
    let mut b = Builder::new();
    let pointer = b.pointer(TyId::INT);
    let p = b.param("p", pointer);
    for _ in 0..2 {
        b.eval(
            TyId::INT,
            Rvalue::Use(Operand::Copy(Place::local(p).deref())),
        );
    }
    b.assign(p, Rvalue::Use(Operand::zero(pointer)));
    b.eval(
        TyId::INT,
        Rvalue::Use(Operand::Copy(Place::local(p).deref())),
    );
    let func = b.finish("f");
    run_after_escape(&mut b.program, &Default::default());
    let non_nil: Vec<bool> = crate::body::Body::clone(b.program.body(func).unwrap())
        .blocks
        .iter()
        .flat_map(|block| block.statements.clone())
        .filter_map(|statement| match statement.kind {
            StatementKind::Assign(_, Rvalue::Use(Operand::Copy(place))) => {
                match place.proj.first() {
                    Some(crate::Proj::Deref { non_nil }) => Some(*non_nil),
                    _ => None,
                }
            }
            _ => None,
        })
        .collect();
    assert_eq!(non_nil, [false, true, false]);
}

/// func add(a, b int) int { return a + b }
fn add(b: &mut Builder) -> FuncId {
    let x = b.param("a", TyId::INT);
    let y = b.param("b", TyId::INT);
    let result = b.result(TyId::INT);
    let sum = b.binary(BinOp::Add, TyId::INT, x, y);
    b.copy(result, sum);
    b.finish("add")
}

#[test]
fn small_functions_are_inlined() {
    let mut b = Builder::new();
    let add = add(&mut b);
    let result = b.result(TyId::INT);
    let value = b.call(add, vec![Operand::int(1), Operand::int(2)]);
    b.copy(result, value);
    let caller = b.finish("caller");
    let lines = run_before_escape(
        &mut b.program,
        &Options {
            inline: true,
            level: 1,
        },
    );
    checked(&b.program);
    let text = crate::print::func(&b.program, caller);
    assert!(!text.contains("add("), "{text}");
    let messages: Vec<&str> = lines.iter().map(|line| &*line.message).collect();
    assert_eq!(
        messages,
        [
            "can inline add",
            "can inline caller",
            "inlining call to add"
        ]
    );
}

#[test]
fn a_literal_that_is_called_where_it_is_made_leaves_nothing_behind() {
    let mut b = Builder::new();
    // func() { x = 1 }
    let pointer = b.pointer(TyId::INT);
    let closure = b
        .program
        .types
        .intern(TyKind::Closure(Arc::from([pointer])));
    let context_ty = b.pointer(closure);
    let context = b.local("", context_ty, LocalKind::Context);
    b.body.captures.push(crate::CaptureInfo {
        name: "x".into(),
        ty: TyId::INT,
        by_ref: true,
    });
    b.assign(
        Place::local(context).deref().field(1).deref(),
        Rvalue::Use(Operand::int(1)),
    );
    let literal = b.finish("f.func1");
    let x = b.var("x", TyId::INT);
    let result = b.result(TyId::INT);
    let address = b.address_of(x, TyId::INT);
    let site = b.site(SiteKind::FuncLiteral, closure, "func literal");
    let value = b.eval(
        TyId::FUNC,
        Rvalue::MakeClosure {
            site,
            ty: TyId::FUNC,
            func: literal,
            captures: vec![address.into()],
        },
    );
    let call = Call {
        callee: Callee::Value(value.into()),
        args: vec![],
        name: "func literal".into(),
    };
    b.eval(TyId::UNIT, Rvalue::Call(Box::new(call)));
    b.copy(result, x);
    let func = b.finish("f");
    b.program.funcs[literal].parent = Some(func);
    run_before_escape(&mut b.program, &Options::default());
    checked(&b.program);
    let body = b.program.body(func).unwrap();
    assert!(!body.locals[x].addr_taken);
    let text = crate::print::func(&b.program, func);
    assert!(!text.contains("call"), "{text}");
}

#[test]
fn loops_test_at_the_bottom() {
    let text = sum_loop(0, 1, false);
    // The copy of the test in front, and the test at the end of the only block of the loop.
    assert_eq!(text.matches("if ").count(), 2, "{text}");
    assert!(!text.contains("goto"), "{text}");
}

#[test]
fn lengths_in_memory_hold_until_a_store_or_call() {
    // func f(rows [][]int, i int) { if j := 0; j < len(rows[i]) { rows[i][j] = 1; rows[i][j] = 2 }; rows[i] = nil; rows[i][j] }
    let mut b = Builder::new();
    let ints = b.slice(TyId::INT);
    let table = b.slice(ints);
    let rows = b.param("rows", table);
    let i = b.param("i", TyId::INT);
    let j = b.param("j", TyId::UINT8);
    let row = Place::local(rows).index(i);
    let n = len(&mut b, row.clone());
    let wide = b.eval(
        TyId::INT,
        Rvalue::Convert {
            kind: crate::ConvertKind::Numeric,
            value: j.into(),
            ty: TyId::INT,
            site: None,
        },
    );
    let cond = b.binary(BinOp::Lt, TyId::BOOL, wide, n);
    let [inside, exit] = [b.block(), b.block()];
    b.branch(cond, inside, exit);
    let cell = row.clone().index(wide);
    for value in [1, 2] {
        b.assign(cell.clone(), Rvalue::Use(Operand::int(value)));
    }
    b.assign(row, Rvalue::Use(Operand::zero(ints)));
    b.assign(cell, Rvalue::Use(Operand::int(3)));
    let text = proved(b);
    assert_eq!(text.matches("[!_").count(), 2, "{text}");
    assert_eq!(text.matches("[!i").count(), 4, "{text}");
}

#[test]
fn a_range_loop_needs_no_checks() {
    // for i := range s { s[i] = i }
    let mut b = Builder::new();
    let ints = b.slice(TyId::INT);
    let s = b.param("s", ints);
    let copy = b.temp(ints);
    b.copy(copy, s);
    let n = len(&mut b, copy);
    let counter = b.temp(TyId::INT);
    b.assign(counter, Rvalue::Use(Operand::int(0)));
    let [head, inside, next, exit] = [b.block(), b.block(), b.block(), b.block()];
    b.goto(head);
    let more = b.binary(BinOp::Lt, TyId::BOOL, counter, n);
    b.branch(more, inside, exit);
    let i = b.var("i", TyId::INT);
    b.copy(i, counter);
    b.copy(Place::local(s).index(i), i);
    b.goto(next);
    b.assign(
        counter,
        Rvalue::Binary(BinOp::Add, counter.into(), Operand::int(1)),
    );
    b.terminate(TerminatorKind::Goto(head));
    b.switch_to(exit);
    let text = proved(b);
    assert!(text.contains("[!i"), "{text}");
}
