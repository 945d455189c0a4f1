//! Calls before everything else.
//!
//! Where several expressions are evaluated together (arguments, operands, elements), the calls in them run first, in source
//! order; variables are read and values converted after that, as in Go's compiler (its `order` pass). So `f(x, g())` passes
//! the x that g leaves behind. What has run is kept until the expression that holds it is evaluated.

use mini_frontend::{Builtin, Mode, ObjectKind};
use mini_mir::TyKind;
use mini_syntax::ast::{BinaryOp, Expr, ExprKind, UnaryOp};

use crate::func::FuncLower;

impl<'ast> FuncLower<'_, 'ast> {
    /// Runs the calls of expressions that are about to be evaluated together.
    pub(crate) fn hoist_all(&mut self, list: impl IntoIterator<Item = &'ast Expr>) {
        let list: Vec<&'ast Expr> = list.into_iter().collect();
        let Some(last) = list.iter().rposition(|e| self.has_call(e)) else {
            return;
        };
        // A call that nothing stands before needs no hoisting.
        let is_plain = |e: &Expr| self.info().expr(e.unparen().id).value.is_some();
        if list[..last].iter().all(|e| is_plain(e)) && self.is_effect(list[last]) {
            return;
        }
        for e in &list[..=last] {
            self.hoist(e);
        }
    }

    /// An expression that is hoisted as a whole.
    fn is_effect(&self, e: &Expr) -> bool {
        let e = e.unparen();
        match &e.kind {
            ExprKind::Call(call) => {
                let fun = call.fun.unparen();
                if self.info().expr(fun.id).mode == Mode::Type {
                    return false;
                }
                !matches!(
                    self.object_kind(fun),
                    Some(ObjectKind::Builtin(
                        Builtin::Len
                            | Builtin::Cap
                            | Builtin::Real
                            | Builtin::Imag
                            | Builtin::Complex
                            | Builtin::Min
                            | Builtin::Max
                    ))
                )
            }
            ExprKind::Unary {
                op: UnaryOp::Recv, ..
            } => true,
            _ => false,
        }
    }

    /// Whether evaluating the expression calls something.
    fn has_call(&self, e: &Expr) -> bool {
        let e = e.unparen();
        if self.info().expr(e.id).value.is_some() {
            return false;
        }
        self.is_effect(e) || parts(e).into_iter().any(|part| self.has_call(part))
    }

    /// A length that calls can change, or a conversion that copies: done in its turn, too.
    fn reads_memory(&mut self, e: &'ast Expr) -> bool {
        let ExprKind::Call(call) = &e.kind else {
            return false;
        };
        let [arg] = call.args.as_slice() else {
            return false;
        };
        let (from, to) = (self.ety(arg), self.ety(e));
        if self.info().expr(call.fun.unparen().id).mode == Mode::Type {
            let is_slice = |kind: &TyKind| matches!(kind, TyKind::Slice(_));
            let types = &self.cx.types;
            return (types.is_string(from) && is_slice(types.kind(to)))
                || (is_slice(types.kind(from)) && types.is_string(to));
        }
        matches!(
            self.kind(from),
            TyKind::Map(..) | TyKind::Chan(..) | TyKind::Slice(_) | TyKind::String
        )
    }

    fn hoist(&mut self, e: &'ast Expr) {
        let e = e.unparen();
        if self.info().expr(e.id).value.is_some() {
            return;
        }
        let runs_now = match &e.kind {
            ExprKind::Binary {
                op: BinaryOp::LogAnd | BinaryOp::LogOr,
                ..
            } => {
                if !self.has_call(e) {
                    return;
                }
                true
            }
            ExprKind::TypeAssert { .. } | ExprKind::Slice(_) => true,
            ExprKind::Unary {
                op: UnaryOp::Addr,
                x,
            } => matches!(x.unparen().kind, ExprKind::CompositeLit(_)),
            ExprKind::Call(_) if !self.is_effect(e) => self.reads_memory(e),
            ExprKind::Index { x, .. } => {
                let x_ty = self.ety(x);
                matches!(self.kind(x_ty), TyKind::Map(..))
            }
            _ => self.is_effect(e),
        };
        if runs_now {
            let value = self.expr(e);
            self.hoisted.insert(e.id, value);
        } else {
            for part in parts(e) {
                self.hoist(part);
            }
        }
    }
}

/// What an expression evaluates, in order.
fn parts(e: &Expr) -> Vec<&Expr> {
    match &e.kind {
        ExprKind::CompositeLit(lit) => {
            let mut list = vec![];
            for elem in &lit.elems {
                match &elem.kind {
                    ExprKind::KeyValue { key, value } => {
                        // The name of a field is no expression, and evaluates nothing.
                        if !matches!(key.kind, ExprKind::Name(_)) {
                            list.push(&**key);
                        }
                        list.push(&**value);
                    }
                    _ => list.push(elem),
                }
            }
            list
        }
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
