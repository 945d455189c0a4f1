//! Complex constants: two floats of arbitrary precision.

use mini_syntax::ast::{BinaryOp, UnaryOp};

use super::{Constant, Float};

#[derive(Clone, PartialEq, Debug)]
pub struct Complex {
    pub re: Float,
    pub im: Float,
}

impl Complex {
    pub fn new(re: Float, im: Float) -> Complex {
        Complex { re, im }
    }

    /// The real number that the constant is, if it is one.
    pub fn to_float(&self) -> Option<&Float> {
        self.im.is_zero().then_some(&self.re)
    }

    pub fn is_zero(&self) -> bool {
        self.re.is_zero() && self.im.is_zero()
    }

    /// `+x`, `-x`
    pub(super) fn unary(&self, op: UnaryOp) -> Constant {
        match op {
            UnaryOp::Plus => self.clone().into(),
            UnaryOp::Neg => Complex::new(self.re.neg(), self.im.neg()).into(),
            _ => Constant::Unknown,
        }
    }

    /// `x op y` for `+ - * /`. The divisor is not zero.
    pub(super) fn binary(&self, op: BinaryOp, y: &Complex) -> Constant {
        let Complex { re: a, im: b } = self;
        let Complex { re: c, im: d } = y;
        let parts = || {
            Some(match op {
                BinaryOp::Add | BinaryOp::Sub => Complex::new(a.binary(op, c)?, b.binary(op, d)?),
                BinaryOp::Mul => {
                    Complex::new(a.mul(c)?.sub(&b.mul(d)?)?, b.mul(c)?.add(&a.mul(d)?)?)
                }
                BinaryOp::Div => {
                    let norm = c.mul(c)?.add(&d.mul(d)?)?;
                    Complex::new(
                        a.mul(c)?.add(&b.mul(d)?)?.div(&norm)?,
                        b.mul(c)?.sub(&a.mul(d)?)?.div(&norm)?,
                    )
                }
                _ => return None,
            })
        };
        parts().map_or(Constant::Unknown, Constant::from)
    }
}

impl From<Complex> for Constant {
    fn from(value: Complex) -> Constant {
        Constant::Complex(value.into())
    }
}

impl Float {
    /// `None`: the result is too large, or the divisor is zero.
    fn binary(&self, op: BinaryOp, y: &Float) -> Option<Float> {
        match super::ops::float_binary(op, self, y) {
            Constant::Float(value) => Some(value),
            _ => None,
        }
    }

    fn add(&self, y: &Float) -> Option<Float> {
        self.binary(BinaryOp::Add, y)
    }

    fn sub(&self, y: &Float) -> Option<Float> {
        self.binary(BinaryOp::Sub, y)
    }

    fn mul(&self, y: &Float) -> Option<Float> {
        self.binary(BinaryOp::Mul, y)
    }

    fn div(&self, y: &Float) -> Option<Float> {
        self.binary(BinaryOp::Div, y)
    }
}
