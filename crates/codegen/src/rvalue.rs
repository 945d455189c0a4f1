//! Rvalues: one function for each form.

use crate::func::FuncCx;
use crate::helpers::Helper;
use crate::place::PlaceRef;
use crate::value::{Addr, Base, Scalars, Val};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I32, I64};
use cranelift_codegen::ir::{InstBuilder, InstructionData, Opcode, Value, ValueDef};
use mini_abi::builtins::Builtin;
use mini_abi::panics::PanicCode;
use mini_abi::types::{CHAN_CAP, CHAN_LEN, MAP_COUNT};
use mini_mir::{Operand, Place, Rvalue, TyId, TyKind};

/// A value of one scalar.
pub(crate) fn one(value: Value) -> Val {
    Val::Flat(Scalars::from_slice(&[value]))
}

/// The bounds of a slice expression.
struct Bounds {
    low: Option<Value>,
    high: Option<Value>,
    max: Option<Value>,
    /// Which of them are of an unsigned type: panics print them so.
    unsigned: [bool; 3],
}

impl FuncCx<'_> {
    /// Computes an rvalue of type `ty`. A value in memory is to be stored before the next safepoint.
    pub(crate) fn rvalue(&mut self, rvalue: &Rvalue, ty: TyId) -> Val {
        match rvalue {
            Rvalue::Use(operand) => self.operand(operand),
            Rvalue::Unary(op, operand) => self.unary(*op, operand),
            Rvalue::Binary(op, a, b) => self.binary(*op, a, b, ty),
            Rvalue::Convert {
                kind,
                value,
                ty,
                site,
            } => self.convert(*kind, value, *ty, *site),
            Rvalue::Ref(place) => one(self.reference(place)),
            Rvalue::Aggregate { ty, parts } => self.aggregate(*ty, parts),
            Rvalue::New(site) => one(self.new_at_site(*site)),
            Rvalue::MakeSlice { site, len, cap, .. } => self.make_slice(*site, len, cap),
            Rvalue::MakeClosure {
                site,
                func,
                captures,
                ..
            } => one(self.make_closure(*site, *func, captures)),
            Rvalue::MakeInterface { site, ty, value } => self.make_interface(*site, *ty, value),
            Rvalue::MakeMap { ty, hint, .. } => {
                let hint = self.scalar64(hint);
                let desc = self.descriptor(*ty);
                one(self.builtin(Builtin::make_map, &[desc, hint])[0])
            }
            Rvalue::MakeChan { ty, size, .. } => {
                let size = self.size_operand(size);
                let desc = self.descriptor(*ty);
                one(self.builtin(Builtin::make_chan, &[desc, size])[0])
            }
            Rvalue::Concat { site, parts } => self.concat(*site, parts),
            Rvalue::Append {
                site,
                slice,
                values,
            } => self.append(*site, slice, values),
            Rvalue::AppendSlice { slice, other, .. } => self.append_slice(slice, other),
            Rvalue::Len(operand) => one(self.len(operand)),
            Rvalue::Cap(operand) => one(self.cap(operand)),
            Rvalue::Slice {
                base,
                low,
                high,
                max,
                checked,
                ..
            } => {
                let mut bound = |o: &Option<Operand>| o.as_ref().map(|o| self.size_operand(o));
                let (low_value, high_value, max_value) = (bound(low), bound(high), bound(max));
                let bounds = Bounds {
                    low: low_value,
                    high: high_value,
                    max: max_value,
                    unsigned: [low, high, max].map(|o| {
                        o.as_ref()
                            .is_some_and(|o| !self.types.is_signed(self.operand_ty(o)))
                    }),
                };
                self.slice(base, &bounds, *checked)
            }
            Rvalue::CopySlice { dst, src } => one(self.copy_slice(dst, src)),
            Rvalue::DecodeRune { string, index } => self.decode_rune(string, index),
            Rvalue::MapGet { map, key, comma_ok } => self.map_get(map, key, *comma_ok, ty),
            Rvalue::MapEntry { map, key } => self.map_entry(map, key),
            Rvalue::MapIterNext { iter } => self.map_iter_next(*iter),
            Rvalue::TypeAssert {
                value,
                ty: wanted,
                comma_ok,
            } => self.type_assert(value, *wanted, *comma_ok, ty),
            Rvalue::TypeIs { value, ty } => one(self.type_is(value, *ty)),
            Rvalue::Unbox { value, ty } => {
                let words = self.scalars(value);
                self.unbox(words[1], *ty)
            }
            Rvalue::ConvertInterface { value, ty } => self.convert_interface(value, *ty),
            Rvalue::Receive { chan, comma_ok } => self.receive(chan, *comma_ok, ty),
            Rvalue::Select { cases, has_default } => self.select(cases, *has_default),
            Rvalue::Call(call) => self.call(call, ty),
            Rvalue::Recover => Val::Flat(Scalars::from_vec(self.recover())),
        }
    }

    /// `&place`
    fn reference(&mut self, place: &Place) -> Value {
        let ty = self.place_ty(place);
        self.keeps_address = true;
        let at = self.place(place);
        self.keeps_address = false;
        match at {
            PlaceRef::Memory(addr) => {
                let addr = self.probed(addr);
                self.addr_value(addr)
            }
            PlaceRef::Vars { local, .. } => panic!(
                "address of {local:?} of type {} in {}, which is in registers",
                self.jit.type_name(ty),
                self.b.func.name
            ),
        }
    }

    fn aggregate(&mut self, ty: TyId, parts: &[Operand]) -> Val {
        if self.is_flat(ty) {
            let mut out = Scalars::new();
            for part in parts {
                out.extend(self.scalars(part));
            }
            return Val::Flat(out);
        }
        let slot = self.scratch(self.size_of(ty));
        let at = Addr::frame(Base::Slot(slot), 0);
        let is_array = match self.types.kind(ty) {
            TyKind::Array(elem, _) => Some(self.size_of(*elem)),
            _ => None,
        };
        for (i, part) in parts.iter().enumerate() {
            let offset = match is_array {
                Some(size) => i as u64 * size,
                None => self.jit.layouts().of(ty).fields[i],
            };
            let part_ty = self.operand_ty(part);
            if part
                .as_const()
                .is_some_and(|c| c.value == mini_mir::ConstValue::Zero)
            {
                self.zero_memory(at.at(offset), self.size_of(part_ty));
                continue;
            }
            let value = self.operand(part);
            self.store_value(at.at(offset), part_ty, &value);
        }
        Val::Memory(at)
    }

    /// An integer operand as a 64-bit size or index. What does not fit is negative or huge and fails the checks that follow.
    pub(crate) fn size_operand(&mut self, operand: &Operand) -> Value {
        self.scalar64(operand)
    }

    // --- lengths ------------------------------------------------------------------------------

    fn len(&mut self, operand: &Operand) -> Value {
        let ty = self.operand_ty(operand);
        if matches!(self.types.kind(ty), TyKind::String | TyKind::Slice(_)) {
            return self.header_word(operand, 1);
        }
        let words = self.scalars(operand);
        match self.types.kind(ty) {
            TyKind::Map(..) => self.count_at(words[0], MAP_COUNT),
            TyKind::Chan(..) => self.count_at(words[0], CHAN_LEN),
            other => panic!("len of {other:?}"),
        }
    }

    fn cap(&mut self, operand: &Operand) -> Value {
        let ty = self.operand_ty(operand);
        if let TyKind::Slice(_) = self.types.kind(ty) {
            return self.header_word(operand, 2);
        }
        let words = self.scalars(operand);
        match self.types.kind(ty) {
            TyKind::Chan(..) => self.count_at(words[0], CHAN_CAP),
            other => panic!("cap of {other:?}"),
        }
    }

    /// One word of a string or slice.
    fn header_word(&mut self, operand: &Operand, index: usize) -> Value {
        if let Operand::Copy(place) = operand
            && let PlaceRef::Memory(addr) = self.place(place)
        {
            let addr = self.guard(addr, 24);
            return self.load(I64, addr.at(8 * index as u64));
        }
        self.scalars(operand)[index]
    }

    /// A count in the head of a map or channel; zero for nil.
    fn count_at(&mut self, object: Value, offset: usize) -> Value {
        let read = self.b.create_block();
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, I64);
        let zero = self.int(0);
        self.b.ins().brif(object, read, &[], done, &[zero.into()]);
        self.continue_in(read);
        let count = self.load(I64, Addr::constant(object).at(offset as u64));
        self.b.ins().jump(done, &[count.into()]);
        self.continue_in(done);
        result
    }

    // --- slicing --------------------------------------------------------------------------------

    fn slice(&mut self, base: &Operand, bounds: &Bounds, checked: bool) -> Val {
        let ty = self.operand_ty(base);
        let words = self.scalars(base);
        let (pointer, len, cap, size, is_slice) = match *self.types.kind(ty) {
            TyKind::String => {
                return self.slice_string(words[0], words[1], bounds, checked);
            }
            TyKind::Slice(elem) => (words[0], words[1], words[2], self.size_of(elem), true),
            TyKind::Pointer(array) => match *self.types.kind(array) {
                TyKind::Array(elem, n) => {
                    self.nil_probe(words[0]);
                    let n = self.int(n as i64);
                    (words[0], n, n, self.size_of(elem), false)
                }
                ref other => panic!("slice of a pointer to {other:?}"),
            },
            ref other => panic!("slice of {other:?}"),
        };
        let zero = self.int(0);
        let low = bounds.low.unwrap_or(zero);
        let high = bounds.high.unwrap_or(len);
        let max = bounds.max.unwrap_or(cap);
        if !checked {
            self.slice_checks(bounds, low, high, max, cap, is_slice);
        }
        let new_len = self.distance(high, low);
        let new_cap = self.b.ins().isub(max, low);
        let pointer = match bounds.low {
            None => pointer,
            // A slice without room keeps the base: a pointer past the end would hold the next object.
            Some(_) => {
                let skipped = self.scaled(low, size);
                let moved = self.b.ins().iadd(pointer, skipped);
                let has_room = self.b.ins().icmp_imm_s(IntCC::NotEqual, new_cap, 0);
                self.b.ins().select(has_room, moved, pointer)
            }
        };
        Val::Flat(Scalars::from_slice(&[pointer, new_len, new_cap]))
    }

    /// Go's order: the last bound against the capacity, then each against the one behind it.
    fn slice_checks(
        &mut self,
        bounds: &Bounds,
        low: Value,
        high: Value,
        max: Value,
        cap: Value,
        is_slice: bool,
    ) {
        use PanicCode::*;
        let [low_unsigned, high_unsigned, max_unsigned] = bounds.unsigned;
        if bounds.max.is_some() {
            let code = if is_slice { Slice3Acap } else { Slice3Alen };
            self.at_most(max, cap, code, max_unsigned);
            self.at_most(high, max, Slice3B, high_unsigned);
            self.at_most(low, high, Slice3C, low_unsigned);
            return;
        }
        if bounds.high.is_some() {
            let code = if is_slice { SliceAcap } else { SliceAlen };
            self.at_most(high, cap, code, high_unsigned);
        }
        if bounds.low.is_some() {
            self.at_most(low, high, SliceB, low_unsigned);
        }
    }

    /// Raises unless the bound `a` is at most `b`.
    fn at_most(&mut self, a: Value, b: Value, code: PanicCode, is_unsigned: bool) {
        let ok = self.b.ins().icmp(IntCC::UnsignedLessThanOrEqual, a, b);
        let code = code as u64 + u64::from(is_unsigned) * PanicCode::UNSIGNED;
        self.check_code(ok, code, a, b);
    }

    fn slice_string(&mut self, pointer: Value, len: Value, bounds: &Bounds, checked: bool) -> Val {
        let zero = self.int(0);
        let low = bounds.low.unwrap_or(zero);
        let high = bounds.high.unwrap_or(len);
        if !checked {
            if bounds.high.is_some() {
                self.at_most(high, len, PanicCode::SliceAlen, bounds.unsigned[1]);
            }
            if bounds.low.is_some() {
                self.at_most(low, high, PanicCode::SliceB, bounds.unsigned[0]);
            }
        }
        let new_len = self.distance(high, low);
        let pointer = match bounds.low {
            None => pointer,
            Some(_) => {
                let moved = self.b.ins().iadd(pointer, low);
                let has_room = self.b.ins().icmp_imm_s(IntCC::NotEqual, new_len, 0);
                self.b.ins().select(has_room, moved, pointer)
            }
        };
        Val::Flat(Scalars::from_slice(&[pointer, new_len]))
    }

    /// copy(dst, src)
    fn copy_slice(&mut self, dst: &Operand, src: &Operand) -> Value {
        let elem = self.elem_ty(self.operand_ty(dst));
        let to = self.scalars(dst);
        let from = self.scalars(src);
        let shorter = self.b.ins().icmp(IntCC::SignedLessThan, to[1], from[1]);
        let n = self.b.ins().select(shorter, to[1], from[1]);
        if self.size_of(elem) == 0 {
            return n;
        }
        let work = self.b.create_block();
        let done = self.b.create_block();
        self.b.ins().brif(n, work, &[], done, &[]);
        self.continue_in(work);
        self.move_values(elem, to[0], from[0], n);
        self.b.ins().jump(done, &[]);
        self.continue_in(done);
        n
    }

    /// clear(slice)
    pub(crate) fn slice_clear(&mut self, slice: &Operand) {
        let elem = self.elem_ty(self.operand_ty(slice));
        let size = self.size_of(elem);
        let words = self.scalars(slice);
        if size == 0 {
            return;
        }
        let work = self.b.create_block();
        let done = self.b.create_block();
        self.b.ins().brif(words[1], work, &[], done, &[]);
        self.continue_in(work);
        if self.has_pointers(elem) {
            let desc = self.descriptor(elem);
            self.builtin(Builtin::zero_typed, &[desc, words[0], words[1]]);
        } else {
            let bytes = self.scaled(words[1], size);
            self.builtin(Builtin::zero_memory, &[words[0], bytes]);
        }
        self.b.ins().jump(done, &[]);
        self.continue_in(done);
    }

    /// The rune at a byte index and its width. ASCII is decoded in MIR: what comes here is out of the way of its loop.
    fn decode_rune(&mut self, string: &Operand, index: &Operand) -> Val {
        let words = self.scalars(string);
        let index = self.scalar64(index);
        let cold = self.cold_block();
        self.b.ins().jump(cold, &[]);
        self.continue_in(cold);
        let out = self.helper_results(Helper::DecodeRune, &[words[0], words[1], index]);
        let rune = self.b.ins().ireduce(I32, out[0]);
        Val::Flat(Scalars::from_slice(&[rune, out[1]]))
    }

    /// `high - low` for bounds of a slice. That of a suffix, `low` being `high` less a constant, is that constant.
    fn distance(&mut self, high: Value, low: Value) -> Value {
        let dfg = &self.b.func.dfg;
        if let ValueDef::Result(inst, 0) = dfg.value_def(dfg.resolve_aliases(low))
            && let InstructionData::Binary {
                opcode: Opcode::Isub,
                args: [whole, part],
            } = dfg.insts[inst]
            && dfg.resolve_aliases(whole) == dfg.resolve_aliases(high)
            && self.known_int(part).is_some()
        {
            return part;
        }
        match (self.known_int(high), self.known_int(low)) {
            (_, Some(0)) => high,
            (Some(high), Some(low)) => self.int(high.wrapping_sub(low)),
            _ => self.b.ins().isub(high, low),
        }
    }
}
