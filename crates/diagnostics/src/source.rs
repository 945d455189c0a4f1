//! The source map: all files of a build laid end to end in one space of `u32` positions.
//!
//! File `k` owns positions `base ..= base + len`; the one past its last byte is the position of its end, so every file,
//! even an empty one, has a position of its own. Line tables are built when first asked for: a program without errors
//! pays only for the lines that its position tables name.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use crate::line_directives::{self, Directive};
use crate::{Pos, Span};

/// The index of a file in its [`SourceMap`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FileId(pub u32);

/// One file: its name as shown to the user, its text, and the position of its first byte.
#[derive(Debug)]
pub struct SourceFile {
    pub name: Arc<str>,
    pub text: Arc<str>,
    pub base: Pos,
    /// Offsets of bytes that were not UTF-8 in the file; the text holds [`INVALID_BYTE`] in their place.
    pub invalid_utf8: Vec<u32>,
    line_starts: OnceLock<Vec<u32>>,
    directives: OnceLock<Vec<Directive>>,
}

impl SourceFile {
    /// The span of the whole file.
    pub fn span(&self) -> Span {
        Span::new(self.base, self.end())
    }

    /// The position just after the last byte.
    pub fn end(&self) -> Pos {
        self.base.offset(self.text.len() as u32)
    }

    /// Where a span of this file stands in the text.
    pub fn range(&self, span: Span) -> Range<usize> {
        (span.start.0 - self.base.0) as usize..(span.end.0 - self.base.0) as usize
    }

    /// The text under a span of this file.
    pub fn text_of(&self, span: Span) -> &str {
        &self.text[self.range(span)]
    }

    /// Line and byte column of an offset into the text, both from 1.
    pub fn line_col(&self, offset: usize) -> (u32, u32) {
        let starts = self.line_starts();
        let line = starts.partition_point(|&start| start as usize <= offset);
        (line as u32, (offset - starts[line - 1] as usize) as u32 + 1)
    }

    /// Where an offset into the text is, as `//line` comments say.
    fn locate(&self, offset: usize) -> Location {
        let (line, col) = self.line_col(offset);
        let directives = self
            .directives
            .get_or_init(|| line_directives::find(&self.name, &self.text));
        let at = directives.partition_point(|d| d.offset <= offset);
        let Some(directive) = at.checked_sub(1).map(|i| &directives[i]) else {
            let file = self.name.clone();
            return Location { file, line, col };
        };
        let (from_line, from_col) = self.line_col(directive.offset);
        Location {
            file: directive.file.clone(),
            line: directive.line + (line - from_line),
            col: match directive.col {
                None => 0,
                Some(first) if line == from_line => first + (col - from_col),
                Some(_) => col,
            },
        }
    }

    /// The text of a line (numbered from 1), without its newline.
    pub fn line_text(&self, line: u32) -> &str {
        let starts = self.line_starts();
        let start = starts[line as usize - 1] as usize;
        let end = starts
            .get(line as usize)
            .map_or(self.text.len(), |&next| next as usize);
        self.text[start..end].trim_end_matches(['\n', '\r'])
    }

    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let newlines = self
                .text
                .bytes()
                .enumerate()
                .filter(|&(_, byte)| byte == b'\n');
            std::iter::once(0)
                .chain(newlines.map(|(at, _)| at as u32 + 1))
                .collect()
        })
    }
}

/// A position resolved for people: prints as `file:line:col`. Column 0 is unknown and left out.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Location {
    pub file: Arc<str>,
    pub line: u32,
    pub col: u32,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)?;
        match self.col {
            0 => Ok(()),
            col => write!(f, ":{col}"),
        }
    }
}

/// What stands for a byte that is not UTF-8: one byte, so that all columns stay right.
pub const INVALID_BYTE: char = '\u{1a}';

/// All files of a build.
#[derive(Debug, Default)]
pub struct SourceMap {
    files: Vec<Arc<SourceFile>>,
}

impl SourceMap {
    pub fn new() -> SourceMap {
        SourceMap::default()
    }

    /// Adds a file behind the ones already there.
    ///
    /// All files together hold less than 4 GiB; a build that has more ends here.
    pub fn add(&mut self, name: impl Into<Arc<str>>, text: impl Into<Arc<str>>) -> FileId {
        self.push(name.into(), text.into(), Vec::new())
    }

    /// Adds a file as it was read; bytes that are not UTF-8 become errors when it is lexed.
    pub fn add_bytes(&mut self, name: impl Into<Arc<str>>, bytes: Vec<u8>) -> FileId {
        let error = match String::from_utf8(bytes) {
            Ok(text) => return self.add(name, text),
            Err(error) => error,
        };
        let (mut text, mut invalid) = (String::new(), Vec::new());
        for chunk in error.as_bytes().utf8_chunks() {
            text.push_str(chunk.valid());
            for _ in chunk.invalid() {
                invalid.push(text.len() as u32);
                text.push(INVALID_BYTE);
            }
        }
        self.push(name.into(), text.into(), invalid)
    }

    fn push(&mut self, name: Arc<str>, text: Arc<str>, invalid_utf8: Vec<u32>) -> FileId {
        let base = self.files.last().map_or(1, |last| last.end().0 as u64 + 1);
        assert!(
            base + (text.len() as u64) < u32::MAX as u64,
            "more than 4 GiB of source text"
        );
        self.files.push(Arc::new(SourceFile {
            name,
            text,
            base: Pos(base as u32),
            invalid_utf8,
            line_starts: OnceLock::new(),
            directives: OnceLock::new(),
        }));
        FileId(self.files.len() as u32 - 1)
    }

    pub fn file(&self, id: FileId) -> &Arc<SourceFile> {
        &self.files[id.0 as usize]
    }

    pub fn files(&self) -> impl Iterator<Item = (FileId, &SourceFile)> {
        self.files
            .iter()
            .enumerate()
            .map(|(index, file)| (FileId(index as u32), &**file))
    }

    /// The file that holds `pos`, if it is a position of this map.
    pub fn file_of(&self, pos: Pos) -> Option<FileId> {
        let index = self.files.partition_point(|file| file.base <= pos);
        let candidate = index.checked_sub(1)?;
        (pos <= self.files[candidate].end()).then_some(FileId(candidate as u32))
    }

    /// File name, line and column of `pos`; `None` for [`Pos::NONE`].
    pub fn locate(&self, pos: Pos) -> Option<Location> {
        let file = self.file(self.file_of(pos)?);
        Some(file.locate((pos.0 - file.base.0) as usize))
    }

    /// The source text under `span`.
    pub fn text(&self, span: Span) -> &str {
        match self.file_of(span.start) {
            Some(id) => self.file(id).text_of(span),
            None => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_not_utf8_keep_their_columns() {
        let mut map = SourceMap::new();
        let id = map.add_bytes("a.mini", b"a\xff\xe4b".to_vec());
        assert_eq!(map.file(id).text.as_ref(), "a\u{1a}\u{1a}b");
        assert_eq!(map.file(id).invalid_utf8, [1, 2]);
    }

    #[test]
    fn positions_resolve_across_files() {
        let mut map = SourceMap::new();
        let a = map.add("a.mini", "one\ntwo");
        let b = map.add("b.mini", "");
        let c = map.add("c.mini", "x\n");
        assert_eq!(
            map.locate(map.file(a).base.offset(5)).unwrap().to_string(),
            "a.mini:2:2"
        );
        assert_eq!(
            map.locate(map.file(a).end()).unwrap().to_string(),
            "a.mini:2:4"
        );
        assert_eq!(
            map.locate(map.file(b).base).unwrap().to_string(),
            "b.mini:1:1"
        );
        assert_eq!(
            map.locate(map.file(c).end()).unwrap().to_string(),
            "c.mini:2:1"
        );
        assert_eq!(map.locate(Pos::NONE), None);
        assert_eq!(map.file(a).line_text(1), "one");
    }
}
