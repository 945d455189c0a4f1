//! Go's view of UTF-8: invalid bytes are runes of their own, U+FFFD with width 1.

/// What an invalid byte decodes to.
pub(crate) const RUNE_ERROR: u32 = 0xFFFD;

/// The first rune of non-empty bytes and its width.
pub(crate) fn decode(s: &[u8]) -> (u32, usize) {
    let b0 = s[0];
    if b0 < 0x80 {
        return (u32::from(b0), 1);
    }
    let (need, lo, hi) = match b0 {
        0xC2..=0xDF => (2, 0x80, 0xBF),
        0xE0 => (3, 0xA0, 0xBF),
        0xED => (3, 0x80, 0x9F),
        0xE1..=0xEF => (3, 0x80, 0xBF),
        0xF0 => (4, 0x90, 0xBF),
        0xF1..=0xF3 => (4, 0x80, 0xBF),
        0xF4 => (4, 0x80, 0x8F),
        _ => return (RUNE_ERROR, 1),
    };
    if s.len() < need || !(lo..=hi).contains(&s[1]) {
        return (RUNE_ERROR, 1);
    }
    let mut rune = u32::from(b0) & (0x7F >> need);
    for (i, &b) in s[1..need].iter().enumerate() {
        if i > 0 && b & 0xC0 != 0x80 {
            return (RUNE_ERROR, 1);
        }
        rune = rune << 6 | u32::from(b & 0x3F);
    }
    (rune, need)
}

/// The runes of a string.
pub(crate) fn runes(s: &[u8]) -> Runes<'_> {
    Runes(s)
}

/// Iterator of [`runes`].
#[derive(Clone, Debug)]
pub(crate) struct Runes<'a>(&'a [u8]);

impl Iterator for Runes<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        if self.0.is_empty() {
            return None;
        }
        let (rune, width) = decode(self.0);
        self.0 = &self.0[width..];
        Some(rune)
    }
}

/// The number of runes.
pub(crate) fn count(s: &[u8]) -> usize {
    if s.is_ascii() {
        s.len()
    } else {
        runes(s).count()
    }
}

/// Appends the encoding of a rune, of U+FFFD if it has none.
pub(crate) fn encode(rune: i64, buf: &mut [u8; 4]) -> &[u8] {
    let c = u32::try_from(rune)
        .ok()
        .and_then(char::from_u32)
        .unwrap_or('\u{FFFD}');
    c.encode_utf8(buf).as_bytes()
}
