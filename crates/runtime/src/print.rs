//! `print` and `println`: to standard error, one write for each statement.
//!
//! What a statement prints is collected in the goroutine and written at its end, so that no lock is held while the
//! goroutine may be moved to another thread.

use std::fmt::Write as _;

use crate::fatal;
use crate::g::G;
use crate::native::float;

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

/// A float of so many bits with as many digits as tell it from its neighbours.
pub(crate) fn float(value: f64, bits: u32) -> String {
    let mut text = float::Text::new();
    float::append(&mut text, value, b'g', -1, bits);
    String::from_utf8_lossy(&text).into_owned()
}

/// A complex number whose parts have so many bits.
pub(crate) fn complex((re, im): (f64, f64), bits: u32) -> String {
    let im = float(im, bits);
    let plus = if im.starts_with(['-', '+']) { "" } else { "+" };
    format!("({}{plus}{im}i)", float(re, bits))
}

#[cfg(test)]
mod tests {
    #[test]
    fn floats_print_as_in_go() {
        for (value, text) in [
            (1.5, "1.5"),
            (-0.001, "-0.001"),
            (1e300, "1e+300"),
            (0.0, "0"),
            (f64::INFINITY, "+Inf"),
        ] {
            assert_eq!(super::float(value, 64), text);
        }
        assert_eq!(super::float(f64::from(0.1f32), 32), "0.1");
        assert_eq!(super::complex((1.0, f64::NAN), 64), "(1+NaNi)");
        assert_eq!(super::complex((1.0, f64::INFINITY), 64), "(1+Infi)");
    }
}
