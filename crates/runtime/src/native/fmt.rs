//! Natives of package `fmt`: the layout of integers, floats, runes and strings under a verb's flags.
//!
//! `spec` is flags | verb << 16, `layout` width | precision << 32, as `fmt/native.mini` says.

use super::call::{Call, Out, natives};
use super::float::{self, Text};
use super::strconv::{Plain, append_quoted, can_backquote};
use super::{ucd, utf8};

natives! {
    "fmt.formatInt" => format_int;
    "fmt.formatRune" => format_rune;
    "fmt.formatFloat" => format_float;
    "fmt.formatString" => format_string;
    "fmt.bytesAsString" => |c: &mut Call| { let b = c.bytes(0); c.ret_bytes(0, b) };
}

// Flags, as in fmt/print.mini.
const MINUS: u64 = 1;
const PLUS: u64 = 1 << 1;
const SHARP: u64 = 1 << 2;
const SPACE: u64 = 1 << 3;
const ZERO: u64 = 1 << 4;
const WID: u64 = 1 << 7;
const PREC: u64 = 1 << 8;
const SIGNED: u64 = 1 << 9;

/// A directive: flags, verb, width, precision.
#[derive(Clone, Copy)]
struct Directive {
    flags: u64,
    verb: u32,
    wid: usize,
    prec: usize,
}

impl Directive {
    fn new(spec: u64, layout: u64) -> Directive {
        Directive {
            flags: spec & 0xFFFF,
            verb: (spec >> 16) as u32,
            wid: (layout & 0xFFFF_FFFF) as usize,
            prec: (layout >> 32) as usize,
        }
    }

    fn has(&self, flag: u64) -> bool {
        self.flags & flag != 0
    }

    /// The precision, if one is given.
    fn precision(&self) -> Option<usize> {
        self.has(PREC).then_some(self.prec)
    }

    /// What stands to the left of a short text.
    fn fill(&self) -> u8 {
        if self.has(ZERO) && !self.has(MINUS) {
            b'0'
        } else {
            b' '
        }
    }

    /// Writes `text`, padded to the width.
    fn pad(&self, out: &mut Out, text: &[u8], fill: u8) {
        let wid = if self.has(WID) { self.wid } else { 0 };
        let gap = wid.saturating_sub(if wid == 0 { 0 } else { utf8::count(text) });
        if !self.has(MINUS) {
            out.fill(fill, gap);
        }
        out.push(text);
        if self.has(MINUS) {
            out.fill(fill, gap);
        }
    }
}

fn format_int(call: &mut Call) {
    let mut out = call.out(0);
    let d = Directive::new(call.word(5), call.word(6));
    integer(&mut out, call.word(3), call.word(4), d);
    call.ret_int(0, out.answer());
}

fn integer(out: &mut Out, value: u64, base: u64, d: Directive) {
    let negative = d.has(SIGNED) && (value as i64) < 0;
    let mut u = if negative {
        value.wrapping_neg()
    } else {
        value
    };
    let mut least = 0;
    if let Some(prec) = d.precision() {
        least = prec;
        if prec == 0 && u == 0 {
            return out.fill(b' ', d.wid);
        }
    } else if d.has(ZERO) && !d.has(MINUS) && d.has(WID) {
        least = d.wid;
        if negative || d.has(PLUS) || d.has(SPACE) {
            least = least.saturating_sub(1);
        }
    }
    let upper = d.verb == u32::from(b'X');
    let digits: &[u8; 16] = if upper {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    // Digits come last first.
    let mut text = Text::new();
    loop {
        text.push(digits[(u % base) as usize]);
        u /= base;
        if u == 0 {
            break;
        }
    }
    if text.len() < least {
        text.resize(least, b'0');
    }
    if d.has(SHARP) {
        match base {
            2 => text.extend_from_slice(b"b0"),
            8 if text.last() != Some(&b'0') => text.push(b'0'),
            16 => text.extend_from_slice(if upper { b"X0" } else { b"x0" }),
            _ => {}
        }
    }
    if d.verb == u32::from(b'O') {
        text.extend_from_slice(b"o0");
    }
    if negative {
        text.push(b'-');
    } else if d.has(PLUS) {
        text.push(b'+');
    } else if d.has(SPACE) {
        text.push(b' ');
    }
    text.reverse();
    d.pad(out, &text, b' ');
}

fn format_rune(call: &mut Call) {
    let mut out = call.out(0);
    let d = Directive::new(call.word(4), call.word(5));
    let u = call.word(3);
    let rune = if u > 0x10FFFF {
        i64::from(utf8::RUNE_ERROR)
    } else {
        u as i64
    };
    let mut buf = [0; 4];
    match d.verb as u8 {
        b'c' => d.pad(&mut out, utf8::encode(rune, &mut buf), d.fill()),
        b'q' => {
            let mut text = Text::new();
            let plain = Plain {
                ascii_only: d.has(PLUS),
                graphic: false,
            };
            append_quoted(&mut text, utf8::encode(rune, &mut buf), b'\'', plain);
            d.pad(&mut out, &text, d.fill());
        }
        _ => code_point(&mut out, u, d),
    }
    call.ret_int(0, out.answer());
}

/// %U: U+0078, with sharp U+0078 'x'.
fn code_point(out: &mut Out, u: u64, d: Directive) {
    use std::io::Write;
    let prec = d.precision().map_or(4, |prec| prec.max(4));
    let mut text = Text::new();
    write!(text, "U+{u:0prec$X}").expect("writing to memory");
    if d.has(SHARP) && u <= 0x10FFFF && ucd::is_print(u as i32) {
        text.extend_from_slice(b" '");
        text.extend_from_slice(utf8::encode(u as i64, &mut [0; 4]));
        text.push(b'\'');
    }
    d.pad(out, &text, b' ');
}

fn format_float(call: &mut Call) {
    let mut out = call.out(0);
    let d = Directive::new(call.word(5), call.word(6));
    decimal(&mut out, call.float(3), call.int(4) as u32, d);
    call.ret_int(0, out.answer());
}

fn decimal(out: &mut Out, f: f64, bits: u32, d: Directive) {
    let verb = d.verb as u8;
    let (form, default_prec) = match verb {
        b'v' => (b'g', -1),
        b'F' => (b'f', 6),
        b'f' | b'e' | b'E' => (verb, 6),
        _ => (verb, -1),
    };
    let prec = d.precision().map_or(default_prec, |prec| prec as i64);
    let mut number = Text::new();
    float::append(&mut number, f, form, prec, bits);
    if !matches!(number[0], b'-' | b'+') {
        number.insert(0, b'+');
    }
    if d.has(SPACE) && number[0] == b'+' && !d.has(PLUS) {
        number[0] = b' ';
    }
    if matches!(number[1], b'I' | b'N') {
        // NaN has a sign only if one was asked for; infinities always have theirs.
        let bare = number[1] == b'N' && !d.has(SPACE) && !d.has(PLUS);
        return d.pad(out, &number[usize::from(bare)..], b' ');
    }
    if d.has(SHARP) && form != b'b' {
        keep_zeros(&mut number, form, prec);
    }
    if d.has(PLUS) || number[0] != b'+' {
        if d.has(ZERO) && !d.has(MINUS) && d.has(WID) && d.wid > number.len() {
            // The sign goes in front of the zeros.
            out.push_byte(number[0]);
            out.fill(b'0', d.wid - number.len());
            return out.push(&number[1..]);
        }
        return d.pad(out, &number, d.fill());
    }
    d.pad(out, &number[1..], d.fill());
}

/// The sharp flag: always a decimal point, and the zeros that %g drops.
fn keep_zeros(number: &mut Text, form: u8, prec: i64) {
    let mut digits = match form {
        b'g' | b'G' | b'x' if prec == -1 => 6,
        b'g' | b'G' | b'x' => prec,
        _ => 0,
    };
    let (mut point, mut nonzero) = (false, false);
    let mut end = number.len();
    for i in 1..number.len() {
        match number[i] {
            b'.' => point = true,
            b'p' | b'P' => {
                end = i;
                break;
            }
            b'e' | b'E' if form != b'x' && form != b'X' => {
                end = i;
                break;
            }
            c => {
                nonzero |= c != b'0';
                digits -= i64::from(nonzero);
            }
        }
    }
    let tail: Text = number[end..].into();
    number.truncate(end);
    if !point {
        if number.len() == 2 && number[1] == b'0' {
            digits -= 1;
        }
        number.push(b'.');
    }
    for _ in 0..digits {
        number.push(b'0');
    }
    number.extend_from_slice(&tail);
}

fn format_string(call: &mut Call) {
    let mut out = call.out(0);
    let d = Directive::new(call.word(5), call.word(6));
    let s = call.bytes(3);
    match d.verb as u8 {
        b's' => d.pad(&mut out, truncated(s, d), d.fill()),
        b'q' => quoted(&mut out, truncated(s, d), d),
        _ => hexadecimal(&mut out, s, d),
    }
    call.ret_int(0, out.answer());
}

/// The first runes of `s`, as many as the precision says.
fn truncated(s: &[u8], d: Directive) -> &[u8] {
    let Some(prec) = d.precision() else {
        return s;
    };
    let mut at = 0;
    for _ in 0..prec {
        if at == s.len() {
            break;
        }
        at += utf8::decode(&s[at..]).1;
    }
    &s[..at]
}

fn quoted(out: &mut Out, s: &[u8], d: Directive) {
    let mut text = Text::new();
    if d.has(SHARP) && can_backquote(s) {
        text.push(b'`');
        text.extend_from_slice(s);
        text.push(b'`');
    } else {
        let plain = Plain {
            ascii_only: d.has(PLUS),
            graphic: false,
        };
        append_quoted(&mut text, s, b'"', plain);
    }
    d.pad(out, &text, d.fill());
}

/// %x and %X of a string: two digits a byte; space puts the bytes apart, sharp puts 0x in front.
fn hexadecimal(out: &mut Out, s: &[u8], d: Directive) {
    let upper = d.verb == u32::from(b'X');
    let digits: &[u8; 16] = if upper {
        b"0123456789ABCDEF"
    } else {
        b"0123456789abcdef"
    };
    let prefix: &[u8] = match (d.has(SHARP), upper) {
        (false, _) => b"",
        (true, false) => b"0x",
        (true, true) => b"0X",
    };
    let s = &s[..s.len().min(d.precision().unwrap_or(usize::MAX))];
    let mut text = Text::new();
    for (i, &byte) in s.iter().enumerate() {
        if i > 0 && d.has(SPACE) {
            text.push(b' ');
        }
        if i == 0 || d.has(SPACE) {
            text.extend_from_slice(prefix);
        }
        text.extend_from_slice(&[
            digits[usize::from(byte >> 4)],
            digits[usize::from(byte & 15)],
        ]);
    }
    d.pad(out, &text, d.fill());
}
