//! Statements, but for the larger ones that have files of their own.

use mini_mir::{LocalKind, Operand, Place, Rvalue, StatementKind, TerminatorKind, TyKind};
use mini_syntax::ast::{Block, BranchKind, Decl, Expr, ForStmt, Ident, IfStmt, Stmt, StmtKind};

use crate::func::{FuncLower, Target};
use crate::hoist::Part;
use crate::names::Inner;
use crate::tuple::{Dest, Source};

impl<'ast> FuncLower<'_, 'ast> {
    pub(crate) fn block(&mut self, block: &'ast Block) {
        self.stmts(&block.stmts);
    }

    pub(crate) fn stmts(&mut self, stmts: &'ast [Stmt]) {
        for stmt in stmts {
            self.stmt(stmt);
        }
    }

    pub(crate) fn stmt(&mut self, stmt: &'ast Stmt) {
        self.b.pos = stmt.pos;
        match &stmt.kind {
            StmtKind::Bad | StmtKind::Empty => {}
            StmtKind::Labeled { label, stmt } => self.labeled(*label, stmt),
            StmtKind::Block(block) => self.block(block),
            StmtKind::Expr(e) => self.discard(e),
            StmtKind::Send { chan, value } => self.send(chan, value),
            StmtKind::IncDec { x, is_inc } => self.inc_dec(x, *is_inc),
            StmtKind::Assign { lhs, rhs } => self.assign(lhs, rhs),
            StmtKind::OpAssign { op, lhs, rhs } => self.op_assign(*op, lhs, rhs),
            StmtKind::Define { lhs, rhs } => self.define(lhs, rhs),
            StmtKind::Decl(decl) => {
                if let Decl::Var(decl) = &**decl {
                    for spec in &decl.specs {
                        self.b.pos = spec.span.start;
                        self.var_spec(spec);
                    }
                }
            }
            StmtKind::Branch { kind, label } => self.branch_stmt(*kind, *label),
            StmtKind::Go(call) => self.go_or_defer(call, Inner::Go),
            StmtKind::Defer(call) => self.go_or_defer(call, Inner::Defer),
            StmtKind::Return(values) => self.return_stmt(values),
            StmtKind::If(stmt) => self.if_stmt(stmt),
            StmtKind::For(stmt) => self.for_stmt(stmt),
            StmtKind::Range(stmt) => self.range_stmt(stmt),
            StmtKind::Switch(stmt) => self.switch_stmt(stmt),
            StmtKind::TypeSwitch(stmt) => self.type_switch(stmt),
            StmtKind::Select(stmt) => self.select_stmt(stmt),
        }
    }

    fn labeled(&mut self, label: Ident, stmt: &'ast Stmt) {
        let block = self.label_block(label);
        self.b.goto(block);
        self.b.switch_to(block);
        if let Some(body) = self.source_body
            && jumps_back(&body.stmts, label)
        {
            self.b.loop_depth += 1;
        }
        self.pending_label = Some(label.name);
        self.stmt(stmt);
        self.pending_label = None;
    }

    fn label_block(&mut self, label: Ident) -> mini_mir::BlockId {
        match self.labels.get(&label.name) {
            Some(&block) => block,
            None => {
                let block = self.b.new_block();
                self.labels.insert(label.name, block);
                block
            }
        }
    }

    fn send(&mut self, chan: &'ast Expr, value: &'ast Expr) {
        let chan_ty = self.ety(chan);
        let TyKind::Chan(_, elem) = *self.kind(chan_ty) else {
            mini_diagnostics::bug!("send to another type");
        };
        let [chan, value]: [Operand; 2] = self
            .values(&[(chan, None), (value, Some(elem))])
            .try_into()
            .unwrap_or_else(|_| mini_diagnostics::bug!("a send without two values"));
        self.b.push(StatementKind::Send { chan, value });
    }

    pub(crate) fn branch_stmt(&mut self, kind: BranchKind, label: Option<Ident>) {
        let block = match kind {
            BranchKind::Goto => {
                let Some(label) = label else { return };
                if !self.has_label(label) {
                    return self.leave_for_branch(kind, Some(label));
                }
                self.label_block(label)
            }
            BranchKind::Fallthrough => {
                let Some(next) = self.fallthrough else { return };
                next
            }
            BranchKind::Break | BranchKind::Continue => {
                let is_break = kind == BranchKind::Break;
                let target = self.targets.iter().rev().find(|target| match label {
                    Some(label) => target.label == Some(label.name),
                    None => is_break || target.on_continue.is_some(),
                });
                let block = target.and_then(|target| {
                    if is_break {
                        Some(target.on_break)
                    } else {
                        target.on_continue
                    }
                });
                match block {
                    Some(block) => block,
                    None => return self.leave_for_branch(kind, label),
                }
            }
        };
        self.b.goto(block);
    }

    fn return_stmt(&mut self, values: &'ast [Expr]) {
        if values.is_empty() {
            return self.return_results();
        }
        let results = self.result_vars.clone();
        let results: Vec<Place> = results.into_iter().map(|var| self.var_place(var)).collect();
        match values {
            [value] if results.len() == 1 => {
                let ty = self.place_ty(&results[0]);
                let value = self.root(value, Some(ty));
                self.b.assign(results[0].clone(), Rvalue::Use(value));
            }
            [value] => {
                let value = self.expr(value);
                let parts = self.tuple_parts(value);
                for (result, part) in results.into_iter().zip(parts) {
                    let ty = self.place_ty(&result);
                    let part = self.assignable_at(part, ty, self.b.pos);
                    self.b.assign(result, Rvalue::Use(part));
                }
            }
            _ => {
                let parts: Vec<Part<'ast>> = values
                    .iter()
                    .zip(&results)
                    .map(|(value, result)| (value, Some(self.place_ty(result))))
                    .collect();
                self.hoist_parts(&parts);
                let pos = self.b.pos;
                let pairs = self.result_vars.iter().zip(values);
                let pair = |(&var, value)| (Dest::Result(var), Source::Expr(value), pos);
                self.assign_list(pairs.map(pair).collect());
            }
        }
        self.return_results();
    }

    fn if_stmt(&mut self, stmt: &'ast IfStmt) {
        if let Some(init) = &stmt.init {
            self.stmt(init);
        }
        let then = self.b.new_block();
        let join = self.b.new_block();
        let otherwise = match &stmt.els {
            Some(_) => self.b.new_block(),
            None => join,
        };
        self.condition(&stmt.cond, then, otherwise);
        self.b.switch_to(then);
        self.block(&stmt.then);
        self.b.goto(join);
        if let Some(els) = &stmt.els {
            self.b.switch_to(otherwise);
            self.stmt(els);
            self.b.goto(join);
        }
        self.b.switch_to(join);
    }

    fn for_stmt(&mut self, stmt: &'ast ForStmt) {
        let label = self.pending_label.take();
        if let Some(init) = &stmt.init {
            self.stmt(init);
        }
        self.b.loop_depth += 1;
        let fresh = self.fresh_loop_vars(stmt);
        let head = self.b.new_block();
        let body = self.b.new_block();
        let next = self.b.new_block();
        let exit = self.b.new_block();
        self.b.goto(head);
        self.b.switch_to(head);
        match &stmt.cond {
            Some(cond) => {
                self.b.pos = cond.pos;
                self.condition(cond, body, exit);
            }
            None => self.b.goto(body),
        }
        self.b.switch_to(body);
        self.loop_body(label, &stmt.body, exit, next);
        self.b.goto(next);
        self.b.switch_to(next);
        for local in fresh {
            let ty = self.b.body.locals[local].ty;
            let old = self.b.eval(ty, Rvalue::Use(Operand::local(local)));
            self.b.live(local);
            self.b.assign(local, Rvalue::Use(Operand::local(old)));
        }
        if let Some(post) = &stmt.post {
            self.stmt(post);
        }
        self.b.goto(head);
        self.b.loop_depth -= 1;
        self.b.switch_to(exit);
    }

    /// The variables of the clause of which each iteration must have its own.
    fn fresh_loop_vars(&mut self, stmt: &'ast ForStmt) -> Vec<mini_mir::LocalId> {
        let Some(Stmt {
            kind: StmtKind::Define { lhs, .. },
            ..
        }) = &stmt.init
        else {
            return vec![];
        };
        let mut fresh = vec![];
        for name in lhs.iter().filter_map(Expr::as_ident) {
            let Some(var) = self.info().object(name.id) else {
                continue;
            };
            if name.name.is_blank() || !self.needs_fresh_copy(var) {
                continue;
            }
            if let Some(local) = self.var_place(var).as_local() {
                self.b.body.locals[local].loop_depth = self.b.loop_depth;
                fresh.push(local);
            }
        }
        fresh
    }

    /// The body of a loop, between its targets.
    pub(crate) fn loop_body(
        &mut self,
        label: Option<mini_syntax::Symbol>,
        body: &'ast Block,
        on_break: mini_mir::BlockId,
        on_continue: mini_mir::BlockId,
    ) {
        self.targets.push(Target {
            label,
            on_break,
            on_continue: Some(on_continue),
        });
        let fallthrough = self.fallthrough.take();
        self.block(body);
        self.fallthrough = fallthrough;
        self.targets.pop();
    }

    /// A temporary that is alive through a loop and is counted in it.
    pub(crate) fn counter(&mut self, ty: mini_mir::TyId, from: Operand) -> mini_mir::LocalId {
        let local = self.b.local("", ty, self.b.pos, LocalKind::Temp);
        self.b.assign(local, Rvalue::Use(from));
        local
    }

    /// Ends the block behind something that never returns.
    pub(crate) fn unreachable(&mut self) {
        self.b.terminate(TerminatorKind::Unreachable);
    }
}

/// Whether a goto behind the label goes to it: the label is a loop from there on.
fn jumps_back(stmts: &[Stmt], label: Ident) -> bool {
    any_stmt(stmts, &mut |stmt| match &stmt.kind {
        StmtKind::Branch {
            kind: BranchKind::Goto,
            label: Some(target),
        } => target.name == label.name && target.pos > label.pos,
        _ => false,
    })
}

/// Whether one of the statements, or of those in them, is such a one. Function literals are not entered.
pub(crate) fn any_stmt<'a>(stmts: &'a [Stmt], test: &mut impl FnMut(&'a Stmt) -> bool) -> bool {
    stmts.iter().any(|stmt| {
        test(stmt)
            || match &stmt.kind {
                StmtKind::Labeled { stmt, .. } => any_stmt(std::slice::from_ref(&**stmt), test),
                StmtKind::Block(block) => any_stmt(&block.stmts, test),
                StmtKind::If(stmt) => {
                    any_stmt(&stmt.then.stmts, test)
                        || (stmt.els.iter()).any(|els| any_stmt(std::slice::from_ref(els), test))
                }
                StmtKind::For(stmt) => any_stmt(&stmt.body.stmts, test),
                StmtKind::Range(stmt) => any_stmt(&stmt.body.stmts, test),
                StmtKind::Switch(stmt) => stmt.body.iter().any(|c| any_stmt(&c.body, test)),
                StmtKind::TypeSwitch(stmt) => stmt.body.iter().any(|c| any_stmt(&c.body, test)),
                StmtKind::Select(stmt) => stmt.body.iter().any(|c| any_stmt(&c.body, test)),
                _ => false,
            }
    })
}
