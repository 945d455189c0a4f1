//! Which variables function literals may copy although they are assigned more than once.
//!
//! A literal holds a copy of a variable that does not change any more when the literal is made. Like Go's escape analysis
//! (`OCLOSURE` in its `expr.go`) this forgets the assignments in front of the first literal that uses the variable, if that
//! literal is no deeper in loops than the variable's declaration: they cannot run again before the variable is a new one. The
//! variables of a for clause are new in each iteration, at whose start the post statement changes them.

use mini_frontend::{Info, ObjId, Program};
use mini_syntax::ast::{BranchKind, Decl, Expr, ExprKind, Stmt, StmtKind};

use crate::context::Map;

/// What is known of a variable while its function is walked.
struct Variable {
    /// How many loops its declaration is in.
    depth: u32,
    is_captured: bool,
    is_reassigned: bool,
    /// Assigned by the body of a loop over a function, which is a closure, too.
    is_shared: bool,
}

/// The variables declared in a function's body, or as one of its parameters, that do not change once a literal has them.
pub(crate) fn settled(
    prog: &Program,
    info: &Info,
    params: &[ObjId],
    body: &[Stmt],
) -> Vec<(ObjId, bool)> {
    let mut walker = Walker {
        prog,
        info,
        depth: 0,
        n_range_funcs: 0,
        has_goto: false,
        variables: Map::default(),
    };
    for &param in params {
        walker.declare(param);
    }
    walker.stmts(body);
    let has_goto = walker.has_goto;
    let variables = walker.variables.into_iter();
    variables
        .map(|(var, v)| (var, !v.is_reassigned && !v.is_shared && !has_goto))
        .collect()
}

struct Walker<'a> {
    prog: &'a Program,
    info: &'a Info,
    depth: u32,
    n_range_funcs: u32,
    /// Jumps back make loops of their own.
    has_goto: bool,
    variables: Map<ObjId, Variable>,
}

impl<'a> Walker<'a> {
    fn declare(&mut self, var: ObjId) {
        let variable = Variable {
            depth: self.depth,
            is_captured: false,
            is_reassigned: false,
            is_shared: false,
        };
        self.variables.insert(var, variable);
    }

    /// Declares a name if it is new, else it is assigned.
    fn define(&mut self, to: &'a Expr) {
        let Some(name) = to.as_ident() else {
            return;
        };
        match self.info.object(name.id) {
            Some(var) if self.prog.object(var).pos == name.pos => self.declare(var),
            _ => self.assigned(to),
        }
    }

    /// The variable that an expression is a part of is assigned.
    fn assigned(&mut self, to: &'a Expr) {
        let mut at = to.unparen();
        while let ExprKind::Selector { x, .. } | ExprKind::Index { x, .. } = &at.kind {
            at = x.unparen();
        }
        let ExprKind::Name(_) = at.kind else {
            return;
        };
        if let Some(variable) = self
            .info
            .object(at.id)
            .and_then(|var| self.variables.get_mut(&var))
        {
            variable.is_reassigned = true;
            variable.is_shared |= self.n_range_funcs > 0;
        }
    }

    fn stmts(&mut self, stmts: &'a [Stmt]) {
        stmts.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn exprs(&mut self, exprs: &'a [Expr]) {
        exprs.iter().for_each(|e| self.expr(e));
    }

    fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Bad | StmtKind::Empty => {}
            StmtKind::Branch { kind, .. } => self.has_goto |= *kind == BranchKind::Goto,
            StmtKind::Labeled { stmt, .. } => self.stmt(stmt),
            StmtKind::Block(block) => self.stmts(&block.stmts),
            StmtKind::Expr(e) | StmtKind::Go(e) | StmtKind::Defer(e) => self.expr(e),
            StmtKind::Send { chan, value } => {
                self.expr(chan);
                self.expr(value);
            }
            StmtKind::IncDec { x, .. } => {
                self.expr(x);
                self.assigned(x);
            }
            StmtKind::Assign { lhs, rhs } => {
                self.exprs(lhs);
                self.exprs(rhs);
                lhs.iter().for_each(|to| self.assigned(to));
            }
            StmtKind::OpAssign { lhs, rhs, .. } => {
                self.expr(lhs);
                self.expr(rhs);
                self.assigned(lhs);
            }
            StmtKind::Define { lhs, rhs } => {
                self.exprs(rhs);
                lhs.iter().for_each(|to| self.define(to));
            }
            StmtKind::Decl(decl) => {
                if let Decl::Var(decl) = &**decl {
                    for spec in &decl.specs {
                        self.exprs(&spec.values);
                        for name in &spec.names {
                            if let Some(var) = self.info.object(name.id) {
                                self.declare(var);
                            }
                        }
                    }
                }
            }
            StmtKind::Return(values) => self.exprs(values),
            StmtKind::If(stmt) => {
                stmt.init.iter().for_each(|init| self.stmt(init));
                self.expr(&stmt.cond);
                self.stmts(&stmt.then.stmts);
                stmt.els.iter().for_each(|els| self.stmt(els));
            }
            StmtKind::For(stmt) => {
                // The clause's variables belong to an iteration.
                if let Some(init) = &stmt.init {
                    match &init.kind {
                        StmtKind::Define { lhs, rhs } => {
                            self.exprs(rhs);
                            self.depth += 1;
                            lhs.iter().for_each(|to| self.define(to));
                            self.depth -= 1;
                        }
                        _ => self.stmt(init),
                    }
                }
                self.depth += 1;
                stmt.post.iter().for_each(|post| self.stmt(post));
                stmt.cond.iter().for_each(|cond| self.expr(cond));
                self.stmts(&stmt.body.stmts);
                self.depth -= 1;
            }
            StmtKind::Range(stmt) => {
                self.expr(&stmt.x);
                let is_func = self
                    .prog
                    .types
                    .signature(self.info.type_of(stmt.x.unparen().id))
                    .is_some();
                self.depth += 1;
                self.n_range_funcs += u32::from(is_func);
                for to in &stmt.lhs {
                    match stmt.is_define {
                        true => self.define(to),
                        false => {
                            self.expr(to);
                            self.assigned(to);
                        }
                    }
                }
                self.stmts(&stmt.body.stmts);
                self.n_range_funcs -= u32::from(is_func);
                self.depth -= 1;
            }
            StmtKind::Switch(stmt) => {
                stmt.init.iter().for_each(|init| self.stmt(init));
                stmt.tag.iter().for_each(|tag| self.expr(tag));
                for clause in &stmt.body {
                    self.exprs(&clause.exprs);
                    self.stmts(&clause.body);
                }
            }
            StmtKind::TypeSwitch(stmt) => {
                stmt.init.iter().for_each(|init| self.stmt(init));
                self.expr(&stmt.x);
                stmt.body.iter().for_each(|clause| self.stmts(&clause.body));
            }
            StmtKind::Select(stmt) => {
                for clause in &stmt.body {
                    clause.comm.iter().for_each(|comm| self.stmt(comm));
                    self.stmts(&clause.body);
                }
            }
        }
    }

    fn expr(&mut self, e: &'a Expr) {
        match &e.kind {
            ExprKind::FuncLit(lit) => {
                if let Some(&func) = self.info.func_lits.get(&e.id) {
                    for var in &self.prog.func(func).captures {
                        if let Some(variable) = self.variables.get_mut(var)
                            && !variable.is_captured
                        {
                            variable.is_captured = true;
                            variable.is_reassigned &= variable.depth != self.depth;
                        }
                    }
                }
                self.depth += 1;
                self.stmts(&lit.body.stmts);
                self.depth -= 1;
            }
            ExprKind::CompositeLit(lit) => self.exprs(&lit.elems),
            ExprKind::KeyValue { key, value } => {
                self.expr(key);
                self.expr(value);
            }
            ExprKind::Paren(x)
            | ExprKind::Selector { x, .. }
            | ExprKind::TypeAssert { x, .. }
            | ExprKind::Unary { x, .. } => self.expr(x),
            ExprKind::Index { x, indices } => {
                self.expr(x);
                self.exprs(indices);
            }
            ExprKind::Slice(slice) => {
                self.expr(&slice.x);
                for bound in [&slice.lo, &slice.hi, &slice.max].into_iter().flatten() {
                    self.expr(bound);
                }
            }
            ExprKind::Call(call) => {
                self.expr(&call.fun);
                self.exprs(&call.args);
            }
            ExprKind::Binary { x, y, .. } => {
                self.expr(x);
                self.expr(y);
            }
            _ => {}
        }
    }
}
