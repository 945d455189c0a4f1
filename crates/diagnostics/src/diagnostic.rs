//! Diagnostics as data, and the order in which a list of them is shown.

use std::collections::HashSet;

use crate::{Code, Pos, SourceMap, Span};

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Severity {
    /// The program is wrong: no code is produced.
    Error,
    Warning,
    /// A fact that was asked for: an escape decision, an inlining decision.
    Info,
}

/// A further place that explains the diagnostic.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Label {
    pub span: Span,
    pub message: String,
}

/// A sentence below the diagnostic, shown as an indented line after the first one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note(pub String);

/// One thing to tell the user.
///
/// `message` is Go's text and stands alone on the first line; everything else is shown below it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    pub severity: Severity,
    pub code: Code,
    pub message: String,
    /// Where Go reports it; line and column of the first line.
    pub pos: Pos,
    /// The smallest piece of source that is wrong, underlined in a snippet.
    pub span: Span,
    /// What is wrong at `span`, in a few words; may be empty.
    pub label: String,
    /// Other places, with what matters there (`other declaration of x`).
    pub labels: Vec<Label>,
    pub notes: Vec<Note>,
    /// What a person would advise.
    pub help: Option<String>,
}

/// What the passes collect into.
pub type Diagnostics = Vec<Diagnostic>;

impl Diagnostic {
    pub fn new(
        severity: Severity,
        code: Code,
        span: Span,
        message: impl Into<String>,
    ) -> Diagnostic {
        Diagnostic {
            severity,
            code,
            message: message.into(),
            pos: span.start,
            span,
            label: String::new(),
            labels: Vec::new(),
            notes: Vec::new(),
            help: None,
        }
    }

    pub fn error(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Error, code, span, message)
    }

    pub fn info(code: Code, span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(Severity::Info, code, span, message)
    }

    /// Reports at `pos` while the snippet still underlines the span.
    #[must_use]
    pub fn at(mut self, pos: Pos) -> Diagnostic {
        self.pos = pos;
        self
    }

    #[must_use]
    pub fn label(mut self, text: impl Into<String>) -> Diagnostic {
        self.label = text.into();
        self
    }

    #[must_use]
    pub fn also(mut self, span: Span, message: impl Into<String>) -> Diagnostic {
        self.labels.push(Label {
            span,
            message: message.into(),
        });
        self
    }

    #[must_use]
    pub fn note(mut self, text: impl Into<String>) -> Diagnostic {
        self.notes.push(Note(text.into()));
        self
    }

    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Diagnostic {
        self.help = Some(text.into());
        self
    }

    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

/// Drops what Go's compiler drops, and sorts by position: [`drop_repeated`], [`sort`].
pub fn sort_and_dedup(diagnostics: &mut Diagnostics, sources: &SourceMap) {
    drop_repeated(diagnostics, sources);
    sort(diagnostics);
}

/// Drops a second syntax error on a line, and an error with the words and on the line of the one before it. Facts that
/// were asked for are all kept.
///
/// Both are a matter of the order in which errors were found, so the list must still be in that order (Go: `ErrorfAt` in
/// base/print.go).
pub(crate) fn drop_repeated(diagnostics: &mut Diagnostics, sources: &SourceMap) {
    let mut syntax_lines = HashSet::new();
    let mut last = None;
    diagnostics.retain(|diagnostic| {
        let Some(location) = sources.locate(diagnostic.pos) else {
            return true;
        };
        let line = (location.file, location.line);
        if diagnostic.message.starts_with("syntax error: ") {
            return syntax_lines.insert(line);
        }
        if diagnostic.severity == Severity::Info {
            return true;
        }
        let this = (line, diagnostic.severity, diagnostic.message.clone());
        let is_new = last.as_ref() != Some(&this);
        last = Some(this);
        is_new
    });
}

/// Sorts by position; of errors with the same words at the same place one is left.
pub(crate) fn sort(diagnostics: &mut Diagnostics) {
    diagnostics.sort_by_key(|diagnostic| diagnostic.pos);
    diagnostics.dedup_by(|b, a| {
        a.is_error() && (a.pos, a.severity, &a.message) == (b.pos, b.severity, &b.message)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_syntax_error_a_line_and_no_message_twice_in_a_row() {
        let mut sources = SourceMap::new();
        let file = sources.add("a.mini", "aaaa\nbbbb\n");
        let base = sources.file(file).base;
        let at = |offset: u32| base.offset(offset).span();
        let mut list = vec![
            Diagnostic::error(Code::UndeclaredName, at(6), "undefined: b"),
            Diagnostic::error(Code::Syntax, at(2), "syntax error: two"),
            Diagnostic::error(Code::Syntax, at(0), "syntax error: one"),
            Diagnostic::error(Code::UndeclaredName, at(5), "undefined: b"),
            Diagnostic::error(Code::UndeclaredName, at(7), "undefined: c"),
            Diagnostic::error(Code::UndeclaredName, at(8), "undefined: b"),
            Diagnostic::error(Code::UndeclaredName, at(7), "undefined: c"),
        ];
        sort_and_dedup(&mut list, &sources);
        let messages: Vec<_> = list
            .iter()
            .map(|diagnostic| diagnostic.message.as_str())
            .collect();
        assert_eq!(
            messages,
            [
                "syntax error: two",
                "undefined: b",
                "undefined: c",
                "undefined: b"
            ]
        );
    }
}
