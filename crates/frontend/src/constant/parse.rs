//! Literals to constants. The lexer has checked the form; `None` means that it was wrong there, or the number too large.

use mini_syntax::ast::{Lit, LitKind};
use mini_syntax::literal;
use num_bigint::BigInt;
use num_rational::BigRational;
use num_traits::{One, Zero};

use super::bigfloat::BigFloat;
use super::{Complex, Constant, Float, Int};

/// Decimal exponents beyond this are zero or an error: those of two would not fit 32 bits, which is Go's limit.
const MAX_EXPONENT: i64 = 646_456_993;

impl Constant {
    /// The value of a literal.
    pub fn from_literal(lit: &Lit) -> Option<Constant> {
        let text = lit.text.as_str();
        match lit.kind {
            LitKind::Int => int(text),
            LitKind::Float => float(text),
            LitKind::Imag => imaginary(text.strip_suffix('i')?),
            LitKind::Rune => literal::rune_value(text).map(|value| Constant::int(value as i64)),
            LitKind::String => literal::string_value(text).map(|bytes| Constant::Str(bytes.into())),
        }
    }
}

fn int(text: &str) -> Option<Constant> {
    let digits: String = text.chars().filter(|&c| c != '_').collect();
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, &digits[..]),
    };
    if let Ok(small) = i64::from_str_radix(digits, radix) {
        return Some(Constant::int(small));
    }
    let value = BigInt::parse_bytes(digits.as_bytes(), radix)?;
    Some(Constant::Int(Int::from_big(value)))
}

/// `text` times the imaginary unit. Digits alone are decimal, whatever they begin with.
fn imaginary(text: &str) -> Option<Constant> {
    let is_decimal = text.bytes().all(|c| c.is_ascii_digit() || c == b'_');
    let digits = text.trim_start_matches(['0', '_']);
    let value = match is_decimal {
        true if digits.is_empty() => Constant::int(0),
        true => int(digits)?,
        false => int(text).or_else(|| float(text))?,
    };
    Some(Complex::new(Float::zero(), value.to_float()?).into())
}

fn float(text: &str) -> Option<Constant> {
    let text: String = text
        .chars()
        .filter(|&c| c != '_')
        .map(|c| c.to_ascii_lowercase())
        .collect();
    let (radix, body, mark) = match text.strip_prefix("0x") {
        Some(hex) => (16u32, hex, 'p'),
        None => (10, text.as_str(), 'e'),
    };
    let (mantissa, exponent) = body.split_once(mark).unwrap_or((body, "0"));
    let exponent: i64 = exponent
        .strip_prefix('+')
        .unwrap_or(exponent)
        .parse()
        .ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = format!("{whole}{fraction}");
    let mant = match digits.is_empty() {
        true => BigInt::zero(),
        false => BigInt::parse_bytes(digits.as_bytes(), radix)?,
    };
    if mant.is_zero() {
        return Some(Constant::Float(Float::zero()));
    }
    if exponent.abs() > MAX_EXPONENT {
        return match exponent < 0 {
            true => Some(Constant::Float(Float::zero())),
            false => None,
        };
    }
    if radix == 16 {
        let exp = exponent - 4 * fraction.len() as i64;
        return Some(Constant::Float(Float::from_big(BigFloat::new(mant, exp))));
    }
    let exp = exponent - fraction.len() as i64;
    Some(Constant::Float(scale_by_ten(mant, exp)))
}

fn scale_by_ten(mant: BigInt, exp: i64) -> Float {
    if exp.abs() <= 2000 {
        let power = BigInt::from(10).pow(exp.unsigned_abs() as u32);
        return Float::from_fraction(match exp >= 0 {
            true => BigRational::from_integer(mant * power),
            false => BigRational::new(mant, power),
        });
    }
    // 10^n by squaring, each step rounded to the mantissa's precision.
    let mut power = BigFloat::new(BigInt::one(), 0);
    let mut square = BigFloat::new(BigInt::from(10), 0);
    let mut rest = exp.unsigned_abs();
    while rest > 0 {
        if rest & 1 == 1 {
            power = power.mul(&square);
        }
        square = square.mul(&square);
        rest >>= 1;
    }
    let mant = BigFloat::new(mant, 0);
    Float::from_big(match exp >= 0 {
        true => mant.mul(&power),
        false => mant.div(&power),
    })
}
