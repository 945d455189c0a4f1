//! From the place where the grammar got stuck to the message, and to a repair with which parsing goes on.
//!
//! An LR parser knows the token that cannot follow and the terminals that could. Together with the brackets that are open
//! there ([`open_brackets`]) and the tokens just before, that tells what was being read; the words are Go's for
//! that place. To find further mistakes, the token list is repaired the way Go's parser goes on after an error: missing
//! tokens are put in, tokens up to the next likely place are skipped, and the declaration is parsed again.

use mini_diagnostics::Pos;

use crate::ast::LitKind;
use crate::context::{Inside, Open, open_brackets};
use crate::lexer::plain;
use crate::token::{Kind, Tok, Token};

/// A syntax error and what to do about it.
pub(crate) struct Mistake {
    pub(crate) pos: Pos,
    /// Without `syntax error: `.
    pub(crate) message: String,
    /// Whether Go writes `syntax error: ` before the message.
    pub(crate) is_syntax_error: bool,
    pub(crate) repair: Repair,
}

pub(crate) enum Repair {
    /// Nothing sensible can be read from here on.
    Stop,
    /// Replace a range of tokens.
    Splice {
        from: usize,
        to: usize,
        insert: Vec<Kind>,
    },
}

impl Repair {
    /// The repaired tokens have the position of what they replace.
    pub(crate) fn apply(self, tokens: &mut Vec<Token>) {
        let Repair::Splice { from, to, insert } = self else {
            return;
        };
        let span = tokens[from].pos().span();
        let inserted = insert.into_iter().map(|kind| Token {
            tok: inserted(kind),
            span,
        });
        tokens.splice(from..to, inserted);
    }
}

/// A token that the source does not hold.
fn inserted(kind: Kind) -> Tok {
    let text = crate::Symbol::intern(match kind {
        Kind::Name => "_",
        Kind::Literal => "\"_\"",
        Kind::Semi => "semicolon",
        _ => "",
    });
    Tok {
        text,
        lit: LitKind::String,
        ..plain(kind)
    }
}

/// Explains why `tokens[at]` cannot stand where it stands. `expected` are terminals as the grammar names them.
pub(crate) fn explain(tokens: &[Token], at: usize, expected: &[String]) -> Mistake {
    let expected: Vec<Kind> = expected.iter().filter_map(|name| terminal(name)).collect();
    Explainer {
        tokens,
        at,
        expected,
        open: open_brackets(tokens, at),
    }
    .explain()
}

struct Explainer<'t> {
    tokens: &'t [Token],
    at: usize,
    expected: Vec<Kind>,
    open: Vec<Open>,
}

impl Explainer<'_> {
    fn explain(&self) -> Mistake {
        let special = self.in_package_clause().or_else(|| self.between_decls());
        let special = special
            .or_else(|| self.in_header())
            .or_else(|| self.at_statement_start());
        special
            .or_else(|| self.in_generic_method())
            .or_else(|| self.in_generic_literal())
            .or_else(|| self.after_element())
            .or_else(|| self.at_operand())
            .or_else(|| self.at_type())
            .unwrap_or_else(|| self.at_token())
    }

    // What is known

    fn kind(&self, index: usize) -> Kind {
        self.tokens[index.min(self.tokens.len() - 1)].tok.kind
    }

    fn found(&self) -> Kind {
        self.kind(self.at)
    }

    /// The kind of the token `n` before the wrong one.
    fn before(&self, n: usize) -> Kind {
        self.at
            .checked_sub(n)
            .map_or(Kind::StartFile, |index| self.kind(index))
    }

    fn can(&self, kind: Kind) -> bool {
        self.expected.contains(&kind)
    }

    fn top(&self) -> &Open {
        self.open.last().expect("the file stays open")
    }

    fn inside(&self) -> Inside {
        self.top().inside
    }

    fn is_in_function(&self) -> bool {
        self.open.iter().any(|open| open.inside == Inside::Block)
    }

    /// Index of the bracket that closes the one at `open`.
    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0usize;
        (open..self.tokens.len()).find(|&index| {
            match self.kind(index) {
                kind if kind.opens() => depth += 1,
                Kind::RParen | Kind::RBrack | Kind::RBrace => depth = depth.saturating_sub(1),
                _ => {}
            }
            depth == 0
        })
    }

    /// Whether a colon stands directly in the innermost brackets, before the wrong token.
    fn has_colon(&self) -> bool {
        let open = self.top().at;
        (open + 1..self.at).any(|index| {
            self.kind(index) == Kind::Colon
                && open_brackets(self.tokens, index)
                    .last()
                    .is_some_and(|innermost| innermost.at == open)
        })
    }

    /// The bracket that ends the list at hand.
    fn list_end(&self) -> Option<Kind> {
        match self.inside() {
            Inside::Call | Inside::Params | Inside::Group => Some(Kind::RParen),
            Inside::TypeParams => Some(Kind::RBrack),
            Inside::Struct | Inside::Interface | Inside::Composite => Some(Kind::RBrace),
            _ => None,
        }
    }

    /// The keyword under which the specification at hand stands, and the index of its first token after that.
    fn spec(&self) -> (Kind, usize) {
        let start = self.top().line;
        match self.inside() {
            Inside::Group => (self.kind(self.top().at - 1), start),
            _ => (self.kind(start), start + 1),
        }
    }

    // Kinds of messages

    /// `unexpected X, expected what`
    fn expected(&self, what: &str, repair: Repair) -> Mistake {
        self.plain(
            format!("unexpected {}, expected {what}", self.tokens[self.at].tok),
            repair,
        )
    }

    /// `unexpected X where`
    fn unexpected(&self, place: &str, repair: Repair) -> Mistake {
        self.plain(
            format!("unexpected {} {place}", self.tokens[self.at].tok),
            repair,
        )
    }

    fn plain(&self, message: impl Into<String>, repair: Repair) -> Mistake {
        Mistake {
            pos: self.tokens[self.at].pos(),
            message: message.into(),
            is_syntax_error: true,
            repair,
        }
    }

    // Repairs

    /// Where to go on: the next token of one of these kinds, of one that begins a statement if we are in a
    /// function, or the end.
    fn next_of(&self, kinds: &[Kind]) -> usize {
        let in_function = self.is_in_function();
        let is_stop = |kind| {
            kind == Kind::Eof || kinds.contains(&kind) || in_function && begins_statement(kind)
        };
        (self.at..self.tokens.len())
            .find(|&index| is_stop(self.kind(index)))
            .unwrap_or(self.at)
    }

    /// Skips to one of `kinds` and puts `insert` there.
    fn skip_to(&self, kinds: &[Kind], insert: &[Kind]) -> Repair {
        Repair::Splice {
            from: self.at,
            to: self.next_of(kinds),
            insert: insert.to_vec(),
        }
    }

    /// Takes the wrong token for `kind`.
    fn take_for(&self, kind: Kind) -> Repair {
        let to = if self.found() == Kind::Eof {
            self.at
        } else {
            self.at + 1
        };
        Repair::Splice {
            from: self.at,
            to,
            insert: vec![kind],
        }
    }

    fn insert(&self, kinds: &[Kind]) -> Repair {
        Repair::Splice {
            from: self.at,
            to: self.at,
            insert: kinds.to_vec(),
        }
    }

    /// Ends a list: skips to a closing bracket and adds the right one if it is another.
    fn close_list(&self, close: Kind) -> Repair {
        let to = self.next_of(&[Kind::RParen, Kind::RBrack, Kind::RBrace]);
        let insert = if self.kind(to) == close {
            vec![]
        } else {
            vec![close]
        };
        Repair::Splice {
            from: self.at,
            to,
            insert,
        }
    }

    /// Skips to the next declaration.
    fn skip_to_decl(&self, insert: &[Kind]) -> Repair {
        let is_decl =
            |index: &usize| self.kind(*index).begins_decl() || self.kind(*index) == Kind::Eof;
        let to = (self.at..self.tokens.len())
            .find(is_decl)
            .unwrap_or(self.at);
        Repair::Splice {
            from: self.at,
            to,
            insert: insert.to_vec(),
        }
    }

    // Places

    fn in_package_clause(&self) -> Option<Mistake> {
        if self.kind(0) != Kind::StartFile || self.at > 3 {
            return None;
        }
        Some(match self.at {
            1 => self.plain("package statement must be first", Repair::Stop),
            2 => self.expected("name", Repair::Stop),
            _ if self.can(Kind::Semi) => self.expected("semicolon or newline", Repair::Stop),
            _ => return None,
        })
    }

    fn between_decls(&self) -> Option<Mistake> {
        let is_between =
            self.inside() == Inside::File && self.can(Kind::Func) && self.can(Kind::Import);
        if !is_between {
            return None;
        }
        let begin = self.tokens[..self.at - 1]
            .iter()
            .rposition(|token| token.tok.kind == Kind::Semi)
            .map_or(1, |semi| semi + 1);
        let is_body_of_func = matches!(self.found(), Kind::LBrace | Kind::LBraceBlock)
            && self.before(1) == Kind::Semi
            && self.kind(begin) == Kind::Func;
        let message = match is_body_of_func {
            true => "unexpected semicolon or newline before {",
            false => "non-declaration statement outside function body",
        };
        Some(self.plain(message, self.skip_to_decl(&[])))
    }

    /// Between a control statement's keyword and its block.
    fn in_header(&self) -> Option<Mistake> {
        let keyword_at = self.top().header?;
        let keyword = self.kind(keyword_at);
        if self.found() == Kind::Var && self.at == keyword_at + 1 {
            let message = format!(
                "var declaration not allowed in {} initializer",
                keyword.text()
            );
            let repair = Repair::Splice {
                from: self.at,
                to: self.at + 1,
                insert: vec![],
            };
            return Some(Mistake {
                pos: self.tokens[self.at + 1].pos(),
                ..self.plain(message, repair)
            });
        }
        if matches!(self.found(), Kind::LBrace | Kind::LBraceBlock) {
            return self.at_block_of_header(keyword_at);
        }
        if !self.can(Kind::LBraceBlock) {
            if self.can(Kind::Semi) && !self.can(Kind::Name) {
                return Some(self.expected("semicolon or newline", self.take_for(Kind::Semi)));
            }
            return None;
        }
        if self.before(1) == Kind::Semi || self.before(1) == keyword && keyword != Kind::Select {
            return None;
        }
        let is_first_part = !self.tokens[keyword_at..self.at]
            .iter()
            .any(|token| matches!(token.tok.kind, Kind::Semi | Kind::Range));
        let repair = match keyword {
            Kind::Select => self.open_block(&[Kind::Case, Kind::Default, Kind::RBrace]),
            _ if is_first_part => self.end_first_part(keyword),
            Kind::Switch => self.open_block(&[Kind::Case, Kind::Default, Kind::RBrace]),
            _ => self.open_block(&[Kind::Name, Kind::RBrace]),
        };
        Some(match keyword {
            Kind::Select => self.plain("missing { after select clause", repair),
            _ if is_first_part => self.expected("{", repair),
            Kind::Switch => self.plain("missing { after switch clause", repair),
            _ => self.expected(&format!("{{ after {} clause", keyword.text()), repair),
        })
    }

    /// Takes what is at the next of `kinds` for the inside of the block.
    fn open_block(&self, kinds: &[Kind]) -> Repair {
        self.skip_to(kinds, &[Kind::LBraceBlock])
    }

    /// Takes the wrong token for a semicolon and goes on at the next brace: the other parts of the header are read from there.
    fn end_first_part(&self, keyword: Kind) -> Repair {
        let next = Explainer {
            at: (self.at + 1).min(self.tokens.len() - 1),
            expected: Vec::new(),
            open: self.open.clone(),
            ..*self
        };
        let to = match self.found() {
            Kind::Eof => self.at,
            _ => next.next_of(&[Kind::LBrace, Kind::LBraceBlock, Kind::RBrace]),
        };
        let is_block = matches!(self.kind(to), Kind::LBrace | Kind::LBraceBlock);
        let insert = match keyword {
            Kind::If if is_block => vec![Kind::Semi, Kind::Name],
            Kind::For if is_block => vec![Kind::Semi, Kind::Semi],
            _ => vec![Kind::Semi],
        };
        Repair::Splice {
            from: self.at,
            to,
            insert,
        }
    }

    /// The wrong token is the `{` of the block.
    fn at_block_of_header(&self, keyword_at: usize) -> Option<Mistake> {
        let keyword = self.kind(keyword_at);
        let follows_semi = self.before(1) == Kind::Semi;
        let with_condition = || self.insert(&[Kind::Name]);
        match keyword {
            Kind::If if self.at == keyword_at + 1 => {
                Some(self.plain("missing condition in if statement", with_condition()))
            }
            Kind::If if follows_semi => {
                let semi = self.tokens[self.at - 1];
                let message = match semi.tok.text == "semicolon" {
                    true => "missing condition in if statement".to_string(),
                    false => format!("unexpected {}, expected {{ after if clause", semi.tok.text),
                };
                Some(Mistake {
                    pos: semi.pos(),
                    ..self.plain(message, with_condition())
                })
            }
            Kind::For if follows_semi && self.can(Kind::Semi) => {
                Some(self.expected("for loop condition", self.insert(&[Kind::Semi])))
            }
            Kind::For if self.can(Kind::Semi) && !self.can(Kind::Literal) => {
                Some(self.expected("semicolon or newline", self.take_for(Kind::Semi)))
            }
            _ => None,
        }
    }

    fn at_statement_start(&self) -> Option<Mistake> {
        if self.before(1) == Kind::Else {
            let message = "else must be followed by if or statement block";
            let to = self.next_of(&[Kind::Name, Kind::RBrace]);
            let insert = vec![Kind::LBrace, Kind::RBrace, Kind::Semi];
            return Some(self.plain(
                message,
                Repair::Splice {
                    from: self.at,
                    to,
                    insert,
                },
            ));
        }
        if self.inside() != Inside::Block {
            return None;
        }
        let follows_separator = matches!(
            self.before(1),
            Kind::Semi | Kind::LBrace | Kind::LBraceBlock | Kind::Colon
        );
        let in_clauses = self.can(Kind::Case) || self.can(Kind::Default);
        if follows_separator && in_clauses {
            let to = self.next_of(&[Kind::Colon, Kind::Case, Kind::Default, Kind::RBrace]);
            let insert = vec![Kind::Default];
            let repair = Repair::Splice {
                from: self.at,
                to,
                insert,
            };
            return Some(self.expected("case or default or }", repair));
        }
        if !(follows_separator && self.can(Kind::If)) {
            return None;
        }
        if self.before(1) == Kind::Colon {
            let label = self.tokens[self.at - 1].pos();
            let mistake = self.plain("missing statement after label", self.insert(&[Kind::Semi]));
            return Some(Mistake {
                pos: label,
                ..mistake
            });
        }
        Some(self.expected("}", self.take_for(Kind::RBrace)))
    }

    /// An element of some list is complete, and what follows neither continues it nor the list.
    fn after_element(&self) -> Option<Mistake> {
        if self.found() == Kind::Define && self.can(Kind::Assign) && !self.can(Kind::Define) {
            return Some(self.expected("=", self.take_for(Kind::Assign)));
        }
        if self.found() == Kind::Eof
            && let Some(close) = self.list_end()
            && !self.can(Kind::Comma)
            && !self.can(Kind::Semi)
        {
            return Some(self.expected(close.text(), Repair::Stop));
        }
        let begins = [Kind::Return, Kind::Comma, Kind::If, Kind::For, Kind::Switch];
        let begins_part = self.top().header.is_some() && self.before(1) == Kind::Semi;
        let is_complete = !begins.contains(&self.before(1))
            && !begins_part
            && (self.can(Kind::Semi) || self.can(Kind::Comma) || self.can(Kind::Colon))
            && !matches!(
                self.before(1),
                Kind::LParen
                    | Kind::LParenResult
                    | Kind::LBrack
                    | Kind::LBrackTypeParams
                    | Kind::LBrace
            );
        let is_paren = self.inside() == Inside::Paren && self.can(Kind::RParen);
        let is_length = self.inside() == Inside::TypePrefix && self.can(Kind::RBrack);
        if !is_complete && !is_paren && !is_length {
            return None;
        }
        let list = |what: &str, close: Kind, separator: &str| {
            let place = format!(
                "in {what}; possibly missing {separator} or {}",
                close.text()
            );
            Some(self.unexpected(&place, self.close_list(close)))
        };
        let line = "semicolon or newline";
        match self.inside() {
            Inside::File if self.can(Kind::Semi) => Some(self.unexpected(
                "after top level declaration",
                self.skip_to_decl(&[Kind::Semi]),
            )),
            Inside::Block if self.can(Kind::Semi) => {
                let to = self.next_of(&[Kind::Semi, Kind::RBrace, Kind::Case, Kind::Default]);
                let insert = match self.kind(to) {
                    Kind::Semi | Kind::RBrace => vec![],
                    _ => vec![Kind::Semi],
                };
                let repair = Repair::Splice {
                    from: self.at,
                    to,
                    insert,
                };
                Some(self.unexpected("at end of statement", repair))
            }
            Inside::Group if self.can(Kind::Semi) => {
                list("grouped declaration", Kind::RParen, line)
            }
            // A lone name might be a field's.
            Inside::Struct if self.before(1) == Kind::Name && self.can(Kind::Map) => None,
            Inside::Struct if self.can(Kind::Semi) => list("struct type", Kind::RBrace, line),
            Inside::Interface if self.can(Kind::Semi) => list("interface type", Kind::RBrace, line),
            Inside::Call if self.can(Kind::RParen) => list("argument list", Kind::RParen, "comma"),
            Inside::Composite if self.can(Kind::RBrace) => {
                list("composite literal", Kind::RBrace, "comma")
            }
            Inside::Params if self.can(Kind::RParen) => {
                list("parameter list", Kind::RParen, "comma")
            }
            Inside::TypeParams if self.can(Kind::RBrack) => {
                list("parameter list", Kind::RBrack, "comma")
            }
            Inside::Index if self.before(1) == Kind::Colon => None,
            Inside::Index if self.has_colon() && self.can(Kind::RBrack) => {
                Some(self.expected("]", self.take_for(Kind::RBrack)))
            }
            Inside::Index if self.can(Kind::Colon) && self.can(Kind::RBrack) => {
                let repair = self.close_list(Kind::RBrack);
                Some(self.expected("comma, : or ]", repair))
            }
            Inside::Index if self.can(Kind::RBrack) => {
                Some(self.expected("]", self.take_for(Kind::RBrack)))
            }
            Inside::TypePrefix if self.found() == Kind::Comma && self.can(Kind::RBrack) => {
                let repair = Repair::Splice {
                    from: self.at,
                    to: self.at + 1,
                    insert: vec![],
                };
                Some(self.plain("unexpected comma; expected ]", repair))
            }
            Inside::TypePrefix if self.can(Kind::RBrack) && self.can(Kind::AddOp) => {
                Some(self.expected("]", self.take_for(Kind::RBrack)))
            }
            Inside::Paren if self.can(Kind::RParen) => {
                Some(self.expected(")", self.take_for(Kind::RParen)))
            }
            Inside::Block if self.can(Kind::Define) && self.can(Kind::Assign) => {
                let repair = self.skip_to(&[Kind::Semi, Kind::RBrace], &[Kind::Assign, Kind::Name]);
                Some(self.expected(":= or = or comma", repair))
            }
            Inside::Block if self.can(Kind::Colon) && !self.can(Kind::Name) => {
                Some(self.expected(":", self.take_for(Kind::Colon)))
            }
            _ => None,
        }
    }

    /// An operand should stand here.
    fn at_operand(&self) -> Option<Mistake> {
        if self.before(1) == Kind::Dot && self.can(Kind::LParen) {
            let repair = self.skip_to(&[Kind::Semi, Kind::RParen], &[Kind::Name]);
            return Some(self.expected("name or (", repair));
        }
        if self.can(Kind::Literal) && self.spec().0 == Kind::Import {
            let repair = self.skip_to(&[Kind::Semi, Kind::RParen], &[Kind::Literal]);
            return Some(self.plain("missing import path", repair));
        }
        let is_operand = self.can(Kind::Literal) && self.can(Kind::Func);
        if !is_operand || self.inside() == Inside::Struct {
            return None;
        }
        if self.found() == Kind::RBrack && self.before(1) == Kind::LBrack {
            return Some(self.at_empty_brackets());
        }
        let closers = [Kind::RParen, Kind::RBrack, Kind::RBrace];
        Some(self.expected("expression", self.skip_to(&closers, &[Kind::Name])))
    }

    /// `x[]`
    fn at_empty_brackets(&self) -> Mistake {
        let is_in_interface =
            self.open.len() >= 2 && self.open[self.open.len() - 2].inside == Inside::Interface;
        let with_name = self.insert(&[Kind::Name]);
        if is_in_interface {
            let what = if self.kind(self.at + 1) == Kind::LParen {
                "parameter"
            } else {
                "argument"
            };
            let mistake = self.plain(format!("empty type {what} list"), with_name);
            return Mistake {
                is_syntax_error: false,
                ..mistake
            };
        }
        // Where a value may stand, `x[:]` is right as well.
        match self.can(Kind::Colon) {
            true => self.expected("operand", with_name),
            false => self.expected("type argument list", with_name),
        }
    }

    /// `func[P any](…)`, where something in the brackets is wrong, too.
    fn in_generic_literal(&self) -> Option<Mistake> {
        let brackets = self.top();
        if brackets.inside != Inside::TypeParams || self.kind(brackets.at - 1) != Kind::Func {
            return None;
        }
        let to = self.closing(brackets.at)? + 1;
        Some(Mistake {
            pos: self.tokens[brackets.at].pos(),
            message: "function type must have no type parameters".into(),
            is_syntax_error: true,
            repair: Repair::Splice {
                from: brackets.at,
                to,
                insert: vec![],
            },
        })
    }

    /// `m[P any](…)` in an interface: the brackets were read as type arguments.
    fn in_generic_method(&self) -> Option<Mistake> {
        let [.., outer, brackets] = self.open.as_slice() else {
            return None;
        };
        let is_method = outer.inside == Inside::Interface
            && matches!(brackets.inside, Inside::Index)
            && self.can(Kind::RBrack);
        if !is_method {
            return None;
        }
        let end = self.closing(brackets.at)?;
        Some(Mistake {
            pos: self.tokens[brackets.at].pos(),
            message: "interface method must have no type parameters".into(),
            is_syntax_error: false,
            repair: Repair::Splice {
                from: brackets.at,
                to: end + 1,
                insert: vec![],
            },
        })
    }

    /// A type should stand here.
    fn at_type(&self) -> Option<Mistake> {
        let follows_separator = matches!(
            self.before(1),
            Kind::LParen | Kind::LParenResult | Kind::LBrackTypeParams | Kind::LBrack | Kind::Comma
        );
        let starts_line = matches!(self.before(1), Kind::LBrace | Kind::Semi);
        let with_name = |kinds: &[Kind]| self.skip_to(kinds, &[Kind::Name]);
        match self.inside() {
            Inside::Struct if starts_line || self.before(1) == Kind::Star => {
                if self.found() == Kind::LParen {
                    let end = self.closing(self.at)?;
                    let insert = (self.at + 1..end).map(|index| self.kind(index)).collect();
                    let repair = Repair::Splice {
                        from: self.at,
                        to: end + 1,
                        insert,
                    };
                    return Some(self.plain("cannot parenthesize embedded type", repair));
                }
                if starts_line {
                    let repair = with_name(&[Kind::Semi, Kind::RBrace]);
                    return Some(self.expected("field name or embedded type", repair));
                }
            }
            Inside::TypeParams
                if self.before(1) == Kind::LBrackTypeParams && self.found() != Kind::RBrack =>
            {
                let closers = [Kind::RParen, Kind::RBrack, Kind::RBrace];
                return Some(self.expected("expression", with_name(&closers)));
            }
            Inside::TypeParams if follows_separator && self.can(Kind::Name) => {
                if self.found() == Kind::RBrack {
                    let repair = self.insert(&[Kind::Name, Kind::Name]);
                    return Some(self.plain("empty type parameter list", repair));
                }
                return Some(self.expected("]", with_name(&[Kind::Comma, Kind::RBrack])));
            }
            _ => {}
        }
        if !self.can(Kind::Map) {
            return None;
        }
        match (self.inside(), self.before(1)) {
            (Inside::Params, _) if follows_separator => {
                return Some(self.expected(")", with_name(&[Kind::Comma, Kind::RParen])));
            }
            (Inside::Interface, _) if self.can(Kind::Tilde) => {
                let ends = [
                    Kind::BinaryOp,
                    Kind::AddOp,
                    Kind::Bar,
                    Kind::Semi,
                    Kind::RParen,
                    Kind::RBrack,
                    Kind::RBrace,
                ];
                return Some(self.expected("~ term or type", with_name(&ends)));
            }
            (_, Kind::Chan) => {
                return Some(
                    self.plain("missing channel element type", self.insert(&[Kind::Name])),
                );
            }
            (_, Kind::Arrow) if self.before(2) == Kind::Chan => {
                return Some(
                    self.plain("missing channel element type", self.insert(&[Kind::Name])),
                );
            }
            (Inside::Params, Kind::DotDotDot) => {
                return Some(self.plain("... is missing type", self.insert(&[Kind::Name])));
            }
            _ => {}
        }
        let (keyword, spec_start) = self.spec();
        let is_type_decl = keyword == Kind::Type
            && (self.at == spec_start + 1
                || self.before(1) == Kind::Assign
                || self.before(1) == Kind::RBrack
                    && self.kind(spec_start + 1) == Kind::LBrackTypeParams);
        if is_type_decl {
            let repair = with_name(&[Kind::Semi, Kind::RParen]);
            return Some(self.unexpected("in type declaration", repair));
        }
        let ends = [
            Kind::Comma,
            Kind::Colon,
            Kind::Semi,
            Kind::RParen,
            Kind::RBrack,
            Kind::RBrace,
        ];
        Some(self.expected("type", with_name(&ends)))
    }

    /// One certain token should stand here.
    fn at_token(&self) -> Mistake {
        let begins_decl = matches!(self.before(2), Kind::Semi | Kind::StartDecls);
        if self.before(1) == Kind::Func && begins_decl && self.inside() == Inside::File {
            let insert = [Kind::Name, Kind::LParen, Kind::RParen];
            return self.expected(
                "name or (",
                self.skip_to(&[Kind::LBrace, Kind::Semi], &insert),
            );
        }
        if self.inside() == Inside::File && self.before(1) == Kind::RParen && self.can(Kind::Name) {
            let insert = [Kind::Name, Kind::LParen, Kind::RParen];
            return self.expected("name", self.skip_to(&[Kind::LBrace, Kind::Semi], &insert));
        }
        let wanted = [
            Kind::Name,
            Kind::LParen,
            Kind::LBrack,
            Kind::LBrace,
            Kind::LBraceBlock,
            Kind::RParen,
            Kind::RBrack,
            Kind::RBrace,
            Kind::Colon,
            Kind::Chan,
            Kind::Semi,
            Kind::Comma,
        ];
        match wanted.into_iter().find(|&kind| self.can(kind)) {
            Some(Kind::Semi) => self.expected("semicolon or newline", self.take_for(Kind::Semi)),
            Some(Kind::Comma) => self.expected("comma", self.take_for(Kind::Comma)),
            Some(kind) if kind.is_keyword() => {
                self.expected(&format!("keyword {}", kind.text()), self.take_for(kind))
            }
            Some(kind) => self.expected(kind.text(), self.take_for(kind)),
            None => {
                let repair = Repair::Splice {
                    from: self.at,
                    to: self.at + 1,
                    insert: vec![],
                };
                self.plain(format!("unexpected {}", self.tokens[self.at].tok), repair)
            }
        }
    }
}

/// The keywords at which parsing goes on inside a function.
fn begins_statement(kind: Kind) -> bool {
    use Kind::*;
    matches!(
        kind,
        Break
            | Const
            | Continue
            | Defer
            | Fallthrough
            | For
            | Go
            | Goto
            | If
            | Return
            | Select
            | Switch
            | Type
            | Var
    )
}

/// The terminal that the grammar names `name`, quotes included.
fn terminal(name: &str) -> Option<Kind> {
    let name = name.trim_matches('"');
    Some(match name {
        "name" => Kind::Name,
        "literal" => Kind::Literal,
        "binary op" => Kind::BinaryOp,
        "add op" => Kind::AddOp,
        "assign op" => Kind::AssignOp,
        "inc op" => Kind::IncOp,
        "( of results" => Kind::LParenResult,
        "[ of type parameters" => Kind::LBrackTypeParams,
        "{ of block" => Kind::LBraceBlock,
        _ => *FIXED.iter().find(|kind| kind.text() == name)?,
    })
}

/// The terminals that are named by their text.
const FIXED: [Kind; 43] = {
    use Kind::*;
    [
        Bar,
        Star,
        Arrow,
        Not,
        Tilde,
        Assign,
        Define,
        LParen,
        RParen,
        LBrack,
        RBrack,
        LBrace,
        RBrace,
        Comma,
        Semi,
        Colon,
        Dot,
        DotDotDot,
        Break,
        Case,
        Chan,
        Const,
        Continue,
        Default,
        Defer,
        Else,
        Fallthrough,
        For,
        Func,
        Go,
        Goto,
        If,
        Import,
        Interface,
        Map,
        Package,
        Range,
        Return,
        Select,
        Struct,
        Switch,
        Type,
        Var,
    ]
};
