//! `//line` comments, by which programs that write Go say where its parts come from.
//!
//! ```text
//!   //line file:line          at the beginning of a line: holds from the next line on
//!   //line file:line:col
//!   /*line file:line*/        anywhere: holds from the next character on
//! ```
//!
//! A position behind one is counted on from what it says, up to the next one. Without a column, columns are unknown. An empty file
//! name with a column means the file named before. A relative one is meant from the folder of the file.
//!
//! They matter only for positions that are shown, so a file is searched when the first of its positions is. What is no valid
//! directive is a comment. From: "Compiler Directives" in the documentation of Go's command `compile`.

use std::path::Path;
use std::sync::Arc;

/// What a comment says of the text behind it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Directive {
    /// Where it begins to hold: an offset into the text.
    pub(crate) offset: usize,
    pub(crate) file: Arc<str>,
    pub(crate) line: u32,
    /// `None`: unknown.
    pub(crate) col: Option<u32>,
}

/// All of a file, in order.
pub(crate) fn find(name: &Arc<str>, text: &str) -> Vec<Directive> {
    let mut found: Vec<Directive> = vec![];
    if !text.contains("//line ") && !text.contains("/*line ") {
        return found;
    }
    for (comment, end) in comments(text) {
        let start = end - comment.len();
        let (said, offset) = match comment.strip_prefix("/*line ") {
            Some(rest) => (rest.strip_suffix("*/"), end),
            None => {
                let begins_line = start == 0 || text.as_bytes()[start - 1] == b'\n';
                let rest = comment.strip_prefix("//line ");
                (
                    rest.filter(|_| begins_line)
                        .map(|r| r.trim_end_matches('\r')),
                    end + 1,
                )
            }
        };
        let before = found.last().map_or(name, |directive| &directive.file);
        if let Some((file, line, col)) = said.and_then(|said| parse(said, name, before)) {
            found.push(Directive {
                offset,
                file,
                line,
                col,
            });
        }
    }
    found
}

/// File, line and column of `file:line:col` or `file:line`.
fn parse(said: &str, own: &Arc<str>, before: &Arc<str>) -> Option<(Arc<str>, u32, Option<u32>)> {
    let number = |text: &str| text.parse::<u32>().ok().filter(|&n| n > 0);
    let (rest, last) = said.rsplit_once(':')?;
    let last = number(last)?;
    let (file, line, col) = match rest
        .rsplit_once(':')
        .map(|(file, line)| (file, number(line)))
    {
        Some((file, Some(line))) => (file, line, Some(last)),
        _ => (rest, last, None),
    };
    let file = match file {
        "" if col.is_some() => before.clone(),
        "" => "".into(),
        file => {
            let folder = Path::new(&**own).parent().unwrap_or(Path::new(""));
            folder.join(file).to_string_lossy().into()
        }
    };
    Some((file, line, col))
}

/// The comments of a text, without newlines behind them, and the offsets of their ends.
fn comments(text: &str) -> impl Iterator<Item = (&str, usize)> {
    let bytes = text.as_bytes();
    let mut at = 0;
    // The end of what begins at `from` and goes up to `close`, which a backslash hides; a newline ends it, too.
    let quoted = move |from: usize, close: u8| {
        let mut i = from + 1;
        while i < bytes.len() && bytes[i] != close && bytes[i] != b'\n' {
            i += 1 + usize::from(bytes[i] == b'\\');
        }
        i + 1
    };
    let behind = move |from: usize, end: &str| {
        let rest = text.get(from..).unwrap_or_default();
        rest.find(end).map_or(text.len(), |n| from + n + end.len())
    };
    std::iter::from_fn(move || {
        while at < bytes.len() {
            let start = at;
            match (bytes[at], bytes.get(at + 1)) {
                (b'/', Some(b'/')) => {
                    let rest = &text[start..];
                    at = start + rest.find('\n').unwrap_or(rest.len());
                    return Some((&text[start..at], at));
                }
                (b'/', Some(b'*')) => {
                    at = behind(start + 2, "*/");
                    return Some((&text[start..at], at));
                }
                (b'`', _) => at = behind(start + 1, "`"),
                (quote @ (b'"' | b'\''), _) => at = quoted(start, quote),
                _ => at += 1,
            }
        }
        None
    })
}

#[cfg(test)]
mod tests {
    use crate::SourceMap;

    fn check(text: &str, expect: &[&str]) {
        let mut sources = SourceMap::new();
        let id = sources.add("dir/a.mini", text);
        let base = sources.file(id).base;
        let marks = text.match_indices('@').map(|(at, _)| {
            let location = sources.locate(base.offset(at as u32)).expect("in the file");
            location.to_string()
        });
        assert_eq!(marks.collect::<Vec<_>>(), expect);
    }

    #[test]
    fn lines_are_counted_on_from_a_directive() {
        check(
            "@\n//line x.y:10\n@\n @\n//line z.y:5:7\n@ @\n@",
            &[
                "dir/a.mini:1:1",
                "dir/x.y:10",
                "dir/x.y:11",
                "dir/z.y:5:7",
                "dir/z.y:5:9",
                "dir/z.y:6:1",
            ],
        );
    }

    #[test]
    fn comments_inside_a_line_hold_from_the_next_character() {
        check(
            "a /*line /b.y:3:1*/@ b /*line :9:2*/ @ /*line :4*/@",
            &["/b.y:3:1", "/b.y:9:3", ":4"],
        );
    }

    #[test]
    fn strings_and_other_comments_hold_none() {
        check(
            "`\n//line x:1\n` \"/*line x:2*/\" '\\'' // /*line x:3*/\n //line x:4\n//line x\n//line x:0\n@",
            &["dir/a.mini:7:1"],
        );
    }
}
