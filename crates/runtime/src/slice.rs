//! Slices: making and growing their backing arrays.
//!
//! How capacities grow shows through `cap`, so it follows Go: twice the size up to 256 elements, from there smoothly
//! towards a quarter more, then whatever the size class leaves room for.

use mini_abi::panics::PanicCode;
use mini_abi::types::TypeDesc;

use crate::g::G;
use crate::gc::{self, barrier};
use crate::heap::{self, MAX_ALLOC, size_class::round_up_size};
use crate::panic::raise;

/// Capacities below grow to twice.
const DOUBLING_LIMIT: usize = 256;

/// Checks the arguments of `make([]T, len, cap)`. A length that no one could have asked for is reported rather than the
/// capacity, which is then often implied.
pub fn check_make(elem_size: usize, len: i64, cap: i64) -> Result<usize, PanicCode> {
    let fits = |n: i64| {
        let n = usize::try_from(n).ok()?;
        elem_size
            .checked_mul(n)
            .filter(|&bytes| bytes <= MAX_ALLOC)?;
        Some(n)
    };
    match fits(cap) {
        Some(n) if len >= 0 && len <= cap => Ok(n),
        _ if fits(len).is_none() => Err(PanicCode::MakeSliceLen),
        _ => Err(PanicCode::MakeSliceCap),
    }
}

/// The backing array of `make([]T, len, cap)`; null after raising a panic.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin.
pub unsafe fn make(g: *mut G, elem: &'static TypeDesc, len: i64, cap: i64) -> *mut u8 {
    // SAFETY: the caller's promise.
    unsafe {
        match check_make(elem.size, len, cap) {
            Ok(n) => heap::new_array(g, elem, n),
            Err(code) => {
                raise(g, code, 0, 0);
                std::ptr::null_mut()
            }
        }
    }
}

/// The capacity that `append` asks for, before rounding.
pub fn next_capacity(old_cap: usize, new_len: usize) -> usize {
    let doubled = old_cap.wrapping_mul(2);
    if new_len > doubled {
        return new_len;
    }
    if old_cap < DOUBLING_LIMIT {
        return doubled;
    }
    let mut capacity = old_cap;
    while capacity < new_len {
        capacity += (capacity + 3 * DOUBLING_LIMIT) >> 2;
    }
    capacity
}

/// The capacity after growing and the bytes to allocate; `None`: too large.
pub fn grown(
    elem_size: usize,
    is_noscan: bool,
    old_cap: usize,
    new_len: usize,
) -> Option<(usize, usize)> {
    let wanted = next_capacity(old_cap, new_len).checked_mul(elem_size)?;
    if wanted > MAX_ALLOC {
        return None;
    }
    let capacity = round_up_size(wanted, is_noscan) / elem_size;
    let bytes = capacity * elem_size;
    (bytes <= MAX_ALLOC).then_some((capacity, bytes))
}

/// A longer backing array with the elements of the old one; pointer and capacity.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin; `old` has `old_len` elements.
pub unsafe fn grow(
    g: *mut G,
    elem: &'static TypeDesc,
    old: *const u8,
    old_len: usize,
    old_cap: usize,
    new_len: i64,
) -> (*mut u8, usize) {
    // SAFETY: the caller's promise; the new array has room for the elements of the old one.
    unsafe {
        let Ok(new_len) = usize::try_from(new_len) else {
            raise(g, PanicCode::GrowSliceLen, 0, 0);
            return (std::ptr::null_mut(), 0);
        };
        if elem.size == 0 {
            return (heap::zero_sized(), new_len);
        }
        let is_noscan = elem.pointer_bytes == 0;
        let Some((capacity, bytes)) = grown(elem.size, is_noscan, old_cap, new_len) else {
            raise(g, PanicCode::GrowSliceLen, 0, 0);
            return (std::ptr::null_mut(), 0);
        };
        let used = old_len * elem.size;
        if is_noscan {
            let new = heap::new_bytes(g, bytes, elem.align as usize);
            new.copy_from_nonoverlapping(old, used);
            new.add(used).write_bytes(0, bytes - used);
            return (new, capacity);
        }
        let new = heap::new_array(g, elem, capacity);
        if gc::is_marking() {
            barrier::move_values(g, elem, new, old, old_len);
        } else {
            new.copy_from_nonoverlapping(old, used);
        }
        (new, capacity)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The capacities that appending one element at a time goes through.
    fn capacities(elem_size: usize, is_noscan: bool, n: usize) -> Vec<usize> {
        let mut all = vec![0];
        for len in 1.. {
            let last = *all.last().unwrap();
            if len > last {
                all.push(grown(elem_size, is_noscan, last, len).unwrap().0);
                if all.len() > n {
                    break;
                }
            }
        }
        all
    }

    #[test]
    fn capacities_are_those_of_go() {
        assert_eq!(
            capacities(8, true, 14),
            [
                0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 848, 1280, 1792, 2560
            ]
        );
        assert_eq!(capacities(1, true, 6), [0, 8, 16, 32, 64, 128, 256]);
        // Strings, pointers, structs of three words: above 512 bytes a word for the type takes its share.
        assert_eq!(
            capacities(16, false, 9),
            [0, 1, 2, 4, 8, 16, 32, 71, 143, 303]
        );
        assert_eq!(
            capacities(8, false, 10),
            [0, 1, 2, 4, 8, 16, 32, 64, 143, 287, 607]
        );
        assert_eq!(
            capacities(24, false, 9),
            [0, 1, 2, 4, 8, 16, 37, 74, 170, 341]
        );
        assert_eq!(grown(8, true, 4, 5), Some((8, 64)));
        assert_eq!(grown(8, true, 3, 7), Some((8, 64)));
        assert_eq!(grown(8, true, 0, 5), Some((6, 48)));
        assert_eq!(grown(8, true, 1 << 45, (1 << 45) + 1), None);
    }

    #[test]
    fn make_reports_length_before_capacity() {
        assert_eq!(check_make(8, 3, 5), Ok(5));
        assert_eq!(check_make(8, -1, -1), Err(PanicCode::MakeSliceLen));
        assert_eq!(
            check_make(8, 1 << 60, 1 << 60),
            Err(PanicCode::MakeSliceLen)
        );
        assert_eq!(check_make(8, 1, -1), Err(PanicCode::MakeSliceCap));
        assert_eq!(check_make(8, 5, 3), Err(PanicCode::MakeSliceCap));
        assert_eq!(check_make(8, 0, 1 << 60), Err(PanicCode::MakeSliceCap));
        assert_eq!(check_make(0, 1 << 60, 1 << 60), Ok(1 << 60));
    }
}
