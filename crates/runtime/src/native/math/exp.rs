//! Exponentials, logarithms, powers and hyperbolic functions.

use std::f64::consts::{LN_2, LOG2_E};

use super::{NAN, frexp, ldexp, polynomial};

const LN2_HI: f64 = 6.93147180369123816490e-01;
const LN2_LO: f64 = 1.90821492927058770002e-10;

/// e^x by Shibata's method (SLEEF), as Go's assembly does it: with fused operations where the processor has them.
pub(super) fn exp(x: f64) -> f64 {
    if x.is_nan() || x == f64::INFINITY {
        return x;
    }
    if x == f64::NEG_INFINITY {
        return 0.0;
    }
    if x > 7.09782712893384e+02 {
        return f64::INFINITY;
    }
    let k = (LOG2_E * x).round_ties_even();
    if k < -2000.0 {
        return 0.0;
    }
    #[cfg(target_arch = "x86_64")]
    let fraction = if std::arch::is_x86_feature_detected!("fma")
        && std::arch::is_x86_feature_detected!("avx")
    {
        // SAFETY: the processor has the feature.
        unsafe { exp_fraction_fused(x, k) }
    } else {
        exp_fraction(x, k)
    };
    #[cfg(not(target_arch = "x86_64"))]
    let fraction = exp_fraction(x, k);
    scale(fraction, k as i64)
}

/// The two parts of ln 2.
const LN2_UPPER: f64 = 0.69314718055966295651160180568695068359375;
const LN2_LOWER: f64 = 0.28235290563031577122588448175013436025525412068e-12;

/// Taylor coefficients of (e^x-1)/x, from the highest on.
const TAYLOR: [f64; 8] = [
    2.4801587301587301587e-5,
    1.9841269841269841270e-4,
    1.3888888888888888889e-3,
    8.3333333333333333333e-3,
    4.1666666666666666667e-2,
    1.6666666666666666667e-1,
    0.5,
    1.0,
];

/// e^(x - k ln 2): the series at a sixteenth of the argument, then (1+y)²-1 = y(y+2) four times.
fn exp_fraction(x: f64, k: f64) -> f64 {
    let r = (x - k * LN2_UPPER - k * LN2_LOWER) * 0.0625;
    let mut y = r * polynomial(r, &TAYLOR);
    for _ in 0..4 {
        y *= y + 2.0;
    }
    y + 1.0
}

/// [`exp_fraction`] with one rounding for each product and sum.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx,fma")]
fn exp_fraction_fused(x: f64, k: f64) -> f64 {
    let r = (-k).mul_add(LN2_LOWER, (-k).mul_add(LN2_UPPER, x)) * 0.0625;
    let mut sum = TAYLOR[0];
    for c in &TAYLOR[1..] {
        sum = sum.mul_add(r, *c);
    }
    let mut y = r * sum;
    for _ in 0..3 {
        y *= y + 2.0;
    }
    y.mul_add(y + 2.0, 1.0)
}

/// f × 2^k, in two steps when the result is subnormal.
fn scale(f: f64, k: i64) -> f64 {
    let biased = k + 1023;
    if biased >= 0x7FF {
        return f64::INFINITY;
    }
    if biased > 0 {
        return f * f64::from_bits((biased as u64) << 52);
    }
    if biased < -52 {
        return 0.0;
    }
    f * f64::from_bits(((biased + 1022) as u64) << 52) * f64::from_bits(1 << 52)
}

/// 2^x.
pub(super) fn exp2(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x > 1.0239999999999999e+03 {
        return f64::INFINITY;
    }
    if x < -1.0740e+03 {
        return 0.0;
    }
    let k = if x > 0.0 {
        (x + 0.5) as i64
    } else if x < 0.0 {
        (x - 0.5) as i64
    } else {
        0
    };
    let t = x - k as f64;
    exp_multi(t * LN2_HI, -t * LN2_LO, k)
}

/// e^(hi-lo) × 2^k (msun).
fn exp_multi(hi: f64, lo: f64, k: i64) -> f64 {
    const P: [f64; 5] = [
        4.13813679705723846039e-08,
        -1.65339022054652515390e-06,
        6.61375632143793436117e-05,
        -2.77777777770155933842e-03,
        1.66666666666666657415e-01,
    ];
    let r = hi - lo;
    let t = r * r;
    let c = r - t * polynomial(t, &P);
    ldexp(1.0 - ((lo - (r * c) / (2.0 - c)) - hi), k)
}

/// e^x - 1 (msun).
pub(super) fn expm1(x: f64) -> f64 {
    libm::expm1(x)
}

/// Coefficients of the logarithm (msun), from the first on.
const L: [f64; 7] = [
    6.666666666666735130e-01,
    3.999999999940941908e-01,
    2.857142874366239149e-01,
    2.222219843214978396e-01,
    1.818357216161805012e-01,
    1.531383769920937332e-01,
    1.479819860511658591e-01,
];

/// ln x (msun). As in Go's assembly, subnormal arguments are not normalised.
pub(super) fn log(x: f64) -> f64 {
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x < 0.0 {
        return NAN;
    }
    if !x.is_finite() {
        return x;
    }
    let bits = x.to_bits();
    let mut f1 = f64::from_bits(bits & 0x000F_FFFF_FFFF_FFFF | 0.5f64.to_bits());
    let mut k = (bits >> 52 & 0x7FF) as f64 - 1022.0;
    if f1 <= std::f64::consts::FRAC_1_SQRT_2 {
        k -= 1.0;
        f1 *= 2.0;
    }
    let f = f1 - 1.0;
    let s = f / (2.0 + f);
    let s2 = s * s;
    let s4 = s2 * s2;
    let t1 = s2 * (L[0] + s4 * (L[2] + s4 * (L[4] + s4 * L[6])));
    let t2 = s4 * (L[1] + s4 * (L[3] + s4 * L[5]));
    let r = t1 + t2;
    let hfsq = 0.5 * f * f;
    k * LN2_HI - ((hfsq - (s * (hfsq + r) + k * LN2_LO)) - f)
}

pub(super) fn log10(x: f64) -> f64 {
    log(x) * std::f64::consts::LOG10_E
}

pub(super) fn log2(x: f64) -> f64 {
    let (fraction, exp) = frexp(x);
    if fraction == 0.5 {
        return (exp - 1) as f64;
    }
    log(fraction) * LOG2_E + exp as f64
}

/// ln(1+x) (msun).
pub(super) fn log1p(x: f64) -> f64 {
    if x < -1.0 || x.is_nan() {
        return NAN;
    }
    if x == -1.0 {
        return f64::NEG_INFINITY;
    }
    if x == f64::INFINITY {
        return x;
    }
    let size = x.abs();
    let (mut f, mut c, mut fraction, mut k) = (0.0, 0.0, 1u64, 1i64);
    if size < 4.142135623730950488017e-01 {
        // |x| < √2-1
        if size < 1.0 / (1u64 << 54) as f64 {
            return x;
        }
        if size < 1.0 / (1u64 << 29) as f64 {
            return x - x * x * 0.5;
        }
        if x > -2.928932188134524755992e-01 {
            (f, k) = (x, 0);
        }
    }
    if k != 0 {
        let u;
        if size < (1u64 << 53) as f64 {
            u = 1.0 + x;
            fraction = u.to_bits();
            k = (fraction >> 52) as i64 - 1023;
            // What was lost in 1+x.
            c = if k > 0 { 1.0 - (u - x) } else { x - (u - 1.0) };
            c /= u;
        } else {
            u = x;
            fraction = u.to_bits();
            k = (fraction >> 52) as i64 - 1023;
        }
        fraction &= 0x000F_FFFF_FFFF_FFFF;
        let u = if fraction < 0x0006_A09E_667F_3BCD {
            f64::from_bits(fraction | 0x3FF0_0000_0000_0000)
        } else {
            k += 1;
            let half = f64::from_bits(fraction | 0x3FE0_0000_0000_0000);
            fraction = (0x0010_0000_0000_0000 - fraction) >> 2;
            half
        };
        f = u - 1.0;
    }
    let k_float = k as f64;
    let hfsq = 0.5 * f * f;
    if fraction == 0 {
        // |f| < 2^-20
        if f == 0.0 {
            return if k == 0 {
                0.0
            } else {
                k_float * LN2_HI + (c + k_float * LN2_LO)
            };
        }
        let r = hfsq * (1.0 - 0.66666666666666666 * f);
        return if k == 0 {
            f - r
        } else {
            k_float * LN2_HI - ((r - (k_float * LN2_LO + c)) - f)
        };
    }
    let s = f / (2.0 + f);
    let z = s * s;
    let r = z * (L[0] + z * (L[1] + z * (L[2] + z * (L[3] + z * (L[4] + z * (L[5] + z * L[6]))))));
    if k == 0 {
        return f - (hfsq - s * (hfsq + r));
    }
    k_float * LN2_HI - ((hfsq - (s * (hfsq + r) + (k_float * LN2_LO + c))) - f)
}

/// Whether x is an odd integer.
fn is_odd(x: f64) -> bool {
    x.abs() < (1u64 << 53) as f64 && x.fract() == 0.0 && x as i64 & 1 == 1
}

/// x^y: the whole part of y by squaring, the rest through exp and log.
pub(super) fn pow(x: f64, y: f64) -> f64 {
    if y == 0.0 || x == 1.0 {
        return 1.0;
    }
    if y == 1.0 {
        return x;
    }
    if x.is_nan() || y.is_nan() {
        return NAN;
    }
    if x == 0.0 {
        let odd_negative = x.is_sign_negative() && is_odd(y);
        return match (y < 0.0, odd_negative) {
            (true, true) => f64::NEG_INFINITY,
            (true, false) => f64::INFINITY,
            (false, true) => x,
            (false, false) => 0.0,
        };
    }
    if y.is_infinite() {
        return if x == -1.0 {
            1.0
        } else if (x.abs() < 1.0) == (y > 0.0) {
            0.0
        } else {
            f64::INFINITY
        };
    }
    if x.is_infinite() {
        return if x < 0.0 {
            pow(1.0 / x, -y)
        } else if y < 0.0 {
            0.0
        } else {
            f64::INFINITY
        };
    }
    if y == 0.5 {
        return x.sqrt();
    }
    if y == -0.5 {
        return 1.0 / x.sqrt();
    }
    let (mut whole, mut rest) = (y.abs().trunc(), y.abs().fract());
    if rest != 0.0 && x < 0.0 {
        return NAN;
    }
    if whole >= 9.223372036854775808e18 {
        return if x == -1.0 {
            1.0
        } else if (x.abs() < 1.0) == (y > 0.0) {
            0.0
        } else {
            f64::INFINITY
        };
    }
    // The answer is a1 × 2^ae.
    let (mut a1, mut ae) = (1.0, 0i64);
    if rest != 0.0 {
        if rest > 0.5 {
            rest -= 1.0;
            whole += 1.0;
        }
        a1 = exp(rest * log(x));
    }
    let (mut x1, mut xe) = frexp(x);
    let mut i = whole as i64;
    while i != 0 {
        if !(-(1 << 12)..=1 << 12).contains(&xe) {
            // It overflows or underflows, whatever follows.
            ae += xe;
            break;
        }
        if i & 1 == 1 {
            a1 *= x1;
            ae += xe;
        }
        x1 *= x1;
        xe <<= 1;
        if x1 < 0.5 {
            x1 += x1;
            xe -= 1;
        }
        i >>= 1;
    }
    if y < 0.0 {
        a1 = 1.0 / a1;
        ae = -ae;
    }
    ldexp(a1, ae)
}

/// 10^n.
pub(super) fn pow10(n: i64) -> f64 {
    const SMALL: [f64; 32] = [
        1e00, 1e01, 1e02, 1e03, 1e04, 1e05, 1e06, 1e07, 1e08, 1e09, 1e10, 1e11, 1e12, 1e13, 1e14,
        1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29,
        1e30, 1e31,
    ];
    const UP: [f64; 10] = [
        1e00, 1e32, 1e64, 1e96, 1e128, 1e160, 1e192, 1e224, 1e256, 1e288,
    ];
    const DOWN: [f64; 11] = [
        1e-00, 1e-32, 1e-64, 1e-96, 1e-128, 1e-160, 1e-192, 1e-224, 1e-256, 1e-288, 1e-320,
    ];
    match n {
        0..=308 => UP[n as usize / 32] * SMALL[n as usize % 32],
        -323..0 => DOWN[-n as usize / 32] / SMALL[-n as usize % 32],
        309.. => f64::INFINITY,
        _ => 0.0,
    }
}

fn signed(y: f64, negative: bool) -> f64 {
    if negative { -y } else { y }
}

/// Where squares are lost in, or drown, the other terms.
const LARGE: f64 = (1u64 << 28) as f64;

pub(super) fn acosh(x: f64) -> f64 {
    if x < 1.0 || x.is_nan() {
        return NAN;
    }
    if x == 1.0 {
        return 0.0;
    }
    if x >= LARGE {
        return log(x) + LN_2;
    }
    if x > 2.0 {
        return log(2.0 * x - 1.0 / (x + (x * x - 1.0).sqrt()));
    }
    let t = x - 1.0;
    log1p(t + (2.0 * t + t * t).sqrt())
}

pub(super) fn asinh(x: f64) -> f64 {
    if !x.is_finite() {
        return x;
    }
    let a = if x < 0.0 { -x } else { x };
    let y = if a > LARGE {
        log(a) + 6.93147180559945286227e-01
    } else if a > 2.0 {
        log(2.0 * a + 1.0 / ((a * a + 1.0).sqrt() + a))
    } else if a < 1.0 / LARGE {
        a
    } else {
        log1p(a + a * a / (1.0 + (1.0 + a * a).sqrt()))
    };
    signed(y, x < 0.0)
}

pub(super) fn atanh(x: f64) -> f64 {
    if !(-1.0..=1.0).contains(&x) {
        return NAN;
    }
    if x.abs() == 1.0 {
        return f64::INFINITY.copysign(x);
    }
    let a = if x < 0.0 { -x } else { x };
    let y = if a < 1.0 / LARGE {
        a
    } else if a < 0.5 {
        let t = a + a;
        0.5 * log1p(t + t * a / (1.0 - a))
    } else {
        0.5 * log1p((a + a) / (1.0 - a))
    };
    signed(y, x < 0.0)
}

pub(super) fn sinh(x: f64) -> f64 {
    const P: [f64; 4] = [
        -0.2630563213397497062819489e+2,
        -0.2894211355989563807284660366e+4,
        -0.8991272022039509355398013511e+5,
        -0.6307673640497716991184787251e+6,
    ];
    const Q: [f64; 4] = [
        1.0,
        -0.173678953558233699533450911e+3,
        0.1521517378790019070696485176e+5,
        -0.6307673640497716991212077277e+6,
    ];
    let a = if x < 0.0 { -x } else { x };
    let y = if a > 21.0 {
        exp(a) * 0.5
    } else if a > 0.5 {
        let e = exp(a);
        (e - 1.0 / e) * 0.5
    } else {
        let square = a * a;
        polynomial(square, &P) * a / polynomial(square, &Q)
    };
    signed(y, x < 0.0)
}

pub(super) fn cosh(x: f64) -> f64 {
    let a = x.abs();
    if a > 21.0 {
        return exp(a) * 0.5;
    }
    let e = exp(a);
    (e + 1.0 / e) * 0.5
}

pub(super) fn tanh(x: f64) -> f64 {
    const P: [f64; 3] = [
        -9.64399179425052238628e-1,
        -9.92877231001918586564e1,
        -1.61468768441708447952e3,
    ];
    const Q: [f64; 4] = [
        1.0,
        1.12811678491632931402e2,
        2.23548839060100448583e3,
        4.84406305325125486048e3,
    ];
    let a = x.abs();
    if a > 0.5 * 8.8029691931113054295988e+01 {
        return 1f64.copysign(x);
    }
    if a >= 0.625 {
        let s = exp(2.0 * a);
        return signed(1.0 - 2.0 / (s + 1.0), x < 0.0);
    }
    if x == 0.0 {
        return x;
    }
    let s = x * x;
    x + x * s * polynomial(s, &P) / polynomial(s, &Q)
}
