//! Types of places, operands and rvalues.

use crate::body::Body;
use crate::ids::{GlobalId, IndexVec};
use crate::place::{Operand, Place, PlaceBase, Proj};
use crate::program::{Func, Global, Program};
use crate::rvalue::{BinOp, Call, Callee, Rvalue, UnOp};
use crate::types::{TyId, TyKind, TyTable};

/// What the type of a place depends on.
#[derive(Clone, Copy)]
pub struct Typing<'a> {
    pub types: &'a TyTable,
    pub globals: &'a IndexVec<GlobalId, Global>,
    pub body: &'a Body,
}

impl<'a> Typing<'a> {
    pub fn new(program: &'a Program, body: &'a Body) -> Typing<'a> {
        Typing {
            types: &program.types,
            globals: &program.globals,
            body,
        }
    }

    /// Type of a place; `None` if a step does not fit the type before it.
    pub fn try_place(self, place: &Place) -> Option<TyId> {
        let mut ty = match place.base {
            PlaceBase::Local(local) => self.body.locals.get(local)?.ty,
            PlaceBase::Global(global) => self.globals.get(global)?.ty,
        };
        for step in &place.proj {
            ty = self.step(ty, step)?;
        }
        Some(ty)
    }

    /// Type of a place.
    ///
    /// # Panics
    /// If a step does not fit the type before it.
    pub fn place(self, place: &Place) -> TyId {
        self.try_place(place)
            .unwrap_or_else(|| panic!("place {place:?} has no type"))
    }

    /// Type after one more step.
    pub fn step(self, ty: TyId, step: &Proj) -> Option<TyId> {
        match (step, self.types.kind(ty)) {
            (Proj::Deref { .. }, TyKind::Pointer(elem)) => Some(*elem),
            (Proj::Field(index), TyKind::Struct(fields)) => {
                fields.get(*index as usize).map(|f| f.ty)
            }
            (Proj::Field(index), TyKind::Tuple(parts)) => parts.get(*index as usize).copied(),
            (Proj::Field(0), TyKind::Closure(_)) => Some(TyId::UINTPTR),
            (Proj::Field(index), TyKind::Closure(parts)) => parts.get(*index as usize - 1).copied(),
            (
                Proj::Index { .. } | Proj::ConstIndex { .. },
                TyKind::Array(elem, _) | TyKind::Slice(elem),
            ) => Some(*elem),
            (Proj::Index { .. } | Proj::ConstIndex { .. }, TyKind::String) => Some(TyId::UINT8),
            _ => None,
        }
    }

    pub fn try_operand(self, operand: &Operand) -> Option<TyId> {
        match operand {
            Operand::Copy(place) => self.try_place(place),
            Operand::Const(constant) => Some(constant.ty),
        }
    }

    /// Type of an operand.
    ///
    /// # Panics
    /// As [`Typing::place`].
    pub fn operand(self, operand: &Operand) -> TyId {
        match operand {
            Operand::Copy(place) => self.place(place),
            Operand::Const(constant) => constant.ty,
        }
    }

    /// Whether an rvalue can have type `ty`, as far as this can be told (some rvalues take their type from where they are
    /// stored).
    pub fn yields(self, program: &Program, value: &Rvalue, ty: TyId) -> bool {
        let operand_is = |x: &Operand| self.try_operand(x) == Some(ty);
        let pair = |first: TyId, second: TyId| matches!(self.types.kind(ty), TyKind::Tuple(parts) if parts[..] == [first, second]);
        let with_ok = |plain: Option<TyId>, comma_ok: bool| match plain {
            Some(plain) if comma_ok => pair(plain, TyId::BOOL),
            Some(plain) => plain == ty,
            None => false,
        };
        match value {
            Rvalue::Use(x) => operand_is(x),
            Rvalue::Unary(UnOp::Real | UnOp::Imag, _) => self.types.is_float(ty),
            Rvalue::Unary(_, x) => operand_is(x),
            Rvalue::Binary(
                BinOp::Eq | BinOp::Ne | BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge,
                ..,
            ) => matches!(self.types.kind(ty), TyKind::Bool),
            Rvalue::Binary(BinOp::Complex, ..) => self.types.is_complex(ty),
            Rvalue::Binary(_, x, _) => operand_is(x),
            Rvalue::Convert { ty: to, .. }
            | Rvalue::Aggregate { ty: to, .. }
            | Rvalue::MakeSlice { ty: to, .. }
            | Rvalue::MakeClosure { ty: to, .. }
            | Rvalue::MakeInterface { ty: to, .. }
            | Rvalue::MakeMap { ty: to, .. }
            | Rvalue::MakeChan { ty: to, .. }
            | Rvalue::Slice { ty: to, .. }
            | Rvalue::Unbox { ty: to, .. }
            | Rvalue::ConvertInterface { ty: to, .. } => *to == ty,
            Rvalue::Ref(place) => {
                matches!(self.types.kind(ty), TyKind::Pointer(elem) if self.try_place(place) == Some(*elem))
            }
            Rvalue::New(site) => {
                matches!(self.types.kind(ty), TyKind::Pointer(elem) if self.body.sites[*site].ty == *elem)
            }
            Rvalue::Concat { .. } => self.types.is_string(ty),
            Rvalue::Append { slice, .. } | Rvalue::AppendSlice { slice, .. } => operand_is(slice),
            Rvalue::Len(_) | Rvalue::Cap(_) | Rvalue::CopySlice { .. } => ty == TyId::INT,
            Rvalue::DecodeRune { .. } => pair(TyId::INT32, TyId::INT),
            Rvalue::MapGet { map, comma_ok, .. } => {
                let elem = self.try_operand(map).map(|map| self.types.elem(map));
                with_ok(elem, *comma_ok)
            }
            Rvalue::MapEntry { map, .. } => {
                self.try_operand(map).map(|map| self.types.elem(map)) == Some(ty)
            }
            Rvalue::MapIterNext { .. } => {
                matches!(self.types.kind(ty), TyKind::Tuple(parts) if parts.len() == 3 && parts[0] == TyId::BOOL)
            }
            Rvalue::TypeAssert {
                ty: to, comma_ok, ..
            } => with_ok(Some(*to), *comma_ok),
            Rvalue::TypeIs { .. } => ty == TyId::BOOL,
            Rvalue::Receive { chan, comma_ok } => {
                let elem = self.try_operand(chan).map(|chan| self.types.elem(chan));
                with_ok(elem, *comma_ok)
            }
            Rvalue::Select { .. } => pair(TyId::INT, TyId::BOOL),
            Rvalue::Call(call) => self.call_yields(program, call, ty),
            Rvalue::Recover => ty == TyId::EMPTY_INTERFACE,
        }
    }

    /// The signature that a call is checked against: parameters without an interface's receiver.
    pub fn call_sig(self, funcs: &'a IndexVec<crate::FuncId, Func>, call: &Call) -> Option<TyId> {
        match &call.callee {
            Callee::Static(func) => funcs.get(*func).map(|f| f.sig),
            Callee::Value(value) => self.try_operand(value),
            Callee::Method {
                interface, method, ..
            } => match self.types.kind(*interface) {
                TyKind::Interface(methods) => methods.get(*method as usize).map(|m| m.sig),
                _ => None,
            },
        }
    }

    fn call_yields(self, program: &Program, call: &Call, ty: TyId) -> bool {
        let sig = self
            .call_sig(&program.funcs, call)
            .map(|sig| self.types.kind(sig));
        let Some(TyKind::Func(sig)) = sig else {
            return false;
        };
        match sig.results.as_slice() {
            [one] => *one == ty,
            many => matches!(self.types.kind(ty), TyKind::Tuple(parts) if parts[..] == *many),
        }
    }
}
