//! Every form of rvalue and statement is compiled under Cranelift's verifier, with storage on the stack and on the heap.

mod support;

use mini_codegen::Emit;
use mini_mir::testing::Builder;
use mini_mir::*;
use std::sync::Arc;

/// Types that the forms are tried with.
struct Types {
    bytes: TyId,
    runes: TyId,
    pair: TyId,
    big: TyId,
    stringer: TyId,
    map_int: TyId,
    map_string: TyId,
    map_pair: TyId,
    chan: TyId,
    chan_big: TyId,
}

fn field(name: &str, ty: TyId) -> Field {
    Field {
        name: name.into(),
        ty,
        is_embedded: false,
        is_exported: true,
        package: "".into(),
        tag: "".into(),
    }
}

fn types(b: &mut Builder) -> Types {
    let bytes = b.slice(TyId::UINT8);
    let runes = b.slice(TyId::INT32);
    let types = &mut b.program.types;
    let pair = types.intern(TyKind::Struct(
        vec![
            field("name", TyId::STRING),
            field("any", TyId::EMPTY_INTERFACE),
            field("x", TyId::FLOAT64),
            field("n", TyId::UINT8),
        ]
        .into(),
    ));
    let big = types.intern(TyKind::Array(TyId::STRING, 20));
    let sig = types.intern(TyKind::Func(FuncSig {
        params: vec![TyId::INT],
        results: vec![TyId::STRING],
        variadic: false,
    }));
    let stringer = types.intern(TyKind::Interface(
        vec![InterfaceMethod {
            name: "Text".into(),
            package: "".into(),
            sig,
        }]
        .into(),
    ));
    Types {
        bytes,
        runes,
        pair,
        big,
        stringer,
        map_int: types.intern(TyKind::Map(TyId::INT, pair)),
        map_string: types.intern(TyKind::Map(TyId::STRING, big)),
        map_pair: types.intern(TyKind::Map(pair, TyId::INT32)),
        chan: types.intern(TyKind::Chan(ChanDir::Both, TyId::STRING)),
        chan_big: types.intern(TyKind::Chan(ChanDir::Both, big)),
    }
}

fn var(b: &mut Builder, ty: TyId) -> LocalId {
    b.var("v", ty)
}

fn tuple(b: &mut Builder, parts: &[TyId]) -> TyId {
    b.program.types.tuple(parts)
}

fn operators(b: &mut Builder, t: &Types) {
    let all = [
        TyId::INT,
        TyId::INT8,
        TyId::UINT16,
        TyId::INT32,
        TyId::UINT64,
        TyId::FLOAT32,
        TyId::FLOAT64,
        TyId::COMPLEX64,
        TyId::COMPLEX128,
        TyId::STRING,
    ];
    for ty in all {
        let (x, y) = (var(b, ty), var(b, ty));
        let is_int = b.program.types.is_integer(ty);
        let is_complex = b.program.types.is_complex(ty);
        let is_string = ty == TyId::STRING;
        for op in [BinOp::Eq, BinOp::Ne] {
            b.binary(op, TyId::BOOL, x, y);
        }
        if !is_complex {
            for op in [BinOp::Lt, BinOp::Le, BinOp::Gt, BinOp::Ge] {
                b.binary(op, TyId::BOOL, x, y);
            }
            b.binary(BinOp::Min, ty, x, y);
            b.binary(BinOp::Max, ty, x, y);
        }
        if !is_string {
            for op in [BinOp::Add, BinOp::Sub, BinOp::Mul, BinOp::Div] {
                b.binary(op, ty, x, y);
            }
            b.eval(ty, Rvalue::Unary(UnOp::Neg, x.into()));
        }
        if is_int {
            for op in [BinOp::Rem, BinOp::And, BinOp::Or, BinOp::Xor, BinOp::AndNot] {
                b.binary(op, ty, x, y);
            }
            for count in [TyId::UINT8, TyId::INT, TyId::UINT64, TyId::INT16] {
                let n = var(b, count);
                b.binary(BinOp::Shl, ty, x, n);
                b.binary(BinOp::Shr, ty, x, n);
            }
            b.binary(BinOp::Shr, ty, x, Operand::int(100));
            b.eval(ty, Rvalue::Unary(UnOp::BitNot, x.into()));
        }
        if !is_string && !is_complex {
            for to in all.iter().take(7) {
                let kind = ConvertKind::Numeric;
                b.eval(
                    *to,
                    Rvalue::Convert {
                        kind,
                        value: x.into(),
                        ty: *to,
                        site: None,
                    },
                );
            }
        }
    }
    let c = var(b, TyId::COMPLEX64);
    b.eval(TyId::FLOAT32, Rvalue::Unary(UnOp::Real, c.into()));
    b.eval(TyId::FLOAT32, Rvalue::Unary(UnOp::Imag, c.into()));
    b.eval(
        TyId::COMPLEX128,
        Rvalue::Convert {
            kind: ConvertKind::Numeric,
            value: c.into(),
            ty: TyId::COMPLEX128,
            site: None,
        },
    );
    let flag = var(b, TyId::BOOL);
    b.eval(TyId::BOOL, Rvalue::Unary(UnOp::Not, flag.into()));
    for ty in [t.pair, t.big, TyId::EMPTY_INTERFACE, t.stringer, t.chan] {
        let (x, y) = (var(b, ty), var(b, ty));
        b.binary(BinOp::Eq, TyId::BOOL, x, y);
    }
    let s = var(b, TyId::STRING);
    b.binary(
        BinOp::Eq,
        TyId::BOOL,
        s,
        Operand::string(TyId::STRING, *b"constant text"),
    );
    b.binary(BinOp::Eq, TyId::BOOL, s, Operand::zero(TyId::STRING));
    let e = var(b, TyId::EMPTY_INTERFACE);
    b.binary(
        BinOp::Ne,
        TyId::BOOL,
        e,
        Operand::zero(TyId::EMPTY_INTERFACE),
    );
}

fn slices(b: &mut Builder, t: &Types) {
    let bigs = b.slice(t.big);
    let (s, text) = (var(b, t.bytes), var(b, TyId::STRING));
    let (i, small) = (var(b, TyId::INT), var(b, TyId::UINT8));
    let site = |b: &mut Builder, ty| b.site(SiteKind::Append, ty, "append");
    for (slice, elem) in [(t.bytes, TyId::UINT8), (bigs, t.big)] {
        let s = var(b, slice);
        let value = var(b, elem);
        let at = site(b, elem);
        let rvalue = Rvalue::Append {
            site: at,
            slice: s.into(),
            values: vec![value.into(), value.into()],
        };
        b.assign(s, rvalue);
        let at = site(b, elem);
        let rvalue = Rvalue::AppendSlice {
            site: at,
            slice: s.into(),
            other: s.into(),
        };
        b.assign(s, rvalue);
        for (len, cap) in [(Operand::int(3), Operand::int(8)), (i.into(), i.into())] {
            let site = b.site(SiteKind::MakeSlice, elem, "make");
            let ty = slice;
            b.assign(s, Rvalue::MakeSlice { site, ty, len, cap });
        }
        let (dst, src) = (s.into(), s.into());
        b.eval(TyId::INT, Rvalue::CopySlice { dst, src });
        b.push(StatementKind::SliceClear(s.into()));
        b.copy(value, Place::local(s).index(i));
        b.copy(Place::local(s).index(small), value);
        b.copy(Place::local(s).const_index(3), value);
    }
    let at = site(b, TyId::UINT8);
    let rvalue = Rvalue::AppendSlice {
        site: at,
        slice: s.into(),
        other: text.into(),
    };
    b.assign(s, rvalue);
    b.copy(small, Place::local(text).index(i));
    let array = b.pointer(t.big);
    let strings = b.slice(TyId::STRING);
    for (base, result) in [
        (t.bytes, t.bytes),
        (TyId::STRING, TyId::STRING),
        (array, strings),
    ] {
        let base = var(b, base);
        for (low, high, max) in [(0, 1, 0), (1, 0, 0), (1, 1, 0), (1, 1, 1)] {
            if max == 1 && result == TyId::STRING {
                continue;
            }
            let bound = |set: i32| (set == 1).then(|| Operand::local(i));
            b.eval(
                result,
                Rvalue::Slice {
                    base: base.into(),
                    ty: result,
                    low: bound(low),
                    high: bound(high),
                    max: bound(max),
                    checked: false,
                },
            );
        }
    }
    let four = b.array(TyId::UINT8, 4);
    let pointer = b.pointer(four);
    let convert = |b: &mut Builder, kind, value: LocalId, ty| {
        let site = Some(b.site(SiteKind::StringConversion, ty, "conversion"));
        let value = value.into();
        b.eval(
            ty,
            Rvalue::Convert {
                kind,
                value,
                ty,
                site,
            },
        )
    };
    convert(b, ConvertKind::SliceToArrayPointer, s, pointer);
    convert(b, ConvertKind::BytesToString, s, TyId::STRING);
    convert(b, ConvertKind::StringToBytes, text, t.bytes);
    let runes = convert(b, ConvertKind::StringToRunes, text, t.runes);
    convert(b, ConvertKind::RunesToString, runes, TyId::STRING);
    let rune = var(b, TyId::INT32);
    convert(b, ConvertKind::RuneToString, rune, TyId::STRING);
    let step = tuple(b, &[TyId::INT32, TyId::INT]);
    let (string, index) = (text.into(), i.into());
    b.eval(step, Rvalue::DecodeRune { string, index });
    let site = b.site(SiteKind::Concat, TyId::STRING, "a + b");
    let parts = vec![text.into(), Operand::string(TyId::STRING, *b"x")];
    b.eval(TyId::STRING, Rvalue::Concat { site, parts });
    let (index, len) = (small.into(), i.into());
    b.push(StatementKind::BoundsCheck { index, len });
}

fn interfaces(b: &mut Builder, t: &Types) {
    let e = var(b, TyId::EMPTY_INTERFACE);
    let s = var(b, t.stringer);
    let pointer = b.pointer(TyId::INT);
    let empty = b.program.types.intern(TyKind::Struct(vec![].into()));
    for ty in [
        TyId::INT,
        TyId::UINT8,
        TyId::STRING,
        t.pair,
        t.big,
        pointer,
        empty,
        TyId::FLOAT32,
    ] {
        let v = var(b, ty);
        for value in [Operand::local(v), Operand::zero(ty)] {
            let site = b.site(SiteKind::Interface, ty, "v");
            let ty = TyId::EMPTY_INTERFACE;
            b.assign(e, Rvalue::MakeInterface { site, ty, value });
        }
        for value in [e, s] {
            let value = Operand::local(value);
            b.eval(
                TyId::BOOL,
                Rvalue::TypeIs {
                    value: value.clone(),
                    ty,
                },
            );
            b.eval(
                ty,
                Rvalue::Unbox {
                    value: value.clone(),
                    ty,
                },
            );
            let pair = tuple(b, &[ty, TyId::BOOL]);
            for (comma_ok, result) in [(false, ty), (true, pair)] {
                let value = value.clone();
                b.eval(
                    result,
                    Rvalue::TypeAssert {
                        value,
                        ty,
                        comma_ok,
                    },
                );
            }
        }
    }
    for ty in [TyId::EMPTY_INTERFACE, t.stringer] {
        for value in [e, s] {
            let value = Operand::local(value);
            b.eval(
                TyId::BOOL,
                Rvalue::TypeIs {
                    value: value.clone(),
                    ty,
                },
            );
            b.eval(
                ty,
                Rvalue::ConvertInterface {
                    value: value.clone(),
                    ty,
                },
            );
            let pair = tuple(b, &[ty, TyId::BOOL]);
            for (comma_ok, result) in [(false, ty), (true, pair)] {
                let value = value.clone();
                b.eval(
                    result,
                    Rvalue::TypeAssert {
                        value,
                        ty,
                        comma_ok,
                    },
                );
            }
        }
    }
    let call = Call {
        callee: Callee::Method {
            receiver: s.into(),
            interface: t.stringer,
            method: 0,
        },
        args: vec![Operand::int(1)],
        name: "s.Text".into(),
    };
    b.eval(TyId::STRING, Rvalue::Call(Box::new(call)));
    let args = vec![
        e.into(),
        s.into(),
        Operand::zero(pointer),
        Operand::bool(true),
    ];
    b.push(StatementKind::Print {
        args,
        newline: true,
    });
}

fn maps_and_channels(b: &mut Builder, t: &Types) {
    for (map_ty, key_ty, value_ty) in [
        (t.map_int, TyId::INT, t.pair),
        (t.map_string, TyId::STRING, t.big),
        (t.map_pair, t.pair, TyId::INT32),
    ] {
        let site = b.site(SiteKind::MakeMap, map_ty, "make(map)");
        let hint = Operand::int(10);
        let ty = map_ty;
        let m = b.eval(ty, Rvalue::MakeMap { site, ty, hint });
        let (k, v) = (var(b, key_ty), var(b, value_ty));
        let (map, key) = (Operand::local(m), Operand::local(k));
        let pair = tuple(b, &[value_ty, TyId::BOOL]);
        for (comma_ok, ty) in [(false, value_ty), (true, pair)] {
            let (map, key) = (map.clone(), key.clone());
            b.eval(ty, Rvalue::MapGet { map, key, comma_ok });
        }
        b.push(StatementKind::MapSet {
            map: map.clone(),
            key: key.clone(),
            value: v.into(),
        });
        b.push(StatementKind::MapDelete {
            map: map.clone(),
            key,
        });
        b.eval(TyId::INT, Rvalue::Len(map.clone()));
        let iter_ty = b.program.types.intern(TyKind::MapIter(map_ty));
        let iter = b.temp(iter_ty);
        b.push(StatementKind::MapIterInit {
            iter,
            map: map.clone(),
        });
        let (pk, pv) = (b.pointer(key_ty), b.pointer(value_ty));
        let step = tuple(b, &[TyId::BOOL, pk, pv]);
        b.eval(step, Rvalue::MapIterNext { iter });
        b.push(StatementKind::MapClear(map));
    }
    let mut dests = vec![];
    for (ty, elem) in [(t.chan, TyId::STRING), (t.chan_big, t.big)] {
        let site = b.site(SiteKind::MakeChan, ty, "make(chan)");
        let size = Operand::int(1);
        let c = b.eval(ty, Rvalue::MakeChan { site, ty, size });
        let v = var(b, elem);
        let chan = Operand::local(c);
        b.push(StatementKind::Send {
            chan: chan.clone(),
            value: v.into(),
        });
        let pair = tuple(b, &[elem, TyId::BOOL]);
        for (comma_ok, ty) in [(false, elem), (true, pair)] {
            let chan = chan.clone();
            b.eval(ty, Rvalue::Receive { chan, comma_ok });
        }
        b.eval(TyId::INT, Rvalue::Cap(chan.clone()));
        b.push(StatementKind::Close(chan.clone()));
        let dest = b.temp(elem);
        dests.push(SelectCase::Receive {
            chan: chan.clone(),
            dest: Some(dest),
        });
        dests.push(SelectCase::Receive {
            chan: chan.clone(),
            dest: None,
        });
        dests.push(SelectCase::Send {
            chan,
            value: v.into(),
        });
    }
    let chosen = tuple(b, &[TyId::INT, TyId::BOOL]);
    for has_default in [true, false] {
        let cases = dests.clone();
        b.eval(chosen, Rvalue::Select { cases, has_default });
    }
}

fn calls(b: &mut Builder, t: &Types) {
    // func many(p pair, g [20]string, x float32) (pair, [20]string, bool)
    let p = b.param("p", t.pair);
    let g = b.param("g", t.big);
    let _ = b.param("x", TyId::FLOAT32);
    let (r, q) = (b.result(t.pair), b.result(t.big));
    b.result(TyId::BOOL);
    b.copy(r, p);
    b.copy(q, g);
    b.address_of(g, t.big);
    let many = b.finish("many");
    let (p, g) = (var(b, t.pair), var(b, t.big));
    let x = var(b, TyId::FLOAT32);
    let out = b.call(many, vec![p.into(), g.into(), x.into()]);
    b.copy(p, Place::local(out).field(0));
    b.copy(g, Place::local(out).field(1));
    let f = var(b, TyId::FUNC);
    b.push(StatementKind::Go(f.into()));
    b.push(StatementKind::Defer(f.into()));
    let any = b.eval(TyId::EMPTY_INTERFACE, Rvalue::Recover);
    let pointer = b.pointer(t.big);
    let q = var(b, pointer);
    b.push(StatementKind::NilCheck(q.into()));
    let object = b.new_object(SiteKind::New, t.big, "new");
    b.copy(q, object);
    b.copy(Place::local(q).deref(), g);
    let parts = (0..20).map(|_| Operand::zero(TyId::STRING)).collect();
    b.assign(g, Rvalue::Aggregate { ty: t.big, parts });
    let element = b.pointer(TyId::STRING);
    let i = var(b, TyId::INT);
    b.eval(element, Rvalue::Ref(Place::local(q).deref().index(i)));
    b.push(StatementKind::RunDefers);
    b.terminate(TerminatorKind::Panic(any.into()));
    b.body.has_defer = true;
    b.body.has_recover = true;
}

fn switches(b: &mut Builder) {
    let x = b.param("x", TyId::INT8);
    let (one, other) = (b.block(), b.block());
    let targets = [-1, 5, 100].map(|value| SwitchTarget { value, target: one });
    b.terminate(TerminatorKind::Switch {
        value: x.into(),
        targets: targets.into(),
        otherwise: other,
    });
    b.switch_to(other);
    b.terminate(TerminatorKind::Unreachable);
}

#[test]
fn every_form_compiles() {
    let mut b = Builder::new();
    let t = types(&mut b);
    operators(&mut b, &t);
    b.finish("operators");
    slices(&mut b, &t);
    b.finish("slices");
    interfaces(&mut b, &t);
    b.finish("interfaces");
    maps_and_channels(&mut b, &t);
    b.finish("maps_and_channels");
    calls(&mut b, &t);
    b.finish("calls");
    switches(&mut b);
    b.finish("switches");
    let program = b.program;
    let mut on_stack = Decisions::default();
    for (id, func) in program.funcs.iter_enumerated() {
        let FuncKind::Body(body) = &func.kind else {
            continue;
        };
        on_stack.bodies.insert(
            id,
            BodyDecisions {
                locals: IndexVec::from_elem(Storage::Stack, body.locals.len()),
                sites: IndexVec::from_elem(Storage::Stack, body.sites.len()),
                read_only: vec![],
            },
        );
    }
    let mut on_heap = Decisions::default();
    for (id, func) in program.funcs.iter_enumerated() {
        let FuncKind::Body(body) = &func.kind else {
            continue;
        };
        let mut decisions = BodyDecisions::all_heap(body, &program.types);
        decisions.locals = IndexVec::from_elem(Storage::Heap, body.locals.len());
        // Iterators never leave the frame.
        for (local, decl) in body.locals.iter_enumerated() {
            if matches!(program.types.kind(decl.ty), TyKind::MapIter(_)) {
                decisions.locals[local] = Storage::Stack;
            }
        }
        on_heap.bodies.insert(id, decisions);
    }
    let program = Arc::new(program);
    for decisions in [on_stack, on_heap, Decisions::default()] {
        let jit = support::jit(program.clone(), decisions);
        for id in program.funcs.ids() {
            assert!(!jit.emit(id, Emit::Asm).is_empty());
            jit.compile(id);
        }
    }
}

/// A landing pad may be entered when callee-saved registers hold anything, so its function saves them all.
#[test]
fn functions_with_defer_save_every_register_of_their_callers() {
    let mut b = Builder::new();
    let f = b.param("f", TyId::FUNC);
    b.push(StatementKind::Defer(f.into()));
    b.push(StatementKind::RunDefers);
    b.body.has_defer = true;
    let id = b.finish("deferring");
    let jit = support::jit(Arc::new(b.program), Decisions::default());
    let text = jit.emit(id, Emit::Asm);
    let prologue = text.split("block0").next().unwrap();
    for register in ["%rbx", "%r12", "%r13", "%r14"] {
        assert!(prologue.contains(register), "{register} in\n{prologue}");
    }
}
