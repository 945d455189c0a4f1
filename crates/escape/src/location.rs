//! Locations: the vertices of the graph, each a piece of storage that may hold pointers or have its address taken.

use crate::leaks::Leaks;
use mini_mir::{FuncId, LocalId, SiteId};

mini_mir::define_id!(
    /// A location of a batch.
    LocId, "loc"
);

impl LocId {
    /// Everything that outlives the goroutine's frames.
    pub(crate) const HEAP: LocId = LocId(0);
    /// What flows here is the pointer of a store.
    pub(crate) const MUTATOR: LocId = LocId(1);
    /// What flows here is called by someone who does not track its results.
    pub(crate) const CALLEE: LocId = LocId(2);
}

/// What a location stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LocationKind {
    Heap,
    Mutator,
    Callee,
    /// A local; a tuple has one location a part.
    Local(LocalId),
    Site(SiteId),
}

/// Facts about a location, as bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Attrs(u8);

impl Attrs {
    pub(crate) const NONE: Attrs = Attrs(0);
    /// Its address flows to where it may outlive the frame or the time round the loop: it must be on the heap.
    pub(crate) const ESCAPES: Attrs = Attrs(1);
    /// Memory that its pointers reach may be written.
    pub(crate) const MUTATES: Attrs = Attrs(2);
    /// Closures that it reaches may be called without their results being tracked.
    pub(crate) const CALLS: Attrs = Attrs(4);
    /// All that is known of something on the heap.
    pub(crate) const ALL: Attrs = Attrs(7);

    pub(crate) fn has(self, other: Attrs) -> bool {
        self.0 & other.0 != 0
    }

    /// Those of `self` that `other` lacks.
    pub(crate) fn beyond(self, other: Attrs) -> bool {
        self.0 & !other.0 != 0
    }
}

impl std::ops::BitOr for Attrs {
    type Output = Attrs;
    fn bitor(self, other: Attrs) -> Attrs {
        Attrs(self.0 | other.0)
    }
}

impl std::ops::BitAnd for Attrs {
    type Output = Attrs;
    fn bitand(self, other: Attrs) -> Attrs {
        Attrs(self.0 & other.0)
    }
}

/// A vertex.
#[derive(Clone, Debug)]
pub(crate) struct Location {
    pub(crate) kind: LocationKind,
    /// The function that the storage belongs to; for the pseudo-locations of no meaning.
    pub(crate) func: FuncId,
    /// Loops around the declaration. A location outlives those declared deeper in the same function.
    pub(crate) loop_depth: u32,
    pub(crate) edges: Vec<Edge>,
    pub(crate) attrs: Attrs,
    /// A parameter or closure context: `leaks` is filled.
    pub(crate) is_param: bool,
    /// Index of a result.
    pub(crate) result: Option<u32>,
    /// The literal whose closure object this site is.
    pub(crate) closure: Option<FuncId>,
    pub(crate) leaks: Leaks,

    // State of the walk under way (`solve`).
    pub(crate) derefs: i32,
    pub(crate) walk: u32,
    /// Where the path to the root goes on, and by which of its edges it came here.
    pub(crate) dst: LocId,
    pub(crate) dst_edge: u32,
    /// Number of the walk that has it queued.
    pub(crate) queued_in_walk: u32,
    pub(crate) queued: bool,
}

impl Location {
    pub(crate) fn new(kind: LocationKind, func: FuncId, loop_depth: u32) -> Location {
        Location {
            kind,
            func,
            loop_depth,
            edges: vec![],
            attrs: Attrs::NONE,
            is_param: false,
            result: None,
            closure: None,
            leaks: Leaks::default(),
            derefs: 0,
            walk: 0,
            dst: LocId::HEAP,
            dst_edge: 0,
            queued_in_walk: 0,
            queued: false,
        }
    }

    pub(crate) fn escapes(&self) -> bool {
        self.attrs.has(Attrs::ESCAPES)
    }
}

/// An assignment into the location that holds it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Edge {
    pub(crate) src: LocId,
    /// Dereferences minus address-takings, at least -1: `p = &q` -1, `p = q` 0, `p = *q` 1.
    pub(crate) derefs: i32,
    pub(crate) note: Note,
}

/// Where in the program an edge comes from, for `-m=2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) func: FuncId,
    pub(crate) block: u32,
    /// Statement of the block; its length: the terminator.
    pub(crate) statement: u32,
    pub(crate) why: Why,
}

/// What carries a value along an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Why {
    Assign,
    /// Into argument number n of a call.
    Argument(u32),
    /// Receiver of an interface call.
    Receiver,
    /// Out of a call.
    Result,
    CalleeOperand,
    Captured(u32),
    Boxed,
    Appended,
    AppendeeSlice,
    AppendedSlice,
    CopiedSlice,
    MapKey,
    MapValue,
    Send,
    Panic,
    Go,
    Defer,
    Range,
    Stored,
    TooLarge,
    ZeroSized,
    Context,
}
