//! The insides of literals: scanning numbers, runes and strings with Go's errors, and the values of runes and strings.
//!
//! The lexer calls [`number`], [`rune`], [`string`] and [`raw_string`] with the text from the literal's first byte on;
//! each returns how long the literal is and reports what is wrong in it at byte offsets from its start. A literal that
//! is wrong is still one token, so one mistake gives one error.

use crate::ast::LitKind;

/// What is wrong inside a literal, and where, in bytes from its start.
pub(crate) type Fault = (usize, String);

/// Scans a number that begins at `text[0]`, a digit or a point before a digit.
pub(crate) fn number(text: &str) -> (usize, LitKind, Option<Fault>) {
    let bytes = text.as_bytes();
    let at = |i: usize| bytes.get(i).copied().unwrap_or(0);
    let mut i = 0;
    let mut kind = LitKind::Int;
    let mut fault: Option<Fault> = None;
    let (mut base, mut prefix) = (10, 0u8);
    let mut digits = Digits::default();
    let mut invalid_digit = None;

    if at(0) == b'0' {
        i = 1;
        match at(1) | 0x20 {
            b'x' => (base, prefix) = (16, b'x'),
            b'o' => (base, prefix) = (8, b'o'),
            b'b' => (base, prefix) = (2, b'b'),
            _ => {
                (base, prefix) = (8, b'0');
                digits.any = true;
            }
        }
        i += usize::from(prefix != b'0');
    }
    if at(0) != b'.' {
        digits.scan(bytes, &mut i, base, &mut invalid_digit);
    }
    if at(i) == b'.' {
        if matches!(prefix, b'o' | b'b') {
            fault = Some((
                i,
                format!("invalid radix point in {} literal", base_name(base)),
            ));
        }
        i += 1;
        kind = LitKind::Float;
        digits.scan(bytes, &mut i, base, &mut invalid_digit);
    }
    if !digits.any && fault.is_none() {
        fault = Some((i, format!("{} literal has no digits", base_name(base))));
    }

    let exponent = at(i) | 0x20;
    if matches!(exponent, b'e' | b'p') {
        let complaint = match (exponent, prefix) {
            (b'e', 0 | b'0') | (b'p', b'x') => None,
            (b'e', _) => Some("decimal"),
            _ => Some("hexadecimal"),
        };
        if let (Some(wanted), None) = (complaint, &fault) {
            let text = format!("'{}' exponent requires {wanted} mantissa", at(i) as char);
            fault = Some((i, text));
        }
        i += 1;
        kind = LitKind::Float;
        i += usize::from(matches!(at(i), b'+' | b'-'));
        digits.any = false;
        digits.scan(bytes, &mut i, 10, &mut None);
        if !digits.any && fault.is_none() {
            fault = Some((i, "exponent has no digits".into()));
        }
    } else if prefix == b'x' && kind == LitKind::Float && fault.is_none() {
        fault = Some((i, "hexadecimal mantissa requires a 'p' exponent".into()));
    }
    if at(i) == b'i' {
        kind = LitKind::Imag;
        i += 1;
    }

    if let (LitKind::Int, Some(digit), None) = (kind, invalid_digit, &fault) {
        let found = at(digit) as char;
        fault = Some((
            digit,
            format!("invalid digit '{found}' in {} literal", base_name(base)),
        ));
    }
    if let (true, None) = (digits.separated, &fault) {
        fault = misplaced_separator(&bytes[..i])
            .map(|at| (at, "'_' must separate successive digits".into()));
    }
    (i, kind, fault)
}

/// What a run of digits held.
#[derive(Default)]
struct Digits {
    any: bool,
    separated: bool,
}

impl Digits {
    /// Advances `i` over digits and `_`; notes the first decimal digit that `base` does not have.
    fn scan(&mut self, bytes: &[u8], i: &mut usize, base: u32, invalid: &mut Option<usize>) {
        while let Some(&byte) = bytes.get(*i) {
            let is_digit = if base == 16 {
                byte.is_ascii_hexdigit()
            } else {
                byte.is_ascii_digit()
            };
            match byte {
                b'_' => self.separated = true,
                _ if is_digit => {
                    self.any = true;
                    if base < 10 && u32::from(byte - b'0') >= base && invalid.is_none() {
                        *invalid = Some(*i);
                    }
                }
                _ => break,
            }
            *i += 1;
        }
    }
}

fn base_name(base: u32) -> &'static str {
    match base {
        2 => "binary",
        8 => "octal",
        10 => "decimal",
        _ => "hexadecimal",
    }
}

/// The index of the first `_` that does not separate digits (a base prefix counts as one), as Go points at it: a `_`
/// without a digit before it, or the last one before something else.
fn misplaced_separator(literal: &[u8]) -> Option<usize> {
    let has_prefix =
        literal.len() >= 2 && literal[0] == b'0' && matches!(literal[1] | 0x20, b'x' | b'o' | b'b');
    let is_hex = has_prefix && literal[1] | 0x20 == b'x';
    let is_digit = |byte: u8| byte.is_ascii_digit() || is_hex && byte.is_ascii_hexdigit();
    let start = if has_prefix { 2 } else { 0 };
    let (mut after_digit, mut after_separator) = (has_prefix, false);
    for (i, &byte) in literal.iter().enumerate().skip(start) {
        if byte == b'_' && !after_digit {
            return Some(i);
        }
        if byte != b'_' && !is_digit(byte) && after_separator {
            return Some(i - 1);
        }
        after_separator = byte == b'_';
        after_digit = is_digit(byte);
    }
    after_separator.then(|| literal.len() - 1)
}

/// Scans `'…'`.
pub(crate) fn rune(text: &str) -> (usize, Option<Fault>) {
    let bytes = text.as_bytes();
    let mut i = 1;
    let mut n = 0;
    let mut fault = None;
    loop {
        match bytes.get(i) {
            Some(b'\'') => {
                if n == 0 {
                    fault = fault.or(Some((i, "empty rune literal or unescaped '".into())));
                } else if n > 1 {
                    fault = fault.or(Some((0, "more than one character in rune literal".into())));
                }
                return (i + 1, fault);
            }
            Some(b'\\') => fault = fault.or(escape(text, &mut i, b'\'')),
            Some(b'\n') => {
                return (i, fault.or(Some((i, "newline in rune literal".into()))));
            }
            None => return (i, fault.or(Some((0, "rune literal not terminated".into())))),
            Some(_) => i += char_len(text, i),
        }
        n += 1;
    }
}

/// Scans `"…"`. Every bad escape is reported.
pub(crate) fn string(text: &str) -> (usize, Vec<Fault>) {
    let bytes = text.as_bytes();
    let mut i = 1;
    let mut faults = Vec::new();
    loop {
        match bytes.get(i) {
            Some(b'"') => return (i + 1, faults),
            Some(b'\\') => faults.extend(escape(text, &mut i, b'"')),
            Some(b'\n') => {
                faults.push((i, "newline in string".into()));
                return (i, faults);
            }
            None => {
                faults.push((0, "string not terminated".into()));
                return (i, faults);
            }
            Some(_) => i += 1,
        }
    }
}

/// Scans `` `…` ``.
pub(crate) fn raw_string(text: &str) -> (usize, Option<Fault>) {
    match text[1..].find('`') {
        Some(end) => (end + 2, None),
        None => (text.len(), Some((0, "string not terminated".into()))),
    }
}

/// Advances `i` over the escape sequence at `text[i]`, as far as it is right.
fn escape(text: &str, i: &mut usize, quote: u8) -> Option<Fault> {
    let bytes = text.as_bytes();
    *i += 1;
    let (n_digits, base, max) = match bytes.get(*i)? {
        b'a' | b'b' | b'f' | b'n' | b'r' | b't' | b'v' | b'\\' => {
            *i += 1;
            return None;
        }
        &byte if byte == quote => {
            *i += 1;
            return None;
        }
        b'0'..=b'7' => (3, 8, 255),
        b'x' => (2, 16, 255),
        b'u' => (4, 16, char::MAX as u32),
        b'U' => (8, 16, char::MAX as u32),
        _ => return Some((*i, "unknown escape".into())),
    };
    *i += usize::from(base == 16);
    let mut value = 0u32;
    for _ in 0..n_digits {
        let digit = text[*i..].chars().next()?;
        let Some(digit_value) = digit.to_digit(base) else {
            let base = base_name(base);
            return Some((
                *i,
                format!("invalid character {} in {base} escape", quoted(digit)),
            ));
        };
        value = value.wrapping_mul(base).wrapping_add(digit_value);
        *i += 1;
    }
    if value > max && base == 8 {
        return Some((*i, format!("octal escape value {value} > 255")));
    }
    if value > max || (0xd800..0xe000).contains(&value) {
        return Some((
            *i,
            format!("escape is invalid Unicode code point U+{value:04X}"),
        ));
    }
    None
}

/// A character as Go's `%q` shows it.
pub fn quoted(c: char) -> String {
    match c {
        '\'' => r"'\''".into(),
        '\\' => r"'\\'".into(),
        '\n' => r"'\n'".into(),
        '\t' => r"'\t'".into(),
        '\r' => r"'\r'".into(),
        c if c.is_control() => format!("'\\x{:02x}'", c as u32),
        c => format!("'{c}'"),
    }
}

fn char_len(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(1, char::len_utf8)
}

/// The bytes that a string literal stands for; `None` if it is malformed.
pub fn string_value(literal: &str) -> Option<Vec<u8>> {
    if let Some(raw) = literal.strip_prefix('`') {
        let inner = raw.strip_suffix('`')?;
        return Some(inner.bytes().filter(|&byte| byte != b'\r').collect());
    }
    let inner = literal.strip_prefix('"')?.strip_suffix('"')?;
    let mut value = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(at) = rest.find('\\') {
        value.extend_from_slice(&rest.as_bytes()[..at]);
        rest = &rest[at..];
        rest = &rest[unescape(rest, &mut value)?..];
    }
    value.extend_from_slice(rest.as_bytes());
    Some(value)
}

/// The code point that a rune literal stands for; `None` if it is malformed.
pub fn rune_value(literal: &str) -> Option<u32> {
    let inner = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    if !inner.starts_with('\\') {
        return inner.chars().next().map(|c| c as u32);
    }
    match inner.as_bytes().get(1)? {
        // A rune may be any byte value here; as string bytes these escapes would be raw bytes, too.
        b'x' => u32::from_str_radix(&inner[2..], 16).ok(),
        b'0'..=b'7' => u32::from_str_radix(&inner[1..], 8).ok(),
        b'u' | b'U' => u32::from_str_radix(&inner[2..], 16).ok(),
        _ => {
            let mut bytes = Vec::new();
            unescape(inner, &mut bytes)?;
            bytes.first().map(|&byte| u32::from(byte))
        }
    }
}

/// Appends the value of the escape sequence at the beginning of `text`; returns its length.
fn unescape(text: &str, value: &mut Vec<u8>) -> Option<usize> {
    let simple = |byte: u8| Some((byte, 2));
    let (byte, len) = match text.as_bytes().get(1)? {
        b'a' => simple(7)?,
        b'b' => simple(8)?,
        b'f' => simple(12)?,
        b'n' => simple(b'\n')?,
        b'r' => simple(b'\r')?,
        b't' => simple(b'\t')?,
        b'v' => simple(11)?,
        &byte @ (b'\\' | b'\'' | b'"') => simple(byte)?,
        b'x' => (u8::from_str_radix(text.get(2..4)?, 16).ok()?, 4),
        b'0'..=b'7' => (u8::from_str_radix(text.get(1..4)?, 8).ok()?, 4),
        &kind @ (b'u' | b'U') => {
            let len = if kind == b'u' { 6 } else { 10 };
            let code = u32::from_str_radix(text.get(2..len)?, 16).ok()?;
            let mut utf8 = [0; 4];
            value.extend_from_slice(char::from_u32(code)?.encode_utf8(&mut utf8).as_bytes());
            return Some(len);
        }
        _ => return None,
    };
    value.push(byte);
    Some(len)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn number_fault(text: &str, want: Option<&str>) {
        let (len, _, fault) = number(text);
        assert_eq!(len, text.len(), "{text}");
        assert_eq!(
            fault.map(|(at, text)| format!("{at}: {text}")).as_deref(),
            want,
            "{text}"
        );
    }

    #[test]
    fn numbers() {
        for good in [
            "0",
            "1_000",
            "0b1_01",
            "0o17",
            "0_7",
            "0xBad_Face",
            "1.",
            ".5",
            "1e3",
            "1.5e-3i",
            "09.5",
            "0x1p-2",
            "0x1.8p1",
            "0x_1F",
            "08i",
            "0",
        ] {
            number_fault(good, None);
        }
        number_fault("0x", Some("2: hexadecimal literal has no digits"));
        number_fault("0b12", Some("3: invalid digit '2' in binary literal"));
        number_fault("089", Some("1: invalid digit '8' in octal literal"));
        number_fault("1e", Some("2: exponent has no digits"));
        number_fault(
            "0x1.8",
            Some("5: hexadecimal mantissa requires a 'p' exponent"),
        );
        number_fault("1p3", Some("1: 'p' exponent requires hexadecimal mantissa"));
        number_fault("1__0", Some("2: '_' must separate successive digits"));
        number_fault("1_", Some("1: '_' must separate successive digits"));
        number_fault("0b1.0", Some("3: invalid radix point in binary literal"));
    }

    #[test]
    fn values_of_strings_and_runes() {
        assert_eq!(
            string_value(r#""a\n\x41\101\u00e4\"""#).unwrap(),
            "a\nAA\u{e4}\"".as_bytes()
        );
        assert_eq!(string_value("`a\\n\r\n`").unwrap(), b"a\\n\n");
        assert_eq!(string_value(r#""\q""#), None);
        assert_eq!(rune_value("'x'"), Some(120));
        assert_eq!(rune_value(r"'\n'"), Some(10));
        assert_eq!(rune_value(r"'\xff'"), Some(255));
        assert_eq!(rune_value(r"'\U0001F600'"), Some(0x1f600));
        assert_eq!(rune_value(r"'\''"), Some(39));
    }

    #[test]
    fn faults_in_strings_and_runes() {
        assert_eq!(
            string("\"\\z\\xg0\"").1,
            [
                (2, "unknown escape".to_string()),
                (5, "invalid character 'g' in hexadecimal escape".to_string())
            ]
        );
        assert_eq!(
            string("\"abc\ndef").1,
            [(4, "newline in string".to_string())]
        );
        assert_eq!(
            rune("''").1,
            Some((1, "empty rune literal or unescaped '".to_string()))
        );
        assert_eq!(
            rune("'ab'").1,
            Some((0, "more than one character in rune literal".to_string()))
        );
        assert_eq!(rune("'\u{e4}'"), (4, None));
    }
}
