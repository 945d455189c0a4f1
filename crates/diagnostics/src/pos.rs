//! Positions and spans: byte offsets into the source map.

use std::fmt;

/// A byte position in some file of a [`SourceMap`](crate::SourceMap). Zero is no position.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Pos(pub u32);

impl Pos {
    /// The position of things that the source does not contain (built-in objects).
    pub const NONE: Pos = Pos(0);

    pub fn is_known(self) -> bool {
        self.0 != 0
    }

    /// The position `bytes` further on in the same file.
    #[must_use]
    pub fn offset(self, bytes: u32) -> Pos {
        Pos(self.0 + bytes)
    }

    /// The empty span at this position.
    pub fn span(self) -> Span {
        Span {
            start: self,
            end: self,
        }
    }
}

impl fmt::Debug for Pos {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}", self.0)
    }
}

/// A half-open range of bytes in one file.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Span {
    pub start: Pos,
    pub end: Pos,
}

impl Span {
    pub const NONE: Span = Span {
        start: Pos::NONE,
        end: Pos::NONE,
    };

    pub fn new(start: Pos, end: Pos) -> Span {
        Span { start, end }
    }

    /// From the beginning of `self` to the end of `other`.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span {
            start: self.start,
            end: other.end,
        }
    }

    pub fn is_known(self) -> bool {
        self.start.is_known()
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}..{}", self.start.0, self.end.0)
    }
}

const _: () = assert!(size_of::<Span>() == 8);
