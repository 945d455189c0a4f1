//! Places and operands: from paths to variables or addresses.

use crate::func::{FuncCx, Repr};
use crate::value::{Addr, Base, Scalars, Val};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I16, I32, I64};
use cranelift_codegen::ir::{InstBuilder, InstructionData, Opcode, Type, Value};
use mini_abi::panics::PanicCode;
use mini_mir::{Const, ConstValue, LocalId, Operand, Place, PlaceBase, Proj, Rvalue, TyId, TyKind};

/// Where a place is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PlaceRef {
    /// Scalars `first ..` of a local in variables.
    Vars {
        local: LocalId,
        first: usize,
    },
    Memory(Addr),
}

impl FuncCx<'_> {
    // --- types ----------------------------------------------------------------------------------

    pub(crate) fn place_ty(&self, place: &Place) -> TyId {
        let mut ty = match place.base {
            PlaceBase::Local(local) => self.body.locals[local].ty,
            PlaceBase::Global(global) => self.jit.program().globals[global].ty,
        };
        for step in &place.proj {
            ty = match step {
                Proj::Deref { .. } => self.pointee(ty),
                Proj::Field(i) => self.types.field_ty(ty, *i),
                Proj::Index { .. } | Proj::ConstIndex { .. } => self.elem_ty(ty),
            };
        }
        ty
    }

    pub(crate) fn operand_ty(&self, operand: &Operand) -> TyId {
        match operand {
            Operand::Copy(place) => self.place_ty(place),
            Operand::Const(c) => c.ty,
        }
    }

    fn pointee(&self, ty: TyId) -> TyId {
        match self.types.kind(ty) {
            TyKind::Pointer(elem) => *elem,
            other => panic!("dereference of {other:?}"),
        }
    }

    /// Element type of an array, slice or string.
    pub(crate) fn elem_ty(&self, ty: TyId) -> TyId {
        match self.types.kind(ty) {
            TyKind::Array(elem, _) | TyKind::Slice(elem) => *elem,
            TyKind::String => TyId::UINT8,
            other => panic!("index into {other:?}"),
        }
    }

    // --- places -----------------------------------------------------------------------------------

    pub(crate) fn place(&mut self, place: &Place) -> PlaceRef {
        let (mut at, mut ty) = match place.base {
            PlaceBase::Local(local) => (self.local_place(local), self.body.locals[local].ty),
            PlaceBase::Global(global) => {
                let address = self.jit.global(global);
                let address = self.int(address as i64);
                let ty = self.jit.program().globals[global].ty;
                (PlaceRef::Memory(Addr::heap(address)), ty)
            }
        };
        for step in &place.proj {
            at = self.step(at, ty, *step);
            ty = match step {
                Proj::Deref { .. } => self.pointee(ty),
                Proj::Field(i) => self.types.field_ty(ty, *i),
                Proj::Index { .. } | Proj::ConstIndex { .. } => self.elem_ty(ty),
            };
        }
        at
    }

    fn local_place(&mut self, local: LocalId) -> PlaceRef {
        match self.locals[local.0 as usize] {
            Repr::Vars(_) => PlaceRef::Vars { local, first: 0 },
            Repr::Slot(slot) => PlaceRef::Memory(Addr::frame(Base::Slot(slot), 0)),
            Repr::Indirect { pointer, boxed } => {
                let pointer = self.b.use_var(pointer);
                PlaceRef::Memory(Addr {
                    barrier: boxed,
                    ..Addr::heap(pointer)
                })
            }
        }
    }

    fn step(&mut self, at: PlaceRef, ty: TyId, step: Proj) -> PlaceRef {
        match step {
            Proj::Deref { non_nil } => {
                let pointer = self.read(at, ty).scalars()[0];
                PlaceRef::Memory(Addr {
                    may_be_nil: !non_nil,
                    ..Addr::heap(pointer)
                })
            }
            Proj::Field(i) => match at {
                PlaceRef::Vars { local, first } => {
                    let before: usize = (0..i)
                        .map(|j| self.flat(self.types.field_ty(ty, j)).len())
                        .sum();
                    PlaceRef::Vars {
                        local,
                        first: first + before,
                    }
                }
                PlaceRef::Memory(addr) => {
                    let offset = self.jit.layouts().of(ty).fields[i as usize];
                    PlaceRef::Memory(addr.at(offset))
                }
            },
            Proj::Index { index, checked } => {
                let index_ty = self.body.locals[index].ty;
                let value = self.local_value(index).scalars()[0];
                let index = self.extend(value, index_ty);
                self.index(at, ty, index, index_ty, checked)
            }
            Proj::ConstIndex { index, checked } => self.const_index(at, ty, index, checked),
        }
    }

    fn index(
        &mut self,
        at: PlaceRef,
        ty: TyId,
        index: Value,
        index_ty: TyId,
        checked: bool,
    ) -> PlaceRef {
        let size = self.size_of(self.elem_ty(ty));
        if let TyKind::Array(_, len) = *self.types.kind(ty) {
            let at = match at {
                PlaceRef::Memory(addr) => {
                    // Go faults on a nil pointer to an array before it looks at the index.
                    let whole = self.size_of(ty);
                    PlaceRef::Memory(self.guard(addr, whole))
                }
                vars => vars,
            };
            if !checked {
                let len = self.int(len as i64);
                let holder = match at {
                    PlaceRef::Memory(addr) => Some(addr),
                    PlaceRef::Vars { .. } => None,
                };
                self.bounds_check_in(holder, index, len, index_ty);
            }
            let PlaceRef::Memory(addr) = at else {
                // An array in variables has one element, or none: then control does not get here.
                if len > 0 {
                    return at;
                }
                let zeros = self.jit.statics().zeros(size as usize);
                let zeros = self.int(zeros as i64);
                return PlaceRef::Memory(Addr::constant(zeros));
            };
            let base = match addr.base {
                Base::Slot(slot) => self.b.ins().stack_addr(I64, slot, 0),
                Base::Value(base) => base,
            };
            let is_frame = matches!(addr.base, Base::Slot(_));
            let (index, constant) = self.split_index(index, size, is_frame);
            let offset = self.scaled(index, size);
            return PlaceRef::Memory(Addr {
                base: Base::Value(self.b.ins().iadd(base, offset)),
                offset: addr.offset + constant,
                ..addr
            });
        }
        let (pointer, len) = self.data_and_len(at);
        if !checked {
            self.bounds_check(index, len, index_ty);
        }
        let (index, constant) = self.split_index(index, size, false);
        let offset = self.scaled(index, size);
        let element = self.b.ins().iadd(pointer, offset);
        PlaceRef::Memory(Addr {
            offset: constant,
            ..Addr::heap(element)
        })
    }

    /// `x` and `k * size` for an index that is computed as `x + k` with a small constant: the address is the same, since all of
    /// it is modulo 2**64, and the constant costs nothing there.
    ///
    /// An object of the heap must be known by an address inside it whenever a signal may stop the goroutine. So there it is
    /// done only for sizes that let the whole sum be the address of one instruction, and not for addresses that are kept.
    fn split_index(&self, index: Value, size: u64, is_frame: bool) -> (Value, i64) {
        const NEAR: i64 = 1 << 16;
        if !(is_frame || !self.keeps_address && matches!(size, 1 | 2 | 4 | 8)) {
            return (index, 0);
        }
        let dfg = &self.b.func.dfg;
        let Some(inst) = dfg.value_def(dfg.resolve_aliases(index)).inst() else {
            return (index, 0);
        };
        let (x, k) = match dfg.insts[inst] {
            InstructionData::Binary {
                opcode: opcode @ (Opcode::Iadd | Opcode::Isub),
                args: [x, y],
            } => match (opcode, self.constant_of(x), self.constant_of(y)) {
                (Opcode::Iadd, _, Some(k)) => (x, Some(k)),
                (Opcode::Iadd, Some(k), _) => (y, Some(k)),
                (_, _, Some(k)) => (x, k.checked_neg()),
                _ => return (index, 0),
            },
            _ => return (index, 0),
        };
        let constant = k
            .filter(|k| (-NEAR..NEAR).contains(k))
            .and_then(|k| k.checked_mul(i64::try_from(size).ok()?))
            .filter(|offset| i32::try_from(*offset).is_ok());
        match constant {
            Some(offset) => (x, offset),
            None => (index, 0),
        }
    }

    fn const_index(&mut self, at: PlaceRef, ty: TyId, index: u64, checked: bool) -> PlaceRef {
        let size = self.size_of(self.elem_ty(ty));
        if let TyKind::Array(..) = self.types.kind(ty) {
            return match at {
                // The checker proved the index; only element 0 is in variables.
                PlaceRef::Vars { .. } => at,
                PlaceRef::Memory(addr) => PlaceRef::Memory(addr.at(index * size)),
            };
        }
        let (pointer, len) = self.data_and_len(at);
        if !checked {
            let index = self.int(index as i64);
            self.bounds_check(index, len, TyId::INT);
        }
        PlaceRef::Memory(Addr::heap(pointer).at(index * size))
    }

    /// Pointer and length of the string or slice at a place.
    fn data_and_len(&mut self, at: PlaceRef) -> (Value, Value) {
        match at {
            PlaceRef::Vars { local, first } => {
                let values = self.local_value(local).scalars();
                (values[first], values[first + 1])
            }
            PlaceRef::Memory(addr) => {
                let addr = self.guard(addr, 24);
                let pointer = self.load(I64, addr);
                let found = Addr {
                    may_be_nil: false,
                    ..addr
                };
                (pointer, self.load(I64, found.at(8)))
            }
        }
    }

    /// Raises unless `0 <= index < len`. The index is already 64 bits wide.
    pub(crate) fn bounds_check(&mut self, index: Value, len: Value, index_ty: TyId) {
        self.bounds_check_in(None, index, len, index_ty);
    }

    /// The same for an array at an address; if that is nil, this is what is raised.
    fn bounds_check_in(&mut self, holder: Option<Addr>, index: Value, len: Value, index_ty: TyId) {
        let code = if self.types.is_signed(index_ty) {
            PanicCode::Index
        } else {
            PanicCode::IndexU
        };
        let inside = self.b.ins().icmp(IntCC::UnsignedLessThan, index, len);
        self.check_after(inside, code as u64, index, len, |cx| {
            if let Some(holder) = holder {
                cx.probed(holder);
            }
        });
    }

    // --- reading and writing ------------------------------------------------------------------

    pub(crate) fn read(&mut self, at: PlaceRef, ty: TyId) -> Val {
        match at {
            PlaceRef::Vars { local, first } => {
                let n = self.flat(ty).len();
                let Repr::Vars(vars) = &self.locals[local.0 as usize] else {
                    panic!("{local:?} has no variables");
                };
                let vars = vars[first..first + n].to_vec();
                Val::Flat(vars.into_iter().map(|v| self.b.use_var(v)).collect())
            }
            PlaceRef::Memory(addr) => self.load_value(addr, ty),
        }
    }

    pub(crate) fn write(&mut self, at: PlaceRef, ty: TyId, value: &Val) {
        match (at, value) {
            (PlaceRef::Vars { local, first }, Val::Flat(values)) => {
                self.define_scalars(local, first, values);
            }
            (PlaceRef::Vars { .. }, Val::Memory(addr)) => {
                let values = self.load_scalars(*addr, ty);
                self.write(at, ty, &Val::Flat(values));
            }
            (PlaceRef::Memory(addr), value) => self.store_value(addr, ty, value),
        }
    }

    /// place = rvalue
    pub(crate) fn assign(&mut self, place: &Place, rvalue: &Rvalue) {
        let ty = self.place_ty(place);
        let value = self.rvalue(rvalue, ty);
        let at = self.place(place);
        self.write(at, ty, &value);
    }

    // --- operands ---------------------------------------------------------------------------------

    pub(crate) fn operand(&mut self, operand: &Operand) -> Val {
        match operand {
            Operand::Copy(place) => {
                let ty = self.place_ty(place);
                let at = self.place(place);
                self.read(at, ty)
            }
            Operand::Const(c) => self.constant(c),
        }
    }

    /// The scalars of an operand of flat type.
    pub(crate) fn scalars(&mut self, operand: &Operand) -> Scalars {
        self.operand(operand).scalars()
    }

    /// The only scalar of an operand.
    pub(crate) fn scalar(&mut self, operand: &Operand) -> Value {
        let scalars = self.scalars(operand);
        debug_assert_eq!(scalars.len(), 1);
        scalars[0]
    }

    /// The operand as a 64-bit integer.
    pub(crate) fn scalar64(&mut self, operand: &Operand) -> Value {
        let ty = self.operand_ty(operand);
        let value = self.scalar(operand);
        self.extend(value, ty)
    }

    /// An integer extended to 64 bits as its type says.
    pub(crate) fn extend(&mut self, value: Value, ty: TyId) -> Value {
        if self.b.func.dfg.value_type(value) == I64 {
            value
        } else if self.types.is_signed(ty) {
            self.b.ins().sextend(I64, value)
        } else {
            self.b.ins().uextend(I64, value)
        }
    }

    pub(crate) fn constant(&mut self, c: &Const) -> Val {
        let one = |value| Val::Flat(Scalars::from_slice(&[value]));
        match &c.value {
            ConstValue::Zero => self.zero_value(c.ty),
            ConstValue::Bool(value) => one(self.bool(*value)),
            ConstValue::Int(value) => {
                if self.types.is_float(c.ty) {
                    return one(self.float_constant(*value as f64, c.ty));
                }
                let ty = crate::layout::clif_type(self.flat(c.ty)[0].kind);
                one(self.b.ins().iconst(ty, truncate(*value, ty)))
            }
            ConstValue::Float(value) => one(self.float_constant(*value, c.ty)),
            ConstValue::Complex(re, im) => {
                let part = match self.types.kind(c.ty) {
                    TyKind::Complex64 => TyId::FLOAT32,
                    _ => TyId::FLOAT64,
                };
                let re = self.float_constant(*re, part);
                let im = self.float_constant(*im, part);
                Val::Flat(Scalars::from_slice(&[re, im]))
            }
            ConstValue::Str(bytes) => {
                let address = match bytes.is_empty() {
                    true => 0,
                    false => self.jit.statics().bytes(bytes),
                };
                let pointer = self.int(address as i64);
                let len = self.int(bytes.len() as i64);
                Val::Flat(Scalars::from_slice(&[pointer, len]))
            }
            ConstValue::Func(func) => {
                let closure = self.jit.static_closure(*func);
                one(self.int(closure as i64))
            }
        }
    }

    pub(crate) fn float_constant(&mut self, value: f64, ty: TyId) -> Value {
        match self.types.kind(ty) {
            TyKind::Float32 => self.b.ins().f32const(value as f32),
            _ => self.b.ins().f64const(value),
        }
    }
}

/// The bits of a constant as an immediate of the type: what is above its width is zero.
pub(crate) fn truncate(value: i128, ty: Type) -> i64 {
    match ty {
        I8 => i64::from(value as u8),
        I16 => i64::from(value as u16),
        I32 => i64::from(value as u32),
        _ => value as i64,
    }
}
