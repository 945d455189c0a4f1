//! `select`.
//!
//! Channels and values of all cases are evaluated once, in source order; then one `Select` chooses. A single case without
//! default is the plain operation, a default alone is its statements.

use mini_mir::{
    BlockId, LocalId, Operand, Place, Rvalue, SelectCase, StatementKind, SwitchTarget,
    TerminatorKind, TyId,
};
use mini_syntax::ast::{CommClause, Expr, ExprKind, SelectStmt, Stmt, StmtKind, UnaryOp};

use crate::func::{FuncLower, Target};
use crate::tuple::{Dest, Source};

/// What a clause receives, and where to.
struct Received<'ast> {
    value: LocalId,
    lhs: &'ast [Expr],
    is_define: bool,
}

impl<'ast> FuncLower<'_, 'ast> {
    pub(crate) fn select_stmt(&mut self, stmt: &'ast SelectStmt) {
        let label = self.pending_label.take();
        let exit = self.b.new_block();
        let pos = self.b.pos;
        let mut cases = vec![];
        let mut received = vec![];
        let mut has_default = false;
        for clause in &stmt.body {
            match &clause.comm {
                None => {
                    has_default = true;
                    received.push(None);
                }
                Some(comm) => {
                    let (case, what) = self.comm(comm);
                    cases.push(case);
                    received.push(what);
                }
            }
        }
        self.b.pos = pos;
        let ok = self.choose(&stmt.body, cases, has_default);
        let (bodies, ok) = match ok {
            Some(chosen) => chosen,
            None => {
                self.unreachable();
                return self.b.switch_to(exit);
            }
        };
        self.targets.push(Target {
            label,
            on_break: exit,
            on_continue: None,
        });
        let outer = self.fallthrough.take();
        for ((clause, body), received) in stmt.body.iter().zip(bodies).zip(received) {
            self.b.switch_to(body);
            self.b.pos = clause.pos;
            if let Some(received) = received {
                self.bind_received(&received, ok.clone());
            }
            self.stmts(&clause.body);
            self.b.goto(exit);
        }
        self.fallthrough = outer;
        self.targets.pop();
        self.b.switch_to(exit);
    }

    /// Operands of a case's communication.
    fn comm(&mut self, comm: &'ast Stmt) -> (SelectCase, Option<Received<'ast>>) {
        self.b.pos = comm.pos;
        let (lhs, rhs, is_define): (&'ast [Expr], &'ast Expr, bool) = match &comm.kind {
            StmtKind::Send { chan, value } => {
                let chan = self.root(chan, None);
                let chan = self.snapshot(chan);
                let elem = self.cx.types.elem(self.op_ty(&chan));
                let value = self.root(value, Some(elem));
                let value = self.snapshot(value);
                return (SelectCase::Send { chan, value }, None);
            }
            StmtKind::Expr(e) => (&[], e, false),
            StmtKind::Assign { lhs, rhs } => (lhs, &rhs[0], false),
            StmtKind::Define { lhs, rhs } => (lhs, &rhs[0], true),
            _ => mini_diagnostics::bug!("select case that does not communicate"),
        };
        let ExprKind::Unary {
            op: UnaryOp::Recv,
            x,
        } = &rhs.unparen().kind
        else {
            mini_diagnostics::bug!("select case without receive");
        };
        let chan = self.root(x, None);
        let chan = self.snapshot(chan);
        if lhs.is_empty() {
            return (SelectCase::Receive { chan, dest: None }, None);
        }
        let elem = self.cx.types.elem(self.op_ty(&chan));
        let value = self.b.temp(elem);
        let case = SelectCase::Receive {
            chan,
            dest: Some(value),
        };
        let received = Received {
            value,
            lhs,
            is_define,
        };
        (case, Some(received))
    }

    /// Emits the choice. The blocks of the clauses, and whether the chosen receive got a value; `None` if nothing is ever
    /// chosen.
    fn choose(
        &mut self,
        clauses: &'ast [CommClause],
        cases: Vec<SelectCase>,
        has_default: bool,
    ) -> Option<(Vec<BlockId>, Operand)> {
        if cases.is_empty() && has_default {
            let body = self.b.new_block();
            self.b.goto(body);
            return Some((vec![body], Operand::bool(false)));
        }
        if let [_] = cases.as_slice()
            && !has_default
        {
            let body = self.b.new_block();
            let ok = self.single(cases);
            self.b.goto(body);
            return Some((vec![body], ok));
        }
        let never = cases.is_empty();
        let pair = self.cx.types.tuple(&[TyId::INT, TyId::BOOL]);
        let chosen = Place::local(self.b.eval(pair, Rvalue::Select { cases, has_default }));
        if never {
            return None;
        }
        let mut bodies = vec![];
        let mut targets = vec![];
        let mut otherwise = None;
        let mut number = 0;
        for clause in clauses {
            let body = self.b.new_block();
            bodies.push(body);
            if clause.comm.is_none() {
                otherwise = Some(body);
            } else {
                targets.push(SwitchTarget {
                    value: number,
                    target: body,
                });
                number += 1;
            }
        }
        // Without a default the last case needs no test.
        let otherwise = match otherwise {
            Some(body) => body,
            None => targets.pop().map_or(mini_mir::Body::ENTRY, |t| t.target),
        };
        self.b.terminate(TerminatorKind::Switch {
            value: Operand::Copy(chosen.clone().field(0)),
            targets,
            otherwise,
        });
        Some((bodies, Operand::Copy(chosen.field(1))))
    }

    /// The only case of a select: the operation itself.
    fn single(&mut self, mut cases: Vec<SelectCase>) -> Operand {
        match cases.remove(0) {
            SelectCase::Send { chan, value } => {
                self.b.push(StatementKind::Send { chan, value });
                Operand::bool(false)
            }
            SelectCase::Receive { chan, dest } => {
                let elem = self.cx.types.elem(self.op_ty(&chan));
                let pair = self.cx.types.tuple(&[elem, TyId::BOOL]);
                let value = Rvalue::Receive {
                    chan,
                    comma_ok: true,
                };
                let got = Place::local(self.b.eval(pair, value));
                if let Some(dest) = dest {
                    self.b
                        .assign(dest, Rvalue::Use(Operand::Copy(got.clone().field(0))));
                }
                Operand::Copy(got.field(1))
            }
        }
    }

    fn bind_received(&mut self, received: &Received<'ast>, ok: Operand) {
        let values = [Operand::local(received.value), ok];
        if received.is_define {
            for (to, value) in received.lhs.iter().zip(values) {
                if let Some(name) = to.as_ident() {
                    self.define_name(name, value);
                }
            }
            return;
        }
        for (to, value) in received.lhs.iter().zip(values) {
            self.hoist_all([to]);
            self.assign_pair(Dest::Expr(to), Source::Value(value));
        }
    }
}
