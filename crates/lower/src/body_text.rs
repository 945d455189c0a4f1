//! Functions in one line, as Go's `-m=2` shows what it can inline: `func(int) int { x := n + 1; return x }`.
//!
//! Like [`text`](crate::text) this is the compiler's view: loops and switches are only named, constants are their values.

use mini_syntax::ast::{
    BinaryOp, Block, BranchKind, Decl, Expr, ExprKind, Field, FuncType, Stmt, StmtKind, VarSpec,
};

use crate::func::FuncLower;

impl<'ast> FuncLower<'_, 'ast> {
    /// Keeps the text if it is wanted.
    pub(crate) fn keep_source(
        &mut self,
        recv: Option<&'ast Field>,
        ty: &'ast FuncType,
        body: &'ast Block,
    ) {
        if self.cx.explain < 2 || self.cx.funcs[self.me].is_library {
            return;
        }
        let text = self.source_text(recv, ty, body);
        self.cx.sources.insert(self.me, text);
    }

    /// Signature and body.
    fn source_text(
        &mut self,
        recv: Option<&'ast Field>,
        ty: &'ast FuncType,
        body: &'ast Block,
    ) -> String {
        let recv = match recv {
            Some(recv) => format!("method({}) ", self.type_text(&recv.ty)),
            None => String::new(),
        };
        let params = self.fields(&ty.params);
        let results = match self.fields(&ty.results).as_slice() {
            [] => String::new(),
            [only] => format!(" {only}"),
            several => format!(" ({})", several.join(", ")),
        };
        let body = self.stmts_text(&body.stmts);
        format!("{recv}func({}){results} {{ {body} }}", params.join(", "))
    }

    /// A type for each name.
    fn fields(&mut self, fields: &'ast [Field]) -> Vec<String> {
        let mut types = vec![];
        for field in fields {
            let text = match &field.ty.kind {
                ExprKind::Ellipsis(elem) => format!("...{}", self.type_text(elem)),
                _ => self.type_text(&field.ty),
            };
            types.resize(types.len() + field.names.len().max(1), text);
        }
        types
    }

    fn stmts_text(&mut self, stmts: &'ast [Stmt]) -> String {
        let mut texts = vec![];
        for stmt in stmts {
            self.stmt_text(stmt, &mut texts);
        }
        texts.join("; ")
    }

    fn stmt_text(&mut self, stmt: &'ast Stmt, out: &mut Vec<String>) {
        let text = match &stmt.kind {
            StmtKind::Bad | StmtKind::Empty => return,
            StmtKind::Block(block) => {
                return block
                    .stmts
                    .iter()
                    .for_each(|stmt| self.stmt_text(stmt, out));
            }
            StmtKind::Decl(decl) => {
                if let Decl::Var(decl) = &**decl {
                    decl.specs.iter().for_each(|spec| self.var_text(spec, out));
                }
                return;
            }
            StmtKind::Labeled { label, stmt } => {
                out.push(format!("{}: ", label.name));
                return self.stmt_text(stmt, out);
            }
            StmtKind::Expr(e) => self.text(e),
            StmtKind::Send { chan, value } => {
                let chan = self.text_within(chan, SEND);
                format!("{chan} <- {}", self.text_within(value, SEND + 1))
            }
            StmtKind::IncDec { x, is_inc } => {
                let sign = if *is_inc { "++" } else { "--" };
                format!("{}{sign}", self.text(x))
            }
            StmtKind::Assign { lhs, rhs } => format!("{} = {}", self.list(lhs), self.list(rhs)),
            StmtKind::Define { lhs, rhs } => format!("{} := {}", self.list(lhs), self.list(rhs)),
            StmtKind::OpAssign { op, lhs, rhs } => self.op_assign_text(*op, lhs, rhs),
            StmtKind::Return(values) => format!("return {}", self.list(values)),
            StmtKind::Go(e) => format!("go {}", self.text(e)),
            StmtKind::Defer(e) => format!("defer {}", self.text(e)),
            StmtKind::Branch { kind, label } => {
                let name = match kind {
                    BranchKind::Break => "break",
                    BranchKind::Continue => "continue",
                    BranchKind::Goto => "goto",
                    BranchKind::Fallthrough => "fallthrough",
                };
                match label {
                    Some(label) => format!("{name} {}", label.name),
                    None => name.into(),
                }
            }
            StmtKind::If(stmt) => {
                let mut init = vec![];
                stmt.init
                    .iter()
                    .for_each(|stmt| self.stmt_text(stmt, &mut init));
                let init = match init.as_slice() {
                    [only] => format!("{only}; "),
                    _ => String::new(),
                };
                let cond = self.text(&stmt.cond);
                let then = self.stmts_text(&stmt.then.stmts);
                let mut text = format!("if {init}{cond} {{ {then} }}");
                if let Some(els) = &stmt.els {
                    let mut texts = vec![];
                    self.stmt_text(els, &mut texts);
                    text += &format!(" else {{ {} }}", texts.join("; "));
                }
                text
            }
            StmtKind::For(_) | StmtKind::Range(_) => "for loop".into(),
            StmtKind::Switch(_) | StmtKind::TypeSwitch(_) => "switch statement".into(),
            StmtKind::Select(_) => "select statement".into(),
        };
        out.push(text);
    }

    fn var_text(&mut self, spec: &'ast VarSpec, out: &mut Vec<String>) {
        let names: Vec<&str> = spec.names.iter().map(|name| name.name.as_str()).collect();
        if spec.values.is_empty() {
            out.extend(names.iter().map(|name| format!("{name} = <nil>")));
        } else {
            out.push(format!(
                "{} := {}",
                names.join(", "),
                self.list(&spec.values)
            ));
        }
    }

    fn op_assign_text(&mut self, op: BinaryOp, lhs: &'ast Expr, rhs: &'ast Expr) -> String {
        let lhs = self.text(lhs);
        let count = op.is_shift().then(|| self.count_text(rhs)).flatten();
        let rhs = count.unwrap_or_else(|| self.text(rhs));
        format!("{lhs} {}= {rhs}", op.as_str())
    }

    fn list(&mut self, list: &'ast [Expr]) -> String {
        let texts: Vec<String> = list.iter().map(|e| self.text(e)).collect();
        texts.join(", ")
    }
}

/// How tightly operands of a send bind.
const SEND: u8 = 3;
