//! Natives of package `regexp`: Go's expressions, matched by `regex_automata`.
//!
//! Compiled expressions are kept in a table under their text, so that a value of Mini holds no Rust object; when the table is full it is
//! emptied, and what is still used is compiled again.
//!
//! The engine matches valid UTF-8. In a text that is not, each invalid byte stands for U+FFFD, as in Go: such a text is
//! rewritten, and positions are mapped back.

mod longest;
mod parse;

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use regex_automata::meta;
use regex_automata::nfa::thompson::{Compiler, NFA, WhichCaptures};
use regex_automata::{Anchored, Input};
use regex_syntax::hir::{Hir, HirKind};

use super::call::{Call, natives};

natives! {
    "regexp.compile" => compile;
    "regexp.isMatch" => |c: &mut Call| {
        let regex = Regex::of(c);
        let text = Text::new(c.bytes(3));
        c.ret_bool(0, regex.is_match(&text));
    };
    "regexp.isMatchBytes" => |c: &mut Call| {
        let regex = Regex::of(c);
        let text = Text::new(c.bytes(3));
        c.ret_bool(0, regex.is_match(&text));
    };
    "regexp.find" => |c: &mut Call| {
        let text = c.bytes(3);
        find(c, text, 5);
    };
    "regexp.findBytes" => |c: &mut Call| {
        let text = c.bytes(3);
        find(c, text, 6);
    };
}

/// Bits of the flags that `regexp.compile` and the others take.
const POSIX: u64 = 1;
const LONGEST: u64 = 2;

/// A compiled expression.
struct Regex {
    engine: Engine,
    n_groups: usize,
}

enum Engine {
    First(Box<meta::Regex>),
    Longest(NFA),
}

/// How many expressions are kept.
const MOST_KEPT: usize = 1 << 12;

type Key = (Vec<u8>, u64);

static KEPT: RwLock<Option<HashMap<Key, Arc<Regex>, foldhash::fast::FixedState>>> =
    RwLock::new(None);

thread_local! {
    /// The expression that the thread used last.
    static LAST: std::cell::RefCell<Option<(Key, Arc<Regex>)>> = const { std::cell::RefCell::new(None) };
}

impl Regex {
    /// The expression named by the arguments `expr string, flags int`, which was compiled before.
    fn of(call: &Call) -> Arc<Regex> {
        let (expr, flags) = (call.bytes(0), call.word(2));
        let last = LAST.with_borrow(|last| {
            let ((text, of_flags), regex) = last.as_ref()?;
            (*of_flags == flags && text == expr).then(|| regex.clone())
        });
        if let Some(regex) = last {
            return regex;
        }
        let key = (expr.to_vec(), flags);
        let kept = {
            let table = KEPT
                .read()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            table.as_ref().and_then(|table| table.get(&key).cloned())
        };
        let regex = kept.unwrap_or_else(|| {
            let parsed = parse::parse(expr, flags & POSIX == 0).ok();
            let parsed = parsed.expect("an expression that was compiled before");
            Regex::keep(&key, &parsed).expect("as large as before")
        });
        LAST.set(Some((key, regex.clone())));
        regex
    }

    fn keep(key: &Key, parsed: &parse::Parsed) -> Option<Arc<Regex>> {
        let regex = Arc::new(Regex::build(parsed, key.1 & LONGEST != 0)?);
        let mut table = KEPT
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let table = table.get_or_insert_default();
        if table.len() >= MOST_KEPT {
            table.clear();
        }
        table.insert(key.clone(), regex.clone());
        Some(regex)
    }

    /// `None`: too large.
    fn build(parsed: &parse::Parsed, longest: bool) -> Option<Regex> {
        /// As much memory as Go's limit on the size of programs comes to.
        const SIZE_LIMIT: usize = 128 << 20;
        let engine = if longest {
            let config = NFA::config()
                .which_captures(WhichCaptures::All)
                .nfa_size_limit(Some(SIZE_LIMIT));
            Engine::Longest(
                Compiler::new()
                    .configure(config)
                    .build_from_hir(&parsed.hir)
                    .ok()?,
            )
        } else {
            let config = meta::Regex::config()
                .utf8_empty(true)
                .nfa_size_limit(Some(SIZE_LIMIT));
            let regex = meta::Regex::builder()
                .configure(config)
                .build_from_hir(&parsed.hir);
            Engine::First(Box::new(regex.ok()?))
        };
        Some(Regex {
            engine,
            n_groups: parsed.names.len(),
        })
    }

    fn is_match(&self, text: &Text) -> bool {
        match &self.engine {
            Engine::First(regex) => regex.is_match(text.bytes()),
            Engine::Longest(nfa) => longest::find(nfa, text.bytes(), 0, 2).is_some(),
        }
    }

    /// The first match from `from` on: the ends of `n_groups` groups.
    fn find(
        &self,
        text: &[u8],
        from: usize,
        n_groups: usize,
        slots: &mut Vec<Option<usize>>,
    ) -> bool {
        slots.clear();
        match &self.engine {
            Engine::First(regex) => {
                let input = Input::new(text).range(from..).anchored(Anchored::No);
                if n_groups == 1 {
                    let found = regex.search(&input);
                    slots.extend(found.iter().flat_map(|m| [Some(m.start()), Some(m.end())]));
                    return found.is_some();
                }
                let mut places = vec![None; 2 * n_groups];
                let found = regex.search_slots(&input, &mut places);
                slots.extend(places.iter().map(|slot| slot.map(|at| at.get())));
                found.is_some()
            }
            Engine::Longest(nfa) => {
                let found = longest::find(nfa, text, from, 2 * n_groups);
                slots.extend(found.iter().flatten());
                found.is_some()
            }
        }
    }
}

/// `func compile(expr string, flags int, dst []byte) (n int, ok bool)`: what [`describe`] or the error says.
fn compile(call: &mut Call) {
    let (expr, flags) = (call.bytes(0), call.word(2));
    let mut out = call.out(3);
    let result = parse::parse(expr, flags & POSIX == 0).and_then(|parsed| {
        let text = describe(&parsed);
        match Regex::keep(&(expr.to_vec(), flags), &parsed) {
            Some(_) => Ok(text),
            None => Err((
                "expression too large",
                String::from_utf8_lossy(expr).into_owned(),
            )),
        }
    });
    call.ret_bool(1, result.is_ok());
    match result {
        Ok(text) => out.push(&text),
        Err((code, part)) => {
            out.push(code.as_bytes());
            out.push(b"\0");
            match std::str::from_utf8(expr) {
                Ok(_) => out.push(part.as_bytes()),
                Err(err) => out.push(&expr[err.valid_up_to()..]),
            }
        }
    }
    call.ret_int(0, out.answer());
}

/// A byte that says whether the prefix is all, the names of the groups with commas between, a newline, the literal that all matches begin with.
fn describe(parsed: &parse::Parsed) -> Vec<u8> {
    let mut prefix = Vec::new();
    let complete = literal_prefix(&parsed.hir, &mut prefix);
    let mut text = vec![if complete { b'y' } else { b'n' }];
    text.extend(parsed.names.join(",").bytes());
    text.push(b'\n');
    text.extend(prefix);
    text
}

/// Appends the literal that a match begins with; whether that is all of it. It ends before U+FFFD, which also stands for
/// bytes that are not valid.
fn literal_prefix(hir: &Hir, prefix: &mut Vec<u8>) -> bool {
    match hir.kind() {
        HirKind::Empty => true,
        HirKind::Literal(literal) => {
            const REPLACEMENT: &[u8] = "\u{fffd}".as_bytes();
            let end = literal
                .0
                .windows(REPLACEMENT.len())
                .position(|part| part == REPLACEMENT);
            prefix.extend_from_slice(&literal.0[..end.unwrap_or(literal.0.len())]);
            end.is_none()
        }
        HirKind::Capture(capture) => literal_prefix(&capture.sub, prefix),
        HirKind::Repetition(repetition) => {
            for _ in 0..repetition.min {
                if !literal_prefix(&repetition.sub, prefix) {
                    return false;
                }
            }
            repetition.max == Some(repetition.min)
        }
        HirKind::Concat(parts) => parts.iter().all(|part| literal_prefix(part, prefix)),
        _ => false,
    }
}

/// A text for the engine.
enum Text<'a> {
    Valid(&'a [u8]),
    /// The text with U+FFFD for invalid bytes, and for each of these the position behind it and behind the byte.
    Mended(Vec<u8>, Vec<(usize, usize)>),
}

impl<'a> Text<'a> {
    fn new(bytes: &'a [u8]) -> Text<'a> {
        if std::str::from_utf8(bytes).is_ok() {
            return Text::Valid(bytes);
        }
        let (mut mended, mut marks) = (Vec::with_capacity(bytes.len() + 16), Vec::new());
        let mut at = 0;
        for chunk in bytes.utf8_chunks() {
            mended.extend_from_slice(chunk.valid().as_bytes());
            at += chunk.valid().len();
            for _ in chunk.invalid() {
                mended.extend_from_slice("\u{FFFD}".as_bytes());
                at += 1;
                marks.push((mended.len(), at));
            }
        }
        Text::Mended(mended, marks)
    }

    fn bytes(&self) -> &[u8] {
        match self {
            Text::Valid(bytes) => bytes,
            Text::Mended(bytes, _) => bytes,
        }
    }

    /// The position in the text that was given, of one in `bytes`.
    fn given(&self, at: usize) -> usize {
        match self {
            Text::Valid(_) => at,
            Text::Mended(_, marks) => match marks.partition_point(|mark| mark.0 <= at) {
                0 => at,
                n => marks[n - 1].1 + (at - marks[n - 1].0),
            },
        }
    }

    /// The other way round.
    fn ours(&self, at: usize) -> usize {
        match self {
            Text::Valid(_) => at,
            Text::Mended(_, marks) => match marks.partition_point(|mark| mark.1 <= at) {
                0 => at,
                n => marks[n - 1].0 + (at - marks[n - 1].1),
            },
        }
    }
}

/// `func find(expr string, flags int, s string, state []int, dst []int, groups int) int`: matches that follow each other, as many as
/// `dst` has room for; their number. The state is where to search on, -1 at the end, and the end of the match before.
fn find(call: &mut Call, text: &[u8], i: usize) {
    let regex = Regex::of(call);
    let (state, dst) = (call.words_mut(i), call.words_mut(i + 3));
    let n_groups = call.word(i + 6) as usize;
    debug_assert!(n_groups <= regex.n_groups);
    let text = Text::new(text);
    let bytes = text.bytes();
    let mut pos = text.ours(state[0] as usize);
    let mut previous_end = match state[1] as i64 {
        -1 => None,
        end => Some(text.ours(end as usize)),
    };
    let mut slots = Vec::new();
    let mut n_found = 0;
    let mut rooms = dst.chunks_exact_mut(2 * n_groups);
    let mut room = rooms.next();
    while let Some(place) = room.take() {
        if pos > bytes.len() || !regex.find(bytes, pos, n_groups, &mut slots) {
            state[0] = -1i64 as u64;
            call.ret(0, n_found);
            return;
        }
        let (Some(start), Some(end)) = (slots[0], slots[1]) else {
            break;
        };
        // An empty match right behind another is none.
        let is_match = end > pos || previous_end != Some(start);
        pos = if end > pos {
            end
        } else {
            let width = bytes[pos..].utf8_chunks().next();
            pos + width
                .and_then(|chunk| chunk.valid().chars().next())
                .map_or(1, char::len_utf8)
        };
        previous_end = Some(end);
        if !is_match {
            room = Some(place);
            continue;
        }
        for (word, slot) in place.iter_mut().zip(&slots) {
            *word = slot.map_or(-1, |at| text.given(at) as i64) as u64;
        }
        n_found += 1;
        room = rooms.next();
    }
    state[0] = if pos > bytes.len() {
        -1i64 as u64
    } else {
        text.given(pos) as u64
    };
    state[1] = previous_end.map_or(-1, |end| text.given(end) as i64) as u64;
    call.ret(0, n_found);
}
