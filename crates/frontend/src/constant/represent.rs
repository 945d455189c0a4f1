//! Which types can hold which constants, and what becomes of the value in them.

use super::{Complex, Constant, Float, Int};
use crate::types::Basic;

/// The value as the type holds it, or why it cannot.
pub type Representation = Result<Constant, Unrepresentable>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unrepresentable {
    /// A number out of range.
    Overflows,
    /// A fraction where an integer is wanted.
    Truncated,
    /// The kinds do not match.
    Mismatched,
}

/// Width and signedness of an integer type.
pub(crate) fn int_width(basic: Basic) -> Option<(u32, bool)> {
    Some(match basic {
        Basic::Int | Basic::Int64 => (64, true),
        Basic::Int8 => (8, true),
        Basic::Int16 => (16, true),
        Basic::Int32 | Basic::Rune => (32, true),
        Basic::Uint | Basic::Uint64 | Basic::Uintptr => (64, false),
        Basic::Uint8 | Basic::Byte => (8, false),
        Basic::Uint16 => (16, false),
        Basic::Uint32 => (32, false),
        _ => return None,
    })
}

impl Constant {
    /// The constant as a value of type `basic`, rounded if that is a float type.
    pub fn represent(&self, basic: Basic) -> Representation {
        use Unrepresentable::*;
        if self.is_unknown() {
            return Ok(Constant::Unknown);
        }
        if basic.is_integer() {
            let Some(value) = self.to_int() else {
                return Err(match self {
                    Constant::Float(_) | Constant::Complex(_) => Truncated,
                    _ => Mismatched,
                });
            };
            return match int_width(basic) {
                Some((bits, is_signed)) if !fits(&value, bits, is_signed) => Err(Overflows),
                _ => Ok(Constant::Int(value)),
            };
        }
        if basic.is_float() {
            let value = self.to_float().ok_or(match self {
                Constant::Complex(_) => Truncated,
                _ => Mismatched,
            })?;
            return rounded(value, basic).map(Constant::Float).ok_or(Overflows);
        }
        if basic.is_complex() {
            let Complex { re, im } = self.to_complex().ok_or(Mismatched)?;
            let (re, im) = (rounded(re, basic), rounded(im, basic));
            let (re, im) = (re.ok_or(Overflows)?, im.ok_or(Overflows)?);
            return Ok(Complex::new(re, im).into());
        }
        let is_match = match self {
            Constant::Bool(_) => basic.is_boolean(),
            Constant::Str(_) => basic.is_string(),
            _ => false,
        };
        match is_match {
            true => Ok(self.clone()),
            false => Err(Mismatched),
        }
    }
}

/// The float, or part of a complex number, that the type holds; none beyond its range.
fn rounded(value: Float, basic: Basic) -> Option<Float> {
    match basic {
        Basic::Float32 | Basic::Complex64 => Float::from_f64(f64::from(value.to_f32())),
        Basic::Float64 | Basic::Complex128 => Float::from_f64(value.to_f64()),
        _ => Some(value),
    }
}

fn fits(value: &Int, bits: u32, is_signed: bool) -> bool {
    match (value, is_signed) {
        (&Int::Small(value), true) => bits == 64 || (value >> (bits - 1)) == (value >> 63),
        (&Int::Small(value), false) => value >= 0 && (bits == 64 || value >> bits == 0),
        (Int::Big(_), true) => false,
        (Int::Big(value), false) => {
            value.sign() == num_bigint::Sign::Plus && value.bits() <= bits as u64
        }
    }
}
