//! Shifts. An untyped left operand of a shift that is computed at run time gets the type that the whole shift gets.

use mini_diagnostics::Code;
use mini_syntax::ast::{BinaryOp, Expr};

use super::Checker;
use super::operand::Operand;
use crate::constant::{ConstId, Constant};
use crate::info::Mode;
use crate::types::TypeId;

impl<'a> Checker<'a> {
    pub(super) fn shift(
        &mut self,
        x: &mut Operand<'a>,
        y: &mut Operand<'a>,
        expr: Option<&'a Expr>,
        op: BinaryOp,
    ) {
        let x_int = match x.mode {
            Mode::Constant => match self.const_of(x) {
                Constant::Unknown => Some(None),
                value => value.to_int().map(Some),
            },
            _ => None,
        };
        let is_fine =
            self.types().all_integer(x.ty) || (self.types().is_untyped(x.ty) && x_int.is_some());
        if !is_fine {
            self.bad_shift_operand(x);
            return;
        }
        if y.mode == Mode::Constant {
            if self
                .const_of(y)
                .to_int()
                .is_some_and(|value| value.sign() < 0)
            {
                let text = format!(
                    "invalid operation: negative shift count {}",
                    self.describe(y)
                );
                self.error_op(Code::InvalidShiftCount, y, text);
                x.set_invalid();
                return;
            }
            if self.types().is_untyped(y.ty) {
                self.representable(y, TypeId::UINT);
                if !y.is_valid() {
                    x.set_invalid();
                    return;
                }
            }
        } else if self.types().all_integer(y.ty) {
            // Of any integer type.
        } else if self.types().is_untyped(y.ty) {
            self.convert_untyped(y, TypeId::UINT);
            if !y.is_valid() {
                x.set_invalid();
                return;
            }
        } else {
            self.bad_shift_count(x, y);
            return;
        }
        if x.mode == Mode::Constant {
            if y.mode == Mode::Constant {
                self.constant_shift(x, y, expr, op);
                return;
            }
            if self.types().is_untyped(x.ty) {
                // The operand gets the type that the whole shift gets.
                let info = self.info(x.expr);
                if self.types().is_untyped(info.ty) {
                    self.prog
                        .state
                        .shift_operands
                        .insert((self.env.pkg, x.expr.id));
                }
                self.update_count(y);
                x.mode = Mode::Value;
                x.value = ConstId::NONE;
                return;
            }
        }
        if !self.types().all_integer(x.ty) {
            self.bad_shift_operand(x);
            return;
        }
        self.update_count(y);
        x.mode = Mode::Value;
        x.value = ConstId::NONE;
    }

    /// An untyped constant count of a shift that is computed at run time is a uint.
    fn update_count(&mut self, y: &Operand<'a>) {
        if y.mode == Mode::Constant && self.types().is_untyped(y.ty) {
            self.update_expr_type(y.expr, TypeId::UINT, true);
        }
    }

    fn bad_shift_operand(&mut self, x: &mut Operand<'a>) {
        let text = format!(
            "invalid operation: shifted operand {} must be integer",
            self.describe(x)
        );
        self.error_op(Code::InvalidShiftOperand, x, text);
        x.set_invalid();
    }

    fn bad_shift_count(&mut self, x: &mut Operand<'a>, y: &Operand<'a>) {
        let text = format!(
            "invalid operation: shift count {} must be integer",
            self.describe(y)
        );
        self.error_op(Code::InvalidShiftCount, y, text);
        x.set_invalid();
    }

    fn constant_shift(
        &mut self,
        x: &mut Operand<'a>,
        y: &Operand<'a>,
        expr: Option<&'a Expr>,
        op: BinaryOp,
    ) {
        /// Enough for the smallest float64.
        const MAX_SHIFT: u64 = 1023 - 1 + 52;
        if !self.types().is_integer(x.ty) {
            x.ty = TypeId::UNTYPED_INT;
        }
        if self.const_of(x).is_unknown() || self.const_of(y).is_unknown() {
            x.value = self.prog.constants.add(Constant::Unknown);
            return;
        }
        let count = match self.const_of(y).as_u64() {
            Some(count) if count <= MAX_SHIFT => count as u32,
            _ => {
                let text = format!(
                    "invalid operation: invalid shift count {}",
                    self.describe(y)
                );
                self.error_op(Code::InvalidShiftCount, y, text);
                x.set_invalid();
                return;
            }
        };
        let value = Constant::shift(op, self.const_of(x), count);
        x.value = self.prog.constants.add(value);
        if let Some(expr) = expr {
            x.expr = expr;
        }
        self.overflow(x);
    }
}
