//! Slices that are the only ones to know their array, until they are handed on in one place.
//!
//! Go lets `append` make the arrays of such a slice in the frame and moves it to the heap where it is handed on (returned,
//! assigned, ranged over), with the size class of its length; a program can see that by its capacity. Here they are made on the
//! heap with that capacity at once.
//!
//! A mention of the slice that is not understood ends the matter, as in Go's cmd/compile/internal/slice: understood are appends to
//! itself, a slice of itself, its length and capacity, its elements, and nil.

use std::collections::HashMap;

use crate::body::{Body, LocalKind, Statement, StatementKind, TerminatorKind};
use crate::ids::{LocalId, SiteId};
use crate::place::{Operand, Place, PlaceBase, Proj};
use crate::rvalue::Rvalue;
use crate::types::{TyKind, TyTable};
use crate::visit::{Access, statement_places, terminator_places};

/// Go has a buffer of so many bytes.
const BUFFER: u64 = 32;

#[derive(Default)]
struct Uses {
    mentions: u32,
    understood: u32,
    /// Places where it is handed on.
    transitions: u32,
    /// Number of appends, those in a loop counted twice.
    weight: u32,
    appends: Vec<SiteId>,
}

/// Finds the appends to such slices.
pub fn exclusive_appends(body: &Body, types: &TyTable) -> Vec<SiteId> {
    let mut uses: HashMap<LocalId, Uses> = candidates(body, types);
    if uses.is_empty() {
        return vec![];
    }
    // Temporaries that hold what a slice is about to become.
    let mut becoming: HashMap<LocalId, LocalId> = HashMap::new();
    for block in body.blocks.iter() {
        for statement in &block.statements {
            statement_places(statement, &mut |place, access| {
                mention(&mut uses, place, access);
            });
            understand(body, &mut uses, &mut becoming, statement);
        }
        terminator_places(&block.terminator, &mut |place, access| {
            mention(&mut uses, place, access);
        });
        if matches!(block.terminator.kind, TerminatorKind::Return) {
            for result in &body.results {
                if let Some(uses) = uses.get_mut(result) {
                    uses.transitions += 1;
                }
            }
        }
    }
    uses.into_values()
        .filter(|uses| {
            uses.mentions == uses.understood && uses.transitions == 1 && uses.weight >= 2
        })
        .flat_map(|uses| uses.appends)
        .collect()
}

fn candidates(body: &Body, types: &TyTable) -> HashMap<LocalId, Uses> {
    body.locals
        .iter_enumerated()
        .filter(|(_, local)| {
            !local.name.is_empty() && !local.addr_taken && local.kind != LocalKind::Temp
        })
        .filter(|(_, local)| match types.kind(local.ty) {
            TyKind::Slice(elem) => (1..=BUFFER).contains(&types.layout(*elem).size),
            _ => false,
        })
        .map(|(id, _)| (id, Uses::default()))
        .collect()
}

/// Counts a mention of a slice; its elements may be read and written.
fn mention(uses: &mut HashMap<LocalId, Uses>, place: &Place, access: Access) {
    let PlaceBase::Local(local) = place.base else {
        return;
    };
    if let Some(uses) = uses.get_mut(&local) {
        let is_element = matches!(
            place.proj.first(),
            Some(Proj::Index { .. } | Proj::ConstIndex { .. })
        );
        uses.mentions += 1;
        uses.understood += u32::from(is_element && access != Access::Ref);
    }
}

fn understand(
    body: &Body,
    uses: &mut HashMap<LocalId, Uses>,
    becoming: &mut HashMap<LocalId, LocalId>,
    statement: &Statement,
) {
    let StatementKind::Assign(to, value) = &statement.kind else {
        return;
    };
    let to = to.as_local();
    let known = to.filter(|local| uses.contains_key(local));
    let slice_of = |operand: &Operand| match operand {
        Operand::Copy(place) => place.as_local(),
        Operand::Const(_) => None,
    };
    match value {
        Rvalue::Use(Operand::Const(_)) => {
            if let Some(uses) = known.and_then(|local| uses.get_mut(&local)) {
                uses.understood += 1;
            }
        }
        Rvalue::Use(Operand::Copy(from)) => {
            let Some(from) = from.as_local() else { return };
            if let Some(local) = known
                && becoming.get(&from) == Some(&local)
                && let Some(uses) = uses.get_mut(&local)
            {
                uses.understood += 2;
            } else if let Some(uses) = uses.get_mut(&from) {
                uses.understood += 1;
                uses.transitions += 1;
            }
        }
        Rvalue::Append { site, slice, .. } => {
            let Some(from) = slice_of(slice) else { return };
            let depth = body.locals[from].loop_depth;
            let Some(uses) = uses.get_mut(&from) else {
                return;
            };
            uses.appends.push(*site);
            uses.weight += 1 + body.sites[*site].loop_depth.saturating_sub(depth);
            renew(uses, becoming, to, from);
        }
        Rvalue::Slice { base, .. } => {
            if let Some(from) = slice_of(base)
                && let Some(uses) = uses.get_mut(&from)
            {
                renew(uses, becoming, to, from);
            }
        }
        Rvalue::Len(x) | Rvalue::Cap(x) => {
            if let Some(uses) = slice_of(x).and_then(|local| uses.get_mut(&local)) {
                uses.understood += 1;
            }
        }
        _ => {}
    }
}

/// The slice is made anew out of itself, at once or by way of a temporary.
fn renew(
    uses: &mut Uses,
    becoming: &mut HashMap<LocalId, LocalId>,
    to: Option<LocalId>,
    from: LocalId,
) {
    match to {
        Some(to) if to == from => uses.understood += 2,
        Some(to) => {
            becoming.insert(to, from);
        }
        None => {}
    }
}
