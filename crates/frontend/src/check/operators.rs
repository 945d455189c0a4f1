//! Operators: unary, binary, comparisons.

use mini_diagnostics::Code;
use mini_syntax::ast::{BinaryOp, Expr, ExprKind, UnaryOp};

use super::Checker;
use super::operand::{Operand, Part};
use crate::constant::{ConstId, Constant};
use crate::info::{Mode, SelectionKind};
use crate::types::{ChanDir, Incomparable, Type, TypeId};

impl<'a> Checker<'a> {
    pub(super) fn unary(&mut self, expr: &'a Expr, op: UnaryOp, inner: &'a Expr) -> Operand<'a> {
        let mut x = self.expr(inner);
        if !x.is_valid() {
            return x;
        }
        match op {
            UnaryOp::Addr => {
                let is_literal = matches!(inner.unparen().kind, ExprKind::CompositeLit(_));
                if !is_literal && x.mode != Mode::Variable {
                    let text = format!(
                        "invalid operation: cannot take address of {}",
                        self.describe(&x)
                    );
                    self.error_op(Code::UnaddressableOperand, &x, text);
                    x.set_invalid();
                    return x;
                }
                self.mark_addr_taken(inner);
                let ty = self.prog.types.pointer(x.ty);
                x.set_value(ty);
                return x;
            }
            UnaryOp::Recv => {
                match self.chan_elem(&x, true) {
                    Some(elem) if !self.is_complete(elem) => x.set_invalid(),
                    Some(elem) => {
                        x.mode = Mode::CommaOk;
                        x.ty = elem;
                        self.env.has_call_or_recv = true;
                    }
                    None => x.set_invalid(),
                }
                return x;
            }
            UnaryOp::Tilde => {
                let hint = match self.types().is_integer(x.ty) {
                    true => " (use ^ for bitwise complement)",
                    false => "",
                };
                let text = format!("cannot use ~ outside of interface or type constraint{hint}");
                self.error(Code::UndefinedOp, expr, text);
                x.set_invalid();
                return x;
            }
            _ => {}
        }
        let is_defined = match op {
            UnaryOp::Plus | UnaryOp::Neg => self.types().all_numeric(x.ty),
            UnaryOp::BitNot => self.types().all_integer(x.ty),
            UnaryOp::Not => self.types().all_boolean(x.ty),
            _ => false,
        };
        if !is_defined {
            self.undefined_operator(&x, op.as_str());
            x.set_invalid();
            return x;
        }
        if x.mode == Mode::Constant {
            let value = self.const_of(&x);
            if value.is_unknown() {
                return x;
            }
            let bits = match self.types().basic(x.ty) {
                Some(basic) if basic.is_unsigned() => {
                    self.types().size_of(x.ty).map(|size| size as u32 * 8)
                }
                _ => None,
            };
            let value = Constant::unary(op, value, bits);
            x.value = self.prog.constants.add(value);
            x.expr = expr;
            self.overflow(&mut x);
            return x;
        }
        x.mode = Mode::Value;
        x
    }

    fn undefined_operator(&mut self, x: &Operand<'a>, op: &str) {
        let text = format!(
            "invalid operation: operator {op} not defined on {}",
            self.describe(x)
        );
        self.error_op(Code::UndefinedOp, x, text);
    }

    /// The element type of the channel `x`, to receive from it or to send to it.
    pub(super) fn chan_elem(&mut self, x: &Operand<'a>, is_recv: bool) -> Option<TypeId> {
        if let Type::Chan {
            dir: ChanDir::Both,
            elem,
        } = *self.types().under_type(x.ty)
        {
            return Some(elem);
        }
        let (code, verb) = match is_recv {
            true => (Code::InvalidReceive, "receive from"),
            false => (Code::InvalidSend, "send to"),
        };
        let common = self.common_under(x.ty, |ty, under| match (under, is_recv) {
            _ if !ty.is_valid() => Some("no specific channel type".to_string()),
            (
                Type::Chan {
                    dir: ChanDir::SendOnly,
                    ..
                },
                true,
            ) => Some(format!("send-only channel {}", self.type_text(ty))),
            (
                Type::Chan {
                    dir: ChanDir::RecvOnly,
                    ..
                },
                false,
            ) => Some(format!("receive-only channel {}", self.type_text(ty))),
            (Type::Chan { .. }, _) => None,
            _ => Some(format!("non-channel {}", self.type_text(ty))),
        });
        let cause = match common {
            Ok(under) => match *self.types().get(under) {
                Type::Chan { elem, .. } => return Some(elem),
                _ => String::new(),
            },
            Err(cause) => cause,
        };
        let text = match self.types().is_type_param(x.ty) {
            true => format!("{}: {cause}", self.describe(x)),
            false => format!("{cause} {}", self.describe(x)),
        };
        let text = format!("invalid operation: cannot {verb} {text}");
        self.error_op(code, x, text);
        None
    }

    /// Notes that the address of the variable that holds `expr` is taken.
    pub(super) fn mark_addr_taken(&mut self, expr: &'a Expr) {
        if let Some(obj) = self.variable_of(expr)
            && let Some(var) = self.prog.var_mut(obj)
        {
            var.is_addr_taken = true;
        }
    }

    /// Notes that the variable that holds `expr` is assigned.
    pub(super) fn mark_reassigned(&mut self, expr: &'a Expr) {
        if let Some(obj) = self.variable_of(expr)
            && let Some(var) = self.prog.var_mut(obj)
        {
            var.is_reassigned = true;
        }
    }

    /// The variable that `expr` is, or is a part of: through fields and array elements, not through pointers.
    fn variable_of(&self, expr: &'a Expr) -> Option<crate::object::ObjId> {
        let mut at = expr;
        loop {
            match &at.kind {
                ExprKind::Paren(x) => at = x,
                ExprKind::Name(_) => {
                    return self.prog.packages[self.env.pkg.index()].info.object(at.id);
                }
                ExprKind::Selector { x, sel } => {
                    let info = &self.prog.packages[self.env.pkg.index()].info;
                    match info.selection(at.id) {
                        Some(selection)
                            if selection.kind == SelectionKind::Field && !selection.is_indirect =>
                        {
                            at = x;
                        }
                        Some(_) => return None,
                        None => return info.object(sel.id),
                    }
                }
                ExprKind::Index { x, .. } => {
                    let ty = self.info(x).ty;
                    if !matches!(self.types().under_type(ty), Type::Array { .. }) {
                        return None;
                    }
                    at = x;
                }
                _ => return None,
            }
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Binary operators

    /// `lhs op rhs`; `expr` is the whole, unless it is implied by an assignment operation.
    pub(super) fn binary(
        &mut self,
        expr: Option<&'a Expr>,
        lhs: &'a Expr,
        rhs: &'a Expr,
        op: BinaryOp,
    ) -> Operand<'a> {
        let mut x = self.expr(lhs);
        let mut y = self.expr(rhs);
        if !x.is_valid() {
            return x;
        }
        if !y.is_valid() {
            x.set_invalid();
            x.expr = y.expr;
            return x;
        }
        if op.is_shift() {
            self.shift(&mut x, &mut y, expr, op);
            return x;
        }
        self.match_types(&mut x, &mut y);
        if !x.is_valid() {
            return x;
        }
        if op.is_comparison() {
            self.comparison(&mut x, &mut y, op, false);
            return x;
        }
        if !self.types().identical(x.ty, y.ty) {
            if x.ty.is_valid() && y.ty.is_valid() {
                let whole = match expr {
                    Some(expr) => expr.to_string(),
                    None => format!("{lhs} {}= {rhs}", op.as_str()),
                };
                let text = format!(
                    "invalid operation: {whole} (mismatched types {} and {})",
                    self.type_text(x.ty),
                    self.type_text(y.ty)
                );
                self.error_op(Code::MismatchedTypes, &x, text);
            }
            x.set_invalid();
            return x;
        }
        if !self.is_operator_defined(op, x.ty) {
            self.undefined_operator(&x, op.as_str());
            x.set_invalid();
            return x;
        }
        if matches!(op, BinaryOp::Div | BinaryOp::Rem)
            && (x.mode == Mode::Constant || self.types().all_integer(x.ty))
            && y.mode == Mode::Constant
            && self.const_of(&y).is_zero()
        {
            let text = "invalid operation: division by zero";
            self.error_op(Code::DivByZero, &y, text);
            x.set_invalid();
            return x;
        }
        if x.mode == Mode::Constant && y.mode == Mode::Constant {
            let is_int_division = op == BinaryOp::Div && self.types().is_integer(x.ty);
            let (a, b) = (self.const_of(&x), self.const_of(&y));
            if a.is_unknown() || b.is_unknown() {
                x.value = self.prog.constants.add(Constant::Unknown);
                return x;
            }
            let value = Constant::binary(op, a, b, is_int_division);
            if op == BinaryOp::Div && value.is_unknown() && matches!(b, Constant::Complex(_)) {
                // The square of the divisor is too small to be told from zero.
                let text = "invalid operation: division by zero";
                self.error_op(Code::DivByZero, &y, text);
                x.set_invalid();
                return x;
            }
            x.value = self.prog.constants.add(value);
            if let Some(expr) = expr {
                x.expr = expr;
            }
            self.overflow(&mut x);
            return x;
        }
        x.mode = Mode::Value;
        x.value = ConstId::NONE;
        x
    }

    fn is_operator_defined(&self, op: BinaryOp, ty: TypeId) -> bool {
        let types = self.types();
        match op {
            BinaryOp::Add => types.all_numeric_or_string(ty),
            BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div => types.all_numeric(ty),
            BinaryOp::Rem | BinaryOp::And | BinaryOp::Or | BinaryOp::Xor | BinaryOp::AndNot => {
                types.all_integer(ty)
            }
            BinaryOp::LogAnd | BinaryOp::LogOr => types.all_boolean(ty),
            _ => true,
        }
    }

    /// Converts untyped operands so that the types may match.
    pub(super) fn match_types(&mut self, x: &mut Operand<'a>, y: &mut Operand<'a>) {
        if !self.may_convert(x, y) {
            return;
        }
        self.convert_untyped(x, y.ty);
        if !x.is_valid() {
            return;
        }
        self.convert_untyped(y, x.ty);
        if !y.is_valid() {
            x.set_invalid();
        }
    }

    fn may_convert(&self, x: &Operand<'a>, y: &Operand<'a>) -> bool {
        let types = self.types();
        if types.is_typed(x.ty) && types.is_typed(y.ty) {
            return false;
        }
        if types.all_numeric(x.ty) != types.all_numeric(y.ty) {
            return false;
        }
        if types.is_interface(x.ty) || types.is_interface(y.ty) {
            return true;
        }
        if types.all_boolean(x.ty) != types.all_boolean(y.ty)
            || types.all_string(x.ty) != types.all_string(y.ty)
        {
            return false;
        }
        if x.is_nil() {
            return types.has_nil(y.ty);
        }
        if y.is_nil() {
            return types.has_nil(x.ty);
        }
        !types.is_pointer(x.ty) && !types.is_pointer(y.ty)
    }

    /// `x op y`, or with `is_case` the comparison of a switch's tag `y` with a case's value `x`.
    pub(super) fn comparison(
        &mut self,
        x: &mut Operand<'a>,
        y: &mut Operand<'a>,
        op: BinaryOp,
        is_case: bool,
    ) {
        if !x.ty.is_valid() || !y.ty.is_valid() {
            x.set_invalid();
            return;
        }
        let op = if is_case { BinaryOp::Eq } else { op };
        if let Err((code, is_second, cause)) = self.is_comparable(x, y, op) {
            let mut culprit = if is_second { *y } else { *x };
            let has_param = |c: &Self, x: &Operand<'a>| c.types().is_type_param(x.ty);
            let is_generic = has_param(self, x) || has_param(self, y);
            if cause.is_none() && is_generic && !has_param(self, x) {
                culprit = *y;
            }
            let cause = cause.unwrap_or_else(|| {
                if is_generic {
                    return format!(
                        "type parameter {} cannot use operator {}",
                        self.type_text(culprit.ty),
                        op.as_str()
                    );
                }
                let what = match self.types().composite_kind(culprit.ty) {
                    Some(kind) => kind.to_string(),
                    None => self.type_text(culprit.ty),
                };
                format!("operator {} not defined on {what}", op.as_str())
            });
            let (left, right) = (self.operand_text(x), self.operand_text(y));
            if is_case {
                let text = format!("invalid case {left} in switch on {right} ({cause})");
                self.error_op(code, x, text);
            } else {
                let text = format!(
                    "invalid operation: {left} {} {right} ({cause})",
                    op.as_str()
                );
                self.error_op(code, &culprit, text);
            }
            x.set_invalid();
            return;
        }
        if x.mode == Mode::Constant && y.mode == Mode::Constant {
            let value = Constant::compare(op, self.const_of(x), self.const_of(y));
            x.value = self.prog.constants.add(value);
        } else {
            x.mode = Mode::Value;
            x.value = ConstId::NONE;
            for operand in [*x, *y] {
                let ty = self.types().default_type(operand.ty);
                if operand.part == Part::Whole {
                    self.update_expr_type(operand.expr, ty, true);
                }
            }
        }
        x.ty = TypeId::UNTYPED_BOOL;
    }

    fn is_comparable(
        &mut self,
        x: &Operand<'a>,
        y: &Operand<'a>,
        op: BinaryOp,
    ) -> Result<(), (Code, bool, Option<String>)> {
        if self.assignable(x, y.ty).is_err() && self.assignable(y, x.ty).is_err() {
            let cause = format!(
                "mismatched types {} and {}",
                self.type_text(x.ty),
                self.type_text(y.ty)
            );
            return Err((Code::MismatchedTypes, true, Some(cause)));
        }
        let code = Code::UndefinedOp;
        let types = self.types();
        if !matches!(op, BinaryOp::Eq | BinaryOp::Ne) {
            for (operand, is_second) in [(x, false), (y, true)] {
                if !types.all_ordered(operand.ty) {
                    return Err((code, is_second, None));
                }
            }
            return Ok(());
        }
        if x.is_nil() || y.is_nil() {
            let ty = if x.is_nil() { y.ty } else { x.ty };
            let is_both = x.is_nil() && y.is_nil() && self.types().is_untyped(ty);
            return match types.has_nil(ty) && !is_both {
                true => Ok(()),
                false => Err((code, true, None)),
            };
        }
        for (operand, is_second) in [(x, false), (y, true)] {
            if !types.comparable(operand.ty) {
                return Err((code, is_second, self.incomparable_text(operand.ty)));
            }
        }
        Ok(())
    }

    /// Why values of a type cannot be compared, if there is more to say than that.
    pub(super) fn incomparable_text(&self, ty: TypeId) -> Option<String> {
        let types = self.types();
        match types.under_type(ty) {
            Type::Slice(_) | Type::Func(_) | Type::Map { .. } => {
                let kind = types.composite_kind(ty)?;
                return Some(format!("{kind} can only be compared to nil"));
            }
            _ => {}
        }
        match types.incomparable_cause(ty)? {
            Incomparable::Field(_, field) => Some(format!(
                "struct containing {} cannot be compared",
                self.type_text(field)
            )),
            Incomparable::Elem(_) => Some(format!("{} cannot be compared", self.type_text(ty))),
            Incomparable::Itself => None,
            Incomparable::TypeSet => Some("incomparable types in type set".into()),
            Incomparable::EmptyTypeSet => Some("empty type set".into()),
        }
    }
}
