//! Lets a block that only tests a truth value be skipped by those who know it.
//!
//! ```text
//! before: a: r = x < y; goto join          after: a: r = x < y; t = !r; if t yes no
//!         b: r = true; goto join                  b: r = true; t = !r; goto no
//!         join: t = !r; if t yes no
//! ```
//!
//! Conditions that were computed by an inlined function, or with `&&` and `||`, leave such joins behind. The test is copied to the
//! end of each block that goes there; where the value is known on the way, so is the target.
//!
//! Precondition: runs behind the prover, which reads loops by the tests at their heads; heads of loops are left alone.

use super::Context;
use crate::body::{Block, Body, Local, Statement, StatementKind, TerminatorKind};
use crate::cfg::reverse_postorder;
use crate::ids::{BlockId, IndexVec, LocalId};
use crate::place::{ConstValue, Operand, PlaceBase};
use crate::rvalue::{Rvalue, UnOp};
use crate::types::TyId;
use crate::visit;
use std::collections::HashMap;

/// Statements of a test that is copied.
const MAX_STATEMENTS: usize = 4;
/// Ways to a test that is copied.
const MAX_PREDECESSORS: usize = 8;
/// Tests may follow each other.
const MAX_ROUNDS: usize = 3;

pub(super) fn run(body: &mut Body, _cx: Context<'_>) {
    for _ in 0..MAX_ROUNDS {
        if !round(body) {
            break;
        }
    }
}

fn round(body: &mut Body) -> bool {
    let order = reverse_postorder(body);
    let mut place = IndexVec::from_elem(u32::MAX, body.blocks.len());
    let mut predecessors: IndexVec<BlockId, Vec<BlockId>> =
        IndexVec::from_elem(vec![], body.blocks.len());
    for (index, &block) in order.iter().enumerate() {
        place[block] = index as u32;
        for successor in body.blocks[block].terminator.kind.successors() {
            if !predecessors[successor].contains(&block) {
                predecessors[successor].push(block);
            }
        }
    }
    let mut changed = false;
    for &join in &order {
        let from = &predecessors[join];
        let is_head = join == Body::ENTRY || from.iter().any(|&p| place[p] >= place[join]);
        if is_head || !(2..=MAX_PREDECESSORS).contains(&from.len()) {
            continue;
        }
        if let Some(test) = Test::of(&body.blocks[join])
            && !body.locals[test.cond].addr_taken
        {
            for &block in from {
                changed |= test.thread(body, block, join);
            }
        }
    }
    changed
}

/// A block that is only a test.
struct Test {
    block: Block,
    cond: LocalId,
    then: BlockId,
    otherwise: BlockId,
}

impl Test {
    fn of(block: &Block) -> Option<Test> {
        let TerminatorKind::If {
            cond,
            then,
            otherwise,
        } = &block.terminator.kind
        else {
            return None;
        };
        let statements = &block.statements;
        let is_test = statements.len() <= MAX_STATEMENTS && statements.iter().all(is_copy);
        (is_test && then != otherwise).then_some(Test {
            cond: cond.as_local()?,
            then: *then,
            otherwise: *otherwise,
            block: block.clone(),
        })
    }

    /// Sends `from` past the test, if that is of use; whether it did.
    fn thread(&self, body: &mut Body, from: BlockId, join: BlockId) -> bool {
        let asks_itself = |target: BlockId| target == from || target == join;
        if asks_itself(self.then) || asks_itself(self.otherwise) {
            return false;
        }
        let mut truth = Truth::default();
        match body.blocks[from].terminator.kind {
            TerminatorKind::Goto(_) => {
                let block = &mut body.blocks[from];
                let copy = self.block.statements.iter().cloned();
                block.statements.extend(copy);
                block.terminator = self.block.terminator.clone();
                truth.run(&body.locals, &body.blocks[from].statements);
                if let Known::Is(value) = truth.of(self.cond) {
                    body.blocks[from].terminator.kind = TerminatorKind::Goto(self.target(value));
                }
            }
            TerminatorKind::If {
                ref cond,
                then,
                otherwise,
            } if then != otherwise => {
                let Some(tested) = cond.as_local() else {
                    return false;
                };
                truth.run(&body.locals, &body.blocks[from].statements);
                let tested = truth.of(tested);
                truth.run(&body.locals, &self.block.statements);
                let value = match (truth.of(self.cond), tested) {
                    (Known::Is(value), _) => value,
                    (Known::Like(a, negated), Known::Like(b, tested_negated)) if a == b => {
                        (then == join) ^ negated ^ tested_negated
                    }
                    _ => return false,
                };
                let mut target = self.target(value);
                if !self.block.statements.is_empty() {
                    let mut block = self.block.clone();
                    block.terminator.kind = TerminatorKind::Goto(target);
                    target = body.blocks.push(block);
                }
                let kind = &mut body.blocks[from].terminator.kind;
                super::simplify_cfg::targets_mut(kind, &mut |t| {
                    if *t == join {
                        *t = target;
                    }
                });
            }
            _ => return false,
        }
        true
    }

    fn target(&self, value: bool) -> BlockId {
        if value { self.then } else { self.otherwise }
    }
}

fn is_copy(statement: &Statement) -> bool {
    match &statement.kind {
        StatementKind::Nop => true,
        StatementKind::Assign(place, Rvalue::Use(x) | Rvalue::Unary(UnOp::Not, x)) => {
            place.as_local().is_some() && (x.as_local().is_some() || x.as_const().is_some())
        }
        _ => false,
    }
}

/// What is known of a truth value.
#[derive(Clone, Copy)]
enum Known {
    Is(bool),
    /// That of some number, or its opposite.
    Like(u32, bool),
}

/// Truth values of locals along a straight line.
#[derive(Default)]
struct Truth {
    known: HashMap<LocalId, Known, foldhash::fast::FixedState>,
    n_values: u32,
}

impl Truth {
    fn fresh(&mut self) -> Known {
        self.n_values += 1;
        Known::Like(self.n_values, false)
    }

    fn of(&mut self, local: LocalId) -> Known {
        if let Some(&known) = self.known.get(&local) {
            return known;
        }
        let value = self.fresh();
        self.known.insert(local, value);
        value
    }

    fn run(&mut self, locals: &IndexVec<LocalId, Local>, statements: &[Statement]) {
        for statement in statements {
            let mut changed = vec![];
            visit::whole_locals(statement, &mut |&local, _| changed.push(local));
            if let StatementKind::Assign(place, value) = &statement.kind
                && let PlaceBase::Local(local) = place.base
            {
                let value = match value {
                    Rvalue::Use(x) => self.operand(locals, x, false),
                    Rvalue::Unary(UnOp::Not, x) => self.operand(locals, x, true),
                    _ => None,
                };
                match value {
                    Some(value) if place.proj.is_empty() => {
                        self.known.insert(local, value);
                    }
                    _ => changed.push(local),
                }
            }
            for local in changed {
                let value = self.fresh();
                self.known.insert(local, value);
            }
        }
    }

    fn operand(
        &mut self,
        locals: &IndexVec<LocalId, Local>,
        operand: &Operand,
        negated: bool,
    ) -> Option<Known> {
        match operand {
            Operand::Const(constant) => match constant.value {
                ConstValue::Bool(value) => Some(Known::Is(value ^ negated)),
                _ => None,
            },
            Operand::Copy(_) => {
                let local = operand.as_local()?;
                if locals[local].ty != TyId::BOOL || locals[local].addr_taken {
                    return None;
                }
                Some(match self.of(local) {
                    Known::Is(value) => Known::Is(value ^ negated),
                    Known::Like(number, is_not) => Known::Like(number, is_not ^ negated),
                })
            }
        }
    }
}
