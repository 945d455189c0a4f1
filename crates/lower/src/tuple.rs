//! Assignments of several values.
//!
//! They are made one after the other, from left to right. What an earlier one could change for a later one (the value, the
//! operands of the left side) is evaluated before the first of them and kept. So does Go's compiler (its `ascompatee`), and a
//! program can see it: by which of several faults is raised, and what is assigned by then.

use mini_diagnostics::Pos;
use mini_frontend::{Mode, ObjId, ObjectKind, SelectionKind, VarKind};
use mini_mir::{LocalKind, Operand, PlaceBase, Proj, Rvalue, TyId, TyKind};
use mini_syntax::ast::{BinaryOp, Expr, ExprKind, Ident, UnaryOp};

use crate::assign::LValue;
use crate::func::{FuncLower, Slot};

/// What is assigned to.
pub(crate) enum Dest<'ast> {
    Expr(&'ast Expr),
    /// A name in a declaration, which may declare it.
    Name(Ident),
    /// A result of the function.
    Result(ObjId),
    /// Operands and all evaluated.
    Fixed(LValue),
}

/// What is assigned.
pub(crate) enum Source<'ast> {
    Expr(&'ast Expr),
    Value(Operand),
}

/// An assignment, and its position.
pub(crate) type Pair<'ast> = (Dest<'ast>, Source<'ast>, Pos);

/// What the assignments so far have changed.
#[derive(Default)]
struct Written {
    /// Variables that only their names can reach.
    vars: Vec<ObjId>,
    /// Something that may be reached in other ways.
    memory: bool,
    /// A result that deferred calls can see, should a later value fault.
    results: bool,
}

impl<'ast> FuncLower<'_, 'ast> {
    /// Makes the assignments, whose calls have run.
    pub(crate) fn assign_list(&mut self, mut pairs: Vec<Pair<'ast>>) {
        let outer = self.b.pos;
        let mut written = Written::default();
        for (index, (to, from, pos)) in pairs.iter_mut().enumerate() {
            self.b.pos = *pos;
            if index > 0 {
                self.keep_operands(to, &written);
                match from {
                    Source::Expr(e) => {
                        let ty = self.target_ty(to);
                        self.keep(e, ty, &written);
                    }
                    Source::Value(value) if !self.is_kept(value) => {
                        *value = self.snapshot(value.clone());
                    }
                    Source::Value(_) => {}
                }
            }
            self.note_written(to, &mut written);
        }
        for (to, from, pos) in pairs {
            self.b.pos = pos;
            self.assign_pair(to, from);
        }
        self.b.pos = outer;
    }

    /// Whether nothing that is assigned can change the value: part of a temporary.
    fn is_kept(&self, value: &Operand) -> bool {
        let Operand::Copy(place) = value else {
            return true;
        };
        matches!(place.base, PlaceBase::Local(local) if self.b.body.locals[local].kind == LocalKind::Temp)
            && place.proj.iter().all(|step| matches!(step, Proj::Field(_)))
    }

    /// One assignment, whose calls have run.
    pub(crate) fn assign_pair(&mut self, to: Dest<'ast>, from: Source<'ast>) {
        match (to, from) {
            (Dest::Expr(to), Source::Expr(value)) => match self.map_element(to) {
                Some((map, key, _)) => {
                    // The element is looked for in front of the value.
                    let to = self.map_local(map, key);
                    if self.may_raise(value) {
                        self.entry(&to);
                    }
                    let ty = self.lvalue_ty(&to);
                    let value = self.settled(value, ty);
                    self.store(to, value);
                }
                None => self.assign_evaluated(to, value),
            },
            (Dest::Expr(to), Source::Value(value)) => {
                if self.map_element(to).is_none() {
                    self.evaluate_operands(to);
                }
                let to = self.lvalue(to);
                self.store(to, value);
            }
            (Dest::Fixed(to), Source::Value(value)) => self.store(to, value),
            (Dest::Fixed(to), Source::Expr(e)) => {
                let ty = self.lvalue_ty(&to);
                let value = self.root(e, ty);
                self.store(to, value);
            }
            (Dest::Name(name), from) => {
                let value = match (from, self.named_var(name)) {
                    (Source::Value(value), _) => value,
                    (Source::Expr(e), Some(var)) => {
                        let ty = self.object_ty(var);
                        self.root(e, Some(ty))
                    }
                    (Source::Expr(e), None) => return self.discard(e),
                };
                self.define_name(name, value);
            }
            (Dest::Result(var), Source::Value(value)) => {
                let place = self.var_place(var);
                self.store(LValue::Place(place), value);
            }
            (Dest::Result(var), Source::Expr(e)) => {
                let place = self.var_place(var);
                let ty = self.place_ty(&place);
                let value = self.root(e, Some(ty));
                let is_itself = matches!(&value, Operand::Copy(from) if *from == place);
                if !is_itself {
                    self.b.assign(place, Rvalue::Use(value));
                }
            }
        }
    }

    /// The type that a value is converted to.
    fn target_ty(&mut self, to: &Dest<'ast>) -> Option<TyId> {
        match to {
            Dest::Expr(e) => match e.as_ident() {
                Some(name) => self.named_var(name).map(|var| self.object_ty(var)),
                None => Some(self.ety(e)),
            },
            Dest::Name(name) => self.named_var(*name).map(|var| self.object_ty(var)),
            Dest::Result(var) => Some(self.object_ty(*var)),
            Dest::Fixed(to) => self.lvalue_ty(to),
        }
    }

    /// Evaluates the operands of a left side that have changed meanwhile.
    fn keep_operands(&mut self, to: &mut Dest<'ast>, written: &Written) {
        let Dest::Expr(e) = *to else { return };
        let mut e = e.unparen();
        loop {
            match &e.kind {
                ExprKind::Index { x, indices } => {
                    let x_ty = self.ety(x);
                    match *self.kind(x_ty) {
                        TyKind::Array(..) => {
                            self.keep(&indices[0], None, written);
                            e = x.unparen();
                            continue;
                        }
                        TyKind::Pointer(_) => {
                            self.keep(&indices[0], None, written);
                            self.keep(x, None, written);
                        }
                        TyKind::Map(key, _) => {
                            self.keep(x, None, written);
                            self.keep(&indices[0], Some(key), written);
                        }
                        _ => {
                            self.keep(x, None, written);
                            self.keep(&indices[0], None, written);
                        }
                    }
                }
                ExprKind::Unary {
                    op: UnaryOp::Deref,
                    x,
                } => self.keep(x, None, written),
                ExprKind::Selector { x, .. } => {
                    let Some(selection) = self.info().selection(e.id) else {
                        return;
                    };
                    if !selection.is_indirect {
                        e = x.unparen();
                        continue;
                    }
                    if selection.path.is_empty() {
                        self.keep(x, None, written);
                    } else {
                        // Through embedded pointers.
                        let place = self.lvalue(e);
                        *to = Dest::Fixed(self.fixed(place));
                    }
                }
                _ => {}
            }
            return;
        }
    }

    /// Evaluates the expression now, if what was written can change it.
    fn keep(&mut self, e: &'ast Expr, ty: Option<TyId>, written: &Written) {
        if self.is_affected(e, written) {
            self.evaluate(e, ty);
        }
    }

    /// The variable, if any, that the assignment changes a part of; else it changes memory.
    fn note_written(&mut self, to: &Dest<'ast>, written: &mut Written) {
        let var = match to {
            Dest::Expr(e) => {
                let mut e = e.unparen();
                loop {
                    match &e.kind {
                        ExprKind::Name(name) if name.is_blank() => return,
                        ExprKind::Name(_) => break self.info().object(e.id),
                        ExprKind::Index { x, .. } => {
                            let x_ty = self.ety(x);
                            if !matches!(self.kind(x_ty), TyKind::Array(..)) {
                                break None;
                            }
                            e = x.unparen();
                        }
                        ExprKind::Selector { x, .. } => match self.info().selection(e.id) {
                            Some(selection) if !selection.is_indirect => e = x.unparen(),
                            _ => break None,
                        },
                        _ => break None,
                    }
                }
            }
            Dest::Name(name) if name.name.is_blank() => return,
            Dest::Name(name) => self.named_var(*name),
            Dest::Result(var) => Some(*var),
            Dest::Fixed(_) => None,
        };
        match var {
            Some(var) if self.b.body.has_defer && self.result_vars.contains(&var) => {
                written.results = true;
            }
            Some(var) if !self.is_in_memory(var) => written.vars.push(var),
            _ => written.memory = true,
        }
    }

    /// Whether the variable can be reached by more than its name.
    fn is_in_memory(&mut self, var: ObjId) -> bool {
        let Some(info) = self.prog.var(var) else {
            return false;
        };
        if info.is_addr_taken || info.kind == VarKind::Package {
            return true;
        }
        let is_shared = info.is_captured && (info.is_reassigned || info.kind == VarKind::Result);
        match self.vars.get(&var) {
            Some(&Slot::Captured { by_ref, .. }) => by_ref,
            _ => is_shared,
        }
    }

    /// Whether what was written can change the value of an expression whose calls have run.
    fn is_affected(&mut self, e: &Expr, written: &Written) -> bool {
        let e = e.unparen();
        let info = self.info().expr(e.id);
        if info.value.is_some()
            || matches!(info.mode, Mode::Nil | Mode::Type)
            || self.hoisted.contains_key(&e.id)
        {
            return false;
        }
        if written.results {
            return true;
        }
        let object = match &e.kind {
            ExprKind::Name(_) => self.info().object(e.id),
            ExprKind::Selector { sel, .. } if self.info().selection(e.id).is_none() => {
                self.info().object(sel.id)
            }
            _ => None,
        };
        if let Some(object) = object {
            return match self.prog.object(object).kind {
                ObjectKind::Var(_) => {
                    written.vars.contains(&object) || written.memory && self.is_in_memory(object)
                }
                _ => false,
            };
        }
        let reads_memory = match &e.kind {
            ExprKind::Selector { .. } => !self.info().selection(e.id).is_some_and(|selection| {
                selection.kind == SelectionKind::Field && !selection.is_indirect
            }),
            ExprKind::Unary { op, .. } => {
                !matches!(op, UnaryOp::Plus | UnaryOp::Neg | UnaryOp::BitNot)
            }
            ExprKind::Binary { op, .. } => {
                let ty = self.ety(e);
                op.is_comparison() || *op == BinaryOp::Add && self.cx.types.is_string(ty)
            }
            ExprKind::TypeAssert { .. } => false,
            ExprKind::Call(call) if self.info().expr(call.fun.unparen().id).mode == Mode::Type => {
                let (from, to) = (self.ety(&call.args[0]), self.ety(e));
                self.cx.types.is_string(from) != self.cx.types.is_string(to)
            }
            _ => true,
        };
        written.memory && reads_memory
            || crate::hoist::parts(e)
                .into_iter()
                .any(|part| self.is_affected(part, written))
    }

    // -----------------------------------------------------------------------------------------------------------------

    /// Evaluates what Go's compiler evaluates of a left side in front of the right one (its `safeExpr`): operands that are no
    /// chains of variables, fields, elements.
    pub(crate) fn evaluate_operands(&mut self, to: &'ast Expr) {
        self.evaluate_links(to, false);
    }

    /// The same; with `keeps_maps` elements of maps are links of the chain, too.
    pub(crate) fn evaluate_links(&mut self, e: &'ast Expr, keeps_maps: bool) {
        let e = e.unparen();
        if self.hoisted.contains_key(&e.id) {
            return;
        }
        match &e.kind {
            ExprKind::Name(_) => {}
            ExprKind::Selector { x, .. } => match self.info().selection(e.id) {
                Some(selection) if selection.kind == SelectionKind::Field => {
                    self.evaluate_links(x, keeps_maps)
                }
                Some(_) => self.evaluate(e, None),
                None => {}
            },
            ExprKind::Unary {
                op: UnaryOp::Deref,
                x,
            } => self.evaluate_links(x, keeps_maps),
            ExprKind::Index { x, indices } => {
                let x_ty = self.ety(x);
                match self.kind(x_ty) {
                    TyKind::Map(..) if !keeps_maps => return self.evaluate(e, None),
                    TyKind::Func(_) => return,
                    _ => {}
                }
                self.evaluate_links(x, keeps_maps);
                self.evaluate_links(&indices[0], keeps_maps);
            }
            _ => self.evaluate(e, None),
        }
    }

    /// Whether two expressions that call nothing mean the same, whatever is evaluated between them (Go's `SameSafeExpr`).
    pub(crate) fn is_same(&self, a: &Expr, b: &Expr) -> bool {
        let (a, b) = (a.unparen(), b.unparen());
        let (value, other) = (self.info().expr(a.id).value, self.info().expr(b.id).value);
        if value.is_some() || other.is_some() {
            return value.is_some()
                && other.is_some()
                && self.prog.constant(value) == self.prog.constant(other);
        }
        match (&a.kind, &b.kind) {
            (ExprKind::Name(_), ExprKind::Name(_)) => {
                let object = self.info().object(a.id);
                object.is_some() && object == self.info().object(b.id)
            }
            (ExprKind::Selector { x, sel }, ExprKind::Selector { x: y, sel: other }) => {
                match (self.info().selection(a.id), self.info().selection(b.id)) {
                    (Some(_), Some(_)) => sel.name == other.name && self.is_same(x, y),
                    (None, None) => self.info().object(sel.id) == self.info().object(other.id),
                    _ => false,
                }
            }
            (
                ExprKind::Index { x, indices },
                ExprKind::Index {
                    x: y,
                    indices: others,
                },
            ) => self.is_same(x, y) && self.is_same(&indices[0], &others[0]),
            (ExprKind::Unary { op, x }, ExprKind::Unary { op: other, x: y }) => {
                op == other && !matches!(op, UnaryOp::Addr | UnaryOp::Recv) && self.is_same(x, y)
            }
            (
                ExprKind::Binary { op, x, y },
                ExprKind::Binary {
                    op: other,
                    x: v,
                    y: w,
                },
            ) => {
                op == other
                    && !op.is_comparison()
                    && !matches!(op, BinaryOp::LogAnd | BinaryOp::LogOr)
                    && self.is_same(x, v)
                    && self.is_same(y, w)
            }
            _ => false,
        }
    }
}
