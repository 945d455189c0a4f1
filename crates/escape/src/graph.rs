//! The graph of one batch: locations and the edges between them.

use crate::location::{Attrs, Edge, LocId, Location, LocationKind, Note};
use mini_mir::{FuncId, IndexVec};

/// Where a value goes: `dst = *…*value` with `derefs` stars.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Hole {
    pub(crate) dst: LocId,
    pub(crate) derefs: i32,
}

impl Hole {
    pub(crate) const HEAP: Hole = Hole::to(LocId::HEAP);
    pub(crate) const MUTATOR: Hole = Hole::to(LocId::MUTATOR);
    pub(crate) const CALLEE: Hole = Hole::to(LocId::CALLEE);

    pub(crate) const fn to(dst: LocId) -> Hole {
        Hole { dst, derefs: 0 }
    }

    #[must_use]
    pub(crate) fn shift(self, derefs: i32) -> Hole {
        Hole {
            dst: self.dst,
            derefs: self.derefs + derefs,
        }
    }
}

/// A value in terms of a location: -1 its address, 0 what it holds, 1 what that points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Value {
    pub(crate) loc: LocId,
    pub(crate) derefs: i32,
}

impl Value {
    #[must_use]
    pub(crate) fn shift(self, derefs: i32) -> Value {
        Value {
            loc: self.loc,
            derefs: self.derefs + derefs,
        }
    }
}

/// A value's address reached something that outlives it while the graph was being built: what `-m=2` has to tell.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EarlyEscape {
    pub(crate) src: LocId,
    pub(crate) dst: LocId,
    pub(crate) derefs: i32,
    pub(crate) note: Note,
}

#[derive(Debug)]
pub(crate) struct Graph {
    pub(crate) locations: IndexVec<LocId, Location>,
    pub(crate) early: Vec<EarlyEscape>,
}

impl Graph {
    pub(crate) fn new() -> Graph {
        let mut locations = IndexVec::new();
        for (kind, attrs) in [
            (LocationKind::Heap, Attrs::ALL),
            (LocationKind::Mutator, Attrs::MUTATES),
            (LocationKind::Callee, Attrs::CALLS),
        ] {
            let mut location = Location::new(kind, FuncId(u32::MAX), 0);
            location.attrs = attrs;
            locations.push(location);
        }
        Graph {
            locations,
            early: vec![],
        }
    }

    pub(crate) fn add(&mut self, location: Location) -> LocId {
        self.locations.push(location)
    }

    /// Records that `value` flows into `hole`.
    pub(crate) fn flow(&mut self, hole: Hole, value: Value, note: Note) {
        let derefs = hole.derefs + value.derefs;
        debug_assert!(derefs >= -1, "address of an address");
        let Hole { dst, .. } = hole;
        let src = value.loc;
        if dst == src && derefs >= 0 {
            return;
        }
        if derefs < 0 && self.locations[dst].escapes() {
            if !self.locations[src].escapes() {
                self.early.push(EarlyEscape {
                    src,
                    dst,
                    derefs,
                    note,
                });
            }
            self.locations[src].attrs = Attrs::ALL;
            return;
        }
        let edges = &mut self.locations[dst].edges;
        if edges
            .last()
            .is_none_or(|last| last.src != src || last.derefs != derefs)
        {
            edges.push(Edge { src, derefs, note });
        }
    }
}
