//! Proves checks: indexes and slice bounds in range, pointers not nil.
//!
//! A walk over the dominator tree carries what is known at each point ([`Bounds`]): facts come from branches, and from checks
//! that were passed. An index is in range if it is known to be at least zero and below the length.
//!
//! Precondition: none. Only flags change (`checked`, `non_nil`), and checks that stand alone go away; decisions stay true.

use super::Context;
use super::bounds::Bounds;
use super::memory::{self, step_type};
use super::ssa::{Expr, Ssa, ValueId, Walk};
use crate::body::{Body, Statement, StatementKind, TerminatorKind};
use crate::cfg::Cfg;
use crate::ids::BlockId;
use crate::place::{Operand, Place, Proj};
use crate::rvalue::{BinOp, Rvalue};
use crate::types::TyKind;
use std::collections::HashSet;

pub(super) fn run(body: &mut Body, cx: Context<'_>) {
    if !has_checks(body) {
        return;
    }
    let cfg = Cfg::new(body);
    let ssa = Ssa::new(body, cx, &cfg);
    let walk = Walk::new(&ssa);
    let mut prover = Prover {
        cx,
        bounds: Bounds::new(cx.types, &cfg, ssa),
        walk,
        non_nil: HashSet::default(),
        undo: vec![],
    };
    prover.body(body);
}

fn has_checks(body: &Body) -> bool {
    let mut found = false;
    for block in body.blocks.iter() {
        for statement in &block.statements {
            crate::visit::statement_places(statement, &mut |place, _| {
                found |= !super::forward_refs::cannot_fault(place);
            });
            found |= matches!(
                statement.kind,
                StatementKind::BoundsCheck { .. }
                    | StatementKind::NilCheck(_)
                    | StatementKind::Assign(_, Rvalue::Slice { checked: false, .. })
            );
        }
    }
    found
}

struct Prover<'a> {
    cx: Context<'a>,
    bounds: Bounds<'a>,
    walk: Walk,
    non_nil: HashSet<ValueId, foldhash::fast::FixedState>,
    /// Pointers to forget on leaving blocks.
    undo: Vec<ValueId>,
}

impl Prover<'_> {
    fn body(&mut self, body: &mut Body) {
        enum Step {
            Enter(BlockId),
            Leave(usize, usize, usize),
        }
        let mut todo = vec![Step::Enter(Body::ENTRY)];
        while let Some(step) = todo.pop() {
            let block = match step {
                Step::Leave(walk, bounds, pointers) => {
                    self.walk.leave(walk);
                    self.bounds.leave(bounds);
                    for pointer in self.undo.drain(pointers..) {
                        self.non_nil.remove(&pointer);
                    }
                    continue;
                }
                Step::Enter(block) => block,
            };
            let leave = Step::Leave(self.walk.mark(), self.bounds.mark(), self.undo.len());
            todo.push(leave);
            if let [from] = self.bounds.cfg.predecessors[block][..] {
                self.edge(body, from, block);
            }
            for index in 0..self.bounds.ssa.phis[block].len() {
                let (local, phi) = self.bounds.ssa.phis[block][index];
                self.walk.set(local, phi);
            }
            let mut statements = std::mem::take(&mut body.blocks[block].statements);
            for (index, statement) in statements.iter_mut().enumerate() {
                self.statement(body, block, index, statement);
                for &(variable, value) in &self.bounds.ssa.defs[block][index] {
                    self.walk.set(variable, value);
                }
            }
            body.blocks[block].statements = statements;
            let mut terminator = std::mem::replace(
                &mut body.blocks[block].terminator.kind,
                TerminatorKind::Unreachable,
            );
            if let TerminatorKind::If { cond: x, .. }
            | TerminatorKind::Switch { value: x, .. }
            | TerminatorKind::Panic(x) = &mut terminator
            {
                self.operand(body, block, x);
            }
            body.blocks[block].terminator.kind = terminator;
            let children = &self.bounds.cfg.children[block];
            todo.extend(children.iter().rev().map(|&b| Step::Enter(b)));
        }
    }

    // ---- Facts ----

    fn learn_non_nil(&mut self, value: ValueId) {
        if self.non_nil.insert(value) {
            self.undo.push(value);
        }
    }

    /// What the branch from `from` to `to` tells.
    fn edge(&mut self, body: &Body, from: BlockId, to: BlockId) {
        match &body.blocks[from].terminator.kind {
            TerminatorKind::If {
                cond: Operand::Copy(place),
                then,
                otherwise,
            } if then != otherwise => {
                // The condition's value at the end of `from`, which is where the walk stands.
                if let Some(local) = place.as_local()
                    && self.walk.current[local] != ValueId::NONE
                {
                    self.condition(self.walk.current[local], to == *then);
                }
            }
            TerminatorKind::Switch {
                value: Operand::Copy(place),
                targets,
                otherwise,
            } if to != *otherwise => {
                let mut cases = targets.iter().filter(|t| t.target == to);
                if let (Some(case), None, Some(local)) =
                    (cases.next(), cases.next(), place.as_local())
                    && let Ok(constant @ -0x7fff_ffff..) = i64::try_from(case.value)
                    && self.walk.current[local] != ValueId::NONE
                    && self.bounds.types.is_integer(body.locals[local].ty)
                {
                    let value = self.walk.current[local];
                    self.bounds.learn(value, ValueId::ZERO, constant);
                    self.bounds
                        .learn(ValueId::ZERO, value, constant.saturating_neg());
                }
            }
            _ => {}
        }
    }

    fn condition(&mut self, cond: ValueId, holds: bool) {
        match *self.bounds.ssa.expr(cond) {
            Expr::Not(inner) => self.condition(inner, !holds),
            Expr::IsNil(pointer, negated) if holds == negated => {
                self.learn_non_nil(pointer);
            }
            Expr::Compare(op, a, b) => {
                let op = if holds { op } else { negate(op) };
                match op {
                    BinOp::Lt => self.bounds.learn(a, b, -1),
                    BinOp::Le => self.bounds.learn(a, b, 0),
                    BinOp::Gt => self.bounds.learn(b, a, -1),
                    BinOp::Ge => self.bounds.learn(b, a, 0),
                    BinOp::Eq => {
                        self.bounds.learn(a, b, 0);
                        self.bounds.learn(b, a, 0);
                    }
                    BinOp::Ne => {
                        if self.bounds.le(a, b, 0) {
                            self.bounds.learn(a, b, -1);
                        } else if self.bounds.le(b, a, 0) {
                            self.bounds.learn(b, a, -1);
                        }
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    // ---- Statements ----

    fn statement(&mut self, body: &Body, block: BlockId, index: usize, statement: &mut Statement) {
        crate::visit::statement_operands_mut(statement, &mut |operand| {
            self.operand(body, block, operand);
        });
        match &mut statement.kind {
            StatementKind::Assign(place, value) => {
                match value {
                    Rvalue::Ref(target) => self.place(body, block, target),
                    Rvalue::Slice { checked: false, .. } => self.slice(body, block, value),
                    _ => {}
                }
                // The place is found when the value is there: what that changed is changed already.
                for class in memory::classes(memory::effect(self.cx, body, value)) {
                    let variable = self.bounds.ssa.memory.variable(class);
                    let new = self.bounds.ssa.defs[block][index]
                        .iter()
                        .find(|(changed, _)| *changed == variable);
                    if let Some(&(_, version)) = new {
                        self.walk.set(variable, version);
                    }
                }
                self.place(body, block, place);
            }
            StatementKind::NilCheck(Operand::Copy(place)) => {
                if let Some(local) = place.as_local() {
                    let value = self.walk.current[local];
                    if value != ValueId::NONE && self.is_pointer(value) {
                        if self.is_non_nil(value) {
                            statement.kind = StatementKind::Nop;
                        } else {
                            self.learn_non_nil(value);
                        }
                    }
                }
            }
            StatementKind::BoundsCheck { index, len } => {
                let index = self
                    .bounds
                    .ssa
                    .operand(self.cx, body, block, index, &self.walk);
                let len = self
                    .bounds
                    .ssa
                    .operand(self.cx, body, block, len, &self.walk);
                if let (Some(index), Some(len)) = (index, len) {
                    if self.bounds.le(index, len, -1) && self.bounds.is_non_negative(index) {
                        statement.kind = StatementKind::Nop;
                    } else {
                        self.bounds.learn_in_range(index, len);
                    }
                }
            }
            _ => {}
        }
    }

    fn operand(&mut self, body: &Body, block: BlockId, operand: &mut Operand) {
        if let Operand::Copy(place) = operand {
            self.place(body, block, place);
        }
    }

    fn is_pointer(&self, value: ValueId) -> bool {
        matches!(
            self.bounds.types.kind(self.bounds.ssa.values[value].ty),
            TyKind::Pointer(_)
        )
    }

    fn is_non_nil(&self, value: ValueId) -> bool {
        self.non_nil.contains(&value) || *self.bounds.ssa.expr(value) == Expr::NonNil
    }

    fn place(&mut self, body: &Body, block: BlockId, place: &mut Place) {
        if place.proj.is_empty() {
            return;
        }
        let (cx, types) = (self.cx, self.bounds.types);
        let mut ty = cx.base_type(body, place.base);
        let mut cursor = self.bounds.ssa.cursor(body, place.base, &self.walk);
        for index in 0..place.proj.len() {
            match place.proj[index] {
                Proj::Deref { non_nil: false } => {
                    let pointer =
                        cursor.and_then(|c| self.bounds.ssa.read(cx, c, ty, block, &self.walk));
                    if let Some(pointer) = pointer {
                        if self.is_non_nil(pointer) {
                            place.proj[index] = Proj::Deref { non_nil: true };
                        } else {
                            self.learn_non_nil(pointer);
                        }
                    }
                }
                Proj::Index { checked: false, .. } | Proj::ConstIndex { checked: false, .. } => {
                    let len = match types.kind(ty) {
                        TyKind::Array(_, n) => Some(self.bounds.ssa.int(*n as i64)),
                        _ => cursor
                            .and_then(|c| self.bounds.ssa.read(cx, c, ty, block, &self.walk))
                            .map(|slice| self.bounds.ssa.length(slice, false, block)),
                    };
                    if let Some(len) = len {
                        self.index(&mut place.proj[index], len);
                    }
                }
                _ => {}
            }
            let step = place.proj[index];
            cursor =
                cursor.and_then(|c| self.bounds.ssa.advance(cx, c, ty, step, block, &self.walk));
            match step_type(types, ty, &step) {
                Some(next) => ty = next,
                None => return,
            }
        }
    }

    fn index(&mut self, step: &mut Proj, len: ValueId) {
        match step {
            Proj::Index { index, checked } if !*checked => {
                let index = self.walk.current[*index];
                if index == ValueId::NONE {
                    return;
                }
                if self.bounds.le(index, len, -1) && self.bounds.is_non_negative(index) {
                    *checked = true;
                } else {
                    self.bounds.learn_in_range(index, len);
                }
            }
            Proj::ConstIndex { index, checked } if !*checked => {
                let Ok(constant) = i64::try_from(*index) else {
                    return;
                };
                let constant = self.bounds.ssa.int(constant);
                if self.bounds.le(constant, len, -1) {
                    *checked = true;
                } else {
                    self.bounds.learn(constant, len, -1);
                }
            }
            _ => {}
        }
    }

    /// base[low:high:max]
    fn slice(&mut self, body: &Body, block: BlockId, value: &mut Rvalue) {
        let Rvalue::Slice {
            base,
            low,
            high,
            max,
            checked,
            ..
        } = value
        else {
            return;
        };
        let Some(base_value) = self
            .bounds
            .ssa
            .operand(self.cx, body, block, base, &self.walk)
        else {
            return;
        };
        let base_ty = match base {
            Operand::Const(constant) => Some(constant.ty),
            Operand::Copy(place) => memory::place_type(self.cx, body, place),
        };
        let Some(base_ty) = base_ty else { return };
        // Length, and what the upper bounds may not pass.
        let (len, cap) = match self.bounds.types.kind(base_ty) {
            TyKind::String => {
                let len = self.bounds.ssa.length(base_value, false, block);
                (len, len)
            }
            TyKind::Slice(_) => (
                self.bounds.ssa.length(base_value, false, block),
                self.bounds.ssa.length(base_value, true, block),
            ),
            TyKind::Pointer(array) => {
                let TyKind::Array(_, n) = self.bounds.types.kind(*array) else {
                    return;
                };
                if !self.is_non_nil(base_value) {
                    self.learn_non_nil(base_value);
                    return;
                }
                let len = self.bounds.ssa.int(*n as i64);
                (len, len)
            }
            _ => return,
        };
        let known = |this: &mut Self, x: &Option<Operand>| match x {
            None => Some(None),
            Some(x) => this
                .bounds
                .ssa
                .operand(this.cx, body, block, x, &this.walk)
                .map(Some),
        };
        let (Some(low), Some(high), Some(max)) =
            (known(self, low), known(self, high), known(self, max))
        else {
            return;
        };
        let low = low.unwrap_or(ValueId::ZERO);
        let has_high = high.is_some();
        let high = high.unwrap_or(len);
        let top = max.unwrap_or(cap);
        let is_proved = (low == ValueId::ZERO || self.bounds.is_non_negative(low))
            && self.bounds.le(low, high, 0)
            && (!has_high || self.bounds.le(high, top, 0))
            && (max.is_none() || self.bounds.le(top, cap, 0));
        if is_proved {
            *checked = true;
        } else {
            self.bounds.learn(ValueId::ZERO, low, 0);
            self.bounds.learn(low, high, 0);
            if has_high {
                self.bounds.learn(high, top, 0);
            }
            if max.is_some() {
                self.bounds.learn(top, cap, 0);
            }
        }
    }
}

fn negate(op: BinOp) -> BinOp {
    match op {
        BinOp::Lt => BinOp::Ge,
        BinOp::Le => BinOp::Gt,
        BinOp::Gt => BinOp::Le,
        BinOp::Ge => BinOp::Lt,
        BinOp::Eq => BinOp::Ne,
        BinOp::Ne => BinOp::Eq,
        other => other,
    }
}
