//! What the builder must know of a body before it draws edges: order of blocks, loops, and how often each local is
//! assigned and read.

use mini_mir::cfg::reverse_postorder;
use mini_mir::visit::{self, Access};
use mini_mir::{
    BlockId, Body, IndexVec, LocalId, LocalKind, Place, PlaceBase, Proj, Statement, StatementKind,
};

/// Assignments to a whole local.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Defs {
    None,
    /// The only one: block and statement.
    One(BlockId, u32),
    Many,
}

/// Facts of one body.
#[derive(Debug)]
pub(crate) struct Facts {
    /// Reachable blocks, each before those it dominates.
    pub(crate) order: Vec<BlockId>,
    /// Whether the block can run twice in one call.
    pub(crate) in_cycle: IndexVec<BlockId, bool>,
    pub(crate) defs: IndexVec<LocalId, Defs>,
    pub(crate) reads: IndexVec<LocalId, u32>,
}

impl Facts {
    pub(crate) fn new(body: &Body) -> Facts {
        let order = reverse_postorder(body);
        let mut facts = Facts {
            in_cycle: cycles(body, &order),
            order,
            defs: IndexVec::from_elem(Defs::None, body.locals.len()),
            reads: IndexVec::from_elem(0, body.locals.len()),
        };
        for index in 0..facts.order.len() {
            let block = facts.order[index];
            let data = &body.blocks[block];
            for (index, statement) in data.statements.iter().enumerate() {
                facts.statement(block, index as u32, statement);
            }
            visit::terminator_places(&data.terminator, &mut |place, _| facts.read(place));
        }
        facts
    }

    /// A temporary that is written once as a whole and whose address nobody has: it is only another name for the value.
    pub(crate) fn is_name(&self, body: &Body, local: LocalId) -> bool {
        let data = &body.locals[local];
        data.kind == LocalKind::Temp
            && !data.addr_taken
            && matches!(self.defs[local], Defs::One(..))
    }

    fn statement(&mut self, block: BlockId, index: u32, statement: &Statement) {
        visit::statement_places(statement, &mut |place, access| match access {
            Access::Read | Access::Ref => self.read(place),
            Access::Write => self.write(place, Defs::One(block, index)),
        });
        visit::whole_locals(statement, &mut |&local, access| match access {
            Access::Read | Access::Ref => self.reads[local] += 1,
            // Coming to life is no assignment.
            Access::Write if matches!(statement.kind, StatementKind::StorageLive(_)) => {}
            Access::Write => self.define(local, Defs::Many),
        });
    }

    fn write(&mut self, place: &Place, def: Defs) {
        if let PlaceBase::Local(local) = place.base {
            match place.proj.first() {
                None => self.define(local, def),
                Some(Proj::Deref { .. }) => self.reads[local] += 1,
                // A store to a part makes the local more than a name; to an element of a slice it reads the local.
                Some(_) => {
                    self.define(local, Defs::Many);
                    self.reads[local] += 1;
                }
            }
        }
        self.indexes(place);
    }

    fn define(&mut self, local: LocalId, def: Defs) {
        let slot = &mut self.defs[local];
        *slot = if *slot == Defs::None { def } else { Defs::Many };
    }

    fn read(&mut self, place: &Place) {
        if let PlaceBase::Local(local) = place.base {
            self.reads[local] += 1;
        }
        self.indexes(place);
    }

    fn indexes(&mut self, place: &Place) {
        for step in &place.proj {
            if let Proj::Index { index, .. } = step {
                self.reads[*index] += 1;
            }
        }
    }
}

/// Blocks on a cycle: members of strongly connected components with an inner edge.
fn cycles(body: &Body, order: &[BlockId]) -> IndexVec<BlockId, bool> {
    let mut in_cycle = IndexVec::from_elem(false, body.blocks.len());
    // A cycle has a jump to a block of a number that is not greater.
    let may_loop = order.iter().any(|&block| {
        let successors = body.blocks[block].terminator.kind.successors();
        successors.iter().any(|&successor| successor <= block)
    });
    if !may_loop {
        return in_cycle;
    }
    let mut graph = petgraph::graph::DiGraph::<BlockId, ()>::with_capacity(order.len(), 0);
    let mut nodes = IndexVec::from_elem(petgraph::graph::NodeIndex::end(), body.blocks.len());
    for &block in order {
        nodes[block] = graph.add_node(block);
    }
    for &block in order {
        for successor in body.blocks[block].terminator.kind.successors() {
            graph.add_edge(nodes[block], nodes[successor], ());
        }
    }
    for component in petgraph::algo::kosaraju_scc(&graph) {
        let is_cycle = component.len() > 1 || graph.contains_edge(component[0], component[0]);
        for node in component {
            in_cycle[graph[node]] = is_cycle;
        }
    }
    in_cycle
}
