//! The tree as text, for `--emit=ast` and for tests: one line a declaration or statement, indented; expressions in
//! prefix form, so that their structure shows (`a + b*c` is `(+ a (* b c))`). Types are shown as they are written.

use std::fmt::{self, Write};

use crate::ast::*;
use crate::print;

/// The tree of a file.
pub fn dump(file: &File) -> String {
    let mut dumper = Dumper {
        out: String::new(),
        indent: 0,
    };
    dumper.line(format_args!("package {}", file.package.name));
    for decl in &file.decls {
        dumper.decl(decl);
    }
    dumper.out
}

struct Dumper {
    out: String,
    indent: usize,
}

impl Dumper {
    fn line(&mut self, text: impl fmt::Display) {
        let _ = writeln!(self.out, "{:1$}{text}", "", self.indent * 2);
    }

    fn nested(&mut self, inner: impl FnOnce(&mut Dumper)) {
        self.indent += 1;
        inner(self);
        self.indent -= 1;
    }

    fn decl(&mut self, decl: &Decl) {
        match decl {
            Decl::Import(decl) => self.specs("import", &decl.specs, |_, spec| {
                let name = spec
                    .name
                    .map(|name| format!("{} ", name.name))
                    .unwrap_or_default();
                format!("{name}{}", spec.path.text)
            }),
            Decl::Const(decl) => self.specs("const", &decl.specs, |dumper, spec| {
                dumper.value_spec(&spec.names, &spec.ty, &spec.values)
            }),
            Decl::Var(decl) => self.specs("var", &decl.specs, |dumper, spec| {
                dumper.value_spec(&spec.names, &spec.ty, &spec.values)
            }),
            Decl::Type(decl) => self.specs("type", &decl.specs, |_, spec| {
                let equals = if spec.is_alias { " =" } else { "" };
                format!(
                    "{}{}{equals} {}",
                    spec.name.name,
                    type_params(&spec.type_params),
                    spec.ty
                )
            }),
            Decl::Func(decl) => self.func(decl),
            Decl::UnreadFunc(unread) => match unread.decl() {
                Some(decl) => self.func(decl),
                None => self.line(format_args!("func {} {{…}}", unread.name.name)),
            },
        }
    }

    fn specs<Spec>(
        &mut self,
        keyword: &str,
        specs: &[Spec],
        show: impl Fn(&mut Dumper, &Spec) -> String,
    ) {
        for spec in specs {
            let shown = show(self, spec);
            self.line(format_args!("{keyword} {shown}"));
        }
    }

    fn value_spec(&mut self, names: &[Ident], ty: &Option<Box<Expr>>, values: &[Expr]) -> String {
        let mut shown = names_list(names);
        if let Some(ty) = ty {
            let _ = write!(shown, " {ty}");
        }
        if !values.is_empty() {
            let values = self.exprs(values);
            let _ = write!(shown, " = {values}");
        }
        shown
    }

    fn func(&mut self, decl: &FuncDecl) {
        let recv = decl
            .recv
            .as_ref()
            .map(|recv| format!("({}) ", field(recv)))
            .unwrap_or_default();
        let params = type_params(&decl.type_params);
        let signature = print::signature(&decl.ty);
        for pragma in &decl.pragmas {
            self.line(format_args!("//{}", pragma.text));
        }
        self.line(format_args!(
            "func {recv}{}{params}{signature}",
            decl.name.name
        ));
        if let Some(body) = decl.body.as_ref().and_then(Body::block) {
            self.stmts(&body.stmts);
        }
    }

    fn stmts(&mut self, stmts: &[Stmt]) {
        self.nested(|dumper| stmts.iter().for_each(|stmt| dumper.stmt(stmt)));
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Labeled { label, stmt } => {
                self.line(format_args!("{}:", label.name));
                self.nested(|dumper| dumper.stmt(stmt));
            }
            StmtKind::Block(block) => {
                self.line("block");
                self.stmts(&block.stmts);
            }
            StmtKind::Decl(decl) => self.decl(decl),
            StmtKind::If(stmt) => self.if_stmt(stmt),
            StmtKind::For(stmt) => {
                let parts = [
                    stmt.init
                        .as_ref()
                        .map(|init| format!(" init {}", self.simple(init))),
                    stmt.cond
                        .as_ref()
                        .map(|cond| format!(" while {}", self.expr(cond))),
                    stmt.post
                        .as_ref()
                        .map(|post| format!(" post {}", self.simple(post))),
                ];
                self.line(format_args!(
                    "for{}",
                    parts.into_iter().flatten().collect::<String>()
                ));
                self.stmts(&stmt.body.stmts);
            }
            StmtKind::Range(stmt) => {
                let lhs = self.exprs(&stmt.lhs);
                let op = match (stmt.lhs.is_empty(), stmt.is_define) {
                    (true, _) => "",
                    (false, true) => " := ",
                    (false, false) => " = ",
                };
                let x = self.expr(&stmt.x);
                self.line(format_args!("for {lhs}{op}range {x}"));
                self.stmts(&stmt.body.stmts);
            }
            StmtKind::Switch(stmt) => {
                let init = stmt
                    .init
                    .as_ref()
                    .map(|init| format!(" init {}", self.simple(init)));
                let tag = stmt.tag.as_ref().map(|tag| format!(" {}", self.expr(tag)));
                self.line(format_args!(
                    "switch{}{}",
                    init.unwrap_or_default(),
                    tag.unwrap_or_default()
                ));
                self.clauses(&stmt.body);
            }
            StmtKind::TypeSwitch(stmt) => {
                let init = stmt
                    .init
                    .as_ref()
                    .map(|init| format!(" init {}", self.simple(init)));
                let bind = stmt
                    .bind
                    .map(|bind| format!(" {} :=", bind.name))
                    .unwrap_or_default();
                let x = self.expr(&stmt.x);
                self.line(format_args!(
                    "type switch{}{bind} {x}",
                    init.unwrap_or_default()
                ));
                self.clauses(&stmt.body);
            }
            StmtKind::Select(stmt) => {
                self.line("select");
                self.nested(|dumper| {
                    for clause in &stmt.body {
                        match &clause.comm {
                            Some(comm) => {
                                let comm = dumper.simple(comm);
                                dumper.line(format_args!("case {comm}"));
                            }
                            None => dumper.line("default"),
                        }
                        dumper.stmts(&clause.body);
                    }
                });
            }
            _ => {
                let shown = self.simple(stmt);
                self.line(shown);
            }
        }
    }

    fn if_stmt(&mut self, stmt: &IfStmt) {
        let init = stmt
            .init
            .as_ref()
            .map(|init| format!("init {} ", self.simple(init)));
        let cond = self.expr(&stmt.cond);
        self.line(format_args!("if {}{cond}", init.unwrap_or_default()));
        self.stmts(&stmt.then.stmts);
        if let Some(els) = &stmt.els {
            self.line("else");
            self.nested(|dumper| dumper.stmt(els));
        }
    }

    fn clauses(&mut self, clauses: &[CaseClause]) {
        self.nested(|dumper| {
            for clause in clauses {
                let exprs = dumper.exprs(&clause.exprs);
                match clause.is_default {
                    true => dumper.line("default"),
                    false => dumper.line(format_args!("case {exprs}")),
                }
                dumper.stmts(&clause.body);
            }
        });
    }

    /// A statement that fits on a line.
    fn simple(&mut self, stmt: &Stmt) -> String {
        match &stmt.kind {
            StmtKind::Bad => "<bad stmt>".into(),
            StmtKind::Empty => "empty".into(),
            StmtKind::Expr(x) => self.expr(x),
            StmtKind::Send { chan, value } => {
                format!("send {} {}", self.expr(chan), self.expr(value))
            }
            StmtKind::IncDec { x, is_inc } => {
                format!("{}{}", self.expr(x), if *is_inc { "++" } else { "--" })
            }
            StmtKind::Assign { lhs, rhs } => {
                format!("{} = {}", self.exprs(lhs), self.exprs(rhs))
            }
            StmtKind::OpAssign { op, lhs, rhs } => {
                format!("{} {}= {}", self.expr(lhs), op.as_str(), self.expr(rhs))
            }
            StmtKind::Define { lhs, rhs } => {
                format!("{} := {}", self.exprs(lhs), self.exprs(rhs))
            }
            StmtKind::Branch { kind, label } => {
                let kind = format!("{kind:?}").to_lowercase();
                label.map_or(kind.clone(), |label| format!("{kind} {}", label.name))
            }
            StmtKind::Go(call) => format!("go {}", self.expr(call)),
            StmtKind::Defer(call) => format!("defer {}", self.expr(call)),
            StmtKind::Return(results) => {
                let results = self.exprs(results);
                format!("return {results}").trim_end().into()
            }
            _ => "<compound stmt>".into(),
        }
    }

    fn exprs(&mut self, exprs: &[Expr]) -> String {
        let shown: Vec<_> = exprs.iter().map(|x| self.expr(x)).collect();
        shown.join(", ")
    }

    fn expr(&mut self, x: &Expr) -> String {
        match &x.kind {
            ExprKind::CompositeLit(lit) => {
                let ty = lit.ty.as_ref().map(|ty| ty.to_string()).unwrap_or_default();
                format!("{ty}{{{}}}", self.exprs(&lit.elems))
            }
            ExprKind::KeyValue { key, value } => {
                format!("{}: {}", self.expr(key), self.expr(value))
            }
            ExprKind::FuncLit(lit) => self.func_lit(lit),
            ExprKind::Paren(x) => format!("(paren {})", self.expr(x)),
            ExprKind::Selector { x, sel } => format!("{}.{}", self.expr(x), sel.name),
            ExprKind::Index { x, indices } => {
                format!("(index {} {})", self.expr(x), self.exprs(indices))
            }
            ExprKind::Slice(slice) => {
                let mut part = |x: &Option<Expr>| x.as_ref().map_or("_".into(), |x| self.expr(x));
                let (lo, hi, max) = (part(&slice.lo), part(&slice.hi), part(&slice.max));
                let max = if slice.is_full {
                    format!(" {max}")
                } else {
                    String::new()
                };
                format!("(slice {} {lo} {hi}{max})", self.expr(&slice.x))
            }
            ExprKind::TypeAssert { x, ty } => format!("(assert {} {ty})", self.expr(x)),
            ExprKind::Call(call) => {
                let dots = if call.has_dots { "..." } else { "" };
                let args: Vec<_> = call
                    .args
                    .iter()
                    .map(|arg| format!(" {}", self.expr(arg)))
                    .collect();
                format!("(call {}{}{dots})", self.expr(&call.fun), args.concat())
            }
            ExprKind::Unary { op, x } => format!("({} {})", op.as_str(), self.expr(x)),
            ExprKind::Binary { op, x, y } => {
                format!("({} {} {})", op.as_str(), self.expr(x), self.expr(y))
            }
            _ => x.to_string(),
        }
    }

    fn func_lit(&mut self, lit: &FuncLit) -> String {
        let mut body = Dumper {
            out: String::new(),
            indent: self.indent,
        };
        body.stmts(&lit.body.stmts);
        let signature = print::signature(&lit.ty);
        format!(
            "func{signature} {{\n{}{:2$}}}",
            body.out,
            "",
            self.indent * 2
        )
    }
}

fn names_list(names: &[Ident]) -> String {
    let names: Vec<_> = names.iter().map(|name| name.name.as_str()).collect();
    names.join(", ")
}

fn field(field: &Field) -> String {
    match field.names.is_empty() {
        true => field.ty.to_string(),
        false => format!("{} {}", names_list(&field.names), field.ty),
    }
}

fn type_params(fields: &[Field]) -> String {
    match fields {
        [] => String::new(),
        fields => format!(
            "[{}]",
            fields.iter().map(field).collect::<Vec<_>>().join(", ")
        ),
    }
}
