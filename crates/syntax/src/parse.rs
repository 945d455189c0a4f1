//! Tokens to tree.

use lalrpop_util::lalrpop_mod;
use mini_diagnostics::{Code, Diagnostic, Diagnostics, FileId, SourceMap, Span};

use crate::Symbol;
use crate::ast::{Decl, File, Ident, NodeIds, Pragma};
use crate::builder::{Builder, Parsed};
use crate::context;
use crate::lexer::{Lexed, lex};

lalrpop_mod!(
    #[allow(
        clippy::all,
        unused_imports,
        unreachable_pub,
        reason = "generated code"
    )]
    grammar
);

/// Parses a file. What is wrong goes to `diagnostics`; then the tree holds what could be read.
pub fn parse_file(
    file_id: FileId,
    sources: &SourceMap,
    ids: &mut NodeIds,
    diagnostics: &mut Diagnostics,
) -> File {
    let file = sources.file(file_id);
    let Lexed {
        mut tokens,
        pragmas,
    } = lex(file, diagnostics);
    context::mark(&mut tokens);
    tokens.pop();
    let mut builder = Builder::new(ids, diagnostics);
    let input = tokens.iter().map(|t| (t.span.start, t.tok, t.span.end));
    let result = grammar::SourceParser::new().parse(&mut builder, input);
    builder.finish();
    let (package, decls) = match result {
        Ok(Parsed::File(package, decls)) => (package, decls),
        Ok(_) => unreachable!("the tokens begin as a file"),
        Err(error) => {
            use lalrpop_util::ParseError::*;
            let (pos, found) = match error {
                UnrecognizedToken {
                    token: (l, tok, _), ..
                }
                | ExtraToken { token: (l, tok, _) } => (l, tok.to_string()),
                UnrecognizedEof { location, .. } | InvalidToken { location } => {
                    (location, "EOF".into())
                }
                User { .. } => unreachable!("actions do not fail"),
            };
            let message = format!("syntax error: unexpected {found}");
            diagnostics.push(Diagnostic::error(Code::Syntax, pos.span(), message));
            let name = Ident {
                id: ids.fresh(),
                name: Symbol::intern("_"),
                pos: file.base,
            };
            (name, Vec::<Decl>::new())
        }
    };
    let mut file = File {
        file: file_id,
        package,
        decls,
        pragmas: Vec::new(),
        span: file.span(),
    };
    attach_pragmas(&mut file, pragmas);
    file
}

/// Gives each directive to the declaration that it stands before; those before the package clause stay with the file,
/// those inside a declaration mean nothing.
fn attach_pragmas(file: &mut File, pragmas: Vec<Pragma>) {
    let mut pragmas = pragmas.into_iter().peekable();
    while let Some(pragma) = pragmas.next_if(|pragma| pragma.pos < file.package.pos) {
        file.pragmas.push(pragma);
    }
    for decl in &mut file.decls {
        let Span { start, end } = decl.span();
        let own = match decl {
            Decl::Import(decl) => &mut decl.pragmas,
            Decl::Const(decl) => &mut decl.pragmas,
            Decl::Type(decl) => &mut decl.pragmas,
            Decl::Var(decl) => &mut decl.pragmas,
            Decl::Func(decl) => &mut decl.pragmas,
        };
        while let Some(pragma) = pragmas.next_if(|pragma| pragma.pos < start) {
            own.push(pragma);
        }
        while pragmas.next_if(|pragma| pragma.pos < end).is_some() {}
    }
}
