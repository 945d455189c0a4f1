//! Interned strings: names and literal texts, each stored once for the life of the process.
//!
//! A [`Symbol`] is a dense `u32`. Interning a text that is new to the thread takes one lock; reading a symbol's text
//! takes none: texts live in chunks of doubling size that are never moved, so a reader needs two acquire loads.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, OnceLock};

use foldhash::fast::FixedState;

/// An interned string. Equal symbols are equal strings; the order is the order of interning, not of letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol(u32);

impl Symbol {
    /// `""`
    pub const EMPTY: Symbol = Symbol(0);
    /// `_`
    pub const BLANK: Symbol = Symbol(1);

    pub fn intern(text: &str) -> Symbol {
        RECENT.with_borrow_mut(|recent| {
            if let Some(&symbol) = recent.get(text) {
                return symbol;
            }
            let symbol = INTERNER
                .get_or_init(|| Mutex::new(Interner::new()))
                .lock()
                .unwrap_or_else(|poisoned| poisoned.into_inner())
                .intern(text);
            recent.insert(symbol.as_str(), symbol);
            symbol
        })
    }

    /// The text, which lives as long as the process.
    pub fn as_str(self) -> &'static str {
        if self == Symbol::EMPTY {
            return "";
        }
        let (chunk, index) = locate(self.0);
        TEXTS[chunk]
            .get()
            .and_then(|texts| texts[index].get())
            .expect("symbol was interned")
    }

    /// Dense number, for side tables indexed by name.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// `_`
    pub fn is_blank(self) -> bool {
        self == Symbol::BLANK
    }

    /// True of names that begin with an upper-case letter.
    pub fn is_exported(self) -> bool {
        match self.as_str().as_bytes().first() {
            Some(first) if first.is_ascii() => first.is_ascii_uppercase(),
            _ => self.as_str().chars().next().is_some_and(char::is_uppercase),
        }
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq<str> for Symbol {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Symbol {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

/// Texts by symbol: chunk `c` holds `FIRST_CHUNK << c` of them.
static TEXTS: [OnceLock<Box<[OnceLock<&'static str>]>>; N_CHUNKS] =
    [const { OnceLock::new() }; N_CHUNKS];
static INTERNER: OnceLock<Mutex<Interner>> = OnceLock::new();

thread_local! {
    /// What this thread has interned or looked up, so that lexers in several threads do not wait for each other.
    static RECENT: RefCell<HashMap<&'static str, Symbol, FixedState>> = RefCell::new(table());
}

/// A table with room for the names of the library's most used packages.
fn table() -> HashMap<&'static str, Symbol, FixedState> {
    HashMap::with_capacity_and_hasher(3000, FixedState::default())
}

const FIRST_CHUNK: u32 = 1024;
const N_CHUNKS: usize = 22;

fn locate(index: u32) -> (usize, usize) {
    let chunk = (index / FIRST_CHUNK + 1).ilog2();
    let start = ((1 << chunk) - 1) * FIRST_CHUNK;
    (chunk as usize, (index - start) as usize)
}

struct Interner {
    symbols: HashMap<&'static str, Symbol, FixedState>,
}

impl Interner {
    fn new() -> Interner {
        let mut interner = Interner { symbols: table() };
        assert_eq!(interner.intern(""), Symbol::EMPTY);
        assert_eq!(interner.intern("_"), Symbol::BLANK);
        interner
    }

    fn intern(&mut self, text: &str) -> Symbol {
        if let Some(&symbol) = self.symbols.get(text) {
            return symbol;
        }
        let symbol = Symbol(self.symbols.len() as u32);
        let kept: &'static str = Box::leak(text.into());
        let (chunk, index) = locate(symbol.0);
        let texts = TEXTS[chunk].get_or_init(|| {
            (0..(FIRST_CHUNK as usize) << chunk)
                .map(|_| OnceLock::new())
                .collect()
        });
        texts[index]
            .set(kept)
            .expect("each index is given out once");
        self.symbols.insert(kept, symbol);
        symbol
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_keep_their_text_across_chunks() {
        let all: Vec<_> = (0..5000)
            .map(|i| (i, Symbol::intern(&format!("name{i}"))))
            .collect();
        for (i, symbol) in all {
            assert_eq!(symbol.as_str(), format!("name{i}"));
            assert_eq!(symbol, Symbol::intern(&format!("name{i}")));
        }
        assert_eq!(locate(FIRST_CHUNK - 1), (0, 1023));
        assert_eq!(locate(FIRST_CHUNK), (1, 0));
        assert_eq!(locate(3 * FIRST_CHUNK), (2, 0));
    }
}
