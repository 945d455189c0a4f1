//! Constants that outgrow their type.

use mini_diagnostics::Code;
use mini_syntax::ast::{BinaryOp, Expr, ExprKind, UnaryOp};

use super::Checker;
use super::operand::Operand;
use crate::constant::Constant;

/// Untyped integers may take this many bits.
const MAX_BITS: u64 = 512;

impl<'a> Checker<'a> {
    /// Checks the result of an operation on constants.
    pub(super) fn overflow(&mut self, x: &mut Operand<'a>) {
        if self.const_of(x).is_unknown() {
            let text = "constant result is not representable";
            self.error_at(Code::InvalidConstVal, x.expr.pos, text);
            return;
        }
        if self.types().is_typed(x.ty) {
            self.representable(x, x.ty);
            return;
        }
        if let Constant::Int(value) = self.const_of(x)
            && value.bit_len() > MAX_BITS
        {
            let name = operation_name(x.expr);
            let text = format!("constant {name}overflow");
            self.error_at(Code::InvalidConstVal, x.expr.pos, text);
            x.value = self.prog.constants.add(Constant::Unknown);
        }
    }
}

fn operation_name(expr: &Expr) -> &'static str {
    match &expr.kind {
        ExprKind::Unary {
            op: UnaryOp::BitNot,
            ..
        } => "bitwise complement ",
        ExprKind::Binary { op, .. } => match op {
            BinaryOp::Add => "addition ",
            BinaryOp::Sub => "subtraction ",
            BinaryOp::Xor => "bitwise XOR ",
            BinaryOp::Mul => "multiplication ",
            BinaryOp::Shl => "shift ",
            _ => "",
        },
        _ => "",
    }
}
