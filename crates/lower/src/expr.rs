//! Expressions: values, places, conditions.

use mini_frontend::{Complex, ConstId, Constant, Mode, ObjectKind};
use mini_mir::{
    BinOp, BlockId, Const, ConstValue, Operand, Place, Proj, Rvalue, SiteKind, TyId, TyKind, UnOp,
};
use mini_syntax::ast::{BinaryOp, Expr, ExprKind, SliceExpr, UnaryOp};

use crate::func::FuncLower;
use crate::hoist::Part;

impl<'ast> FuncLower<'_, 'ast> {
    /// The value of an expression, in the expression's own type.
    pub(crate) fn expr(&mut self, e: &'ast Expr) -> Operand {
        let e = e.unparen();
        let info = self.info().expr(e.id);
        if info.value.is_some() {
            let ty = self.ety(e);
            return self.constant(info.value, ty);
        }
        if info.mode == Mode::Nil {
            return Operand::zero(self.ety(e));
        }
        if !self.hoisted.is_empty()
            && let Some(value) = self.hoisted.remove(&e.id)
        {
            return value;
        }
        let outer = std::mem::replace(&mut self.b.pos, e.pos);
        let value = self.expr_kind(e);
        self.b.pos = outer;
        value
    }

    /// The value of an expression as a value of type `ty`, to which it is assignable.
    pub(crate) fn expr_to(&mut self, e: &'ast Expr, ty: TyId) -> Operand {
        let e = e.unparen();
        let info = self.info().expr(e.id);
        if info.mode == Mode::Nil {
            return Operand::zero(ty);
        }
        if info.value.is_some() && !self.cx.types.is_interface(ty) {
            return self.constant(info.value, ty);
        }
        let value = self.expr(e);
        let outer = std::mem::replace(&mut self.b.pos, e.pos);
        let value = self.assignable(value, ty, e);
        self.b.pos = outer;
        value
    }

    /// Puts the value of an expression where `dest` says. With `is_fresh`, nothing can read `dest` before the whole value
    /// is there, and it is zero.
    pub(crate) fn expr_into(&mut self, e: &'ast Expr, dest: Place, is_fresh: bool) {
        let e = e.unparen();
        let ty = self.place_ty(&dest);
        if is_fresh
            && let ExprKind::CompositeLit(lit) = &e.kind
            && self.ety(e) == ty
            && self.builds_in_place(ty)
        {
            let outer = std::mem::replace(&mut self.b.pos, e.pos);
            self.composite_into(e, lit, ty, dest);
            self.b.pos = outer;
            return;
        }
        let value = self.expr_to(e, ty);
        let faults = matches!(&value, Operand::Copy(from) if from.may_fault());
        let pos = match faults && !dest.may_fault() {
            true => e.pos,
            false => self.b.pos,
        };
        self.at(pos, |this| this.b.assign(dest, Rvalue::Use(value)));
    }

    fn expr_kind(&mut self, e: &'ast Expr) -> Operand {
        match &e.kind {
            ExprKind::Name(name) => {
                let ident = mini_syntax::ast::Ident {
                    id: e.id,
                    name: *name,
                    pos: e.pos,
                };
                self.named_value(e, ident)
            }
            ExprKind::CompositeLit(lit) => self.composite(e, lit),
            ExprKind::FuncLit(lit) => self.func_lit(e, lit),
            ExprKind::Selector { x, sel } => self.selector(e, x, *sel),
            // Type arguments are kept with the name.
            ExprKind::Index { x, .. } if self.names_generic(x) => self.expr(x),
            ExprKind::Index { x, indices } => self.index(x, &indices[0]),
            ExprKind::Slice(slice) => self.slice(e, slice),
            ExprKind::TypeAssert { x, .. } => {
                let ty = self.ety(e);
                self.type_assert(x, ty, false)
            }
            ExprKind::Call(call) => self.call(e, call),
            ExprKind::Unary { op, x } => self.unary(e, *op, x),
            ExprKind::Binary { op, x, y } => self.binary(e, *op, x, y),
            ExprKind::Paren(x) => self.expr(x),
            _ => self.unsupported(e, "this kind of expression is"),
        }
    }

    /// A constant as a value of type `ty`.
    pub(crate) fn constant(&mut self, id: ConstId, ty: TyId) -> Operand {
        let constant = self.prog.constant(id);
        let ty = match constant {
            _ if !self.cx.types.is_interface(ty) => ty,
            Constant::Bool(_) => TyId::BOOL,
            Constant::Str(_) => TyId::STRING,
            Constant::Float(_) => TyId::FLOAT64,
            Constant::Complex(_) => TyId::COMPLEX128,
            _ => TyId::INT,
        };
        let types = &self.cx.types;
        let value = if types.is_integer(ty) {
            integer(constant).map(ConstValue::Int)
        } else if types.is_float(ty) {
            let is_single = matches!(types.kind(ty), TyKind::Float32);
            float(constant, is_single).map(ConstValue::Float)
        } else if types.is_complex(ty) {
            let is_single = matches!(types.kind(ty), TyKind::Complex64);
            complex(constant, is_single)
        } else {
            match constant {
                Constant::Bool(b) => Some(ConstValue::Bool(*b)),
                Constant::Str(text) => Some(ConstValue::Str(text.clone())),
                _ => None,
            }
        };
        match value {
            Some(value) => Operand::Const(Const { ty, value }),
            None => mini_diagnostics::bug!(
                "constant {constant:?} of type {}",
                mini_mir::print::type_name(types, ty)
            ),
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Places

    /// A place that holds the value of an expression: the variable itself where it is one, else a temporary.
    pub(crate) fn place(&mut self, e: &'ast Expr) -> Place {
        let e = e.unparen();
        let outer = std::mem::replace(&mut self.b.pos, e.pos);
        let place = self.place_kind(e);
        self.b.pos = outer;
        place
    }

    fn place_kind(&mut self, e: &'ast Expr) -> Place {
        if self.info().expr(e.id).value.is_some() {
            let value = self.expr(e);
            return self.as_place(value);
        }
        match &e.kind {
            _ if self.hoisted.contains_key(&e.id) => {}
            ExprKind::Index { x, indices } => {
                let x_ty = self.ety(x);
                if !matches!(self.kind(x_ty), TyKind::Map(..) | TyKind::Func(_)) {
                    return self.element(x, &indices[0]);
                }
            }
            ExprKind::Unary {
                op: UnaryOp::Deref,
                x,
            } => {
                let pointer = self.expr(x);
                return self.as_place(pointer).deref();
            }
            _ => {}
        }
        let value = self.expr(e);
        self.as_place(value)
    }

    /// `x[i]` of an array, a slice, a string, or a pointer to an array.
    fn element(&mut self, x: &'ast Expr, index: &'ast Expr) -> Place {
        let base = self.place(x);
        let mut base = self.auto_deref(base);
        if base.may_fault() && self.may_raise(index) {
            let ty = self.place_ty(&base);
            base = match self.kind(ty) {
                TyKind::Array(..) => self.checked(base),
                _ => {
                    let value = self.snapshot(Operand::Copy(base));
                    self.as_place(value)
                }
            };
        }
        let step = self.index_step(index, self.place_ty(&base));
        base.project(step)
    }

    fn index_step(&mut self, index: &'ast Expr, base: TyId) -> Proj {
        let value = self.expr(index);
        // Of what is no constant to the checker, such as the length of an array, the index is a local.
        if self.info().expr(index.unparen().id).value.is_some()
            && let Operand::Const(Const {
                value: ConstValue::Int(value),
                ..
            }) = value
        {
            // The checker has compared a constant index with the length of an array.
            let checked = matches!(self.kind(base), TyKind::Array(..));
            return Proj::ConstIndex {
                index: value as u64,
                checked,
            };
        }
        let index = self.as_local(value);
        Proj::Index {
            index,
            checked: false,
        }
    }

    /// Whether the expression names a generic function or method, to be instantiated.
    pub(crate) fn names_generic(&self, e: &Expr) -> bool {
        self.info().instances.contains_key(&e.unparen().id)
    }

    fn index(&mut self, x: &'ast Expr, index: &'ast Expr) -> Operand {
        let x_ty = self.ety(x);
        if let TyKind::Map(..) = self.kind(x_ty) {
            return self.map_get(x, index, false);
        }
        let element = self.element(x, index);
        Operand::Copy(element)
    }

    /// `m[k]`, with `comma_ok` as a pair.
    pub(crate) fn map_get(&mut self, x: &'ast Expr, index: &'ast Expr, comma_ok: bool) -> Operand {
        let x_ty = self.ety(x);
        let TyKind::Map(key_ty, value_ty) = *self.kind(x_ty) else {
            mini_diagnostics::bug!("map index of another type");
        };
        let _ = key_ty;
        let (map, key) = self.map_and_key(x, index);
        let ty = if comma_ok {
            self.cx.types.tuple(&[value_ty, TyId::BOOL])
        } else {
            value_ty
        };
        Operand::local(self.b.eval(ty, Rvalue::MapGet { map, key, comma_ok }))
    }

    fn slice(&mut self, e: &'ast Expr, slice: &'ast SliceExpr) -> Operand {
        let x_ty = self.ety(&slice.x);
        // The bounds are evaluated one after the other, then what is sliced.
        self.hoist_all([&slice.x]);
        for bound in slice.lo.iter().chain(&slice.hi).chain(&slice.max) {
            self.hoist_all([bound]);
            self.evaluate(bound, None);
        }
        let base = if matches!(self.kind(x_ty), TyKind::Array(..)) {
            let array = self.place(&slice.x);
            self.ref_place(array)
        } else {
            self.expr(&slice.x)
        };
        let mut bound = |x: &'ast Option<Expr>| x.as_ref().map(|x| self.expr(x));
        let (low, high, max) = (bound(&slice.lo), bound(&slice.hi), bound(&slice.max));
        let ty = self.ety(e);
        let value = Rvalue::Slice {
            base,
            ty,
            low,
            high,
            max,
            checked: false,
        };
        Operand::local(self.b.eval(ty, value))
    }

    /// `x.(T)`, with `comma_ok` as a pair.
    pub(crate) fn type_assert(&mut self, x: &'ast Expr, ty: TyId, comma_ok: bool) -> Operand {
        let value = self.expr(x);
        self.cx.demand(ty);
        let result = if comma_ok {
            self.cx.types.tuple(&[ty, TyId::BOOL])
        } else {
            ty
        };
        let value = Rvalue::TypeAssert {
            value,
            ty,
            comma_ok,
        };
        Operand::local(self.b.eval(result, value))
    }

    /// `<-c`, with `comma_ok` as a pair.
    pub(crate) fn receive(&mut self, chan: &'ast Expr, comma_ok: bool) -> Operand {
        let chan = self.expr(chan);
        let elem = self.cx.types.elem(self.op_ty(&chan));
        let ty = if comma_ok {
            self.cx.types.tuple(&[elem, TyId::BOOL])
        } else {
            elem
        };
        Operand::local(self.b.eval(ty, Rvalue::Receive { chan, comma_ok }))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Operators

    fn unary(&mut self, e: &'ast Expr, op: UnaryOp, x: &'ast Expr) -> Operand {
        let op = match op {
            UnaryOp::Plus => return self.expr(x),
            UnaryOp::Addr => return self.address_of(e, x),
            UnaryOp::Recv => return self.receive(x, false),
            UnaryOp::Deref => return Operand::Copy(self.place(e)),
            UnaryOp::Neg => UnOp::Neg,
            UnaryOp::BitNot => UnOp::BitNot,
            UnaryOp::Not => UnOp::Not,
            UnaryOp::Tilde => return self.unsupported(e, "`~` outside of constraints is"),
        };
        let ty = self.ety(e);
        let x = self.expr_to(x, ty);
        Operand::local(self.b.eval(ty, Rvalue::Unary(op, x)))
    }

    fn address_of(&mut self, e: &'ast Expr, x: &'ast Expr) -> Operand {
        let x = x.unparen();
        if let ExprKind::CompositeLit(lit) = &x.kind {
            let text = self.site_text(e);
            return self.composite_pointer(x, lit, e.pos, text);
        }
        let place = self.place(x);
        self.ref_place(place)
    }

    fn binary(&mut self, e: &'ast Expr, op: BinaryOp, x: &'ast Expr, y: &'ast Expr) -> Operand {
        let ty = self.ety(e);
        match op {
            BinaryOp::LogAnd | BinaryOp::LogOr => return self.logical(op, ty, x, y),
            BinaryOp::Add if self.cx.types.is_string(ty) => return self.concat(e, ty),
            _ => {}
        }
        if op.is_comparison() {
            let (x_ty, y_ty) = (self.ety(x), self.ety(y));
            self.hoist_parts(&[(x, Some(y_ty)), (y, Some(x_ty))]);
            self.settle_parts_of(e);
            return self.comparison(op, ty, x, y);
        }
        let y_ty = (!op.is_shift()).then_some(ty);
        let (x, y) = self.pair(&[(x, Some(ty)), (y, y_ty)]);
        Operand::local(self.b.eval(ty, Rvalue::Binary(bin_op(op), x, y)))
    }

    fn pair(&mut self, parts: &[Part<'ast>; 2]) -> (Operand, Operand) {
        self.hoist_parts(parts);
        self.settle_all(parts);
        self.in_order(parts)
    }

    fn in_order(&mut self, parts: &[Part<'ast>; 2]) -> (Operand, Operand) {
        let values = self.values_in_order(parts);
        <[Operand; 2]>::try_from(values)
            .map(|[x, y]| (x, y))
            .unwrap_or_else(|_| mini_diagnostics::bug!("two expressions without two values"))
    }

    /// `x && y`, `x || y` as a value.
    fn logical(&mut self, op: BinaryOp, ty: TyId, x: &'ast Expr, y: &'ast Expr) -> Operand {
        let result = self.b.temp(ty);
        let x = self.root(x, Some(ty));
        self.b.assign(result, Rvalue::Use(x));
        let (more, join) = (self.b.new_block(), self.b.new_block());
        let cond = Operand::local(result);
        if op == BinaryOp::LogAnd {
            self.b.branch(cond, more, join);
        } else {
            self.b.branch(cond, join, more);
        }
        self.b.switch_to(more);
        let y = self.root(y, Some(ty));
        self.b.assign(result, Rvalue::Use(y));
        self.b.goto(join);
        self.b.switch_to(join);
        Operand::local(result)
    }

    fn concat(&mut self, e: &'ast Expr, ty: TyId) -> Operand {
        let parts = self.concat_parts(e, ty);
        let text = self.site_text(e);
        let site = self.b.site(SiteKind::Concat, TyId::STRING, e.pos, text);
        Operand::local(self.b.eval(ty, Rvalue::Concat { site, parts }))
    }

    /// The operands of a chain of `+`, left to right.
    pub(crate) fn concat_parts(&mut self, e: &'ast Expr, ty: TyId) -> Vec<Operand> {
        let mut leaves = vec![];
        self.concat_leaves(e, &mut leaves);
        let parts: Vec<Part<'ast>> = leaves.into_iter().map(|e| (e, Some(ty))).collect();
        self.values(&parts)
    }

    pub(crate) fn concat_leaves(&self, e: &'ast Expr, leaves: &mut Vec<&'ast Expr>) {
        let e = e.unparen();
        match &e.kind {
            ExprKind::Binary {
                op: BinaryOp::Add,
                x,
                y,
            } if !self.info().expr(e.id).value.is_some() => {
                self.concat_leaves(x, leaves);
                self.concat_leaves(y, leaves);
            }
            _ => leaves.push(e),
        }
    }

    fn comparison(&mut self, op: BinaryOp, ty: TyId, x: &'ast Expr, y: &'ast Expr) -> Operand {
        let is_nil = |e: &Expr| self.info().expr(e.unparen().id).mode == Mode::Nil;
        let op = bin_op(op);
        let (x, y) = match (is_nil(x), is_nil(y)) {
            (false, true) => {
                let x = self.expr(x);
                let y = Operand::zero(self.op_ty(&x));
                (x, y)
            }
            (true, _) => {
                let y = self.expr(y);
                (Operand::zero(self.op_ty(&y)), y)
            }
            (false, false) => self.in_order(&[(x, None), (y, None)]),
        };
        self.compare(op, ty, x, y)
    }

    /// Compares two values; one may be assignable to the type of the other.
    pub(crate) fn compare(&mut self, op: BinOp, ty: TyId, x: Operand, y: Operand) -> Operand {
        let (x_ty, y_ty) = (self.op_ty(&x), self.op_ty(&y));
        let types = &self.cx.types;
        // The test for NaN in generic code, where there is none.
        if x == y && x.as_local().is_some() && (types.is_integer(x_ty) || types.is_string(x_ty)) {
            return self.const_bool(ty, !matches!(op, BinOp::Ne | BinOp::Lt | BinOp::Gt));
        }
        let (x, y) = match (types.is_interface(x_ty), types.is_interface(y_ty)) {
            _ if x_ty == y_ty => (x, y),
            (true, false) => return self.compare_mixed(op, ty, x, y),
            (false, true) => return self.compare_mixed(op, ty, y, x),
            (true, true) => {
                // To the one that asks for less, which the other one implements.
                let n = |t| match types.kind(t) {
                    TyKind::Interface(methods) => methods.len(),
                    _ => 0,
                };
                if n(x_ty) <= n(y_ty) {
                    let y = self.convert_interface(y, x_ty);
                    (x, y)
                } else {
                    let x = self.convert_interface(x, y_ty);
                    (x, y)
                }
            }
            (false, false) => {
                let y = self.retype(y, x_ty);
                (x, y)
            }
        };
        Operand::local(self.b.eval(ty, Rvalue::Binary(op, x, y)))
    }

    /// An interface value with one of a concrete type: same type and same value, nothing is boxed.
    fn compare_mixed(&mut self, op: BinOp, ty: TyId, value: Operand, concrete: Operand) -> Operand {
        let concrete_ty = self.op_ty(&concrete);
        let value = self.snapshot(value);
        let concrete = self.snapshot(concrete);
        let result = self.b.temp(ty);
        let (same, join) = (self.b.new_block(), self.b.new_block());
        let differs = self.const_bool(ty, op == BinOp::Ne);
        self.b.assign(result, Rvalue::Use(differs));
        let is = self.b.eval(
            TyId::BOOL,
            Rvalue::TypeIs {
                value: value.clone(),
                ty: concrete_ty,
            },
        );
        self.b.branch(Operand::local(is), same, join);
        self.b.switch_to(same);
        let inner = self.b.eval(
            concrete_ty,
            Rvalue::Unbox {
                value,
                ty: concrete_ty,
            },
        );
        self.b
            .assign(result, Rvalue::Binary(op, Operand::local(inner), concrete));
        self.b.goto(join);
        self.b.switch_to(join);
        Operand::local(result)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Conditions

    /// Goes to `then` or `otherwise`.
    pub(crate) fn condition(&mut self, e: &'ast Expr, then: BlockId, otherwise: BlockId) {
        let e = e.unparen();
        if !self.info().expr(e.id).value.is_some() {
            match &e.kind {
                ExprKind::Unary {
                    op: UnaryOp::Not,
                    x,
                } => return self.condition(x, otherwise, then),
                ExprKind::Binary {
                    op: BinaryOp::LogAnd,
                    x,
                    y,
                } => {
                    let more = self.b.new_block();
                    self.condition(x, more, otherwise);
                    self.b.switch_to(more);
                    return self.condition(y, then, otherwise);
                }
                ExprKind::Binary {
                    op: BinaryOp::LogOr,
                    x,
                    y,
                } => {
                    let more = self.b.new_block();
                    self.condition(x, then, more);
                    self.b.switch_to(more);
                    return self.condition(y, then, otherwise);
                }
                _ => {}
            }
        }
        let cond = self.root(e, None);
        self.b.branch(cond, then, otherwise);
    }

    /// What a name stands for.
    pub(crate) fn object_kind(&self, e: &Expr) -> Option<&ObjectKind> {
        let e = e.unparen();
        let id = match &e.kind {
            ExprKind::Name(_) => e.id,
            ExprKind::Selector { sel, .. } if self.info().selection(e.id).is_none() => sel.id,
            _ => return None,
        };
        let object = self.info().object(id)?;
        Some(&self.prog.object(object).kind)
    }
}

/// The MIR operator of an arithmetic operator or comparison.
pub(crate) fn bin_op(op: BinaryOp) -> BinOp {
    match op {
        BinaryOp::Eq => BinOp::Eq,
        BinaryOp::Ne => BinOp::Ne,
        BinaryOp::Lt => BinOp::Lt,
        BinaryOp::Le => BinOp::Le,
        BinaryOp::Gt => BinOp::Gt,
        BinaryOp::Ge => BinOp::Ge,
        BinaryOp::Add => BinOp::Add,
        BinaryOp::Sub => BinOp::Sub,
        BinaryOp::Or | BinaryOp::LogOr => BinOp::Or,
        BinaryOp::Xor => BinOp::Xor,
        BinaryOp::Mul => BinOp::Mul,
        BinaryOp::Div => BinOp::Div,
        BinaryOp::Rem => BinOp::Rem,
        BinaryOp::And | BinaryOp::LogAnd => BinOp::And,
        BinaryOp::AndNot => BinOp::AndNot,
        BinaryOp::Shl => BinOp::Shl,
        BinaryOp::Shr => BinOp::Shr,
    }
}

/// The value of an integer constant of some machine type.
pub(crate) fn integer(constant: &Constant) -> Option<i128> {
    let int = constant.to_int()?;
    int.to_i64()
        .map(i128::from)
        .or_else(|| int.to_u64().map(i128::from))
}

fn complex(constant: &Constant, is_single: bool) -> Option<ConstValue> {
    let Complex { re, im } = constant.to_complex()?;
    let part = |x: mini_frontend::Float| match is_single {
        true => f64::from(x.to_f32()),
        false => x.to_f64(),
    };
    Some(ConstValue::Complex(part(re), part(im)))
}

fn float(constant: &Constant, is_single: bool) -> Option<f64> {
    if is_single {
        constant.as_f32().map(f64::from)
    } else {
        constant.as_f64()
    }
}
