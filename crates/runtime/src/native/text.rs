//! Natives of packages `strings`, `bytes` and `bufio`: searching and case mapping.

use super::call::{Call, natives};
use super::float::Text;
use super::{ucd, utf8};

natives! {
    "strings.IndexByte" => |c: &mut Call| { let i = found(memchr::memchr(c.word(2) as u8, c.bytes(0))); c.ret_int(0, i) };
    "strings.LastIndexByte" => |c: &mut Call| { let i = found(memchr::memrchr(c.word(2) as u8, c.bytes(0))); c.ret_int(0, i) };
    "strings.index" => |c: &mut Call| { let i = found(memchr::memmem::find(c.bytes(0), c.bytes(2))); c.ret_int(0, i) };
    "strings.lastIndex" => |c: &mut Call| { let i = found(memchr::memmem::rfind(c.bytes(0), c.bytes(2))); c.ret_int(0, i) };
    "strings.count" => |c: &mut Call| { let n = count(c.bytes(0), c.bytes(2)); c.ret_int(0, n) };
    "strings.toUpper" => |c: &mut Call| map_case(c, ucd::UPPER);
    "strings.toLower" => |c: &mut Call| map_case(c, ucd::LOWER);
    "strings.replace" => replace;
    "strings.equalFold" => |c: &mut Call| { let is = equal_fold(c.bytes(0), c.bytes(2)); c.ret_bool(0, is) };
    "strings.bytesAsString" => |c: &mut Call| { let b = c.bytes(0); c.ret_bytes(0, b) };
    "strings.itself" => |c: &mut Call| { let b = c.word(0); c.ret(0, b) };
    "bufio.indexByte" => |c: &mut Call| { let i = found(memchr::memchr(c.word(3) as u8, c.bytes(0))); c.ret_int(0, i) };
    "bytes.IndexByte" => |c: &mut Call| { let i = found(memchr::memchr(c.word(3) as u8, c.bytes(0))); c.ret_int(0, i) };
    "bytes.LastIndexByte" => |c: &mut Call| { let i = found(memchr::memrchr(c.word(3) as u8, c.bytes(0))); c.ret_int(0, i) };
    "bytes.asString" => |c: &mut Call| { let b = c.bytes(0); c.ret_bytes(0, b) };
    "bytes.Equal" => |c: &mut Call| { let is = c.bytes(0) == c.bytes(3); c.ret_bool(0, is) };
    "bytes.Compare" => |c: &mut Call| { let order = c.bytes(0).cmp(c.bytes(3)) as i64; c.ret_int(0, order) };
}

fn found(at: Option<usize>) -> i64 {
    at.map_or(-1, |at| at as i64)
}

fn count(s: &[u8], needle: &[u8]) -> i64 {
    match needle {
        [byte] => memchr::memchr_iter(*byte, s).count() as i64,
        _ => memchr::memmem::find_iter(s, needle).count() as i64,
    }
}

/// `func toUpper(dst []byte, s string) int`: 0 if nothing changes.
fn map_case(call: &mut Call, case: usize) {
    let mut out = call.out(0);
    let s = call.bytes(3);
    let is_ascii = s.is_ascii();
    let changes = if is_ascii {
        s.iter().any(|c| match case {
            ucd::UPPER => c.is_ascii_lowercase(),
            _ => c.is_ascii_uppercase(),
        })
    } else {
        // An invalid byte changes too: it becomes U+FFFD.
        utf8::runes(s).any(|r| ucd::to_case(r as i32, case) != r as i32)
            || std::str::from_utf8(s).is_err()
    };
    if changes && is_ascii {
        out.push_mapped(s, |c| match case {
            ucd::UPPER => c.to_ascii_uppercase(),
            _ => c.to_ascii_lowercase(),
        });
    } else if changes {
        let mut text = Text::new();
        for rune in utf8::runes(s) {
            text.extend_from_slice(utf8::encode(
                ucd::to_case(rune as i32, case).into(),
                &mut [0; 4],
            ));
        }
        out.push(&text);
    }
    call.ret_int(0, out.answer());
}

/// `func replace(dst []byte, s, old, new string, n int) int`: s with the first n instances of old replaced.
fn replace(call: &mut Call) {
    let mut out = call.out(0);
    let (s, old, new) = (call.bytes(3), call.bytes(5), call.bytes(7));
    let mut from = 0;
    for at in memchr::memmem::find_iter(s, old).take(call.int(9) as usize) {
        out.push(&s[from..at]);
        out.push(new);
        from = at + old.len();
    }
    out.push(&s[from..]);
    call.ret_int(0, out.answer());
}

/// Whether the strings are equal under simple case folding.
fn equal_fold(s: &[u8], t: &[u8]) -> bool {
    let (mut s, mut t) = (utf8::runes(s), utf8::runes(t));
    loop {
        match (s.next(), t.next()) {
            (None, None) => return true,
            (Some(a), Some(b)) => {
                if a != b && !folds_to(a as i32, b as i32) {
                    return false;
                }
            }
            _ => return false,
        }
    }
}

fn folds_to(a: i32, b: i32) -> bool {
    let mut r = ucd::simple_fold(a);
    while r != a {
        if r == b {
            return true;
        }
        r = ucd::simple_fold(r);
    }
    false
}
