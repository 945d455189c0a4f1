//! The verifier: the rules of the crate documentation, checked.
//!
//! [`body`] and [`program`] return what is wrong, in words, so that tests and the driver's debug mode can show all of it. What it
//! cannot see (that a temporary is written before it is read on every path) is left to the passes that rely on it.

use crate::body::{Body, StatementKind, TerminatorKind};
use crate::ids::{BlockId, IndexVec, LocalId};
use crate::place::{Const, ConstValue, Operand, Place, PlaceBase, Proj};
use crate::print;
use crate::program::{FuncKind, Program};
use crate::rvalue::{BinOp, Call, Callee, Rvalue, SelectCase};
use crate::types::{TyId, TyKind};
use crate::typing::Typing;

/// Everything that is wrong with the bodies of a program, each line with the function's name in front.
pub fn program(program: &Program) -> Vec<String> {
    let mut errors = vec![];
    for func in program.funcs.iter() {
        if let FuncKind::Body(body) = &func.kind {
            let found = self::body(program, body);
            errors.extend(found.into_iter().map(|e| format!("{}: {e}", func.name)));
            let TyKind::Func(sig) = program.types.kind(func.sig) else {
                errors.push(format!("{}: signature is no function type", func.name));
                continue;
            };
            let tys = |ids: &[LocalId]| ids.iter().map(|&l| body.locals[l].ty).collect::<Vec<_>>();
            if tys(&body.params) != sig.params || tys(&body.results) != sig.results {
                errors.push(format!(
                    "{}: parameters or results differ from the signature",
                    func.name
                ));
            }
        }
    }
    for (ty, methods) in &program.methods {
        if !methods.is_sorted_by_key(|m| (&m.name, &m.package)) {
            errors.push(format!(
                "methods of {} are not sorted",
                print::type_name(&program.types, *ty)
            ));
        }
    }
    errors
}

/// Everything that is wrong with a body.
pub fn body(program: &Program, body: &Body) -> Vec<String> {
    let mut verifier = Verifier {
        program,
        body,
        typing: Typing::new(program, body),
        errors: vec![],
        at: String::new(),
    };
    verifier.run();
    verifier.errors
}

struct Verifier<'a> {
    program: &'a Program,
    body: &'a Body,
    typing: Typing<'a>,
    errors: Vec<String>,
    /// What is being looked at, for messages.
    at: String,
}

impl Verifier<'_> {
    fn error(&mut self, text: impl std::fmt::Display) {
        self.errors.push(format!("{text}, in `{}`", self.at));
    }

    fn run(&mut self) {
        let mut addr_taken = IndexVec::<LocalId, bool>::from_elem(false, self.body.locals.len());
        for (id, block) in self.body.blocks.iter_enumerated() {
            for statement in &block.statements {
                self.at = format!(
                    "{id:?}: {}",
                    print::statement(self.program, self.body, statement)
                );
                if let StatementKind::Assign(_, Rvalue::Ref(place)) = &statement.kind
                    && let PlaceBase::Local(local) = place.base
                    && self.stays_in_base(place)
                {
                    addr_taken[local] = true;
                }
                self.statement(&statement.kind);
            }
            self.at = format!("{id:?}: {:?}", block.terminator.kind);
            self.terminator(&block.terminator.kind);
        }
        for (id, local) in self.body.locals.iter_enumerated() {
            if addr_taken[id] && !local.addr_taken {
                self.at = format!("{} {id:?}", local.name);
                self.error("address is taken but the flag says no");
            }
        }
    }

    /// No step leaves the base's own memory.
    fn stays_in_base(&self, place: &Place) -> bool {
        let mut prefix = Place {
            base: place.base,
            proj: Default::default(),
        };
        for step in &place.proj {
            if matches!(step, Proj::Deref { .. }) {
                return false;
            }
            if matches!(step, Proj::Index { .. } | Proj::ConstIndex { .. })
                && let Some(ty) = self.typing.try_place(&prefix)
                && matches!(
                    self.program.types.kind(ty),
                    TyKind::Slice(_) | TyKind::String
                )
            {
                return false;
            }
            prefix.proj.push(*step);
        }
        true
    }

    fn statement(&mut self, kind: &StatementKind) {
        match kind {
            StatementKind::Assign(place, value) => {
                let ty = self.place(place);
                self.rvalue(value);
                if let Some(ty) = ty
                    && !self.typing.yields(self.program, value, ty)
                {
                    self.error(format_args!(
                        "value does not have the place's type {}",
                        print::type_name(&self.program.types, ty)
                    ));
                }
            }
            StatementKind::StorageLive(local) => {
                if self.body.locals.get(*local).is_none() {
                    self.error("no such local");
                }
            }
            StatementKind::MapSet { map, key, value } => {
                let (key, value) = (self.operand(key), self.operand(value));
                self.map(map, key, value);
            }
            StatementKind::MapDelete { map, key } => {
                let key = self.operand(key);
                self.map(map, key, None);
            }
            StatementKind::MapClear(map) => self.map(map, None, None),
            StatementKind::SliceClear(slice) => {
                let ty = self.operand(slice);
                self.expect(ty, "a slice", |k| matches!(k, TyKind::Slice(_)));
            }
            StatementKind::MapIterInit { iter, map } => {
                let map = self.operand(map);
                let iter = self.body.locals.get(*iter).map(|l| l.ty);
                self.expect(
                    iter,
                    "an iterator of the map",
                    |k| matches!(k, TyKind::MapIter(m) if Some(*m) == map),
                );
            }
            StatementKind::Send { chan, value } => self.send(chan, value),
            StatementKind::Close(chan) => {
                let ty = self.operand(chan);
                self.expect(ty, "a channel", |k| matches!(k, TyKind::Chan(..)));
            }
            StatementKind::Go(f) | StatementKind::Defer(f) => {
                let ty = self.operand(f);
                if ty.is_some_and(|ty| ty != TyId::FUNC) {
                    self.error("not of type func()");
                }
            }
            StatementKind::DeferList(x) | StatementKind::NilCheck(x) => {
                let ty = self.operand(x);
                self.expect(ty, "a pointer", |k| matches!(k, TyKind::Pointer(_)));
            }
            StatementKind::BoundsCheck { index, len } => {
                self.integer(index);
                self.integer(len);
            }
            StatementKind::Print { args, .. } => {
                for arg in args {
                    self.operand(arg);
                }
            }
            StatementKind::RunDefers | StatementKind::Nop => {}
        }
    }

    fn terminator(&mut self, kind: &TerminatorKind) {
        for target in kind.successors() {
            self.target(target);
        }
        match kind {
            TerminatorKind::If { cond, .. } => {
                let ty = self.operand(cond);
                self.expect(ty, "a bool", |k| matches!(k, TyKind::Bool));
            }
            TerminatorKind::Switch { value, targets, .. } => {
                self.integer(value);
                let mut values: Vec<i128> = targets.iter().map(|t| t.value).collect();
                values.sort_unstable();
                if values.windows(2).any(|pair| pair[0] == pair[1]) {
                    self.error("a value twice in a switch");
                }
            }
            TerminatorKind::Panic(x) => {
                let ty = self.operand(x);
                if ty.is_some_and(|ty| ty != TyId::EMPTY_INTERFACE) {
                    self.error("not of type interface{}");
                }
            }
            _ => {}
        }
    }

    fn target(&mut self, target: BlockId) {
        if self.body.blocks.get(target).is_none() {
            self.error(format_args!("no block {target:?}"));
        }
    }

    fn expect(&mut self, ty: Option<TyId>, what: &str, is: impl Fn(&TyKind) -> bool) {
        if let Some(ty) = ty
            && !is(self.program.types.kind(ty))
        {
            self.error(format_args!(
                "{} is not {what}",
                print::type_name(&self.program.types, ty)
            ));
        }
    }

    fn integer(&mut self, operand: &Operand) {
        if let Some(ty) = self.operand(operand)
            && !self.program.types.is_integer(ty)
        {
            self.error("not an integer");
        }
    }

    fn map(&mut self, map: &Operand, key: Option<TyId>, value: Option<TyId>) {
        let Some(ty) = self.operand(map) else { return };
        match *self.program.types.kind(ty) {
            TyKind::Map(k, v) => {
                if key.is_some_and(|key| key != k) || value.is_some_and(|value| value != v) {
                    self.error("key or value of another type than the map's");
                }
            }
            _ => self.error("not a map"),
        }
    }

    fn send(&mut self, chan: &Operand, value: &Operand) {
        let value = self.operand(value);
        let ty = self.operand(chan);
        self.expect(
            ty,
            "a channel of the value's type",
            |k| matches!(k, TyKind::Chan(_, elem) if value.is_none_or(|v| v == *elem)),
        );
    }

    fn place(&mut self, place: &Place) -> Option<TyId> {
        for step in &place.proj {
            if let Proj::Index { index, .. } = step {
                self.integer(&Operand::local(*index));
            }
        }
        let ty = self.typing.try_place(place);
        if ty.is_none() {
            self.error(format_args!("place {place:?} has no type"));
        }
        ty
    }

    fn operand(&mut self, operand: &Operand) -> Option<TyId> {
        match operand {
            Operand::Copy(place) => self.place(place),
            Operand::Const(constant) => {
                self.constant(constant);
                Some(constant.ty)
            }
        }
    }

    fn constant(&mut self, constant: &Const) {
        let types = &self.program.types;
        let kind = types.kind(constant.ty);
        let fits = match &constant.value {
            ConstValue::Bool(_) => matches!(kind, TyKind::Bool),
            ConstValue::Int(_) => types.is_integer(constant.ty),
            ConstValue::Float(_) => types.is_float(constant.ty),
            ConstValue::Complex(..) => types.is_complex(constant.ty),
            ConstValue::Str(_) => types.is_string(constant.ty),
            ConstValue::Func(func) => self.program.funcs.get(*func).is_some_and(|f| {
                // A defined function type holds functions of its underlying type.
                types.kind(f.sig) == kind
            }),
            ConstValue::Zero => true,
        };
        if !fits {
            let name = print::type_name(types, constant.ty);
            self.error(format_args!("constant of type {name} does not fit it"));
        }
    }

    fn rvalue(&mut self, value: &Rvalue) {
        match value {
            Rvalue::Use(x)
            | Rvalue::Unary(_, x)
            | Rvalue::Convert { value: x, .. }
            | Rvalue::Len(x)
            | Rvalue::Cap(x) => {
                self.operand(x);
            }
            Rvalue::Binary(op, x, y) => self.binary(*op, x, y),
            Rvalue::Ref(place) => {
                self.place(place);
            }
            Rvalue::Aggregate { ty, parts } => self.aggregate(*ty, parts),
            Rvalue::New(_) | Rvalue::MapIterNext { .. } | Rvalue::Recover => {}
            Rvalue::MakeSlice { len, cap, .. } => {
                self.integer(len);
                self.integer(cap);
            }
            Rvalue::MakeMap { hint: n, .. } | Rvalue::MakeChan { size: n, .. } => self.integer(n),
            Rvalue::MakeClosure {
                site,
                func,
                captures,
                ty,
            } => {
                let tys: Vec<_> = captures.iter().map(|c| self.operand(c)).collect();
                match self.program.types.kind(self.body.sites[*site].ty) {
                    TyKind::Closure(parts) => {
                        if tys.len() != parts.len()
                            || tys.iter().zip(parts.iter()).any(|(t, p)| *t != Some(*p))
                        {
                            self.error("captures differ from the closure type");
                        }
                    }
                    _ => self.error("site of a closure is not of closure type"),
                }
                match self.program.funcs.get(*func) {
                    None => self.error("closure of no function"),
                    Some(f) => {
                        if self.program.types.kind(f.sig) != self.program.types.kind(*ty) {
                            self.error("closure type differs from its function's");
                        }
                    }
                }
            }
            Rvalue::MakeInterface { value, ty, site } => {
                let from = self.operand(value);
                if from.is_some_and(|from| self.program.types.is_interface(from)) {
                    self.error("interface put into an interface");
                }
                if from.is_some_and(|from| from != self.body.sites[*site].ty) {
                    self.error("site of another type than the value");
                }
                self.expect(Some(*ty), "an interface", |k| {
                    matches!(k, TyKind::Interface(_))
                });
            }
            Rvalue::Concat { parts, .. } => {
                for part in parts {
                    let ty = self.operand(part);
                    self.expect(ty, "a string", |k| matches!(k, TyKind::String));
                }
            }
            Rvalue::Append { slice, values, .. } => {
                let slice = self.operand(slice);
                for value in values {
                    let ty = self.operand(value);
                    self.expect(
                        slice,
                        "a slice of the value's type",
                        |k| matches!(k, TyKind::Slice(elem) if ty.is_none_or(|ty| ty == *elem)),
                    );
                }
            }
            Rvalue::AppendSlice { slice, other, .. }
            | Rvalue::CopySlice {
                dst: slice,
                src: other,
            } => {
                let slice = self.operand(slice);
                let other = self.operand(other);
                self.expect(slice, "a slice", |k| matches!(k, TyKind::Slice(_)));
                self.expect(other, "a slice or string", |k| {
                    matches!(k, TyKind::Slice(_) | TyKind::String)
                });
            }
            Rvalue::Slice {
                base,
                low,
                high,
                max,
                ..
            } => {
                let base = self.operand(base);
                self.expect(base, "something to slice", |k| {
                    matches!(k, TyKind::Slice(_) | TyKind::String | TyKind::Pointer(_))
                });
                for bound in [low, high, max].into_iter().flatten() {
                    self.integer(bound);
                }
            }
            Rvalue::DecodeRune { string, index } => {
                let ty = self.operand(string);
                self.expect(ty, "a string", |k| matches!(k, TyKind::String));
                self.integer(index);
            }
            Rvalue::MapGet { map, key, .. } | Rvalue::MapEntry { map, key } => {
                let key = self.operand(key);
                self.map(map, key, None);
            }
            Rvalue::TypeAssert { value, .. }
            | Rvalue::TypeIs { value, .. }
            | Rvalue::Unbox { value, .. }
            | Rvalue::ConvertInterface { value, .. } => {
                let ty = self.operand(value);
                self.expect(ty, "an interface", |k| matches!(k, TyKind::Interface(_)));
            }
            Rvalue::Receive { chan, .. } => {
                let ty = self.operand(chan);
                self.expect(ty, "a channel", |k| matches!(k, TyKind::Chan(..)));
            }
            Rvalue::Select { cases, .. } => {
                for case in cases {
                    match case {
                        SelectCase::Send { chan, value } => self.send(chan, value),
                        SelectCase::Receive { chan, .. } => {
                            let ty = self.operand(chan);
                            self.expect(ty, "a channel", |k| matches!(k, TyKind::Chan(..)));
                        }
                    }
                }
            }
            Rvalue::Call(call) => self.call(call),
        }
    }

    fn binary(&mut self, op: BinOp, x: &Operand, y: &Operand) {
        let (tx, ty) = (self.operand(x), self.operand(y));
        if matches!(op, BinOp::Shl | BinOp::Shr) {
            self.integer(x);
            self.integer(y);
        } else if tx.is_some() && ty.is_some() && tx != ty {
            self.error("operands of different types");
        }
    }

    fn aggregate(&mut self, ty: TyId, parts: &[Operand]) {
        let tys: Vec<_> = parts.iter().map(|part| self.operand(part)).collect();
        let wanted: Vec<TyId> = match self.program.types.kind(ty) {
            TyKind::Struct(fields) => fields.iter().map(|f| f.ty).collect(),
            TyKind::Tuple(parts) => parts.to_vec(),
            TyKind::Array(elem, len) => vec![*elem; *len as usize],
            TyKind::Slice(_) | TyKind::String => return self.sequence(ty, &tys),
            _ => return self.error("aggregate of a type without parts"),
        };
        if tys.len() != wanted.len() || tys.iter().zip(&wanted).any(|(t, w)| *t != Some(*w)) {
            self.error("parts differ from the aggregate's type");
        }
    }

    /// A slice or string made of a pointer, a length and, of a slice, a capacity.
    fn sequence(&mut self, ty: TyId, parts: &[Option<TyId>]) {
        let types = &self.program.types;
        let (elem, n_parts) = match *types.kind(ty) {
            TyKind::Slice(elem) => (elem, 3),
            _ => (TyId::UINT8, 2),
        };
        let is_pointer = |ty: TyId| *types.kind(ty) == TyKind::Pointer(elem);
        let is_fine = parts.len() == n_parts
            && parts[0].is_some_and(is_pointer)
            && parts[1..].iter().all(|&part| part == Some(TyId::INT));
        if !is_fine {
            self.error("parts are no pointer with length and capacity");
        }
    }

    fn call(&mut self, call: &Call) {
        if let Callee::Value(x) | Callee::Method { receiver: x, .. } = &call.callee {
            self.operand(x);
        }
        let tys: Vec<_> = call.args.iter().map(|arg| self.operand(arg)).collect();
        let sig = self
            .typing
            .call_sig(&self.program.funcs, call)
            .map(|sig| self.program.types.kind(sig));
        let Some(TyKind::Func(sig)) = sig else {
            return self.error("call of something that is no function");
        };
        if tys.len() != sig.params.len() || tys.iter().zip(&sig.params).any(|(t, p)| *t != Some(*p))
        {
            self.error("arguments differ from the parameters");
        }
    }
}
