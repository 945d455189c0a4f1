//! Strings: joining, comparing, converting. Text is UTF-8 by convention only; what is not valid reads as U+FFFD, one
//! byte at a time.
//!
//! Results of one byte share a static table. Where the compiler knows that a result does not escape it passes a buffer
//! in the caller's frame, which holds results of up to [`BUFFER_SIZE`] bytes.

use mini_abi::types::Str;

use crate::g::G;
use crate::heap::{self, size_class::round_up_size};

/// Bytes of the buffer in the caller's frame.
pub const BUFFER_SIZE: usize = 32;
/// What stands for bytes that are no valid UTF-8.
pub const RUNE_ERROR: i32 = 0xFFFD;
const MAX_RUNE: i32 = 0x10_FFFF;

static SINGLE_BYTES: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte as u8;
        byte += 1;
    }
    table
};

/// A string of one byte.
#[inline]
pub fn single_byte(byte: u8) -> Str {
    Str {
        ptr: &raw const SINGLE_BYTES[byte as usize],
        len: 1,
    }
}

/// Room for `len` bytes: the buffer, if there is one that is long enough, else the heap.
///
/// # Safety
/// `g` is the running goroutine; `buffer` is null or has [`BUFFER_SIZE`] bytes.
#[inline]
unsafe fn room(g: *mut G, len: usize, buffer: *mut u8) -> *mut u8 {
    if !buffer.is_null() && len <= BUFFER_SIZE {
        return buffer;
    }
    // SAFETY: the caller's promise.
    unsafe { heap::new_bytes(g, len, 1) }
}

/// A new string with these bytes. For natives too.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin or native.
pub unsafe fn new(g: *mut G, bytes: &[u8]) -> Str {
    // SAFETY: the caller's promise; a null buffer.
    unsafe { from_bytes(g, bytes, std::ptr::null_mut()) }
}

/// `string(bytes)`.
///
/// # Safety
/// `g` is the running goroutine; `buffer` is null or has [`BUFFER_SIZE`] bytes.
#[inline]
pub unsafe fn from_bytes(g: *mut G, bytes: &[u8], buffer: *mut u8) -> Str {
    match bytes {
        [] => Str::EMPTY,
        &[byte] => single_byte(byte),
        // SAFETY: the room is long enough and new, or a buffer that does not overlap the bytes.
        _ => unsafe {
            let ptr = room(g, bytes.len(), buffer);
            ptr.copy_from(bytes.as_ptr(), bytes.len());
            Str {
                ptr,
                len: bytes.len(),
            }
        },
    }
}

/// The parts joined. A single part that is not empty is the result itself, unless it lies in the goroutine's stack and the
/// result may not.
///
/// # Safety
/// `g` is the running goroutine; the parts are valid; `buffer` is null or has [`BUFFER_SIZE`] bytes.
pub unsafe fn concat(g: *mut G, parts: &[Str], buffer: *mut u8) -> Str {
    let (mut len, mut n_filled, mut last) = (0usize, 0, Str::EMPTY);
    for &part in parts {
        if part.len > 0 {
            len = match len.checked_add(part.len) {
                Some(sum) if sum < heap::MAX_ALLOC => sum,
                _ => crate::fatal::throw("string concatenation too long"),
            };
            n_filled += 1;
            last = part;
        }
    }
    if n_filled == 0 {
        return Str::EMPTY;
    }
    // SAFETY: the caller's promise; the room has the sum of the lengths.
    unsafe {
        if n_filled == 1 && (!buffer.is_null() || !(*g).stack().contains(&last.ptr.addr())) {
            return last;
        }
        let start = room(g, len, buffer);
        let mut end = start;
        for part in parts {
            copy_short(part.ptr, end, part.len);
            end = end.add(part.len);
        }
        Str { ptr: start, len }
    }
}

/// memcpy that does not call for up to 16 bytes.
///
/// # Safety
/// As for memcpy.
#[inline(always)]
unsafe fn copy_short(src: *const u8, dst: *mut u8, len: usize) {
    // SAFETY: the caller's promise; the two parts overlap instead of passing the end.
    unsafe {
        match len {
            0 => {}
            8..=16 => {
                let tail = src.add(len - 8).cast::<u64>().read_unaligned();
                let head = src.cast::<u64>().read_unaligned();
                dst.cast::<u64>().write_unaligned(head);
                dst.add(len - 8).cast::<u64>().write_unaligned(tail);
            }
            1..=3 => {
                *dst = *src;
                *dst.add(len / 2) = *src.add(len / 2);
                *dst.add(len - 1) = *src.add(len - 1);
            }
            4..=7 => {
                let tail = src.add(len - 4).cast::<u32>().read_unaligned();
                let head = src.cast::<u32>().read_unaligned();
                dst.cast::<u32>().write_unaligned(head);
                dst.add(len - 4).cast::<u32>().write_unaligned(tail);
            }
            _ => dst.copy_from_nonoverlapping(src, len),
        }
    }
}

/// `[]byte(string)`: pointer and capacity.
///
/// # Safety
/// As for [`from_bytes`].
pub unsafe fn to_bytes(g: *mut G, text: &[u8], buffer: *mut u8) -> (*mut u8, usize) {
    let (len, is_short) = (text.len(), text.len() <= BUFFER_SIZE);
    let capacity = match !buffer.is_null() && is_short {
        true => BUFFER_SIZE,
        false => round_up_size(len, true),
    };
    // SAFETY: the room has `capacity` bytes: asked for in full, since small objects share a block.
    unsafe {
        let ptr = room(g, capacity, buffer);
        ptr.copy_from(text.as_ptr(), len);
        ptr.add(len).write_bytes(0, capacity - len);
        (ptr, capacity)
    }
}

/// `string(runes)`.
///
/// # Safety
/// `g` is the running goroutine.
pub unsafe fn from_runes(g: *mut G, runes: &[i32]) -> Str {
    let len = runes.iter().map(|&rune| encoded_len(rune)).sum();
    if len == 0 {
        return Str::EMPTY;
    }
    // SAFETY: the room has the bytes that the runes need.
    unsafe {
        let start = heap::new_bytes(g, len, 1);
        let mut end = start;
        for &rune in runes {
            let (bytes, n) = encode_rune(rune);
            end.copy_from_nonoverlapping(bytes.as_ptr(), n);
            end = end.add(n);
        }
        Str { ptr: start, len }
    }
}

/// `[]rune(string)`: pointer, length and capacity, which is `least` if that suffices.
///
/// # Safety
/// `g` is the running goroutine.
pub unsafe fn to_runes(g: *mut G, text: &[u8], least: usize) -> (*mut i32, usize, usize) {
    // SAFETY: as called; each gives as many runes as it says.
    unsafe {
        match std::str::from_utf8(text) {
            Ok(valid) => {
                let all = valid.chars().map(|c| c as i32);
                new_runes(g, valid.chars().count(), least, all)
            }
            Err(_) => new_runes(g, runes(text).count(), least, runes(text)),
        }
    }
}

/// Pointer, length and capacity.
///
/// # Safety
/// `g` is the running goroutine, and there are `len` runes.
unsafe fn new_runes(
    g: *mut G,
    len: usize,
    least: usize,
    all: impl Iterator<Item = i32>,
) -> (*mut i32, usize, usize) {
    let capacity = match len <= least {
        true => least,
        false => round_up_size(len * 4, true) / 4,
    };
    // SAFETY: room for `capacity` runes, of which those behind `len` are zeroed.
    unsafe {
        let start = heap::new_bytes(g, capacity * 4, 4).cast::<i32>();
        for (index, rune) in all.enumerate() {
            *start.add(index) = rune;
        }
        start.add(len).write_bytes(0, capacity - len);
        (start, len, capacity)
    }
}

/// `string(rune)`.
///
/// # Safety
/// `g` is the running goroutine.
pub unsafe fn from_rune(g: *mut G, rune: i64) -> Str {
    let (bytes, n) = encode_rune(i32::try_from(rune).unwrap_or(RUNE_ERROR));
    // SAFETY: the caller's promise.
    unsafe { new(g, &bytes[..n]) }
}

fn runes(mut text: &[u8]) -> impl Iterator<Item = i32> {
    std::iter::from_fn(move || {
        if text.is_empty() {
            return None;
        }
        let (rune, width) = decode_rune(text);
        text = &text[width..];
        Some(rune)
    })
}

/// The first rune of a text that is not empty, and its width in bytes.
#[inline]
pub fn decode_rune(text: &[u8]) -> (i32, usize) {
    let first = text[0];
    if first < 0x80 {
        return (i32::from(first), 1);
    }
    decode_long(text).unwrap_or((RUNE_ERROR, 1))
}

/// A rune of several bytes, if it is well formed: the shortest form, no surrogate, not above U+10FFFF.
fn decode_long(text: &[u8]) -> Option<(i32, usize)> {
    let first = text[0];
    // The second byte's range excludes overlong forms, surrogates, and what is too large.
    let (width, low, high) = match first {
        0xC2..=0xDF => (2, 0x80, 0xBF),
        0xE0 => (3, 0xA0, 0xBF),
        0xED => (3, 0x80, 0x9F),
        0xE1..=0xEF => (3, 0x80, 0xBF),
        0xF0 => (4, 0x90, 0xBF),
        0xF1..=0xF3 => (4, 0x80, 0xBF),
        0xF4 => (4, 0x80, 0x8F),
        _ => return None,
    };
    let tail = text.get(1..width)?;
    if tail[0] < low || tail[0] > high || tail[1..].iter().any(|byte| byte & 0xC0 != 0x80) {
        return None;
    }
    let lead = i32::from(first) & (0x7F >> width);
    let rune = tail
        .iter()
        .fold(lead, |rune, byte| rune << 6 | i32::from(byte & 0x3F));
    Some((rune, width))
}

fn is_valid_rune(rune: i32) -> bool {
    (0..=MAX_RUNE).contains(&rune) && !(0xD800..0xE000).contains(&rune)
}

fn encoded_len(rune: i32) -> usize {
    match rune {
        _ if !is_valid_rune(rune) => 3,
        0..0x80 => 1,
        0x80..0x800 => 2,
        0x800..0x1_0000 => 3,
        _ => 4,
    }
}

/// The bytes of a rune (of U+FFFD if it is none) and how many they are.
pub fn encode_rune(rune: i32) -> ([u8; 4], usize) {
    let rune = if is_valid_rune(rune) {
        rune
    } else {
        RUNE_ERROR
    };
    let tail = |shift: i32| (rune >> shift & 0x3F) as u8 | 0x80;
    let head = |shift: i32| (rune >> shift) as u8;
    match encoded_len(rune) {
        1 => ([head(0), 0, 0, 0], 1),
        2 => ([head(6) | 0xC0, tail(0), 0, 0], 2),
        3 => ([head(12) | 0xE0, tail(6), tail(0), 0], 3),
        _ => ([head(18) | 0xF0, tail(12), tail(6), tail(0)], 4),
    }
}

/// -1, 0, 1.
#[inline]
pub fn compare(p: &[u8], q: &[u8]) -> i64 {
    p.cmp(q) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runes_round_trip() {
        for rune in (0..=MAX_RUNE).filter(|&rune| is_valid_rune(rune)) {
            let (bytes, n) = encode_rune(rune);
            assert_eq!(n, encoded_len(rune));
            assert_eq!(decode_rune(&bytes[..n]), (rune, n));
            assert!(std::str::from_utf8(&bytes[..n]).is_ok());
        }
    }

    #[test]
    fn what_is_not_valid_reads_as_one_wrong_byte() {
        for text in [
            &[0x80][..],
            &[0xC0, 0x80],
            &[0xC1, 0xBF],
            &[0xE0, 0x9F, 0xBF],
            &[0xED, 0xA0, 0x80],
            &[0xF4, 0x90, 0x80, 0x80],
            &[0xF5, 0x80, 0x80, 0x80],
            &[0xE2, 0x82],
            &[0xE2, 0x28, 0xA1],
            &[0xFF],
        ] {
            assert_eq!(decode_rune(text), (RUNE_ERROR, 1), "{text:x?}");
        }
        for rune in [-1, 0xD800, 0xDFFF, MAX_RUNE + 1] {
            assert_eq!(encode_rune(rune), ([0xEF, 0xBF, 0xBD, 0], 3));
        }
    }

    #[test]
    fn decoding_agrees_with_the_standard_library() {
        // Every sequence of four bytes from a set that has all the borders.
        let bytes = [
            0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC2, 0xDF, 0xE0, 0xED, 0xF0, 0xF4,
        ];
        for a in bytes {
            for b in bytes {
                for c in bytes {
                    for d in bytes {
                        let text = [a, b, c, d];
                        let (rune, width) = decode_rune(&text);
                        let want = (1..=4)
                            .find_map(|n| std::str::from_utf8(&text[..n]).ok())
                            .and_then(|valid| valid.chars().next());
                        match want {
                            Some(char) => assert_eq!((rune, width), (char as i32, char.len_utf8())),
                            None => assert_eq!((rune, width), (RUNE_ERROR, 1)),
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn short_copies_copy_exactly() {
        let source: Vec<u8> = (1..100).collect();
        for len in 0..40 {
            let mut target = [0; 64];
            // SAFETY: both are long enough.
            unsafe { copy_short(source.as_ptr(), target.as_mut_ptr(), len) };
            assert_eq!(target[..len], source[..len]);
            assert!(target[len..].iter().all(|&byte| byte == 0));
        }
    }
}
