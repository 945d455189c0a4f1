//! Reporting, and the texts that many errors share.

use mini_diagnostics::{Code, Diagnostic, Pos, SourceMap, Span};
use mini_syntax::Symbol;
use mini_syntax::ast::Expr;

use super::Checker;
use super::operand::Operand;
use crate::types::{Qualifier, TypeId};

impl<'a> Checker<'a> {
    pub(super) fn push(&mut self, mut diagnostic: Diagnostic) {
        // What an earlier error made invalid is not worth a second one.
        let follows = |text: &str| {
            let is_inside = |part| text.find(part).is_some_and(|at| at > 0);
            is_inside("invalid operand") || is_inside("invalid type")
        };
        if follows(&diagnostic.message) && !self.prog.diagnostics.is_empty() {
            return;
        }
        if self.env.err_pos.is_known() {
            diagnostic.pos = self.env.err_pos;
            diagnostic.span = self.env.err_pos.span();
        }
        self.prog.diagnostics.push(diagnostic);
    }

    /// Reports at the leftmost token of `x`.
    pub(super) fn error(&mut self, code: Code, x: &Expr, text: impl Into<String>) {
        self.push(Diagnostic::error(code, x.span, text).at(x.start_pos()));
    }

    /// Reports at the operator (or wherever else the node's own position is).
    pub(super) fn error_at_node(&mut self, code: Code, x: &Expr, text: impl Into<String>) {
        self.push(Diagnostic::error(code, x.span, text).at(x.pos));
    }

    pub(super) fn error_op(&mut self, code: Code, x: &Operand<'a>, text: impl Into<String>) {
        self.error(code, x.expr, text);
    }

    pub(super) fn error_at(&mut self, code: Code, pos: Pos, text: impl Into<String>) {
        self.push(Diagnostic::error(code, pos.span(), text));
    }

    pub(super) fn error_name(
        &mut self,
        code: Code,
        pos: Pos,
        name: Symbol,
        text: impl Into<String>,
    ) {
        self.push(Diagnostic::error(code, self.name_span(pos, name), text));
    }

    pub(super) fn name_span(&self, pos: Pos, name: Symbol) -> Span {
        Span::new(pos, pos.offset(name.as_str().len() as u32))
    }

    pub(super) fn other_declaration(
        &self,
        diagnostic: Diagnostic,
        name: Symbol,
        pos: Pos,
    ) -> Diagnostic {
        diagnostic.also(
            self.name_span(pos, name),
            format!("other declaration of {name}"),
        )
    }

    pub(super) fn type_text(&self, ty: TypeId) -> String {
        self.types().display(ty, self.env.pkg)
    }

    /// The type with packages' names even where they are this package's own.
    pub(super) fn qualified_text(&self, ty: TypeId) -> String {
        self.types().display(ty, crate::program::PkgId::UNIVERSE)
    }

    pub(super) fn qualifier(&self) -> Qualifier {
        Qualifier::RelativeTo(self.env.pkg)
    }
}

/// `1 value`, `3 values`.
pub(super) fn count(n: usize, what: &str) -> String {
    match n {
        1 => format!("{n} {what}"),
        _ => format!("{n} {what}s"),
    }
}

/// A position inside a message's text: [`resolve_places`] makes it `file:line:col` once all is checked.
pub(crate) fn place(pos: Pos) -> String {
    format!("\u{1}{}\u{1}", pos.0)
}

/// Puts locations where [`place`] left positions.
pub(super) fn resolve_places(diagnostics: &mut [Diagnostic], sources: &SourceMap) {
    for diagnostic in diagnostics {
        let notes = diagnostic.notes.iter_mut().map(|note| &mut note.0);
        let labels = diagnostic.labels.iter_mut().map(|label| &mut label.message);
        for text in notes.chain(labels).chain([&mut diagnostic.message]) {
            resolve_in(text, sources);
        }
    }
}

fn resolve_in(text: &mut String, sources: &SourceMap) {
    if text.contains('\u{1}') {
        let parts: Vec<String> = text
            .split('\u{1}')
            .enumerate()
            .map(|(i, part)| match (i % 2, part.parse()) {
                (1, Ok(pos)) => sources
                    .locate(Pos(pos))
                    .map_or(String::new(), |location| location.to_string()),
                _ => part.to_string(),
            })
            .collect();
        *text = parts.concat();
    }
}
