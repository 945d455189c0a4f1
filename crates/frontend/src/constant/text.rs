//! Constants as messages show them.

use std::fmt;

use num_traits::ToPrimitive;

use super::{Constant, Float, Int};

impl fmt::Display for Int {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Int::Small(value) => write!(f, "{value}"),
            Int::Big(value) => write!(f, "{value}"),
        }
    }
}

impl fmt::Display for Float {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Float::Fraction(value) = self
            && value.is_integer()
            && value.numer().bits() <= 53
        {
            return f.write_str(&general(value.numer().to_f64().unwrap_or(0.0)));
        }
        let value = self.to_f64();
        if value.is_finite() && (value != 0.0 || self.is_zero()) {
            let text = general(value);
            // A number that is not whole does not look whole.
            if self.to_int().is_none() && !text.contains('.') {
                return f.write_str(&shortest(value));
            }
            return f.write_str(&text);
        }
        // Out of the range of float64: a decimal mantissa from the binary logarithm.
        let big = self.to_big_float();
        let bits = big.mant.bits() as i64;
        let top: f64 = (&big.mant >> (bits - 53).max(0) as u64)
            .to_f64()
            .unwrap_or(0.0);
        let log2 = top.abs().log2() + (big.exp + (bits - 53).max(0)) as f64;
        let log10 = log2 * std::f64::consts::LOG10_2;
        let exp = log10.floor();
        let mant = 10f64.powf(log10 - exp) * if self.sign() < 0 { -1.0 } else { 1.0 };
        match general(mant).as_str() {
            "10" => write!(f, "1e{:+}", exp as i64 + 1),
            "-10" => write!(f, "-1e{:+}", exp as i64 + 1),
            mant => write!(f, "{mant}e{:+}", exp as i64),
        }
    }
}

impl fmt::Display for Constant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Constant::Unknown => f.write_str("unknown"),
            Constant::Bool(value) => write!(f, "{value}"),
            Constant::Int(value) => value.fmt(f),
            Constant::Float(value) => value.fmt(f),
            Constant::Complex(value) => write!(f, "({} + {}i)", value.re, value.im),
            Constant::Str(bytes) => {
                const MAX: usize = 72;
                let mut quoted = String::new();
                crate::types::quote(&mut quoted, &String::from_utf8_lossy(bytes));
                if quoted.chars().count() > MAX {
                    let kept: String = quoted.chars().take(MAX - 3).collect();
                    return write!(f, "{kept}...");
                }
                f.write_str(&quoted)
            }
        }
    }
}

/// C's `%.6g`.
fn general(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let scientific = format!("{value:.5e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        let fixed = format!("{value:.*}", (5 - exponent) as usize);
        return trim_zeros(&fixed).into();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", trim_zeros(mantissa), exponent.abs())
}

/// C's `%g` with as many digits as tell the number from its neighbours.
fn shortest(value: f64) -> String {
    if (1e-4..1e21).contains(&value.abs()) {
        return value.to_string();
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

fn trim_zeros(text: &str) -> &str {
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.'),
        false => text,
    }
}
