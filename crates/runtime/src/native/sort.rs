//! Natives of package `sort`: slices whose equal elements cannot be told apart.

use crate::gc;

use super::call::{Call, natives};

natives! {
    "sort.Ints" => |c: &mut Call| c.words_mut(0).sort_unstable_by_key(|&x| x as i64);
    "sort.Float64s" => |c: &mut Call| c.words_mut(0).sort_unstable_by(|&a, &b| floats(a, b));
    "sort.Strings" => strings;
}

/// NaN first, and equal to itself; then by value.
fn floats(a: u64, b: u64) -> std::cmp::Ordering {
    let (a, b) = (f64::from_bits(a), f64::from_bits(b));
    a.partial_cmp(&b)
        .unwrap_or_else(|| b.is_nan().cmp(&a.is_nan()))
}

/// `func Strings(x []string)`
fn strings(call: &mut Call) {
    let list = call.pairs_mut(0);
    if gc::is_marking() {
        // The collector may be walking the slice: strings that change places must not be missed.
        for pair in &mut *list {
            // SAFETY: we are inside a native of the running goroutine; the first word of a string is a pointer.
            unsafe {
                gc::barrier::store(
                    call.goroutine(),
                    std::ptr::from_mut(&mut pair[0]).cast(),
                    pair[0] as *mut u8,
                )
            };
        }
    }
    list.sort_unstable_by(|a, b| text(a).cmp(text(b)));
}

fn text(pair: &[u64; 2]) -> &[u8] {
    if pair[1] == 0 {
        return &[];
    }
    // SAFETY: an element of a []string: pointer and length of bytes that the slice keeps alive.
    unsafe { std::slice::from_raw_parts(pair[0] as *const u8, pair[1] as usize) }
}
