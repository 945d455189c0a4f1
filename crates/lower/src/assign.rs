//! Assignments, definitions, variable declarations.
//!
//! An assignment of several values has three phases: the calls on both sides run in source order; everything that is to be
//! read (operands of the left side, values of the right) goes into temporaries; the stores happen left to right.

use mini_diagnostics::Pos;
use mini_mir::{
    BinOp, Const, ConstValue, LocalKind, Operand, Place, Proj, Rvalue, SiteKind, StatementKind,
    TyId, TyKind,
};
use mini_syntax::ast::{BinaryOp, Expr, ExprKind, Ident, UnaryOp, VarSpec};

use crate::expr::bin_op;
use crate::func::FuncLower;

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
                if let TyKind::Map(key_ty, _) = *self.kind(x_ty) {
                    let map = self.expr(x);
                    let key = self.expr_to(&indices[0], key_ty);
                    return LValue::MapElement { map, key };
                }
            }
            _ => {}
        }
        LValue::Place(self.place(e))
    }

    /// The same, so that later assignments to the variables in it do not change what it means.
    fn fixed(&mut self, to: LValue) -> LValue {
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
                let parts = self.tuple_parts(value);
                let targets: Vec<_> = lhs.iter().map(|e| self.lvalue(e)).collect();
                let targets: Vec<_> = targets.into_iter().map(|to| self.fixed(to)).collect();
                for (to, part) in targets.into_iter().zip(parts) {
                    self.store(to, part);
                }
            }
            _ => {
                let parts = self.hoist_assignment(lhs, rhs);
                let targets: Vec<_> = lhs.iter().map(|e| self.lvalue(e)).collect();
                let values = self.values_in_order(&parts);
                let pos = self.b.pos;
                let pairs = targets.into_iter().zip(values);
                self.store_all(pairs.map(|(to, value)| (to, value, pos)).collect());
            }
        }
    }

    /// Stores values, each at a position, as if at once.
    pub(crate) fn store_all(&mut self, list: Vec<(LValue, Operand, Pos)>) {
        if list.len() == 1 {
            for (to, value, pos) in list {
                self.b.pos = pos;
                self.store(to, value);
            }
            return;
        }
        let (mut targets, mut values) = (vec![], vec![]);
        for (to, value, pos) in list {
            targets.push((self.fixed(to), pos));
            values.push(value);
        }
        let values = self.snapshots(values);
        for ((to, pos), value) in targets.into_iter().zip(values) {
            self.b.pos = pos;
            self.store(to, value);
        }
    }

    fn lvalue_ty(&self, to: &LValue) -> Option<TyId> {
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
        self.hoist_assignment(std::slice::from_ref(to), std::slice::from_ref(value));
        if self.evaluates_index(to) {
            // Of two faults that on the right is raised.
            let ty = self.ety(to);
            let value = self.expr_to(value, ty);
            let value = match self.may_fault(&value) {
                true => self.snapshot(value),
                false => value,
            };
            let to = self.lvalue(to);
            return self.store(to, value);
        }
        match self.lvalue(to) {
            LValue::Blank => self.discard(value),
            LValue::Place(place) => self.expr_into(value, place, false),
            LValue::MapElement { map, key } => {
                let TyKind::Map(_, value_ty) = *self.kind(self.op_ty(&map)) else {
                    mini_diagnostics::bug!("map element of another type");
                };
                let value = self.expr_to(value, value_ty);
                self.b.push(StatementKind::MapSet { map, key, value });
            }
        }
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
        let value = self.expr(e);
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
        let values = match rhs {
            [value] if lhs.len() > 1 => {
                let value = self.multi_value(value);
                self.tuple_parts(value)
            }
            _ => {
                let parts = self.hoist_assignment(lhs, rhs);
                let values = self.values_in_order(&parts);
                self.snapshots(values)
            }
        };
        for (to, value) in lhs.iter().zip(values) {
            if let Some(name) = to.as_ident() {
                self.define_name(name, value);
            }
        }
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
            return self.expr_into(value, place, false);
        }
        let ty = self.object_ty(var);
        if matches!(value.unparen().kind, ExprKind::CompositeLit(_)) && self.builds_in_place(ty) {
            let local = self.declare_var(var);
            return self.expr_into(value, Place::local(local), true);
        }
        let value = self.expr_to(value, ty);
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
                let operands = self.values(&parts);
                let operands = self.snapshots(operands);
                for (&name, operand) in names.iter().zip(operands) {
                    self.define_name(name, operand);
                }
            }
        }
    }

    // -----------------------------------------------------------------------------------------------------------------

    /// `lhs op= rhs`
    pub(crate) fn op_assign(&mut self, op: BinaryOp, lhs: &'ast Expr, rhs: &'ast Expr) {
        self.hoist_assignment(std::slice::from_ref(lhs), std::slice::from_ref(rhs));
        let mut to = self.lvalue(lhs);
        let ty = self
            .lvalue_ty(&to)
            .unwrap_or_else(|| mini_diagnostics::bug!("blank in an operation"));
        // Of two faults that on the left is raised.
        let early = match &to {
            LValue::Place(place) if !self.is_read_late(rhs, Some(ty)) => {
                let old = Operand::Copy(place.clone());
                self.may_fault(&old).then(|| self.snapshot(old))
            }
            _ => None,
        };
        let value = if op == BinaryOp::Add && self.cx.types.is_string(ty) {
            let mut parts = self.concat_parts(rhs, ty);
            parts.insert(0, early.unwrap_or_else(|| self.read(&to)));
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
            let rhs = if op.is_shift() {
                self.expr(rhs)
            } else {
                self.expr_to(rhs, ty)
            };
            let rhs = match to {
                LValue::MapElement { .. } => self.in_local(rhs),
                _ => rhs,
            };
            to = self.operated(to);
            let old = early.unwrap_or_else(|| self.read(&to));
            Rvalue::Binary(bin_op(op), old, rhs)
        };
        self.write_back(to, ty, value);
    }

    /// `x++`, `x--`
    pub(crate) fn inc_dec(&mut self, x: &'ast Expr, is_inc: bool) {
        let to = self.lvalue(x);
        let to = self.operated(to);
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

    /// What is on the left of `op=`, the right side being there. Of a map's element all is evaluated here, so that reading,
    /// operating and storing stand next to each other: codegen then looks into the map once, as Go does, which a key without
    /// a hash or a nil map shows.
    fn operated(&mut self, to: LValue) -> LValue {
        match to {
            LValue::MapElement { map, key } => LValue::MapElement {
                map: self.in_local(map),
                key: self.in_local(key),
            },
            to => to,
        }
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
