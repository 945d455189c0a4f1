//! Natives of package `strconv`: floats and quoting.

use super::call::{Call, natives};
use super::{float, ucd, utf8};

natives! {
    "strconv.formatFloat" => format_float;
    "strconv.parseFloatPrefix" => parse_float_prefix;
    "strconv.quote" => quote;
}

fn format_float(call: &mut Call) {
    let mut out = call.out(0);
    let mut text = float::Text::new();
    float::append(
        &mut text,
        call.float(3),
        call.word(4) as u8,
        call.int(5),
        call.int(6) as u32,
    );
    out.push(&text);
    call.ret_int(0, out.answer());
}

fn parse_float_prefix(call: &mut Call) {
    let bits = if call.int(2) == 32 { 32 } else { 64 };
    let (f, len, state) = float::parse_prefix(call.bytes(0), bits);
    call.ret_float(0, f);
    call.ret_int(1, len as i64);
    call.ret_int(2, state as i64);
}

/// What [`append_quoted`] leaves unescaped.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plain {
    pub(crate) ascii_only: bool,
    pub(crate) graphic: bool,
}

/// `func quote(dst []byte, s string, quote byte, ascii, graphic bool) int`
fn quote(call: &mut Call) {
    let mut out = call.out(0);
    let plain = Plain {
        ascii_only: call.bool(6),
        graphic: call.bool(7),
    };
    let mut text = float::Text::new();
    append_quoted(&mut text, call.bytes(3), call.word(5) as u8, plain);
    out.push(&text);
    call.ret_int(0, out.answer());
}

/// Appends `s` as a Go literal in the given quotes.
pub(crate) fn append_quoted(text: &mut float::Text, s: &[u8], quote: u8, plain: Plain) {
    text.push(quote);
    let mut rest = s;
    while !rest.is_empty() {
        let (rune, width) = utf8::decode(rest);
        if width == 1 && rune == utf8::RUNE_ERROR {
            escape_hex(text, u32::from(rest[0]), b'x', 2);
        } else {
            append_escaped(text, rune, quote, plain);
        }
        rest = &rest[width..];
    }
    text.push(quote);
}

fn append_escaped(text: &mut float::Text, rune: u32, quote: u8, plain: Plain) {
    if rune == u32::from(quote) || rune == u32::from(b'\\') {
        return text.extend_from_slice(&[b'\\', rune as u8]);
    }
    let shown = if plain.ascii_only {
        (0x20..0x7F).contains(&rune)
    } else if rune < 0x7F {
        rune >= 0x20
    } else {
        ucd::is_print(rune as i32) || plain.graphic && ucd::is_graphic(rune as i32)
    };
    if shown {
        return text.extend_from_slice(utf8::encode(rune.into(), &mut [0; 4]));
    }
    let short = match rune {
        7 => b'a',
        8 => b'b',
        12 => b'f',
        10 => b'n',
        13 => b'r',
        9 => b't',
        11 => b'v',
        _ => 0,
    };
    match rune {
        _ if short != 0 => text.extend_from_slice(&[b'\\', short]),
        0..0x20 | 0x7F => escape_hex(text, rune, b'x', 2),
        0..0x10000 => escape_hex(text, rune, b'u', 4),
        _ => escape_hex(text, rune, b'U', 8),
    }
}

fn escape_hex(text: &mut float::Text, rune: u32, mark: u8, digits: u32) {
    text.extend_from_slice(&[b'\\', mark]);
    for i in (0..digits).rev() {
        text.push(b"0123456789abcdef"[(rune >> (4 * i) & 15) as usize]);
    }
}

/// Whether a string can stand unchanged in back quotes.
pub(crate) fn can_backquote(s: &[u8]) -> bool {
    let mut rest = s;
    while !rest.is_empty() {
        let (rune, width) = utf8::decode(rest);
        let bad = match width {
            1 => {
                rune == utf8::RUNE_ERROR || rune < 0x20 && rune != 9 || rune == 0x60 || rune == 0x7F
            }
            _ => rune == 0xFEFF,
        };
        if bad {
            return false;
        }
        rest = &rest[width..];
    }
    true
}
