//! The control-flow graph of a body: orders of blocks, predecessors, dominators, loops.

use crate::body::Body;
use crate::ids::{BlockId, IndexVec};
use smallvec::SmallVec;

/// Reachable blocks, each before those it dominates, in about the order of the source.
pub fn reverse_postorder(body: &Body) -> Vec<BlockId> {
    let mut order = vec![];
    if body.blocks.is_empty() {
        return order;
    }
    let mut seen = IndexVec::from_elem(false, body.blocks.len());
    let successors = |block: BlockId| body.blocks[block].terminator.kind.successors();
    let mut stack = vec![(Body::ENTRY, successors(Body::ENTRY))];
    seen[Body::ENTRY] = true;
    while let Some((block, rest)) = stack.last_mut() {
        // The last successor first: what is left last comes out first.
        match rest.pop() {
            Some(next) if std::mem::replace(&mut seen[next], true) => {}
            Some(next) => stack.push((next, successors(next))),
            None => {
                order.push(*block);
                stack.pop();
            }
        }
    }
    order.reverse();
    order
}

/// What passes ask about a graph. Unreachable blocks are in none of its answers.
#[derive(Debug)]
pub struct Cfg {
    /// Reachable blocks in reverse postorder.
    pub order: Vec<BlockId>,
    /// Place of each block in `order`; `u32::MAX` if it is unreachable.
    pub index: IndexVec<BlockId, u32>,
    pub predecessors: IndexVec<BlockId, SmallVec<[BlockId; 2]>>,
    /// Immediate dominator; of the entry and of unreachable blocks themselves.
    pub idom: IndexVec<BlockId, BlockId>,
    /// Blocks that each block immediately dominates, in reverse postorder.
    pub children: IndexVec<BlockId, Vec<BlockId>>,
}

impl Cfg {
    pub fn new(body: &Body) -> Cfg {
        let order = reverse_postorder(body);
        let n_blocks = body.blocks.len();
        let mut index = IndexVec::from_elem(u32::MAX, n_blocks);
        for (at, &block) in order.iter().enumerate() {
            index[block] = at as u32;
        }
        let mut predecessors = IndexVec::from_elem(SmallVec::new(), n_blocks);
        for &block in &order {
            for successor in body.blocks[block].terminator.kind.successors() {
                let list: &mut SmallVec<[BlockId; 2]> = &mut predecessors[successor];
                if !list.contains(&block) {
                    list.push(block);
                }
            }
        }
        let idom = dominators(&order, &index, &predecessors);
        let mut children = IndexVec::from_elem(vec![], n_blocks);
        for &block in order.iter().skip(1) {
            children[idom[block]].push(block);
        }
        Cfg {
            order,
            index,
            predecessors,
            idom,
            children,
        }
    }

    pub fn is_reachable(&self, block: BlockId) -> bool {
        self.index[block] != u32::MAX
    }

    /// Whether every way to `b` leads through `a` (a block dominates itself).
    pub fn dominates(&self, a: BlockId, b: BlockId) -> bool {
        let mut at = b;
        while self.index[at] > self.index[a] {
            at = self.idom[at];
        }
        at == a
    }

    /// How many natural loops each block is in. A jump back to a block that does not dominate it counts as a loop of all
    /// blocks between the two in `order`.
    pub fn loop_depths(&self, body: &Body) -> IndexVec<BlockId, u32> {
        let mut depths = IndexVec::from_elem(0, body.blocks.len());
        let mut members: IndexVec<BlockId, u32> = IndexVec::from_elem(u32::MAX, body.blocks.len());
        for &header in &self.order {
            let back: Vec<BlockId> = self.predecessors[header]
                .iter()
                .copied()
                .filter(|&from| self.index[from] >= self.index[header])
                .collect();
            if back.is_empty() {
                continue;
            }
            if back.iter().all(|&from| self.dominates(header, from)) {
                members[header] = header.0;
                depths[header] += 1;
                let mut stack = back;
                while let Some(block) = stack.pop() {
                    if std::mem::replace(&mut members[block], header.0) != header.0 {
                        depths[block] += 1;
                        stack.extend(self.predecessors[block].iter().copied());
                    }
                }
            } else {
                let last = back.iter().map(|&from| self.index[from]).max();
                let range = self.index[header] as usize..=last.unwrap_or(0) as usize;
                for &block in &self.order[range] {
                    depths[block] += 1;
                }
            }
        }
        depths
    }
}

/// Cooper, Harvey and Kennedy's iteration over reverse postorder.
fn dominators(
    order: &[BlockId],
    index: &IndexVec<BlockId, u32>,
    predecessors: &IndexVec<BlockId, SmallVec<[BlockId; 2]>>,
) -> IndexVec<BlockId, BlockId> {
    let mut idom: IndexVec<BlockId, BlockId> = index.ids().collect();
    let mut known = IndexVec::from_elem(false, index.len());
    if let Some(&entry) = order.first() {
        known[entry] = true;
    }
    loop {
        let mut changed = false;
        for &block in order.iter().skip(1) {
            let mut new: Option<BlockId> = None;
            for &from in &predecessors[block] {
                if !known[from] {
                    continue;
                }
                new = Some(match new {
                    None => from,
                    Some(mut a) => {
                        let mut b = from;
                        while a != b {
                            while index[a] > index[b] {
                                a = idom[a];
                            }
                            while index[b] > index[a] {
                                b = idom[b];
                            }
                        }
                        a
                    }
                });
            }
            let new = new.expect("a reachable block has a predecessor before it");
            if !known[block] || idom[block] != new {
                idom[block] = new;
                known[block] = true;
                changed = true;
            }
        }
        if !changed {
            return idom;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::{Block, Terminator, TerminatorKind};
    use crate::place::Operand;
    use mini_diagnostics::{Pos, Span};

    /// A body whose blocks go to the given ones.
    fn graph(successors: &[&[u32]]) -> Body {
        let mut body = Body::new(Span::NONE);
        for targets in successors {
            let kind = match **targets {
                [] => TerminatorKind::Return,
                [a] => TerminatorKind::Goto(BlockId(a)),
                [a, b] => TerminatorKind::If {
                    cond: Operand::bool(true),
                    then: BlockId(a),
                    otherwise: BlockId(b),
                },
                _ => panic!("at most two"),
            };
            body.blocks.push(Block {
                statements: vec![],
                terminator: Terminator {
                    kind,
                    pos: Pos::NONE,
                    inlined: 0,
                },
            });
        }
        body
    }

    #[test]
    fn a_loop_with_a_branch() {
        // 0 -> 1; 1 -> 2 | 5; 2 -> 3 | 4; 3 -> 4; 4 -> 1
        let body = graph(&[&[1], &[2, 5], &[3, 4], &[4], &[1], &[], &[1]]);
        let cfg = Cfg::new(&body);
        assert_eq!(cfg.idom[BlockId(4)], BlockId(2));
        assert_eq!(cfg.idom[BlockId(5)], BlockId(1));
        assert!(cfg.dominates(BlockId(1), BlockId(4)));
        assert!(!cfg.dominates(BlockId(3), BlockId(4)));
        assert!(!cfg.is_reachable(BlockId(6)));
        let depths = cfg.loop_depths(&body);
        assert_eq!(depths.raw(), &[0, 1, 1, 1, 1, 0, 0]);
    }

    #[test]
    fn nested_loops_count() {
        let body = graph(&[&[1], &[2, 4], &[2, 3], &[1], &[]]);
        let depths = Cfg::new(&body).loop_depths(&body);
        assert_eq!(depths.raw(), &[0, 1, 2, 1, 0]);
    }
}
