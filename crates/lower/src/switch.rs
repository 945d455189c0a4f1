//! `switch`, over values and over types.
//!
//! Integer constants become a `Switch` terminator. Many string constants are told apart by their length first. Everything else
//! is compared in order.

use std::collections::BTreeMap;

use mini_frontend::Mode;
use mini_mir::{
    BinOp, BlockId, Const, ConstValue, Operand, Rvalue, SwitchTarget, TerminatorKind, TyId,
};
use mini_syntax::Symbol;
use mini_syntax::ast::{CaseClause, Expr, SwitchStmt, TypeSwitchStmt};

use crate::func::{FuncLower, Target};

/// From so many string constants on, the length is looked at first.
const MIN_STRINGS_BY_LENGTH: usize = 5;

impl<'ast> FuncLower<'_, 'ast> {
    pub(crate) fn switch_stmt(&mut self, stmt: &'ast SwitchStmt) {
        let label = self.pending_label.take();
        if let Some(init) = &stmt.init {
            self.stmt(init);
        }
        let tag = stmt.tag.as_ref().map(|tag| {
            let value = self.root(tag, None);
            self.snapshot(value)
        });
        let bodies: Vec<BlockId> = stmt.body.iter().map(|_| self.b.new_block()).collect();
        let exit = self.b.new_block();
        let default = default_body(&stmt.body, &bodies).unwrap_or(exit);
        match tag {
            None => self.switch_true(&stmt.body, &bodies, default),
            Some(tag) => self.switch_value(tag, &stmt.body, &bodies, default),
        }
        self.clause_bodies(label, &stmt.body, &bodies, exit, |_, _| {});
    }

    /// The statements of the clauses, each in its block.
    fn clause_bodies(
        &mut self,
        label: Option<Symbol>,
        clauses: &'ast [CaseClause],
        bodies: &[BlockId],
        exit: BlockId,
        mut enter: impl FnMut(&mut Self, &'ast CaseClause),
    ) {
        self.targets.push(Target {
            label,
            on_break: exit,
            on_continue: None,
        });
        let outer = self.fallthrough;
        for (index, clause) in clauses.iter().enumerate() {
            self.b.switch_to(bodies[index]);
            self.b.pos = clause.pos;
            enter(self, clause);
            self.fallthrough = bodies.get(index + 1).copied();
            self.stmts(&clause.body);
            self.b.goto(exit);
        }
        self.fallthrough = outer;
        self.targets.pop();
        self.b.switch_to(exit);
    }

    fn switch_true(&mut self, clauses: &'ast [CaseClause], bodies: &[BlockId], default: BlockId) {
        for (clause, &body) in clauses.iter().zip(bodies) {
            for e in &clause.exprs {
                self.b.pos = e.pos;
                let next = self.b.new_block();
                let ty = self.ety(e);
                if self.cx.types.is_interface(ty) {
                    let value = self.expr(e);
                    let is_true = self.compare(BinOp::Eq, TyId::BOOL, value, Operand::bool(true));
                    self.b.branch(is_true, body, next);
                } else {
                    self.condition(e, body, next);
                }
                self.b.switch_to(next);
            }
        }
        self.b.goto(default);
    }

    fn switch_value(
        &mut self,
        tag: Operand,
        clauses: &'ast [CaseClause],
        bodies: &[BlockId],
        default: BlockId,
    ) {
        let ty = self.op_ty(&tag);
        if let Some(cases) = self.constant_cases(ty, clauses, bodies) {
            if self.cx.types.is_integer(ty) {
                let targets = cases
                    .iter()
                    .filter_map(|(value, target)| match value {
                        ConstValue::Int(value) => Some(SwitchTarget {
                            value: *value,
                            target: *target,
                        }),
                        _ => None,
                    })
                    .collect();
                return self.b.terminate(TerminatorKind::Switch {
                    value: tag,
                    targets,
                    otherwise: default,
                });
            }
            if self.cx.types.is_string(ty) && cases.len() >= MIN_STRINGS_BY_LENGTH {
                return self.switch_strings(tag, ty, cases, default);
            }
        }
        for (clause, &body) in clauses.iter().zip(bodies) {
            for e in &clause.exprs {
                self.b.pos = e.pos;
                let is_nil = self.info().expr(e.unparen().id).mode == Mode::Nil;
                let value = if is_nil {
                    Operand::zero(ty)
                } else {
                    self.expr(e)
                };
                let equal = self.compare(BinOp::Eq, TyId::BOOL, tag.clone(), value);
                let next = self.b.new_block();
                self.b.branch(equal, body, next);
                self.b.switch_to(next);
            }
        }
        self.b.goto(default);
    }

    /// Values and targets, if all cases are constants of the tag's type; the first of equal ones.
    fn constant_cases(
        &mut self,
        ty: TyId,
        clauses: &'ast [CaseClause],
        bodies: &[BlockId],
    ) -> Option<Vec<(ConstValue, BlockId)>> {
        if !self.cx.types.is_integer(ty) && !self.cx.types.is_string(ty) {
            return None;
        }
        let mut cases: Vec<(ConstValue, BlockId)> = vec![];
        let mut seen = std::collections::HashSet::new();
        for (clause, &body) in clauses.iter().zip(bodies) {
            for e in &clause.exprs {
                let id = self.info().expr(e.unparen().id).value;
                if !id.is_some() || self.ety(e) != ty {
                    return None;
                }
                let Operand::Const(Const { value, .. }) = self.constant(id, ty) else {
                    return None;
                };
                let is_new = match &value {
                    ConstValue::Int(i) => seen.insert(i.to_be_bytes().to_vec()),
                    ConstValue::Str(text) => seen.insert(text.to_vec()),
                    _ => return None,
                };
                if is_new {
                    cases.push((value, body));
                }
            }
        }
        Some(cases)
    }

    fn switch_strings(
        &mut self,
        tag: Operand,
        ty: TyId,
        cases: Vec<(ConstValue, BlockId)>,
        default: BlockId,
    ) {
        let mut by_length: BTreeMap<usize, Vec<(ConstValue, BlockId)>> = BTreeMap::new();
        for (value, target) in cases {
            if let ConstValue::Str(text) = &value {
                by_length
                    .entry(text.len())
                    .or_default()
                    .push((value, target));
            }
        }
        let len = self.b.eval(TyId::INT, Rvalue::Len(tag.clone()));
        let groups: Vec<_> = by_length
            .into_iter()
            .map(|(length, group)| (length, group, self.b.new_block()))
            .collect();
        let targets = groups
            .iter()
            .map(|(length, _, block)| SwitchTarget {
                value: *length as i128,
                target: *block,
            })
            .collect();
        self.b.terminate(TerminatorKind::Switch {
            value: Operand::local(len),
            targets,
            otherwise: default,
        });
        for (_, group, block) in groups {
            self.b.switch_to(block);
            for (value, target) in group {
                let constant = Operand::Const(Const { ty, value });
                let equal = Rvalue::Binary(BinOp::Eq, tag.clone(), constant);
                let equal = Operand::local(self.b.eval(TyId::BOOL, equal));
                let next = self.b.new_block();
                self.b.branch(equal, target, next);
                self.b.switch_to(next);
            }
            self.b.goto(default);
        }
    }

    // -----------------------------------------------------------------------------------------------------------------

    pub(crate) fn type_switch(&mut self, stmt: &'ast TypeSwitchStmt) {
        let label = self.pending_label.take();
        if let Some(init) = &stmt.init {
            self.stmt(init);
        }
        let value = self.root(&stmt.x, None);
        let value = self.snapshot(value);
        let bodies: Vec<BlockId> = stmt.body.iter().map(|_| self.b.new_block()).collect();
        let exit = self.b.new_block();
        let default = default_body(&stmt.body, &bodies).unwrap_or(exit);
        for (clause, &body) in stmt.body.iter().zip(&bodies) {
            for e in &clause.exprs {
                self.b.pos = e.pos;
                let test = self.type_test(value.clone(), e);
                let next = self.b.new_block();
                self.b.branch(test, body, next);
                self.b.switch_to(next);
            }
        }
        self.b.goto(default);
        self.clause_bodies(label, &stmt.body, &bodies, exit, |this, clause| {
            this.bind_clause(value.clone(), clause);
        });
    }

    fn type_test(&mut self, value: Operand, e: &'ast Expr) -> Operand {
        if self.is_nil(e) {
            let nil = Operand::zero(self.op_ty(&value));
            let equal = Rvalue::Binary(BinOp::Eq, value, nil);
            return Operand::local(self.b.eval(TyId::BOOL, equal));
        }
        let ty = self.ety(e);
        self.cx.demand(ty);
        Operand::local(self.b.eval(TyId::BOOL, Rvalue::TypeIs { value, ty }))
    }

    fn is_nil(&self, e: &Expr) -> bool {
        self.info().expr(e.unparen().id).mode == Mode::Nil
    }

    /// Declares the clause's variable.
    fn bind_clause(&mut self, value: Operand, clause: &'ast CaseClause) {
        let Some(&var) = self.info().implicits.get(&clause.id) else {
            return;
        };
        if !self.prog.var(var).is_some_and(|v| v.is_used) {
            return;
        }
        let value = match clause.exprs.as_slice() {
            [e] if !self.is_nil(e) => {
                let ty = self.ety(e);
                if self.cx.types.is_interface(ty) {
                    self.convert_interface(value, ty)
                } else {
                    Operand::local(self.b.eval(ty, Rvalue::Unbox { value, ty }))
                }
            }
            _ => value,
        };
        let local = self.declare_var(var);
        self.b.assign(local, Rvalue::Use(value));
    }
}

fn default_body(clauses: &[CaseClause], bodies: &[BlockId]) -> Option<BlockId> {
    let index = clauses.iter().position(|clause| clause.is_default)?;
    Some(bodies[index])
}
