//! Small programs in hand-made MIR, compiled and run with a stack that moves at every call.

mod support;

use mini_mir::testing::Builder;
use mini_mir::*;
use support::run;

fn stack_everything(program: &Program) -> Decisions {
    let mut decisions = Decisions::default();
    for (id, func) in program.funcs.iter_enumerated() {
        if let FuncKind::Body(body) = &func.kind {
            let on_stack = BodyDecisions {
                locals: IndexVec::from_elem(Storage::Stack, body.locals.len()),
                sites: IndexVec::from_elem(Storage::Stack, body.sites.len()),
                read_only: vec![],
            };
            decisions.bodies.insert(id, on_stack);
        }
    }
    decisions
}

fn heap_everything(_: &Program) -> Decisions {
    Decisions::default()
}

fn int(n: i64) -> Operand {
    Operand::int(n)
}

fn println(b: &mut Builder, args: Vec<Operand>) {
    b.push(StatementKind::Print {
        args,
        newline: true,
    });
}

/// func fib(n int) int { if n < 2 { return n }; return fib(n-1) + fib(n-2) }
fn fib(b: &mut Builder) -> FuncId {
    let me = b.program.funcs.next_id();
    // The function calls itself: its declaration must exist before its body.
    let mut declared = Builder::new();
    std::mem::swap(&mut declared.program, &mut b.program);
    let n = declared.param("n", TyId::INT);
    let r = declared.result(TyId::INT);
    let id = declared.finish("fib");
    assert_eq!(me, id);
    let _ = (n, r);
    std::mem::swap(&mut declared.program, &mut b.program);

    let n = b.param("n", TyId::INT);
    let r = b.result(TyId::INT);
    let (small, big) = (b.block(), b.block());
    let c = b.binary(BinOp::Lt, TyId::BOOL, n, int(2));
    b.branch(c, small, big);
    b.copy(r, n);
    b.terminate(TerminatorKind::Return);
    b.switch_to(big);
    let x = b.binary(BinOp::Sub, TyId::INT, n, int(1));
    let x = b.call(id, vec![x.into()]);
    let y = b.binary(BinOp::Sub, TyId::INT, n, int(2));
    let y = b.call(id, vec![y.into()]);
    let sum = b.binary(BinOp::Add, TyId::INT, x, y);
    b.copy(r, sum);
    let body = std::mem::replace(&mut b.body, Body::new(mini_diagnostics::Span::NONE));
    b.program.funcs[id].kind = FuncKind::Body(Box::new(body));
    let entry = b.block();
    b.switch_to(entry);
    id
}

#[test]
fn recursion_with_a_moving_stack() {
    let mut b = Builder::new();
    let id = fib(&mut b);
    let decisions = stack_everything(&b.program);
    let out = run(b.program, decisions, id, [15, 0]);
    assert_eq!(out.value, 610);
    assert!(out.moves > 500, "{}", out.moves);
}

/// A pointer to a local is passed down a recursion, which adds through it while the stack moves.
#[test]
fn pointers_into_frames_follow_the_stack() {
    for decide in [stack_everything, heap_everything] {
        let mut b = Builder::new();
        let pointer = b.pointer(TyId::INT);
        // func down(p *int, n int) { x := n; if n > 0 { down(&x, n-1) }; *p += x }
        let me = FuncId(0);
        let sig = {
            let mut d = Builder::new();
            std::mem::swap(&mut d.program, &mut b.program);
            d.param("p", pointer);
            d.param("n", TyId::INT);
            let id = d.finish("down");
            assert_eq!(id, me);
            b.program = d.program;
            b.program.funcs[me].sig
        };
        let _ = sig;
        let p = b.param("p", pointer);
        let n = b.param("n", TyId::INT);
        let x = b.var("x", TyId::INT);
        b.copy(x, n);
        let (more, done) = (b.block(), b.block());
        let c = b.binary(BinOp::Gt, TyId::BOOL, n, int(0));
        b.branch(c, more, done);
        let q = b.address_of(x, TyId::INT);
        let m = b.binary(BinOp::Sub, TyId::INT, n, int(1));
        b.call(me, vec![q.into(), m.into()]);
        b.goto(done);
        let target = Place::local(p).deref();
        let sum = b.binary(BinOp::Add, TyId::INT, Operand::Copy(target.clone()), x);
        b.copy(target, sum);
        let body = std::mem::replace(&mut b.body, Body::new(mini_diagnostics::Span::NONE));
        b.program.funcs[me].kind = FuncKind::Body(Box::new(body));
        let entry = b.block();
        b.switch_to(entry);
        // func main(n int) int { var x int; down(&x, n); return x }
        let n = b.param("n", TyId::INT);
        let r = b.result(TyId::INT);
        let x = b.var("x", TyId::INT);
        let q = b.address_of(x, TyId::INT);
        b.call(me, vec![q.into(), n.into()]);
        b.copy(r, x);
        let main = b.finish("main");
        let decisions = decide(&b.program);
        let out = run(b.program, decisions, main, [20, 0]);
        assert_eq!(out.value, 210);
    }
}

/// s = append(s, i*i) in a loop, then a sum over it; printing in between.
#[test]
fn slices_strings_and_printing() {
    let mut b = Builder::new();
    let ints = b.slice(TyId::INT);
    let n = b.param("n", TyId::INT);
    let r = b.result(TyId::INT);
    let s = b.var("s", ints);
    let i = b.var("i", TyId::INT);
    let (head, body, middle) = (b.block(), b.block(), b.block());
    b.goto(head);
    let c = b.binary(BinOp::Lt, TyId::BOOL, i, n);
    b.branch(c, body, middle);
    let square = b.binary(BinOp::Mul, TyId::INT, i, i);
    let site = b.site(SiteKind::Append, TyId::INT, "append");
    b.assign(
        s,
        Rvalue::Append {
            site,
            slice: s.into(),
            values: vec![square.into()],
        },
    );
    let next = b.binary(BinOp::Add, TyId::INT, i, int(1));
    b.copy(i, next);
    b.goto(head);
    b.switch_to(middle);
    let len = b.eval(TyId::INT, Rvalue::Len(s.into()));
    println(
        &mut b,
        vec![Operand::string(TyId::STRING, *b"len"), len.into()],
    );
    b.assign(i, Rvalue::Use(int(0)));
    let (head, body, done) = (b.block(), b.block(), b.block());
    b.goto(head);
    let c = b.binary(BinOp::Lt, TyId::BOOL, i, len);
    b.branch(c, body, done);
    let element = Operand::Copy(Place::local(s).index(i));
    let sum = b.binary(BinOp::Add, TyId::INT, r, element);
    b.copy(r, sum);
    let next = b.binary(BinOp::Add, TyId::INT, i, int(1));
    b.copy(i, next);
    b.goto(head);
    b.switch_to(done);
    let site = b.site(SiteKind::Concat, TyId::STRING, "a + b");
    let text = b.eval(
        TyId::STRING,
        Rvalue::Concat {
            site,
            parts: vec![
                Operand::string(TyId::STRING, *b"to"),
                Operand::string(TyId::STRING, *b"tal"),
            ],
        },
    );
    println(&mut b, vec![text.into(), r.into()]);
    let main = b.finish("main");
    let decisions = stack_everything(&b.program);
    let out = run(b.program, decisions, main, [100, 0]);
    assert_eq!(out.value, 328_350);
    assert_eq!(out.output, "len 100\ntotal 328350\n");
}

/// Division, remainder and shifts at their edges.
#[test]
fn integer_edges() {
    let cases: &[(BinOp, i64, i64, i64)] = &[
        (BinOp::Div, -7, 2, -3),
        (BinOp::Rem, -7, 2, -1),
        (BinOp::Div, i64::MIN, -1, i64::MIN),
        (BinOp::Rem, i64::MIN, -1, 0),
        (BinOp::Shl, 1, 63, i64::MIN),
        (BinOp::Shl, 1, 64, 0),
        (BinOp::Shr, -8, 1, -4),
        (BinOp::Shr, -8, 100, -1),
        (BinOp::AndNot, 0b1111, 0b0101, 0b1010),
        (BinOp::Min, -3, 4, -3),
        (BinOp::Max, -3, 4, 4),
    ];
    for &(op, x, y, want) in cases {
        let mut b = Builder::new();
        let p = b.param("x", TyId::INT);
        let q = b.param("y", TyId::INT);
        let r = b.result(TyId::INT);
        let value = b.binary(op, TyId::INT, p, q);
        b.copy(r, value);
        let main = b.finish("main");
        let out = run(b.program, Decisions::default(), main, [x, y]);
        assert_eq!(out.value, want, "{x} {op:?} {y}");
    }
}

/// Arrays that live in memory: indexed dynamically, copied, passed, returned.
#[test]
fn big_values_in_memory() {
    let mut b = Builder::new();
    let array = b.array(TyId::INT, 40);
    // func bump(a [40]int, i int) [40]int { a[i] += 5; return a }
    let a = b.param("a", array);
    let i = b.param("i", TyId::INT);
    let r = b.result(array);
    let element = Place::local(a).index(i);
    let sum = b.binary(
        BinOp::Add,
        TyId::INT,
        Operand::Copy(element.clone()),
        int(5),
    );
    b.copy(element, sum);
    b.copy(r, a);
    let bump = b.finish("bump");
    // func main(i, v int) int { var a [40]int; a[i] = v; c := bump(a, i); return c[i]*1000 + a[i] }
    let i = b.param("i", TyId::INT);
    let v = b.param("v", TyId::INT);
    let r = b.result(TyId::INT);
    let a = b.var("a", array);
    b.copy(Place::local(a).index(i), v);
    let c = b.call(bump, vec![a.into(), i.into()]);
    let x = b.binary(
        BinOp::Mul,
        TyId::INT,
        Operand::Copy(Place::local(c).index(i)),
        int(1000),
    );
    let y = b.binary(
        BinOp::Add,
        TyId::INT,
        x,
        Operand::Copy(Place::local(a).index(i)),
    );
    b.copy(r, y);
    let main = b.finish("main");
    let decisions = stack_everything(&b.program);
    let out = run(b.program, decisions, main, [33, 7]);
    assert_eq!(out.value, 12_007);
}

/// A closure over a captured variable, called through a func value and as a deferred call.
#[test]
fn closures_and_defer() {
    for decide in [stack_everything, heap_everything] {
        let mut b = Builder::new();
        let pointer = b.pointer(TyId::INT);
        let closure = b.program.types.intern(TyKind::Closure([pointer].into()));
        let context_ty = b.pointer(closure);
        // func literal: *captured *= 2
        let context = b.local("", context_ty, LocalKind::Context);
        let captured = Place::local(context)
            .project(Proj::Deref { non_nil: true })
            .field(1);
        let target = captured.project(Proj::Deref { non_nil: true });
        let twice = b.binary(BinOp::Mul, TyId::INT, Operand::Copy(target.clone()), int(2));
        b.copy(target, twice);
        let literal = b.finish("main.func1");
        // func main(n int) (r int) { r = n; f := func() { r *= 2 }; defer f(); f(); return r + 1 }
        b.body.has_defer = true;
        let n = b.param("n", TyId::INT);
        let r = b.result(TyId::INT);
        b.copy(r, n);
        let q = b.address_of(r, TyId::INT);
        let site = b.site(SiteKind::FuncLiteral, closure, "func literal");
        let f = b.eval(
            TyId::FUNC,
            Rvalue::MakeClosure {
                site,
                ty: TyId::FUNC,
                func: literal,
                captures: vec![q.into()],
            },
        );
        b.push(StatementKind::Defer(f.into()));
        let call = Call {
            callee: Callee::Value(f.into()),
            args: vec![],
            name: "f".into(),
        };
        b.eval(TyId::UNIT, Rvalue::Call(Box::new(call)));
        let sum = b.binary(BinOp::Add, TyId::INT, r, int(1));
        b.copy(r, sum);
        b.push(StatementKind::RunDefers);
        let main = b.finish("main");
        let decisions = decide(&b.program);
        let out = run(b.program, decisions, main, [10, 0]);
        assert_eq!(out.value, 42);
    }
}

/// Top-level functions as values go through a thunk that drops the context.
#[test]
fn functions_as_values() {
    let mut b = Builder::new();
    let x = b.param("x", TyId::INT);
    let y = b.param("y", TyId::INT);
    let r = b.result(TyId::INT);
    let value = b.binary(BinOp::Sub, TyId::INT, x, y);
    b.copy(r, value);
    let sub = b.finish("sub");
    let ty = b.program.funcs[sub].sig;
    let x = b.param("x", TyId::INT);
    let y = b.param("y", TyId::INT);
    let r = b.result(TyId::INT);
    let f = b.eval(
        ty,
        Rvalue::Use(Operand::Const(Const {
            ty,
            value: ConstValue::Func(sub),
        })),
    );
    let call = Call {
        callee: Callee::Value(f.into()),
        args: vec![x.into(), y.into()],
        name: "f".into(),
    };
    let value = b.eval(TyId::INT, Rvalue::Call(Box::new(call)));
    b.copy(r, value);
    let main = b.finish("main");
    let out = run(b.program, Decisions::default(), main, [50, 8]);
    assert_eq!(out.value, 42);
}

const TEXT: &[u8] = b"the quick brown fox jumps over the lazy dog, and then some more of them do, \xff\x80 again and again";

/// Prefixes of two texts that differ in one byte, compared in all lengths around the widths of the helper routines.
#[test]
fn strings_compare_byte_by_byte() {
    for at in [0, 5, 8, 30, 77] {
        let mut other = TEXT.to_vec();
        other[at] ^= 0x81;
        let mut b = Builder::new();
        let n = b.param("n", TyId::INT);
        let m = b.param("m", TyId::INT);
        let r = b.result(TyId::INT);
        let prefix = |b: &mut Builder, text: &[u8], n: LocalId| {
            let ty = TyId::STRING;
            b.eval(
                ty,
                Rvalue::Slice {
                    base: Operand::string(ty, text.to_vec()),
                    ty,
                    low: None,
                    high: Some(n.into()),
                    max: None,
                    checked: false,
                },
            )
        };
        let s = prefix(&mut b, TEXT, n);
        let t = prefix(&mut b, &other, m);
        for (op, value) in [(BinOp::Lt, 1), (BinOp::Eq, 2), (BinOp::Gt, 4)] {
            let (yes, next) = (b.block(), b.block());
            let c = b.binary(op, TyId::BOOL, s, t);
            b.branch(c, yes, next);
            let sum = b.binary(BinOp::Add, TyId::INT, r, int(value));
            b.copy(r, sum);
            b.goto(next);
        }
        let main = b.finish("main");
        let machine = support::Machine::new(b.program, Decisions::default());
        for n in 0..TEXT.len() {
            for m in [n, n / 2, at, (n + 1).min(TEXT.len() - 1)] {
                let want = match TEXT[..n].cmp(&other[..m]) {
                    std::cmp::Ordering::Less => 1,
                    std::cmp::Ordering::Equal => 2,
                    std::cmp::Ordering::Greater => 4,
                };
                let got = machine.call(main, [n as i64, m as i64]).value;
                assert_eq!(got, want, "[:{n}] and [:{m}], different at {at}");
            }
        }
    }
}

/// copy(b[i:], b[:n]) with overlap, and a checksum of what comes out.
#[test]
fn copies_may_overlap() {
    let mut b = Builder::new();
    let bytes = b.slice(TyId::UINT8);
    let i = b.param("i", TyId::INT);
    let n = b.param("n", TyId::INT);
    let r = b.result(TyId::INT);
    let site = b.site(SiteKind::Append, TyId::UINT8, "append");
    let all = b.eval(
        bytes,
        Rvalue::AppendSlice {
            site,
            slice: Operand::zero(bytes),
            other: Operand::string(TyId::STRING, TEXT),
        },
    );
    let part = |b: &mut Builder, low: Option<LocalId>, high: Option<LocalId>| {
        b.eval(
            bytes,
            Rvalue::Slice {
                base: all.into(),
                ty: bytes,
                low: low.map(Into::into),
                high: high.map(Into::into),
                max: None,
                checked: false,
            },
        )
    };
    let (dst, src) = (part(&mut b, Some(i), None), part(&mut b, None, Some(n)));
    b.eval(
        TyId::INT,
        Rvalue::CopySlice {
            dst: dst.into(),
            src: src.into(),
        },
    );
    let k = b.var("k", TyId::INT);
    let (head, body, done) = (b.block(), b.block(), b.block());
    b.goto(head);
    let len = b.eval(TyId::INT, Rvalue::Len(all.into()));
    let c = b.binary(BinOp::Lt, TyId::BOOL, k, len);
    b.branch(c, body, done);
    let byte = b.eval(
        TyId::INT,
        Rvalue::Convert {
            kind: ConvertKind::Numeric,
            value: Operand::Copy(Place::local(all).index(k)),
            ty: TyId::INT,
            site: None,
        },
    );
    let scaled = b.binary(BinOp::Mul, TyId::INT, r, int(31));
    let sum = b.binary(BinOp::Add, TyId::INT, scaled, byte);
    b.copy(r, sum);
    let next = b.binary(BinOp::Add, TyId::INT, k, int(1));
    b.copy(k, next);
    b.goto(head);
    let main = b.finish("main");
    let machine = support::Machine::new(b.program, Decisions::default());
    for i in [0, 1, 3, 8, 20] {
        for n in 0..TEXT.len() {
            let mut want = TEXT.to_vec();
            want.copy_within(..n.min(TEXT.len() - i), i);
            let want = want
                .iter()
                .fold(0i64, |h, &b| h.wrapping_mul(31).wrapping_add(b.into()));
            let got = machine.call(main, [i as i64, n as i64]).value;
            assert_eq!(got, want, "copy(b[{i}:], b[:{n}])");
        }
    }
}
