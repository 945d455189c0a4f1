//! Bessel functions of both kinds (msun): by rational approximations up to 2, beyond by the asymptotic forms, for higher
//! orders by recurrence.
//!
//! Tables hold polynomials from the highest coefficient on, as [`polynomial`] takes them.

use super::exp::log;
use super::trig::{cos, sincos};
use super::{NAN, polynomial};

const TWO_OVER_PI: f64 = std::f64::consts::FRAC_2_PI;
/// 1/√π.
const INV_SQRT_PI: f64 = std::f64::consts::FRAC_2_SQRT_PI / 2.0;

/// Orders 0 and 1, which the others are computed from.
#[derive(Clone, Copy, PartialEq)]
enum Order {
    Zero,
    One,
}

/// What stands in front of the sine and cosine in the asymptotic forms: 1 + r/s, and (shift + r/s) / x, for arguments
/// from `from` on.
struct Asymptotic {
    from: f64,
    pr: [f64; 6],
    ps: [f64; 6],
    qr: [f64; 6],
    qs: [f64; 7],
}

const ORDER_ZERO: [Asymptotic; 4] = [
    Asymptotic {
        from: 8.0,
        pr: [
            -5.25304380490729545272e+03,
            -2.48521641009428822144e+03,
            -2.57063105679704847262e+02,
            -8.08167041275349795626e+00,
            -7.03124999999900357484e-02,
            0.00000000000000000000e+00,
        ],
        ps: [
            4.76277284146730962675e+04,
            1.16752972564375915681e+05,
            4.05978572648472545552e+04,
            3.83374475364121826715e+03,
            1.16534364619668181717e+02,
            1.0,
        ],
        qr: [
            3.70146267776887834771e+04,
            8.85919720756468632317e+03,
            5.57673380256401856059e+02,
            1.17682064682252693899e+01,
            7.32421874999935051953e-02,
            0.00000000000000000000e+00,
        ],
        qs: [
            -3.43899293537866615225e+05,
            8.40501579819060512818e+05,
            8.03309257119514397345e+05,
            1.42538291419120476348e+05,
            8.09834494656449805916e+03,
            1.63776026895689824414e+02,
            1.0,
        ],
    },
    Asymptotic {
        from: 4.5454,
        pr: [
            -3.46433388365604912451e+02,
            -3.31231299649172967747e+02,
            -6.76747652265167261021e+01,
            -4.15961064470587782438e+00,
            -7.03124940873599280078e-02,
            -1.14125464691894502584e-11,
        ],
        ps: [
            2.40605815922939109441e+03,
            9.62544514357774460223e+03,
            5.97897094333855784498e+03,
            1.05125230595704579173e+03,
            6.07539382692300335975e+01,
            1.0,
        ],
        qr: [
            1.98997785864605384631e+03,
            1.02724376596164097464e+03,
            1.35111577286449829671e+02,
            5.83563508962056953777e+00,
            7.32421766612684765896e-02,
            1.84085963594515531381e-11,
        ],
        qs: [
            -5.35434275601944773371e+03,
            3.59767538425114471465e+04,
            5.67511122894947329769e+04,
            1.88472887785718085070e+04,
            2.07781416421392987104e+03,
            8.27766102236537761883e+01,
            1.0,
        ],
    },
    Asymptotic {
        from: 2.8571,
        pr: [
            -3.14479470594888503854e+01,
            -5.80791704701737572236e+01,
            -2.19659774734883086467e+01,
            -2.40903221549529611423e+00,
            -7.03119616381481654654e-02,
            -2.54704601771951915620e-09,
        ],
        ps: [
            1.73580930813335754692e+02,
            1.12799679856907414432e+03,
            1.19360783792111533330e+03,
            3.61513983050303863820e+02,
            3.58560338055209726349e+01,
            1.0,
        ],
        qr: [
            1.66733948696651168575e+02,
            1.70808091340565596283e+02,
            4.26218440745412650017e+01,
            3.34423137516170720929e+00,
            7.32411180042911447163e-02,
            4.37741014089738620906e-09,
        ],
        qs: [
            -1.49247451836156386662e+02,
            2.51633368920368957333e+03,
            6.46042516752568917582e+03,
            3.70414822620111362994e+03,
            7.09689221056606015736e+02,
            4.87588729724587182091e+01,
            1.0,
        ],
    },
    Asymptotic {
        from: 2.0,
        pr: [
            -3.23364579351335335033e+00,
            -1.11931668860356747786e+01,
            -7.63569613823527770791e+00,
            -1.45073846780952986357e+00,
            -7.03030995483624743247e-02,
            -8.87534333032526411254e-08,
        ],
        ps: [
            1.46576176948256193810e+01,
            1.53875394208320329881e+02,
            2.70470278658083486789e+02,
            1.36206794218215208048e+02,
            2.22202997532088808441e+01,
            1.0,
        ],
        qr: [
            1.62527075710929267416e+01,
            3.16662317504781540833e+01,
            1.44956029347885735348e+01,
            1.99819174093815998816e+00,
            7.32234265963079278272e-02,
            1.50444444886983272379e-07,
        ],
        qs: [
            -5.31095493882666946917e+00,
            2.12666388511798828631e+02,
            8.82935845112488550512e+02,
            8.44783757595320139444e+02,
            2.69348118608049844624e+02,
            3.03655848355219184498e+01,
            1.0,
        ],
    },
];

const ORDER_ONE: [Asymptotic; 4] = [
    Asymptotic {
        from: 8.0,
        pr: [
            7.91447954031891731574e+03,
            3.87474538913960532227e+03,
            4.12051854307378562225e+02,
            1.32394806593073575129e+01,
            1.17187499999988647970e-01,
            0.00000000000000000000e+00,
        ],
        ps: [
            3.08042720627888811578e+04,
            9.76027935934950801311e+04,
            3.69562060269033463555e+04,
            3.65093083420853463394e+03,
            1.14207370375678408436e+02,
            1.0,
        ],
        qr: [
            -4.84385124285750353010e+04,
            -1.18498066702429587167e+04,
            -7.59601722513950107896e+02,
            -1.62717534544589987888e+01,
            -1.02539062499992714161e-01,
            0.00000000000000000000e+00,
        ],
        qs: [
            -2.94490264303834643215e+05,
            6.66601232617776375264e+05,
            7.19657723683240939863e+05,
            1.33875336287249578163e+05,
            7.82538599923348465381e+03,
            1.61395369700722909556e+02,
            1.0,
        ],
    },
    Asymptotic {
        from: 4.5454,
        pr: [
            5.28715201363337541807e+02,
            5.17636139533199752805e+02,
            1.08308182990189109773e+02,
            6.80275127868432871736e+00,
            1.17187493190614097638e-01,
            1.31990519556243522749e-11,
        ],
        ps: [
            1.50404688810361062679e+03,
            7.84469031749551231769e+03,
            5.35326695291487976647e+03,
            9.91401418733614377743e+02,
            5.92805987221131331921e+01,
            1.0,
        ],
        qr: [
            -2.61244440453215656817e+03,
            -1.37319376065508163265e+03,
            -1.83669607474888380239e+02,
            -8.05644828123936029840e+00,
            -1.02539050241375426231e-01,
            -2.08979931141764104297e-11,
        ],
        qs: [
            -4.71918354795128470869e+03,
            2.79480751638918118260e+04,
            4.98514270910352279316e+04,
            1.74684851924908907677e+04,
            1.99179873460485964642e+03,
            8.12765501384335777857e+01,
            1.0,
        ],
    },
    Asymptotic {
        from: 2.8571,
        pr: [
            4.85590685197364919645e+01,
            9.10550110750781271918e+01,
            3.51194035591636932736e+01,
            3.93297750033315640650e+00,
            1.17186865567253592491e-01,
            3.02503916137373618024e-09,
        ],
        ps: [
            1.03787932439639277504e+02,
            8.90811346398256432622e+02,
            1.04687139975775130551e+03,
            3.36762458747825746741e+02,
            3.47913095001251519989e+01,
            1.0,
        ],
        qr: [
            -2.19210128478909325622e+02,
            -2.28244540737631695038e+02,
            -5.78472216562783643212e+01,
            -4.61011581139473403113e+00,
            -1.02537829820837089745e-01,
            -5.07831226461766561369e-09,
        ],
        qs: [
            -1.35201191444307340817e+02,
            1.90311919338810798763e+03,
            5.54772909720722782367e+03,
            3.38015286679526343505e+03,
            6.73865112676699709482e+02,
            4.76651550323729509273e+01,
            1.0,
        ],
    },
    Asymptotic {
        from: 2.0,
        pr: [
            5.07352312588818499250e+00,
            1.76939711271687727390e+01,
            1.22426109148261232917e+01,
            2.36851496667608785174e+00,
            1.17176219462683348094e-01,
            1.07710830106873743082e-07,
        ],
        ps: [
            8.36463893371618283368e+00,
            1.17679373287147100768e+02,
            2.32276469057162813669e+02,
            1.25290227168402751090e+02,
            2.14364859363821409488e+01,
            1.0,
        ],
        qr: [
            -2.13719211703704061733e+01,
            -4.23253133372830490089e+01,
            -1.96636162643703720221e+01,
            -2.75220568278187460720e+00,
            -1.02517042607985553460e-01,
            -1.78381727510958865572e-07,
        ],
        qs: [
            -4.95949898822628210127e+00,
            1.55949003336666123687e+02,
            7.39393205320467245656e+02,
            7.57502834868645436472e+02,
            2.52981549982190529136e+02,
            2.95333629060523854548e+01,
            1.0,
        ],
    },
];

const J0_R: [f64; 5] = [
    -4.61832688532103189199e-09,
    1.82954049532700665670e-06,
    -1.89979294238854721751e-04,
    1.56249999999999947958e-02,
    0.0,
];
const J0_S: [f64; 5] = [
    1.16614003333790000205e-09,
    5.13546550207318111446e-07,
    1.16926784663337450260e-04,
    1.56191029464890010492e-02,
    1.0,
];
const J1_R: [f64; 5] = [
    4.96727999609584448412e-08,
    -1.59955631084035597520e-05,
    1.40705666955189706048e-03,
    -6.25000000000000000000e-02,
    0.0,
];
const J1_S: [f64; 6] = [
    1.23542274426137913908e-11,
    5.04636257076217042715e-09,
    1.17718464042623683263e-06,
    1.85946785588630915560e-04,
    1.91537599538363460805e-02,
    1.0,
];
const Y0_U: [f64; 7] = [
    -3.98205194132103398453e-11,
    1.95590137035022920206e-08,
    -3.81407053724364161125e-06,
    3.47453432093683650238e-04,
    -1.38185671945596898896e-02,
    1.76666452509181115538e-01,
    -7.38042951086872317523e-02,
];
const Y0_V: [f64; 5] = [
    4.41110311332675467403e-10,
    2.59150851840457805467e-07,
    7.60068627350353253702e-05,
    1.27304834834123699328e-02,
    1.0,
];
const Y1_U: [f64; 5] = [
    -9.19099158039878874504e-08,
    2.35252600561610495928e-05,
    -1.91256895875763547298e-03,
    5.04438716639811282616e-02,
    -1.96057090646238940668e-01,
];
const Y1_V: [f64; 6] = [
    1.66559246207992079114e-11,
    6.22741452364621501295e-09,
    1.35608801097516229404e-06,
    2.02552581025135171496e-04,
    1.99167318236649903973e-02,
    1.0,
];

/// cos and sin of x less an odd multiple of π/4, times √2, without cancellation: (2n+1)π/4 for the order n.
fn phase(order: Order, x: f64) -> (f64, f64) {
    let (s, c) = sincos(x);
    let (mut ss, mut cc, sign) = match order {
        Order::Zero => (s - c, s + c, -1.0),
        Order::One => (-s - c, s - c, 1.0),
    };
    if x < f64::MAX / 2.0 {
        let z = sign * cos(x + x);
        if s * c * sign > 0.0 {
            cc = z / ss;
        } else {
            ss = z / cc;
        }
    }
    (cc, ss)
}

/// The function of the first kind, or of the second, for x ≥ 2.
fn large(order: Order, x: f64, is_second: bool) -> f64 {
    const TWO_129: f64 = (1u128 << 127) as f64 * 4.0;
    let (cc, ss) = phase(order, x);
    let (even, odd) = if is_second { (ss, -cc) } else { (cc, ss) };
    if x > TWO_129 {
        return INV_SQRT_PI * even / x.sqrt();
    }
    let (tables, shift) = match order {
        Order::Zero => (&ORDER_ZERO, -0.125),
        Order::One => (&ORDER_ONE, 0.375),
    };
    let t = tables.iter().find(|t| x >= t.from).unwrap_or(&tables[3]);
    let z = 1.0 / (x * x);
    let u = 1.0 + polynomial(z, &t.pr) / polynomial(z, &t.ps);
    let v = (shift + polynomial(z, &t.qr) / polynomial(z, &t.qs)) / x;
    INV_SQRT_PI * (u * even - v * odd) / x.sqrt()
}

pub(super) fn j0(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    let x = x.abs();
    if x.is_infinite() {
        return 0.0;
    }
    if x >= 2.0 {
        return large(Order::Zero, x, false);
    }
    if x < 1.0 / 8192.0 {
        // Two terms of the series, or one.
        return if x < 1.0 / f64::from(1 << 27) {
            1.0
        } else {
            1.0 - 0.25 * x * x
        };
    }
    let z = x * x;
    let (r, s) = (polynomial(z, &J0_R), polynomial(z, &J0_S));
    if x < 1.0 {
        return 1.0 + z * (-0.25 + r / s);
    }
    let u = 0.5 * x;
    (1.0 + u) * (1.0 - u) + z * (r / s)
}

pub(super) fn j1(x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x.is_infinite() || x == 0.0 {
        return 0.0;
    }
    let (sign, x) = (x, x.abs());
    if x < 1.0 / f64::from(1 << 27) {
        // Go drops the sign here.
        return 0.5 * x;
    }
    let y = if x >= 2.0 {
        large(Order::One, x, false)
    } else {
        let z = x * x;
        let (r, s) = (polynomial(z, &J1_R) * x, polynomial(z, &J1_S));
        0.5 * x + r / s
    };
    if sign < 0.0 { -y } else { y }
}

/// What the functions of the second kind are where they are not computed.
fn second_kind_special(x: f64) -> Option<f64> {
    if x < 0.0 || x.is_nan() {
        Some(NAN)
    } else if x.is_infinite() {
        Some(0.0)
    } else {
        (x == 0.0).then_some(f64::NEG_INFINITY)
    }
}

pub(super) fn y0(x: f64) -> f64 {
    if let Some(y) = second_kind_special(x) {
        return y;
    }
    if x >= 2.0 {
        return large(Order::Zero, x, true);
    }
    if x <= 1.0 / f64::from(1 << 27) {
        return Y0_U[6] + TWO_OVER_PI * log(x);
    }
    let z = x * x;
    polynomial(z, &Y0_U) / polynomial(z, &Y0_V) + TWO_OVER_PI * j0(x) * log(x)
}

pub(super) fn y1(x: f64) -> f64 {
    if let Some(y) = second_kind_special(x) {
        return y;
    }
    if x >= 2.0 {
        return large(Order::One, x, true);
    }
    if x <= 1.0 / (1u64 << 54) as f64 {
        return -TWO_OVER_PI / x;
    }
    let z = x * x;
    x * (polynomial(z, &Y1_U) / polynomial(z, &Y1_V)) + TWO_OVER_PI * (j1(x) * log(x) - 1.0 / x)
}

/// 2³⁰²: beyond it the phase is all that depends on the order.
const TWO_302: f64 = f64::from_bits((1023 + 302) << 52);

pub(super) fn jn(n: i64, x: f64) -> f64 {
    if x.is_nan() {
        return x;
    }
    if x.is_infinite() {
        return 0.0;
    }
    if n == 0 {
        return j0(x);
    }
    if x == 0.0 {
        return 0.0;
    }
    let (n, x) = if n < 0 {
        (n.wrapping_neg(), -x)
    } else {
        (n, x)
    };
    if n == 1 {
        return j1(x);
    }
    let negate = x < 0.0 && n & 1 == 1;
    let x = x.abs();
    let y = if n as f64 <= x {
        if x >= TWO_302 {
            let (s, c) = sincos(x);
            let phase = match n & 3 {
                0 => c + s,
                1 => -c + s,
                2 => -c - s,
                _ => c - s,
            };
            INV_SQRT_PI * phase / x.sqrt()
        } else {
            // Upward recurrence is stable up to the argument.
            let (mut a, mut b) = (j0(x), j1(x));
            for i in 1..n {
                (a, b) = (b, b * ((i + i) as f64 / x) - a);
            }
            b
        }
    } else if x < 1.0 / f64::from(1 << 29) {
        first_term(n, x)
    } else {
        downward(n, x)
    };
    if negate { -y } else { y }
}

/// (x/2)ⁿ / n!, the first term of the series.
fn first_term(n: i64, x: f64) -> f64 {
    if n > 33 {
        return 0.0;
    }
    let half = x * 0.5;
    let (mut power, mut factorial) = (half, 1.0);
    for i in 2..=n {
        factorial *= i as f64;
        power *= half;
    }
    power / factorial
}

/// Downward recurrence from a continued fraction for the ratio of two orders; the result is scaled by J₀.
fn downward(n: i64, x: f64) -> f64 {
    let twice = n + n;
    let w = twice as f64 / x;
    let h = 2.0 / x;
    let mut z = w + h;
    let (mut q0, mut q1) = (w, w * z - 1.0);
    let mut k = 1;
    while q1 < 1e9 {
        k += 1;
        z += h;
        (q0, q1) = (q1, z * q1 - q0);
    }
    let mut t = 0.0;
    let mut i = 2 * (n + k);
    while i >= twice {
        t = 1.0 / (i as f64 / x - t);
        i -= 2;
    }
    let (mut a, mut b) = (t, 1.0);
    // Where the values would overflow, all are scaled.
    let scales = n as f64 * log((h * n as f64).abs()) >= 7.09782712893383973096e+02;
    for i in (1..n).rev() {
        (a, b) = (b, b * (i + i) as f64 / x - a);
        if scales && b > 1e100 {
            a /= b;
            t /= b;
            b = 1.0;
        }
    }
    t * j0(x) / b
}

pub(super) fn yn(n: i64, x: f64) -> f64 {
    if x < 0.0 || x.is_nan() {
        return NAN;
    }
    if x.is_infinite() {
        return 0.0;
    }
    if n == 0 {
        return y0(x);
    }
    let negate = n < 0 && n & 1 == 1;
    if x == 0.0 {
        return if negate {
            f64::INFINITY
        } else {
            f64::NEG_INFINITY
        };
    }
    let n = n.wrapping_abs();
    let y = if n == 1 {
        y1(x)
    } else if x >= TWO_302 {
        let (s, c) = sincos(x);
        let phase = match n & 3 {
            0 => s - c,
            1 => -s - c,
            2 => -s + c,
            _ => s + c,
        };
        INV_SQRT_PI * phase / x.sqrt()
    } else {
        let (mut a, mut b) = (y0(x), y1(x));
        let mut i = 1;
        while i < n && b != f64::NEG_INFINITY {
            (a, b) = (b, ((i + i) as f64 / x) * b - a);
            i += 1;
        }
        b
    };
    if negate { -y } else { y }
}
