//! The solver: least numbers of dereferences between locations, and what follows from them.
//!
//! From each location (the root) a walk goes backwards along the edges and finds for every location that flows to it the
//! least number of dereferences on the way (Bellman-Ford with a queue: address-of edges weigh -1; a count is bounded below by
//! 0 when it goes on, since the address of a thing is not the address of what is stored in it). Minus one means that the
//! address of the location is stored in the root: if the root may live longer, the location must be on the heap. A location
//! whose facts grow becomes a root again; facts only grow, so the work ends.

use crate::graph::Graph;
use crate::location::{Attrs, LocId};
use mini_mir::{FuncId, Program};
use std::collections::{HashMap, VecDeque};

/// What the walks need beyond the graph.
pub(crate) trait Observer {
    /// `src`'s address was found to outlive it by the path that the walk state holds.
    fn escapes(&mut self, graph: &Graph, root: LocId, src: LocId);
    /// Parameter `src` leaks to `root`.
    fn leaks(&mut self, graph: &Graph, root: LocId, src: LocId, derefs: i32);
}

/// Solves a graph.
pub(crate) struct Solver<'a, O> {
    pub(crate) program: &'a Program,
    pub(crate) graph: &'a mut Graph,
    /// Locations of the results of the batch's literals; the flag: someone calls it without tracking its results.
    pub(crate) literals: &'a mut HashMap<FuncId, LiteralResults, foldhash::fast::FixedState>,
    pub(crate) observer: &'a mut O,
}

/// Results of a literal of the batch.
#[derive(Debug, Default)]
pub(crate) struct LiteralResults {
    pub(crate) locations: Vec<LocId>,
    pub(crate) lost: bool,
}

/// Whether `inner` is a function literal inside `outer`.
pub(crate) fn contains_literal(program: &Program, outer: FuncId, inner: FuncId) -> bool {
    let mut at = inner;
    while let Some(parent) = program.funcs[at].parent {
        if parent == outer {
            return true;
        }
        at = parent;
    }
    false
}

impl<O: Observer> Solver<'_, O> {
    /// Walks until nothing changes.
    pub(crate) fn walk_all(&mut self) {
        let mut todo: VecDeque<LocId> = self.graph.locations.ids().collect();
        for location in self.graph.locations.iter_mut() {
            location.queued = true;
        }
        let mut walk = 0;
        let mut inner = VecDeque::new();
        while let Some(root) = todo.pop_front() {
            self.graph.locations[root].queued = false;
            walk += 1;
            self.walk_one(root, walk, &mut inner, &mut todo);
        }
    }

    fn enqueue(&mut self, loc: LocId, todo: &mut VecDeque<LocId>) {
        let location = &mut self.graph.locations[loc];
        if !std::mem::replace(&mut location.queued, true) {
            if location.escapes() {
                todo.push_front(loc);
            } else {
                todo.push_back(loc);
            }
        }
    }

    fn walk_one(
        &mut self,
        root: LocId,
        walk: u32,
        queue: &mut VecDeque<LocId>,
        todo: &mut VecDeque<LocId>,
    ) {
        {
            let location = &mut self.graph.locations[root];
            location.walk = walk;
            location.derefs = 0;
            if location.attrs.has(Attrs::CALLS)
                && let Some(literal) = location.closure
            {
                self.lose_results(literal, todo);
            }
        }
        queue.push_back(root);
        while let Some(loc) = queue.pop_front() {
            self.graph.locations[loc].queued_in_walk = 0;
            let mut derefs = self.graph.locations[loc].derefs;
            let address_flows = derefs < 0;
            derefs = derefs.max(0);
            let root_attrs = self.graph.locations[root].attrs;
            let mut gained = Attrs::NONE;
            if address_flows && self.outlives(root, loc) {
                if !self.graph.locations[loc].escapes() {
                    self.observer.escapes(self.graph, root, loc);
                }
                gained = Attrs::ALL;
            }
            if derefs == 0 {
                gained = gained | (root_attrs & (Attrs::MUTATES | Attrs::CALLS));
            }
            if self.graph.locations[loc].is_param {
                self.leak(root, loc, derefs);
            }
            if gained.beyond(self.graph.locations[loc].attrs) {
                let location = &mut self.graph.locations[loc];
                location.attrs = location.attrs | gained;
                self.enqueue(loc, todo);
                if self.graph.locations[loc].escapes() {
                    continue;
                }
            }
            for index in 0..self.graph.locations[loc].edges.len() {
                let edge = self.graph.locations[loc].edges[index];
                let through = derefs + edge.derefs;
                let src = &mut self.graph.locations[edge.src];
                if src.escapes() || (src.walk == walk && src.derefs <= through) {
                    continue;
                }
                src.walk = walk;
                src.derefs = through;
                src.dst = loc;
                src.dst_edge = index as u32;
                if src.queued_in_walk != walk {
                    src.queued_in_walk = walk;
                    queue.push_back(edge.src);
                }
            }
        }
    }

    /// Parameter `param` flows to `root`: notes it in the tag if it matters to callers.
    fn leak(&mut self, root: LocId, param: LocId, derefs: i32) {
        let root_attrs = self.graph.locations[root].attrs;
        if self.outlives(root, param) {
            if !self.graph.locations[param].escapes() && root != param {
                self.observer.leaks(self.graph, root, param, derefs);
            }
            let sink = &self.graph.locations[root];
            let func = self.graph.locations[param].func;
            match sink.result {
                Some(index) if !sink.escapes() && sink.func == func => {
                    self.graph.locations[param]
                        .leaks
                        .add_result(index as usize, derefs);
                }
                _ => self.graph.locations[param].leaks.add_heap(derefs),
            }
        }
        let leaks = &mut self.graph.locations[param].leaks;
        if root_attrs.has(Attrs::MUTATES) {
            leaks.add_mutator(derefs);
        }
        if root_attrs.has(Attrs::CALLS) {
            leaks.add_callee(derefs);
        }
    }

    fn lose_results(&mut self, literal: FuncId, todo: &mut VecDeque<LocId>) {
        let Some(results) = self.literals.get_mut(&literal) else {
            return;
        };
        if !std::mem::replace(&mut results.lost, true) {
            let locations = results.locations.clone();
            for loc in locations {
                self.enqueue(loc, todo);
            }
        }
    }

    /// Whether what is stored in `loc` may be used after `other`, were it on the stack, is gone.
    fn outlives(&self, loc: LocId, other: LocId) -> bool {
        let l = &self.graph.locations[loc];
        if l.escapes() {
            return true;
        }
        if matches!(loc, LocId::MUTATOR | LocId::CALLEE) {
            return false;
        }
        let o = &self.graph.locations[other];
        if l.result.is_some() {
            // Nobody knows what callers do with results, except with those of a literal all of whose calls are seen: they
            // end before the enclosing function does.
            return !(contains_literal(self.program, o.func, l.func)
                && self.literals.get(&l.func).is_some_and(|r| !r.lost));
        }
        if l.func == o.func {
            return l.loop_depth < o.loop_depth;
        }
        contains_literal(self.program, l.func, o.func)
    }
}
