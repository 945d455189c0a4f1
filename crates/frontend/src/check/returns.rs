//! Terminating statements: which functions need no return at their end.

use mini_syntax::Symbol;
use mini_syntax::ast::{BranchKind, CaseClause, Expr, ExprKind, IfStmt, Stmt, StmtKind};

use super::Checker;
use crate::object::{Builtin, ObjectKind};

impl<'a> Checker<'a> {
    pub(super) fn is_terminating_list(&self, stmts: &[Stmt]) -> bool {
        stmts
            .iter()
            .rfind(|stmt| !matches!(stmt.kind, StmtKind::Empty))
            .is_some_and(|last| self.is_terminating(last, None))
    }

    fn is_terminating(&self, stmt: &Stmt, label: Option<Symbol>) -> bool {
        match &stmt.kind {
            StmtKind::Return(_) => true,
            StmtKind::Branch { kind, .. } => {
                matches!(kind, BranchKind::Goto | BranchKind::Fallthrough)
            }
            StmtKind::Expr(expr) => self.is_panic(expr),
            StmtKind::Labeled { label, stmt } => self.is_terminating(stmt, Some(label.name)),
            StmtKind::Block(block) => self.is_terminating_list(&block.stmts),
            StmtKind::If(stmt) => self.is_terminating_if(stmt),
            StmtKind::Switch(stmt) => self.is_terminating_switch(&stmt.body, label),
            StmtKind::TypeSwitch(stmt) => self.is_terminating_switch(&stmt.body, label),
            StmtKind::Select(stmt) => stmt.body.iter().all(|clause| {
                self.is_terminating_list(&clause.body) && !has_break_list(&clause.body, label, true)
            }),
            StmtKind::For(stmt) => {
                stmt.cond.is_none() && !has_break_list(&stmt.body.stmts, label, true)
            }
            _ => false,
        }
    }

    fn is_terminating_if(&self, stmt: &IfStmt) -> bool {
        let mut at = stmt;
        loop {
            if !self.is_terminating_list(&at.then.stmts) {
                return false;
            }
            match &at.els {
                Some(Stmt {
                    kind: StmtKind::If(next),
                    ..
                }) => at = next,
                Some(stmt) => return self.is_terminating(stmt, None),
                None => return false,
            }
        }
    }

    fn is_terminating_switch(&self, body: &[CaseClause], label: Option<Symbol>) -> bool {
        body.iter().any(|clause| clause.is_default)
            && body.iter().all(|clause| {
                self.is_terminating_list(&clause.body) && !has_break_list(&clause.body, label, true)
            })
    }

    /// A call of the predeclared `panic`.
    fn is_panic(&self, expr: &Expr) -> bool {
        let ExprKind::Call(call) = &expr.unparen().kind else {
            return false;
        };
        let fun = call.fun.unparen();
        matches!(fun.kind, ExprKind::Name(_))
            && self.prog.packages[self.env.pkg.index()]
                .info
                .object(fun.id)
                .is_some_and(|obj| {
                    matches!(self.object(obj).kind, ObjectKind::Builtin(Builtin::Panic))
                })
    }
}

fn has_break_list(stmts: &[Stmt], label: Option<Symbol>, is_implicit: bool) -> bool {
    stmts.iter().any(|stmt| has_break(stmt, label, is_implicit))
}

/// Whether a statement has a break to the statement with the label, or with `is_implicit` one without label.
fn has_break(stmt: &Stmt, label: Option<Symbol>, is_implicit: bool) -> bool {
    let inner = |stmts: &[Stmt]| label.is_some() && has_break_list(stmts, label, false);
    match &stmt.kind {
        StmtKind::Branch {
            kind: BranchKind::Break,
            label: target,
        } => match target {
            None => is_implicit,
            Some(target) => Some(target.name) == label,
        },
        StmtKind::Labeled { stmt, .. } => has_break(stmt, label, is_implicit),
        StmtKind::Block(block) => has_break_list(&block.stmts, label, is_implicit),
        StmtKind::If(stmt) => {
            let mut at = &**stmt;
            loop {
                if has_break_list(&at.then.stmts, label, is_implicit) {
                    return true;
                }
                match &at.els {
                    Some(Stmt {
                        kind: StmtKind::If(next),
                        ..
                    }) => at = next,
                    Some(stmt) => return has_break(stmt, label, is_implicit),
                    None => return false,
                }
            }
        }
        StmtKind::Switch(stmt) => stmt.body.iter().any(|clause| inner(&clause.body)),
        StmtKind::TypeSwitch(stmt) => stmt.body.iter().any(|clause| inner(&clause.body)),
        StmtKind::Select(stmt) => stmt.body.iter().any(|clause| inner(&clause.body)),
        StmtKind::For(stmt) => inner(&stmt.body.stmts),
        StmtKind::Range(stmt) => inner(&stmt.body.stmts),
        _ => false,
    }
}
