//! `*t`, where the temporary `t` is only a name of `&x.f`, becomes `x.f`; and what nobody reads any more goes away.
//!
//! Inlining a literal leaves such pairs behind: captured variables were reached through pointers. Without them the variable's
//! address is no longer taken, and it can live in registers.
//!
//! Precondition: temporaries are written before they are read, and a variable comes to life on every way to where its
//! address is taken; so a use that the taking dominates means the same variable.

use super::defs::Defs;
use crate::body::{Body, LocalKind, StatementKind};
use crate::ids::{FuncId, IndexVec, LocalId};
use crate::place::{Operand, Place, PlaceBase, Proj};
use crate::rvalue::Rvalue;
use crate::visit;

pub(super) fn run(body: &mut Body) {
    let defs = Defs::new(body);
    let targets = targets(body, &defs);
    if targets.iter().all(Option::is_none) {
        return;
    }
    for block in body.blocks.iter_mut() {
        for statement in &mut block.statements {
            visit::statement_places_mut(statement, &mut |place, _| forward(place, &targets));
        }
        visit::terminator_places_mut(&mut block.terminator, &mut |place, _| {
            forward(place, &targets);
        });
    }
}

/// For each temporary that is a name of an address: of what.
fn targets(body: &Body, defs: &Defs) -> IndexVec<LocalId, Option<Place>> {
    let mut targets: IndexVec<LocalId, Option<Place>> =
        IndexVec::from_elem(None, body.locals.len());
    for (local, data) in body.locals.iter_enumerated() {
        if data.kind != LocalKind::Temp {
            continue;
        }
        // Through copies of the pointer.
        let mut at = local;
        for _ in 0..16 {
            let Some(point) = defs.only(body, at) else {
                break;
            };
            let statement = &body.blocks[point.block].statements[point.statement as usize];
            match &statement.kind {
                StatementKind::Assign(_, Rvalue::Ref(place)) => {
                    let is_inside = matches!(place.base, PlaceBase::Local(_))
                        && place.proj.iter().all(|step| matches!(step, Proj::Field(_)));
                    if is_inside {
                        targets[local] = Some(place.clone());
                    }
                    break;
                }
                StatementKind::Assign(_, Rvalue::Use(Operand::Copy(from))) => {
                    match from.as_local() {
                        Some(next) if body.locals[next].kind == LocalKind::Temp => at = next,
                        _ => break,
                    }
                }
                _ => break,
            }
        }
    }
    targets
}

fn forward(place: &mut Place, targets: &IndexVec<LocalId, Option<Place>>) {
    while let (PlaceBase::Local(local), Some(Proj::Deref { .. })) = (place.base, place.proj.first())
    {
        let Some(target) = &targets[local] else {
            return;
        };
        let mut whole = target.clone();
        whole.proj.extend(place.proj[1..].iter().copied());
        *place = whole;
    }
}

/// Drops assignments to unread temporaries that do nothing else: copies, addresses, and closure objects of literals that
/// `is_dead` says were inlined. Then sees whose address is still taken.
pub(super) fn drop_dead(body: &mut Body, is_dead: &dyn Fn(FuncId) -> bool) {
    loop {
        let defs = Defs::new(body);
        let unread: IndexVec<LocalId, bool> = body
            .locals
            .iter_enumerated()
            .map(|(id, local)| {
                local.kind == LocalKind::Temp && !local.addr_taken && defs.reads[id] == 0
            })
            .collect();
        let mut changed = false;
        for block in body.blocks.iter_mut() {
            block.statements.retain(|statement| {
                let StatementKind::Assign(place, value) = &statement.kind else {
                    return true;
                };
                let is_unread = place.as_local().is_some_and(|local| unread[local]);
                let is_pure = match value {
                    Rvalue::Use(Operand::Const(_)) => true,
                    Rvalue::Use(Operand::Copy(place)) | Rvalue::Ref(place) => cannot_fault(place),
                    Rvalue::MakeClosure { func, .. } => is_dead(*func),
                    _ => false,
                };
                let drop = is_unread && is_pure;
                changed |= drop;
                !drop
            });
        }
        if !changed {
            break;
        }
    }
    retake_addresses(body);
}

/// Whether reading a place, or taking its address, cannot raise a panic.
pub(super) fn cannot_fault(place: &Place) -> bool {
    place.proj.iter().all(|step| match step {
        Proj::Deref { non_nil } => *non_nil,
        Proj::Field(_) => true,
        Proj::Index { checked, .. } | Proj::ConstIndex { checked, .. } => *checked,
    })
}

/// Makes `addr_taken` say what is true now.
pub(super) fn retake_addresses(body: &mut Body) {
    let mut taken = IndexVec::from_elem(false, body.locals.len());
    for block in body.blocks.iter() {
        for statement in &block.statements {
            if let StatementKind::Assign(_, Rvalue::Ref(place)) = &statement.kind
                && let PlaceBase::Local(local) = place.base
                && !matches!(place.proj.first(), Some(Proj::Deref { .. }))
            {
                taken[local] = true;
            }
        }
    }
    for (local, is_taken) in taken.iter_enumerated() {
        // Never the other way: a flag may say more than the statements do.
        let data = &mut body.locals.raw_mut()[local.0 as usize];
        data.addr_taken &= *is_taken;
    }
}
