//! Marks on brackets that make Go's grammar LR(1).
//!
//! Some of Go's rules look further than one token; a pass over the tokens, between lexer and grammar, decides them and
//! gives the bracket in question a terminal of its own:
//!
//! * [`Kind::LBraceBlock`]: between `if`, `for`, `switch` or `select` and their block, a `{` outside of all brackets
//!   opens the block. It opens a literal or a function body only after a literal type that is spelled out
//!   (`[]int{1}`, `map[K]V{}`, `struct{}{}`) or a function's signature; after a name it never does, which is why Go wants
//!   parentheses around `T{}` there.
//! * [`Kind::LParenResult`]: in `func(a) (b)` the second parenthesis opens the results, it does not call or convert.
//!   Only the one directly after the parameters of a function type or literal is marked.
//! * [`Kind::LBrackTypeParams`]: `type T[P any] …` against `type T [N]int`, decided by what follows `[`, as Go does:
//!   whatever can be read as an array length is one, unless a comma shows that it is not.
//! * [`Kind::LBraceStray`]: a `{` after a call or a literal begins nothing. This is not needed to parse what is right, but
//!   it lets the parser stop there, not somewhere behind it.
//!
//! The pass also says, for error messages, which brackets are open at a token ([`open_brackets`]).

use crate::token::{Kind, Token};

/// Marks the brackets in `tokens`.
pub(crate) fn mark(tokens: &mut [Token]) {
    let mut marker = Marker::new();
    for at in 0..tokens.len() {
        let kind = marker.step(tokens, at);
        tokens[at].tok.kind = kind;
    }
}

/// What an open bracket holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Inside {
    /// Declarations.
    File,
    /// `import (`, `const (`, `type (`, `var (`
    Group,
    /// Parameters or results.
    Params,
    TypeParams,
    Call,
    /// A parenthesised expression or type.
    Paren,
    /// An index, a slice, type arguments.
    Index,
    /// The length of an array, the `[]` of a slice, the key of a map.
    TypePrefix,
    Struct,
    Interface,
    Composite,
    /// The statements of a function's body, of a control statement or of a plain block; the clauses of a switch.
    Block,
}

/// An open bracket, from the file inwards.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Open {
    pub(crate) inside: Inside,
    /// Index of the bracket's token.
    pub(crate) at: usize,
    /// Index of the first token behind the last semicolon directly in it.
    pub(crate) line: usize,
    /// In the header of a control statement: the index of its keyword.
    pub(crate) header: Option<usize>,
    /// In a header: a `{` would belong to the type literal or signature before it.
    brace_continues: bool,
    /// The last thing was the signature of a function literal or a function type.
    follows_signature: bool,
}

/// The brackets that are open before `tokens[at]`; the first is the file.
pub(crate) fn open_brackets(tokens: &[Token], at: usize) -> Vec<Open> {
    let mut marker = Marker::new();
    for before in 0..at {
        marker.step(tokens, before);
    }
    marker.open
}

/// The last token behind the first one, and up to `to`, that stands outside of all brackets and that `is_wanted` takes.
pub(crate) fn last_outside(
    tokens: &[Token],
    to: usize,
    is_wanted: impl Fn(usize) -> bool,
) -> Option<usize> {
    let mut marker = Marker::new();
    let mut last = None;
    for at in 0..=to {
        if at > 0 && marker.open.len() == 1 && is_wanted(at) {
            last = Some(at);
        }
        marker.step(tokens, at);
    }
    last
}

struct Marker {
    open: Vec<Open>,
    /// What the bracket that was closed by the token before held.
    closed: Option<Closed>,
}

#[derive(Clone, Copy)]
struct Closed {
    inside: Inside,
    /// They were the parameters of a function type or literal.
    is_func_params: bool,
}

impl Marker {
    fn new() -> Marker {
        Marker {
            open: vec![Open::new(Inside::File, 0)],
            closed: None,
        }
    }

    /// Takes in the token at `at` and returns its terminal.
    fn step(&mut self, tokens: &[Token], at: usize) -> Kind {
        let kind = tokens[at].tok.kind;
        let before = if at > 0 {
            tokens[at - 1].tok.kind
        } else {
            Kind::StartFile
        };
        let closed = self.closed.take();
        let top = self.open.last_mut().expect("the file stays open");
        match kind {
            Kind::If | Kind::For | Kind::Switch | Kind::Select => {
                top.header = Some(at);
                top.brace_continues = false;
                kind
            }
            Kind::Map | Kind::Struct | Kind::Func => {
                top.brace_continues = true;
                top.follows_signature = kind == Kind::Func;
                kind
            }
            Kind::LParen | Kind::LParenResult => self.open_paren(tokens, at, before, closed),
            Kind::LBrack | Kind::LBrackTypeParams => self.open_bracket(tokens, at, before),
            Kind::LBrace | Kind::LBraceBlock | Kind::LBraceStray => {
                self.open_brace(tokens, at, before, closed)
            }
            Kind::RParen | Kind::RBrack | Kind::RBrace => {
                self.close(tokens, kind);
                kind
            }
            Kind::Name
            | Kind::Literal
            | Kind::Dot
            | Kind::Star
            | Kind::Arrow
            | Kind::Chan
            | Kind::Interface => kind,
            _ => {
                if kind == Kind::Semi {
                    top.line = at + 1;
                }
                top.brace_continues = false;
                top.follows_signature = false;
                kind
            }
        }
    }

    fn open_paren(
        &mut self,
        tokens: &[Token],
        at: usize,
        before: Kind,
        closed: Option<Closed>,
    ) -> Kind {
        let top = self.open.last_mut().expect("the file stays open");
        let follows_params =
            before == Kind::RParen && closed.is_some_and(|closed| closed.is_func_params);
        let follows_operand = ends_operand(before)
            && !closed.is_some_and(|closed| closed.inside == Inside::TypePrefix);
        let inside = match before {
            Kind::Import | Kind::Const | Kind::Type | Kind::Var => Inside::Group,
            Kind::Func => Inside::Params,
            _ if closed.is_some_and(|closed| closed.inside == Inside::TypeParams) => Inside::Params,
            _ if follows_params || is_signature(tokens, before, top, closed) => Inside::Params,
            _ if follows_operand => Inside::Call,
            _ => Inside::Paren,
        };
        if inside == Inside::Call {
            top.brace_continues = false;
        }
        self.open.push(Open::new(inside, at));
        if follows_params {
            Kind::LParenResult
        } else {
            Kind::LParen
        }
    }

    fn open_bracket(&mut self, tokens: &[Token], at: usize, before: Kind) -> Kind {
        let top = self.open.last_mut().expect("the file stays open");
        let is_type_spec = before == Kind::Name
            && match tokens[at - 2].tok.kind {
                Kind::Type => true,
                Kind::LParen | Kind::Semi => {
                    top.inside == Inside::Group && tokens[top.at - 1].tok.kind == Kind::Type
                }
                _ => false,
            };
        let is_func = before == Kind::Name
            && (tokens[at - 2].tok.kind == Kind::Func || follows_receiver(tokens, at, top));
        let begins_type_params = is_type_spec && holds_type_params(&tokens[at + 1..]);
        let inside = if begins_type_params || is_func || before == Kind::Func {
            Inside::TypeParams
        } else if ends_operand(before) && !is_type_spec {
            Inside::Index
        } else {
            top.brace_continues = true;
            Inside::TypePrefix
        };
        self.open.push(Open::new(inside, at));
        if begins_type_params {
            Kind::LBrackTypeParams
        } else {
            Kind::LBrack
        }
    }

    fn open_brace(
        &mut self,
        tokens: &[Token],
        at: usize,
        before: Kind,
        closed: Option<Closed>,
    ) -> Kind {
        let top = self.open.last_mut().expect("the file stays open");
        let is_header = top.header.is_some();
        let (kind, inside) = match before {
            Kind::Struct => (Kind::LBrace, Inside::Struct),
            Kind::Interface => (Kind::LBrace, Inside::Interface),
            _ if is_header && !top.brace_continues => {
                top.header = None;
                (Kind::LBraceBlock, Inside::Block)
            }
            _ if follows_value(tokens, at, closed) => (Kind::LBraceStray, Inside::Block),
            // Only messages depend on this guess: literals follow types, bodies follow signatures.
            Kind::RParen if closed.is_some_and(|closed| closed.inside == Inside::Params) => {
                (Kind::LBrace, Inside::Block)
            }
            Kind::Semi | Kind::Else | Kind::RParen | Kind::StartBody => {
                (Kind::LBrace, Inside::Block)
            }
            Kind::Colon if top.inside == Inside::Block => (Kind::LBrace, Inside::Block),
            Kind::LBrace | Kind::LBraceBlock if top.inside == Inside::Block => {
                (Kind::LBrace, Inside::Block)
            }
            _ if top.follows_signature => (Kind::LBrace, Inside::Block),
            _ if top.inside == Inside::File && top.is_func(tokens) => (Kind::LBrace, Inside::Block),
            _ => (Kind::LBrace, Inside::Composite),
        };
        if inside == Inside::Composite || inside == Inside::Block {
            top.brace_continues = false;
            top.follows_signature = false;
        }
        self.open.push(Open::new(inside, at));
        kind
    }

    /// Closes the innermost bracket of that kind; what is open inside of it was left open by mistake.
    fn close(&mut self, tokens: &[Token], kind: Kind) {
        let is_match = |open: &Open| {
            let opener = tokens[open.at].tok.kind;
            match kind {
                Kind::RParen => matches!(opener, Kind::LParen | Kind::LParenResult),
                Kind::RBrack => matches!(opener, Kind::LBrack | Kind::LBrackTypeParams),
                _ => matches!(opener, Kind::LBrace | Kind::LBraceBlock | Kind::LBraceStray),
            }
        };
        let Some(depth) = self.open[1..].iter().rposition(is_match) else {
            return;
        };
        let open = self.open[depth + 1];
        self.open.truncate(depth + 1);
        let is_func_params =
            open.inside == Inside::Params && tokens[open.at - 1].tok.kind == Kind::Func;
        self.closed = Some(Closed {
            inside: open.inside,
            is_func_params,
        });
    }
}

impl Open {
    /// Whether the line at hand begins with `func`: in a file, a function's declaration.
    fn is_func(&self, tokens: &[Token]) -> bool {
        tokens[self.line].tok.kind == Kind::Func
    }

    fn new(inside: Inside, at: usize) -> Open {
        Open {
            inside,
            at,
            line: at + 1,
            header: None,
            brace_continues: false,
            follows_signature: false,
        }
    }
}

/// True of tokens after which `(`, `[` and `{` continue an operand.
fn ends_operand(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Name | Kind::Literal | Kind::RParen | Kind::RBrack | Kind::RBrace
    )
}

/// Whether the `{` at `at` stands after what can only be a value: a literal, a call, an element with a literal index. No
/// literal begins there. (That other values are not literal types either, the builder sees.)
fn follows_value(tokens: &[Token], at: usize, closed: Option<Closed>) -> bool {
    let is_literal = |before: usize| at >= before && tokens[at - before].tok.kind == Kind::Literal;
    match closed.map(|closed| closed.inside) {
        Some(Inside::Call) => true,
        Some(Inside::Index) => is_literal(2) && tokens[at - 3].tok.kind == Kind::LBrack,
        _ => is_literal(1),
    }
}

/// Whether a `(` in `top` belongs to the signature of a declared function or of an interface's method.
fn is_signature(tokens: &[Token], before: Kind, top: &Open, closed: Option<Closed>) -> bool {
    match top.inside {
        Inside::File => top.is_func(tokens),
        Inside::Interface => {
            before == Kind::Name || closed.is_some_and(|closed| closed.inside == Inside::Params)
        }
        _ => false,
    }
}

/// Whether the name before `at` stands after a method's receiver.
fn follows_receiver(tokens: &[Token], at: usize, top: &Open) -> bool {
    let is_after_bracket = at >= 2 && tokens[at - 2].tok.kind == Kind::RParen;
    top.inside == Inside::File && is_after_bracket && top.is_func(tokens)
}

/// Whether the tokens after `type T [` are type parameters rather than an array length.
fn holds_type_params(tokens: &[Token]) -> bool {
    let kind = |i: usize| tokens.get(i).map_or(Kind::Eof, |token| token.tok.kind);
    if kind(0) != Kind::Name {
        return false;
    }
    match kind(1) {
        Kind::RBrack => false,
        // `P []E`: an index is never a constant, so this cannot be a length.
        Kind::LBrack => true,
        // `P *E`, `P (E)`: a length, unless something in it can only be a type, or a comma says so.
        Kind::Star | Kind::LParen => Constraint::scan(&tokens[1..])
            .is_some_and(|found| found.has_type || found.ends_with_comma),
        // Anything else that continues an expression makes it a length.
        Kind::BinaryOp | Kind::AddOp | Kind::Bar | Kind::Dot => false,
        _ => true,
    }
}

/// What a scan over a possible constraint found.
struct Constraint {
    /// Something in it can only be a type.
    has_type: bool,
    /// It ends with a comma rather than with `]`.
    ends_with_comma: bool,
}

impl Constraint {
    /// Scans `*E|F|…` or `(E)|F|…` to the comma or `]` behind it; `None` if it does not have that form.
    fn scan(tokens: &[Token]) -> Option<Constraint> {
        let mut found = Constraint {
            has_type: false,
            ends_with_comma: false,
        };
        let mut depth = 0usize;
        let mut before = Kind::Comma;
        let mut open_braces = 0usize;
        for (at, token) in tokens.iter().enumerate() {
            let kind = token.tok.kind;
            let is_binary = depth == 0 && ends_operand(before);
            match kind {
                Kind::Comma if depth == 0 => {
                    found.ends_with_comma = true;
                    return Some(found);
                }
                Kind::BinaryOp => return None,
                Kind::AddOp | Kind::Star if is_binary => return None,
                // A second pair of parentheses would call something.
                Kind::LParen if is_binary && at > 0 && before == Kind::RParen => return None,
                Kind::RParen | Kind::RBrack | Kind::RBrace if depth == 0 => return Some(found),
                Kind::RParen | Kind::RBrack | Kind::RBrace => {
                    depth -= 1;
                    open_braces -= usize::from(kind == Kind::RBrace && open_braces > 0);
                }
                Kind::Eof => return None,
                Kind::Semi if open_braces == 0 => return None,
                Kind::LBrack if !ends_operand(before) => {
                    found.has_type = true;
                    depth += 1;
                }
                Kind::LParen | Kind::LBrack => depth += 1,
                Kind::LBrace => {
                    depth += 1;
                    open_braces += 1;
                }
                Kind::Struct
                | Kind::Func
                | Kind::Interface
                | Kind::Map
                | Kind::Chan
                | Kind::Tilde => {
                    found.has_type = true;
                }
                _ => {}
            }
            before = kind;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexer::lex;
    use mini_diagnostics::SourceMap;

    /// Shows the marked brackets: `<{` blocks, `<(` results, `<[` type parameters.
    fn check(source: &str, want: &str) {
        let mut sources = SourceMap::new();
        let file = sources.add("test.mini", source);
        let mut tokens = lex(sources.file(file), &mut Vec::new()).tokens;
        mark(&mut tokens);
        let mut shown = source.to_string();
        let base = sources.file(file).base;
        for token in tokens.iter().rev() {
            use Kind::*;
            if matches!(
                token.tok.kind,
                LBraceBlock | LParenResult | LBrackTypeParams
            ) {
                shown.insert((token.pos().0 - base.0) as usize, '<');
            }
        }
        assert_eq!(shown, want);
    }

    #[test]
    fn blocks_after_headers() {
        check("if x {}", "if x <{}");
        check("if x == (T{}) {}", "if x == (T{}) <{}");
        check(
            "for _, x := range []int{1} {}",
            "for _, x := range []int{1} <{}",
        );
        check("for range map[K]V{} {}", "for range map[K]V{} <{}");
        check("if x == struct{}{} {}", "if x == struct{}{} <{}");
        check(
            "if f := func() []T { }; f() {}",
            "if f := func() []T { }; f() <{}",
        );
        check(
            "if func(a int) (b int) { if x {} }(1) {}",
            "if func(a int) <(b int) { if x <{} }(1) <{}",
        );
        check(
            "switch x := y.(type) { case T: }",
            "switch x := y.(type) <{ case T: }",
        );
        check(
            "for i := 0; i < a[i]; i++ {}",
            "for i := 0; i < a[i]; i++ <{}",
        );
        check(
            "if string([]byte(s)) == x {}",
            "if string([]byte(s)) == x <{}",
        );
        check("for range []byte(s) {}", "for range []byte(s) <{}");
        check(
            "if x := (<-chan int)(y); z {} else {}",
            "if x := (<-chan int)(y); z <{} else {}",
        );
        check(
            "if _, ok := x.(interface{ m() }); ok {}",
            "if _, ok := x.(interface{ m() }); ok <{}",
        );
        check("for range [...]int{1} {}", "for range [...]int{1} <{}");
        check("if f(func() { x() }) {}", "if f(func() { x() }) <{}");
        check("switch {}", "switch <{}");
    }

    #[test]
    fn type_parameters_against_array_lengths() {
        check("type T[P any] x", "type T<[P any] x");
        check("type T [N]int", "type T [N]int");
        check("type T [N * 2]int", "type T [N * 2]int");
        check("type T[P *C] x", "type T[P *C] x");
        check("type T[P *C,] x", "type T<[P *C,] x");
        check("type T[P *[]int] x", "type T<[P *[]int] x");
        check("type T[P *C|~D] x", "type T<[P *C|~D] x");
        check("type T[P *C - D,] x", "type T[P *C - D,] x");
        check("type T[P|~D] x", "type T[P|~D] x");
        check("type T[P []E] x", "type T<[P []E] x");
        check("type T[P (interface{})] x", "type T<[P (interface{})] x");
        check("type T[P, Q any] x", "type T<[P, Q any] x");
        check("type T [pkg.N]int", "type T [pkg.N]int");
        check(
            "type (\nA[P any] x\nB [2]x\n)",
            "type (\nA<[P any] x\nB [2]x\n)",
        );
    }

    #[test]
    fn results_of_function_types() {
        check("x = func(a) (b)", "x = func(a) <(b)");
        check("func (r T) m() (b)", "func (r T) m() (b)");
        check("x = func(a) int (b)", "x = func(a) int (b)");
    }
}
