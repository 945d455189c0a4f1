//! What stands between the calls and everything else.
//!
//! When the calls of a statement have run, Go's compiler (its `walk` pass) takes some of the other operations out of their
//! expressions, too, as they need memory or are calls of its runtime: composite literals, values that are put into interfaces,
//! operands of concatenations, keys of maps, operands of most comparisons. What is left is evaluated from left to right. Of
//! several faults a program sees the first, so we do the same, where there are several.

use mini_diagnostics::Pos;
use mini_frontend::Mode;
use mini_mir::{Operand, Place, Proj, Rvalue, StatementKind, TyId, TyKind};
use mini_syntax::ast::{BinaryOp, Expr, ExprKind, UnaryOp};

use crate::func::FuncLower;
use crate::hoist::{MAX_SSA_PARTS, Part};

impl<'ast> FuncLower<'_, 'ast> {
    /// The value of an expression that is a statement's own: calls first.
    pub(crate) fn root(&mut self, e: &'ast Expr, to: Option<TyId>) -> Operand {
        self.hoist_parts(&[(e, to)]);
        self.settled(e, to)
    }

    /// The same when the calls have run.
    pub(crate) fn settled(&mut self, e: &'ast Expr, to: Option<TyId>) -> Operand {
        self.settle_parts_of(e);
        self.expr_or_to(e, to)
    }

    /// Evaluates what comes first in an expression that is evaluated next.
    pub(crate) fn settle_parts_of(&mut self, e: &'ast Expr) {
        if self.needs_settling(&[(e, None)]) {
            self.settle_parts(e.unparen());
        }
    }

    pub(crate) fn expr_or_to(&mut self, e: &'ast Expr, to: Option<TyId>) -> Operand {
        match to {
            Some(ty) => self.expr_to(e, ty),
            None => self.expr(e),
        }
    }

    /// Evaluates an expression, and keeps the value until it is asked for.
    pub(crate) fn evaluate(&mut self, e: &'ast Expr, to: Option<TyId>) {
        let e = e.unparen();
        if self.is_evaluated(e) {
            return;
        }
        let value = self.settled(e, to);
        let value = self.at(e.pos, |this| this.snapshot(value));
        self.hoisted.insert(e.id, value);
    }

    /// Does something at a position: that of the expression whose fault it may raise.
    pub(crate) fn at<T>(&mut self, pos: Pos, run: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.b.pos, pos);
        let done = run(self);
        self.b.pos = outer;
        done
    }

    /// Whether nothing is left to evaluate.
    fn is_evaluated(&self, e: &Expr) -> bool {
        let info = self.info().expr(e.id);
        info.value.is_some()
            || matches!(info.mode, Mode::Nil | Mode::Type)
            || self.hoisted.contains_key(&e.id)
    }

    /// A value whose reading does not fault any more: in a temporary, if it is small.
    pub(crate) fn snapshot_fault(&mut self, value: Operand) -> Operand {
        let Operand::Copy(place) = value else {
            return value;
        };
        let is_large = self.cx.types.layout(self.place_ty(&place)).size > 8 * MAX_SSA_PARTS as u64;
        match place.may_fault() {
            false => Operand::Copy(place),
            true if is_large => Operand::Copy(self.checked(place)),
            true => self.snapshot(Operand::Copy(place)),
        }
    }

    /// Raises what reading the place may raise; the place, which then does not any more.
    pub(crate) fn checked(&mut self, place: Place) -> Place {
        let mut done = Place {
            base: place.base,
            proj: Default::default(),
        };
        for step in place.proj {
            let ty = self.place_ty(&done);
            let array = match *self.kind(ty) {
                TyKind::Array(_, len) => Some(len),
                _ => None,
            };
            if !matches!(step, Proj::Field(_)) && array.is_none() {
                let value = self.snapshot(Operand::Copy(done));
                done = self.as_place(value);
            }
            let index = match step {
                Proj::Index {
                    index,
                    checked: false,
                } => Some(Operand::local(index)),
                Proj::ConstIndex {
                    index,
                    checked: false,
                } => Some(Operand::int(index as i64)),
                _ => None,
            };
            if let Some(index) = index {
                let len = match array {
                    Some(len) => Operand::int(len as i64),
                    None => {
                        let len = Rvalue::Len(Operand::Copy(done.clone()));
                        Operand::local(self.b.eval(TyId::INT, len))
                    }
                };
                self.b.push(StatementKind::BoundsCheck { index, len });
            }
            if let Proj::Deref { non_nil: false } = step {
                let check = StatementKind::NilCheck(Operand::Copy(done.clone()));
                self.b.push(check);
            }
            done = done.project(match step {
                Proj::Deref { .. } => Proj::Deref { non_nil: true },
                Proj::Index { index, .. } => Proj::Index {
                    index,
                    checked: true,
                },
                Proj::ConstIndex { index, .. } => Proj::ConstIndex {
                    index,
                    checked: true,
                },
                step => step,
            });
        }
        done
    }

    /// Evaluates what comes first among expressions whose calls have run, if several of them may fault.
    pub(crate) fn settle_all(&mut self, list: &[Part<'ast>]) {
        if self.needs_settling(list) {
            for &(e, to) in list {
                self.settle(e, to);
            }
        }
    }

    fn needs_settling(&mut self, list: &[Part<'ast>]) -> bool {
        list.iter().any(|&(e, to)| self.has_unsettled(e, to))
            && list
                .iter()
                .map(|(e, _)| self.count_faults(e))
                .sum::<usize>()
                > 1
    }

    /// How often evaluating the expression may fault, counted to two.
    fn count_faults(&mut self, e: &Expr) -> usize {
        let e = e.unparen();
        if self.is_evaluated(e) {
            return 0;
        }
        let own = usize::from(self.raises(e));
        let parts = crate::hoist::parts(e);
        (own + parts
            .into_iter()
            .map(|part| self.count_faults(part))
            .sum::<usize>())
        .min(2)
    }

    /// Whether there is something to be evaluated early in the expression.
    fn has_unsettled(&mut self, e: &'ast Expr, to: Option<TyId>) -> bool {
        let e = e.unparen();
        if self.is_evaluated(e) {
            return false;
        }
        to.is_some_and(|to| self.is_boxed(e, to))
            || self.settles(e)
            || !self.orders_itself(e)
                && self
                    .typed_parts(e)
                    .into_iter()
                    .any(|(part, to)| self.has_unsettled(part, to))
    }

    /// Whether the value is put into memory to be put into an interface, or converted between interfaces.
    fn is_boxed(&mut self, e: &'ast Expr, to: TyId) -> bool {
        let from = self.ety(e);
        let types = &self.cx.types;
        types.is_interface(to) && from != to && !types.is_pointer_shaped(from)
    }

    /// Whether the expression, or its operands, are evaluated early.
    fn settles(&mut self, e: &'ast Expr) -> bool {
        match &e.kind {
            ExprKind::CompositeLit(_) => true,
            ExprKind::Index { x, .. } => {
                let ty = self.ety(x);
                matches!(self.kind(ty), TyKind::Map(..))
            }
            ExprKind::Binary { op, x, y } if op.is_comparison() => {
                let (x, y) = (self.ety(x), self.ety(y));
                let types = &self.cx.types;
                types.is_interface(x) || types.is_interface(y) || types.is_string(x)
            }
            ExprKind::Binary {
                op: BinaryOp::Add, ..
            } => {
                let ty = self.ety(e);
                self.cx.types.is_string(ty)
            }
            ExprKind::Call(_) => {
                let ty = self.ety(e);
                self.cx.types.is_string(ty)
            }
            _ => false,
        }
    }

    pub(crate) fn settle(&mut self, e: &'ast Expr, to: Option<TyId>) {
        let e = e.unparen();
        if self.is_evaluated(e) {
            return;
        }
        self.settle_parts(e);
        if is_literal(e) || to.is_some_and(|to| self.is_boxed(e, to)) {
            let value = self.expr_or_to(e, to);
            let value = self.at(e.pos, |this| this.snapshot(value));
            self.hoisted.insert(e.id, value);
        }
    }

    fn settle_parts(&mut self, e: &'ast Expr) {
        // Calls and what runs among them look after their operands.
        if is_literal(e) || self.is_evaluated(e) || self.orders_itself(e) {
            return;
        }
        if self.settles(e) {
            return self.settle_operands(e);
        }
        for (part, to) in self.typed_parts(e) {
            self.settle(part, to);
        }
    }

    fn settle_operands(&mut self, e: &'ast Expr) {
        let operands = match &e.kind {
            ExprKind::Binary { op, x, y } if op.is_comparison() => {
                let (x_ty, y_ty) = (self.ety(x), self.ety(y));
                let types = &self.cx.types;
                if types.is_interface(x_ty) && types.is_interface(y_ty) {
                    // The right one first.
                    self.evaluate(y, None);
                    self.evaluate(x, None);
                    return;
                }
                vec![(&**x, None), (&**y, None)]
            }
            ExprKind::Binary { .. } => {
                let mut leaves = vec![];
                self.concat_leaves(e, &mut leaves);
                leaves.into_iter().map(|leaf| (leaf, None)).collect()
            }
            _ => self.typed_parts(e),
        };
        for &(part, to) in &operands {
            self.settle(part, to);
        }
        for (part, to) in operands {
            if self.may_raise(part) {
                self.evaluate(part, to);
            }
        }
    }
}

/// `T{…}`, `&T{…}`: what is in them is evaluated and stored one after the other.
fn is_literal(e: &Expr) -> bool {
    match &e.kind {
        ExprKind::CompositeLit(_) => true,
        ExprKind::Unary {
            op: UnaryOp::Addr,
            x,
        } => matches!(x.unparen().kind, ExprKind::CompositeLit(_)),
        _ => false,
    }
}
