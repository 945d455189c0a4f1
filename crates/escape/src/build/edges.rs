//! The edges that statements make.

use super::{At, Builder, MAX_IMPLICIT_STACK_VAR, Meaning, state_is_name};
use crate::facts::Defs;
use crate::graph::{Hole, Value};
use crate::location::{LocId, Why};
use mini_mir::{
    FuncId, LocalKind, Operand, Place, PlaceBase, Proj, Rvalue, SelectCase, SiteId, Statement,
    StatementKind, TerminatorKind, TyId, TyKind,
};

impl<'a> Builder<'a, '_> {
    /// Flows an operand into a hole.
    pub(crate) fn operand(&mut self, at: At, hole: Hole, operand: &Operand, why: Why) {
        if let Some(value) = self.operand_value(at.func, operand)
            && self
                .program
                .types
                .has_pointers(self.operand_type(at.func, operand))
        {
            self.graph.flow(hole, value, at.note(why));
        }
    }

    /// The hole that a store into a place is, and the flow of the pointer it goes through. `None`: no flow.
    pub(super) fn place_hole(&mut self, at: At, place: &Place) -> Option<Hole> {
        if matches!(place.base, PlaceBase::Global(_)) {
            return Some(Hole::HEAP);
        }
        match self.place_value(at.func, place) {
            Some(Value { loc, derefs: 0 }) => Some(Hole::to(loc)),
            Some(value) => {
                self.graph
                    .flow(Hole::MUTATOR, value.shift(-1), at.note(Why::Stored));
                Some(Hole::HEAP)
            }
            // A number; or a store through a pointer from the heap.
            None if place.as_local().is_some() => None,
            None => Some(Hole::HEAP),
        }
    }

    pub(super) fn edges(&mut self, func: usize) {
        let state = &self.funcs[func];
        let (body, id) = (state.body, state.id);
        for index in 0..self.funcs[func].facts.order.len() {
            let block = self.funcs[func].facts.order[index];
            let data = &body.blocks[block];
            let mut at = At {
                func,
                id,
                block: block.0,
                statement: 0,
            };
            for statement in &data.statements {
                self.statement(at, statement);
                at.statement += 1;
            }
            if let TerminatorKind::Panic(value) = &data.terminator.kind {
                self.operand(at, Hole::HEAP, value, Why::Panic);
            }
        }
    }

    pub(super) fn statement(&mut self, at: At, statement: &'a Statement) {
        match &statement.kind {
            StatementKind::Assign(place, value) => self.assign(at, place, value),
            StatementKind::MapSet { key, value, .. } => {
                self.operand(at, Hole::HEAP, key, Why::MapKey);
                self.operand(at, Hole::HEAP, value, Why::MapValue);
            }
            StatementKind::SliceClear(slice) => {
                self.operand(at, Hole::MUTATOR, slice, Why::Stored);
            }
            StatementKind::MapIterInit { iter, map } => {
                if let Meaning::Location(loc) = self.funcs[at.func].locals[*iter] {
                    self.operand(at, Hole::to(loc), map, Why::Range);
                }
            }
            StatementKind::Send { value, .. } => self.operand(at, Hole::HEAP, value, Why::Send),
            StatementKind::Go(value) => self.operand(at, Hole::HEAP, value, Why::Go),
            StatementKind::DeferList(list) => self.operand(at, Hole::HEAP, list, Why::Defer),
            StatementKind::Defer(value) => {
                let block = mini_mir::BlockId(at.block);
                if self.funcs[at.func].facts.in_cycle[block] {
                    self.operand(at, Hole::HEAP, value, Why::Defer);
                }
            }
            StatementKind::StorageLive(_)
            | StatementKind::MapDelete { .. }
            | StatementKind::MapClear(_)
            | StatementKind::Close(_)
            | StatementKind::RunDefers
            | StatementKind::NilCheck(_)
            | StatementKind::BoundsCheck { .. }
            | StatementKind::Print { .. }
            | StatementKind::Nop => {}
        }
    }

    pub(super) fn assign(&mut self, at: At, place: &'a Place, value: &'a Rvalue) {
        if self.is_self_assign(at, place, value) {
            self.self_assigns.push(at.note(Why::Assign));
            return;
        }
        let local = place.as_local();
        let is_name =
            local.is_some_and(|l| !matches!(self.funcs[at.func].locals[l], Meaning::Location(_)));
        let parts: &[TyId] = match local.map(|l| {
            self.program
                .types
                .kind(self.funcs[at.func].body.locals[l].ty)
        }) {
            Some(TyKind::Tuple(parts)) => parts,
            _ => &[],
        };
        // One hole a part of a tuple.
        let mut holes: smallvec::SmallVec<[Option<Hole>; 2]> = smallvec::SmallVec::new();
        if is_name {
            holes.resize(parts.len().max(1), None);
        } else if parts.is_empty() {
            holes.push(self.place_hole(at, place));
        } else if let Some(Meaning::Location(first)) = local.map(|l| self.funcs[at.func].locals[l])
        {
            holes.extend((0..parts.len() as u32).map(|part| Some(Hole::to(LocId(first.0 + part)))));
        }
        if let Some(local) = local
            && self.funcs[at.func].body.locals[local].kind == LocalKind::Temp
            && self.funcs[at.func].facts.reads[local] == 0
        {
            holes.iter_mut().for_each(|hole| *hole = None);
        }
        self.rvalue(at, &holes, value);
    }

    /// Flows an rvalue into holes and what it stores elsewhere to where that is.
    pub(super) fn rvalue(&mut self, at: At, holes: &[Option<Hole>], value: &'a Rvalue) {
        let hole = holes.first().copied().flatten();
        match value {
            Rvalue::Aggregate { parts, .. } => {
                for (index, part) in parts.iter().enumerate() {
                    let hole = if holes.len() > 1 { holes[index] } else { hole };
                    if let Some(hole) = hole {
                        self.operand(at, hole, part, Why::Assign);
                    }
                }
            }
            Rvalue::Use(Operand::Copy(from)) if holes.len() > 1 => {
                for (index, hole) in holes.iter().enumerate() {
                    if let Some(hole) = hole {
                        let part = Operand::Copy(from.clone().field(index as u32));
                        self.operand(at, *hole, &part, Why::Assign);
                    }
                }
            }
            Rvalue::Binary(mini_mir::BinOp::Min | mini_mir::BinOp::Max, a, b) => {
                if let Some(hole) = hole {
                    self.operand(at, hole, a, Why::Assign);
                    self.operand(at, hole, b, Why::Assign);
                }
            }
            Rvalue::TypeAssert {
                value,
                ty,
                comma_ok: true,
            } => {
                if let Some(hole) = hole
                    && self.program.types.has_pointers(*ty)
                {
                    let hole = hole.shift(self.unboxing(*ty));
                    self.operand(at, hole, value, Why::Assign);
                }
            }
            Rvalue::MapIterNext { iter } => {
                if let (Some(Some(hole)), Meaning::Location(loc)) =
                    (holes.get(2), self.funcs[at.func].locals[*iter])
                {
                    let value = Value { loc, derefs: 0 };
                    self.graph.flow(*hole, value, at.note(Why::Range));
                }
            }
            Rvalue::Append {
                site,
                slice,
                values,
            } => {
                self.append(at, hole, *site, slice);
                for value in values {
                    self.operand(at, Hole::HEAP, value, Why::Appended);
                }
            }
            Rvalue::AppendSlice { site, slice, other } => {
                self.append(at, hole, *site, slice);
                self.contents(at, other, Why::AppendedSlice);
            }
            Rvalue::CopySlice { dst, src } => {
                self.operand(at, Hole::MUTATOR, dst, Why::Stored);
                self.contents(at, src, Why::CopiedSlice);
            }
            Rvalue::Call(call) => self.call(at, call, holes),
            _ => {
                self.side_effects(at, value);
                if let Some(hole) = hole
                    && let Some(Some(from)) = self.pure_value(at.func, value)
                    && self.yields_pointers(at.func, value)
                {
                    self.graph.flow(hole, from, at.note(Why::Assign));
                }
            }
        }
    }

    /// Whether an rvalue with a pure value has a type with pointers.
    pub(super) fn yields_pointers(&self, func: usize, value: &Rvalue) -> bool {
        match value {
            Rvalue::Use(x) => self.program.types.has_pointers(self.operand_type(func, x)),
            Rvalue::TypeAssert { ty, .. }
            | Rvalue::Unbox { ty, .. }
            | Rvalue::Convert { ty, .. } => self.program.types.has_pointers(*ty),
            Rvalue::Unary(..) | Rvalue::Binary(..) => false,
            _ => true,
        }
    }

    /// What making an object stores in it, and whether it is too large for a frame.
    pub(super) fn side_effects(&mut self, at: At, value: &'a Rvalue) {
        match value {
            Rvalue::MakeInterface { site, value, .. } => {
                if let Some(loc) = self.funcs[at.func].sites[*site].loc {
                    self.operand(at, Hole::to(loc), value, Why::Boxed);
                    self.limit(at, *site, 1);
                }
            }
            Rvalue::New(site) => self.limit(at, *site, 1),
            Rvalue::MakeSlice { site, cap, .. } => {
                let elem = self.funcs[at.func].body.sites[*site].ty;
                if self.program.types.layout(elem).size == 0 {
                    self.site_to_heap(at, *site, Why::ZeroSized);
                } else if let Some(constant) = cap.as_const() {
                    let cap = match constant.value {
                        mini_mir::ConstValue::Int(n) => u64::try_from(n).unwrap_or(u64::MAX),
                        _ => 0,
                    };
                    self.limit(at, *site, cap);
                }
            }
            Rvalue::MakeClosure {
                site,
                func: literal,
                captures,
                ..
            } => self.closure(at, *site, *literal, captures),
            Rvalue::Select { cases, .. } => {
                for case in cases {
                    if let SelectCase::Send { value, .. } = case {
                        self.operand(at, Hole::HEAP, value, Why::Send);
                    }
                }
            }
            _ => {}
        }
    }

    /// Sends a site of `count` objects to the heap if it is too large.
    pub(super) fn limit(&mut self, at: At, site: SiteId, count: u64) {
        let ty = self.funcs[at.func].body.sites[site].ty;
        let size = self.program.types.layout(ty).size;
        if size.saturating_mul(count) > MAX_IMPLICIT_STACK_VAR {
            self.site_to_heap(at, site, Why::TooLarge);
        }
    }

    pub(super) fn site_to_heap(&mut self, at: At, site: SiteId, why: Why) {
        if let Some(loc) = self.funcs[at.func].sites[site].loc {
            self.graph
                .flow(Hole::HEAP, Value { loc, derefs: -1 }, at.note(why));
        }
    }

    /// The slice that is appended to flows to the result and, if the elements move, they to the heap; the new array's
    /// address flows to the result.
    pub(super) fn append(&mut self, at: At, hole: Option<Hole>, site: SiteId, slice: &Operand) {
        if let Some(hole) = hole {
            self.operand(at, hole, slice, Why::Assign);
        }
        self.operand(at, Hole::MUTATOR, slice, Why::Stored);
        self.contents(at, slice, Why::AppendeeSlice);
        if let (Some(hole), Some(loc)) = (hole, self.funcs[at.func].sites[site].loc) {
            self.graph
                .flow(hole, Value { loc, derefs: -1 }, at.note(Why::Assign));
        }
    }

    /// Flows the elements of a slice to the heap.
    pub(super) fn contents(&mut self, at: At, slice: &Operand, why: Why) {
        let ty = self.operand_type(at.func, slice);
        if let TyKind::Slice(elem) = self.program.types.kind(ty)
            && self.program.types.has_pointers(*elem)
        {
            self.operand(at, Hole::HEAP.shift(1), slice, why);
        }
    }

    /// A closure object: captures flow into it, its address into the context of the literal.
    pub(super) fn closure(
        &mut self,
        at: At,
        site: SiteId,
        literal: FuncId,
        captures: &'a [Operand],
    ) {
        let Some(loc) = self.funcs[at.func].sites[site].loc else {
            return;
        };
        for (index, capture) in captures.iter().enumerate() {
            self.operand(at, Hole::to(loc), capture, Why::Captured(index as u32));
        }
        self.limit(at, site, 1);
        let address = Value { loc, derefs: -1 };
        let note = at.note(Why::Context);
        if let Some(&inner) = self.index_of.get(&literal) {
            if let Some(context) = self.funcs[inner].body.context
                && let Meaning::Location(context) = self.funcs[inner].locals[context]
            {
                self.graph.flow(Hole::to(context), address, note);
            }
        } else {
            // Analysed before. Nobody knows what callers do with its results.
            let leaks = match self.tags.get(&literal) {
                Some(tags) => tags.context.clone(),
                None => crate::leaks::Leaks::to_heap(),
            };
            let to_heap = leaks
                .heap
                .into_iter()
                .chain(leaks.to_results().map(|(_, derefs)| derefs))
                .min();
            for (sink, derefs) in [
                (Hole::HEAP, to_heap),
                (Hole::MUTATOR, leaks.mutator),
                (Hole::CALLEE, leaks.callee),
            ] {
                if let Some(derefs) = derefs {
                    self.graph.flow(sink.shift(derefs.into()), address, note);
                }
            }
        }
    }

    /// `p.x = p.y[i:j]`, `p.q.x = p.q.y` and the like store nothing in an object that was not there before.
    pub(super) fn is_self_assign(&self, at: At, place: &Place, value: &Rvalue) -> bool {
        let PlaceBase::Local(base) = place.base else {
            return false;
        };
        // Only a variable: a name may stand for something that changed since.
        let data = &self.funcs[at.func].body.locals[base];
        if data.kind == LocalKind::Temp || data.addr_taken {
            return false;
        }
        // x.f = x.g, x[i] = x[j] with the same path to them.
        if let Rvalue::Use(Operand::Copy(from)) = value
            && from.base == place.base
            && let ([dst @ .., to_step], [src @ .., from_step]) = (&place.proj[..], &from.proj[..])
            && dst.len() == src.len()
            && dst.iter().zip(src).all(|(a, b)| same_step(a, b))
        {
            return match (to_step, from_step) {
                (Proj::Field(_), Proj::Field(_)) => true,
                (a, b) => is_index(a) && is_index(b),
            };
        }
        if !matches!(place.proj.first(), Some(Proj::Deref { .. })) {
            return false;
        }
        let source = match value {
            Rvalue::Slice { base, .. } => base,
            Rvalue::Use(from) => from,
            _ => return false,
        };
        let Some(from) = self.origin(at, source) else {
            return false;
        };
        let is_slice = matches!(
            self.program.types.kind(self.place_type(at.func, from)),
            TyKind::Slice(_) | TyKind::String | TyKind::Pointer(_)
        );
        let (dst, src) = (&place.proj[..], &from.proj[..]);
        from.base == place.base
            && is_slice
            && matches!(src.first(), Some(Proj::Deref { .. }))
            && dst[1..].iter().all(|s| matches!(s, Proj::Field(_)))
            && src[1..].iter().all(|s| matches!(s, Proj::Field(_)))
    }

    /// The place that a chain of names in the same block copies or slices.
    pub(super) fn origin<'b>(&'b self, at: At, operand: &'b Operand) -> Option<&'b Place> {
        let Operand::Copy(place) = operand else {
            return None;
        };
        let Some(local) = place.as_local() else {
            return Some(place);
        };
        let state = &self.funcs[at.func];
        if !state_is_name(state, local) {
            return Some(place);
        }
        let Defs::One(block, statement) = state.facts.defs[local] else {
            return None;
        };
        if block.0 != at.block || statement >= at.statement {
            return None;
        }
        match &state.body.blocks[block].statements[statement as usize].kind {
            StatementKind::Assign(_, Rvalue::Use(x) | Rvalue::Slice { base: x, .. }) => {
                self.origin(at, x)
            }
            _ => None,
        }
    }
}

/// Whether two steps lead from one value to one part.
fn same_step(a: &Proj, b: &Proj) -> bool {
    match (a, b) {
        (Proj::Deref { .. }, Proj::Deref { .. }) => true,
        (Proj::Field(a), Proj::Field(b)) => a == b,
        (Proj::Index { index: a, .. }, Proj::Index { index: b, .. }) => a == b,
        (Proj::ConstIndex { index: a, .. }, Proj::ConstIndex { index: b, .. }) => a == b,
        _ => false,
    }
}

fn is_index(step: &Proj) -> bool {
    matches!(step, Proj::Index { .. } | Proj::ConstIndex { .. })
}
