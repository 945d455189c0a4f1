//! Assignments, definitions, variable declarations.
//!
//! The calls on both sides run first, in source order ([`crate::hoist`]). Then the right side is evaluated, then the left, but for
//! operands of the left side that compute something: those come first. Several values are the matter of [`crate::tuple`].

use mini_frontend::Builtin;
use mini_mir::{
    BinOp, Const, ConstValue, LocalKind, Operand, Place, Proj, Rvalue, SiteKind, StatementKind,
    TyId, TyKind,
};
use mini_syntax::ast::{BinaryOp, Expr, ExprKind, Ident, UnaryOp, VarSpec};

use crate::expr::bin_op;
use crate::func::FuncLower;
use crate::hoist::Part;
use crate::tuple::{Dest, Pair, Source};

/// What can stand on the left of `=`, its operands evaluated.
pub(crate) enum LValue {
    Blank,
    Place(Place),
    MapElement { map: Operand, key: Operand },
}

impl<'ast> FuncLower<'_, 'ast> {
    pub(crate) fn lvalue(&mut self, e: &'ast Expr) -> LValue {
        let e = e.unparen();
        match &e.kind {
            ExprKind::Name(name) if name.is_blank() => return LValue::Blank,
            ExprKind::Index { x, indices } => {
                let x_ty = self.ety(x);
                if let TyKind::Map(..) = *self.kind(x_ty) {
                    let (map, key) = self.map_and_key(x, &indices[0]);
                    return LValue::MapElement { map, key };
                }
            }
            _ => {}
        }
        LValue::Place(self.place(e))
    }

    /// The same, so that later assignments to the variables in it do not change what it means.
    pub(crate) fn fixed(&mut self, to: LValue) -> LValue {
        match to {
            LValue::Blank => LValue::Blank,
            LValue::Place(place) => LValue::Place(self.fixed_place(place)),
            LValue::MapElement { map, key } => LValue::MapElement {
                map: self.snapshot(map),
                key: self.snapshot(key),
            },
        }
    }

    /// The place with its last pointer or slice, and the indices behind it, in temporaries.
    fn fixed_place(&mut self, place: Place) -> Place {
        let mut fixed = Place {
            base: place.base,
            proj: Default::default(),
        };
        for step in place.proj {
            let leaves = match step {
                Proj::Deref { .. } => true,
                Proj::Field(_) => false,
                Proj::Index { .. } | Proj::ConstIndex { .. } => {
                    !matches!(self.kind(self.place_ty(&fixed)), TyKind::Array(..))
                }
            };
            if leaves && fixed.as_local().is_none_or(|l| !self.is_temp(l)) {
                let value = self.snapshot(Operand::Copy(fixed));
                fixed = self.as_place(value);
            }
            let step = match step {
                Proj::Index { index, checked } if !self.is_temp(index) => {
                    let copy = self.snapshot(Operand::local(index));
                    Proj::Index {
                        index: self.as_local(copy),
                        checked,
                    }
                }
                step => step,
            };
            fixed = fixed.project(step);
        }
        fixed
    }

    /// Whether nothing assigns to the local but its definition.
    fn is_temp(&self, local: mini_mir::LocalId) -> bool {
        matches!(
            self.b.body.locals[local].kind,
            LocalKind::Temp | LocalKind::Context
        )
    }

    /// Stores a value, converting it to the type of the left side. `e` is the left side, for its position.
    pub(crate) fn store(&mut self, to: LValue, value: Operand) {
        let pos = self.b.pos;
        match to {
            LValue::Blank => {}
            LValue::Place(place) => {
                let ty = self.place_ty(&place);
                let value = self.assignable_at(value, ty, pos);
                self.b.assign(place, Rvalue::Use(value));
            }
            LValue::MapElement { map, key } => {
                let TyKind::Map(_, value_ty) = *self.kind(self.op_ty(&map)) else {
                    mini_diagnostics::bug!("map element of another type");
                };
                let value = self.assignable_at(value, value_ty, pos);
                self.b.push(StatementKind::MapSet { map, key, value });
            }
        }
    }

    // -----------------------------------------------------------------------------------------------------------------

    /// `lhs… = rhs…`
    pub(crate) fn assign(&mut self, lhs: &'ast [Expr], rhs: &'ast [Expr]) {
        match (lhs, rhs) {
            ([to], [value]) => self.assign_one(to, value),
            (_, [value]) => {
                self.hoist_all(lhs);
                let value = self.multi_value(value);
                let parts = self.tuple_parts(value).into_iter().map(Source::Value);
                self.assign_list(self.pairs(lhs, parts));
            }
            _ => {
                self.hoist_assignment(lhs, rhs);
                self.assign_list(self.pairs(lhs, rhs.iter().map(Source::Expr)));
            }
        }
    }

    fn pairs(&self, lhs: &'ast [Expr], rhs: impl Iterator<Item = Source<'ast>>) -> Vec<Pair<'ast>> {
        let pairs = lhs.iter().zip(rhs);
        pairs
            .map(|(to, from)| (Dest::Expr(to), from, self.b.pos))
            .collect()
    }

    pub(crate) fn lvalue_ty(&self, to: &LValue) -> Option<TyId> {
        match to {
            LValue::Blank => None,
            LValue::Place(place) => Some(self.place_ty(place)),
            LValue::MapElement { map, .. } => match *self.kind(self.op_ty(map)) {
                TyKind::Map(_, value) => Some(value),
                _ => None,
            },
        }
    }

    fn assign_one(&mut self, to: &'ast Expr, value: &'ast Expr) {
        if self.append_to_element(to, value) {
            return;
        }
        self.hoist_assignment(std::slice::from_ref(to), std::slice::from_ref(value));
        self.assign_evaluated(to, value);
    }

    /// `to = value`, the calls having run.
    pub(crate) fn assign_evaluated(&mut self, to: &'ast Expr, value: &'ast Expr) {
        if to.as_ident().is_some_and(|name| name.name.is_blank()) {
            return self.discard(value);
        }
        if let Some((map, key, value_ty)) = self.map_element(to) {
            let value = self.settled(value, Some(value_ty));
            let value = self.snapshot_fault(value);
            let (map, key) = self.map_and_key(map, key);
            return self.b.push(StatementKind::MapSet { map, key, value });
        }
        self.evaluate_operands(to);
        if self.evaluates_index(to) {
            let ty = self.ety(to);
            let value = self.settled(value, Some(ty));
            let value = self.snapshot_fault(value);
            let to = self.lvalue(to);
            return self.store(to, value);
        }
        let place = self.place(to);
        self.settle_parts_of(value);
        self.expr_into(value, place, false);
    }

    /// The map, the key and the type of the elements, if the expression is an element of a map.
    pub(crate) fn map_element(&mut self, e: &'ast Expr) -> Option<(&'ast Expr, &'ast Expr, TyId)> {
        let ExprKind::Index { x, indices } = &e.unparen().kind else {
            return None;
        };
        let x_ty = self.ety(x);
        match *self.kind(x_ty) {
            TyKind::Map(_, value) => Some((x, &indices[0], value)),
            _ => None,
        }
    }

    /// `m[k] = append(m[k], …)`: the map and the key are evaluated, then the values, and the element is looked for to be stored.
    fn append_to_element(&mut self, to: &'ast Expr, value: &'ast Expr) -> bool {
        let Some((map, key, ty)) = self.map_element(to) else {
            return false;
        };
        let ExprKind::Call(call) = &value.unparen().kind else {
            return false;
        };
        let [first, rest @ ..] = call.args.as_slice() else {
            return false;
        };
        if self.called_builtin(call) != Some(Builtin::Append)
            || rest.is_empty()
            || !self.is_same(to, first)
        {
            return false;
        }
        let elem = (!call.has_dots).then(|| self.cx.types.elem(ty));
        let to = self.map_local(map, key);
        let values: Vec<Part<'ast>> = rest.iter().map(|value| (value, elem)).collect();
        self.hoist_parts(&values);
        for (value, ty) in values {
            self.evaluate(value, ty);
        }
        let old = self.entry(&to);
        self.hoisted.insert(first.unparen().id, old);
        let value = self.expr_to(value, ty);
        self.store(to, value);
        true
    }

    /// A map and a key; of faults in them that of the map is raised, unless the key is copied first.
    pub(crate) fn map_and_key(&mut self, map: &'ast Expr, key: &'ast Expr) -> (Operand, Operand) {
        let map_ty = self.ety(map);
        let TyKind::Map(key_ty, value_ty) = *self.kind(map_ty) else {
            mini_diagnostics::bug!("map element of another type");
        };
        self.hoist_all([map]);
        self.hoist_parts(&[(key, Some(key_ty))]);
        if self.is_copied_key(key, key_ty, value_ty) {
            self.evaluate(key, Some(key_ty));
        }
        let map = self.expr(map);
        let map = match self.may_raise(key) {
            true => self.snapshot_fault(map),
            false => map,
        };
        let key = self.settled(key, Some(key_ty));
        (map, key)
    }

    /// Whether an index on the way to what is assigned to may fail to be evaluated.
    fn evaluates_index(&mut self, to: &Expr) -> bool {
        match &to.unparen().kind {
            ExprKind::Index { x, indices } => {
                let x_ty = self.ety(x);
                !matches!(self.kind(x_ty), TyKind::Map(..)) && self.may_raise(&indices[0])
                    || self.evaluates_index(x)
            }
            ExprKind::Selector { x, .. } | ExprKind::Unary { x, .. } => self.evaluates_index(x),
            _ => false,
        }
    }

    /// Evaluates for effects, faults included.
    pub(crate) fn discard(&mut self, e: &'ast Expr) {
        let value = self.root(e, None);
        if let Operand::Copy(place) = &value
            && !place.proj.is_empty()
        {
            let ty = self.place_ty(place);
            self.b.eval(ty, Rvalue::Use(value));
        }
    }

    /// A call with several results, or an operation with its bool, as a tuple.
    pub(crate) fn multi_value(&mut self, e: &'ast Expr) -> Operand {
        let e = e.unparen();
        let outer = std::mem::replace(&mut self.b.pos, e.pos);
        let value = match &e.kind {
            ExprKind::Index { x, indices } => self.map_get(x, &indices[0], true),
            ExprKind::TypeAssert { x, .. } => {
                let ty = self.ety(e);
                let ty = match self.kind(ty) {
                    TyKind::Tuple(parts) => parts[0],
                    _ => ty,
                };
                self.type_assert(x, ty, true)
            }
            ExprKind::Unary {
                op: UnaryOp::Recv,
                x,
            } => self.receive(x, true),
            _ => self.expr(e),
        };
        self.b.pos = outer;
        value
    }

    /// `lhs… := rhs…`
    pub(crate) fn define(&mut self, lhs: &'ast [Expr], rhs: &'ast [Expr]) {
        if let ([to], [value]) = (lhs, rhs)
            && let Some(name) = to.as_ident()
        {
            return self.init_name(name, Some(value));
        }
        match rhs {
            [value] if lhs.len() > 1 => {
                let value = self.multi_value(value);
                let values = self.tuple_parts(value);
                for (to, value) in lhs.iter().zip(values) {
                    if let Some(name) = to.as_ident() {
                        self.define_name(name, value);
                    }
                }
            }
            _ => {
                self.hoist_assignment(lhs, rhs);
                self.declare_list(lhs.iter().filter_map(Expr::as_ident), rhs);
            }
        }
    }

    /// Names, and a value for each, whose calls have run.
    fn declare_list(&mut self, names: impl Iterator<Item = Ident>, values: &'ast [Expr]) {
        let pos = self.b.pos;
        let pair = |(name, value)| (Dest::Name(name), Source::Expr(value), pos);
        self.assign_list(names.zip(values).map(pair).collect());
    }

    pub(crate) fn named_var(&self, name: Ident) -> Option<mini_frontend::ObjId> {
        if name.name.is_blank() {
            return None;
        }
        self.info().object(name.id)
    }

    /// Declares the variable if this is its declaration, and assigns.
    pub(crate) fn define_name(&mut self, name: Ident, value: Operand) {
        let Some(var) = self.named_var(name) else {
            return;
        };
        let place = if self.prog.object(var).pos == name.pos {
            Place::local(self.declare_var(var))
        } else {
            self.var_place(var)
        };
        self.store(LValue::Place(place), value);
    }

    /// `name := value`, `var name T = value`, `var name T`
    fn init_name(&mut self, name: Ident, value: Option<&'ast Expr>) {
        let Some(var) = self.named_var(name) else {
            if let Some(value) = value {
                self.discard(value);
            }
            return;
        };
        let Some(value) = value else {
            self.declare_var(var);
            return;
        };
        if self.prog.object(var).pos != name.pos {
            let place = self.var_place(var);
            self.hoist_all([value]);
            return self.expr_into(value, place, false);
        }
        let ty = self.object_ty(var);
        if matches!(value.unparen().kind, ExprKind::CompositeLit(_)) && self.builds_in_place(ty) {
            let local = self.declare_var(var);
            return self.expr_into(value, Place::local(local), true);
        }
        let value = self.root(value, Some(ty));
        let local = self.declare_var(var);
        self.b.assign(local, Rvalue::Use(value));
    }

    /// `var names… T = values…`
    pub(crate) fn var_spec(&mut self, spec: &'ast VarSpec) {
        match (spec.names.as_slice(), spec.values.as_slice()) {
            (names, []) => {
                for &name in names {
                    self.init_name(name, None);
                }
            }
            ([name], [value]) => self.init_name(*name, Some(value)),
            (names, [value]) => {
                let value = self.multi_value(value);
                let parts = self.tuple_parts(value);
                for (&name, part) in names.iter().zip(parts) {
                    self.define_name(name, part);
                }
            }
            (names, values) => {
                let mut parts = vec![];
                for (&name, value) in names.iter().zip(values) {
                    let ty = self.named_var(name).map(|var| self.object_ty(var));
                    parts.push((value, ty));
                }
                self.hoist_parts(&parts);
                self.declare_list(names.iter().copied(), values);
            }
        }
    }

    // -----------------------------------------------------------------------------------------------------------------

    /// `lhs op= rhs`
    pub(crate) fn op_assign(&mut self, op: BinaryOp, lhs: &'ast Expr, rhs: &'ast Expr) {
        self.hoist_assignment(std::slice::from_ref(lhs), std::slice::from_ref(rhs));
        if let Some((map, key, ty)) = self.map_element(lhs) {
            return self.op_assign_element(op, (map, key), rhs, ty);
        }
        self.evaluate_operands(lhs);
        let ty = self.ety(lhs);
        let right_ty = (!op.is_shift()).then_some(ty);
        let mut parts: Vec<Part<'ast>> = vec![(lhs, None)];
        match op == BinaryOp::Add && self.cx.types.is_string(ty) {
            true => {
                let mut leaves = vec![];
                self.concat_leaves(rhs, &mut leaves);
                parts.extend(leaves.into_iter().map(|leaf| (leaf, right_ty)));
            }
            false => parts.push((rhs, right_ty)),
        }
        self.settle_all(&parts);
        let place = self.place(lhs);
        // Of two faults that on the left is raised.
        let mut old = Operand::Copy(place.clone());
        if !self.is_read_late(rhs, Some(ty)) {
            old = self.snapshot_fault(old);
        }
        let value = if op == BinaryOp::Add && self.cx.types.is_string(ty) {
            let mut parts = self.concat_parts(rhs, ty);
            parts.insert(0, old);
            // Go speaks of the right side only, if that is itself a concatenation.
            let rhs = rhs.unparen();
            let is_concat = matches!(rhs.kind, ExprKind::Binary { .. })
                && !self.info().expr(rhs.id).value.is_some();
            let (pos, text) = if is_concat {
                (rhs.pos, self.site_text(rhs))
            } else {
                (self.b.pos, String::new())
            };
            let site = self.b.site(SiteKind::Concat, TyId::STRING, pos, text);
            Rvalue::Concat { site, parts }
        } else {
            let rhs = self.right_operand(op, rhs, ty);
            Rvalue::Binary(bin_op(op), old, rhs)
        };
        self.b.assign(place, value);
    }

    /// `m[k] op= rhs`. The right side is evaluated first, but for divisions, which must fail before the key is in the map.
    fn op_assign_element(
        &mut self,
        op: BinaryOp,
        (map, key): (&'ast Expr, &'ast Expr),
        rhs: &'ast Expr,
        ty: TyId,
    ) {
        let reads_first = matches!(op, BinaryOp::Div | BinaryOp::Rem);
        let (to, old, right);
        if reads_first {
            to = self.map_local(map, key);
            old = self.read(&to);
            right = self.right_operand(op, rhs, ty);
        } else {
            let value = self.right_operand(op, rhs, ty);
            right = self.in_local(value);
            to = self.map_local(map, key);
            old = match self.cx.types.is_string(ty) {
                true => self.entry(&to),
                false => self.read(&to),
            };
        }
        let value = if op == BinaryOp::Add && self.cx.types.is_string(ty) {
            let pos = self.b.pos;
            let site = self.b.site(SiteKind::Concat, TyId::STRING, pos, "");
            let parts = vec![old, right];
            Rvalue::Concat { site, parts }
        } else {
            Rvalue::Binary(bin_op(op), old, right)
        };
        let value = Operand::local(self.b.eval(ty, value));
        self.store(to, value);
    }

    fn right_operand(&mut self, op: BinaryOp, rhs: &'ast Expr, ty: TyId) -> Operand {
        self.settled(rhs, (!op.is_shift()).then_some(ty))
    }

    /// An element of a map to read, change, and store: all of it is evaluated here, so that the three stand next to each other.
    /// Of numbers codegen then looks into the map once, for storing, as Go does: a key without a hash or a nil map shows it.
    pub(crate) fn map_local(&mut self, map: &'ast Expr, key: &'ast Expr) -> LValue {
        let (map, key) = self.map_and_key(map, key);
        LValue::MapElement {
            map: self.in_local(map),
            key: self.in_local(key),
        }
    }

    /// `x++`, `x--`
    pub(crate) fn inc_dec(&mut self, x: &'ast Expr, is_inc: bool) {
        self.hoist_all([x]);
        let to = match self.map_element(x) {
            Some((map, key, _)) => self.map_local(map, key),
            None => {
                self.evaluate_operands(x);
                self.lvalue(x)
            }
        };
        let old = self.read(&to);
        let ty = self.op_ty(&old);
        let types = &self.cx.types;
        let value = if types.is_float(ty) {
            ConstValue::Float(1.0)
        } else if types.is_complex(ty) {
            ConstValue::Complex(1.0, 0.0)
        } else {
            ConstValue::Int(1)
        };
        let one = Operand::Const(Const { ty, value });
        let op = if is_inc { BinOp::Add } else { BinOp::Sub };
        self.write_back(to, ty, Rvalue::Binary(op, old, one));
    }

    /// A constant, or a local with the value.
    fn in_local(&mut self, operand: Operand) -> Operand {
        match operand.as_const() {
            Some(_) => operand,
            None => Operand::local(self.as_local(operand)),
        }
    }

    fn read(&mut self, from: &LValue) -> Operand {
        match from {
            LValue::Blank => mini_diagnostics::bug!("blank in an operation"),
            LValue::Place(place) => Operand::Copy(place.clone()),
            LValue::MapElement { map, key } => {
                let TyKind::Map(_, ty) = *self.kind(self.op_ty(map)) else {
                    mini_diagnostics::bug!("map element of another type");
                };
                let value = Rvalue::MapGet {
                    map: map.clone(),
                    key: key.clone(),
                    comma_ok: false,
                };
                Operand::local(self.b.eval(ty, value))
            }
        }
    }

    /// The value of an element of a map that is stored to next.
    pub(crate) fn entry(&mut self, of: &LValue) -> Operand {
        let LValue::MapElement { map, key } = of else {
            mini_diagnostics::bug!("an entry of no map");
        };
        let TyKind::Map(_, ty) = *self.kind(self.op_ty(map)) else {
            mini_diagnostics::bug!("map element of another type");
        };
        let (map, key) = (map.clone(), key.clone());
        Operand::local(self.b.eval(ty, Rvalue::MapEntry { map, key }))
    }

    fn write_back(&mut self, to: LValue, ty: TyId, value: Rvalue) {
        match to {
            LValue::Place(place) => self.b.assign(place, value),
            to => {
                let value = Operand::local(self.b.eval(ty, value));
                self.store(to, value);
            }
        }
    }
}
