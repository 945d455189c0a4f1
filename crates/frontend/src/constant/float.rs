//! Float constants and their rounding to machine floats.

use std::cmp::Ordering;
use std::sync::Arc;

use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Signed, ToPrimitive, Zero};

use super::bigfloat::{BigFloat, power_of_two, shift_right_rounded};
use super::{Int, is_small_fraction};

/// Fractions with longer parts become [`BigFloat`]s (Go's limit).
pub const MAX_FRACTION_BITS: u64 = 4 << 10;

/// A real number.
#[derive(Clone, PartialEq, Debug)]
pub enum Float {
    Fraction(Arc<BigRational>),
    Big(Arc<BigFloat>),
}

/// A machine format: bits of the mantissa with the hidden one, least and greatest exponent of normal numbers.
struct Format {
    bits: i64,
    min_exp: i64,
    max_exp: i64,
}

const DOUBLE: Format = Format {
    bits: 53,
    min_exp: -1022,
    max_exp: 1023,
};
const SINGLE: Format = Format {
    bits: 24,
    min_exp: -126,
    max_exp: 127,
};

impl Float {
    pub fn zero() -> Float {
        Float::from_fraction(BigRational::zero())
    }

    pub fn from_int(value: &Int) -> Float {
        let value = value.to_big();
        match value.bits() < MAX_FRACTION_BITS {
            true => Float::Fraction(Arc::new(BigRational::from_integer(value))),
            false => Float::Big(Arc::new(BigFloat::new(value, 0))),
        }
    }

    pub fn from_fraction(value: BigRational) -> Float {
        match is_small_fraction(value.numer(), value.denom()) {
            true => Float::Fraction(Arc::new(value)),
            false => Float::Big(Arc::new(BigFloat::from_fraction(
                value.numer(),
                value.denom(),
            ))),
        }
    }

    pub fn from_big(value: BigFloat) -> Float {
        let limit = MAX_FRACTION_BITS as i64;
        let (mant_bits, exp) = (value.mant.bits() as i64, value.exp);
        if value.mant.is_zero() {
            return Float::Fraction(Arc::new(BigRational::zero()));
        }
        if exp >= 0 && exp + mant_bits < limit {
            let int = value.mant << exp as u64;
            return Float::Fraction(Arc::new(BigRational::from_integer(int)));
        }
        if exp < 0 && -exp < limit - 1 {
            let den = power_of_two(-exp as u64);
            return Float::Fraction(Arc::new(BigRational::new(value.mant, den)));
        }
        Float::Big(Arc::new(value))
    }

    pub fn from_f64(value: f64) -> Option<Float> {
        BigRational::from_float(value).map(Float::from_fraction)
    }

    pub fn to_big_float(&self) -> BigFloat {
        match self {
            Float::Fraction(value) => BigFloat::from_fraction(value.numer(), value.denom()),
            Float::Big(value) => BigFloat::clone(value),
        }
    }

    pub fn is_zero(&self) -> bool {
        match self {
            Float::Fraction(value) => value.is_zero(),
            Float::Big(value) => value.mant.is_zero(),
        }
    }

    pub fn sign(&self) -> i32 {
        let (is_zero, is_negative) = match self {
            Float::Fraction(value) => (value.is_zero(), value.is_negative()),
            Float::Big(value) => (value.mant.is_zero(), value.mant.is_negative()),
        };
        match (is_zero, is_negative) {
            (true, _) => 0,
            (_, true) => -1,
            _ => 1,
        }
    }

    /// The integer that the number is, if it is whole and not absurdly large.
    pub fn to_int(&self) -> Option<Int> {
        match self {
            Float::Fraction(value) => value
                .denom()
                .is_one()
                .then(|| Int::from_big(value.numer().clone())),
            Float::Big(value) => (0..=(MAX_FRACTION_BITS as i64))
                .contains(&value.exp)
                .then(|| Int::from_big(&value.mant << value.exp as u64)),
        }
    }

    pub fn neg(&self) -> Float {
        match self {
            Float::Fraction(value) => Float::Fraction(Arc::new(-BigRational::clone(value))),
            Float::Big(value) => Float::Big(Arc::new(value.neg())),
        }
    }

    pub fn compare(&self, other: &Float) -> Ordering {
        match (self, other) {
            (Float::Fraction(a), Float::Fraction(b)) => a.cmp(b),
            _ => self.to_big_float().compare(&other.to_big_float()),
        }
    }

    pub fn to_f64(&self) -> f64 {
        self.round(&DOUBLE)
    }

    pub fn to_f32(&self) -> f32 {
        self.round(&SINGLE) as f32
    }

    /// The number as the format holds it, half to even; infinite beyond its range.
    fn round(&self, format: &Format) -> f64 {
        let (num, den, extra) = match self {
            Float::Fraction(value) => (value.numer().clone(), value.denom().clone(), 0),
            Float::Big(value) => (value.mant.clone(), BigInt::one(), value.exp),
        };
        if num.is_zero() {
            return 0.0;
        }
        let sign = if num.is_negative() { -1.0 } else { 1.0 };
        let num = num.abs();
        // The exponent of the highest bit, or one more.
        let estimate = (num.bits() as i64 - den.bits() as i64).saturating_add(extra);
        if estimate > format.max_exp + 2 {
            return sign * f64::INFINITY;
        }
        if estimate < format.min_exp - format.bits - 2 {
            return 0.0;
        }
        // A quotient with at least two bits more than wanted, and whether it is inexact.
        let shift = format.bits + 3 - (num.bits() as i64 - den.bits() as i64);
        let (scaled, divisor) = match shift >= 0 {
            true => (num << shift as u64, den),
            false => (num, den << (-shift) as u64),
        };
        let quotient = &scaled / &divisor;
        let is_inexact = &quotient * &divisor != scaled;
        let exp = extra - shift;
        let highest = quotient.bits() as i64 - 1 + exp;
        let lowest_kept = (highest - format.bits + 1).max(format.min_exp - format.bits + 1);
        let drop = (lowest_kept - exp).max(0) as u64;
        let mant = shift_right_rounded(&quotient, drop, is_inexact);
        let mant_exp = exp + drop as i64;
        if mant.bits() as i64 + mant_exp > format.max_exp + 1 {
            return sign * f64::INFINITY;
        }
        let mant = mant.to_u64().unwrap_or(0) as f64;
        // Two steps, so that neither power leaves the range of normal numbers.
        let half = mant_exp / 2;
        sign * mant * 2f64.powi(half as i32) * 2f64.powi((mant_exp - half) as i32)
    }
}
