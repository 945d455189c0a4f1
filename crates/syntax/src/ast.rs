//! The syntax tree.
//!
//! Plain owned enums. Types and expressions share one type, [`Expr`], because the grammar cannot tell them apart.
//!
//! Positions: every node has a `span` (all of its source) and, where it differs, a `pos`: the place where Go's
//! compiler reports the node (the operator of a binary expression, the `(` of a call, the `.` of a selector, the `[` of
//! an index, the `{` of a composite literal, the `:` of a key, the `=` of an assignment). What Go reports at the leftmost
//! token of an expression is [`Expr::start_pos`].
//!
//! Identity: every expression and every identifier has an [`ExprId`], dense from 0 over the files that are parsed with
//! one [`NodeIds`] (a package), so that types, definitions and uses are recorded in plain vectors.

use std::sync::{Arc, OnceLock};

use mini_diagnostics::{FileId, Pos, SourceFile, Span};

use crate::Symbol;

/// The identity of an expression, an identifier, or a clause, within one package.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ExprId(pub u32);

impl ExprId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Gives out [`ExprId`]s; one per package.
#[derive(Debug, Default)]
pub struct NodeIds {
    next: u32,
}

impl NodeIds {
    pub fn new() -> NodeIds {
        NodeIds::default()
    }

    /// How many ids were given out: the length of a side table.
    pub fn count(&self) -> usize {
        self.next as usize
    }

    pub fn fresh(&mut self) -> ExprId {
        self.next += 1;
        ExprId(self.next - 1)
    }
}

/// One source file.
#[derive(Debug)]
pub struct File {
    pub file: FileId,
    /// The text, for bodies that are read later.
    pub source: Arc<SourceFile>,
    pub package: Ident,
    /// Imports first, then the other declarations, in source order.
    pub decls: Vec<Decl>,
    /// `//go:…` lines that stand before the package clause, without the slashes.
    pub pragmas: Vec<Pragma>,
    pub span: Span,
}

/// A name at a place: a definition, a label, a selected field, a use in a position where only names are allowed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ident {
    pub id: ExprId,
    pub name: Symbol,
    pub pos: Pos,
}

impl Ident {
    pub fn span(self) -> Span {
        Span::new(self.pos, self.pos.offset(self.name.as_str().len() as u32))
    }
}

/// A directive comment, `//go:noinline` and such: its text from `go:` on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pragma {
    pub text: Symbol,
    pub pos: Pos,
}

// ---------------------------------------------------------------------------------------------------------------------
// Declarations

#[derive(Debug)]
pub enum Decl {
    Import(GenDecl<ImportSpec>),
    Const(GenDecl<ConstSpec>),
    Type(GenDecl<TypeSpec>),
    Var(GenDecl<VarSpec>),
    Func(Box<FuncDecl>),
    /// Only in a file of which only the declarations were read.
    UnreadFunc(Box<UnreadFunc>),
}

impl Decl {
    pub fn span(&self) -> Span {
        match self {
            Decl::Import(decl) => decl.span,
            Decl::Const(decl) => decl.span,
            Decl::Type(decl) => decl.span,
            Decl::Var(decl) => decl.span,
            Decl::Func(decl) => decl.span,
            Decl::UnreadFunc(decl) => decl.span,
        }
    }
}

/// `keyword Spec` or `keyword ( Spec; … )`.
#[derive(Debug)]
pub struct GenDecl<Spec> {
    /// From the keyword on.
    pub span: Span,
    pub is_group: bool,
    pub specs: Vec<Spec>,
    /// Directives directly before the declaration.
    pub pragmas: Vec<Pragma>,
}

#[derive(Debug)]
pub struct ImportSpec {
    pub span: Span,
    /// `.` and `_` included.
    pub name: Option<Ident>,
    pub path: Lit,
}

/// One line of a constant declaration; its index in the group is its iota. A line with neither type nor values repeats
/// those of the nearest line above that has values.
#[derive(Debug)]
pub struct ConstSpec {
    pub span: Span,
    pub names: Vec<Ident>,
    pub ty: Option<Box<Expr>>,
    pub values: Vec<Expr>,
}

#[derive(Debug)]
pub struct VarSpec {
    pub span: Span,
    pub names: Vec<Ident>,
    pub ty: Option<Box<Expr>>,
    pub values: Vec<Expr>,
}

#[derive(Debug)]
pub struct TypeSpec {
    pub span: Span,
    pub name: Ident,
    /// Each with names; the type is the constraint.
    pub type_params: Vec<Field>,
    /// `type A = T`
    pub is_alias: bool,
    pub ty: Box<Expr>,
}

/// A function or method.
#[derive(Debug)]
pub struct FuncDecl {
    /// From `func` on.
    pub span: Span,
    /// `Some` for methods: one field with at most one name.
    pub recv: Option<Field>,
    pub name: Ident,
    pub type_params: Vec<Field>,
    pub ty: FuncType,
    /// `None` for functions that are implemented elsewhere.
    pub body: Option<Body>,
    pub pragmas: Vec<Pragma>,
}

/// What a method's receiver says of its type.
#[derive(Clone, Copy, Debug)]
pub struct Receiver {
    /// The name of the type, without type parameters; `None` if it is not a name.
    pub base: Option<Symbol>,
    pub is_pointer: bool,
}

/// A function or method of which only the head was read. The rest is parsed when it is first asked for
/// ([`parse_func`](crate::parse_func)).
#[derive(Debug)]
pub struct UnreadFunc {
    pub span: Span,
    pub name: Ident,
    pub receiver: Option<Receiver>,
    pub(crate) pragmas: Vec<Pragma>,
    decl: OnceLock<Option<Box<FuncDecl>>>,
}

impl UnreadFunc {
    pub(crate) fn new(span: Span, name: Ident, receiver: Option<Receiver>) -> UnreadFunc {
        UnreadFunc {
            span,
            name,
            receiver,
            pragmas: Vec::new(),
            decl: OnceLock::new(),
        }
    }

    /// The whole declaration, if it was read.
    pub fn decl(&self) -> Option<&FuncDecl> {
        self.decl.get()?.as_deref()
    }

    pub(crate) fn read(&self, parse: impl FnOnce() -> Option<Box<FuncDecl>>) -> Option<&FuncDecl> {
        self.decl.get_or_init(parse).as_deref()
    }
}

/// The body of a declared function. In a file of which only the declarations were read, it is parsed when it is first
/// asked for ([`parse_body`](crate::parse_body)).
#[derive(Debug)]
pub struct Body {
    span: Span,
    block: OnceLock<Block>,
}

impl Body {
    pub(crate) fn unread(span: Span) -> Body {
        let block = OnceLock::new();
        Body { span, block }
    }

    /// The statements, if they were read.
    pub fn block(&self) -> Option<&Block> {
        self.block.get()
    }

    pub(crate) fn read(&self, parse: impl FnOnce(Span) -> Block) -> &Block {
        self.block.get_or_init(|| parse(self.span))
    }
}

impl From<Block> for Body {
    fn from(block: Block) -> Body {
        Body {
            span: block.span(),
            block: block.into(),
        }
    }
}

impl FuncDecl {
    /// True if a directive such as `go:noinline` stands before the function.
    pub fn has_pragma(&self, text: &str) -> bool {
        self.pragmas.iter().any(|pragma| pragma.text == text)
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Expressions and types

#[derive(Debug)]
pub struct Expr {
    pub id: ExprId,
    /// Where Go reports this node (see the module's text).
    pub pos: Pos,
    pub span: Span,
    pub kind: ExprKind,
}

#[derive(Debug)]
pub enum ExprKind {
    /// Stands where an expression could not be parsed; only in trees whose diagnostics hold errors.
    Bad,
    Name(Symbol),
    Lit(Lit),
    /// `T{…}`, or `{…}` inside another literal (no type).
    CompositeLit(CompositeLit),
    /// `Key: Value`, only as an element of a composite literal.
    KeyValue {
        key: Box<Expr>,
        value: Box<Expr>,
    },
    FuncLit(Box<FuncLit>),
    /// `(x)`. Kept around values; around types in type position it is dropped.
    Paren(Box<Expr>),
    /// `x.sel`, `pkg.Name`
    Selector {
        x: Box<Expr>,
        sel: Ident,
    },
    /// `x[i]`, or an instantiation `x[T1, T2]`: at least one index.
    Index {
        x: Box<Expr>,
        indices: Vec<Expr>,
    },
    Slice(Box<SliceExpr>),
    /// `x.(T)`; outside of a type switch's head, `x.(type)` is one whose type is [`ExprKind::Bad`].
    TypeAssert {
        x: Box<Expr>,
        ty: Box<Expr>,
    },
    Call(CallExpr),
    /// Includes `*T` as a type and `~T` in constraints.
    Unary {
        op: UnaryOp,
        x: Box<Expr>,
    },
    /// Includes `A | B` in constraints.
    Binary {
        op: BinaryOp,
        x: Box<Expr>,
        y: Box<Expr>,
    },

    /// `[len]elem`; no length means `[...]elem`.
    ArrayType {
        len: Option<Box<Expr>>,
        elem: Box<Expr>,
    },
    SliceType(Box<Expr>),
    StructType(StructType),
    FuncType(Box<FuncType>),
    InterfaceType(InterfaceType),
    MapType {
        key: Box<Expr>,
        value: Box<Expr>,
    },
    ChanType {
        dir: ChanDir,
        elem: Box<Expr>,
    },
    /// `...T`, only as the type of a last parameter.
    Ellipsis(Box<Expr>),
}

impl Expr {
    /// The position of the leftmost token, as Go's checker uses it for most errors. A slice expression counts from its
    /// `[` there, and so it does here.
    pub fn start_pos(&self) -> Pos {
        match &self.kind {
            ExprKind::CompositeLit(lit) => lit.ty.as_ref().map_or(self.pos, |ty| ty.start_pos()),
            ExprKind::KeyValue { key: x, .. }
            | ExprKind::Selector { x, .. }
            | ExprKind::Index { x, .. }
            | ExprKind::TypeAssert { x, .. }
            | ExprKind::Binary { x, .. } => x.start_pos(),
            ExprKind::Call(call) => call.fun.start_pos(),
            ExprKind::FuncType(ty) => ty.pos,
            _ => self.pos,
        }
    }

    /// The expression without the parentheses around it.
    pub fn unparen(&self) -> &Expr {
        let mut x = self;
        while let ExprKind::Paren(inner) = &x.kind {
            x = inner;
        }
        x
    }

    /// The identifier that this expression is.
    pub fn as_ident(&self) -> Option<Ident> {
        match self.kind {
            ExprKind::Name(name) => Some(Ident {
                id: self.id,
                name,
                pos: self.pos,
            }),
            _ => None,
        }
    }
}

/// A basic literal with its source text; the value is the checker's business.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lit {
    pub kind: LitKind,
    /// As written: quotes, prefixes and underscores included.
    pub text: Symbol,
    pub pos: Pos,
}

impl Lit {
    pub fn span(self) -> Span {
        Span::new(self.pos, self.pos.offset(self.text.as_str().len() as u32))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum LitKind {
    Int,
    Float,
    Imag,
    Rune,
    String,
}

#[derive(Debug)]
pub struct CompositeLit {
    pub ty: Option<Box<Expr>>,
    /// Each a value, a [`ExprKind::KeyValue`], or a literal without a type.
    pub elems: Vec<Expr>,
    pub rbrace: Pos,
}

#[derive(Debug)]
pub struct FuncLit {
    pub ty: FuncType,
    pub body: Block,
}

#[derive(Debug)]
pub struct SliceExpr {
    pub x: Expr,
    /// `x[lo : hi : max]`
    pub lo: Option<Expr>,
    pub hi: Option<Expr>,
    pub max: Option<Expr>,
    /// Two colons.
    pub is_full: bool,
}

#[derive(Debug)]
pub struct CallExpr {
    pub fun: Box<Expr>,
    /// Values, and types for conversions and built-in functions.
    pub args: Vec<Expr>,
    /// The last argument is followed by `...`.
    pub has_dots: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum UnaryOp {
    /// `+`
    Plus,
    /// `-`
    Neg,
    /// `!`
    Not,
    /// `^`
    BitNot,
    /// `*`: dereference, or a pointer type
    Deref,
    /// `&`
    Addr,
    /// `<-`
    Recv,
    /// `~`, only in constraints
    Tilde,
}

impl UnaryOp {
    pub fn as_str(self) -> &'static str {
        match self {
            UnaryOp::Plus => "+",
            UnaryOp::Neg => "-",
            UnaryOp::Not => "!",
            UnaryOp::BitNot => "^",
            UnaryOp::Deref => "*",
            UnaryOp::Addr => "&",
            UnaryOp::Recv => "<-",
            UnaryOp::Tilde => "~",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BinaryOp {
    LogOr,
    LogAnd,
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    Add,
    Sub,
    /// `|`
    Or,
    /// `^`
    Xor,
    Mul,
    Div,
    Rem,
    And,
    AndNot,
    Shl,
    Shr,
}

impl BinaryOp {
    pub fn as_str(self) -> &'static str {
        match self {
            BinaryOp::LogOr => "||",
            BinaryOp::LogAnd => "&&",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Or => "|",
            BinaryOp::Xor => "^",
            BinaryOp::Mul => "*",
            BinaryOp::Div => "/",
            BinaryOp::Rem => "%",
            BinaryOp::And => "&",
            BinaryOp::AndNot => "&^",
            BinaryOp::Shl => "<<",
            BinaryOp::Shr => ">>",
        }
    }

    /// 1 (`||`) to 5 (`*`); higher binds tighter.
    pub fn precedence(self) -> u8 {
        use BinaryOp::*;
        match self {
            LogOr => 1,
            LogAnd => 2,
            Eq | Ne | Lt | Le | Gt | Ge => 3,
            Add | Sub | Or | Xor => 4,
            Mul | Div | Rem | And | AndNot | Shl | Shr => 5,
        }
    }

    pub fn is_comparison(self) -> bool {
        self.precedence() == 3
    }

    pub fn is_shift(self) -> bool {
        matches!(self, BinaryOp::Shl | BinaryOp::Shr)
    }
}

#[derive(Debug)]
pub struct StructType {
    pub fields: Vec<Field>,
}

/// Names that share a type: struct fields, parameters, results, type parameters, a receiver.
#[derive(Debug)]
pub struct Field {
    pub span: Span,
    /// Empty for embedded fields and unnamed parameters.
    pub names: Vec<Ident>,
    /// For type parameters the constraint; for a variadic parameter an [`ExprKind::Ellipsis`].
    pub ty: Expr,
    /// Only for struct fields.
    pub tag: Option<Lit>,
}

impl Field {
    /// True of a struct field without a name of its own.
    pub fn is_embedded(&self) -> bool {
        self.names.is_empty()
    }
}

#[derive(Debug)]
pub struct FuncType {
    /// Where Go reports the signature: the `(` of the parameters (or the `[` of the type parameters before it).
    pub pos: Pos,
    pub span: Span,
    pub params: Vec<Field>,
    pub results: Vec<Field>,
}

impl FuncType {
    pub fn is_variadic(&self) -> bool {
        matches!(
            self.params.last(),
            Some(Field {
                ty: Expr {
                    kind: ExprKind::Ellipsis(_),
                    ..
                },
                ..
            })
        )
    }
}

#[derive(Debug)]
pub struct InterfaceType {
    pub elems: Vec<InterfaceElem>,
}

#[derive(Debug)]
pub enum InterfaceElem {
    Method {
        name: Ident,
        ty: FuncType,
    },
    /// An embedded interface, or a union of terms: `A`, `~int | string`.
    Embedded(Expr),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ChanDir {
    Both,
    SendOnly,
    RecvOnly,
}

// ---------------------------------------------------------------------------------------------------------------------
// Statements

#[derive(Debug)]
pub struct Block {
    pub lbrace: Pos,
    pub stmts: Vec<Stmt>,
    /// The position of the `}`: where a missing return is reported.
    pub rbrace: Pos,
}

impl Block {
    pub fn span(&self) -> Span {
        Span::new(self.lbrace, self.rbrace.offset(1))
    }
}

#[derive(Debug)]
pub struct Stmt {
    /// Where Go reports this statement: its keyword or operator.
    pub pos: Pos,
    pub span: Span,
    pub kind: StmtKind,
}

#[derive(Debug)]
pub enum StmtKind {
    /// Stands where a statement could not be parsed.
    Bad,
    /// Only as the statement of a label.
    Empty,
    Labeled {
        label: Ident,
        stmt: Box<Stmt>,
    },
    Block(Block),
    Expr(Box<Expr>),
    Send {
        chan: Box<Expr>,
        value: Box<Expr>,
    },
    IncDec {
        x: Box<Expr>,
        is_inc: bool,
    },
    /// `a, b = x, y`
    Assign {
        lhs: Vec<Expr>,
        rhs: Vec<Expr>,
    },
    /// `x op= y`
    OpAssign {
        op: BinaryOp,
        lhs: Box<Expr>,
        rhs: Box<Expr>,
    },
    /// `a, b := x, y`; the left side should be names, the checker says so if it is not.
    Define {
        lhs: Vec<Expr>,
        rhs: Vec<Expr>,
    },
    /// A const, type or var declaration.
    Decl(Box<Decl>),
    Branch {
        kind: BranchKind,
        label: Option<Ident>,
    },
    /// The operand must be a call; the checker says so if it is not.
    Go(Box<Expr>),
    Defer(Box<Expr>),
    Return(Vec<Expr>),
    If(Box<IfStmt>),
    For(Box<ForStmt>),
    Range(Box<RangeStmt>),
    Switch(Box<SwitchStmt>),
    TypeSwitch(Box<TypeSwitchStmt>),
    Select(Box<SelectStmt>),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum BranchKind {
    Break,
    Continue,
    Goto,
    Fallthrough,
}

#[derive(Debug)]
pub struct IfStmt {
    pub init: Option<Stmt>,
    pub cond: Expr,
    pub then: Block,
    /// A block or another if.
    pub els: Option<Stmt>,
}

#[derive(Debug)]
pub struct ForStmt {
    pub init: Option<Stmt>,
    pub cond: Option<Expr>,
    pub post: Option<Stmt>,
    pub body: Block,
}

/// `for lhs = range x`, `for lhs := range x`, `for range x`.
#[derive(Debug)]
pub struct RangeStmt {
    /// The position of `range`.
    pub range_pos: Pos,
    /// The parser accepts any number; the checker allows at most two.
    pub lhs: Vec<Expr>,
    pub is_define: bool,
    pub x: Expr,
    pub body: Block,
}

#[derive(Debug)]
pub struct SwitchStmt {
    pub init: Option<Stmt>,
    pub tag: Option<Expr>,
    pub body: Vec<CaseClause>,
    pub rbrace: Pos,
}

/// `switch init; bind := x.(type) { … }`
#[derive(Debug)]
pub struct TypeSwitchStmt {
    pub init: Option<Stmt>,
    pub bind: Option<Ident>,
    pub x: Expr,
    /// The position of the `.` of `.(type)`.
    pub guard_pos: Pos,
    pub body: Vec<CaseClause>,
    pub rbrace: Pos,
}

#[derive(Debug)]
pub struct CaseClause {
    /// For what the checker records per clause: its scope, the variable of a type switch.
    pub id: ExprId,
    /// The position of `case` or `default`.
    pub pos: Pos,
    pub is_default: bool,
    /// Values, or types and `nil` in a type switch.
    pub exprs: Vec<Expr>,
    pub colon: Pos,
    pub body: Vec<Stmt>,
    pub span: Span,
}

#[derive(Debug)]
pub struct SelectStmt {
    pub body: Vec<CommClause>,
    pub rbrace: Pos,
}

#[derive(Debug)]
pub struct CommClause {
    pub id: ExprId,
    pub pos: Pos,
    /// A send, a receive as an expression, or an assignment or definition from one; `None` for default. The parser accepts
    /// every simple statement, the checker narrows it.
    pub comm: Option<Stmt>,
    pub colon: Pos,
    pub body: Vec<Stmt>,
    pub span: Span,
}

const _: () = assert!(size_of::<Expr>() <= 64);
