//! Texts of panics: of failed bounds checks, and of values that end the program and have no method that says it.
//!
//! They are made here, not in Mini, since every program can panic and few do: what is Mini source in package `runtime` is
//! read and lowered at each start.

use mini_abi::panics::PanicCode;
use mini_abi::types::Kind;

use super::call::{Call, natives};
use super::rtype::{Value, value};
use super::runtime::{return_string, set_panic_text};
use crate::print;

natives! {
    "runtime.boundsText" => |c: &mut Call| {
        let text = bounds_text(c.int(0), c.int(1), c.bool(2), c.int(3));
        return_string(c, 0, text.as_bytes());
    };
    "runtime.describePanic" => |c: &mut Call| {
        let text = if c.word(0) == 0 { "nil".into() } else { describe(value(c)) };
        set_panic_text(c, c.int(2), &text);
    };
}

/// What follows "panic: " for a value without methods.
fn describe(v: Value) -> String {
    let text = match v.ty.kind {
        Kind::Bool => (v.integer() != 0).to_string(),
        Kind::Int | Kind::Int8 | Kind::Int16 | Kind::Int32 | Kind::Int64 => {
            (v.integer() as i64).to_string()
        }
        kind if (Kind::Uint as u8..=Kind::Uintptr as u8).contains(&(kind as u8)) => {
            v.integer().to_string()
        }
        Kind::Float32 => print::float(v.floats().0, 32),
        Kind::Float64 => print::float(v.floats().0, 64),
        Kind::Complex64 => print::complex(v.floats(), 32),
        Kind::Complex128 => print::complex(v.floats(), 64),
        // SAFETY: the string is alive as long as the value, an argument of the call.
        Kind::String => String::from_utf8_lossy(unsafe { v.string().as_bytes() }).into_owned(),
        _ => return format!("({}) {:#x}", type_name(v), v.address()),
    };
    if v.ty.package.len == 0 {
        return text;
    }
    let name = type_name(v);
    match v.ty.kind {
        Kind::Complex64 | Kind::Complex128 => name + &text,
        Kind::String => format!("{name}(\"{text}\")"),
        _ => format!("{name}({text})"),
    }
}

fn type_name(v: Value) -> String {
    // SAFETY: names of types are static data.
    String::from_utf8_lossy(unsafe { v.ty.name.as_bytes() }).into_owned()
}

/// The text of `runtime.boundsError`.
fn bounds_text(x: i64, y: i64, is_signed: bool, code: i64) -> String {
    use PanicCode::*;
    let is_code = |code_of: PanicCode| code_of as i64 == code;
    let is_any = |codes: &[PanicCode]| codes.iter().any(|&code_of| is_code(code_of));
    let is_negative = is_signed && x < 0;
    let x = match is_signed {
        true => x.to_string(),
        false => (x as u64).to_string(),
    };
    if is_code(SliceConvert) {
        return format!(
            "runtime error: cannot convert slice with length {x} to array or pointer to array with length {y}"
        );
    }
    let before = match () {
        () if is_any(&[SliceAlen, SliceAcap, Slice3B]) => ":",
        () if is_any(&[Slice3Alen, Slice3Acap]) => "::",
        () => "",
    };
    // The other bound, which a negative one breaks whatever it is.
    let other = if is_negative {
        String::new()
    } else {
        y.to_string()
    };
    let after = match () {
        () if is_any(&[SliceB, Slice3B]) => format!(":{other}"),
        () if is_code(Slice3C) => format!(":{other}:"),
        () => String::new(),
    };
    let limit = match () {
        () if is_negative || is_any(&[SliceB, Slice3B, Slice3C]) => String::new(),
        () if is_any(&[SliceAcap, Slice3Acap]) => format!(" with capacity {y}"),
        () => format!(" with length {y}"),
    };
    let what = if is_code(Index) {
        "index"
    } else {
        "slice bounds"
    };
    format!("runtime error: {what} out of range [{before}{x}{after}]{limit}")
}
