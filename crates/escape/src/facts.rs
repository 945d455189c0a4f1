//! What the builder must know of a body before it draws edges: order of blocks, loops, and how often each local is
//! assigned and read.

use mini_mir::{
    BlockId, Body, Callee, IndexVec, LocalId, LocalKind, Operand, Place, PlaceBase, Proj, Rvalue,
    SelectCase, Statement, StatementKind, TerminatorKind,
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
            match &data.terminator.kind {
                TerminatorKind::If { cond: value, .. }
                | TerminatorKind::Switch { value, .. }
                | TerminatorKind::Panic(value) => facts.read(value),
                TerminatorKind::Goto(_) | TerminatorKind::Return | TerminatorKind::Unreachable => {}
            }
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
        if let StatementKind::Assign(place, value) = &statement.kind {
            match place.as_local() {
                Some(local) => self.define(local, Defs::One(block, index)),
                None => {
                    // A store to a part makes the local more than a name.
                    match (place.base, place.proj.first()) {
                        (PlaceBase::Local(local), Some(Proj::Deref { .. })) => {
                            self.reads[local] += 1;
                        }
                        (PlaceBase::Local(local), _) => self.define(local, Defs::Many),
                        (PlaceBase::Global(_), _) => {}
                    }
                    self.indexes(place);
                }
            }
            if let Rvalue::Select { cases, .. } = value {
                for case in cases {
                    if let SelectCase::Receive {
                        dest: Some(dest), ..
                    } = case
                    {
                        self.define(*dest, Defs::Many);
                    }
                }
            }
            if let Rvalue::Ref(place) = value {
                self.read_place(place);
            }
            if let Rvalue::MapIterNext { iter } = value {
                self.reads[*iter] += 1;
            }
        }
        if let StatementKind::MapIterInit { iter, .. } = &statement.kind {
            self.define(*iter, Defs::Many);
        }
        for_operands(statement, &mut |operand| self.read(operand));
    }

    fn define(&mut self, local: LocalId, def: Defs) {
        let slot = &mut self.defs[local];
        *slot = if *slot == Defs::None { def } else { Defs::Many };
    }

    fn read(&mut self, operand: &Operand) {
        if let Operand::Copy(place) = operand {
            self.read_place(place);
        }
    }

    fn read_place(&mut self, place: &Place) {
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

/// Calls `visit` with every operand of a statement.
pub(crate) fn for_operands<'a>(statement: &'a Statement, visit: &mut dyn FnMut(&'a Operand)) {
    match &statement.kind {
        StatementKind::Assign(_, value) => rvalue_operands(value, visit),
        StatementKind::MapSet { map, key, value } => {
            visit(map);
            visit(key);
            visit(value);
        }
        StatementKind::MapDelete { map, key } => {
            visit(map);
            visit(key);
        }
        StatementKind::MapIterInit { map: x, .. }
        | StatementKind::MapClear(x)
        | StatementKind::SliceClear(x)
        | StatementKind::Close(x)
        | StatementKind::Go(x)
        | StatementKind::Defer(x)
        | StatementKind::NilCheck(x) => visit(x),
        StatementKind::Send { chan, value } => {
            visit(chan);
            visit(value);
        }
        StatementKind::BoundsCheck { index, len } => {
            visit(index);
            visit(len);
        }
        StatementKind::Print { args, .. } => args.iter().for_each(visit),
        StatementKind::StorageLive(_) | StatementKind::RunDefers | StatementKind::Nop => {}
    }
}

fn rvalue_operands<'a>(value: &'a Rvalue, visit: &mut dyn FnMut(&'a Operand)) {
    match value {
        Rvalue::Use(x)
        | Rvalue::Unary(_, x)
        | Rvalue::Convert { value: x, .. }
        | Rvalue::MakeInterface { value: x, .. }
        | Rvalue::MakeMap { hint: x, .. }
        | Rvalue::MakeChan { size: x, .. }
        | Rvalue::Len(x)
        | Rvalue::Cap(x)
        | Rvalue::TypeAssert { value: x, .. }
        | Rvalue::TypeIs { value: x, .. }
        | Rvalue::Unbox { value: x, .. }
        | Rvalue::ConvertInterface { value: x, .. }
        | Rvalue::Receive { chan: x, .. } => visit(x),
        Rvalue::Binary(_, a, b)
        | Rvalue::MakeSlice { len: a, cap: b, .. }
        | Rvalue::AppendSlice {
            slice: a, other: b, ..
        }
        | Rvalue::CopySlice { dst: a, src: b }
        | Rvalue::DecodeRune {
            string: a,
            index: b,
        }
        | Rvalue::MapGet { map: a, key: b, .. } => {
            visit(a);
            visit(b);
        }
        Rvalue::Aggregate { parts, .. } | Rvalue::Concat { parts, .. } => {
            parts.iter().for_each(visit);
        }
        Rvalue::MakeClosure { captures, .. } => captures.iter().for_each(visit),
        Rvalue::Append { slice, values, .. } => {
            visit(slice);
            values.iter().for_each(visit);
        }
        Rvalue::Slice {
            base,
            low,
            high,
            max,
            ..
        } => {
            visit(base);
            [low, high, max].into_iter().flatten().for_each(visit);
        }
        Rvalue::Select { cases, .. } => {
            for case in cases {
                match case {
                    SelectCase::Send { chan, value } => {
                        visit(chan);
                        visit(value);
                    }
                    SelectCase::Receive { chan, .. } => visit(chan),
                }
            }
        }
        Rvalue::Call(call) => {
            match &call.callee {
                Callee::Static(_) => {}
                Callee::Value(x) | Callee::Method { receiver: x, .. } => visit(x),
            }
            call.args.iter().for_each(visit);
        }
        Rvalue::Ref(_) | Rvalue::New(_) | Rvalue::MapIterNext { .. } | Rvalue::Recover => {}
    }
}

/// Reachable blocks in reverse postorder.
fn reverse_postorder(body: &Body) -> Vec<BlockId> {
    let mut seen = IndexVec::from_elem(false, body.blocks.len());
    let mut order = vec![];
    let mut stack = vec![(Body::ENTRY, 0)];
    if body.blocks.is_empty() {
        return order;
    }
    seen[Body::ENTRY] = true;
    while let Some((block, next)) = stack.pop() {
        let successors = body.blocks[block].terminator.kind.successors();
        // Last successor first, so that the result has the source's order.
        match successors.len().checked_sub(next + 1) {
            Some(index) => {
                let successor = successors[index];
                stack.push((block, next + 1));
                if !std::mem::replace(&mut seen[successor], true) {
                    stack.push((successor, 0));
                }
            }
            None => order.push(block),
        }
    }
    order.reverse();
    order
}

/// Blocks on a cycle: members of strongly connected components with an inner edge.
fn cycles(body: &Body, order: &[BlockId]) -> IndexVec<BlockId, bool> {
    let mut in_cycle = IndexVec::from_elem(false, body.blocks.len());
    let mut graph = petgraph::graph::DiGraph::<BlockId, ()>::with_capacity(order.len(), 0);
    let mut nodes = IndexVec::from_elem(petgraph::graph::NodeIndex::end(), body.blocks.len());
    for &block in order {
        nodes[block] = graph.add_node(block);
    }
    let mut has_back_edge = false;
    for (at, &block) in order.iter().enumerate() {
        for successor in body.blocks[block].terminator.kind.successors() {
            let to: petgraph::graph::NodeIndex = nodes[successor];
            has_back_edge |= to.index() <= at;
            graph.add_edge(nodes[block], to, ());
        }
    }
    if !has_back_edge {
        return in_cycle;
    }
    for component in petgraph::algo::kosaraju_scc(&graph) {
        let is_cycle = component.len() > 1 || graph.contains_edge(component[0], component[0]);
        for node in component {
            in_cycle[graph[node]] = is_cycle;
        }
    }
    in_cycle
}
