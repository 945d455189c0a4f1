//! Simplifies the control-flow graph: constant branches become gotos, empty blocks are skipped, straight lines of blocks
//! become one, and blocks that nothing reaches go away.
//!
//! Precondition: none. Blocks are renumbered in reverse postorder, entry first.

use super::Context;
use crate::body::{Block, Body, StatementKind, TerminatorKind};
use crate::cfg::reverse_postorder;
use crate::ids::{BlockId, IndexVec};
use crate::place::{ConstValue, Operand};

pub(super) fn run(body: &mut Body, _cx: Context<'_>) {
    if body.blocks.is_empty() {
        return;
    }
    for block in body.blocks.iter_mut() {
        block
            .statements
            .retain(|statement| statement.kind != StatementKind::Nop);
        fold(&mut block.terminator.kind);
    }
    skip_empty(body);
    merge_lines(body);
    renumber(body);
}

/// A branch whose way is known, or whose ways are one. What may fail to be read is still read.
fn fold(kind: &mut TerminatorKind) {
    let target = match kind {
        TerminatorKind::If {
            cond,
            then,
            otherwise,
        } => match cond {
            Operand::Const(constant) => match constant.value {
                ConstValue::Bool(true) => *then,
                ConstValue::Bool(false) | ConstValue::Zero => *otherwise,
                _ => return,
            },
            Operand::Copy(place) if then == otherwise && !place.may_fault() => *then,
            Operand::Copy(_) => return,
        },
        TerminatorKind::Switch {
            value,
            targets,
            otherwise,
        } => match value {
            Operand::Const(constant) => {
                let value = match constant.value {
                    ConstValue::Int(value) => value,
                    ConstValue::Zero => 0,
                    _ => return,
                };
                targets
                    .iter()
                    .find(|t| t.value == value)
                    .map_or(*otherwise, |t| t.target)
            }
            Operand::Copy(place)
                if !place.may_fault() && targets.iter().all(|t| t.target == *otherwise) =>
            {
                *otherwise
            }
            Operand::Copy(_) => return,
        },
        _ => return,
    };
    *kind = TerminatorKind::Goto(target);
}

/// Calls `visit` with each target of a terminator.
pub(super) fn targets_mut(kind: &mut TerminatorKind, visit: &mut dyn FnMut(&mut BlockId)) {
    match kind {
        TerminatorKind::Goto(target) => visit(target),
        TerminatorKind::If {
            then, otherwise, ..
        } => {
            visit(then);
            visit(otherwise);
        }
        TerminatorKind::Switch {
            targets, otherwise, ..
        } => {
            for target in targets {
                visit(&mut target.target);
            }
            visit(otherwise);
        }
        TerminatorKind::Return | TerminatorKind::Panic(_) | TerminatorKind::Unreachable => {}
    }
}

/// Sends every jump to an empty block on to where that goes.
fn skip_empty(body: &mut Body) {
    let mut goes_to: IndexVec<BlockId, BlockId> = body
        .blocks
        .iter_enumerated()
        .map(|(id, block)| match block.terminator.kind {
            TerminatorKind::Goto(target) if block.statements.is_empty() => target,
            _ => id,
        })
        .collect();
    for start in body.blocks.ids() {
        let mut end = start;
        // A cycle of empty blocks stays as it is.
        for _ in 0..body.blocks.len() {
            let next = goes_to[end];
            if next == end {
                break;
            }
            end = next;
        }
        if goes_to[end] != end {
            continue;
        }
        let mut at = start;
        while at != end {
            at = std::mem::replace(&mut goes_to[at], end);
        }
    }
    for block in body.blocks.iter_mut() {
        targets_mut(&mut block.terminator.kind, &mut |target| {
            *target = goes_to[*target];
        });
        fold(&mut block.terminator.kind);
    }
}

/// Appends to each block the one behind it, where there is no other way there.
fn merge_lines(body: &mut Body) {
    let mut predecessors: IndexVec<BlockId, u32> = IndexVec::from_elem(0, body.blocks.len());
    predecessors[Body::ENTRY] = 1;
    let order = reverse_postorder(body);
    for &block in &order {
        for successor in body.blocks[block].terminator.kind.successors() {
            predecessors[successor] += 1;
        }
    }
    for &id in &order {
        while let TerminatorKind::Goto(next) = body.blocks[id].terminator.kind {
            if next == id || predecessors[next] != 1 || next == Body::ENTRY {
                break;
            }
            let terminator = body.blocks[next].terminator.clone();
            let mut tail = std::mem::take(&mut body.blocks[next].statements);
            body.blocks[next].terminator.kind = TerminatorKind::Unreachable;
            predecessors[next] = 0;
            let block = &mut body.blocks[id];
            block.statements.append(&mut tail);
            block.terminator = terminator;
        }
    }
}

/// Drops unreachable blocks and numbers the others in reverse postorder.
fn renumber(body: &mut Body) {
    let order = reverse_postorder(body);
    if order.len() == body.blocks.len() && order.iter().enumerate().all(|(i, b)| b.0 == i as u32) {
        return;
    }
    let mut new_id = IndexVec::from_elem(BlockId(u32::MAX), body.blocks.len());
    for (index, &block) in order.iter().enumerate() {
        new_id[block] = BlockId(index as u32);
    }
    let mut old: Vec<Option<Block>> = std::mem::take(body.blocks.raw_mut())
        .into_iter()
        .map(Some)
        .collect();
    for block in order {
        let mut block = old[block.0 as usize].take().expect("each block once");
        targets_mut(&mut block.terminator.kind, &mut |target| {
            *target = new_id[*target];
        });
        body.blocks.push(block);
    }
}
