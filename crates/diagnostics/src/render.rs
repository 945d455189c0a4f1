//! Rendering: Go's form for files and pipes, the same with a snippet below for terminals.

use std::fmt::Write;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::diagnostic::{drop_repeated, sort};
use crate::{Diagnostic, Severity, SourceMap};

/// As Go's compiler: with this many errors it stops.
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

/// Drops repetitions, keeps of the errors the `max_errors` that were found first, and renders what is left in the order of
/// positions; `too many errors` stands below, with the place of the last one found.
pub fn render_limited(
    mut diagnostics: Vec<Diagnostic>,
    sources: &SourceMap,
    is_terminal: bool,
    max_errors: usize,
) -> Rendered {
    drop_repeated(&mut diagnostics, sources);
    let mut errors = diagnostics
        .iter()
        .enumerate()
        .filter(|(_, diagnostic)| diagnostic.is_error());
    let last = errors
        .nth(max_errors - 1)
        .map(|(at, diagnostic)| (at, diagnostic.pos));
    if let Some((at, _)) = last {
        diagnostics.truncate(at + 1);
    }
    sort(&mut diagnostics);
    let mut rendered = Rendered {
        has_errors: diagnostics.iter().any(Diagnostic::is_error),
        ..Rendered::default()
    };
    for diagnostic in &diagnostics {
        rendered.text += &match is_terminal {
            true => render_snippet(diagnostic, sources),
            false => render_plain(diagnostic, sources),
        };
    }
    if let Some((_, pos)) = last {
        let place = sources.locate(pos);
        let place = place.map_or(String::new(), |location| format!("{location}: "));
        let _ = writeln!(rendered.text, "{place}too many errors");
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
    fn the_tenth_error_found_is_the_last_one_shown() {
        let mut sources = SourceMap::new();
        let file = sources.add("a.mini", "\n".repeat(20));
        let base = sources.file(file).base;
        let list = (0..12)
            .rev()
            .map(|line| {
                Diagnostic::error(Code::Syntax, base.offset(line).span(), "syntax error: x")
            })
            .collect();
        let rendered = render_all(list, &sources, false);
        let lines: Vec<&str> = rendered.text.lines().collect();
        assert_eq!(lines.len(), MAX_ERRORS + 1);
        assert_eq!(lines[0], "a.mini:3:1: syntax error: x");
        assert_eq!(lines[MAX_ERRORS], "a.mini:3:1: too many errors");
        assert!(rendered.has_errors);
    }
}
