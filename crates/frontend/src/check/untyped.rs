//! Untyped values: what becomes of them where a type is wanted.
//!
//! An untyped expression is recorded with its untyped type first. When the context gives it a type, the types of the
//! whole expression tree below are changed ([`Checker::update_expr_type`]): `x + 1<<s` has no untyped leaf in the end.

use mini_diagnostics::Code;
use mini_syntax::ast::{Expr, ExprKind, UnaryOp};

use super::Checker;
use super::operand::{Operand, Part};
use crate::constant::{Constant, Unrepresentable};
use crate::info::{ExprInfo, Mode};
use crate::types::{Basic, Type, TypeId};

/// Why an untyped value cannot have a type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Untypable {
    Truncated,
    Overflows,
    /// The value is of another kind.
    Constant,
    Other,
}

impl<'a> Checker<'a> {
    /// Converts an untyped operand to `target`; reports if that cannot be.
    pub(super) fn convert_untyped(&mut self, x: &mut Operand<'a>, target: TypeId) {
        match self.implicit_type(x, target) {
            Ok((ty, value)) => self.set_implicit(x, ty, value),
            Err(why) => {
                let target = self.under(target);
                self.invalid_conversion(why, x, target);
                x.set_invalid();
            }
        }
    }

    /// Gives an untyped operand the type that [`implicit_type`](Self::implicit_type) found.
    pub(super) fn set_implicit(
        &mut self,
        x: &mut Operand<'a>,
        ty: TypeId,
        value: Option<Constant>,
    ) {
        if let Some(value) = value {
            x.value = self.prog.constants.add(value);
            if x.part == Part::Whole {
                let info = self.info(x.expr);
                if self.types().is_untyped(info.ty) && info.mode == Mode::Constant {
                    self.record_info(
                        x.expr,
                        ExprInfo {
                            value: x.value,
                            ..info
                        },
                    );
                }
            }
        }
        if ty != x.ty {
            x.ty = ty;
            if x.part == Part::Whole {
                self.update_expr_type(x.expr, ty, false);
            }
        }
    }

    fn invalid_conversion(&mut self, why: Untypable, x: &Operand<'a>, target: TypeId) {
        let described = self.describe(x);
        let target = self.type_text(target);
        let (code, text) = match why {
            Untypable::Truncated => (
                Code::TruncatedFloat,
                format!("{described} truncated to {target}"),
            ),
            Untypable::Overflows => (
                Code::NumericOverflow,
                format!("{described} overflows {target}"),
            ),
            _ => (
                Code::InvalidUntypedConversion,
                format!("cannot convert {described} to type {target}"),
            ),
        };
        self.error_op(code, x, text);
    }

    /// The type that `x` gets where `target` is expected, and its value as that type.
    pub(super) fn implicit_type(
        &mut self,
        x: &Operand<'a>,
        target: TypeId,
    ) -> Result<(TypeId, Option<Constant>), Untypable> {
        if !x.is_valid() || !self.types().is_untyped(x.ty) || !target.is_valid() {
            return Ok((x.ty, None));
        }
        if self.types().is_untyped(target) {
            return match max_type(x.ty, target) {
                Some(ty) => Ok((ty, None)),
                None => Err(Untypable::Other),
            };
        }
        if x.is_nil() {
            return match self.types().has_nil(target) {
                true => Ok((target, None)),
                false => Err(Untypable::Other),
            };
        }
        match self.types().under_type(target) {
            &Type::Basic(basic) => {
                if x.mode == Mode::Constant {
                    let value = self.representation(x, basic)?;
                    return Ok((target, Some(value)));
                }
                let is_match = match x.ty {
                    TypeId::UNTYPED_BOOL => basic.is_boolean(),
                    TypeId::UNTYPED_STRING => basic.is_string(),
                    TypeId::UNTYPED_NIL => false,
                    _ => basic.is_numeric(),
                };
                match is_match {
                    true => Ok((target, None)),
                    false => Err(Untypable::Other),
                }
            }
            Type::Interface(_) => {
                // Values in interfaces have types of their own.
                match self.types().methods_of_interface(target).is_empty() {
                    true => Ok((self.types().default_type(x.ty), None)),
                    false => Err(Untypable::Other),
                }
            }
            // All types that the parameter may stand for must take the value.
            Type::TypeParam(_) => {
                let mut unders = Vec::new();
                let is_specific = self.types().all_under(target, |under| {
                    unders.push(under);
                    under.is_valid()
                });
                if !is_specific
                    || unders
                        .iter()
                        .any(|&under| self.implicit_type(x, under).is_err())
                {
                    return Err(Untypable::Other);
                }
                Ok((target, None))
            }
            _ => Err(Untypable::Other),
        }
    }

    /// A constant operand's value as a `basic`.
    pub(super) fn representation(
        &self,
        x: &Operand<'a>,
        basic: Basic,
    ) -> Result<Constant, Untypable> {
        self.const_of(x).represent(basic).map_err(|why| {
            let both_numeric = self.types().is_numeric(x.ty) && basic.is_numeric();
            match why {
                _ if !both_numeric => Untypable::Constant,
                _ if !self.types().is_integer(x.ty) && basic.is_integer() => Untypable::Truncated,
                Unrepresentable::Overflows
                | Unrepresentable::Truncated
                | Unrepresentable::Mismatched => Untypable::Overflows,
            }
        })
    }

    /// Reports if the constant operand is no value of the basic type under `ty`; rounds it otherwise.
    pub(super) fn representable(&mut self, x: &mut Operand<'a>, ty: TypeId) {
        let Some(basic) = self.types().basic(ty) else {
            return;
        };
        match self.representation(x, basic) {
            Ok(value) => x.value = self.prog.constants.add(value),
            Err(why) => {
                self.invalid_conversion(why, x, ty);
                x.set_invalid();
            }
        }
    }

    /// Changes the recorded type of an untyped expression and of the operands that share it.
    pub(super) fn update_expr_type(&mut self, expr: &'a Expr, ty: TypeId, is_final: bool) {
        let old = self.info(expr);
        if !self.types().is_untyped(old.ty) || old.mode == Mode::Invalid {
            return;
        }
        let is_constant = old.mode == Mode::Constant;
        match &expr.kind {
            ExprKind::Paren(x) => self.update_expr_type(x, ty, is_final),
            ExprKind::Unary { op, x } if !is_constant && *op != UnaryOp::Deref => {
                self.update_expr_type(x, ty, is_final);
            }
            ExprKind::Binary { op, x, y } if !is_constant => {
                if op.is_comparison() {
                    // The result does not depend on the operands' type, and they have theirs.
                } else if op.is_shift() {
                    self.update_expr_type(x, ty, is_final);
                } else {
                    self.update_expr_type(x, ty, is_final);
                    self.update_expr_type(y, ty, is_final);
                }
            }
            _ => {}
        }
        if !is_final && self.types().is_untyped(ty) {
            self.record_info(expr, ExprInfo { ty, ..old });
            return;
        }
        if self
            .prog
            .state
            .shift_operands
            .remove(&(self.env.pkg, expr.id))
            && !self.types().all_integer(ty)
        {
            let text = format!(
                "invalid operation: shifted operand {expr} (type {}) must be integer",
                self.type_text(ty)
            );
            self.error(Code::InvalidShiftOperand, expr, text);
            // Reported once.
            let mode = Mode::Invalid;
            self.record_info(
                expr,
                ExprInfo {
                    ty: TypeId::INVALID,
                    mode,
                    ..old
                },
            );
            return;
        }
        let mut value = old.value;
        let mut ty = ty;
        if is_constant && self.types().is_typed(ty) {
            let mut x = Operand::invalid(expr);
            (x.mode, x.ty, x.value) = (old.mode, old.ty, old.value);
            match self.implicit_type(&x, ty) {
                Ok((new, converted)) => {
                    ty = new;
                    if let Some(converted) = converted {
                        value = self.prog.constants.add(converted);
                    }
                }
                Err(why) => {
                    let target = self.under(ty);
                    self.invalid_conversion(why, &x, target);
                    return;
                }
            }
        }
        self.record_info(expr, ExprInfo { ty, value, ..old });
    }

    /// Gives an operand that is still untyped its default type.
    pub(super) fn default_operand(&mut self, x: &mut Operand<'a>) {
        if x.is_valid() && self.types().is_untyped(x.ty) && !x.is_nil() {
            let target = self.types().default_type(x.ty);
            self.convert_untyped(x, target);
        }
    }
}

/// The larger of two untyped kinds, if they mix.
pub(super) fn max_type(x: TypeId, y: TypeId) -> Option<TypeId> {
    let is_numeric = |ty| (TypeId::UNTYPED_INT..=TypeId::UNTYPED_COMPLEX).contains(&ty);
    match (is_numeric(x), is_numeric(y)) {
        _ if x == y => Some(x),
        (true, true) => Some(x.max(y)),
        _ => None,
    }
}
