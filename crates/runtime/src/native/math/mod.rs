//! Natives of packages `math` and `math/bits`.
//!
//! Results are bit for bit Go's on amd64, so each function keeps Go's choice of algorithm (Cephes, FreeBSD's msun, or
//! Shibata's for Exp) and its order of operations; Rust never fuses on its own. Expm1 is the `libm` crate's, which comes
//! from msun too.
//!
//! Code generation knows the first group as instructions; the natives behind them serve calls through function values.

#![allow(
    clippy::excessive_precision,
    clippy::approx_constant,
    reason = "coefficients stand as they were published"
)]

mod bessel;
mod erf;
mod exp;
mod special;
mod trig;

use super::call::{Call, natives};

natives! {
    "math.Float64bits" => |c: &mut Call| { let bits = c.word(0); c.ret(0, bits) };
    "math.Float64frombits" => |c: &mut Call| { let bits = c.word(0); c.ret(0, bits) };
    "math.Float32bits" => |c: &mut Call| { let bits = c.word(0) as u32; c.ret(0, bits.into()) };
    "math.Float32frombits" => |c: &mut Call| { let bits = c.word(0) as u32; c.ret(0, bits.into()) };
    "math.Abs" => |c: &mut Call| unary(c, f64::abs);
    "math.Sqrt" => |c: &mut Call| unary(c, f64::sqrt);
    "math.Floor" => |c: &mut Call| unary(c, f64::floor);
    "math.Ceil" => |c: &mut Call| unary(c, f64::ceil);
    "math.Trunc" => |c: &mut Call| unary(c, f64::trunc);
    "math.RoundToEven" => |c: &mut Call| unary(c, f64::round_ties_even);
    "math.Copysign" => |c: &mut Call| binary(c, f64::copysign);
    "math.FMA" => |c: &mut Call| { let f = c.float(0).mul_add(c.float(1), c.float(2)); c.ret_float(0, f) };
    "bits.raiseDivide" => |c: &mut Call| super::raise(c, mini_abi::panics::PanicCode::Divide, "");
    "bits.raiseOverflow" => |c: &mut Call| super::raise(c, mini_abi::panics::PanicCode::Text, "integer overflow");

    "math.Acos" => |c: &mut Call| unary(c, trig::acos);
    "math.Acosh" => |c: &mut Call| unary(c, exp::acosh);
    "math.Asin" => |c: &mut Call| unary(c, trig::asin);
    "math.Asinh" => |c: &mut Call| unary(c, exp::asinh);
    "math.Atan" => |c: &mut Call| unary(c, trig::atan);
    "math.Atan2" => |c: &mut Call| binary(c, trig::atan2);
    "math.Atanh" => |c: &mut Call| unary(c, exp::atanh);
    "math.Cbrt" => |c: &mut Call| unary(c, special::cbrt);
    "math.Cos" => |c: &mut Call| unary(c, trig::cos);
    "math.Cosh" => |c: &mut Call| unary(c, exp::cosh);
    "math.Exp" => |c: &mut Call| unary(c, exp::exp);
    "math.Exp2" => |c: &mut Call| unary(c, exp::exp2);
    "math.Expm1" => |c: &mut Call| unary(c, exp::expm1);
    "math.Hypot" => |c: &mut Call| binary(c, special::hypot);
    "math.Log" => |c: &mut Call| unary(c, exp::log);
    "math.Log10" => |c: &mut Call| unary(c, exp::log10);
    "math.Log1p" => |c: &mut Call| unary(c, exp::log1p);
    "math.Log2" => |c: &mut Call| unary(c, exp::log2);
    "math.Logb" => |c: &mut Call| unary(c, logb);
    "math.Mod" => |c: &mut Call| binary(c, |x, y| x % y);
    "math.Pow" => |c: &mut Call| binary(c, exp::pow);
    "math.Pow10" => |c: &mut Call| { let f = exp::pow10(c.int(0)); c.ret_float(0, f) };
    "math.Remainder" => |c: &mut Call| binary(c, special::remainder);
    "math.Sin" => |c: &mut Call| unary(c, trig::sin);
    "math.Sincos" => |c: &mut Call| {
        let (sin, cos) = trig::sincos(c.float(0));
        c.ret_float(0, sin);
        c.ret_float(1, cos);
    };
    "math.Sinh" => |c: &mut Call| unary(c, exp::sinh);
    "math.Tan" => |c: &mut Call| unary(c, trig::tan);
    "math.Tanh" => |c: &mut Call| unary(c, exp::tanh);
    "math.J0" => |c: &mut Call| unary(c, bessel::j0);
    "math.J1" => |c: &mut Call| unary(c, bessel::j1);
    "math.Jn" => |c: &mut Call| { let y = bessel::jn(c.int(0), c.float(1)); c.ret_float(0, y) };
    "math.Y0" => |c: &mut Call| unary(c, bessel::y0);
    "math.Y1" => |c: &mut Call| unary(c, bessel::y1);
    "math.Yn" => |c: &mut Call| { let y = bessel::yn(c.int(0), c.float(1)); c.ret_float(0, y) };
    "math.Erf" => |c: &mut Call| unary(c, erf::erf);
    "math.Erfc" => |c: &mut Call| unary(c, erf::erfc);
    "math.Erfinv" => |c: &mut Call| unary(c, special::erfinv);
    "math.Gamma" => |c: &mut Call| unary(c, special::gamma);
    "math.Lgamma" => |c: &mut Call| {
        let (f, sign) = erf::lgamma(c.float(0));
        c.ret_float(0, f);
        c.ret_int(1, sign);
    };
    "math.Frexp" => |c: &mut Call| {
        let (fraction, exp) = frexp(c.float(0));
        c.ret_float(0, fraction);
        c.ret_int(1, exp);
    };
    "math.Ldexp" => |c: &mut Call| { let f = ldexp(c.float(0), c.int(1)); c.ret_float(0, f) };
    "math.Ilogb" => |c: &mut Call| { let n = ilogb(c.float(0)); c.ret_int(0, n) };
    "math.Nextafter" => |c: &mut Call| binary(c, next_after);
    "math.Nextafter32" => |c: &mut Call| {
        let (x, y) = (f32::from_bits(c.word(0) as u32), f32::from_bits(c.word(1) as u32));
        c.ret(0, next_after_32(x, y).to_bits().into());
    };
}

fn unary(call: &mut Call, f: impl Fn(f64) -> f64) {
    let y = f(call.float(0));
    call.ret_float(0, y);
}

fn binary(call: &mut Call, f: impl Fn(f64, f64) -> f64) {
    let z = f(call.float(0), call.float(1));
    call.ret_float(0, z);
}

/// Go's NaN.
const NAN: f64 = f64::from_bits(0x7FF8_0000_0000_0001);

/// Splits f into a fraction in [½, 1) and a power of two.
fn frexp(f: f64) -> (f64, i64) {
    if f == 0.0 || !f.is_finite() {
        return (f, 0);
    }
    let (f, shift) = normalized(f);
    let bits = f.to_bits();
    let exp = (bits >> 52 & 0x7FF) as i64 - 1022 + shift;
    (f64::from_bits(bits & !(0x7FF << 52) | 1022 << 52), exp)
}

/// f as a normal number times 2^shift.
fn normalized(f: f64) -> (f64, i64) {
    if f.abs() < f64::MIN_POSITIVE {
        (f * (1u64 << 52) as f64, -52)
    } else {
        (f, 0)
    }
}

/// fraction × 2^exp.
fn ldexp(fraction: f64, exp: i64) -> f64 {
    if fraction == 0.0 || !fraction.is_finite() {
        return fraction;
    }
    let (f, shift) = normalized(fraction);
    let bits = f.to_bits();
    let mut exp = exp
        .saturating_add(shift)
        .saturating_add((bits >> 52 & 0x7FF) as i64 - 1023);
    if exp < -1075 {
        return 0f64.copysign(fraction);
    }
    if exp > 1023 {
        return f64::INFINITY.copysign(fraction);
    }
    let mut scale = 1.0;
    if exp < -1022 {
        exp += 53;
        scale = 1.0 / (1u64 << 53) as f64;
    }
    scale * f64::from_bits(bits & !(0x7FF << 52) | ((exp + 1023) as u64) << 52)
}

fn ilogb(x: f64) -> i64 {
    if x == 0.0 {
        return i32::MIN.into();
    }
    if !x.is_finite() {
        return i32::MAX.into();
    }
    frexp(x).1 - 1
}

fn logb(x: f64) -> f64 {
    match x {
        _ if x == 0.0 => f64::NEG_INFINITY,
        _ if x.is_infinite() => f64::INFINITY,
        _ if x.is_nan() => x,
        _ => ilogb(x) as f64,
    }
}

fn next_after(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() {
        NAN
    } else if x == y {
        x
    } else if x == 0.0 {
        f64::from_bits(1).copysign(y)
    } else if (y > x) == (x > 0.0) {
        f64::from_bits(x.to_bits() + 1)
    } else {
        f64::from_bits(x.to_bits() - 1)
    }
}

fn next_after_32(x: f32, y: f32) -> f32 {
    if x.is_nan() || y.is_nan() {
        f32::NAN
    } else if x == y {
        x
    } else if x == 0.0 {
        f32::from_bits(1).copysign(y)
    } else if (y > x) == (x > 0.0) {
        f32::from_bits(x.to_bits() + 1)
    } else {
        f32::from_bits(x.to_bits() - 1)
    }
}

/// Σ coefficients[i] × x^(n-i), by Horner's rule from the first coefficient on.
fn polynomial(x: f64, coefficients: &[f64]) -> f64 {
    let mut sum = coefficients[0];
    for c in &coefficients[1..] {
        sum = sum * x + c;
    }
    sum
}
