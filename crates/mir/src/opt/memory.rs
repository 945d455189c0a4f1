//! Values read from memory, for the overlay of [`super::ssa`].
//!
//! Places in memory are numbered by how they are reached (`*p`, field 2 of that, element `i` of a slice value), so equal paths
//! from equal values are one location. What is read from a location has a number as long as no statement may have changed it.
//! Memory is told apart by the kind of what it holds: a store of a float changes no slice header, since the language has no
//! way to see one as the other. Only slices, strings and pointers are followed, each kind as a variable of its own that
//! stores to such a kind, calls, and whatever lets other goroutines run give a new value.

use super::Context;
use super::ssa::{Expr, Ssa, ValueId, Walk};
use crate::body::{Body, Statement, StatementKind};
use crate::ids::{BlockId, LocalId};
use crate::place::{Operand, Place, PlaceBase, Proj};
use crate::program::FuncKind;
use crate::rvalue::{Callee, Rvalue};
use crate::types::{TyId, TyKind, TyTable};
use std::collections::HashMap;

/// Kinds of memory: slices, strings, pointers.
pub(super) const N_CLASSES: usize = 3;
const ALL: u8 = 0b111;

/// How a location or value is got from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Step {
    Deref,
    Field(u32),
    Index(ValueId),
    ConstIndex(u64),
    /// What is there, in this version of its kind of memory.
    Read(ValueId),
}

#[derive(Debug)]
pub(super) struct Memory {
    n_locals: u32,
    nodes: HashMap<(ValueId, Step), ValueId, foldhash::fast::FixedState>,
    bases: HashMap<PlaceBase, ValueId, foldhash::fast::FixedState>,
}

/// A point of a place that a walk along its steps has come to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cursor {
    /// A value in hand, or the number of a location.
    node: ValueId,
    in_memory: bool,
    /// A field of a closure object, which never changes.
    is_capture: bool,
}

impl Memory {
    pub(super) fn new(body: &Body) -> Memory {
        Memory {
            n_locals: body.locals.len() as u32,
            nodes: HashMap::default(),
            bases: HashMap::default(),
        }
    }

    /// The variable that stands for a kind of memory, behind the locals.
    pub(super) fn variable(&self, class: usize) -> LocalId {
        LocalId(self.n_locals + class as u32)
    }
}

/// The classes of a set.
pub(super) fn classes(set: u8) -> impl Iterator<Item = usize> {
    (0..N_CLASSES).filter(move |class| set & (1 << class) != 0)
}

fn class(types: &TyTable, ty: TyId) -> Option<usize> {
    match types.kind(ty) {
        TyKind::Slice(_) => Some(0),
        TyKind::String => Some(1),
        TyKind::Pointer(_) => Some(2),
        _ => None,
    }
}

/// Classes of the parts of a type.
fn parts(types: &TyTable, ty: TyId) -> u8 {
    match types.kind(ty) {
        TyKind::Struct(fields) => fields.iter().fold(0, |set, f| set | parts(types, f.ty)),
        TyKind::Tuple(list) | TyKind::Closure(list) => {
            list.iter().fold(0, |set, &ty| set | parts(types, ty))
        }
        TyKind::Array(elem, _) => parts(types, *elem),
        _ => class(types, ty).map_or(0, |class| 1 << class),
    }
}

/// Classes of memory that a statement may change.
pub(super) fn kills(
    cx: Context<'_>,
    body: &Body,
    statement: &Statement,
    is_followed: &dyn Fn(LocalId) -> bool,
) -> u8 {
    match &statement.kind {
        StatementKind::Assign(place, value) => {
            let stored = match place.as_local() {
                Some(local) if is_followed(local) => 0,
                _ => place_type(cx, body, place).map_or(ALL, |ty| parts(cx.types, ty)),
            };
            stored | effect(cx, body, value)
        }
        StatementKind::StorageLive(local) if !is_followed(*local) => {
            parts(cx.types, body.locals[*local].ty)
        }
        StatementKind::SliceClear(slice) => elements(cx, body, slice),
        StatementKind::MapSet { .. }
        | StatementKind::MapDelete { .. }
        | StatementKind::MapClear(_)
        | StatementKind::MapIterInit { .. }
        | StatementKind::Send { .. }
        | StatementKind::Close(_)
        | StatementKind::Go(_)
        | StatementKind::Defer(_)
        | StatementKind::DeferList(_)
        | StatementKind::RunDefers => ALL,
        StatementKind::StorageLive(_)
        | StatementKind::NilCheck(_)
        | StatementKind::BoundsCheck { .. }
        | StatementKind::Print { .. }
        | StatementKind::Nop => 0,
    }
}

/// Classes of memory that computing an rvalue may change, before it is stored.
pub(super) fn effect(cx: Context<'_>, body: &Body, value: &Rvalue) -> u8 {
    match value {
        Rvalue::Call(call) if is_quiet(cx, &call.callee) => 0,
        Rvalue::Call(_)
        | Rvalue::Receive { .. }
        | Rvalue::Select { .. }
        | Rvalue::MapIterNext { .. }
        | Rvalue::Recover => ALL,
        Rvalue::Append { slice: x, .. }
        | Rvalue::AppendSlice { slice: x, .. }
        | Rvalue::CopySlice { dst: x, .. } => elements(cx, body, x),
        _ => 0,
    }
}

/// Whether a callee is native and writes to nothing but bytes and numbers.
fn is_quiet(cx: Context<'_>, callee: &Callee) -> bool {
    let Callee::Static(func) = callee else {
        return false;
    };
    let func = &cx.funcs[*func];
    matches!(func.kind, FuncKind::Native)
        && matches!(
            &*func.package,
            "bytes"
                | "fmt"
                | "internal/ucd"
                | "math"
                | "math/bits"
                | "strconv"
                | "strings"
                | "unicode/utf8"
        )
}

/// Classes of the elements of a slice.
fn elements(cx: Context<'_>, body: &Body, slice: &Operand) -> u8 {
    let ty = match slice {
        Operand::Copy(place) => place_type(cx, body, place),
        Operand::Const(constant) => Some(constant.ty),
    };
    match ty.map(|ty| cx.types.kind(ty)) {
        Some(TyKind::Slice(elem)) => parts(cx.types, *elem),
        _ => ALL,
    }
}

/// Type after one step of a place.
pub(super) fn step_type(types: &TyTable, ty: TyId, step: &Proj) -> Option<TyId> {
    match (step, types.kind(ty)) {
        (Proj::Deref { .. }, TyKind::Pointer(elem)) => Some(*elem),
        (Proj::Field(index), TyKind::Struct(fields)) => fields.get(*index as usize).map(|f| f.ty),
        (Proj::Field(index), TyKind::Tuple(parts)) => parts.get(*index as usize).copied(),
        (Proj::Field(index @ 1..), TyKind::Closure(parts)) => {
            parts.get(*index as usize - 1).copied()
        }
        (
            Proj::Index { .. } | Proj::ConstIndex { .. },
            TyKind::Array(elem, _) | TyKind::Slice(elem),
        ) => Some(*elem),
        (Proj::Index { .. } | Proj::ConstIndex { .. }, TyKind::String) => Some(TyId::UINT8),
        _ => None,
    }
}

pub(super) fn place_type(cx: Context<'_>, body: &Body, place: &Place) -> Option<TyId> {
    let base = cx.base_type(body, place.base);
    place
        .proj
        .iter()
        .try_fold(base, |ty, step| step_type(cx.types, ty, step))
}

impl Ssa {
    /// The value that a place holds, if its kind is followed.
    pub(super) fn load(
        &mut self,
        cx: Context<'_>,
        body: &Body,
        place: &Place,
        block: BlockId,
        walk: &Walk,
    ) -> Option<ValueId> {
        let mut ty = cx.base_type(body, place.base);
        let mut cursor = self.cursor(body, place.base, walk)?;
        for step in &place.proj {
            cursor = self.advance(cx, cursor, ty, *step, block, walk)?;
            ty = step_type(cx.types, ty, step)?;
        }
        self.read(cx, cursor, ty, block, walk)
    }

    /// The beginning of a place.
    pub(super) fn cursor(&mut self, body: &Body, base: PlaceBase, walk: &Walk) -> Option<Cursor> {
        if let PlaceBase::Local(local) = base
            && walk.current[local] != ValueId::NONE
        {
            return Some(Cursor {
                node: walk.current[local],
                in_memory: false,
                is_capture: false,
            });
        }
        let node = match self.memory.bases.get(&base) {
            Some(&known) => known,
            None => {
                let id = self.add(TyId::UNIT, Expr::Opaque, Body::ENTRY);
                self.memory.bases.insert(base, id);
                id
            }
        };
        let _ = body;
        Some(Cursor {
            node,
            in_memory: true,
            is_capture: false,
        })
    }

    /// One step on. The type is that before the step.
    pub(super) fn advance(
        &mut self,
        cx: Context<'_>,
        cursor: Cursor,
        ty: TyId,
        step: Proj,
        block: BlockId,
        walk: &Walk,
    ) -> Option<Cursor> {
        let index = match step {
            Proj::Deref { .. } => Step::Deref,
            Proj::Field(index) => Step::Field(index),
            Proj::ConstIndex { index, .. } => Step::ConstIndex(index),
            Proj::Index { index, .. } => match walk.current[index] {
                ValueId::NONE => return None,
                value => Step::Index(value),
            },
        };
        let from = match cx.types.kind(ty) {
            TyKind::Pointer(_) | TyKind::Slice(_) => self.read(cx, cursor, ty, block, walk)?,
            TyKind::Struct(_) | TyKind::Array(..) | TyKind::Tuple(_) | TyKind::Closure(_)
                if cursor.in_memory =>
            {
                cursor.node
            }
            _ => return None,
        };
        Some(Cursor {
            node: self.node(from, index, TyId::UNIT, block),
            in_memory: true,
            is_capture: matches!(cx.types.kind(ty), TyKind::Closure(_)),
        })
    }

    /// What is at a cursor of this type.
    pub(super) fn read(
        &mut self,
        cx: Context<'_>,
        cursor: Cursor,
        ty: TyId,
        block: BlockId,
        walk: &Walk,
    ) -> Option<ValueId> {
        if !cursor.in_memory {
            return Some(cursor.node);
        }
        let class = class(cx.types, ty)?;
        let version = if cursor.is_capture {
            ValueId::NONE
        } else {
            walk.current[self.memory.variable(class)]
        };
        Some(self.node(cursor.node, Step::Read(version), ty, block))
    }

    fn node(&mut self, from: ValueId, step: Step, ty: TyId, block: BlockId) -> ValueId {
        if let Some(&known) = self.memory.nodes.get(&(from, step)) {
            return known;
        }
        let id = self.add(ty, Expr::Opaque, block);
        self.memory.nodes.insert((from, step), id);
        id
    }
}
