//! Arithmetic on constants. Operands are of matching kinds: the checker saw to it; what does not match is unknown.

use std::cmp::Ordering;
use std::sync::Arc;

use mini_syntax::ast::{BinaryOp, UnaryOp};
use num_bigint::BigInt;
use num_traits::ToPrimitive;

use super::{Constant, Float, Int};

impl Constant {
    /// `op x`. For `^` on an unsigned type, `unsigned_bits` is the type's width.
    pub fn unary(op: UnaryOp, x: &Constant, unsigned_bits: Option<u32>) -> Constant {
        match (op, x) {
            (UnaryOp::Plus, Constant::Int(_) | Constant::Float(_)) => x.clone(),
            (UnaryOp::Neg, Constant::Int(Int::Small(value))) if *value != i64::MIN => {
                Constant::int(-value)
            }
            (UnaryOp::Neg, Constant::Int(value)) => Constant::Int(Int::from_big(-value.to_big())),
            (UnaryOp::Neg, Constant::Float(value)) => Constant::Float(value.neg()),
            (UnaryOp::BitNot, Constant::Int(value)) => {
                let value = value.to_big();
                let flipped = match unsigned_bits {
                    Some(bits) => ((BigInt::from(1) << bits) - 1) ^ value,
                    None => -value - 1,
                };
                Constant::Int(Int::from_big(flipped))
            }
            (op, Constant::Complex(value)) => value.unary(op),
            (UnaryOp::Not, &Constant::Bool(value)) => Constant::Bool(!value),
            _ => Constant::Unknown,
        }
    }

    /// `x op y`, no shift and no comparison. `is_int_division` makes `/` truncate. The divisor is not zero.
    pub fn binary(op: BinaryOp, x: &Constant, y: &Constant, is_int_division: bool) -> Constant {
        match (x, y) {
            (&Constant::Bool(x), &Constant::Bool(y)) => match op {
                BinaryOp::LogAnd => Constant::Bool(x && y),
                BinaryOp::LogOr => Constant::Bool(x || y),
                _ => Constant::Unknown,
            },
            (Constant::Str(x), Constant::Str(y)) if op == BinaryOp::Add => {
                let mut text = Vec::with_capacity(x.len() + y.len());
                text.extend_from_slice(x);
                text.extend_from_slice(y);
                Constant::Str(text.into())
            }
            (Constant::Int(a), Constant::Int(b)) if op != BinaryOp::Div || is_int_division => {
                int_binary(op, a, b)
            }
            (Constant::Complex(_), _) | (_, Constant::Complex(_)) => {
                match (x.to_complex(), y.to_complex()) {
                    (Some(x), Some(y)) => x.binary(op, &y),
                    _ => Constant::Unknown,
                }
            }
            _ => match (x.to_float(), y.to_float()) {
                (Some(x), Some(y)) => float_binary(op, &x, &y),
                _ => Constant::Unknown,
            },
        }
    }

    /// `x << count` or `x >> count`.
    pub fn shift(op: BinaryOp, x: &Constant, count: u32) -> Constant {
        let Some(x) = x.to_int() else {
            return Constant::Unknown;
        };
        if let (Int::Small(value), true) = (&x, op == BinaryOp::Shr) {
            return Constant::int(value >> count.min(63));
        }
        let x = x.to_big();
        Constant::Int(Int::from_big(match op {
            BinaryOp::Shl => x << count,
            _ => x >> count,
        }))
    }

    /// `x op y` for a comparison.
    pub fn compare(op: BinaryOp, x: &Constant, y: &Constant) -> Constant {
        let order = match (x, y) {
            (Constant::Bool(x), Constant::Bool(y)) => x.cmp(y),
            (Constant::Str(x), Constant::Str(y)) => x.cmp(y),
            (Constant::Int(Int::Small(x)), Constant::Int(Int::Small(y))) => x.cmp(y),
            (Constant::Int(x), Constant::Int(y)) => x.to_big().cmp(&y.to_big()),
            _ => match (x.to_float(), y.to_float()) {
                (Some(x), Some(y)) => x.compare(&y),
                _ => return complex_compare(op, x, y),
            },
        };
        Constant::Bool(match op {
            BinaryOp::Eq => order == Ordering::Equal,
            BinaryOp::Ne => order != Ordering::Equal,
            BinaryOp::Lt => order == Ordering::Less,
            BinaryOp::Le => order != Ordering::Greater,
            BinaryOp::Gt => order == Ordering::Greater,
            BinaryOp::Ge => order != Ordering::Less,
            _ => return Constant::Unknown,
        })
    }
}

/// Complex numbers, one of which is not real, are equal or not.
fn complex_compare(op: BinaryOp, x: &Constant, y: &Constant) -> Constant {
    let (Some(x), Some(y)) = (x.to_complex(), y.to_complex()) else {
        return Constant::Unknown;
    };
    let is_same = |a: &Float, b: &Float| a.compare(b) == Ordering::Equal;
    let is_equal = is_same(&x.re, &y.re) && is_same(&x.im, &y.im);
    match op {
        BinaryOp::Eq => Constant::Bool(is_equal),
        BinaryOp::Ne => Constant::Bool(!is_equal),
        _ => Constant::Unknown,
    }
}

fn int_binary(op: BinaryOp, x: &Int, y: &Int) -> Constant {
    if let (&Int::Small(x), &Int::Small(y)) = (x, y) {
        let quick = match op {
            BinaryOp::Add => x.checked_add(y),
            BinaryOp::Sub => x.checked_sub(y),
            BinaryOp::Mul => x.checked_mul(y),
            BinaryOp::Div => x.checked_div(y),
            BinaryOp::Rem => x.checked_rem(y),
            BinaryOp::And => Some(x & y),
            BinaryOp::Or => Some(x | y),
            BinaryOp::Xor => Some(x ^ y),
            BinaryOp::AndNot => Some(x & !y),
            _ => return Constant::Unknown,
        };
        if let Some(value) = quick {
            return Constant::int(value);
        }
    }
    let (x, y) = (x.to_big(), y.to_big());
    Constant::Int(Int::from_big(match op {
        BinaryOp::Add => x + y,
        BinaryOp::Sub => x - y,
        BinaryOp::Mul => x * y,
        BinaryOp::Div if y.sign() != num_bigint::Sign::NoSign => x / y,
        BinaryOp::Rem if y.sign() != num_bigint::Sign::NoSign => x % y,
        BinaryOp::And => x & y,
        BinaryOp::Or => x | y,
        BinaryOp::Xor => x ^ y,
        BinaryOp::AndNot => &x & !y,
        _ => return Constant::Unknown,
    }))
}

pub(super) fn float_binary(op: BinaryOp, x: &Float, y: &Float) -> Constant {
    if op == BinaryOp::Div && y.is_zero() {
        return Constant::Unknown;
    }
    if let (Float::Fraction(a), Float::Fraction(b)) = (x, y) {
        let (a, b) = (a.as_ref(), b.as_ref());
        return Constant::Float(Float::from_fraction(match op {
            BinaryOp::Add => a + b,
            BinaryOp::Sub => a - b,
            BinaryOp::Mul => a * b,
            BinaryOp::Div => a / b,
            _ => return Constant::Unknown,
        }));
    }
    let (a, b) = (x.to_big_float(), y.to_big_float());
    let result = match op {
        BinaryOp::Add => a.add(&b),
        BinaryOp::Sub => a.add(&b.neg()),
        BinaryOp::Mul => a.mul(&b),
        BinaryOp::Div => a.div(&b),
        _ => return Constant::Unknown,
    };
    match result.magnitude() {
        // Beyond what Go's big floats hold: infinite, or zero.
        exp if exp > i32::MAX as i64 => Constant::Unknown,
        exp if exp < i32::MIN as i64 => Constant::Float(Float::zero()),
        _ => Constant::Float(Float::from_big(result)),
    }
}

impl Constant {
    /// The string that an integer converts to: its UTF-8 form, or that of the replacement character.
    pub fn int_to_string(&self) -> Constant {
        let code = match self.to_int() {
            Some(Int::Small(value)) => value.to_u32(),
            _ => None,
        };
        let c = code.and_then(char::from_u32).unwrap_or('\u{fffd}');
        let mut buffer = [0; 4];
        Constant::Str(Arc::from(c.encode_utf8(&mut buffer).as_bytes()))
    }
}
