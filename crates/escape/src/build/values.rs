//! What a temporary, a place or an operand stands for: a value of one location, or none.

use super::{Builder, FuncState, Map, Meaning};
use crate::graph::Value;
use crate::location::LocId;
use mini_mir::{
    Body, ConvertKind, FuncId, LocalId, Operand, Place, PlaceBase, Program, Proj, Rvalue, SiteId,
    StatementKind, TyId, TyKind,
};

impl<'a> Builder<'a, '_> {
    /// Finds what the temporaries that are only names stand for, and makes the sites.
    pub(super) fn names(&mut self, func: usize) {
        let body = self.funcs[func].body;
        for index in 0..self.funcs[func].facts.order.len() {
            let block = self.funcs[func].facts.order[index];
            for statement in &body.blocks[block].statements {
                let StatementKind::Assign(place, value) = &statement.kind else {
                    continue;
                };
                self.make_site(func, value);
                let Some(local) = place.as_local() else {
                    continue;
                };
                if !state_is_name(&self.funcs[func], local)
                    || matches!(self.funcs[func].locals[local], Meaning::Location(_))
                {
                    continue;
                }
                match self.pure_value(func, value) {
                    Some(meaning) => self.funcs[func].locals[local] = Meaning::Name(meaning),
                    None if self.program.types.has_pointers(body.locals[local].ty) => {
                        self.local_locations(func, local);
                    }
                    None => {}
                }
            }
        }
    }

    pub(super) fn make_site(&mut self, func: usize, value: &Rvalue) {
        let (site, only_heap) = match value {
            Rvalue::New(site) | Rvalue::MakeClosure { site, .. } => (*site, false),
            Rvalue::MakeInterface { site, value, .. } => {
                let ty = self.operand_type(func, value);
                if self.program.types.is_pointer_shaped(ty) {
                    return;
                }
                (*site, false)
            }
            Rvalue::MakeSlice { site, cap, .. } => (*site, cap.as_const().is_none()),
            // Short strings have a buffer in the frame; longer ones are on the heap whatever is decided.
            Rvalue::Concat { site, .. } => (*site, false),
            Rvalue::Append { site, .. } => (*site, false),
            Rvalue::MakeMap { site, .. } | Rvalue::AppendSlice { site, .. } => (*site, true),
            Rvalue::Convert {
                site: Some(site),
                kind,
                ..
            } => {
                self.funcs[func].sites[*site].is_string_to_bytes =
                    *kind == ConvertKind::StringToBytes;
                (*site, false)
            }
            _ => return,
        };
        let loc = self.site(func, site);
        let facts = &mut self.funcs[func].sites[site];
        facts.only_heap |= only_heap;
        match value {
            Rvalue::MakeClosure { func: literal, .. } => {
                self.graph.locations[loc].closure = Some(*literal);
            }
            Rvalue::Append { .. } | Rvalue::AppendSlice { .. } => {
                self.graph.locations[loc].loop_depth = 0;
            }
            _ => {}
        }
    }

    /// The value of an rvalue if it is that of one location; `None`: more than one, or only a call knows.
    pub(super) fn pure_value(&self, func: usize, value: &Rvalue) -> Option<Option<Value>> {
        let site = |site: SiteId| {
            self.funcs[func].sites[site]
                .loc
                .map(|loc| Value { loc, derefs: -1 })
        };
        Some(match value {
            Rvalue::Use(x)
            | Rvalue::ConvertInterface { value: x, .. }
            | Rvalue::Slice { base: x, .. }
            | Rvalue::Convert {
                value: x,
                kind: ConvertKind::Same | ConvertKind::SliceToArrayPointer,
                ..
            } => {
                if self.is_tuple(func, x) {
                    return None;
                }
                self.operand_value(func, x)
            }
            Rvalue::Convert { site: s, .. } => s.and_then(site),
            Rvalue::Ref(place) => self.place_value(func, place).map(|v| v.shift(-1)),
            Rvalue::New(s)
            | Rvalue::MakeSlice { site: s, .. }
            | Rvalue::MakeClosure { site: s, .. }
            | Rvalue::MakeMap { site: s, .. }
            | Rvalue::Concat { site: s, .. } => site(*s),
            Rvalue::MakeInterface { site: s, value, .. } => match site(*s) {
                Some(boxed) => Some(boxed),
                None => self.operand_value(func, value),
            },
            Rvalue::TypeAssert {
                value,
                ty,
                comma_ok: false,
            }
            | Rvalue::Unbox { value, ty } => self
                .operand_value(func, value)
                .map(|v| v.shift(self.unboxing(*ty))),
            Rvalue::Aggregate { parts, ty } => {
                if parts.is_empty() || !self.program.types.has_pointers(*ty) {
                    None
                } else {
                    return None;
                }
            }
            Rvalue::Binary(mini_mir::BinOp::Min | mini_mir::BinOp::Max, ..)
            | Rvalue::TypeAssert { .. }
            | Rvalue::Append { .. }
            | Rvalue::AppendSlice { .. }
            | Rvalue::MapIterNext { .. }
            | Rvalue::Call(_) => return None,
            // A pointer that is changed as a number; it is followed to where it becomes a pointer in the same expression.
            Rvalue::Unary(_, x) if self.is_address(func, x) => self.operand_value(func, x),
            Rvalue::Binary(_, x, y) if self.is_address(func, x) => self
                .operand_value(func, x)
                .or_else(|| self.operand_value(func, y)),
            Rvalue::Unary(..)
            | Rvalue::Binary(..)
            | Rvalue::MakeChan { .. }
            | Rvalue::Len(_)
            | Rvalue::Cap(_)
            | Rvalue::CopySlice { .. }
            | Rvalue::DecodeRune { .. }
            | Rvalue::MapGet { .. }
            | Rvalue::MapEntry { .. }
            | Rvalue::TypeIs { .. }
            | Rvalue::Receive { .. }
            | Rvalue::Select { .. }
            | Rvalue::Recover => None,
        })
    }

    pub(super) fn is_address(&self, func: usize, operand: &Operand) -> bool {
        matches!(
            self.program.types.kind(self.operand_type(func, operand)),
            TyKind::Uintptr
        )
    }

    /// Dereferences that taking a value of this type out of an interface costs.
    pub(super) fn unboxing(&self, ty: TyId) -> i32 {
        let types = &self.program.types;
        i32::from(!types.is_interface(ty) && !types.is_pointer_shaped(ty))
    }

    pub(super) fn is_tuple(&self, func: usize, operand: &Operand) -> bool {
        matches!(
            self.program.types.kind(self.operand_type(func, operand)),
            TyKind::Tuple(_)
        )
    }

    /// Resolves the captures of the literals that `func` makes.
    pub(super) fn captures_of_literals(&mut self, func: usize, makers: &Map<FuncId, u32>) {
        let body = self.funcs[func].body;
        for index in 0..self.funcs[func].facts.order.len() {
            let block = self.funcs[func].facts.order[index];
            for statement in &body.blocks[block].statements {
                let StatementKind::Assign(
                    _,
                    Rvalue::MakeClosure {
                        func: literal,
                        captures,
                        ..
                    },
                ) = &statement.kind
                else {
                    continue;
                };
                let Some(&inner) = self.index_of.get(literal) else {
                    continue;
                };
                // Made later than it was walked (a wrapper without a parent), or in two places: only the context tells.
                let is_inside = self.program.funcs[*literal].parent.is_some();
                if makers.get(literal) == Some(&1) && is_inside && inner != func {
                    let values = captures
                        .iter()
                        .map(|capture| self.operand_value(func, capture))
                        .collect();
                    self.funcs[inner].captures = Some(values);
                }
            }
        }
    }

    // ---- Values ----

    pub(crate) fn operand_value(&self, func: usize, operand: &Operand) -> Option<Value> {
        match operand {
            Operand::Copy(place) => self.place_value(func, place),
            Operand::Const(_) => None,
        }
    }

    /// The value of a place; `None`: nothing that the graph follows (globals, numbers).
    pub(crate) fn place_value(&self, func: usize, place: &Place) -> Option<Value> {
        let PlaceBase::Local(local) = place.base else {
            return None;
        };
        let state = &self.funcs[func];
        let mut ty = state.body.locals[local].ty;
        let mut proj = &place.proj[..];
        let types = &self.program.types;
        let mut value = match (state.locals[local], proj) {
            (Meaning::Location(_), [Proj::Deref { .. }, Proj::Field(field @ 1..), rest @ ..])
                if Some(local) == state.body.context && state.captures.is_some() =>
            {
                let captures = state.captures.as_ref().expect("just seen");
                proj = rest;
                ty = self.after(self.after(ty, &place.proj[0]), &place.proj[1]);
                captures[*field as usize - 1]?
            }
            (Meaning::Location(first), [Proj::Field(part), rest @ ..])
                if matches!(types.kind(ty), TyKind::Tuple(_)) =>
            {
                proj = rest;
                ty = self.after(ty, &place.proj[0]);
                Value {
                    loc: LocId(first.0 + part),
                    derefs: 0,
                }
            }
            (Meaning::Location(loc), _) => Value { loc, derefs: 0 },
            (Meaning::Name(value), _) => value?,
            (Meaning::Nothing, _) => return None,
        };
        for step in proj {
            let through_pointer = match step {
                Proj::Deref { .. } => true,
                Proj::Field(_) => false,
                Proj::Index { .. } | Proj::ConstIndex { .. } => {
                    !matches!(types.kind(ty), TyKind::Array(..))
                }
            };
            value.derefs += i32::from(through_pointer);
            ty = self.after(ty, step);
        }
        Some(value)
    }

    pub(super) fn after(&self, ty: TyId, step: &Proj) -> TyId {
        type_after(self.program, ty, step)
    }

    pub(crate) fn place_type(&self, func: usize, place: &Place) -> TyId {
        let base = base_type(self.program, self.funcs[func].body, place);
        place
            .proj
            .iter()
            .fold(base, |ty, step| self.after(ty, step))
    }

    pub(crate) fn operand_type(&self, func: usize, operand: &Operand) -> TyId {
        match operand {
            Operand::Copy(place) => self.place_type(func, place),
            Operand::Const(constant) => constant.ty,
        }
    }
}

/// Whether a local is only a name (and not part of a tuple).
pub(crate) fn state_is_name(state: &FuncState<'_>, local: LocalId) -> bool {
    state.facts.is_name(state.body, local)
}

/// Type of a place's base.
pub(crate) fn base_type(program: &Program, body: &Body, place: &Place) -> TyId {
    match place.base {
        PlaceBase::Local(local) => body.locals[local].ty,
        PlaceBase::Global(global) => program.globals[global].ty,
    }
}

/// Type after one step of a place.
pub(crate) fn type_after(program: &Program, ty: TyId, step: &Proj) -> TyId {
    match (step, program.types.kind(ty)) {
        (Proj::Deref { .. }, TyKind::Pointer(elem)) => *elem,
        (Proj::Field(index), TyKind::Struct(fields)) => fields[*index as usize].ty,
        (Proj::Field(index), TyKind::Tuple(parts)) => parts[*index as usize],
        (Proj::Field(0), TyKind::Closure(_)) => TyId::UINTPTR,
        (Proj::Field(index), TyKind::Closure(parts)) => parts[*index as usize - 1],
        (_, TyKind::Array(elem, _) | TyKind::Slice(elem)) => *elem,
        (_, TyKind::String) => TyId::UINT8,
        (step, kind) => panic!("{step:?} of {kind:?}"),
    }
}
