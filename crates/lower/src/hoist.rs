//! Calls before everything else.
//!
//! Where several expressions are evaluated together (arguments, operands, elements), the calls in them run first, in source
//! order; variables are read and values converted after that, as in Go's compiler (its `order` pass). So `f(x, g())` passes
//! the x that g leaves behind. What has run is kept until the expression that holds it is evaluated.
//!
//! The specification leaves this open; a program can see it, so what else runs in its turn is what Go runs there: lengths, type
//! assertions, slicing, `&&` and `||`, and values that are copied to memory to be put into an interface.

use mini_frontend::{Mode, SelectionKind, VarKind};
use mini_mir::{Operand, TyId, TyKind};
use mini_syntax::ast::{BinaryOp, CompositeLit, Expr, ExprKind, UnaryOp};

use crate::func::{FuncLower, Slot};

/// An expression, and the type that its value is then converted to, if that may be another.
pub(crate) type Part<'ast> = (&'ast Expr, Option<TyId>);

/// Go keeps values of at most this many words and fields in registers.
pub(crate) const MAX_SSA_PARTS: usize = 4;

/// Maps with larger elements have no quick way for simple keys in Go.
const MAX_FAST_ELEM: u64 = 128;

impl<'ast> FuncLower<'_, 'ast> {
    /// Runs the calls of expressions that are about to be evaluated together.
    pub(crate) fn hoist_all(&mut self, list: impl IntoIterator<Item = &'ast Expr>) {
        let list: Vec<Part<'ast>> = list.into_iter().map(|e| (e, None)).collect();
        self.hoist_parts(&list);
    }

    /// The same for expressions whose values are then converted.
    pub(crate) fn hoist_parts(&mut self, list: &[Part<'ast>]) {
        let Some(last) = list.iter().rposition(|&(e, to)| self.has_turn(e, to)) else {
            return;
        };
        for &(e, to) in &list[..=last] {
            self.hoist(e, to);
        }
    }

    /// The values of expressions that are evaluated together: calls first, then from left to right. Of several faults the
    /// leftmost is raised.
    pub(crate) fn values(&mut self, list: &[Part<'ast>]) -> Vec<Operand> {
        self.hoist_parts(list);
        self.settle_all(list);
        self.values_in_order(list)
    }

    /// The same behind the calls.
    pub(crate) fn values_in_order(&mut self, list: &[Part<'ast>]) -> Vec<Operand> {
        let last = list.iter().rposition(|&(e, to)| !self.is_read_late(e, to));
        let mut values = vec![];
        for (index, &(e, to)) in list.iter().enumerate() {
            let value = self.expr_or_to(e, to);
            let is_overtaken = last.is_some_and(|last| index < last);
            values.push(match is_overtaken {
                true => self.at(e.unparen().pos, |this| this.snapshot_fault(value)),
                false => value,
            });
        }
        values
    }

    /// Whether evaluating the expression leaves all to the place where the value is used.
    pub(crate) fn is_read_late(&mut self, e: &'ast Expr, to: Option<TyId>) -> bool {
        let e = e.unparen();
        let info = self.info().expr(e.id);
        if info.value.is_some() || info.mode == Mode::Nil || self.hoisted.contains_key(&e.id) {
            return true;
        }
        if let Some(to) = to
            && self.cx.types.is_interface(to)
            && self.ety(e) != to
        {
            return false;
        }
        match &e.kind {
            ExprKind::Name(_) => true,
            ExprKind::Selector { x, .. } => match self.info().selection(e.id) {
                Some(selection) if selection.kind == SelectionKind::Field => {
                    self.is_read_late(x, None)
                }
                Some(_) => false,
                None => true,
            },
            ExprKind::Index { x, indices } => {
                let ty = self.ety(x);
                !matches!(self.kind(ty), TyKind::Map(..) | TyKind::Func(_))
                    && self.is_read_late(x, None)
                    && self.is_index_ready(&indices[0])
            }
            ExprKind::Unary {
                op: UnaryOp::Deref,
                x,
            } => self.is_read_late(x, None),
            _ => false,
        }
    }

    /// Whether an index is there without evaluating anything.
    fn is_index_ready(&self, e: &Expr) -> bool {
        let e = e.unparen();
        matches!(e.kind, ExprKind::Name(_))
            || self.info().expr(e.id).value.is_some()
            || self.hoisted.contains_key(&e.id)
    }

    /// Whether evaluating the expression, when its calls have run, can raise a panic.
    pub(crate) fn may_raise(&mut self, e: &Expr) -> bool {
        let e = e.unparen();
        if self.is_index_ready(e) {
            return false;
        }
        self.raises(e) || parts(e).into_iter().any(|part| self.may_raise(part))
    }

    /// Whether evaluating the expression itself, not its parts, can raise a panic.
    pub(crate) fn raises(&self, e: &Expr) -> bool {
        match &e.kind {
            ExprKind::Index { .. } => true,
            ExprKind::Unary { op, .. } => *op == UnaryOp::Deref,
            ExprKind::Selector { .. } => self
                .info()
                .selection(e.id)
                .is_some_and(|selection| selection.is_indirect),
            ExprKind::TypeAssert { .. } => true,
            ExprKind::Binary { op, y, .. } => {
                let may_fail = matches!(op, BinaryOp::Div | BinaryOp::Rem) || op.is_shift();
                may_fail && !self.info().expr(y.unparen().id).value.is_some()
            }
            _ => false,
        }
    }

    /// Runs the calls on both sides of an assignment. The values, with the types of what they are assigned to.
    pub(crate) fn hoist_assignment(
        &mut self,
        lhs: &'ast [Expr],
        rhs: &'ast [Expr],
    ) -> Vec<Part<'ast>> {
        let mut list: Vec<Part<'ast>> = vec![];
        for to in lhs.iter().filter(|to| to.as_ident().is_none()) {
            list.push((to, None));
        }
        let n_targets = list.len();
        for (to, value) in lhs.iter().zip(rhs) {
            let ty = match to.as_ident() {
                Some(name) => self.named_var(name).map(|var| self.object_ty(var)),
                None => Some(self.ety(to)),
            };
            list.push((value, ty));
        }
        self.hoist_parts(&list);
        list.split_off(n_targets)
    }

    /// Whether evaluating the expression does something among the calls.
    fn has_turn(&mut self, e: &'ast Expr, to: Option<TyId>) -> bool {
        let e = e.unparen();
        let info = self.info().expr(e.id);
        if info.value.is_some() || matches!(info.mode, Mode::Nil | Mode::Type) {
            return false;
        }
        if to.is_some_and(|to| self.is_copied_to_box(e, to)) {
            return true;
        }
        // Each operator of a long chain asks for all before it.
        let is_chain = matches!(&e.kind, ExprKind::Binary { x, .. } if matches!(x.kind, ExprKind::Binary { .. }));
        if is_chain && let Some(&known) = self.has_turn.get(&e.id) {
            return known;
        }
        let found = self.runs_in_turn(e)
            || self
                .typed_parts(e)
                .into_iter()
                .any(|(part, to)| self.has_turn(part, to) || self.is_copied_operand(e, part));
        if is_chain {
            self.has_turn.insert(e.id, found);
        }
        found
    }

    /// Runs what has its turn among the calls, and keeps the values.
    fn hoist(&mut self, e: &'ast Expr, to: Option<TyId>) {
        let e = e.unparen();
        let info = self.info().expr(e.id);
        if info.value.is_some()
            || matches!(info.mode, Mode::Nil | Mode::Type)
            || self.hoisted.contains_key(&e.id)
        {
            return;
        }
        if !self.orders_itself(e) {
            let parts = self.typed_parts(e);
            for &(part, to) in &parts {
                self.hoist(part, to);
            }
            for (part, to) in parts {
                if self.is_copied_operand(e, part) {
                    self.evaluate(part, to);
                }
            }
        }
        if self.runs_in_turn(e) || to.is_some_and(|to| self.is_copied_to_box(e, to)) {
            self.evaluate(e, None);
        }
    }

    /// Whether the expression runs the calls in its operands when it is evaluated.
    pub(crate) fn orders_itself(&mut self, e: &'ast Expr) -> bool {
        match &e.kind {
            ExprKind::Binary { op, .. } => matches!(op, BinaryOp::LogAnd | BinaryOp::LogOr),
            ExprKind::Slice(_) => true,
            ExprKind::CompositeLit(_) => self.runs_in_turn(e),
            ExprKind::Call(call) => self.info().expr(call.fun.unparen().id).mode != Mode::Type,
            _ => false,
        }
    }

    fn runs_in_turn(&mut self, e: &'ast Expr) -> bool {
        match &e.kind {
            ExprKind::Binary { op, .. } => matches!(op, BinaryOp::LogAnd | BinaryOp::LogOr),
            ExprKind::Unary { op, .. } => *op == UnaryOp::Recv,
            ExprKind::Slice(_) => true,
            ExprKind::TypeAssert { .. } => {
                let ty = self.ety(e);
                !self.cx.types.is_pointer_shaped(ty)
            }
            ExprKind::CompositeLit(_) => {
                let ty = self.ety(e);
                matches!(self.kind(ty), TyKind::Map(..))
            }
            ExprKind::Call(call) if self.info().expr(call.fun.unparen().id).mode == Mode::Type => {
                // A conversion that copies.
                let (from, to) = (self.ety(&call.args[0]), self.ety(e));
                self.cx.types.is_string(from) && matches!(self.kind(to), TyKind::Slice(_))
            }
            ExprKind::Call(_) => true,
            _ => false,
        }
    }

    /// Whether Go copies an operand when it orders the calls, because its runtime takes the address: keys of most maps, structs
    /// and arrays to compare.
    fn is_copied_operand(&mut self, e: &'ast Expr, part: &'ast Expr) -> bool {
        match &e.kind {
            ExprKind::Index { x, indices } if std::ptr::eq(part, &indices[0]) => {
                let x_ty = self.ety(x);
                match *self.kind(x_ty) {
                    TyKind::Map(key, elem) => self.is_copied_key(part, key, elem),
                    _ => false,
                }
            }
            ExprKind::Binary { op, .. } if op.is_comparison() => {
                let ty = self.ety(part);
                matches!(self.kind(ty), TyKind::Struct(_) | TyKind::Array(..))
                    && !self.has_lasting_address(part)
            }
            _ => false,
        }
    }

    pub(crate) fn is_copied_key(&mut self, e: &'ast Expr, key: TyId, elem: TyId) -> bool {
        let types = &self.cx.types;
        let is_small = types.layout(elem).size <= MAX_FAST_ELEM;
        let is_word = types.is_integer(key) && matches!(types.layout(key).size, 4 | 8);
        if is_small && (is_word || types.is_string(key) || types.is_pointer_shaped(key)) {
            return false;
        }
        self.ety(e) != key || !self.has_lasting_address(e)
    }

    /// Whether Go copies the value of `e` to memory when it orders the calls, to put it into an interface of type `to` later:
    /// what its runtime takes by address and has none that lasts.
    fn is_copied_to_box(&mut self, e: &'ast Expr, to: TyId) -> bool {
        let from = self.ety(e);
        let types = &self.cx.types;
        if !types.is_interface(to) || types.is_interface(from) {
            return false;
        }
        let layout = types.layout(from);
        let is_word = matches!((layout.size, layout.align), (2, 2) | (4, 4) | (8, 8));
        if is_word && !types.has_pointers(from) {
            return false;
        }
        if matches!(
            types.kind(self.sole_component(from)),
            TyKind::String | TyKind::Slice(_)
        ) {
            return false;
        }
        !self.has_lasting_address(e)
    }

    /// Looks through structs of one field and arrays of one element.
    fn sole_component(&self, mut ty: TyId) -> TyId {
        loop {
            ty = match self.kind(ty) {
                TyKind::Struct(fields) if fields.len() == 1 => fields[0].ty,
                TyKind::Array(elem, 1) => *elem,
                _ => return ty,
            };
        }
    }

    /// An addressable expression, but for local variables that Go has in registers.
    fn has_lasting_address(&mut self, e: &'ast Expr) -> bool {
        let e = e.unparen();
        match &e.kind {
            ExprKind::Name(_) => {
                let Some(object) = self.info().object(e.id) else {
                    return true;
                };
                let is_auto = self
                    .prog
                    .var(object)
                    .is_some_and(|v| v.kind == VarKind::Local && !v.is_addr_taken)
                    && matches!(self.vars.get(&object), Some(Slot::Local(_)));
                let ty = self.ety(e);
                !(is_auto && self.fits_registers(ty))
            }
            ExprKind::Selector { x, .. } => match self.info().selection(e.id) {
                Some(selection) if selection.kind == SelectionKind::Field => {
                    selection.is_indirect || self.has_lasting_address(x)
                }
                Some(_) => false,
                None => true,
            },
            ExprKind::Index { x, .. } => {
                let ty = self.ety(x);
                match self.kind(ty) {
                    TyKind::Slice(_) | TyKind::Pointer(_) => true,
                    TyKind::Array(..) => self.has_lasting_address(x),
                    _ => false,
                }
            }
            ExprKind::Unary {
                op: UnaryOp::Deref, ..
            } => true,
            _ => false,
        }
    }

    fn fits_registers(&self, ty: TyId) -> bool {
        let types = &self.cx.types;
        types.layout(ty).size <= 8 * MAX_SSA_PARTS as u64
            && match self.kind(ty) {
                TyKind::Array(elem, n) => *n <= 1 && self.fits_registers(*elem),
                TyKind::Struct(fields) => {
                    fields.len() <= MAX_SSA_PARTS
                        && fields.iter().all(|f| self.fits_registers(f.ty))
                }
                _ => true,
            }
    }

    /// What an expression evaluates, in order, with the types that it makes of it.
    pub(crate) fn typed_parts(&mut self, e: &'ast Expr) -> Vec<Part<'ast>> {
        match &e.kind {
            ExprKind::CompositeLit(lit) => self.literal_parts(e, lit),
            ExprKind::Call(call) => {
                // A conversion, to an interface or not; calls run as a whole.
                let to = Some(self.ety(e)).filter(|&to| self.cx.types.is_interface(to));
                call.args.iter().map(|arg| (arg, to)).collect()
            }
            ExprKind::Binary { op, x, y } if op.is_comparison() => {
                let (x_ty, y_ty) = (self.ety(x), self.ety(y));
                vec![(&**x, Some(y_ty)), (&**y, Some(x_ty))]
            }
            ExprKind::Index { x, indices } => {
                let x_ty = self.ety(x);
                let key = match *self.kind(x_ty) {
                    TyKind::Map(key, _) => Some(key),
                    TyKind::Func(_) => return vec![],
                    _ => None,
                };
                vec![(&**x, None), (&indices[0], key)]
            }
            _ => parts(e).into_iter().map(|part| (part, None)).collect(),
        }
    }

    /// The values of a struct, array or slice literal.
    pub(crate) fn literal_parts(
        &mut self,
        e: &'ast Expr,
        lit: &'ast CompositeLit,
    ) -> Vec<Part<'ast>> {
        let mut ty = self.ety(e);
        // `{…}` of a pointer type is `&T{…}`.
        if let TyKind::Pointer(elem) = *self.kind(ty) {
            ty = elem;
        }
        match self.kind(ty).clone() {
            TyKind::Struct(fields) => self
                .struct_fields(lit, ty)
                .into_iter()
                .map(|(index, value)| (value, Some(fields[index as usize].ty)))
                .collect(),
            TyKind::Array(elem, _) | TyKind::Slice(elem) => self
                .elements(lit)
                .0
                .into_iter()
                .map(|(_, value)| (value, Some(elem)))
                .collect(),
            _ => vec![],
        }
    }

    /// Runs the calls of a literal's values.
    pub(crate) fn hoist_literal(&mut self, e: &'ast Expr, lit: &'ast CompositeLit) {
        let list = self.literal_parts(e, lit);
        self.hoist_parts(&list);
    }
}

/// What an expression evaluates, in order.
pub(crate) fn parts(e: &Expr) -> Vec<&Expr> {
    match &e.kind {
        ExprKind::CompositeLit(lit) => lit.elems.iter().collect(),
        ExprKind::KeyValue { key, value } => match key.kind {
            // The name of a field is no expression, and evaluates nothing.
            ExprKind::Name(_) => vec![value],
            _ => vec![key, value],
        },
        ExprKind::Selector { x, .. }
        | ExprKind::TypeAssert { x, .. }
        | ExprKind::Unary { x, .. }
        | ExprKind::Paren(x) => vec![x],
        ExprKind::Index { x, indices } => std::iter::once(&**x).chain(indices).collect(),
        ExprKind::Slice(slice) => std::iter::once(&slice.x)
            .chain(&slice.lo)
            .chain(&slice.hi)
            .chain(&slice.max)
            .collect(),
        ExprKind::Call(call) => call.args.iter().collect(),
        ExprKind::Binary { x, y, .. } => vec![x, y],
        _ => vec![],
    }
}
