//! Functions that are read later: where a declared function or its body ends, found at the speed of counting brackets, and what
//! its head says.

use crate::literal;
use crate::token::{Kind, Token};

/// Finds functions, or their bodies only, among the tokens of a file.
pub(crate) struct Unread {
    takes_heads: bool,
    depth: usize,
    is_func: bool,
}

impl Unread {
    /// Finds declared functions whose [`Head`] can be read; of others the bodies.
    pub(crate) fn functions() -> Unread {
        Unread {
            takes_heads: true,
            ..Unread::bodies()
        }
    }

    pub(crate) fn bodies() -> Unread {
        Unread {
            takes_heads: false,
            depth: 0,
            is_func: false,
        }
    }

    /// The token that stands for what begins with a token of this kind, and its length.
    pub(crate) fn find(
        &mut self,
        tokens: &[Token],
        kind: Kind,
        rest: &str,
    ) -> Option<(Kind, usize)> {
        let before = tokens.last()?.tok.kind;
        if self.depth == 0 && matches!(before, Kind::Semi | Kind::StartFile | Kind::StartDecls) {
            self.is_func = kind == Kind::Func;
            if self.is_func && self.takes_heads && Head::of(rest).is_some() {
                return Some((Kind::UnreadFunc, func_len(rest)));
            }
        }
        let is_in_type = matches!(before, Kind::Struct | Kind::Interface);
        if kind == Kind::LBrace && self.depth == 0 && self.is_func && !is_in_type {
            return Some((Kind::Body, block_len(rest)));
        }
        if kind.opens() {
            self.depth += 1;
        } else if matches!(kind, Kind::RParen | Kind::RBrack | Kind::RBrace) {
            self.depth = self.depth.saturating_sub(1);
        }
        None
    }
}

/// What stands before the parameters of a declared function: `func name`, `func (r T) name`, `func (r *T[P]) name`.
pub(crate) struct Head<'t> {
    pub(crate) name: &'t str,
    /// Where the name begins, in bytes from `func`.
    pub(crate) name_at: usize,
    /// Of a method: the name of the receiver's type, and whether the receiver is a pointer.
    pub(crate) receiver: Option<(&'t str, bool)>,
}

impl<'t> Head<'t> {
    /// The head of the function that `text` begins with, if it stands on one line, as formatted programs have it, and is in
    /// ASCII.
    pub(crate) fn of(text: &'t str) -> Option<Head<'t>> {
        let mut rest = text.strip_prefix("func ")?;
        let mut receiver = None;
        if let Some(inside) = rest.strip_prefix('(') {
            let (inside, behind) = inside.split_once(") ")?;
            let ty = inside.split_once('[').map_or(inside, |(ty, _)| ty);
            let base = &ty[ty.rfind([' ', '*']).map_or(0, |at| at + 1)..];
            let is_plain = |b: u8| is_name_byte(b) || matches!(b, b' ' | b'*');
            if base.is_empty() || name_len(base) != base.len() || !ty.bytes().all(is_plain) {
                return None;
            }
            receiver = Some((base, ty.contains('*')));
            rest = behind;
        }
        let name = &rest[..name_len(rest)];
        let is_followed = rest[name.len()..].starts_with(['(', '[']);
        (!name.is_empty() && is_followed).then(|| Head {
            name,
            name_at: text.len() - rest.len(),
            receiver,
        })
    }
}

fn is_name_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_'
}

/// The length of the name in ASCII that `text` begins with; zero if it begins with none.
fn name_len(text: &str) -> usize {
    match text.as_bytes().first() {
        Some(first) if !first.is_ascii_digit() => text.bytes().take_while(|&b| is_name_byte(b)),
        _ => return 0,
    }
    .count()
}

/// The length of the declared function that `text` begins with: to the end of its body, or of its line.
fn func_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0usize, 0);
    while let Some(passed) = bytes[at..].iter().position(|&b| IS_HEAD_MARK[b as usize]) {
        at += passed;
        at += match bytes[at] {
            b'\n' if depth == 0 => return at,
            b'{' if depth == 0 && !ends_in_type(&text[..at]) => return at + block_len(&text[at..]),
            b'(' | b'[' | b'{' => {
                depth += 1;
                1
            }
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                1
            }
            _ => inert_len(&text[at..]),
        };
    }
    bytes.len()
}

/// Whether a `{` behind `text` opens the type that its last word begins.
fn ends_in_type(text: &str) -> bool {
    let text = text.trim_end();
    ["struct", "interface"].iter().any(|word| {
        let before = text.strip_suffix(word);
        before.is_some_and(|before| !before.bytes().next_back().is_some_and(is_name_byte))
    })
}

const fn table(marks: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut index = 0;
    while index < marks.len() {
        table[marks[index] as usize] = true;
        index += 1;
    }
    table
}

/// The bytes that [`block_len`] and [`func_len`] look at; they pass over all others.
const IS_MARK: [bool; 256] = table(b"{}\"'`/");
const IS_HEAD_MARK: [bool; 256] = table(b"()[]{}\"'`/\n");

/// The length of the block that `text` begins with.
fn block_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0usize, 0);
    while let Some(passed) = bytes[at..].iter().position(|&b| IS_MARK[b as usize]) {
        at += passed;
        at += match bytes[at] {
            b'{' => {
                depth += 1;
                1
            }
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
                1
            }
            _ => inert_len(&text[at..]),
        };
    }
    bytes.len()
}

/// The length of the literal or comment that `text` begins with, in which brackets mean nothing, or of any other byte.
fn inert_len(text: &str) -> usize {
    match text.as_bytes()[0] {
        b'"' => literal::string(text).0,
        b'\'' => literal::rune(text).0,
        b'`' => literal::raw_string(text).0,
        b'/' => comment_len(text).unwrap_or(1),
        _ => 1,
    }
}

/// The length of the comment that `text` begins with.
fn comment_len(text: &str) -> Option<usize> {
    let (is_line, end) = match text.get(..2)? {
        "//" => (true, "\n"),
        "/*" => (false, "*/"),
        _ => return None,
    };
    let found = text[2..].find(end).map(|at| at + 2);
    Some(match is_line {
        true => found.unwrap_or(text.len()),
        false => found.map_or(text.len(), |at| at + 2),
    })
}
