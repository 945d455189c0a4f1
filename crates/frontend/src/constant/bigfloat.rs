//! Binary floating point with a large mantissa and an exponent of 64 bits: for constants such as `1e100000`.

use std::cmp::Ordering;

use num_bigint::BigInt;
use num_traits::{One, Signed, Zero};

/// Bits of the mantissa.
pub(super) const PRECISION: u64 = 512;

/// `mant * 2^exp`, the mantissa odd or zero.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BigFloat {
    pub mant: BigInt,
    pub exp: i64,
}

impl BigFloat {
    /// Rounds to [`PRECISION`] bits, half to even.
    pub fn new(mant: BigInt, exp: i64) -> BigFloat {
        let (mut mant, mut exp) = (mant, exp);
        let excess = mant.bits().saturating_sub(PRECISION);
        if excess > 0 {
            mant = shift_right_rounded(&mant, excess, false);
            exp = exp.saturating_add(excess as i64);
        }
        if mant.is_zero() {
            return BigFloat { mant, exp: 0 };
        }
        let zeros = mant.trailing_zeros().unwrap_or(0);
        BigFloat {
            mant: mant >> zeros,
            exp: exp.saturating_add(zeros as i64),
        }
    }

    pub fn from_fraction(num: &BigInt, den: &BigInt) -> BigFloat {
        let shift = (PRECISION + 2 + den.bits()).saturating_sub(num.bits());
        let scaled = num << shift;
        let quotient = &scaled / den;
        let is_inexact = &quotient * den != scaled;
        BigFloat::sticky(quotient, is_inexact, -(shift as i64))
    }

    /// A truncated mantissa, with whether bits were lost: one more bit stands for them.
    fn sticky(mant: BigInt, is_inexact: bool, exp: i64) -> BigFloat {
        if !is_inexact {
            return BigFloat::new(mant, exp);
        }
        let one = if mant.is_negative() { -1 } else { 1 };
        BigFloat::new((mant << 1u32) + one, exp.saturating_sub(1))
    }

    /// The position of the highest bit: the value is in `[2^(n-1), 2^n)`.
    pub fn magnitude(&self) -> i64 {
        self.exp.saturating_add(self.mant.bits() as i64)
    }

    pub fn neg(&self) -> BigFloat {
        BigFloat {
            mant: -&self.mant,
            exp: self.exp,
        }
    }

    pub fn add(&self, other: &BigFloat) -> BigFloat {
        if self.mant.is_zero() {
            return other.clone();
        }
        if other.mant.is_zero() {
            return self.clone();
        }
        let (high, low) = match self.exp >= other.exp {
            true => (self, other),
            false => (other, self),
        };
        // A number far below the last bit of the other does not change it.
        if high.magnitude() - low.magnitude() > 2 * PRECISION as i64 {
            return high.clone();
        }
        if low.magnitude() - high.magnitude() > 2 * PRECISION as i64 {
            return low.clone();
        }
        let shift = (high.exp - low.exp) as u64;
        BigFloat::new((&high.mant << shift) + &low.mant, low.exp)
    }

    pub fn mul(&self, other: &BigFloat) -> BigFloat {
        BigFloat::new(&self.mant * &other.mant, self.exp.saturating_add(other.exp))
    }

    /// The divisor is not zero.
    pub fn div(&self, other: &BigFloat) -> BigFloat {
        let fraction = BigFloat::from_fraction(&self.mant, &other.mant);
        BigFloat {
            exp: fraction
                .exp
                .saturating_add(self.exp)
                .saturating_sub(other.exp),
            mant: fraction.mant,
        }
    }

    pub fn compare(&self, other: &BigFloat) -> Ordering {
        let difference = self.add(&other.neg());
        difference.mant.cmp(&BigInt::zero())
    }
}

/// Shifts right and rounds to nearest, half to even; `is_inexact` says that bits below were lost before.
pub(crate) fn shift_right_rounded(value: &BigInt, shift: u64, is_inexact: bool) -> BigInt {
    if shift == 0 {
        return value.clone();
    }
    let magnitude = value.magnitude();
    let mut rounded = magnitude >> shift;
    let half = magnitude.bit(shift - 1);
    let below = is_inexact
        || magnitude
            .trailing_zeros()
            .is_some_and(|zeros| zeros < shift - 1);
    if half && (below || rounded.bit(0)) {
        rounded += 1u32;
    }
    let rounded = BigInt::from(rounded);
    match value.is_negative() {
        true => -rounded,
        false => rounded,
    }
}

/// `2^n`
pub(crate) fn power_of_two(n: u64) -> BigInt {
    BigInt::one() << n
}
