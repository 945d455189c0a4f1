//! The gamma function and the inverse error function, cube root, hypotenuse, remainder.

use std::f64::consts::{LN_2, PI};

use super::exp::{exp, log, pow};
use super::{NAN, polynomial, trig};

/// √(p²+q²) without overflow on the way, as Go's assembly computes it.
pub(super) fn hypot(p: f64, q: f64) -> f64 {
    let (p, q) = (p.abs(), q.abs());
    if p.is_infinite() || q.is_infinite() {
        return f64::INFINITY;
    }
    if p.is_nan() || q.is_nan() {
        return NAN;
    }
    let (large, small) = if p > q { (p, q) } else { (q, p) };
    if large == 0.0 {
        return 0.0;
    }
    let ratio = small / large;
    large * (ratio * ratio + 1.0).sqrt()
}

/// x - n×y for the nearest integer n, even when halfway.
pub(super) fn remainder(x: f64, y: f64) -> f64 {
    if x.is_nan() || y.is_nan() || x.is_infinite() || y == 0.0 {
        return NAN;
    }
    if y.is_infinite() {
        return x;
    }
    let (mut a, y) = (if x < 0.0 { -x } else { x }, y.abs());
    if a == y {
        return if x < 0.0 { -0.0 } else { 0.0 };
    }
    if y <= f64::MAX / 2.0 {
        a %= y + y;
    }
    if y < 4.45014771701440276618e-308 {
        // Half of y may not be a float.
        if a + a > y {
            a -= y;
            if a + a >= y {
                a -= y;
            }
        }
    } else {
        let half = 0.5 * y;
        if a > half {
            a -= y;
            if a >= half {
                a -= y;
            }
        }
    }
    if x < 0.0 { -a } else { a }
}

/// Cube root (msun): an estimate from the exponent, a polynomial, one step of Newton.
pub(super) fn cbrt(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let a = x.abs();
    let mut t = f64::from_bits(a.to_bits() / 3 + (715094163 << 32));
    if a < f64::MIN_POSITIVE {
        t = (1u64 << 54) as f64 * a;
        t = f64::from_bits(t.to_bits() / 3 + (696219795 << 32));
    }
    let r = t * t / a;
    let s = 5.42857142857142815906e-01 + r * t;
    t *= 3.57142857142857150787e-01
        + 1.60714285714285720630e+00
            / (s + 1.41428571428571436819e+00 + -7.05306122448979611050e-01 / s);
    // Keep 22 bits, rounded up, so that the square is exact.
    t = f64::from_bits((t.to_bits() & (0xF_FFFF_FFFC << 28)) + (1 << 30));
    let s = t * t;
    let r = a / s;
    let w = t + t;
    let r = (r - t) / (w + r);
    t += t * r;
    if x < 0.0 { -t } else { t }
}

/// Stirling's formula, as two factors that do not overflow.
fn stirling(x: f64) -> (f64, f64) {
    const S: [f64; 5] = [
        7.87311395793093628397e-04,
        -2.29549961613378126380e-04,
        -2.68132617805781232825e-03,
        3.47222221605458667310e-03,
        8.33333333333482257126e-02,
    ];
    if x > 200.0 {
        return (f64::INFINITY, 1.0);
    }
    let w = 1.0 / x;
    let w = 1.0 + w * polynomial(w, &S);
    let e = exp(x);
    let (y1, y2) = if x > 143.01608 {
        let v = pow(x, 0.5 * x - 0.25);
        (v, v / e)
    } else {
        (pow(x, x - 0.5) / e, 1.0)
    };
    (y1, 2.506628274631000502417 * w * y2)
}

/// The gamma function (Cephes).
pub(super) fn gamma(x: f64) -> f64 {
    const P: [f64; 7] = [
        1.60119522476751861407e-04,
        1.19135147006586384913e-03,
        1.04213797561761569935e-02,
        4.76367800457137231464e-02,
        2.07448227648435975150e-01,
        4.94214826801497100753e-01,
        9.99999999999999996796e-01,
    ];
    const Q: [f64; 8] = [
        -2.31581873324120129819e-05,
        5.39605580493303397842e-04,
        -4.45641913851797240494e-03,
        1.18139785222060435552e-02,
        3.58236398605498653373e-02,
        -2.34591795718243348568e-01,
        7.14304917030273074085e-02,
        1.00000000000000000320e+00,
    ];
    const EULER: f64 = 0.577_215_664_901_532_9;
    if x < 0.0 && x.fract() == 0.0 || x == f64::NEG_INFINITY || x.is_nan() {
        return NAN;
    }
    if x == f64::INFINITY {
        return x;
    }
    if x == 0.0 {
        return f64::INFINITY.copysign(x);
    }
    let q = x.abs();
    if q > 33.0 {
        return gamma_large(x, q);
    }
    let (mut x, mut z) = (x, 1.0);
    while x >= 3.0 {
        x -= 1.0;
        z *= x;
    }
    let small = |x: f64, z: f64| {
        if x == 0.0 {
            f64::INFINITY
        } else {
            z / ((1.0 + EULER * x) * x)
        }
    };
    while x < 0.0 {
        if x > -1e-09 {
            return small(x, z);
        }
        z /= x;
        x += 1.0;
    }
    while x < 2.0 {
        if x < 1e-09 {
            return small(x, z);
        }
        z /= x;
        x += 1.0;
    }
    if x == 2.0 {
        return z;
    }
    x -= 2.0;
    z * polynomial(x, &P) / polynomial(x, &Q)
}

/// [`gamma`] for |x| = q > 33: Stirling, and reflection for negative x.
fn gamma_large(x: f64, q: f64) -> f64 {
    if x >= 0.0 {
        let (y1, y2) = stirling(x);
        return y1 * y2;
    }
    let mut p = q.floor();
    // Past the range of integers the parity is that of the truncated conversion, as in Go.
    let whole = if p >= 9.223372036854775808e18 {
        i64::MIN
    } else {
        p as i64
    };
    let sign = if whole & 1 == 0 { -1.0 } else { 1.0 };
    let mut z = q - p;
    if z > 0.5 {
        p += 1.0;
        z = q - p;
    }
    z = q * trig::sin(PI * z);
    if z == 0.0 {
        return f64::INFINITY * sign;
    }
    let (s1, s2) = stirling(q);
    let z = z.abs();
    let d = z * s1 * s2;
    sign * if d.is_infinite() {
        PI / z / s1 / s2
    } else {
        PI / d
    }
}

/// The inverse of the error function (Wichura's AS 241, coefficients scaled for it).
pub(super) fn erfinv(x: f64) -> f64 {
    const A: [f64; 8] = [
        8.8709406962545514830200e2,
        1.1819493347062294404278e4,
        2.3782041382114385731252e4,
        1.6235862515167575384252e4,
        4.8548868893843886794648e3,
        6.9706266534389598238465e2,
        4.7072688112383978012285e1,
        1.1975323115670912564578e0,
    ];
    const B: [f64; 8] = [
        5.2264952788528545610e3,
        2.8729085735721942674e4,
        3.9307895800092710610e4,
        2.1213794301586595867e4,
        5.3941960214247511077e3,
        6.8718700749205790830e2,
        4.2313330701600911252e1,
        1.0,
    ];
    const C: [f64; 8] = [
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ];
    const D: [f64; 8] = [
        1.4859850019840355905497876e-9,
        7.7441459065157709165577218e-4,
        2.1494160384252876777097297e-2,
        2.0945065210512749128288442e-1,
        9.7547832001787427186894837e-1,
        2.3707661626024532365971225e0,
        2.9036514445419946173133295e0,
        1.4142135623730950488016887e0,
    ];
    const E: [f64; 8] = [
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580e0,
        5.46378491116411436990e0,
        6.65790464350110377720e0,
    ];
    const F: [f64; 8] = [
        2.891024605872965461538222e-15,
        2.010321207683943062279931e-7,
        2.611088405080593625138020e-5,
        1.112800997078859844711555e-3,
        2.103693768272068968719679e-2,
        1.936480946950659106176712e-1,
        8.482908416595164588112026e-1,
        1.414213562373095048801689e0,
    ];
    if x.abs() == 1.0 {
        return f64::INFINITY.copysign(x);
    }
    if x.is_nan() || x.abs() > 1.0 {
        return NAN;
    }
    let a = if x < 0.0 { -x } else { x };
    let y = if a <= 0.85 {
        let r = 0.180625 - 0.25 * a * a;
        a * polynomial(r, &A) / polynomial(r, &B)
    } else {
        let r = (LN_2 - log(1.0 - a)).sqrt();
        if r <= 5.0 {
            polynomial(r - 1.6, &C) / polynomial(r - 1.6, &D)
        } else {
            polynomial(r - 5.0, &E) / polynomial(r - 5.0, &F)
        }
    };
    if x < 0.0 { -y } else { y }
}
