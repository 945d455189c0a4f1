//! Floats to text and back, with Go's forms and roundings.
//!
//! The digits come from ryu (shortest) and the standard library (exact); what is here is their layout.

use smallvec::SmallVec;

/// Text of a number.
pub(crate) type Text = SmallVec<[u8; 64]>;

/// Decimal digits: 0.d₀d₁d₂… × 10^point, no leading and no trailing zeros; no digits for zero.
struct Decimal {
    digits: Text,
    point: i32,
}

/// Appends `f` as `strconv.AppendFloat` does. `bits` is 32 or 64; a negative `prec` asks for the shortest form.
pub(crate) fn append(out: &mut Text, f: f64, form: u8, prec: i64, bits: u32) {
    let f = if bits == 32 { f64::from(f as f32) } else { f };
    if f.is_nan() {
        return out.extend_from_slice(b"NaN");
    }
    if f.is_infinite() {
        return out.extend_from_slice(if f > 0.0 { b"+Inf" } else { b"-Inf" });
    }
    if f.is_sign_negative() {
        out.push(b'-');
    }
    let magnitude = f.abs();
    match form {
        b'b' => binary(out, magnitude, bits),
        b'x' | b'X' => hexadecimal(out, magnitude, form, prec, bits),
        b'e' | b'E' | b'f' | b'g' | b'G' => decimal(out, magnitude, form, prec, bits),
        _ => {
            // The sign, if any, was for a number.
            if f.is_sign_negative() {
                out.pop();
            }
            out.extend_from_slice(&[b'%', form]);
        }
    }
}

fn decimal(out: &mut Text, f: f64, form: u8, prec: i64, bits: u32) {
    if prec < 0 {
        let d = shortest(f, bits);
        let n = d.digits.len() as i64;
        match form {
            b'e' | b'E' => exponential(out, &d, n.max(1) - 1, form),
            b'f' => plain(out, &d, (n - i64::from(d.point)).max(0)),
            _ => general(out, &d, 6, n.max(1), true, form),
        }
        return;
    }
    match form {
        b'e' | b'E' => exponential(out, &exact(f, prec + 1), prec, form),
        b'f' => {
            use std::io::Write;
            if plain_exact(out, f, prec).is_none() {
                write!(out, "{f:.*}", prec as usize).expect("writing to memory");
            }
        }
        _ => {
            let prec = prec.max(1);
            general(out, &exact(f, prec), prec, prec, false, form);
        }
    }
}

/// %g: exponential for small and large exponents, else plain; without trailing zeros.
fn general(out: &mut Text, d: &Decimal, limit: i64, prec: i64, shortest: bool, form: u8) {
    let n = d.digits.len() as i64;
    let mut limit = limit;
    if !shortest && limit > n && n >= i64::from(d.point) {
        limit = n;
    }
    let exp = i64::from(d.point) - 1;
    if exp < -4 || exp >= limit {
        let shown = if prec > n { n } else { prec };
        return exponential(out, d, shown - 1, if form == b'G' { b'E' } else { b'e' });
    }
    plain(out, d, (n - i64::from(d.point)).max(0));
}

/// d.ddde±dd with `prec` digits behind the point.
fn exponential(out: &mut Text, d: &Decimal, prec: i64, form: u8) {
    out.push(d.digits.first().copied().unwrap_or(b'0'));
    if prec > 0 {
        out.push(b'.');
        let prec = prec as usize;
        let rest = d.digits.get(1..).unwrap_or(&[]);
        let shown = rest.len().min(prec);
        out.extend_from_slice(&rest[..shown]);
        out.resize(out.len() + prec - shown, b'0');
    }
    let exp = if d.digits.is_empty() { 0 } else { d.point - 1 };
    out.push(form);
    out.push(if exp < 0 { b'-' } else { b'+' });
    let exp = exp.unsigned_abs();
    if exp >= 100 {
        out.push(b'0' + (exp / 100) as u8);
    }
    out.push(b'0' + (exp / 10 % 10) as u8);
    out.push(b'0' + (exp % 10) as u8);
}

/// ddd.ddd with `prec` digits behind the point.
fn plain(out: &mut Text, d: &Decimal, prec: i64) {
    let digits = |from: i64, to: i64| {
        let [from, to] = [from, to].map(|i| i.clamp(0, d.digits.len() as i64) as usize);
        &d.digits[from..to]
    };
    let zeros = |out: &mut Text, n: i64| out.resize(out.len() + n.max(0) as usize, b'0');
    let point = i64::from(d.point);
    if point > 0 {
        let whole = digits(0, point);
        out.extend_from_slice(whole);
        zeros(out, point - whole.len() as i64);
    } else {
        out.push(b'0');
    }
    if prec > 0 {
        out.push(b'.');
        let before = (-point).clamp(0, prec);
        zeros(out, before);
        let fraction = digits(point, point + prec);
        out.extend_from_slice(fraction);
        zeros(out, prec - before - fraction.len() as i64);
    }
}

/// `plain` of the exact value, rounded to even, done in one multiplication where that fits: `None` for magnitudes and
/// precisions for which it does not.
fn plain_exact(out: &mut Text, f: f64, prec: i64) -> Option<()> {
    const MAX_PREC: i64 = 17;
    let (mantissa, exp, _) = parts(f, 64);
    let shift = u32::try_from(-exp)
        .ok()
        .filter(|shift| (1..=120).contains(shift))?;
    if !(0..=MAX_PREC).contains(&prec) {
        return None;
    }
    // Below 2^53 × 10^17 < 2^110.
    let scaled = u128::from(mantissa) * 10u128.pow(prec as u32);
    let (quotient, rest) = (scaled >> shift, scaled & ((1 << shift) - 1));
    let half = 1 << (shift - 1);
    let up = rest > half || rest == half && quotient & 1 == 1;
    let mut rest = u64::try_from(quotient).ok()?.checked_add(u64::from(up))?;
    let mut text = [b'0'; 24];
    let mut at = text.len();
    let point = at - prec as usize;
    while rest > 0 || at >= point {
        if prec > 0 && at == point {
            at -= 1;
            text[at] = b'.';
        }
        at -= 1;
        text[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&text[at..]);
    Some(())
}

/// The digits in a text like "12.5e-7".
fn digits_of(text: &[u8]) -> Decimal {
    let (mantissa, exp) = match memchr::memchr(b'e', text) {
        Some(at) => {
            let exp = std::str::from_utf8(&text[at + 1..]).expect("ascii");
            (&text[..at], exp.parse().expect("an exponent"))
        }
        None => (text, 0),
    };
    let (whole, fraction) = match memchr::memchr(b'.', mantissa) {
        Some(at) => (&mantissa[..at], &mantissa[at + 1..]),
        None => (mantissa, &[][..]),
    };
    let leading = |digits: &[u8]| digits.iter().take_while(|&&c| c == b'0').count();
    let mut digits = Text::from_slice(&whole[leading(whole)..]);
    let mut point = exp + digits.len() as i32;
    let mut fraction = fraction;
    if digits.is_empty() {
        let zeros = leading(fraction);
        point -= zeros as i32;
        fraction = &fraction[zeros..];
    }
    digits.extend_from_slice(fraction);
    let trailing = digits.iter().rev().take_while(|&&c| c == b'0').count();
    digits.truncate(digits.len() - trailing);
    if digits.is_empty() {
        point = 0;
    }
    Decimal { digits, point }
}

/// The fewest digits that are read back as `f`.
fn shortest(f: f64, bits: u32) -> Decimal {
    let mut buffer = ryu::Buffer::new();
    let text = if bits == 32 {
        buffer.format_finite(f as f32)
    } else {
        buffer.format_finite(f)
    };
    digits_of(text.as_bytes())
}

/// `n` digits, correctly rounded.
fn exact(f: f64, n: i64) -> Decimal {
    use std::io::Write;
    let mut text = Text::new();
    write!(text, "{f:.*e}", (n - 1) as usize).expect("writing to memory");
    digits_of(&text)
}

/// Mantissa and exponent: f = mantissa × 2^exponent, as the format of that width stores them.
fn parts(f: f64, bits: u32) -> (u64, i32, u32) {
    if bits == 32 {
        let raw = (f as f32).to_bits();
        let (exp, frac) = (raw >> 23 & 0xFF, u64::from(raw & 0x7F_FFFF));
        return if exp == 0 {
            (frac, -149, 23)
        } else {
            (frac | 1 << 23, exp as i32 - 150, 23)
        };
    }
    let raw = f.to_bits();
    let (exp, frac) = (raw >> 52 & 0x7FF, raw & ((1 << 52) - 1));
    if exp == 0 {
        (frac, -1074, 52)
    } else {
        (frac | 1 << 52, exp as i32 - 1075, 52)
    }
}

/// %b: mantissa and binary exponent in decimal.
fn binary(out: &mut Text, f: f64, bits: u32) {
    use std::io::Write;
    let (mantissa, exp, _) = parts(f, bits);
    write!(out, "{mantissa}p{exp:+}").expect("writing to memory");
}

/// %x: 0x1.yyyp±dd.
fn hexadecimal(out: &mut Text, f: f64, form: u8, prec: i64, bits: u32) {
    let (mut mantissa, mut exp, width) = parts(f, bits);
    exp += width as i32;
    if mantissa == 0 {
        exp = 0;
    }
    // The leading one goes to bit 60, so that 15 digits follow it.
    mantissa <<= 60 - width;
    while mantissa != 0 && mantissa & (1 << 60) == 0 {
        mantissa <<= 1;
        exp -= 1;
    }
    if (0..15).contains(&prec) {
        let shift = prec * 4;
        let extra = mantissa << shift & ((1 << 60) - 1);
        mantissa >>= 60 - shift;
        if extra | (mantissa & 1) > 1 << 59 {
            mantissa += 1;
        }
        mantissa <<= 60 - shift;
        if mantissa & (1 << 61) != 0 {
            mantissa >>= 1;
            exp += 1;
        }
    }
    let digits: &[u8; 16] = if form == b'X' {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    out.extend_from_slice(&[b'0', form, b'0' + (mantissa >> 60 & 1) as u8]);
    mantissa <<= 4;
    if prec < 0 && mantissa != 0 {
        out.push(b'.');
        while mantissa != 0 {
            out.push(digits[(mantissa >> 60 & 15) as usize]);
            mantissa <<= 4;
        }
    } else if prec > 0 {
        out.push(b'.');
        for _ in 0..prec {
            out.push(digits[(mantissa >> 60 & 15) as usize]);
            mantissa <<= 4;
        }
    }
    out.push(if form == b'X' { b'P' } else { b'p' });
    out.push(if exp < 0 { b'-' } else { b'+' });
    let exp = exp.unsigned_abs();
    if exp >= 1000 {
        out.push(b'0' + (exp / 1000) as u8);
    }
    if exp >= 100 {
        out.push(b'0' + (exp / 100 % 10) as u8);
    }
    out.push(b'0' + (exp / 10 % 10) as u8);
    out.push(b'0' + (exp % 10) as u8);
}

/// How a text was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parse {
    Ok = 0,
    Syntax = 1,
    Range = 2,
}

/// Parses the longest prefix that is a number, as `strconv.ParseFloat` does: value, length, how it went.
pub(crate) fn parse_prefix(s: &[u8], bits: u32) -> (f64, usize, Parse) {
    if let Some((f, n)) = special(s) {
        // Go's NaN has its lowest bit set, which a float32 cannot hold.
        let f = if bits == 32 { f64::from(f as f32) } else { f };
        return (f, n, Parse::Ok);
    }
    let Some(number) = scan(s) else {
        return (0.0, 0, Parse::Syntax);
    };
    let magnitude = if number.hex {
        from_hex(&number, bits)
    } else {
        let text = std::str::from_utf8(&number.text).expect("ascii");
        if bits == 32 {
            f64::from(text.parse::<f32>().expect("a float"))
        } else {
            text.parse::<f64>().expect("a float")
        }
    };
    let f = if number.negative {
        -magnitude
    } else {
        magnitude
    };
    let state = if magnitude.is_infinite() {
        Parse::Range
    } else {
        Parse::Ok
    };
    (f, number.len, state)
}

/// Infinities and NaN.
fn special(s: &[u8]) -> Option<(f64, usize)> {
    let (sign, rest) = match s.first()? {
        b'+' => (1.0, &s[1..]),
        b'-' => (-1.0, &s[1..]),
        _ => (0.0, s),
    };
    let signs = s.len() - rest.len();
    let common = |word: &[u8]| {
        rest.iter()
            .zip(word)
            .take_while(|(a, b)| a.to_ascii_lowercase() == **b)
            .count()
    };
    match common(b"infinity") {
        8 => {
            return Some((
                if sign < 0.0 {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                },
                signs + 8,
            ));
        }
        3..8 => {
            return Some((
                if sign < 0.0 {
                    f64::NEG_INFINITY
                } else {
                    f64::INFINITY
                },
                signs + 3,
            ));
        }
        _ => {}
    }
    (signs == 0 && common(b"nan") == 3).then_some((f64::from_bits(0x7FF8_0000_0000_0001), 3))
}

/// A number as it was written, without sign and underscores.
struct Number {
    negative: bool,
    hex: bool,
    /// Decimal: what Rust's parser reads. Hexadecimal: the mantissa's digits.
    text: Text,
    /// Hexadecimal: binary exponent of the mantissa's last digit.
    exp: i64,
    len: usize,
}

fn scan(s: &[u8]) -> Option<Number> {
    let at = |i: usize| s.get(i).copied().unwrap_or(0);
    let mut i = 0;
    let negative = at(0) == b'-';
    if matches!(at(0), b'+' | b'-') {
        i += 1;
    }
    let hex = at(i) == b'0' && at(i + 1) | 0x20 == b'x';
    if hex {
        i += 2;
    }
    let mut text = Text::new();
    let (mut digits, mut point, mut underscores, mut fraction) = (false, false, false, 0i64);
    loop {
        match at(i) {
            b'_' => underscores = true,
            b'.' if !point => {
                point = true;
                if !hex {
                    text.push(b'.');
                }
            }
            c if c.is_ascii_digit() || hex && c.is_ascii_hexdigit() => {
                digits = true;
                fraction += i64::from(point);
                text.push(c);
            }
            _ => break,
        }
        i += 1;
    }
    if !digits {
        return None;
    }
    let mut exp = 0i64;
    let mark = if hex { b'p' } else { b'e' };
    if at(i) | 0x20 == mark {
        i += 1;
        let exp_negative = at(i) == b'-';
        if matches!(at(i), b'+' | b'-') {
            i += 1;
        }
        if !at(i).is_ascii_digit() {
            return None;
        }
        loop {
            match at(i) {
                b'_' => underscores = true,
                c if c.is_ascii_digit() => {
                    if exp < 10000 {
                        exp = exp * 10 + i64::from(c - b'0');
                    }
                }
                _ => break,
            }
            i += 1;
        }
        if exp_negative {
            exp = -exp;
        }
    } else if hex {
        return None;
    }
    if underscores && !underscores_ok(&s[..i]) {
        return None;
    }
    if !hex {
        use std::io::Write;
        write!(text, "e{exp}").expect("writing to memory");
    }
    Some(Number {
        negative,
        hex,
        text,
        exp: exp - 4 * fraction,
        len: i,
    })
}

/// Underscores stand only between digits, or between a base prefix and a digit.
fn underscores_ok(s: &[u8]) -> bool {
    let s = if matches!(s.first(), Some(b'+' | b'-')) {
        &s[1..]
    } else {
        s
    };
    let hex = s.len() >= 2 && s[0] == b'0' && s[1] | 0x20 == b'x';
    let (mut before, rest) = if hex { (b'0', &s[2..]) } else { (b'^', s) };
    for &c in rest {
        if c.is_ascii_digit() || hex && c.is_ascii_hexdigit() {
            before = b'0';
        } else if c == b'_' {
            if before != b'0' {
                return false;
            }
            before = b'_';
        } else {
            if before == b'_' {
                return false;
            }
            before = b'!';
        }
    }
    before != b'_'
}

/// The value of a hexadecimal mantissa times 2^exp, rounded to nearest even.
fn from_hex(number: &Number, bits: u32) -> f64 {
    let mut mantissa = 0u64;
    let mut exp = number.exp;
    let mut sticky = false;
    for &c in &number.text {
        let digit = u64::from((c as char).to_digit(16).expect("a hexadecimal digit"));
        if mantissa >> 59 != 0 {
            sticky |= digit != 0;
            exp += 4;
        } else {
            mantissa = mantissa << 4 | digit;
        }
    }
    if mantissa == 0 {
        return 0.0;
    }
    let shift = mantissa.leading_zeros();
    mantissa <<= shift;
    exp -= i64::from(shift);
    // value = mantissa × 2^exp with the top bit set: the leading bit is worth 2^(exp+63).
    let (width, min_exp, max_exp) = if bits == 32 {
        (24, -126, 127)
    } else {
        (53, -1022, 1023)
    };
    let lead = exp + 63;
    if lead > max_exp {
        return f64::INFINITY;
    }
    // Below the smallest normal number, fewer bits are kept.
    let keep = if lead < min_exp {
        i64::from(width) - (min_exp - lead)
    } else {
        i64::from(width)
    };
    if keep < 0 {
        return 0.0;
    }
    let drop = 64 - keep as u32;
    let (mut kept, dropped, half) = if drop == 64 {
        (0, mantissa, 1u64 << 63)
    } else {
        (
            mantissa >> drop,
            mantissa & ((1 << drop) - 1),
            1 << (drop - 1),
        )
    };
    if dropped > half || dropped == half && (sticky || kept & 1 == 1) {
        kept += 1;
    }
    let scale = exp + i64::from(drop);
    let f = kept as f64 * two_to(scale.max(-1074) as i32);
    if bits == 32 && f > f64::from(f32::MAX) {
        f64::INFINITY
    } else {
        f
    }
}

/// 2^n for n in [-1074, 1023].
fn two_to(n: i32) -> f64 {
    if n >= -1022 {
        f64::from_bits(((n + 1023) as u64) << 52)
    } else {
        f64::from_bits(1 << (n + 1074))
    }
}
