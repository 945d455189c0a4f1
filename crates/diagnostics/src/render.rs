//! Rendering: Go's form for files and pipes, the same with a snippet below for terminals.

use std::fmt::Write;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::{Diagnostic, Severity, SourceMap, sort_and_dedup};

/// As Go's compiler: after this many errors the rest is counted, not shown.
pub const MAX_ERRORS: usize = 10;

/// A rendered list: the text for standard error, and whether the program may be built.
#[derive(Debug, Default)]
pub struct Rendered {
    pub text: String,
    pub has_errors: bool,
}

/// [`render_limited`] with Go's limit.
pub fn render_all(
    diagnostics: Vec<Diagnostic>,
    sources: &SourceMap,
    is_terminal: bool,
) -> Rendered {
    render_limited(diagnostics, sources, is_terminal, MAX_ERRORS)
}

/// Sorts, drops repetitions, and renders a whole list, ending with `too many errors` after `max_errors`.
pub fn render_limited(
    mut diagnostics: Vec<Diagnostic>,
    sources: &SourceMap,
    is_terminal: bool,
    max_errors: usize,
) -> Rendered {
    sort_and_dedup(&mut diagnostics, sources);
    let mut rendered = Rendered::default();
    let mut n_errors = 0;
    let mut last = None;
    for diagnostic in &diagnostics {
        if diagnostic.is_error() {
            rendered.has_errors = true;
            if n_errors == max_errors {
                let place = last
                    .map(|location| format!("{location}: "))
                    .unwrap_or_default();
                let _ = writeln!(rendered.text, "{place}too many errors");
                break;
            }
            n_errors += 1;
            last = sources.locate(diagnostic.pos);
        }
        rendered.text += &match is_terminal {
            true => render_snippet(diagnostic, sources),
            false => render_plain(diagnostic, sources),
        };
    }
    rendered
}

/// `file:line:col: message`, then further places and notes on indented lines.
pub fn render_plain(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let mut out = String::new();
    match sources.locate(diagnostic.pos) {
        Some(location) => {
            let _ = writeln!(out, "{location}: {}", diagnostic.message);
        }
        None => {
            let _ = writeln!(out, "{}", diagnostic.message);
        }
    }
    for label in &diagnostic.labels {
        match sources.locate(label.span.start) {
            Some(location) => {
                let _ = writeln!(out, "\t{location}: {}", label.message);
            }
            None => {
                let _ = writeln!(out, "\t{}", label.message);
            }
        }
    }
    for note in &diagnostic.notes {
        let _ = writeln!(out, "\t{}", note.0);
    }
    out
}

/// The plain first line, and below it the source with the wrong piece underlined, in colour.
pub fn render_snippet(diagnostic: &Diagnostic, sources: &SourceMap) -> String {
    let first_line = Diagnostic {
        labels: Vec::new(),
        notes: Vec::new(),
        ..diagnostic.clone()
    };
    let mut out = render_plain(&first_line, sources);
    let Some(file_id) = sources.file_of(diagnostic.span.start) else {
        return out;
    };
    let file = sources.file(file_id);
    let range = |span: crate::Span| {
        let start = (span.start.0 - file.base.0) as usize;
        let end = (span.end.0.max(span.start.0) - file.base.0) as usize;
        start..end.min(file.text.len())
    };
    let mut snippet = Snippet::source(file.text.as_ref())
        .path(file.name.as_ref())
        .annotation(
            AnnotationKind::Primary
                .span(range(diagnostic.span))
                .label(diagnostic.label.as_str()),
        );
    for label in &diagnostic.labels {
        if sources.file_of(label.span.start) == Some(file_id) {
            let annotation = AnnotationKind::Context.span(range(label.span));
            snippet = snippet.annotation(annotation.label(label.message.as_str()));
        }
    }
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
    };
    let mut group = Group::with_level(level).element(snippet);
    for note in &diagnostic.notes {
        group = group.element(Level::NOTE.message(note.0.as_str()));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    out += &Renderer::styled().render(&[group]);
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, Span};

    fn redeclared() -> (SourceMap, Diagnostic) {
        let mut sources = SourceMap::new();
        let file = sources.add("a.mini", "var x int\nvar x int\n");
        let base = sources.file(file).base;
        let span = |from: u32| Span::new(base.offset(from), base.offset(from + 1));
        let diagnostic =
            Diagnostic::error(Code::DuplicateDecl, span(14), "x redeclared in this block")
                .also(span(4), "other declaration of x")
                .help("give one of them another name");
        (sources, diagnostic)
    }

    #[test]
    fn plain_form_is_go_s() {
        let (sources, diagnostic) = redeclared();
        assert_eq!(
            render_plain(&diagnostic, &sources),
            "a.mini:2:5: x redeclared in this block\n\ta.mini:1:5: other declaration of x\n"
        );
    }

    #[test]
    fn snippet_begins_with_the_same_line_and_shows_both_places() {
        let (sources, diagnostic) = redeclared();
        let text = render_snippet(&diagnostic, &sources);
        assert!(
            text.starts_with("a.mini:2:5: x redeclared in this block\n"),
            "{text}"
        );
        assert!(
            text.contains("other declaration of x") && text.contains("another name"),
            "{text}"
        );
    }

    #[test]
    fn the_eleventh_error_is_not_shown() {
        let mut sources = SourceMap::new();
        let file = sources.add("a.mini", "\n".repeat(20));
        let base = sources.file(file).base;
        let list = (0..12)
            .map(|line| {
                Diagnostic::error(Code::Syntax, base.offset(line).span(), "syntax error: x")
            })
            .collect();
        let rendered = render_all(list, &sources, false);
        assert_eq!(rendered.text.lines().count(), MAX_ERRORS + 1);
        assert!(rendered.text.ends_with("too many errors\n"));
        assert!(rendered.has_errors);
    }
}
