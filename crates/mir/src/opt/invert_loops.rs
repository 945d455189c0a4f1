//! Turns loops that test at the top into loops that test at the bottom, behind a copy of the test.
//!
//! ```text
//! before: goto head                      after: if cond body exit      (the copy)
//! head:   if cond body exit              body:  …
//! body:   …; goto head                   head:  if cond body exit
//! ```
//!
//! A round costs one jump less. Only small tests without effects are copied.
//!
//! Precondition: runs behind the prover, which reads loops by their heads; the copy keeps what was proved.

use super::Context;
use crate::body::{Block, Body, LocalKind, StatementKind, TerminatorKind};
use crate::cfg::Cfg;
use crate::ids::BlockId;
use crate::rvalue::Rvalue;

/// Statements of a test that is copied.
const MAX_STATEMENTS: usize = 6;

pub(super) fn run(body: &mut Body, _cx: Context<'_>) {
    // A cycle has a jump to a block of a number that is not greater.
    let may_loop = body.blocks.iter_enumerated().any(|(id, block)| {
        let successors = block.terminator.kind.successors();
        successors.iter().any(|&successor| successor <= id)
    });
    if !may_loop {
        return;
    }
    let cfg = Cfg::new(body);
    let heads: Vec<BlockId> = cfg
        .order
        .iter()
        .copied()
        .filter(|&block| is_candidate(body, &cfg, block))
        .collect();
    for head in heads {
        let copy = body.blocks.push(body.blocks[head].clone());
        for &from in &cfg.predecessors[head] {
            if !cfg.dominates(head, from) {
                let kind = &mut body.blocks[from].terminator.kind;
                super::simplify_cfg::targets_mut(kind, &mut |target| {
                    if *target == head {
                        *target = copy;
                    }
                });
            }
        }
    }
}

fn is_candidate(body: &Body, cfg: &Cfg, head: BlockId) -> bool {
    let Block {
        statements,
        terminator,
    } = &body.blocks[head];
    let TerminatorKind::If {
        then, otherwise, ..
    } = terminator.kind
    else {
        return false;
    };
    let predecessors = &cfg.predecessors[head];
    let is_loop = predecessors.iter().any(|&from| cfg.dominates(head, from));
    let is_entered =
        head != Body::ENTRY && predecessors.iter().any(|&from| !cfg.dominates(head, from));
    is_loop
        && is_entered
        && then != head
        && otherwise != head
        && statements.len() <= MAX_STATEMENTS
        && statements.iter().all(|statement| match &statement.kind {
            StatementKind::Assign(place, value) => {
                place
                    .as_local()
                    .is_some_and(|l| body.locals[l].kind == LocalKind::Temp)
                    && matches!(
                        value,
                        Rvalue::Use(_)
                            | Rvalue::Unary(..)
                            | Rvalue::Binary(..)
                            | Rvalue::Len(_)
                            | Rvalue::Cap(_)
                            | Rvalue::Convert { site: None, .. }
                    )
            }
            StatementKind::Nop => true,
            _ => false,
        })
}
