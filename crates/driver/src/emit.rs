//! `--emit`: the stages of the compilation, printed to standard output.

use mini_diagnostics::{Diagnostics, FileId, SourceMap};
use mini_syntax::ast;
use std::io::Write;

/// Prints text, and takes a closed pipe for the end of interest.
pub(crate) fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// One token a line: position, kind, text.
pub(crate) fn tokens(sources: &SourceMap, files: &[FileId], diagnostics: &mut Diagnostics) {
    for &file in files {
        let mut out = String::new();
        for token in mini_syntax::lexer::lex(sources.file(file), diagnostics).tokens {
            let place = sources
                .locate(token.span.start)
                .map(|l| l.to_string())
                .unwrap_or_default();
            out += &format!(
                "{place}: {:?} {:?}\n",
                token.tok.kind,
                sources.text(token.span)
            );
        }
        print(&out);
    }
}

/// The tree, one line a statement.
pub(crate) fn ast(files: &[ast::File]) {
    for file in files {
        print(&mini_syntax::dump::dump(file));
    }
}
