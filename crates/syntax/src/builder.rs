//! What the grammar's actions do: make nodes, give them ids, and report what the grammar reads too loosely.
//!
//! Nobody outside of the parser sees this module.
#![allow(
    clippy::boxed_local,
    clippy::vec_box,
    reason = "what the parser's stack holds is boxed, so that its entries are small"
)]

use mini_diagnostics::{Code, Diagnostic, Diagnostics, Pos, SourceFile, Span};

use crate::Symbol;
use crate::ast::*;
use crate::branches;
use crate::lexer::code_point;
use crate::literal;
use crate::print;
use crate::token::{Kind, Tok, Token};
use crate::unread::Head;

/// What a token list was parsed into; which, its first token says.
pub(crate) enum Parsed {
    File(Ident, Vec<Decl>),
    Decls(Vec<Decl>),
    Body(Block),
}

/// A list of declarations under one keyword, before its pragmas are known.
pub(crate) struct Group<Spec> {
    pub(crate) span: Span,
    pub(crate) is_group: bool,
    pub(crate) specs: Vec<Spec>,
}

impl<Spec> Group<Box<Spec>> {
    pub(crate) fn into_decl(self) -> GenDecl<Spec> {
        GenDecl {
            span: self.span,
            is_group: self.is_group,
            specs: unbox(self.specs),
            pragmas: Vec::new(),
        }
    }
}

/// One entry of a parameter list. A bare name is a type here; the whole list says whether it is a name.
pub(crate) struct Param {
    pub(crate) name: Option<Ident>,
    pub(crate) ty: Box<Expr>,
}

/// A parameter list and where its brackets are.
pub(crate) struct Params {
    pub(crate) list: Vec<Param>,
    pub(crate) close: Pos,
}

/// `[lo : hi : max]`
pub(crate) struct Subscripts {
    pub(crate) lbrack: Pos,
    pub(crate) lo: Option<Box<Expr>>,
    pub(crate) hi: Option<Box<Expr>>,
    pub(crate) max: Option<Box<Expr>>,
    pub(crate) second_colon: Option<Pos>,
    pub(crate) end: Pos,
}

pub(crate) struct Builder<'b> {
    source: &'b SourceFile,
    /// What is being parsed.
    tokens: &'b [Token],
    ids: &'b mut NodeIds,
    diagnostics: &'b mut Diagnostics,
    /// Function bodies that begin before this have mistakes, so their jumps are not checked.
    checked_from: Pos,
    /// The first `{` that stands after something that is no literal type.
    stray_brace: Option<Pos>,
}

/// What kind of list parameters form; the rules differ.
#[derive(Clone, Copy, PartialEq, Eq)]
enum ListKind {
    /// Names or no names; `...` before the last type.
    Params,
    /// Names or no names.
    ResultsOrReceiver,
    /// Names, with constraints.
    TypeParams,
}

impl<'b> Builder<'b> {
    pub(crate) fn new(
        source: &'b SourceFile,
        tokens: &'b [Token],
        checked_from: Pos,
        ids: &'b mut NodeIds,
        diagnostics: &'b mut Diagnostics,
    ) -> Builder<'b> {
        Builder {
            source,
            tokens,
            checked_from,
            ids,
            diagnostics,
            stray_brace: None,
        }
    }

    /// The position of a `{` that the grammar took for the beginning of a literal, and that should not be there.
    pub(crate) fn stray_brace(&self) -> Option<Pos> {
        self.stray_brace
    }

    /// Where the first token at or behind `pos` begins.
    fn token_from(&self, pos: Pos) -> Pos {
        let index = self.tokens.partition_point(|token| token.pos() < pos);
        self.tokens.get(index).map_or(pos, Token::pos)
    }

    fn syntax_error(&mut self, pos: Pos, message: impl std::fmt::Display) {
        self.error(pos, format!("syntax error: {message}"));
    }

    fn error(&mut self, pos: Pos, message: impl Into<String>) {
        self.diagnostics
            .push(Diagnostic::error(Code::Syntax, pos.span(), message));
    }

    // Names and literals

    pub(crate) fn ident(&mut self, tok: Tok, pos: Pos) -> Ident {
        Ident {
            id: self.ids.fresh(),
            name: tok.text,
            pos,
        }
    }

    /// The name of `import . "path"`.
    pub(crate) fn dot(&mut self, pos: Pos) -> Ident {
        Ident {
            id: self.ids.fresh(),
            name: Symbol::intern("."),
            pos,
        }
    }

    pub(crate) fn name(&mut self, ident: Ident) -> Box<Expr> {
        let kind = ExprKind::Name(ident.name);
        Box::new(Expr {
            id: ident.id,
            pos: ident.pos,
            span: ident.span(),
            kind,
        })
    }

    pub(crate) fn literal(&mut self, tok: Tok, l: Pos, r: Pos) -> Box<Expr> {
        self.expr(l, l, r, ExprKind::Lit(lit(tok, l)))
    }

    // Expressions

    pub(crate) fn expr(&mut self, pos: Pos, l: Pos, r: Pos, kind: ExprKind) -> Box<Expr> {
        Box::new(Expr {
            id: self.ids.fresh(),
            pos,
            span: Span::new(l, r),
            kind,
        })
    }

    pub(crate) fn unary(&mut self, op: UnaryOp, x: Box<Expr>, l: Pos, r: Pos) -> Box<Expr> {
        self.expr(l, l, r, ExprKind::Unary { op, x })
    }

    /// A unary operator that is a binary one, too.
    pub(crate) fn signed(&mut self, op: BinaryOp, x: Box<Expr>, l: Pos, r: Pos) -> Box<Expr> {
        let op = match op {
            BinaryOp::Add => UnaryOp::Plus,
            BinaryOp::Sub => UnaryOp::Neg,
            BinaryOp::Xor => UnaryOp::BitNot,
            _ => {
                // As in Go, `&(T{})` is `&T{}` from here on.
                let x = match x.kind {
                    ExprKind::Paren(inner) => strip_parens(inner),
                    _ => x,
                };
                return self.unary(UnaryOp::Addr, x, l, r);
            }
        };
        self.unary(op, x, l, r)
    }

    /// Adds `op y` to the expression `x`, which was read before: below those operators at the right edge of `x` that
    /// bind less tightly. Parenthesised operands are nodes of their own, so the edge ends there; and precedences
    /// rise along it, so it is at most five long.
    pub(crate) fn binary(
        &mut self,
        op: BinaryOp,
        mut x: Box<Expr>,
        y: Box<Expr>,
        pos: Pos,
        l: Pos,
        r: Pos,
    ) -> Box<Expr> {
        if let ExprKind::Binary {
            op: outer,
            y: right,
            ..
        } = &mut x.kind
            && outer.precedence() < op.precedence()
        {
            let start = right.span.start;
            let operand = std::mem::replace(&mut **right, bad(start));
            **right = *self.binary(op, Box::new(operand), y, pos, start, r);
            x.span.end = r;
            return x;
        }
        self.expr(pos, l, r, ExprKind::Binary { op, x, y })
    }

    pub(crate) fn index(
        &mut self,
        x: Box<Expr>,
        args: (Pos, Vec<Expr>),
        l: Pos,
        r: Pos,
    ) -> Box<Expr> {
        let (pos, indices) = args;
        for type_arg in indices.iter().skip(1) {
            self.check_begins_type(type_arg, "]");
        }
        self.expr(pos, l, r, ExprKind::Index { x, indices })
    }

    /// `x[T]` where only a type may stand.
    pub(crate) fn instantiated(
        &mut self,
        x: Box<Expr>,
        args: (Pos, Vec<Expr>),
        l: Pos,
        r: Pos,
    ) -> Box<Expr> {
        if let Some(first) = args.1.first() {
            self.check_begins_type(first, "type");
        }
        self.index(x, args, l, r)
    }

    /// Reports an expression whose first token begins no type.
    fn check_begins_type(&mut self, x: &Expr, expected: &str) {
        let start = x.span.start;
        let index = self.tokens.partition_point(|token| token.pos() < start);
        if let Some(token) = self.tokens.get(index)
            && matches!(
                token.tok.kind,
                Kind::Literal | Kind::AddOp | Kind::Not | Kind::Tilde
            )
        {
            let message = format!("unexpected {}, expected {expected}", token.tok);
            self.syntax_error(start, message);
        }
    }

    pub(crate) fn slice(&mut self, x: Box<Expr>, s: Subscripts, l: Pos, r: Pos) -> Box<Expr> {
        if let Some(colon) = s.second_colon {
            if s.hi.is_none() {
                self.error(colon, "middle index required in 3-index slice");
            }
            if s.max.is_none() {
                self.error(s.end, "final index required in 3-index slice");
            }
        }
        let slice = SliceExpr {
            x: *x,
            lo: s.lo.map(|lo| *lo),
            hi: s.hi.map(|hi| *hi),
            max: s.max.map(|max| *max),
            is_full: s.second_colon.is_some(),
        };
        self.expr(s.lbrack, l, r, ExprKind::Slice(Box::new(slice)))
    }

    pub(crate) fn call(
        &mut self,
        fun: Box<Expr>,
        (args, has_dots): (Vec<Expr>, bool),
        pos: Pos,
        l: Pos,
        r: Pos,
    ) -> Box<Expr> {
        self.expr(
            pos,
            l,
            r,
            ExprKind::Call(CallExpr {
                fun,
                args,
                has_dots,
            }),
        )
    }

    /// `x.(type)`: a type assertion without a type, until a switch claims it.
    pub(crate) fn type_switch_guard(
        &mut self,
        x: Box<Expr>,
        pos: Pos,
        l: Pos,
        r: Pos,
    ) -> Box<Expr> {
        let ty = Box::new(bad(pos));
        self.expr(pos, l, r, ExprKind::TypeAssert { x, ty })
    }

    pub(crate) fn composite_lit(
        &mut self,
        ty: Box<Expr>,
        (elems, rbrace): (Vec<Box<Expr>>, Pos),
        pos: Pos,
        l: Pos,
    ) -> Box<Expr> {
        match &ty.kind {
            ExprKind::Paren(_) if may_be_literal_type(ty.unparen()) => {
                self.syntax_error(pos, "cannot parenthesize type in composite literal");
            }
            _ if may_be_literal_type(&ty) => {}
            _ => self.stray_brace = self.stray_brace.or(Some(pos)),
        }
        let lit = CompositeLit {
            ty: Some(ty),
            elems: unbox(elems),
            rbrace,
        };
        self.expr(pos, l, rbrace.offset(1), ExprKind::CompositeLit(lit))
    }

    /// A literal inside another one, without its type.
    pub(crate) fn bare_literal(
        &mut self,
        (elems, rbrace): (Vec<Box<Expr>>, Pos),
        l: Pos,
    ) -> Box<Expr> {
        let lit = CompositeLit {
            ty: None,
            elems: unbox(elems),
            rbrace,
        };
        self.expr(l, l, rbrace.offset(1), ExprKind::CompositeLit(lit))
    }

    pub(crate) fn func_lit(&mut self, ty: Box<FuncType>, body: Block, l: Pos, r: Pos) -> Box<Expr> {
        self.check_branches(&body);
        self.expr(
            l,
            l,
            r,
            ExprKind::FuncLit(Box::new(FuncLit { ty: *ty, body })),
        )
    }

    fn check_branches(&mut self, body: &Block) {
        if body.lbrace >= self.checked_from {
            branches::check(body, self.source, self.diagnostics);
        }
    }

    // Types

    /// `package.Name`
    pub(crate) fn qualified(
        &mut self,
        package: Ident,
        dot: Pos,
        sel: Ident,
        l: Pos,
        r: Pos,
    ) -> Box<Expr> {
        let x = self.name(package);
        self.expr(dot, l, r, ExprKind::Selector { x, sel })
    }

    /// `<-` before a channel type in the place of a value: the arrow belongs to the leftmost `chan`, and pushes the arrows
    /// of `chan<-` one channel inwards.
    pub(crate) fn receive_chan_type(&mut self, mut x: Box<Expr>, l: Pos, r: Pos) -> Box<Expr> {
        if let Err(found) = reverse_arrows(&mut x) {
            self.syntax_error(
                self.token_from(r),
                format!("unexpected {found}, expected chan"),
            );
        }
        x.span = Span::new(l, r);
        x
    }

    pub(crate) fn struct_type(&mut self, fields: Vec<Box<Field>>, l: Pos, r: Pos) -> Box<Expr> {
        self.expr(
            l,
            l,
            r,
            ExprKind::StructType(StructType {
                fields: unbox(fields),
            }),
        )
    }

    pub(crate) fn interface_type(
        &mut self,
        elems: Vec<Box<InterfaceElem>>,
        l: Pos,
        r: Pos,
    ) -> Box<Expr> {
        self.expr(
            l,
            l,
            r,
            ExprKind::InterfaceType(InterfaceType {
                elems: unbox(elems),
            }),
        )
    }

    pub(crate) fn field(
        &mut self,
        l: Pos,
        r: Pos,
        names: Vec<Ident>,
        ty: Box<Expr>,
        tag: Option<Tok>,
    ) -> Box<Field> {
        let tag = tag.map(|tok| lit(tok, Pos(r.0 - tok.text.as_str().len() as u32)));
        Box::new(Field {
            span: Span::new(l, r),
            names,
            ty: *ty,
            tag,
        })
    }

    /// A result that is only a type.
    pub(crate) fn unnamed(&mut self, ty: Box<Expr>) -> Field {
        Field {
            span: ty.span,
            names: Vec::new(),
            ty: *ty,
            tag: None,
        }
    }

    pub(crate) fn signature(
        &mut self,
        params: Params,
        results: Vec<Field>,
        l: Pos,
        r: Pos,
    ) -> Box<FuncType> {
        let params = self.fields(params, ListKind::Params);
        Box::new(FuncType {
            pos: l,
            span: Span::new(l, r),
            params,
            results,
        })
    }

    pub(crate) fn no_type_params(&mut self, pos: Pos) {
        self.syntax_error(pos, "function type must have no type parameters");
    }

    /// `...` without a type behind it.
    pub(crate) fn missing_variadic(&mut self, end: Pos) -> Box<Expr> {
        self.syntax_error(self.token_from(end), "... is missing type");
        Box::new(bad(end))
    }

    pub(crate) fn results(&mut self, params: Params) -> Vec<Field> {
        self.fields(params, ListKind::ResultsOrReceiver)
    }

    pub(crate) fn type_params(&mut self, params: Params) -> Vec<Field> {
        self.fields(params, ListKind::TypeParams)
    }

    /// Decides which entries of a parameter list are names, and groups names with the type behind them.
    ///
    /// Either no entry has a name, or all have: then a bare name takes the type of the next entry that has one.
    fn fields(&mut self, params: Params, kind: ListKind) -> Vec<Field> {
        let Params { list, close } = params;
        let has_names = list.iter().any(|param| param.name.is_some());
        if !has_names && kind != ListKind::TypeParams {
            let types = list.into_iter().map(|param| param.ty);
            let mut fields: Vec<Field> = types.map(|ty| self.unnamed(ty)).collect();
            self.check_dots(&mut fields, kind);
            return fields;
        }

        let n_entries = list.len();
        let mut fields: Vec<Field> = Vec::new();
        let mut names: Vec<Ident> = Vec::new();
        let mut nameless = None;
        for Param { name, ty } in list {
            match (name, ty.as_ident()) {
                (None, Some(bare)) => {
                    names.push(bare);
                    continue;
                }
                (Some(name), _) => names.push(name),
                (None, None) => {
                    nameless = nameless.or(Some(ty.start_pos()));
                    let blank = Ident {
                        id: self.ids.fresh(),
                        name: Symbol::intern("_"),
                        pos: ty.start_pos(),
                    };
                    names.push(blank);
                }
            }
            let span = Span::new(names[0].pos, ty.span.end);
            fields.push(Field {
                span,
                names: std::mem::take(&mut names),
                ty: *ty,
                tag: None,
            });
        }

        if let Some(pos) = nameless {
            self.syntax_error(
                pos,
                match kind {
                    ListKind::TypeParams if n_entries == 1 => {
                        "missing type parameter name or invalid array length"
                    }
                    ListKind::TypeParams => "missing type parameter name",
                    _ => "missing parameter name",
                },
            );
        } else if let Some(first) = names.first() {
            // Names at the end, without a type.
            let span = Span::new(first.pos, close);
            let ty = bad(first.pos);
            fields.push(Field {
                span,
                names,
                ty,
                tag: None,
            });
            self.syntax_error(
                close,
                match kind {
                    ListKind::TypeParams => "missing type constraint",
                    _ => "missing parameter type",
                },
            );
        }
        self.check_dots(&mut fields, kind);
        fields
    }

    /// Only the last parameter may have `...`; where it may not stand, it is reported once and dropped.
    fn check_dots(&mut self, fields: &mut [Field], kind: ListKind) {
        let n = fields.len();
        let may_have_dots = kind == ListKind::Params;
        let mut is_first = true;
        for (i, field) in fields.iter_mut().enumerate() {
            let is_last = i + 1 == n && field.names.len() <= 1;
            if may_have_dots && is_last || !matches!(field.ty.kind, ExprKind::Ellipsis(_)) {
                continue;
            }
            let pos = field.ty.pos;
            if let ExprKind::Ellipsis(elem) = std::mem::replace(&mut field.ty.kind, ExprKind::Bad) {
                field.ty = *elem;
            }
            if std::mem::take(&mut is_first) {
                let message = match may_have_dots {
                    true => "can only use ... with final parameter",
                    false => "invalid use of ...",
                };
                self.error(pos, message);
            }
        }
    }

    // Declarations

    pub(crate) fn import_spec(
        &mut self,
        name: Option<Ident>,
        path: Tok,
        l: Pos,
        r: Pos,
    ) -> Box<ImportSpec> {
        let path = lit(path, Pos(r.0 - path.text.as_str().len() as u32));
        if path.kind != LitKind::String {
            self.syntax_error(path.pos, "import path must be a string");
        } else if let Some(reason) = wrong_import_path(path.text.as_str()) {
            let message = format!("invalid import path ({reason})");
            self.diagnostics
                .push(Diagnostic::error(Code::BadImportPath, path.span(), message));
        }
        Box::new(ImportSpec {
            span: Span::new(l, r),
            name,
            path,
        })
    }

    pub(crate) fn func_decl(
        &mut self,
        span: Span,
        recv: Option<Params>,
        name: Ident,
        type_params: Option<Vec<Field>>,
        ty: Box<FuncType>,
        body: Option<Body>,
    ) -> Box<Decl> {
        if let Some(block) = body.as_ref().and_then(Body::block) {
            self.check_branches(block);
        }
        let recv = recv.and_then(|recv| self.receiver(recv, name.pos));
        Box::new(Decl::Func(Box::new(FuncDecl {
            span,
            recv,
            name,
            type_params: type_params.unwrap_or_default(),
            ty: *ty,
            body,
            pragmas: Vec::new(),
        })))
    }

    pub(crate) fn unread_func(&mut self, span: Span) -> Box<Decl> {
        let head = Head::of(self.source.text_of(span)).expect("the lexer found a head");
        let name = Ident {
            id: self.ids.fresh(),
            name: Symbol::intern(head.name),
            pos: span.start.offset(head.name_at as u32),
        };
        let receiver = head.receiver.map(|(base, is_pointer)| Receiver {
            base: Some(Symbol::intern(base)),
            is_pointer,
        });
        Box::new(Decl::UnreadFunc(Box::new(UnreadFunc::new(
            span, name, receiver,
        ))))
    }

    fn receiver(&mut self, recv: Params, next: Pos) -> Option<Field> {
        let fields = self.fields(recv, ListKind::ResultsOrReceiver);
        let n_receivers: usize = fields.iter().map(|field| field.names.len().max(1)).sum();
        match n_receivers {
            0 => self.error(next, "method has no receiver"),
            1 => {}
            _ => self.error(next, "method has multiple receivers"),
        }
        fields.into_iter().next()
    }

    // Statements

    pub(crate) fn stmt(&mut self, pos: Pos, l: Pos, r: Pos, kind: StmtKind) -> Box<Stmt> {
        Box::new(Stmt {
            pos,
            span: Span::new(l, r),
            kind,
        })
    }

    pub(crate) fn expr_stmt(&mut self, x: Box<Expr>, l: Pos, r: Pos) -> Box<Stmt> {
        self.stmt(x.pos, l, r, StmtKind::Expr(x))
    }

    pub(crate) fn labeled(
        &mut self,
        label: Ident,
        stmt: Option<Box<Stmt>>,
        colon: Pos,
        l: Pos,
        end: Pos,
        r: Pos,
    ) -> Box<Stmt> {
        let stmt = stmt.unwrap_or_else(|| self.stmt(end, end, end, StmtKind::Empty));
        self.stmt(colon, l, r, StmtKind::Labeled { label, stmt })
    }

    pub(crate) fn branch(
        &mut self,
        kind: BranchKind,
        label: Option<Ident>,
        l: Pos,
        r: Pos,
    ) -> Box<Stmt> {
        self.stmt(l, l, r, StmtKind::Branch { kind, label })
    }

    /// The operand of `go` and `defer`: without operators, and without parentheses around it.
    pub(crate) fn deferred(&mut self, keyword: &str, call: Box<Expr>) -> Box<Expr> {
        let mut first = &call;
        let mut operator = None;
        while let ExprKind::Binary { op, x, .. } = &first.kind {
            operator = Some((op.as_str(), first.pos));
            first = x;
        }
        let is_receive_type = |dir: &ChanDir| *dir == ChanDir::RecvOnly;
        match (&first.kind, operator) {
            (ExprKind::Unary { op, .. }, _) => {
                let message = format!("unexpected {}, expected expression", op.as_str());
                self.syntax_error(first.span.start, message);
            }
            (ExprKind::ChanType { dir, .. }, _) if is_receive_type(dir) => {
                self.syntax_error(first.span.start, "unexpected <-, expected expression");
            }
            (_, Some((op, pos))) => {
                self.syntax_error(pos, format!("unexpected {op} at end of statement"));
            }
            _ => {}
        }
        match call.kind {
            ExprKind::Paren(inner) => {
                self.error(
                    call.pos,
                    format!("expression in {keyword} must not be parenthesized"),
                );
                strip_parens(inner)
            }
            _ => call,
        }
    }

    pub(crate) fn if_stmt(
        &mut self,
        init: Option<Box<Stmt>>,
        cond: Box<Stmt>,
        then: Block,
        els: Option<Box<Stmt>>,
        l: Pos,
        r: Pos,
    ) -> Box<Stmt> {
        let (init, els) = (init.map(|init| *init), els.map(|els| *els));
        let cond = self.header_value(cond);
        self.stmt(
            l,
            l,
            r,
            StmtKind::If(Box::new(IfStmt {
                init,
                cond,
                then,
                els,
            })),
        )
    }

    pub(crate) fn for_stmt(
        &mut self,
        init: Option<Box<Stmt>>,
        cond: Option<Box<Stmt>>,
        post: Option<Box<Stmt>>,
        body: Block,
        l: Pos,
        r: Pos,
    ) -> Box<Stmt> {
        if let Some(post) = &post
            && let StmtKind::Define { .. } = post.kind
        {
            self.syntax_error(post.pos, "cannot declare in post statement of for loop");
        }
        let (init, post) = (init.map(|init| *init), post.map(|post| *post));
        let cond = cond.map(|cond| self.header_value(cond));
        self.stmt(
            l,
            l,
            r,
            StmtKind::For(Box::new(ForStmt {
                init,
                cond,
                post,
                body,
            })),
        )
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "one for each part of the production"
    )]
    pub(crate) fn range_stmt(
        &mut self,
        lhs: Vec<Expr>,
        is_define: bool,
        x: Box<Expr>,
        body: Block,
        range_pos: Pos,
        l: Pos,
        r: Pos,
    ) -> Box<Stmt> {
        let range = RangeStmt {
            range_pos,
            lhs,
            is_define,
            x: *x,
            body,
        };
        self.stmt(l, l, r, StmtKind::Range(Box::new(range)))
    }

    pub(crate) fn switch_stmt(
        &mut self,
        init: Option<Box<Stmt>>,
        tag: Option<Box<Stmt>>,
        (body, rbrace): (Vec<Box<CaseClause>>, Pos),
        l: Pos,
        r: Pos,
    ) -> Box<Stmt> {
        let (init, body) = (init.map(|init| *init), unbox(body));
        let kind = match tag.map(Self::claim_guard) {
            None => StmtKind::Switch(Box::new(SwitchStmt {
                init,
                tag: None,
                body,
                rbrace,
            })),
            Some(Tag::Value(tag)) => {
                let tag = Some(self.header_value(tag));
                StmtKind::Switch(Box::new(SwitchStmt {
                    init,
                    tag,
                    body,
                    rbrace,
                }))
            }
            Some(Tag::Type { bind, x, guard_pos }) => {
                let switch = TypeSwitchStmt {
                    init,
                    bind,
                    x,
                    guard_pos,
                    body,
                    rbrace,
                };
                StmtKind::TypeSwitch(Box::new(switch))
            }
        };
        self.stmt(l, l, r, kind)
    }

    /// `x.(type)` and `v := x.(type)` make a type switch.
    fn claim_guard(tag: Box<Stmt>) -> Tag {
        let (bind, guard) = match &tag.kind {
            StmtKind::Expr(x) => (None, &**x),
            StmtKind::Define { lhs, rhs } => match (lhs.as_slice(), rhs.as_slice()) {
                ([name], [x]) if name.as_ident().is_some() => (name.as_ident(), x),
                _ => return Tag::Value(tag),
            },
            _ => return Tag::Value(tag),
        };
        if !is_guard(guard) {
            return Tag::Value(tag);
        }
        let guard = match tag.kind {
            StmtKind::Expr(x) => *x,
            StmtKind::Define { mut rhs, .. } => rhs.swap_remove(0),
            _ => unreachable!("the two forms above"),
        };
        match guard.kind {
            ExprKind::TypeAssert { x, .. } => Tag::Type {
                bind,
                x: *x,
                guard_pos: guard.pos,
            },
            _ => unreachable!("guards are type assertions"),
        }
    }

    /// The condition of a statement, which is read as a statement.
    fn header_value(&mut self, stmt: Box<Stmt>) -> Expr {
        if let StmtKind::Expr(x) = stmt.kind {
            return *x;
        }
        let shown = match &stmt.kind {
            // The likeliest mistake is `=` for `==`; parentheses make the `=` stand out.
            StmtKind::Assign { lhs, rhs } => {
                let emphasized = |list: &[Expr]| match list {
                    [x] if matches!(x.kind, ExprKind::Binary { .. }) => format!("({x})"),
                    list => print::list(list),
                };
                format!("assignment {} = {}", emphasized(lhs), emphasized(rhs))
            }
            _ => print::simple_stmt(&stmt),
        };
        self.syntax_error(stmt.pos, format!("cannot use {shown} as value"));
        bad(stmt.pos)
    }

    pub(crate) fn case_clause(
        &mut self,
        is_default: bool,
        exprs: Vec<Expr>,
        body: Vec<Stmt>,
        pos: Pos,
        colon: Pos,
        end: Pos,
    ) -> Box<CaseClause> {
        let (id, span) = (self.ids.fresh(), Span::new(pos, end));
        Box::new(CaseClause {
            id,
            pos,
            is_default,
            exprs,
            colon,
            body,
            span,
        })
    }

    pub(crate) fn comm_clause(
        &mut self,
        comm: Option<Box<Stmt>>,
        body: Vec<Stmt>,
        pos: Pos,
        colon: Pos,
        end: Pos,
    ) -> Box<CommClause> {
        let (id, span) = (self.ids.fresh(), Span::new(pos, end));
        Box::new(CommClause {
            id,
            pos,
            comm: comm.map(|comm| *comm),
            colon,
            body,
            span,
        })
    }
}

/// What a switch switches over.
enum Tag {
    Value(Box<Stmt>),
    Type {
        bind: Option<Ident>,
        x: Expr,
        guard_pos: Pos,
    },
}

pub(crate) fn prepend(first: Box<Expr>, mut rest: Vec<Expr>) -> Vec<Expr> {
    rest.insert(0, *first);
    rest
}

/// The lists of a production are built of boxes, so that the parser's stack entries stay small.
fn unbox<T>(list: Vec<Box<T>>) -> Vec<T> {
    list.into_iter().map(|x| *x).collect()
}

fn lit(tok: Tok, pos: Pos) -> Lit {
    Lit {
        kind: tok.lit,
        text: tok.text,
        pos,
    }
}

/// Nobody sees its id: it stands only in trees that are thrown away because of an error, or in a guard's type.
fn bad(pos: Pos) -> Expr {
    Expr {
        id: ExprId(0),
        pos,
        span: pos.span(),
        kind: ExprKind::Bad,
    }
}

/// What is wrong with an import path; its form as a string is the lexer's business.
fn wrong_import_path(path: &str) -> Option<String> {
    let path = String::from_utf8(literal::string_value(path)?).ok()?;
    if path.is_empty() {
        return Some("empty string".into());
    }
    let is_wrong = |c: &char| {
        c.is_control() || c.is_whitespace() || "!\"#$%&'()*,:;<=>?[\\]^{|}`\u{fffd}".contains(*c)
    };
    path.chars()
        .find(is_wrong)
        .map(|c| format!("invalid character {}", code_point(c)))
}

/// Makes the channel type `ty` one to receive from, `<-ty`; says what stands where a `chan` is missing.
fn reverse_arrows(ty: &mut Expr) -> Result<(), String> {
    let ExprKind::ChanType { dir, elem } = &mut ty.kind else {
        return Err(ty.to_string());
    };
    match std::mem::replace(dir, ChanDir::RecvOnly) {
        ChanDir::Both => Ok(()),
        ChanDir::SendOnly => reverse_arrows(elem),
        ChanDir::RecvOnly => Err("<-".into()),
    }
}

fn strip_parens(mut x: Box<Expr>) -> Box<Expr> {
    while let ExprKind::Paren(inner) = x.kind {
        x = inner;
    }
    x
}

/// `x.(type)`
fn is_guard(x: &Expr) -> bool {
    matches!(&x.kind, ExprKind::TypeAssert { ty, .. } if matches!(ty.kind, ExprKind::Bad))
}

/// Whether `x {` may begin a composite literal.
fn may_be_literal_type(x: &Expr) -> bool {
    match &x.kind {
        ExprKind::Name(_)
        | ExprKind::Selector { .. }
        | ExprKind::ArrayType { .. }
        | ExprKind::SliceType(_)
        | ExprKind::StructType(_)
        | ExprKind::MapType { .. } => true,
        ExprKind::Index { .. } => !is_value(x),
        _ => false,
    }
}

/// Whether `x` can only be a value, judged by its form.
fn is_value(x: &Expr) -> bool {
    match &x.kind {
        ExprKind::Lit(_)
        | ExprKind::CompositeLit(_)
        | ExprKind::FuncLit(_)
        | ExprKind::Slice(_)
        | ExprKind::TypeAssert { .. }
        | ExprKind::Call(_)
        | ExprKind::Binary { .. } => true,
        ExprKind::Unary { op, .. } => *op != UnaryOp::Deref,
        ExprKind::Paren(x) => is_value(x),
        ExprKind::Index { x, indices } => {
            is_value(x) || matches!(indices.as_slice(), [index] if is_value(index))
        }
        _ => false,
    }
}
