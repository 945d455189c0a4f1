//! `print` and `println`: to standard error, one write for each statement.
//!
//! What a statement prints is collected in the goroutine and written at its end, so that no lock is held while the
//! goroutine may be moved to another thread.

use std::fmt::Write as _;

use crate::fatal;
use crate::g::G;

/// A statement begins.
///
/// # Safety
/// `g` is the running goroutine.
pub(crate) unsafe fn begin(g: *mut G) {
    // SAFETY: the goroutine is ours.
    unsafe { (*g).extra().print_buffer.clear() };
}

/// A statement ends.
///
/// # Safety
/// As for [`begin`].
pub(crate) unsafe fn end(g: *mut G) {
    // SAFETY: the goroutine is ours.
    unsafe { fatal::write_bytes(&std::mem::take(&mut (*g).extra().print_buffer)) };
}

/// # Safety
/// As for [`begin`].
pub(crate) unsafe fn text(g: *mut G, text: &str) {
    // SAFETY: the goroutine is ours.
    unsafe { (*g).extra().print_buffer.extend_from_slice(text.as_bytes()) };
}

/// # Safety
/// As for [`begin`].
pub(crate) unsafe fn args(g: *mut G, args: std::fmt::Arguments) {
    let mut out = String::new();
    let _ = out.write_fmt(args);
    // SAFETY: the caller's promise.
    unsafe { text(g, &out) };
}

/// # Safety
/// As for [`begin`].
pub(crate) unsafe fn bool(g: *mut G, value: bool) {
    // SAFETY: the caller's promise.
    unsafe { text(g, if value { "true" } else { "false" }) };
}

/// # Safety
/// As for [`begin`]; the string is valid.
pub(crate) unsafe fn string(g: *mut G, ptr: *const u8, len: usize) {
    if len > 0 {
        // SAFETY: the caller's promise.
        unsafe {
            let bytes = std::slice::from_raw_parts(ptr, len);
            (*g).extra().print_buffer.extend_from_slice(bytes);
        }
    }
}

/// Go's form for floats: a sign, seven digits, a signed exponent of three digits.
pub(crate) fn float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.into();
    }
    let text = format!("{:+.6e}", value);
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:03}", exponent.abs())
}

#[cfg(test)]
mod tests {
    #[test]
    fn floats_print_as_in_go() {
        for (value, text) in [
            (1.5, "+1.500000e+000"),
            (-0.001, "-1.000000e-003"),
            (1e300, "+1.000000e+300"),
            (0.0, "+0.000000e+000"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(super::float(value), text);
        }
    }
}
