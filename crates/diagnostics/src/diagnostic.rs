//! Diagnostics as data, and the order in which a list of them is shown.

use crate::{Code, Pos, SourceMap, Span};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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

/// Sorts by position and drops what Go's compiler drops: a second syntax error on a line, and the same message repeated
/// on a line.
pub fn sort_and_dedup(diagnostics: &mut Diagnostics, sources: &SourceMap) {
    diagnostics.sort_by_key(|diagnostic| diagnostic.pos);
    let line_of = |pos: Pos| {
        sources
            .locate(pos)
            .map(|location| (location.file, location.line))
    };
    let mut kept: Diagnostics = Vec::with_capacity(diagnostics.len());
    let mut line = None;
    let mut first_of_line = 0;
    for diagnostic in diagnostics.drain(..) {
        let this_line = line_of(diagnostic.pos);
        if this_line.is_none() || this_line != line {
            line = this_line;
            first_of_line = kept.len();
        }
        let is_repeated = kept[first_of_line..].iter().any(|earlier| {
            let both_syntax = earlier.code == Code::Syntax && diagnostic.code == Code::Syntax;
            both_syntax
                || (earlier.message == diagnostic.message
                    && earlier.severity == diagnostic.severity)
        });
        if !is_repeated {
            kept.push(diagnostic);
        }
    }
    *diagnostics = kept;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_syntax_error_a_line_and_no_message_twice() {
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
        ];
        sort_and_dedup(&mut list, &sources);
        let messages: Vec<_> = list
            .iter()
            .map(|diagnostic| diagnostic.message.as_str())
            .collect();
        assert_eq!(
            messages,
            ["syntax error: one", "undefined: b", "undefined: c"]
        );
    }
}
