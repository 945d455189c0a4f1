//! From MIR to edges: one form of MIR, one rule.
//!
//! Copying a place is a flow from its base with as many dereferences as the place has pointer steps; fields and array
//! elements are not told apart from the whole. Storing through a pointer is a flow to the heap, since nobody knows where the
//! pointer leads — unless it is a temporary that is only another name of a fresh object's or a variable's address.
//!
//! Such names ([`Facts::is_name`]) have no location: each use of one is a use of the value it was given. So the graph has as
//! many locations as one drawn from the source text. In the same way a captured variable, used inside a literal, is the
//! variable itself: `(*context).field` is resolved to what the closure object was made from, as long as the literal is made
//! in one place. The context has a location all the same, into which the closure object's address flows.

mod edges;
mod values;

pub(crate) use values::{base_type, state_is_name, type_after};

use crate::facts::Facts;
use crate::graph::{Graph, Hole, Value};
use crate::leaks::FuncTags;
use crate::location::{LocId, Location, LocationKind, Note, Why};
use crate::solve::LiteralResults;
use mini_mir::{
    Body, FuncId, IndexVec, LocalId, LocalKind, MAX_STACK_VAR, Program, Rvalue, SiteId, SiteKind,
    StatementKind, TyKind,
};
use std::collections::HashMap;

pub(crate) type Map<K, V> = HashMap<K, V, foldhash::fast::FixedState>;

/// Largest object on the stack that is not a variable.
const MAX_IMPLICIT_STACK_VAR: u64 = 64 << 10;

/// What a local's value is known to be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Meaning {
    /// Holds nothing of interest.
    Nothing,
    /// A location of its own (the first of them, for a tuple).
    Location(LocId),
    /// Another name of a value.
    Name(Option<Value>),
}

/// What is known of a site apart from the graph.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct SiteFacts {
    pub(crate) loc: Option<LocId>,
    /// Not on the stack even if it could be.
    pub(crate) only_heap: bool,
    pub(crate) is_string_to_bytes: bool,
}

/// A function of the batch.
#[derive(Debug)]
pub(crate) struct FuncState<'a> {
    pub(crate) id: FuncId,
    pub(crate) body: &'a Body,
    pub(crate) facts: Facts,
    pub(crate) locals: IndexVec<LocalId, Meaning>,
    pub(crate) sites: IndexVec<SiteId, SiteFacts>,
    /// What the captures of a literal are, seen from where it is made; `None`: not known.
    pub(crate) captures: Option<Vec<Option<Value>>>,
}

/// Draws the graph of a batch.
pub(crate) struct Builder<'a, 't> {
    pub(crate) program: &'a Program,
    pub(crate) tags: &'t Map<FuncId, FuncTags>,
    pub(crate) graph: Graph,
    pub(crate) funcs: Vec<FuncState<'a>>,
    pub(crate) index_of: Map<FuncId, usize>,
    pub(crate) literals: Map<FuncId, LiteralResults>,
    /// Assignments to variables of function type, by location.
    pub(crate) func_assigns: Map<LocId, Vec<Option<(usize, &'a Rvalue)>>>,
    /// Assignments that were left out because they store nothing new.
    pub(crate) self_assigns: Vec<Note>,
}

/// A statement under way.
#[derive(Clone, Copy)]
pub(crate) struct At {
    /// Index of the function in the batch.
    pub(crate) func: usize,
    pub(crate) id: FuncId,
    pub(crate) block: u32,
    pub(crate) statement: u32,
}

impl At {
    pub(crate) fn note(self, why: Why) -> Note {
        Note {
            func: self.id,
            block: self.block,
            statement: self.statement,
            why,
        }
    }
}

impl<'a, 't> Builder<'a, 't> {
    pub(crate) fn new(
        program: &'a Program,
        tags: &'t Map<FuncId, FuncTags>,
        batch: &[FuncId],
    ) -> Builder<'a, 't> {
        let mut builder = Builder {
            program,
            tags,
            graph: Graph::new(),
            funcs: vec![],
            index_of: Map::default(),
            literals: Map::default(),
            func_assigns: Map::default(),
            self_assigns: vec![],
        };
        for &id in batch {
            if let Some(body) = program.body(id) {
                builder.index_of.insert(id, builder.funcs.len());
                builder.funcs.push(FuncState {
                    id,
                    body,
                    facts: Facts::new(body),
                    locals: IndexVec::from_elem(Meaning::Nothing, body.locals.len()),
                    sites: IndexVec::from_elem(SiteFacts::default(), body.sites.len()),
                    captures: None,
                });
            }
        }
        builder
    }

    /// Draws everything.
    pub(crate) fn build(&mut self) {
        for func in 0..self.funcs.len() {
            self.variables(func);
        }
        // Parents before their literals: captures are seen from outside.
        let mut order: Vec<usize> = (0..self.funcs.len()).collect();
        order.sort_by_key(|&func| self.nesting(self.funcs[func].id));
        let makers = self.makers();
        for func in order {
            self.names(func);
            self.captures_of_literals(func, &makers);
        }
        for func in 0..self.funcs.len() {
            self.collect_func_assigns(func);
        }
        for func in 0..self.funcs.len() {
            self.edges(func);
        }
    }

    fn nesting(&self, mut func: FuncId) -> u32 {
        let mut depth = 0;
        while let Some(parent) = self.program.funcs[func].parent {
            depth += 1;
            func = parent;
        }
        depth
    }

    /// How many statements of the batch make each literal.
    fn makers(&self) -> Map<FuncId, u32> {
        let mut makers = Map::default();
        for state in &self.funcs {
            for &block in &state.facts.order {
                for statement in &state.body.blocks[block].statements {
                    if let StatementKind::Assign(_, Rvalue::MakeClosure { func, .. }) =
                        &statement.kind
                    {
                        *makers.entry(*func).or_default() += 1;
                    }
                }
            }
        }
        makers
    }

    // ---- Locations ----

    /// Gives every local a location that is not merely a name or a number.
    fn variables(&mut self, func: usize) {
        let state = &self.funcs[func];
        let (id, body) = (state.id, state.body);
        for (local, data) in body.locals.iter_enumerated() {
            let is_name = state_is_name(&self.funcs[func], local);
            let size = || self.program.types.layout(data.ty).size;
            let too_large = data.kind == LocalKind::Var && size() > MAX_STACK_VAR;
            let matters = data.addr_taken
                || too_large
                || (!is_name && self.program.types.has_pointers(data.ty));
            if !matters {
                continue;
            }
            let loc = self.local_locations(func, local);
            let location = &mut self.graph.locations[loc];
            location.is_param = matches!(data.kind, LocalKind::Param | LocalKind::Context);
            if data.kind == LocalKind::Result {
                location.result = body
                    .results
                    .iter()
                    .position(|&r| r == local)
                    .map(|r| r as u32);
            }
            if too_large {
                let note = Note {
                    func: id,
                    block: 0,
                    statement: 0,
                    why: Why::TooLarge,
                };
                self.graph.flow(Hole::HEAP, Value { loc, derefs: -1 }, note);
            }
        }
        let results = body
            .results
            .iter()
            .filter_map(|&r| match self.funcs[func].locals[r] {
                Meaning::Location(loc) => Some(loc),
                _ => None,
            })
            .collect();
        self.literals.insert(
            id,
            LiteralResults {
                locations: results,
                lost: false,
            },
        );
    }

    fn local_locations(&mut self, func: usize, local: LocalId) -> LocId {
        let state = &self.funcs[func];
        let data = &state.body.locals[local];
        let parts = match self.program.types.kind(data.ty) {
            TyKind::Tuple(parts) => parts.len().max(1),
            _ => 1,
        };
        let depth = data.loop_depth.max(1);
        let id = state.id;
        let first = self
            .graph
            .add(Location::new(LocationKind::Local(local), id, depth));
        for _ in 1..parts {
            self.graph
                .add(Location::new(LocationKind::Local(local), id, depth));
        }
        self.funcs[func].locals[local] = Meaning::Location(first);
        first
    }

    fn site(&mut self, func: usize, site: SiteId) -> LocId {
        if let Some(loc) = self.funcs[func].sites[site].loc {
            return loc;
        }
        let state = &self.funcs[func];
        let data = &state.body.sites[site];
        let depth = data.loop_depth.max(1);
        let loc = self
            .graph
            .add(Location::new(LocationKind::Site(site), state.id, depth));
        self.funcs[func].sites[site].loc = Some(loc);
        loc
    }
}

/// Sites of which `-m` says nothing.
pub(crate) fn is_silent(kind: &SiteKind) -> bool {
    matches!(
        kind,
        SiteKind::Hidden | SiteKind::GoWrapper | SiteKind::DeferWrapper | SiteKind::MakeChan
    )
}
