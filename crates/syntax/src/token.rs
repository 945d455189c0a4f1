//! Tokens: what the lexer makes and the grammar reads.

use std::fmt;

use mini_diagnostics::{Pos, Span};

use crate::Symbol;
use crate::ast::{BinaryOp, LitKind};

/// One token and where it is.
#[derive(Clone, Copy, Debug)]
pub struct Token {
    pub tok: Tok,
    pub span: Span,
}

impl Token {
    pub fn pos(&self) -> Pos {
        self.span.start
    }
}

/// A token's terminal and its payload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Tok {
    pub kind: Kind,
    /// The operator of operators and operator assignments; of `*`, `<-` and `!` unused.
    pub op: BinaryOp,
    /// Of literals.
    pub lit: LitKind,
    /// Names and literals: the text. Semicolons: how they came about (`semicolon`, `newline`, `EOF`). Others: unused.
    pub text: Symbol,
}

/// The terminals of the grammar. Operators that the grammar treats alike share one.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[repr(u8)]
pub enum Kind {
    /// Opens a token list that is a whole file.
    StartFile,
    /// Opens a token list that begins with some declaration.
    StartDecls,
    /// Opens a token list that is the body of one function.
    StartBody,
    Eof,

    Name,
    Literal,
    /// `|| && == != < <= > >= / % << >> &^`
    BinaryOp,
    /// `+ - ^ &`: unary or binary
    AddOp,
    /// `|`
    Bar,
    /// `*`
    Star,
    /// `<-`
    Arrow,
    /// `!`
    Not,
    /// `~`
    Tilde,
    /// `+=` and the like
    AssignOp,
    /// `++`, `--`
    IncOp,
    Assign,
    Define,
    LParen,
    /// A `(` that opens the results of a function type or literal (see `context`).
    LParenResult,
    RParen,
    LBrack,
    /// A `[` that opens the type parameters of a type declaration (see `context`).
    LBrackTypeParams,
    RBrack,
    LBrace,
    /// A `{` that opens the block after the header of a control statement (see `context`).
    LBraceBlock,
    /// A `{` that begins nothing.
    LBraceStray,
    RBrace,
    /// A declared function, from `func` to the end of its body, in a file that is read without functions.
    UnreadFunc,
    /// The body of a declared function, from `{` to `}`, in a file that is read without bodies.
    Body,
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
}

impl Kind {
    /// The text of punctuation and keywords.
    pub fn text(self) -> &'static str {
        use Kind::*;
        match self {
            StartFile | StartDecls | StartBody => "start",
            Eof => "EOF",
            Name => "name",
            Literal => "literal",
            BinaryOp | AddOp => "operator",
            Bar => "|",
            Star => "*",
            Arrow => "<-",
            Not => "!",
            Tilde => "~",
            AssignOp => "op=",
            IncOp => "opop",
            Assign => "=",
            Define => ":=",
            LParen | LParenResult => "(",
            RParen => ")",
            LBrack | LBrackTypeParams => "[",
            RBrack => "]",
            LBrace | LBraceBlock | LBraceStray => "{",
            RBrace => "}",
            UnreadFunc => "func …",
            Body => "{…}",
            Comma => ",",
            Semi => ";",
            Colon => ":",
            Dot => ".",
            DotDotDot => "...",
            Break => "break",
            Case => "case",
            Chan => "chan",
            Const => "const",
            Continue => "continue",
            Default => "default",
            Defer => "defer",
            Else => "else",
            Fallthrough => "fallthrough",
            For => "for",
            Func => "func",
            Go => "go",
            Goto => "goto",
            If => "if",
            Import => "import",
            Interface => "interface",
            Map => "map",
            Package => "package",
            Range => "range",
            Return => "return",
            Select => "select",
            Struct => "struct",
            Switch => "switch",
            Type => "type",
            Var => "var",
        }
    }

    /// True of brackets that open something.
    pub fn opens(self) -> bool {
        use Kind::*;
        matches!(
            self,
            LParen | LParenResult | LBrack | LBrackTypeParams | LBrace | LBraceBlock | LBraceStray
        )
    }

    pub fn is_keyword(self) -> bool {
        self >= Kind::Break
    }

    /// True of tokens after which a newline becomes a semicolon.
    pub fn ends_statement(self) -> bool {
        use Kind::*;
        matches!(
            self,
            Name | Literal
                | IncOp
                | RParen
                | RBrack
                | RBrace
                | UnreadFunc
                | Body
                | Break
                | Continue
                | Fallthrough
                | Return
        )
    }

    /// True of the keywords that begin a declaration at the top level.
    pub fn begins_decl(self) -> bool {
        use Kind::*;
        matches!(self, Import | Const | Type | Var | Func)
    }
}

/// As syntax errors name the token: `name x`, `literal 1`, `keyword if`, `newline`, `comma`, `)`.
impl fmt::Display for Tok {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Name => write!(f, "name {}", self.text),
            Kind::Literal => write!(f, "literal {}", self.text),
            Kind::Semi => f.write_str(self.text.as_str()),
            Kind::Comma => f.write_str("comma"),
            Kind::BinaryOp | Kind::AddOp => f.write_str(self.op.as_str()),
            Kind::AssignOp => write!(f, "{}=", self.op.as_str()),
            Kind::IncOp => write!(f, "{0}{0}", self.op.as_str()),
            kind if kind.is_keyword() => write!(f, "keyword {}", kind.text()),
            kind => f.write_str(kind.text()),
        }
    }
}

const _: () = assert!(size_of::<Tok>() == 8 && size_of::<Token>() == 16);
