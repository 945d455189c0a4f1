//! Source text to tokens.
//!
//! `logos` tells tokens apart by their beginnings; the insides of literals and comments, where Go's errors are exact, are
//! scanned by hand from its callbacks. Around it, [`lex`] does what Go's scanner does between tokens: a newline after
//! certain tokens becomes a semicolon ([`Kind::ends_statement`]), so does a comment that spans lines, and so does the end
//! of the file. `//go:` comments are kept as pragmas.
//!
//! [`outline`] is for files whose functions are needed one by one: a declared function becomes one token
//! ([`crate::unread`]); [`func`] and [`body`] lex it later.
//!
//! A first line that begins with `#!` is skipped, so that programs may be scripts.

use std::ops::Range;

use logos::{FilterResult, Logos, Skip};
use mini_diagnostics::{Code, Diagnostic, Diagnostics, Pos, SourceFile, Span};

use crate::Symbol;
use crate::ast::{BinaryOp, LitKind, Pragma};
use crate::literal::{self, Fault};
use crate::token::{Kind, Tok, Token};
use crate::unread::Unread;

/// The tokens of a file, the last one of kind [`Kind::Eof`].
pub struct Lexed {
    pub tokens: Vec<Token>,
    pub pragmas: Vec<Pragma>,
}

/// Lexes a file. Errors go to `diagnostics`; the tokens go on after them.
pub fn lex(file: &SourceFile, diagnostics: &mut Diagnostics) -> Lexed {
    let begin = prologue_len(&file.text);
    let mut scanned = scan(file, begin..file.text.len(), Kind::StartFile, |_, _, _| {
        None
    });
    add_encoding_faults(file, &mut scanned.faults);
    scanned.report(file, diagnostics)
}

/// Lexes a file of the library without its functions: each is a token of kind [`Kind::UnreadFunc`], or, if its head is not of
/// the form that people write, its body is one of kind [`Kind::Body`].
pub(crate) fn outline(file: &SourceFile, diagnostics: &mut Diagnostics) -> Lexed {
    let begin = prologue_len(&file.text);
    let mut unread = Unread::functions();
    let skip = |tokens: &[Token], kind, rest: &str| unread.find(tokens, kind, rest);
    scan(file, begin..file.text.len(), Kind::StartFile, skip).report(file, diagnostics)
}

/// Lexes a function of the library without its body.
pub(crate) fn func(file: &SourceFile, span: Span, diagnostics: &mut Diagnostics) -> Vec<Token> {
    let mut unread = Unread::bodies();
    let skip = |tokens: &[Token], kind, rest: &str| unread.find(tokens, kind, rest);
    let scanned = scan(file, file.range(span), Kind::StartDecls, skip);
    scanned.report(file, diagnostics).tokens
}

/// Lexes the body of a function of the library.
pub(crate) fn body(file: &SourceFile, span: Span, diagnostics: &mut Diagnostics) -> Vec<Token> {
    let scanned = scan(file, file.range(span), Kind::StartBody, |_, _, _| None);
    scanned.report(file, diagnostics).tokens
}

/// Lexes a part of a file. `skip` sees the tokens so far, the next one's kind and the text from it on, and may say that
/// so many bytes are one token that is read later.
fn scan(
    file: &SourceFile,
    range: Range<usize>,
    start: Kind,
    mut skip: impl FnMut(&[Token], Kind, &str) -> Option<(Kind, usize)>,
) -> Scanned {
    let text = &file.text[..range.end];
    let mut lexer = Raw::lexer(text);
    lexer.bump(range.start);

    let newline = Symbol::intern("newline");
    let mut out = Output {
        base: file.base,
        // A token for three bytes is more than programs have.
        tokens: Vec::with_capacity(range.len() / 3 + 8),
    };
    out.push(start, None, range.start..range.start);
    let mut ends_statement = false;
    while let Some(raw) = lexer.next() {
        let span = lexer.span();
        let raw = match raw {
            Ok(raw) => raw,
            Err(()) => {
                let c = lexer.slice().chars().next().unwrap_or('\0');
                if !file.invalid_utf8.contains(&(span.start as u32)) {
                    let fault = format!("invalid character {}", code_point(c));
                    lexer.extras.faults.push((span.start, fault));
                }
                continue;
            }
        };
        if raw == Raw::Newline || raw == Raw::Comment {
            if ends_statement {
                out.push(Kind::Semi, Some(newline), span.start..span.start);
                ends_statement = false;
            }
            continue;
        }
        let tok = raw.token(lexer.slice());
        if let Some((kind, len)) = skip(&out.tokens, tok.kind, &text[span.start..]) {
            lexer.bump(len - span.len());
            out.push(kind, None, span.start..span.start + len);
            ends_statement = kind.ends_statement();
            continue;
        }
        if tok.kind == Kind::Name && !lexer.slice().is_ascii() {
            check_name(lexer.slice(), span.start, &mut lexer.extras.faults);
        }
        ends_statement = tok.kind.ends_statement();
        out.tokens.push(Token {
            tok,
            span: out.span(span),
        });
    }
    let end = range.end;
    if ends_statement {
        out.push(Kind::Semi, Some(Symbol::intern("EOF")), end..end);
    }
    out.push(Kind::Eof, None, end..end);

    let Extras { faults, pragmas } = lexer.extras;
    let pragmas = pragmas.into_iter().map(|(at, text)| Pragma {
        text: Symbol::intern(&text),
        pos: file.base.offset(at as u32),
    });
    Scanned {
        lexed: Lexed {
            pragmas: pragmas.collect(),
            tokens: out.tokens,
        },
        faults,
    }
}

/// What was lexed, before its faults are reported.
struct Scanned {
    lexed: Lexed,
    faults: Vec<Fault>,
}

impl Scanned {
    fn report(self, file: &SourceFile, diagnostics: &mut Diagnostics) -> Lexed {
        diagnostics.extend(self.faults.into_iter().map(|(at, message)| {
            let pos = file.base.offset(at as u32);
            Diagnostic::error(Code::Syntax, pos.span(), message)
        }));
        self.lexed
    }
}

struct Output {
    base: Pos,
    tokens: Vec<Token>,
}

impl Output {
    fn span(&self, range: Range<usize>) -> Span {
        Span::new(
            self.base.offset(range.start as u32),
            self.base.offset(range.end as u32),
        )
    }

    fn push(&mut self, kind: Kind, text: Option<Symbol>, range: Range<usize>) {
        let tok = Tok {
            text: text.unwrap_or(Symbol::EMPTY),
            ..plain(kind)
        };
        let span = self.span(range);
        self.tokens.push(Token { tok, span });
    }
}

/// How much is skipped at the beginning: a byte order mark, a `#!` line (its newline stays).
fn prologue_len(text: &str) -> usize {
    let after_bom = text.len() - text.strip_prefix('\u{feff}').unwrap_or(text).len();
    match text[after_bom..].starts_with("#!") {
        true => text[after_bom..]
            .find('\n')
            .map_or(text.len(), |newline| after_bom + newline),
        false => after_bom,
    }
}

/// Faults that may stand anywhere, inside of strings and comments too.
fn add_encoding_faults(file: &SourceFile, faults: &mut Vec<Fault>) {
    let text: &str = &file.text;
    faults.extend(
        file.invalid_utf8
            .iter()
            .map(|&at| (at as usize, "invalid UTF-8 encoding".into())),
    );
    if text.as_bytes().contains(&0) {
        let nuls = text.match_indices('\0');
        faults.extend(nuls.map(|(at, _)| (at, "invalid NUL character".into())));
    }
    let marks = text.match_indices('\u{feff}').filter(|&(at, _)| at > 0);
    faults.extend(marks.map(|(at, _)| (at, "invalid BOM in the middle of the file".into())));
}

/// Non-ASCII characters in names must be letters or digits, and a digit must not come first.
fn check_name(name: &str, start: usize, faults: &mut Vec<Fault>) {
    for (at, c) in name
        .char_indices()
        .filter(|(_, c)| !c.is_ascii() && *c != '\u{feff}')
    {
        let mut utf8 = [0; 4];
        let class = NameChar::lexer(c.encode_utf8(&mut utf8)).next();
        let message = match class {
            Some(Ok(NameChar::Letter)) => continue,
            Some(Ok(NameChar::Digit)) if at > 0 => continue,
            Some(Ok(NameChar::Digit)) => {
                "identifier cannot begin with digit ".to_string() + &code_point(c)
            }
            _ => format!("invalid character {} in identifier", code_point(c)),
        };
        faults.push((start + at, message));
    }
}

/// A character as Go's `%#U` shows it.
pub(crate) fn code_point(c: char) -> String {
    let is_printable = c == ' ' || !c.is_control() && !c.is_whitespace();
    let shown = if is_printable {
        format!(" '{c}'")
    } else {
        String::new()
    };
    format!("U+{:04X}{shown}", c as u32)
}

/// The Unicode classes that names are made of.
#[derive(Logos, Clone, Copy, PartialEq, Debug)]
enum NameChar {
    #[regex(r"\p{L}")]
    Letter,
    #[regex(r"\p{Nd}")]
    Digit,
}

/// What the callbacks find besides tokens; offsets are in the file.
#[derive(Default)]
struct Extras {
    faults: Vec<Fault>,
    pragmas: Vec<(usize, String)>,
}

#[derive(Logos, Clone, Copy, PartialEq, Debug)]
#[logos(extras = Extras, skip r"[ \t\r\x00\u{feff}]+")]
enum Raw {
    #[token("\n")]
    Newline,
    #[token("//", line_comment)]
    #[token("/*", block_comment)]
    Comment,

    #[regex(r"[A-Za-z_\u{80}-\u{fefe}\u{ff00}-\u{10ffff}][A-Za-z0-9_\u{80}-\u{10ffff}]*")]
    Name,
    #[regex(r"\.?[0-9]", number)]
    Number(LitKind),
    #[token("'", rune)]
    Rune,
    #[token("\"", string)]
    #[token("`", raw_string)]
    String,

    #[token("||", |_| BinaryOp::LogOr)]
    #[token("&&", |_| BinaryOp::LogAnd)]
    #[token("==", |_| BinaryOp::Eq)]
    #[token("!=", |_| BinaryOp::Ne)]
    #[token("<", |_| BinaryOp::Lt)]
    #[token("<=", |_| BinaryOp::Le)]
    #[token(">", |_| BinaryOp::Gt)]
    #[token(">=", |_| BinaryOp::Ge)]
    #[token("/", |_| BinaryOp::Div)]
    #[token("%", |_| BinaryOp::Rem)]
    #[token("<<", |_| BinaryOp::Shl)]
    #[token(">>", |_| BinaryOp::Shr)]
    #[token("&^", |_| BinaryOp::AndNot)]
    BinaryOp(BinaryOp),
    #[token("+", |_| BinaryOp::Add)]
    #[token("-", |_| BinaryOp::Sub)]
    #[token("^", |_| BinaryOp::Xor)]
    #[token("&", |_| BinaryOp::And)]
    AddOp(BinaryOp),
    #[token("+=", |_| BinaryOp::Add)]
    #[token("-=", |_| BinaryOp::Sub)]
    #[token("|=", |_| BinaryOp::Or)]
    #[token("^=", |_| BinaryOp::Xor)]
    #[token("*=", |_| BinaryOp::Mul)]
    #[token("/=", |_| BinaryOp::Div)]
    #[token("%=", |_| BinaryOp::Rem)]
    #[token("<<=", |_| BinaryOp::Shl)]
    #[token(">>=", |_| BinaryOp::Shr)]
    #[token("&=", |_| BinaryOp::And)]
    #[token("&^=", |_| BinaryOp::AndNot)]
    AssignOp(BinaryOp),
    #[token("++", |_| BinaryOp::Add)]
    #[token("--", |_| BinaryOp::Sub)]
    IncOp(BinaryOp),

    #[token("|", |_| Kind::Bar)]
    #[token("*", |_| Kind::Star)]
    #[token("<-", |_| Kind::Arrow)]
    #[token("!", |_| Kind::Not)]
    #[token("~", |_| Kind::Tilde)]
    #[token("=", |_| Kind::Assign)]
    #[token(":=", |_| Kind::Define)]
    #[token("(", |_| Kind::LParen)]
    #[token(")", |_| Kind::RParen)]
    #[token("[", |_| Kind::LBrack)]
    #[token("]", |_| Kind::RBrack)]
    #[token("{", |_| Kind::LBrace)]
    #[token("}", |_| Kind::RBrace)]
    #[token(",", |_| Kind::Comma)]
    #[token(";", |_| Kind::Semi)]
    #[token(":", |_| Kind::Colon)]
    #[token(".", |_| Kind::Dot)]
    #[token("...", |_| Kind::DotDotDot)]
    #[token("break", |_| Kind::Break)]
    #[token("case", |_| Kind::Case)]
    #[token("chan", |_| Kind::Chan)]
    #[token("const", |_| Kind::Const)]
    #[token("continue", |_| Kind::Continue)]
    #[token("default", |_| Kind::Default)]
    #[token("defer", |_| Kind::Defer)]
    #[token("else", |_| Kind::Else)]
    #[token("fallthrough", |_| Kind::Fallthrough)]
    #[token("for", |_| Kind::For)]
    #[token("func", |_| Kind::Func)]
    #[token("go", |_| Kind::Go)]
    #[token("goto", |_| Kind::Goto)]
    #[token("if", |_| Kind::If)]
    #[token("import", |_| Kind::Import)]
    #[token("interface", |_| Kind::Interface)]
    #[token("map", |_| Kind::Map)]
    #[token("package", |_| Kind::Package)]
    #[token("range", |_| Kind::Range)]
    #[token("return", |_| Kind::Return)]
    #[token("select", |_| Kind::Select)]
    #[token("struct", |_| Kind::Struct)]
    #[token("switch", |_| Kind::Switch)]
    #[token("type", |_| Kind::Type)]
    #[token("var", |_| Kind::Var)]
    Fixed(Kind),
}

impl Raw {
    fn token(self, text: &str) -> Tok {
        match self {
            Raw::Name => Tok {
                text: Symbol::intern(text),
                ..plain(Kind::Name)
            },
            Raw::Number(lit) => literal_tok(lit, text),
            Raw::Rune => literal_tok(LitKind::Rune, text),
            Raw::String => literal_tok(LitKind::String, text),
            Raw::BinaryOp(op) => Tok {
                op,
                ..plain(Kind::BinaryOp)
            },
            Raw::AddOp(op) => Tok {
                op,
                ..plain(Kind::AddOp)
            },
            Raw::AssignOp(op) => Tok {
                op,
                ..plain(Kind::AssignOp)
            },
            Raw::IncOp(op) => Tok {
                op,
                ..plain(Kind::IncOp)
            },
            Raw::Fixed(Kind::Semi) => Tok {
                text: Symbol::intern("semicolon"),
                ..plain(Kind::Semi)
            },
            Raw::Fixed(kind) => plain(kind),
            Raw::Newline | Raw::Comment => unreachable!("handled by the caller"),
        }
    }
}

/// A token without payload.
pub(crate) fn plain(kind: Kind) -> Tok {
    let op = match kind {
        Kind::Star => BinaryOp::Mul,
        Kind::Bar => BinaryOp::Or,
        _ => BinaryOp::Add,
    };
    Tok {
        kind,
        op,
        lit: LitKind::Int,
        text: Symbol::EMPTY,
    }
}

fn literal_tok(lit: LitKind, text: &str) -> Tok {
    Tok {
        lit,
        text: Symbol::intern(text),
        ..plain(Kind::Literal)
    }
}

/// The text from the current token's first byte to the end of the file.
fn rest<'s>(lexer: &logos::Lexer<'s, Raw>) -> &'s str {
    &lexer.source()[lexer.span().start..]
}

/// Ends the current token `len` bytes after its start and records what was wrong in it.
fn finish(lexer: &mut logos::Lexer<'_, Raw>, len: usize, faults: impl IntoIterator<Item = Fault>) {
    let start = lexer.span().start;
    lexer.bump(len - lexer.slice().len());
    lexer.extras.faults.extend(
        faults
            .into_iter()
            .map(|(at, message)| (start + at, message)),
    );
}

fn number(lexer: &mut logos::Lexer<'_, Raw>) -> LitKind {
    let (len, kind, fault) = literal::number(rest(lexer));
    finish(lexer, len, fault);
    kind
}

fn rune(lexer: &mut logos::Lexer<'_, Raw>) {
    let (len, fault) = literal::rune(rest(lexer));
    finish(lexer, len, fault);
}

fn string(lexer: &mut logos::Lexer<'_, Raw>) {
    let (len, faults) = literal::string(rest(lexer));
    finish(lexer, len, faults);
}

fn raw_string(lexer: &mut logos::Lexer<'_, Raw>) {
    let (len, fault) = literal::raw_string(rest(lexer));
    finish(lexer, len, fault);
}

/// A comment up to, not including, the newline.
fn line_comment(lexer: &mut logos::Lexer<'_, Raw>) -> Skip {
    let comment = rest(lexer).split('\n').next().unwrap_or_default();
    if let Some(directive) = comment.strip_prefix("//go:") {
        let start = lexer.span().start;
        lexer
            .extras
            .pragmas
            .push((start + 2, format!("go:{}", directive.trim_end())));
    }
    finish(lexer, comment.len(), None);
    Skip
}

/// A comment that spans lines is a token, because it may have to act as a newline.
fn block_comment(lexer: &mut logos::Lexer<'_, Raw>) -> FilterResult<(), ()> {
    let text = rest(lexer);
    let (len, fault) = match text[2..].find("*/") {
        Some(end) => (end + 4, None),
        None => (text.len(), Some((0, "comment not terminated".to_string()))),
    };
    finish(lexer, len, fault);
    match text[..len].contains('\n') {
        true => FilterResult::Emit(()),
        false => FilterResult::Skip,
    }
}
