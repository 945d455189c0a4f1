//! Statements and function bodies.

use mini_diagnostics::{Code, Diagnostic, Pos};
use mini_syntax::Symbol;
use mini_syntax::ast::{
    Block, CommClause, Expr, ExprKind, IfStmt, SelectStmt, Stmt, StmtKind, UnaryOp,
};

use super::Checker;
use super::errors::place;
use super::expr::{Kind, NO_HINT};
use super::operand::Operand;
use super::state::Progress;
use crate::info::{FuncId, FuncOrigin, Mode};
use crate::object::{ObjId, VarKind};
use crate::types::TypeId;

impl<'a> Checker<'a> {
    /// Checks a function's body: statements, the missing return, unused variables.
    pub(super) fn func_body(&mut self, func: FuncId, body: &'a Block) {
        let first_object = self.prog.objects.len();
        self.open_scope();
        let entry = self.prog.func(func);
        let named: Vec<ObjId> = entry
            .recv
            .iter()
            .chain(&entry.params)
            .chain(&entry.results)
            .copied()
            .collect();
        let sig = entry.sig;
        if matches!(entry.origin, FuncOrigin::Decl { .. }) {
            for param in entry.type_params.clone() {
                let (name, obj) = {
                    let param = self.types().type_param(param);
                    (param.name, param.obj)
                };
                if !name.is_blank() {
                    self.bind(name, obj);
                }
            }
        }
        for obj in named {
            let name = self.object(obj).name;
            // Of two parameters with one name, the first counts.
            let is_named = !name.as_str().is_empty() && !name.is_blank();
            if is_named && self.lookup_innermost(name).is_none() {
                self.bind(name, obj);
            }
        }
        self.stmt_list(&body.stmts);
        self.close_scope();
        let has_results = self
            .types()
            .signature(sig)
            .is_some_and(|sig| !sig.results.is_empty());
        if has_results && !self.is_terminating_list(&body.stmts) {
            self.error_at(Code::MissingReturn, body.rbrace, "missing return");
        }
        self.unused_variables(func, first_object);
    }

    fn unused_variables(&mut self, func: FuncId, first_object: usize) {
        for index in first_object..self.prog.objects.len() {
            let obj = ObjId(index as u32);
            let Some(var) = self.prog.var(obj) else {
                continue;
            };
            let is_unused = var.func == func && var.kind == VarKind::Local && !var.is_used;
            if !is_unused || self.prog.state.progress(obj) != Progress::Black {
                continue;
            }
            let (name, pos) = (self.object(obj).name, self.object(obj).pos);
            if name.is_blank() {
                continue;
            }
            let text = format!("declared and not used: {name}");
            self.error_name(Code::UnusedVar, pos, name, text);
        }
    }

    pub(super) fn stmt_list(&mut self, stmts: &'a [Stmt]) {
        for stmt in stmts {
            self.stmt(stmt);
        }
    }

    pub(super) fn block(&mut self, block: &'a Block) {
        self.open_scope();
        self.stmt_list(&block.stmts);
        self.close_scope();
    }

    pub(super) fn simple_stmt(&mut self, stmt: &'a Option<Stmt>) {
        if let Some(stmt) = stmt {
            self.stmt(stmt);
        }
    }

    pub(super) fn stmt(&mut self, stmt: &'a Stmt) {
        match &stmt.kind {
            StmtKind::Bad | StmtKind::Empty => {}
            StmtKind::Labeled { stmt, .. } => self.stmt(stmt),
            StmtKind::Block(block) => self.block(block),
            StmtKind::Expr(expr) => self.expr_stmt(expr),
            StmtKind::Send { chan, value } => {
                let chan = self.expr(chan);
                let mut value = self.generic_expr(value);
                if chan.is_valid()
                    && value.is_valid()
                    && let Some(elem) = self.chan_elem(&chan, false)
                {
                    self.assignment(&mut value, elem, "send");
                }
            }
            StmtKind::IncDec { x, is_inc } => self.inc_dec(x, *is_inc),
            StmtKind::Assign { lhs, rhs } => self.assign_vars(lhs, rhs),
            StmtKind::OpAssign { op, lhs, rhs } => {
                let mut x = self.binary(None, lhs, rhs, *op);
                self.assign_var(lhs, &mut x, "assignment");
            }
            StmtKind::Define { lhs, rhs } => self.short_var_decl(stmt.pos, lhs, rhs),
            StmtKind::Decl(decl) => self.decl_stmt(decl),
            // The parser has looked at labels and jumps.
            StmtKind::Branch { .. } => {}
            StmtKind::Go(call) => self.suspended_call("go", call),
            StmtKind::Defer(call) => {
                let func = self.env.func;
                self.prog.funcs[func.index()].has_defer = true;
                self.suspended_call("defer", call);
            }
            StmtKind::Return(values) => self.return_stmt(stmt.pos, values),
            StmtKind::If(stmt) => self.if_stmt(stmt),
            StmtKind::For(stmt) => self.for_stmt(stmt),
            StmtKind::Range(range) => self.range_stmt(stmt.pos, range),
            StmtKind::Switch(stmt) => self.switch_stmt(stmt),
            StmtKind::TypeSwitch(stmt) => self.type_switch_stmt(stmt),
            StmtKind::Select(stmt) => self.select_stmt(stmt),
        }
    }

    fn expr_stmt(&mut self, expr: &'a Expr) {
        let (x, kind) = self.raw_expr(expr, NO_HINT);
        let (code, what) = match x.mode {
            Mode::Builtin => (Code::UncalledBuiltin, "must be called"),
            Mode::Type => (Code::NotAnExpr, "is not an expression"),
            _ if kind == Kind::Statement => return,
            _ => (Code::UnusedExpr, "is not used"),
        };
        let text = format!("{} {what}", self.describe(&x));
        self.error_op(code, &x, text);
    }

    fn inc_dec(&mut self, expr: &'a Expr, is_inc: bool) {
        let mut x = self.expr(expr);
        if !x.is_valid() {
            return;
        }
        if !self.types().all_numeric(x.ty) {
            let op = if is_inc { "++" } else { "--" };
            let text = format!(
                "invalid operation: {expr}{op} (non-numeric type {})",
                self.type_text(x.ty)
            );
            self.error(Code::NonNumericIncDec, expr, text);
            return;
        }
        self.assign_var(expr, &mut x, "assignment");
    }

    fn suspended_call(&mut self, keyword: &str, expr: &'a Expr) {
        let is_defer = keyword == "defer";
        let code = if is_defer {
            Code::InvalidDefer
        } else {
            Code::InvalidGo
        };
        if !matches!(expr.kind, ExprKind::Call(_)) {
            let text = match matches!(expr.unparen().kind, ExprKind::Call(_)) {
                true => format!("expression in {keyword} must not be parenthesized"),
                false => format!("expression in {keyword} must be function call"),
            };
            self.error(code, expr, text);
            self.use_exprs(std::slice::from_ref(expr));
            return;
        }
        let (x, kind) = self.raw_expr(expr, NO_HINT);
        let (code, what) = match kind {
            Kind::Conversion => (code, "requires function call, not conversion"),
            Kind::Expression => (Code::UnusedResults, "discards result of"),
            Kind::Statement => return,
        };
        let text = format!("{keyword} {what} {}", self.describe(&x));
        self.error_op(code, &x, text);
    }

    fn return_stmt(&mut self, pos: Pos, values: &'a [Expr]) {
        let results = self.prog.func(self.env.func).results.clone();
        let is_named = results
            .first()
            .is_some_and(|&result| !self.object(result).name.as_str().is_empty());
        if values.is_empty() && is_named {
            for result in results {
                let name = self.object(result).name;
                if let Some(other) = self.lookup(name)
                    && other != result
                    && !name.is_blank()
                {
                    self.hidden_result(pos, name, self.object(result).ty, other);
                }
            }
            return;
        }
        if values.is_empty() {
            if !results.is_empty() {
                let want: Vec<TypeId> = results.iter().map(|&obj| self.object(obj).ty).collect();
                let want = format!("want {}", self.types_summary(&want, false, false));
                let text = "not enough return values";
                let diagnostic = Diagnostic::error(Code::WrongResultCount, pos.span(), text);
                self.push(diagnostic.note("have ()").note(want));
            }
            return;
        }
        self.init_vars(&results, values, Some(pos));
    }

    fn hidden_result(&mut self, pos: Pos, name: Symbol, ty: TypeId, other: ObjId) {
        let text = format!("result parameter {name} not in scope at return");
        let other_pos = self.object(other).pos;
        let shown = format!("inner declaration of var {name} {}", self.type_text(ty));
        let diagnostic = Diagnostic::error(Code::OutOfScopeResult, pos.span(), text)
            .also(self.name_span(other_pos, name), shown);
        self.push(diagnostic);
    }

    fn condition(&mut self, expr: &'a Expr, what: &str) {
        let mut x = self.expr(expr);
        if !x.is_valid() {
            return;
        }
        if !self.types().all_boolean(x.ty) {
            let text = format!("non-boolean condition in {what} statement");
            self.error(Code::InvalidCond, expr, text);
            return;
        }
        self.default_operand(&mut x);
    }

    fn if_stmt(&mut self, stmt: &'a IfStmt) {
        // A chain of else-ifs is as deep as it is long in scopes, not in calls.
        let mut at = stmt;
        let mut n_scopes = 0;
        loop {
            self.open_scope();
            n_scopes += 1;
            self.simple_stmt(&at.init);
            self.condition(&at.cond, "if");
            self.block(&at.then);
            match &at.els {
                Some(Stmt {
                    kind: StmtKind::If(next),
                    ..
                }) => at = next,
                Some(stmt) => {
                    self.stmt(stmt);
                    break;
                }
                None => break,
            }
        }
        for _ in 0..n_scopes {
            self.close_scope();
        }
    }

    fn for_stmt(&mut self, stmt: &'a mini_syntax::ast::ForStmt) {
        self.open_scope();
        let first = self.prog.objects.len();
        self.simple_stmt(&stmt.init);
        if let Some(Stmt {
            kind: StmtKind::Define { .. },
            ..
        }) = &stmt.init
        {
            self.mark_loop_vars(first);
        }
        if let Some(cond) = &stmt.cond {
            self.condition(cond, "for");
        }
        if let Some(Stmt {
            kind: StmtKind::Define { lhs, .. },
            pos,
            ..
        }) = &stmt.post
        {
            let text = "cannot declare in post statement of for loop";
            self.error_at(Code::InvalidPostDecl, *pos, text);
            self.use_lhs(lhs);
        } else {
            self.simple_stmt(&stmt.post);
        }
        self.block(&stmt.body);
        self.close_scope();
    }

    /// Marks the variables of the function at hand among the objects made since `first`.
    pub(super) fn mark_loop_vars(&mut self, first: usize) {
        let func = self.env.func;
        for index in first..self.prog.objects.len() {
            if let Some(var) = self.prog.var_mut(ObjId(index as u32))
                && var.kind == VarKind::Local
                && var.func == func
            {
                var.is_loop_var = true;
            }
        }
    }

    fn select_stmt(&mut self, stmt: &'a SelectStmt) {
        let mut default: Option<Pos> = None;
        for clause in &stmt.body {
            if clause.comm.is_none() {
                self.second_default(&mut default, clause.pos);
            }
        }
        for clause in &stmt.body {
            self.comm_clause(clause);
        }
    }

    fn comm_clause(&mut self, clause: &'a CommClause) {
        if let Some(comm) = &clause.comm
            && !is_communication(comm)
        {
            let text = "select case must be send or receive (possibly with assignment)";
            let pos = match &comm.kind {
                StmtKind::Expr(expr) => expr.pos,
                _ => comm.span.start,
            };
            self.error_at(Code::InvalidSelectCase, pos, text);
            return;
        }
        self.open_scope();
        self.simple_stmt(&clause.comm);
        self.stmt_list(&clause.body);
        self.close_scope();
    }

    /// Reports the second of two default clauses.
    pub(super) fn second_default(&mut self, first: &mut Option<Pos>, pos: Pos) {
        match *first {
            None => *first = Some(pos),
            Some(first) => {
                let text = format!("multiple defaults (first at {})", place(first));
                self.error_at(Code::DuplicateDefault, pos, text);
            }
        }
    }

    /// An operand that stands for a value of a type at a place in the source.
    pub(super) fn value_at(&self, expr: &'a Expr, ty: TypeId) -> Operand<'a> {
        let mut x = Operand::invalid(expr);
        x.set_value(ty);
        x.part = super::operand::Part::Element;
        x
    }
}

/// A send, or a receive that is alone or assigned.
fn is_communication(stmt: &Stmt) -> bool {
    let value = match &stmt.kind {
        StmtKind::Send { .. } => return true,
        StmtKind::Expr(x) => &**x,
        StmtKind::Assign { rhs, .. } | StmtKind::Define { rhs, .. } => match rhs.as_slice() {
            [value] => value,
            _ => return false,
        },
        _ => return false,
    };
    matches!(
        value.unparen().kind,
        ExprKind::Unary {
            op: UnaryOp::Recv,
            ..
        }
    )
}
