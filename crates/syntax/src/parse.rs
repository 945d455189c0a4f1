//! Tokens to tree, and the way on after a mistake.
//!
//! A file without mistakes is parsed once. At a mistake, [`explain`] says what is wrong and how to repair the tokens;
//! the declaration with the mistake and what follows it are then parsed again, until all is read or there have been enough
//! errors for one run. The tree is only kept if the grammar accepted the file as it was written.

use lalrpop_util::{ParseError, lalrpop_mod};
use mini_diagnostics::{
    Code, Diagnostic, Diagnostics, FileId, MAX_ERRORS, Pos, SourceFile, SourceMap, Span,
};

use crate::Symbol;
use crate::ast::{Block, Body, Decl, File, FuncDecl, Ident, NodeIds, Pragma, UnreadFunc};
use crate::branches;
use crate::builder::{Builder, Parsed};
use crate::context;
use crate::lexer::{self, Lexed, lex, plain};
use crate::mistake::{Mistake, Repair, explain};
use crate::nesting::{MAX_DEPTH, first_too_deep};
use crate::token::{Kind, Token};

lalrpop_mod!(
    #[allow(
        clippy::all,
        unused_imports,
        unreachable_pub,
        reason = "generated code"
    )]
    grammar
);

/// Parses a file; what is wrong goes to `diagnostics`.
///
/// If the text does not follow the grammar, the tree has no declarations.
pub fn parse_file(
    file_id: FileId,
    sources: &SourceMap,
    ids: &mut NodeIds,
    diagnostics: &mut Diagnostics,
) -> File {
    let lexed = lex(sources.file(file_id), diagnostics);
    parse_lexed(lexed, file_id, sources, ids, diagnostics)
}

/// Parses the declarations of a file, of its functions only the heads: the rest is for [`parse_func`] and [`parse_body`], and
/// what is wrong in it is found only there.
pub fn parse_outline(
    file_id: FileId,
    sources: &SourceMap,
    ids: &mut NodeIds,
    diagnostics: &mut Diagnostics,
) -> File {
    let lexed = lexer::outline(sources.file(file_id), diagnostics);
    parse_lexed(lexed, file_id, sources, ids, diagnostics)
}

/// A function of `source` without its body, parsed now if it was not yet; `None` if there are mistakes in it.
pub fn parse_func<'f>(
    unread: &'f UnreadFunc,
    source: &SourceFile,
    ids: &mut NodeIds,
    diagnostics: &mut Diagnostics,
) -> Option<&'f FuncDecl> {
    unread.read(|| {
        let mut tokens = lexer::func(source, unread.span, diagnostics);
        context::mark(&mut tokens);
        let mistake = Pos::NONE;
        let mut session = Session {
            source,
            ids,
            mistake,
        };
        match session.attempt(&tokens, diagnostics) {
            Ok(Parsed::Decls(mut decls)) => match decls.pop() {
                Some(Decl::Func(mut decl)) => {
                    decl.name = unread.name;
                    decl.pragmas.clone_from(&unread.pragmas);
                    Some(decl)
                }
                _ => None,
            },
            Ok(_) => unreachable!("the tokens begin as declarations"),
            Err(stuck) => {
                let built = std::mem::take(diagnostics);
                diagnostics.append(&mut session.find_mistakes(tokens, stuck, built));
                None
            }
        }
    })
}

/// The statements of a function of `source`, parsed now if they were not yet.
pub fn parse_body<'b>(
    body: &'b Body,
    source: &SourceFile,
    ids: &mut NodeIds,
    diagnostics: &mut Diagnostics,
) -> &'b Block {
    body.read(|span| {
        let tokens = lexer::body(source, span, diagnostics);
        let mistake = Pos::NONE;
        Session {
            source,
            ids,
            mistake,
        }
        .body(tokens, diagnostics)
        .unwrap_or_else(|| Block {
            lbrace: span.start,
            stmts: Vec::new(),
            rbrace: span.end,
        })
    })
}

fn parse_lexed(
    Lexed { tokens, pragmas }: Lexed,
    file_id: FileId,
    sources: &SourceMap,
    ids: &mut NodeIds,
    diagnostics: &mut Diagnostics,
) -> File {
    let source = sources.file(file_id);
    let mut found = Vec::new();
    let (package, decls) = match first_too_deep(&tokens) {
        Some(index) => {
            let message = format!("nested too deeply: more than {MAX_DEPTH} levels");
            found.push(Diagnostic::error(Code::Syntax, tokens[index].span, message));
            (unknown_package(source, ids), Vec::new())
        }
        None => Session {
            source,
            ids,
            mistake: Pos::NONE,
        }
        .file(tokens, &mut found),
    };
    diagnostics.append(&mut found);
    let mut file = File {
        file: file_id,
        source: source.clone(),
        package,
        decls,
        pragmas: Vec::new(),
        span: source.span(),
    };
    attach_pragmas(&mut file, pragmas);
    file
}

/// What every attempt at parsing a file needs.
struct Session<'s> {
    source: &'s SourceFile,
    ids: &'s mut NodeIds,
    /// The last mistake found; function bodies that begin before it are not checked further.
    mistake: Pos,
}

/// Where the grammar got stuck.
struct Stuck {
    /// Index of the token that cannot follow.
    at: usize,
    /// The terminals that can.
    expected: Vec<String>,
}

impl Session<'_> {
    /// Parses the tokens of a file, and explains what is wrong with them.
    fn file(
        &mut self,
        mut tokens: Vec<Token>,
        diagnostics: &mut Diagnostics,
    ) -> (Ident, Vec<Decl>) {
        context::mark(&mut tokens);
        match self.attempt(&tokens, diagnostics) {
            Ok(Parsed::File(package, decls)) => {
                let is_import = |decl: &Decl| matches!(decl, Decl::Import(_));
                if !decls.is_sorted_by_key(|decl| !is_import(decl)) {
                    check_imports(&tokens, diagnostics);
                }
                (package, decls)
            }
            Ok(_) => unreachable!("the tokens begin as a file"),
            Err(stuck) => {
                let built = std::mem::take(diagnostics);
                check_imports(&tokens, diagnostics);
                diagnostics.append(&mut self.find_mistakes(tokens, stuck, built));
                (unknown_package(self.source, self.ids), Vec::new())
            }
        }
    }

    /// Parses the tokens of a function's body; `None` if there are mistakes in it.
    fn body(&mut self, mut tokens: Vec<Token>, diagnostics: &mut Diagnostics) -> Option<Block> {
        context::mark(&mut tokens);
        let built = match self.attempt(&tokens, diagnostics) {
            Ok(Parsed::Body(block)) => {
                branches::check(&block, self.source, diagnostics);
                return Some(block);
            }
            Ok(_) => unreachable!("the tokens begin as a body"),
            Err(stuck) => {
                let built = std::mem::take(diagnostics);
                self.find_mistakes(tokens, stuck, built)
            }
        };
        diagnostics.extend(built);
        None
    }

    /// Parses a marked list of tokens, whose first says what it is and whose last is [`Kind::Eof`].
    fn attempt(
        &mut self,
        tokens: &[Token],
        diagnostics: &mut Diagnostics,
    ) -> Result<Parsed, Stuck> {
        let mut builder = Builder::new(self.source, tokens, self.mistake, self.ids, diagnostics);
        let mut n_read = 0;
        let end = tokens.len() - 1;
        let input = tokens[..end].iter().map(|token| {
            n_read += 1;
            (token.span.start, token.tok, token.span.end)
        });
        let result = grammar::SourceParser::new().parse(&mut builder, input);
        if let Some(stray_brace) = builder.stray_brace() {
            return Err(self.stuck_at_brace(tokens, stray_brace));
        }
        result.map_err(|error| match error {
            ParseError::UnrecognizedToken { expected, .. } => Stuck {
                at: n_read - 1,
                expected,
            },
            ParseError::UnrecognizedEof { expected, .. } => Stuck { at: end, expected },
            ParseError::ExtraToken { .. } => Stuck {
                at: n_read - 1,
                expected: Vec::new(),
            },
            ParseError::InvalidToken { .. } | ParseError::User { .. } => {
                unreachable!("neither tokens nor actions fail")
            }
        })
    }

    /// The grammar lets a literal's `{` follow everything; what may stand in its place is found by parsing with a `{`
    /// that nothing can follow.
    fn stuck_at_brace(&mut self, tokens: &[Token], brace: Pos) -> Stuck {
        let mut tokens = tokens.to_vec();
        let is_brace = |token: &Token| token.pos() == brace && token.tok.kind == Kind::LBrace;
        let at = tokens
            .iter()
            .position(is_brace)
            .expect("the brace is one of the tokens");
        tokens[at].tok.kind = Kind::LBraceStray;
        match self.attempt(&tokens, &mut Vec::new()) {
            Err(stuck) => stuck,
            Ok(_) => unreachable!("no production has a stray brace"),
        }
    }

    /// Explains where the grammar got stuck, and finds further mistakes behind it.
    ///
    /// `built` holds what the builder reported so far.
    fn find_mistakes(
        &mut self,
        mut tokens: Vec<Token>,
        mut stuck: Stuck,
        mut built: Diagnostics,
    ) -> Diagnostics {
        let mut found = Vec::new();
        // Repairs that do not lead on are rare; twice as many attempts as errors to show is plenty.
        for _ in 0..2 * MAX_ERRORS {
            let is_end = tokens[stuck.at].tok.kind == Kind::Eof;
            if is_end && !(found.is_empty() && built.is_empty()) {
                break;
            }
            let mistake = explain(&tokens, stuck.at, &stuck.expected);
            let Mistake {
                pos,
                message,
                is_syntax_error,
                repair,
            } = mistake;
            let prefix = if is_syntax_error {
                "syntax error: "
            } else {
                ""
            };
            let message = format!("{prefix}{message}");
            let wrong = tokens[stuck.at].span;
            let span = if wrong.start == pos {
                wrong
            } else {
                pos.span()
            };
            found.push(Diagnostic::error(Code::Syntax, span, message));
            if is_end || matches!(repair, Repair::Stop) {
                break;
            }
            self.mistake = tokens[stuck.at].pos();
            repair.apply(&mut tokens);
            if let Some(start) = restart_at_decl(&mut tokens, stuck.at) {
                // The builder sees this declaration again.
                built.retain(|diagnostic| diagnostic.pos < start);
            }
            context::mark(&mut tokens);
            match self.attempt(&tokens, &mut built) {
                Ok(_) => break,
                Err(next) => stuck = next,
            }
        }
        // The grammar gets stuck before the construct around the mistake is built, so on one line these come first.
        found.append(&mut built);
        found
    }
}

/// Drops the declarations that end before `at`. Returns where the one that does not end there begins.
fn restart_at_decl(tokens: &mut Vec<Token>, at: usize) -> Option<Pos> {
    let open = context::open_brackets(tokens, at.min(tokens.len()));
    let outermost = open.get(1).map_or(at, |open| open.at);
    let begins = |index: usize| {
        let before = tokens[index - 1].tok.kind;
        tokens[index].tok.kind.begins_decl() && matches!(before, Kind::Semi | Kind::StartDecls)
    };
    // Declarations inside functions that are complete are none to begin with.
    let begin = context::last_outside(tokens, outermost.min(tokens.len() - 1), begins)?;
    let start = tokens[begin].pos();
    let first = Token {
        tok: plain(Kind::StartDecls),
        span: start.span(),
    };
    tokens.splice(..begin, [first]);
    Some(start)
}

/// Imports come before other declarations. Of several misplaced ones in a row, the first is reported.
fn check_imports(tokens: &[Token], diagnostics: &mut Diagnostics) {
    let mut depth = 0usize;
    let mut previous = Kind::Import;
    for pair in tokens.windows(2) {
        let (before, token) = (pair[0].tok.kind, &pair[1]);
        let kind = token.tok.kind;
        match kind {
            kind if kind.opens() => depth += 1,
            Kind::RParen | Kind::RBrack | Kind::RBrace => depth = depth.saturating_sub(1),
            kind if depth == 0 && before == Kind::Semi && kind.begins_decl() => {
                if kind == Kind::Import && previous != Kind::Import {
                    let message = "syntax error: imports must appear before other declarations";
                    diagnostics.push(Diagnostic::error(Code::Syntax, token.span, message));
                }
                previous = kind;
            }
            _ => {}
        }
    }
}

fn unknown_package(source: &SourceFile, ids: &mut NodeIds) -> Ident {
    Ident {
        id: ids.fresh(),
        name: Symbol::intern("_"),
        pos: source.base,
    }
}

/// Gives each directive to the declaration that it stands before; those before the package clause stay with the file,
/// those inside a declaration mean nothing.
fn attach_pragmas(file: &mut File, pragmas: Vec<Pragma>) {
    let mut pragmas = pragmas.into_iter().peekable();
    let mut take_before = |end: Pos| {
        let mut taken = Vec::new();
        while let Some(pragma) = pragmas.next_if(|pragma| pragma.pos < end) {
            taken.push(pragma);
        }
        taken
    };
    file.pragmas = take_before(file.package.pos);
    for decl in &mut file.decls {
        let Span { start, end } = decl.span();
        let own = match decl {
            Decl::Import(decl) => &mut decl.pragmas,
            Decl::Const(decl) => &mut decl.pragmas,
            Decl::Type(decl) => &mut decl.pragmas,
            Decl::Var(decl) => &mut decl.pragmas,
            Decl::Func(decl) => &mut decl.pragmas,
            Decl::UnreadFunc(decl) => &mut decl.pragmas,
        };
        *own = take_before(start);
        take_before(end);
    }
}
