//! What inlining a function would cost, counted on the tree about as Go's inliner counts: a node costs one, a call much more.

use mini_syntax::ast::{Block, CaseClause, Expr, ExprKind, Stmt, StmtKind};

/// Cost of a function that is never inlined.
pub(crate) const NEVER: u32 = u32::MAX;

/// What a call costs besides its arguments: Go's `inlineExtraCallCost`.
const CALL: u32 = 57;

/// What a panic costs: Go's `inlineExtraPanicCost`.
const PANIC: u32 = 1;

/// The cost of a body; [`NEVER`] if it holds something that is not inlined.
pub(crate) fn block_cost(body: &Block) -> u32 {
    let mut counter = Counter {
        cost: 0,
        never: false,
    };
    counter.stmts(&body.stmts);
    if counter.never { NEVER } else { counter.cost }
}

struct Counter {
    cost: u32,
    never: bool,
}

impl Counter {
    fn stmts(&mut self, stmts: &[Stmt]) {
        stmts.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn stmt(&mut self, stmt: &Stmt) {
        self.cost += 1;
        match &stmt.kind {
            StmtKind::Bad | StmtKind::Empty | StmtKind::Branch { .. } => {}
            StmtKind::Labeled { stmt, .. } => self.stmt(stmt),
            StmtKind::Block(block) => self.stmts(&block.stmts),
            StmtKind::Expr(e) => self.expr(e),
            StmtKind::Send { chan, value } => {
                self.expr(chan);
                self.expr(value);
            }
            StmtKind::IncDec { x, .. } => {
                self.cost += 1;
                self.expr(x);
            }
            StmtKind::Assign { lhs, rhs } | StmtKind::Define { lhs, rhs } => {
                lhs.iter().chain(rhs).for_each(|e| self.expr(e));
            }
            StmtKind::OpAssign { lhs, rhs, .. } => {
                self.expr(lhs);
                self.expr(rhs);
            }
            StmtKind::Decl(decl) => {
                if let mini_syntax::ast::Decl::Var(decl) = &**decl {
                    for spec in &decl.specs {
                        self.cost += spec.names.len() as u32;
                        spec.values.iter().for_each(|e| self.expr(e));
                    }
                }
            }
            StmtKind::Go(_) | StmtKind::Defer(_) | StmtKind::Select(_) => self.never = true,
            StmtKind::Return(values) => values.iter().for_each(|e| self.expr(e)),
            StmtKind::If(stmt) => {
                stmt.init.iter().for_each(|s| self.stmt(s));
                self.expr(&stmt.cond);
                self.stmts(&stmt.then.stmts);
                stmt.els.iter().for_each(|s| self.stmt(s));
            }
            StmtKind::For(stmt) => {
                stmt.init.iter().for_each(|s| self.stmt(s));
                stmt.cond.iter().for_each(|e| self.expr(e));
                stmt.post.iter().for_each(|s| self.stmt(s));
                self.stmts(&stmt.body.stmts);
            }
            StmtKind::Range(stmt) => {
                stmt.lhs.iter().for_each(|e| self.expr(e));
                self.expr(&stmt.x);
                self.stmts(&stmt.body.stmts);
            }
            StmtKind::Switch(stmt) => {
                stmt.init.iter().for_each(|s| self.stmt(s));
                stmt.tag.iter().for_each(|e| self.expr(e));
                self.clauses(&stmt.body);
            }
            StmtKind::TypeSwitch(stmt) => {
                stmt.init.iter().for_each(|s| self.stmt(s));
                self.expr(&stmt.x);
                self.clauses(&stmt.body);
            }
        }
    }

    fn clauses(&mut self, clauses: &[CaseClause]) {
        for clause in clauses {
            self.cost += 1 + clause.exprs.len() as u32;
            self.stmts(&clause.body);
        }
    }

    fn expr(&mut self, e: &Expr) {
        self.cost += 1;
        match &e.kind {
            ExprKind::CompositeLit(lit) => lit.elems.iter().for_each(|e| self.expr(e)),
            ExprKind::KeyValue { value, .. } => self.expr(value),
            ExprKind::FuncLit(lit) => {
                let inner = block_cost(&lit.body);
                self.cost = self.cost.saturating_add(inner.min(1 << 20));
            }
            ExprKind::Paren(x) => {
                self.cost -= 1;
                self.expr(x);
            }
            ExprKind::Selector { x, .. } | ExprKind::Unary { x, .. } => self.expr(x),
            ExprKind::TypeAssert { x, .. } => self.expr(x),
            ExprKind::Index { x, indices } => {
                self.expr(x);
                indices.iter().for_each(|e| self.expr(e));
            }
            ExprKind::Slice(slice) => {
                self.expr(&slice.x);
                for bound in [&slice.lo, &slice.hi, &slice.max].into_iter().flatten() {
                    self.expr(bound);
                }
            }
            ExprKind::Call(call) => {
                match call.fun.as_ident().map(|name| name.name.as_str()) {
                    Some("len" | "cap" | "append" | "copy" | "min" | "max" | "new" | "make") => {}
                    Some("panic") => self.cost += PANIC,
                    Some("recover") => self.never = true,
                    // A conversion looks like a call to a name; most of those are to predeclared types.
                    Some(
                        "int" | "int8" | "int16" | "int32" | "int64" | "uint" | "uint8" | "uint16"
                        | "uint32" | "uint64" | "uintptr" | "byte" | "rune" | "float32" | "float64"
                        | "string" | "bool",
                    ) => {}
                    _ => self.cost += CALL,
                }
                self.expr(&call.fun);
                call.args.iter().for_each(|e| self.expr(e));
            }
            ExprKind::Binary { x, y, .. } => {
                self.expr(x);
                self.expr(y);
            }
            _ => {}
        }
    }
}
