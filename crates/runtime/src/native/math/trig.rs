//! Trigonometric functions: Cephes' polynomials, Payne and Hanek's reduction for large arguments.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

use super::{NAN, polynomial};

const SIN: [f64; 6] = [
    1.58962301576546568060e-10,
    -2.50507477628578072866e-8,
    2.75573136213857245213e-6,
    -1.98412698295895385996e-4,
    8.33333333332211858878e-3,
    -1.66666666666666307295e-1,
];

const COS: [f64; 6] = [
    -1.13585365213876817300e-11,
    2.08757008419747316778e-9,
    -2.75573141792967388112e-7,
    2.48015872888517045348e-5,
    -1.38888888888730564116e-3,
    4.16666666666665929218e-2,
];

/// Octant (made even) of a non-negative angle, and what remains, in [-π/4, π/4].
fn reduce(x: f64) -> (u64, f64) {
    if x >= (1u64 << 29) as f64 {
        return reduce_large(x);
    }
    // 4/π, and π/4 in three parts whose products with the octant are exact.
    let mut octant = (x * 1.2732395447351628) as u64;
    octant += octant & 1;
    let y = octant as f64;
    let z = ((x - y * 7.85398125648498535156e-1) - y * 3.77489470793079817668e-8)
        - y * 2.69515142907905952645e-15;
    (octant & 7, z)
}

/// [`reduce`] with as many bits of 4/π as the argument needs.
fn reduce_large(x: f64) -> (u64, f64) {
    /// The binary digits of 4/π.
    const FOUR_OVER_PI: [u64; 20] = [
        0x0000000000000001,
        0x45f306dc9c882a53,
        0xf84eafa3ea69bb81,
        0xb6c52b3278872083,
        0xfca2c757bd778ac3,
        0x6e48dc74849ba5c0,
        0x0c925dd413a32439,
        0xfc3bd63962534e7d,
        0xd1046bea5d768909,
        0xd338e04d68befc82,
        0x7323ac7306a673e9,
        0x3908bf177bf25076,
        0x3ff12fffbc0b301f,
        0xde5e2316b414da3e,
        0xda6cfd9e4f96136e,
        0x9e8c7ecd3cbfd45a,
        0xea4f758fd7cbe2f6,
        0x7a0e73ef14a525d4,
        0xd7f6bf623f1aba10,
        0xac06608df8f6d757,
    ];
    let bits = x.to_bits();
    let exp = (bits >> 52 & 0x7FF) as i64 - 1023 - 52;
    let mantissa = bits & ((1 << 52) - 1) | 1 << 52;
    let (word, shift) = (((exp + 61) / 64) as usize, ((exp + 61) % 64) as u32);
    let window = |i: usize| {
        let low = if shift == 0 {
            0
        } else {
            FOUR_OVER_PI[i + 1] >> (64 - shift)
        };
        FOUR_OVER_PI[i] << shift | low
    };
    let (z0, z1, z2) = (window(word), window(word + 1), window(word + 2));
    // The product's integer part modulo 8 and 125 bits of fraction.
    let high_of = |z: u64| ((u128::from(z) * u128::from(mantissa)) >> 64) as u64;
    let (lo, carry) = z1.wrapping_mul(mantissa).overflowing_add(high_of(z2));
    let hi = z0
        .wrapping_mul(mantissa)
        .wrapping_add(high_of(z1))
        .wrapping_add(carry.into());
    let mut octant = hi >> 61;
    let hi = hi << 3 | lo >> 61;
    let zeros = hi.leading_zeros();
    let exp = u64::from(1023 - (zeros + 1));
    let shift = zeros + 1;
    let fraction = if shift == 64 {
        lo
    } else {
        hi << shift | lo >> (64 - shift)
    };
    let mut z = f64::from_bits(fraction >> 12 | exp << 52);
    if octant & 1 == 1 {
        octant = (octant + 1) & 7;
        z -= 1.0;
    }
    (octant, z * FRAC_PI_4)
}

fn sin_part(z: f64) -> f64 {
    let zz = z * z;
    z + z * zz * polynomial(zz, &SIN)
}

fn cos_part(z: f64) -> f64 {
    let zz = z * z;
    1.0 - 0.5 * zz + zz * zz * polynomial(zz, &COS)
}

fn signed(y: f64, negative: bool) -> f64 {
    if negative { -y } else { y }
}

pub(super) fn cos(x: f64) -> f64 {
    if !x.is_finite() {
        return NAN;
    }
    let (octant, z) = reduce(x.abs());
    let quadrant = octant & 3;
    let y = if quadrant == 1 || quadrant == 2 {
        sin_part(z)
    } else {
        cos_part(z)
    };
    signed(y, (octant > 3) != (quadrant > 1))
}

pub(super) fn sin(x: f64) -> f64 {
    if x == 0.0 || x.is_nan() {
        return x;
    }
    if x.is_infinite() {
        return NAN;
    }
    let (octant, z) = reduce(x.abs());
    let quadrant = octant & 3;
    let y = if quadrant == 1 || quadrant == 2 {
        cos_part(z)
    } else {
        sin_part(z)
    };
    signed(y, (x < 0.0) != (octant > 3))
}

pub(super) fn sincos(x: f64) -> (f64, f64) {
    if x == 0.0 {
        return (x, 1.0);
    }
    (sin(x), cos(x))
}

pub(super) fn tan(x: f64) -> f64 {
    const P: [f64; 3] = [
        -1.30936939181383777646e4,
        1.15351664838587416140e6,
        -1.79565251976484877988e7,
    ];
    const Q: [f64; 5] = [
        1.0,
        1.36812963470692954678e4,
        -1.32089234440210967447e6,
        2.50083801823357915839e7,
        -5.38695755929454629881e7,
    ];
    if x == 0.0 || x.is_nan() {
        return x;
    }
    if x.is_infinite() {
        return NAN;
    }
    let (octant, z) = reduce(x.abs());
    let zz = z * z;
    let mut y = z;
    if zz > 1e-14 {
        y = z + z * (zz * polynomial(zz, &P) / polynomial(zz, &Q));
    }
    if octant & 2 == 2 {
        y = -1.0 / y;
    }
    signed(y, x < 0.0)
}

/// atan in [0, 0.66].
fn atan_small(x: f64) -> f64 {
    const P: [f64; 5] = [
        -8.750608600031904122785e-01,
        -1.615753718733365076637e+01,
        -7.500855792314704667340e+01,
        -1.228866684490136173410e+02,
        -6.485021904942025371773e+01,
    ];
    const Q: [f64; 6] = [
        1.0,
        2.485846490142306297962e+01,
        1.650270098316988542046e+02,
        4.328810604912902668951e+02,
        4.853903996359136964868e+02,
        1.945506571482613964425e+02,
    ];
    let z = x * x;
    let z = z * polynomial(z, &P) / polynomial(z, &Q);
    x * z + x
}

/// atan of what is not negative.
fn atan_positive(x: f64) -> f64 {
    /// π/2 is this much more than its nearest float.
    const MORE_BITS: f64 = 6.123233995736765886130e-17;
    const TAN_3PI_8: f64 = 2.41421356237309504880;
    if x <= 0.66 {
        atan_small(x)
    } else if x > TAN_3PI_8 {
        FRAC_PI_2 - atan_small(1.0 / x) + MORE_BITS
    } else {
        FRAC_PI_4 + atan_small((x - 1.0) / (x + 1.0)) + 0.5 * MORE_BITS
    }
}

pub(super) fn atan(x: f64) -> f64 {
    if x == 0.0 {
        x
    } else if x > 0.0 {
        atan_positive(x)
    } else {
        -atan_positive(-x)
    }
}

pub(super) fn asin(x: f64) -> f64 {
    if x == 0.0 {
        return x;
    }
    let a = x.abs();
    if a > 1.0 {
        return NAN;
    }
    let root = (1.0 - a * a).sqrt();
    let y = if a > 0.7 {
        FRAC_PI_2 - atan_positive(root / a)
    } else {
        atan_positive(a / root)
    };
    signed(y, x < 0.0)
}

pub(super) fn acos(x: f64) -> f64 {
    FRAC_PI_2 - asin(x)
}

pub(super) fn atan2(y: f64, x: f64) -> f64 {
    if y.is_nan() || x.is_nan() {
        return NAN;
    }
    let size = if y == 0.0 {
        if x.is_sign_negative() { PI } else { 0.0 }
    } else if x == 0.0 {
        FRAC_PI_2
    } else if x.is_infinite() {
        match (x > 0.0, y.is_infinite()) {
            (true, true) => FRAC_PI_4,
            (true, false) => 0.0,
            (false, true) => 2.356194490192345,
            (false, false) => PI,
        }
    } else if y.is_infinite() {
        FRAC_PI_2
    } else {
        let q = atan(y / x);
        return match x < 0.0 {
            true if q <= 0.0 => q + PI,
            true => q - PI,
            false => q,
        };
    };
    size.copysign(y)
}
