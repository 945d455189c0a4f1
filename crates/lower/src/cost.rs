//! What inlining a function would cost, counted as Go's inliner counts (`hairyVisitor` in its `inl.go`).
//!
//! Each node of Go's own tree costs one; the numbers here were fitted to what `-m=2` prints. That tree differs from ours: a
//! declared variable is two nodes, implicit conversions to interfaces, dereferences and address-takings are nodes, literals of
//! structs have one for each key, conversions without code are free. A call costs its callee's cost if that can be
//! inlined, else [`CALL`]; since callees may be counted later, a count keeps their names until [`Context::settle_costs`].

use mini_frontend::{
    self as front, Builtin, Info, Mode, ObjectKind, Program, SelectionKind, Type, TypeId, VarKind,
};
use mini_mir::{FuncId, FuncKind, InlineCost};
use mini_syntax::ExprId;
use mini_syntax::ast::{
    Block, CaseClause, CompositeLit, Decl, Expr, ExprKind, Ident, Stmt, StmtKind, UnaryOp, VarSpec,
};

use crate::context::{Context, Map};
use crate::func::FuncLower;

/// A call that is not inlined.
const CALL: u32 = 57;
/// The same of a function parameter: likely to be known where the function is inlined.
const PARAM_CALL: u32 = 17;
/// Two results that are kept in variables before they are assigned.
const TWO_RESULTS: u32 = 4 * 2 + 1;
/// A function literal, whatever it holds.
const LITERAL: u32 = 16;
/// Largest cost of a function that is inlined.
const BUDGET: u32 = 80;
/// Nothing counts further than this.
const LIMIT: u32 = 1 << 20;

/// Count of a body, but for its static calls.
#[derive(Clone, Default)]
pub(crate) struct Cost {
    nodes: u32,
    callees: Vec<FuncId>,
    /// Why it is never inlined.
    never: Option<&'static str>,
}

/// Nodes that Go has for the state of a loop over a function.
pub(crate) const LOOP_STATE: u32 = 12;

/// Counts a body that was lowered, and `more` nodes.
pub(crate) fn count(
    lower: &FuncLower<'_, '_>,
    func: front::FuncId,
    body: &Block,
    more: u32,
) -> Cost {
    let (prog, results) = (&*lower.prog, &lower.result_vars);
    let mut counter = Counter {
        prog,
        info: lower.info(),
        called: &lower.called,
        lowered: &lower.literals,
        results: results.iter().map(|&var| prog.object(var).ty).collect(),
        func,
        literals: Map::default(),
        cost: Cost::default(),
    };
    counter.add(more);
    counter.stmts(&body.stmts);
    counter.cost
}

impl Context<'_> {
    /// Writes the costs of all counted functions into the program.
    pub(crate) fn settle_costs(&mut self) {
        let mut settled = Map::default();
        let ids: Vec<FuncId> = self.costs.keys().copied().collect();
        for func in ids {
            let cost = self.settled_cost(func, &mut settled);
            self.funcs[func].inline_cost = match (self.costs[&func].never, cost) {
                (Some(reason), _) => InlineCost::Never(reason),
                (None, Some(nodes)) => InlineCost::Nodes(nodes),
                (None, None) => InlineCost::Unknown,
            };
        }
    }

    /// `None`: never inlined, or on the way to itself.
    fn settled_cost(&self, func: FuncId, settled: &mut Map<FuncId, Option<u32>>) -> Option<u32> {
        if let Some(&known) = settled.get(&func) {
            return known;
        }
        // Whoever comes back here is recursive.
        settled.insert(func, None);
        let cost = self.costs.get(&func)?;
        let mut total = cost.nodes;
        for &callee in &cost.callees {
            let is_native = matches!(self.funcs[callee].kind, FuncKind::Native);
            let name = &*self.funcs[callee].name;
            let inner = match (is_native && is_intrinsic(name)) || name == STANDARD_OUTPUT {
                true => Some(0),
                false => self
                    .settled_cost(callee, settled)
                    .filter(|&inner| inner <= BUDGET && !self.funcs[callee].no_inline),
            };
            total = (total + inner.unwrap_or(CALL)).min(LIMIT);
        }
        let total = cost.never.is_none().then_some(total);
        settled.insert(func, total);
        total
    }
}

/// Go's fmt reads a variable instead.
const STANDARD_OUTPUT: &str = "internal/stdio.Writer";

/// Natives that become an instruction or two.
fn is_intrinsic(name: &str) -> bool {
    name.starts_with("sync/atomic.")
        || name.starts_with("math/bits.")
        || matches!(
            name,
            "math.Sqrt"
                | "math.Abs"
                | "math.Floor"
                | "math.Ceil"
                | "math.Trunc"
                | "math.Copysign"
                | "math.Float64bits"
                | "math.Float64frombits"
                | "math.Float32bits"
                | "math.Float32frombits"
        )
}

struct Counter<'a> {
    prog: &'a Program,
    info: &'a Info,
    called: &'a Map<ExprId, FuncId>,
    lowered: &'a Map<front::FuncId, FuncId>,
    results: Vec<TypeId>,
    /// The function that is counted.
    func: front::FuncId,
    /// Literals in variables that are assigned once: calls of those are known.
    literals: Map<front::ObjId, FuncId>,
    cost: Cost,
}

impl Counter<'_> {
    fn add(&mut self, nodes: u32) {
        self.cost.nodes = (self.cost.nodes + nodes).min(LIMIT);
    }

    /// The first reason counts.
    fn never(&mut self, reason: &'static str) {
        self.cost.never.get_or_insert(reason);
    }

    fn ty(&self, e: &Expr) -> TypeId {
        self.info.type_of(e.unparen().id)
    }

    fn stmts(&mut self, stmts: &[Stmt]) {
        stmts.iter().for_each(|stmt| self.stmt(stmt));
    }

    fn stmt(&mut self, stmt: &Stmt) {
        match &stmt.kind {
            StmtKind::Bad | StmtKind::Empty => {}
            StmtKind::Branch { kind, .. } => {
                let is_free = *kind == mini_syntax::ast::BranchKind::Fallthrough;
                self.add(u32::from(!is_free));
            }
            StmtKind::Labeled { stmt, .. } => {
                self.add(1);
                self.stmt(stmt);
            }
            StmtKind::Block(block) => self.stmts(&block.stmts),
            StmtKind::Expr(e) => self.expr(e),
            StmtKind::Send { chan, value } => {
                self.add(1);
                self.expr(chan);
                let elem = match self.prog.types.under_type(self.ty(chan)) {
                    Type::Chan { elem, .. } => *elem,
                    _ => TypeId::INVALID,
                };
                self.converted(value, elem);
            }
            StmtKind::IncDec { x, .. } => {
                self.add(2);
                self.expr(x);
            }
            StmtKind::Assign { lhs, rhs } => {
                self.add(1);
                for to in lhs {
                    self.expr(to);
                }
                self.values(lhs, rhs);
            }
            StmtKind::Define { lhs, rhs } => self.define(lhs, rhs),
            StmtKind::OpAssign { lhs, rhs, .. } => {
                self.add(1);
                self.expr(lhs);
                self.expr(rhs);
            }
            StmtKind::Decl(decl) => {
                if let Decl::Var(decl) = &**decl {
                    decl.specs.iter().for_each(|spec| self.var_spec(spec));
                }
            }
            StmtKind::Go(_) => self.never("unhandled op GO"),
            StmtKind::Defer(_) => self.never("unhandled op DEFER"),
            StmtKind::Select(clauses) => {
                self.add(1);
                for clause in &clauses.body {
                    self.add(1);
                    clause.comm.iter().for_each(|comm| self.comm(comm));
                    self.stmts(&clause.body);
                }
            }
            StmtKind::Return(values) => self.return_stmt(values),
            StmtKind::If(stmt) => {
                stmt.init.iter().for_each(|init| self.stmt(init));
                match self.constant_bool(&stmt.cond) {
                    Some(true) => self.stmts(&stmt.then.stmts),
                    Some(false) => stmt.els.iter().for_each(|els| self.stmt(els)),
                    None => {
                        self.add(1);
                        self.expr(&stmt.cond);
                        self.stmts(&stmt.then.stmts);
                        stmt.els.iter().for_each(|els| self.stmt(els));
                    }
                }
            }
            StmtKind::For(stmt) => {
                self.add(1);
                stmt.init.iter().for_each(|init| self.stmt(init));
                stmt.cond.iter().for_each(|cond| self.expr(cond));
                stmt.post.iter().for_each(|post| self.stmt(post));
                self.stmts(&stmt.body.stmts);
            }
            StmtKind::Range(stmt) => {
                self.add(1);
                for to in &stmt.lhs {
                    self.expr(to);
                    self.add(if stmt.is_define { self.declares(to) } else { 0 });
                }
                self.expr(&stmt.x);
                if self.prog.types.signature(self.ty(&stmt.x)).is_some() {
                    // A call with the body, which is a function.
                    self.add(CALL + LITERAL);
                } else {
                    self.stmts(&stmt.body.stmts);
                }
            }
            StmtKind::Switch(stmt) => {
                self.add(1);
                stmt.init.iter().for_each(|init| self.stmt(init));
                stmt.tag.iter().for_each(|tag| self.expr(tag));
                self.clauses(&stmt.body, true);
            }
            StmtKind::TypeSwitch(stmt) => {
                self.add(2);
                stmt.init.iter().for_each(|init| self.stmt(init));
                self.expr(&stmt.x);
                if stmt.bind.is_some() {
                    self.add(1 + stmt.body.len() as u32);
                }
                self.clauses(&stmt.body, false);
            }
        }
    }

    /// A communication: every receive is Go's `x, ok = <-c`, with blanks where there is nothing.
    fn comm(&mut self, stmt: &Stmt) {
        let (lhs, rhs, defines) = match &stmt.kind {
            StmtKind::Expr(receive) => (&[][..], &**receive, false),
            StmtKind::Assign { lhs, rhs } => (&lhs[..], &rhs[0], false),
            StmtKind::Define { lhs, rhs } => (&lhs[..], &rhs[0], true),
            _ => return self.stmt(stmt),
        };
        self.add(1 + 2 - lhs.len() as u32);
        for to in lhs {
            match defines {
                true => self.add(1 + self.declares(to)),
                false => self.expr(to),
            }
        }
        if lhs.len() == 2 {
            // Two results go into variables first.
            self.add(TWO_RESULTS);
        }
        self.expr(rhs);
    }

    fn constant_bool(&self, e: &Expr) -> Option<bool> {
        let id = self.info.expr(e.unparen().id).value.get()?;
        self.prog.constant(id).as_bool()
    }

    fn clauses(&mut self, clauses: &[CaseClause], are_values: bool) {
        for clause in clauses {
            self.add(1);
            if are_values {
                clause.exprs.iter().for_each(|e| self.expr(e));
            }
            self.stmts(&clause.body);
        }
    }

    /// Nodes of the declaration that a name makes.
    fn declares(&self, to: &Expr) -> u32 {
        match to.as_ident() {
            Some(name) if self.is_new(name) => 2,
            _ => 0,
        }
    }

    fn is_new(&self, name: Ident) -> bool {
        !name.name.is_blank()
            && self
                .info
                .object(name.id)
                .is_some_and(|object| self.prog.object(object).pos == name.pos)
    }

    fn define(&mut self, lhs: &[Expr], rhs: &[Expr]) {
        self.add(1 + lhs.len() as u32);
        for (index, to) in lhs.iter().enumerate() {
            self.add(self.declares(to));
            if let (Some(name), Some(value)) = (to.as_ident(), rhs.get(index)) {
                self.remember_literal(name, value);
            }
        }
        self.values(lhs, rhs);
    }

    fn remember_literal(&mut self, name: Ident, value: &Expr) {
        let value = value.unparen();
        if let Some(var) = self.info.object(name.id)
            && let Some(lit) = self.literal(value)
            && self.prog.var(var).is_some_and(|v| !v.is_reassigned)
        {
            self.literals.insert(var, lit);
        }
    }

    /// The right side of an assignment to expressions.
    fn values(&mut self, lhs: &[Expr], rhs: &[Expr]) {
        for (index, value) in rhs.iter().enumerate() {
            let is_blank = |to: &Expr| to.as_ident().is_some_and(|name| name.name.is_blank());
            let to = match lhs.get(index) {
                Some(to) if lhs.len() == rhs.len() && !is_blank(to) => self.lhs_ty(to),
                _ => TypeId::INVALID,
            };
            self.converted(value, to);
        }
    }

    /// Type of a left side: defined names have theirs in the object.
    fn lhs_ty(&self, to: &Expr) -> TypeId {
        let object = to.as_ident().and_then(|name| self.info.object(name.id));
        object.map_or_else(|| self.ty(to), |object| self.prog.object(object).ty)
    }

    fn var_spec(&mut self, spec: &VarSpec) {
        let n = spec.names.len() as u32;
        let declared = spec.names.iter().filter(|name| self.is_new(**name)).count() as u32;
        self.add(2 * declared);
        if spec.values.is_empty() {
            // An assignment of zero for each.
            return self.add(2 * n);
        }
        self.add(1 + n);
        for (&name, value) in spec.names.iter().zip(&spec.values) {
            self.remember_literal(name, value);
        }
        for (index, value) in spec.values.iter().enumerate() {
            let to = spec
                .names
                .get(index)
                .and_then(|name| self.info.object(name.id));
            let to = match to {
                Some(var) if spec.values.len() == spec.names.len() => self.prog.object(var).ty,
                _ => TypeId::INVALID,
            };
            self.converted(value, to);
        }
    }

    fn return_stmt(&mut self, values: &[Expr]) {
        self.add(1);
        let n = self.results.len();
        if values.len() == 1 && n > 1 {
            // Go puts the results into variables first.
            self.add(4 * n as u32 + 1);
            return self.expr(&values[0]);
        }
        for (index, value) in values.iter().enumerate() {
            let to = self.results.get(index).copied().unwrap_or_default();
            self.converted(value, to);
        }
    }

    /// A value, and the conversion to an interface that its use needs.
    fn converted(&mut self, e: &Expr, to: TypeId) {
        if to.is_valid()
            && self.prog.types.is_interface(to)
            && self.info.expr(e.unparen().id).mode != Mode::Nil
            && !self.prog.types.identical(self.ty(e), to)
        {
            self.add(1);
        }
        self.expr(e);
    }

    fn expr(&mut self, e: &Expr) {
        let e = e.unparen();
        self.add(1);
        if self.info.expr(e.id).value.is_some() {
            return;
        }
        match &e.kind {
            ExprKind::CompositeLit(lit) => self.composite(e, lit),
            // One was counted already.
            ExprKind::FuncLit(_) => self.add(LITERAL - 1),
            ExprKind::Selector { x, .. } => self.selector(e, x),
            ExprKind::Index { x, indices } => {
                let is_pointer = self.prog.types.is_pointer(self.ty(x));
                self.add(u32::from(is_pointer));
                self.expr(x);
                indices.iter().for_each(|index| self.expr(index));
            }
            ExprKind::Slice(slice) => {
                let is_array = matches!(
                    self.prog.types.under_type(self.ty(&slice.x)),
                    Type::Array { .. }
                );
                self.add(u32::from(is_array));
                self.expr(&slice.x);
                for bound in [&slice.lo, &slice.hi, &slice.max].into_iter().flatten() {
                    self.expr(bound);
                }
            }
            ExprKind::TypeAssert { x, .. } => self.expr(x),
            ExprKind::Unary {
                op: UnaryOp::Addr,
                x,
            } => self.address_of(x),
            ExprKind::Unary { x, .. } => self.expr(x),
            ExprKind::Binary { op, x, y } => {
                // A chain of string concatenations is one node.
                if *op == mini_syntax::ast::BinaryOp::Add
                    && self.prog.types.is_string(self.ty(e))
                    && matches!(x.unparen().kind, ExprKind::Binary { .. })
                    && !self.info.expr(x.unparen().id).value.is_some()
                {
                    self.cost.nodes -= 1;
                }
                if op.is_comparison() {
                    let (x_ty, y_ty) = (self.ty(x), self.ty(y));
                    self.converted(x, y_ty);
                    self.converted(y, x_ty);
                } else {
                    self.expr(x);
                    self.expr(y);
                }
            }
            ExprKind::Call(call) => self.call(e, call),
            _ => {}
        }
    }

    fn composite(&mut self, e: &Expr, lit: &CompositeLit) {
        let mut ty = self.ty(e);
        // `{…}` of a pointer type is `&T{…}`.
        if let Some(elem) = self.prog.types.pointee(ty) {
            self.add(1);
            ty = elem;
        }
        match self.prog.types.under_type(ty).clone() {
            Type::Struct(structure) => {
                for (index, elem) in lit.elems.iter().enumerate() {
                    self.add(1);
                    let (value, field) = match &elem.kind {
                        ExprKind::KeyValue { key, value } => {
                            let name = key.unparen().as_ident().map(|name| name.name);
                            let field = structure.fields.iter().find(|f| Some(f.name) == name);
                            (&**value, field)
                        }
                        _ => (elem, structure.fields.get(index)),
                    };
                    self.converted(value, field.map_or(TypeId::INVALID, |f| f.ty));
                }
            }
            Type::Map { key: k, value: v } => {
                for elem in &lit.elems {
                    self.add(1);
                    if let ExprKind::KeyValue { key, value } = &elem.kind {
                        self.converted(key, k);
                        self.converted(value, v);
                    }
                }
            }
            Type::Slice(elem_ty) => {
                self.add(1);
                self.elements(lit, elem_ty);
            }
            Type::Array { elem, .. } => self.elements(lit, elem),
            _ => {}
        }
    }

    fn elements(&mut self, lit: &CompositeLit, ty: TypeId) {
        for elem in &lit.elems {
            match &elem.kind {
                ExprKind::KeyValue { key, value } => {
                    self.add(1);
                    self.expr(key);
                    self.converted(value, ty);
                }
                _ => self.converted(elem, ty),
            }
        }
    }

    /// One was counted for the selector.
    fn selector(&mut self, e: &Expr, x: &Expr) {
        let Some(selection) = self.info.selection(e.id) else {
            return;
        };
        match selection.kind {
            SelectionKind::Field => {
                self.add(selection.path.len() as u32);
                self.expr(x);
            }
            SelectionKind::Method => {
                self.add(1 + selection.path.len() as u32);
                self.expr(x);
            }
            SelectionKind::MethodExpr => self.cost.nodes -= 1,
        }
    }

    /// One was counted for the `&`. A pointer to the first field of a variable is the pointer to it.
    fn address_of(&mut self, x: &Expr) {
        let x = x.unparen();
        if let ExprKind::Selector { x: base, .. } = &x.kind
            && matches!(base.unparen().kind, ExprKind::Name(_))
            && let Some(selection) = self.info.selection(x.id)
            && selection.kind == SelectionKind::Field
            && selection.path.is_empty()
            && matches!(selection.member, front::Member::Field { index: 0, .. })
        {
            self.cost.nodes -= 1;
            return self.expr(base);
        }
        self.expr(x);
    }

    /// One was counted for the call.
    fn call(&mut self, e: &Expr, call: &mini_syntax::ast::CallExpr) {
        let fun = call.fun.unparen();
        if self.info.expr(fun.id).mode == Mode::Type {
            return self.conversion(e, &call.args[0]);
        }
        if let Some(&ObjectKind::Builtin(builtin)) = self.named(fun) {
            return self.builtin(builtin, call);
        }
        match self.callee(fun) {
            Callee::Static(callee) => {
                self.cost.callees.push(callee);
            }
            Callee::Param => self.add(PARAM_CALL),
            Callee::Unknown => self.add(CALL),
        }
        self.fun(fun);
        self.args(call, fun);
    }

    fn named(&self, e: &Expr) -> Option<&ObjectKind> {
        let id = match &e.kind {
            ExprKind::Name(_) => e.id,
            ExprKind::Selector { sel, .. } if self.info.selection(e.id).is_none() => sel.id,
            _ => return None,
        };
        Some(&self.prog.object(self.info.object(id)?).kind)
    }

    fn literal(&self, e: &Expr) -> Option<FuncId> {
        let source = self.info.func_lits.get(&e.id)?;
        self.lowered.get(source).copied()
    }

    fn callee(&self, fun: &Expr) -> Callee {
        if let Some(lit) = self.literal(fun) {
            return Callee::Static(lit);
        }
        if let Some(&func) = self.called.get(&fun.id) {
            return Callee::Static(func);
        }
        let Some(ObjectKind::Var(var)) = self.named(fun) else {
            return Callee::Unknown;
        };
        let object = self.info.object(fun.id);
        match object.and_then(|object| self.literals.get(&object)) {
            Some(&lit) => Callee::Static(lit),
            None if matches!(var.kind, VarKind::Param | VarKind::Recv) => Callee::Param,
            // What a literal captured counts alike.
            None if var.kind != VarKind::Package && var.func != self.func => Callee::Param,
            None => Callee::Unknown,
        }
    }

    /// What is called: a method's name is free, an implicit `&` or `*` of its receiver is not.
    fn fun(&mut self, fun: &Expr) {
        let ExprKind::Selector { x, .. } = &fun.kind else {
            return self.expr(fun);
        };
        let Some(selection) = self.info.selection(fun.id) else {
            return self.expr(fun);
        };
        match (selection.kind, selection.member) {
            (SelectionKind::Method, front::Member::Method(object)) => {
                let recv = self
                    .prog
                    .func_of(object)
                    .and_then(|func| self.prog.func(func).recv);
                let wants_pointer =
                    recv.is_some_and(|recv| self.prog.types.is_pointer(self.prog.object(recv).ty));
                let n_steps = selection.path.len() as u32;
                // An embedded field at the front costs nothing when its address is taken.
                let is_front = wants_pointer && selection.path.iter().all(|&index| index == 0);
                let has_pointer = self.prog.types.is_pointer(self.ty(x));
                if n_steps > 0 {
                    self.add(if is_front {
                        0
                    } else {
                        n_steps + u32::from(wants_pointer)
                    });
                } else {
                    self.add(u32::from(wants_pointer != has_pointer));
                }
                self.expr(x);
            }
            (SelectionKind::Method, _) => {
                self.add(1);
                self.expr(x);
            }
            _ => self.expr(fun),
        }
    }

    fn args(&mut self, call: &mini_syntax::ast::CallExpr, fun: &Expr) {
        let Some(sig) = self.prog.types.signature(self.ty(fun)).cloned() else {
            return call.args.iter().for_each(|arg| self.expr(arg));
        };
        if let [only] = call.args.as_slice()
            && let Type::Tuple(parts) = self.prog.types.get(self.ty(only))
            && parts.len() > 1
        {
            self.add(4 * parts.len() as u32 + 1);
            return self.expr(only);
        }
        let packs = sig.is_variadic && !call.has_dots;
        let n_fixed = sig.params.len() - usize::from(packs);
        for (index, arg) in call.args.iter().enumerate() {
            let to = if index < n_fixed {
                sig.params[index].ty
            } else {
                match self.prog.types.under_type(sig.params[n_fixed].ty) {
                    Type::Slice(elem) => *elem,
                    _ => TypeId::INVALID,
                }
            };
            self.converted(arg, to);
        }
        if packs {
            // nil, or a slice literal.
            self.add(if call.args.len() > n_fixed { 2 } else { 1 });
        }
    }

    /// One was counted for the conversion; without code it is free.
    fn conversion(&mut self, e: &Expr, x: &Expr) {
        let types = &self.prog.types;
        let (from, to) = (self.ty(x), self.ty(e));
        let word = |ty| {
            use front::Basic::*;
            types.basic(ty).map(|basic| match basic {
                Int => Int64,
                Uint | Uintptr => Uint64,
                other => other,
            })
        };
        let is_free = match (word(from), word(to)) {
            (Some(a), Some(b)) => a == b,
            (None, None) => !types.is_interface(to) || types.identical(from, to),
            _ => false,
        };
        if is_free {
            self.cost.nodes -= 1;
        }
        self.expr(x);
    }

    fn builtin(&mut self, builtin: Builtin, call: &mini_syntax::ast::CallExpr) {
        match builtin {
            Builtin::Panic => {
                self.add(1);
                self.expr(&call.args[0]);
            }
            Builtin::Recover => self.never("call to recover"),
            Builtin::Make => call.args[1..].iter().for_each(|arg| self.expr(arg)),
            Builtin::New => {
                if self.info.expr(call.args[0].unparen().id).mode != Mode::Type {
                    // A variable with the value, and its address.
                    self.add(5);
                    self.expr(&call.args[0]);
                }
            }
            Builtin::Append => {
                let elem = match self.prog.types.under_type(self.ty(&call.args[0])) {
                    Type::Slice(elem) if !call.has_dots => *elem,
                    _ => TypeId::INVALID,
                };
                self.expr(&call.args[0]);
                for arg in &call.args[1..] {
                    self.converted(arg, elem);
                }
            }
            _ => call.args.iter().for_each(|arg| self.expr(arg)),
        }
    }
}

enum Callee {
    Static(FuncId),
    Param,
    Unknown,
}
