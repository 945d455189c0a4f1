//! Where each variable and allocation lives: what escape analysis says and code generation obeys.

use crate::body::{Body, LocalKind};
use crate::ids::{FuncId, IndexVec, LocalId, SiteId};
use crate::types::TyTable;
use std::collections::HashMap;

/// Largest variable on the stack, in bytes; larger ones are sent to the heap.
pub const MAX_STACK_VAR: u64 = 128 << 10;

/// Stack or heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    Stack,
    Heap,
}

/// Decisions for one body. A variable on the heap is allocated at its StorageLive (a parameter or result: at
/// entry) and every access goes through the pointer.
///
/// A site on the stack has one slot in the frame, which a new execution of the site reuses (zeroed again); the
/// analysis guarantees that the old object is dead by then.
#[derive(Clone, Debug)]
pub struct BodyDecisions {
    pub locals: IndexVec<LocalId, Storage>,
    /// That of an `append` is where a new array could be; it is made on the heap, of the capacity that Go's has.
    pub sites: IndexVec<SiteId, Storage>,
    /// Conversions of strings to bytes to which nobody writes.
    pub read_only: Vec<SiteId>,
}

impl BodyDecisions {
    /// Everything whose address is taken, what is too large for a stack, and every site, on the heap: the `heapall` mode.
    pub fn all_heap(body: &Body, types: &TyTable) -> BodyDecisions {
        BodyDecisions {
            locals: body
                .locals
                .iter()
                .map(|l| {
                    let is_large =
                        || l.kind == LocalKind::Var && types.layout(l.ty).size > MAX_STACK_VAR;
                    if l.addr_taken || is_large() {
                        Storage::Heap
                    } else {
                        Storage::Stack
                    }
                })
                .collect(),
            sites: IndexVec::from_elem(Storage::Heap, body.sites.len()),
            read_only: vec![],
        }
    }
}

/// Decisions for a program.
#[derive(Clone, Debug, Default)]
pub struct Decisions {
    pub bodies: HashMap<FuncId, BodyDecisions, foldhash::fast::FixedState>,
}
