//! The analysis on bodies made by hand. Go programs are compared with Go's own output elsewhere.

use crate::{Options, analyse};
use mini_mir::testing::Builder;
use mini_mir::{
    Call, Callee, CaptureInfo, Decisions, LocalKind, Operand, Place, Rvalue, SiteId, SiteKind,
    StatementKind, Storage, TerminatorKind, TyId, TyKind,
};
use std::sync::Arc;

fn run(b: &Builder) -> (Decisions, Vec<String>) {
    assert_eq!(mini_mir::verify::program(&b.program), Vec::<String>::new());
    let (decisions, lines) = analyse(&b.program, &Options { level: 1 });
    (
        decisions,
        lines.into_iter().map(|line| line.message).collect(),
    )
}

/// func id(p *int) *int { return p }
fn id(b: &mut Builder) -> mini_mir::FuncId {
    let pointer = b.pointer(TyId::INT);
    let p = b.param("p", pointer);
    let result = b.result(pointer);
    b.copy(result, p);
    b.finish("id")
}

#[test]
fn parameters_leak_to_results() {
    let mut b = Builder::new();
    let id = id(&mut b);
    // func g() int { x := 1; return *id(&x) }
    let x = b.var("x", TyId::INT);
    let result = b.result(TyId::INT);
    let address = b.address_of(x, TyId::INT);
    let same = b.call(id, vec![address.into()]);
    b.copy(result, Place::local(same).deref());
    let g = b.finish("g");
    // func h() *int { y := 1; return id(&y) }
    let pointer = b.pointer(TyId::INT);
    let y = b.var("y", TyId::INT);
    let result = b.result(pointer);
    let address = b.address_of(y, TyId::INT);
    let same = b.call(id, vec![address.into()]);
    b.copy(result, same);
    let h = b.finish("h");
    let (decisions, lines) = run(&b);
    assert_eq!(decisions.bodies[&g].locals[x], Storage::Stack);
    assert_eq!(decisions.bodies[&h].locals[y], Storage::Heap);
    assert_eq!(
        lines,
        ["leaking param: p to result ~r0 level=0", "moved to heap: y"]
    );
}

#[test]
fn storing_through_a_pointer_leaks() {
    // func f(pp **int, p *int, q **int) *int { *pp = p; return *q }
    let mut b = Builder::new();
    let pointer = b.pointer(TyId::INT);
    let double = b.pointer(pointer);
    let pp = b.param("pp", double);
    let p = b.param("p", pointer);
    let q = b.param("q", double);
    let result = b.result(pointer);
    b.copy(Place::local(pp).deref(), p);
    b.copy(result, Place::local(q).deref());
    b.finish("f");
    let (_, lines) = run(&b);
    assert_eq!(
        lines,
        [
            "pp does not escape",
            "leaking param: p",
            "leaking param: q to result ~r0 level=1"
        ]
    );
}

#[test]
fn an_object_of_a_loop_does_not_survive_its_round() {
    // var keep *int; for { t := new(int); u := new(int); keep = t; _ = u }
    let mut b = Builder::new();
    let pointer = b.pointer(TyId::INT);
    let keep = b.var("keep", pointer);
    let inside = b.block();
    b.goto(inside);
    b.loop_depth = 2;
    let t = b.var("t", pointer);
    let first = b.new_object(SiteKind::New, TyId::INT, "new(int)");
    b.copy(t, first);
    let u = b.var("u", pointer);
    let second = b.new_object(SiteKind::New, TyId::INT, "new(int)");
    b.copy(u, second);
    b.copy(keep, t);
    b.terminate(TerminatorKind::Goto(inside));
    let f = b.finish("f");
    let (decisions, lines) = run(&b);
    assert_eq!(decisions.bodies[&f].sites[SiteId(0)], Storage::Heap);
    assert_eq!(decisions.bodies[&f].sites[SiteId(1)], Storage::Stack);
    assert_eq!(
        lines,
        ["new(int) escapes to heap", "new(int) does not escape"]
    );
}

#[test]
fn fields_of_a_fresh_object_hold_what_is_stored() {
    // x := 1; t := &T{&x}; return t.p  with T = struct{ p *int }, approximated by a pointer to a pointer
    let mut b = Builder::new();
    let pointer = b.pointer(TyId::INT);
    let x = b.var("x", TyId::INT);
    let address = b.address_of(x, TyId::INT);
    let object = b.new_object(SiteKind::CompositePointer, pointer, "&T{...}");
    b.copy(Place::local(object).deref(), address);
    let f = b.finish("f");
    let (decisions, lines) = run(&b);
    assert_eq!(decisions.bodies[&f].locals[x], Storage::Stack);
    assert_eq!(lines, ["&T{...} does not escape"]);
}

#[test]
fn what_is_sent_or_panicked_escapes() {
    let mut b = Builder::new();
    let pointer = b.pointer(TyId::INT);
    let chan = b
        .program
        .types
        .intern(TyKind::Chan(mini_mir::ChanDir::Both, pointer));
    let c = b.param("c", chan);
    let p = b.param("p", pointer);
    b.push(StatementKind::Send {
        chan: c.into(),
        value: p.into(),
    });
    b.finish("f");
    let v = b.param("v", TyId::EMPTY_INTERFACE);
    b.terminate(TerminatorKind::Panic(v.into()));
    b.finish("g");
    let (_, lines) = run(&b);
    assert_eq!(
        lines,
        ["c does not escape", "leaking param: p", "leaking param: v"]
    );
}

#[test]
fn captured_variables_are_themselves_inside() {
    // func f(q *int) { var x *int; g := func() { x = q }; g() } by reference: q flows to x, not to the heap.
    let mut b = Builder::new();
    let pointer = b.pointer(TyId::INT);
    let double = b.pointer(pointer);
    let closure = b
        .program
        .types
        .intern(TyKind::Closure(Arc::from([double, pointer])));
    let context_ty = b.pointer(closure);
    let context = b.local("", context_ty, LocalKind::Context);
    for (name, by_ref) in [("x", true), ("q", false)] {
        b.body.captures.push(CaptureInfo {
            name: name.into(),
            ty: pointer,
            by_ref,
        });
    }
    b.copy(
        Place::local(context).deref().field(1).deref(),
        Place::local(context).deref().field(2),
    );
    let literal = b.finish("f.func1");
    let q = b.param("q", pointer);
    let x = b.var("x", pointer);
    let address = b.address_of(x, pointer);
    let site = b.site(SiteKind::FuncLiteral, closure, "func literal");
    let value = b.eval(
        TyId::FUNC,
        Rvalue::MakeClosure {
            site,
            ty: TyId::FUNC,
            func: literal,
            captures: vec![address.into(), q.into()],
        },
    );
    let call = Call {
        callee: Callee::Value(value.into()),
        args: vec![],
        name: "g".into(),
    };
    b.eval(TyId::UNIT, Rvalue::Call(Box::new(call)));
    let f = b.finish("f");
    b.program.funcs[literal].parent = Some(f);
    let (decisions, lines) = run(&b);
    assert_eq!(lines, ["q does not escape", "func literal does not escape"]);
    assert_eq!(decisions.bodies[&f].locals[x], Storage::Stack);
    assert_eq!(decisions.bodies[&f].sites[site], Storage::Stack);
}

#[test]
fn a_deferred_closure_in_a_loop_escapes() {
    for in_loop in [false, true] {
        let mut b = Builder::new();
        let literal = b.finish("f.func1");
        let closure = b.program.types.intern(TyKind::Closure(Arc::from([])));
        let context_ty = b.pointer(closure);
        if let Some(body) = b.program.body_mut(literal) {
            let context = body.locals.push(mini_mir::Local {
                name: "".into(),
                ty: context_ty,
                pos: Default::default(),
                kind: LocalKind::Context,
                addr_taken: false,
                loop_depth: 1,
            });
            body.context = Some(context);
        }
        let inside = b.block();
        b.goto(inside);
        b.body.has_defer = true;
        let site = b.site(SiteKind::FuncLiteral, closure, "func literal");
        let value = b.eval(
            TyId::FUNC,
            Rvalue::MakeClosure {
                site,
                ty: TyId::FUNC,
                func: literal,
                captures: vec![],
            },
        );
        b.push(StatementKind::Defer(value.into()));
        if in_loop {
            b.terminate(TerminatorKind::Goto(inside));
        } else {
            b.push(StatementKind::RunDefers);
        }
        let f = b.finish("f");
        b.program.funcs[literal].parent = Some(f);
        let (decisions, _) = run(&b);
        let storage = decisions.bodies[&f].sites[site];
        let expected = if in_loop {
            Storage::Heap
        } else {
            Storage::Stack
        };
        assert_eq!(storage, expected);
    }
}

#[test]
fn large_objects_go_to_the_heap() {
    let mut b = Builder::new();
    let large = b.array(TyId::UINT8, 65 << 10);
    b.new_object(SiteKind::New, large, "new([66560]byte)");
    let bytes = b.slice(TyId::UINT8);
    for (n, text) in [(10, "make([]byte, 10)"), (1 << 20, "make([]byte, 1<<20)")] {
        let site = b.site(SiteKind::MakeSlice, TyId::UINT8, text);
        b.eval(
            bytes,
            Rvalue::MakeSlice {
                site,
                ty: bytes,
                len: Operand::int(n),
                cap: Operand::int(n),
            },
        );
    }
    b.finish("f");
    let (_, lines) = run(&b);
    assert_eq!(
        lines,
        [
            "new([66560]byte) escapes to heap",
            "make([]byte, 10) does not escape",
            "make([]byte, 1<<20) escapes to heap"
        ]
    );
}
