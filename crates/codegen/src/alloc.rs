//! Allocation: new, make, closures, append, concatenation, in the frame or on the heap as the decisions say.
//!
//! An object in the frame has one slot for its site, zeroed each time the site runs; the escape analysis guarantees that the object
//! before is dead by then. Operands are read behind the allocation, since that is a safepoint.

use crate::func::{FuncCx, Repr};
use crate::value::{Addr, Base, Scalars, Val};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{Block, InstBuilder, StackSlot, Value};
use cranelift_frontend::Variable;
use mini_abi::builtins::Builtin;
use mini_abi::panics::PanicCode;
use mini_mir::{
    Body, BodyDecisions, ConstValue, FuncId, Operand, PlaceBase, Proj, Rvalue, SiteId,
    StatementKind, Storage, TyId, TyKind,
};
use std::collections::{HashMap, HashSet};

/// Bytes of the buffer that short strings and slices of bytes are made in.
const STRING_BUFFER: u64 = 32;

/// Capacity of a slice of runes that does not leave the function, in elements: Go has a buffer for it.
pub(crate) const RUNE_BUFFER: i64 = 32;

/// Bytes of the first array of a slice that does not leave the function: Go has a buffer for it.
const APPEND_BUFFER: u64 = 32;

/// How an append grows a slice that has at most [`APPEND_BUFFER`] bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FirstArray {
    /// Elements that Go's buffer has room for.
    capacity: i64,
    /// Whether there has been one.
    is_used: Variable,
    /// It grows step by step; else it has the whole capacity at once.
    grows: bool,
}

/// What an allocation site puts into the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FrameObject {
    /// Nothing: the decision is the heap, or the operation has no object of its own.
    None,
    /// `count` values of a type.
    Values { ty: TyId, count: u64 },
    /// Bytes without pointers.
    Buffer,
}

/// Looks at what each site is used for.
pub(crate) fn frame_objects(body: &Body, decisions: &BodyDecisions) -> Vec<FrameObject> {
    let mut out = vec![FrameObject::None; body.sites.len()];
    let statements = body.blocks.iter().flat_map(|b| &b.statements);
    for statement in statements {
        let StatementKind::Assign(_, rvalue) = &statement.kind else {
            continue;
        };
        let (site, object) = match rvalue {
            Rvalue::New(site)
            | Rvalue::MakeClosure { site, .. }
            | Rvalue::MakeInterface { site, .. } => {
                let ty = body.sites[*site].ty;
                (*site, FrameObject::Values { ty, count: 1 })
            }
            Rvalue::MakeSlice { site, cap, .. } => {
                let ty = body.sites[*site].ty;
                match constant_size(cap) {
                    Some(count) => (*site, FrameObject::Values { ty, count }),
                    None => continue,
                }
            }
            Rvalue::Concat { site, .. }
            | Rvalue::Convert {
                site: Some(site), ..
            } => (*site, FrameObject::Buffer),
            _ => continue,
        };
        if decisions.sites[site] == Storage::Stack {
            out[site.0 as usize] = object;
        }
    }
    out
}

fn constant_size(operand: &Operand) -> Option<u64> {
    match operand.as_const()?.value {
        ConstValue::Int(n) => u64::try_from(n).ok(),
        ConstValue::Zero => Some(0),
        _ => None,
    }
}

impl FuncCx<'_> {
    /// The descriptor of a type.
    pub(crate) fn descriptor(&mut self, ty: TyId) -> Value {
        let at = self.jit.descriptor(ty);
        self.int(at as i64)
    }

    /// The slot of a site whose object is in the frame.
    pub(crate) fn site_slot(&mut self, site: SiteId) -> StackSlot {
        if let Some(slot) = self.site_slots[site.0 as usize] {
            return slot;
        }
        let size = match self.frame_objects[site.0 as usize] {
            FrameObject::Values { ty, count } => self.size_of(ty) * count,
            FrameObject::Buffer => STRING_BUFFER,
            FrameObject::None => panic!("{site:?} has no object in the frame"),
        };
        let slot = self.new_slot(size as u32);
        self.site_slots[site.0 as usize] = Some(slot);
        slot
    }

    pub(crate) fn in_frame(&self, site: SiteId) -> bool {
        self.frame_objects[site.0 as usize] != FrameObject::None
    }

    /// A zeroed object on the heap.
    pub(crate) fn new_object(&mut self, ty: TyId) -> Value {
        if self.size_of(ty) == 0 {
            let zeros = self.jit.statics().zeros(1);
            return self.int(zeros as i64);
        }
        let desc = self.descriptor(ty);
        self.builtin(Builtin::new_object, &[desc])[0]
    }

    pub(crate) fn new_at_site(&mut self, site: SiteId) -> Value {
        let ty = self.body.sites[site].ty;
        if !self.in_frame(site) {
            return self.new_object(ty);
        }
        let slot = self.site_slot(site);
        self.zero_memory(Addr::frame(Base::Slot(slot), 0), self.size_of(ty));
        self.b.ins().stack_addr(I64, slot, 0)
    }

    pub(crate) fn make_slice(&mut self, site: SiteId, len: &Operand, cap: &Operand) -> Val {
        let elem = self.body.sites[site].ty;
        let (len, cap) = (self.size_operand(len), self.size_operand(cap));
        if !self.in_frame(site) {
            let desc = self.descriptor(elem);
            let pointer = self.builtin(Builtin::make_slice, &[desc, len, cap])[0];
            return Val::Flat(Scalars::from_slice(&[pointer, len, cap]));
        }
        self.check_made_len(len, cap);
        let slot = self.site_slot(site);
        let FrameObject::Values { count, .. } = self.frame_objects[site.0 as usize] else {
            panic!("{site:?} holds no values");
        };
        let size = self.size_of(elem) * count;
        self.zero_memory(Addr::frame(Base::Slot(slot), 0), size);
        let pointer = self.b.ins().stack_addr(I64, slot, 0);
        Val::Flat(Scalars::from_slice(&[pointer, len, cap]))
    }

    /// Raises unless `0 <= len <= cap`, for a capacity that is in range.
    fn check_made_len(&mut self, len: Value, cap: Value) {
        let bad = self.cold_block();
        let good = self.b.create_block();
        let ok = self.b.ins().icmp(IntCC::UnsignedLessThanOrEqual, len, cap);
        self.b.ins().brif(ok, good, &[], bad, &[]);
        self.continue_in(bad);
        let zero = self.int(0);
        let is_positive = self
            .b
            .ins()
            .icmp_imm_s(IntCC::SignedGreaterThanOrEqual, len, 0);
        self.check(is_positive, PanicCode::MakeSliceLen, zero, zero);
        self.raise(PanicCode::MakeSliceCap, zero, zero);
        self.continue_in(good);
    }

    /// A closure object: the code word, then the captures.
    pub(crate) fn make_closure(
        &mut self,
        site: SiteId,
        func: FuncId,
        captures: &[Operand],
    ) -> Value {
        if captures.is_empty() {
            let closure = self.jit.statics().closure(func.0);
            return self.int(closure as i64);
        }
        let ty = self.body.sites[site].ty;
        let (object, at) = if self.in_frame(site) {
            let slot = self.site_slot(site);
            let at = Addr::frame(Base::Slot(slot), 0);
            (None, at)
        } else {
            let object = self.new_object(ty);
            (Some(object), Addr::heap(object))
        };
        let code = self.int(self.jit.stub(func) as i64);
        self.store_plain(code, at);
        for (i, capture) in captures.iter().enumerate() {
            let capture_ty = self.operand_ty(capture);
            let value = self.operand(capture);
            let offset = self.jit.layouts().of(ty).fields[i + 1];
            self.store_value(at.at(offset), capture_ty, &value);
        }
        match object {
            Some(object) => object,
            None => self.addr_value(at),
        }
    }

    // --- append -----------------------------------------------------------------------------------

    /// Whether an operand needs to be kept alive by hand while it is passed to a safepoint.
    fn is_held(&self, operand: &Operand) -> bool {
        match operand {
            Operand::Const(_) => true,
            Operand::Copy(place) => place
                .as_local()
                .is_some_and(|l| matches!(self.locals[l.0 as usize], Repr::Vars(_))),
        }
    }

    /// Room for `n` more elements: pointer, old length, new length, capacity. Goes on where both ways meet.
    ///
    /// `first`: what is special about the first array.
    fn make_room(&mut self, slice: &Operand, n: Value, first: Option<FirstArray>) -> [Value; 4] {
        let elem = self.elem_ty(self.operand_ty(slice));
        let words = self.scalars(slice);
        let (pointer, len, cap) = (words[0], words[1], words[2]);
        let new_len = self.b.ins().iadd(len, n);
        let grow = self.cold_block();
        let ready = self.b.create_block();
        let out_pointer = self.b.append_block_param(ready, I64);
        let out_cap = self.b.append_block_param(ready, I64);
        let fits = self
            .b
            .ins()
            .icmp(IntCC::UnsignedLessThanOrEqual, new_len, cap);
        let same = [pointer.into(), cap.into()];
        self.b.ins().brif(fits, ready, &same, grow, &[]);
        self.continue_in(grow);
        let mut old_cap = cap;
        match first {
            Some(first) if first.grows => old_cap = self.exact_growth([len, new_len, cap], first),
            Some(first) => self.first_array(elem, [len, new_len], first, ready),
            None => {}
        }
        if !self.is_held(slice) {
            self.root(pointer);
        }
        let desc = self.descriptor(elem);
        let args = [desc, pointer, len, old_cap, new_len];
        let out = self.builtin(Builtin::grow_slice, &args);
        self.b.ins().jump(ready, &[out[0].into(), out[1].into()]);
        self.continue_in(ready);
        [out_pointer, len, new_len, out_cap]
    }

    /// Leads to `ready` with an array of the capacity if the slice is empty, what is appended fits, and it is the first time.
    fn first_array(
        &mut self,
        elem: TyId,
        [len, new_len]: [Value; 2],
        first: FirstArray,
        ready: Block,
    ) {
        let (make, other) = (self.b.create_block(), self.cold_block());
        let limit = self.int(first.capacity);
        let fits = self
            .b
            .ins()
            .icmp(IntCC::UnsignedLessThanOrEqual, new_len, limit);
        let used = self.b.use_var(first.is_used);
        let taken = self.b.ins().bor(len, used);
        let zero = self.int(0);
        let is_first = self.b.ins().icmp(IntCC::Equal, taken, zero);
        let both = self.b.ins().band(fits, is_first);
        self.b.ins().brif(both, make, &[], other, &[]);
        self.continue_in(make);
        let one = self.int(1);
        self.b.def_var(first.is_used, one);
        let desc = self.descriptor(elem);
        let array = self.builtin(Builtin::new_array, &[desc, limit])[0];
        self.b.ins().jump(ready, &[array.into(), limit.into()]);
        self.continue_in(other);
    }

    /// The old capacity to grow from: none as long as the slice is in the arrays that Go's buffer stands for, so that the new one
    /// has the size class of its length.
    fn exact_growth(&mut self, [len, new_len, cap]: [Value; 3], first: FirstArray) -> Value {
        let limit = self.int(first.capacity);
        let fits = self
            .b
            .ins()
            .icmp(IntCC::UnsignedLessThanOrEqual, new_len, limit);
        let zero = self.int(0);
        let used = self.b.use_var(first.is_used);
        let is_used = self.b.ins().icmp(IntCC::NotEqual, used, zero);
        let has_elements = self.b.ins().icmp(IntCC::NotEqual, len, zero);
        // The first array, or one of those that follow it.
        let is_ours = self.b.ins().icmp(IntCC::Equal, is_used, has_elements);
        let is_exact = self.b.ins().band(fits, is_ours);
        let one = self.int(1);
        let used = self.b.ins().select(is_exact, one, used);
        self.b.def_var(first.is_used, used);
        self.b.ins().select(is_exact, zero, cap)
    }

    /// Finds the appends whose first array has the capacity that Go's buffer for it has: those to a variable once, those to values
    /// that have no name all. What is appended to in memory grows there, without a buffer.
    pub(crate) fn declare_first_arrays(&mut self) {
        let body = self.body;
        let mut named = HashSet::new();
        let mut exclusive = HashMap::new();
        let statements = body.blocks.iter().flat_map(|block| &block.statements);
        for statement in statements {
            let StatementKind::Assign(_, Rvalue::Append { site, slice, .. }) = &statement.kind
            else {
                continue;
            };
            let size = self.size_of(self.elem_ty(self.operand_ty(slice)));
            let grows = body.sites[*site].is_exclusive;
            let is_local = self.decisions.sites[*site] == Storage::Stack;
            if !(grows || is_local) || !(1..=APPEND_BUFFER).contains(&size) {
                continue;
            }
            let capacity = (APPEND_BUFFER / size) as i64;
            if grows {
                let local = match slice {
                    Operand::Copy(place) => place.as_local(),
                    Operand::Const(_) => None,
                };
                let is_used = *exclusive
                    .entry(local)
                    .or_insert_with(|| self.b.declare_var(I64));
                let zero = self.int(0);
                self.b.def_var(is_used, zero);
                let first = FirstArray {
                    capacity,
                    is_used,
                    grows,
                };
                self.first_arrays.insert(*site, first);
                continue;
            }
            if let Operand::Copy(place) = slice {
                let PlaceBase::Local(local) = place.base else {
                    continue;
                };
                let is_apart = matches!(self.locals[local.0 as usize], Repr::Vars(_))
                    && place.proj.iter().all(|step| matches!(step, Proj::Field(_)));
                let is_variable = place.proj.is_empty() && !body.locals[local].name.is_empty();
                if !is_apart || is_variable && !named.insert(local) {
                    continue;
                }
            }
            let is_used = self.b.declare_var(I64);
            let zero = self.int(0);
            self.b.def_var(is_used, zero);
            let first = FirstArray {
                capacity,
                is_used,
                grows,
            };
            self.first_arrays.insert(*site, first);
        }
    }

    pub(crate) fn append(&mut self, site: SiteId, slice: &Operand, values: &[Operand]) -> Val {
        let elem = self.elem_ty(self.operand_ty(slice));
        let size = self.size_of(elem);
        let n = self.int(values.len() as i64);
        let first = self.first_arrays.get(&site).copied();
        let [pointer, len, new_len, cap] = self.make_room(slice, n, first);
        let offset = self.scaled(len, size);
        let end = self.b.ins().iadd(pointer, offset);
        // All are read before one is stored, since they may be elements that lie behind the slice's end.
        let values: Vec<Val> = values
            .iter()
            .enumerate()
            .map(|(i, value)| match self.operand(value) {
                Val::Memory(addr) if i > 0 => self.copied(addr, elem),
                value => value,
            })
            .collect();
        for (i, value) in values.iter().enumerate() {
            self.store_value(Addr::heap(end).at(i as u64 * size), elem, value);
        }
        Val::Flat(Scalars::from_slice(&[pointer, new_len, cap]))
    }

    /// A copy in the frame, for this statement.
    fn copied(&mut self, from: Addr, ty: TyId) -> Val {
        let slot = self.scratch(self.size_of(ty));
        let at = Addr::frame(Base::Slot(slot), 0);
        self.copy_memory(at, from, ty);
        Val::Memory(at)
    }

    pub(crate) fn append_slice(&mut self, slice: &Operand, other: &Operand) -> Val {
        let elem = self.elem_ty(self.operand_ty(slice));
        let n = self.scalars(other)[1];
        let [pointer, len, new_len, cap] = self.make_room(slice, n, None);
        if self.size_of(elem) != 0 {
            let work = self.b.create_block();
            let done = self.b.create_block();
            self.b.ins().brif(n, work, &[], done, &[]);
            self.continue_in(work);
            let offset = self.scaled(len, self.size_of(elem));
            let end = self.b.ins().iadd(pointer, offset);
            let from = self.scalars(other)[0];
            self.move_values(elem, end, from, n);
            self.b.ins().jump(done, &[]);
            self.continue_in(done);
        }
        Val::Flat(Scalars::from_slice(&[pointer, new_len, cap]))
    }

    // --- strings ------------------------------------------------------------------------------

    pub(crate) fn concat(&mut self, site: SiteId, parts: &[Operand]) -> Val {
        let list = self.scratch(16 * parts.len() as u64);
        for (i, part) in parts.iter().enumerate() {
            let words = self.scalars(part);
            let at = 16 * i as i32;
            self.b.ins().stack_store(I64, words[0], list, at);
            self.b.ins().stack_store(I64, words[1], list, at + 8);
            self.roots.push((list, at as u32));
        }
        let buffer = self.buffer(Some(site));
        let address = self.b.ins().stack_addr(I64, list, 0);
        let n = self.int(parts.len() as i64);
        let out = self.builtin(Builtin::concat_strings, &[address, n, buffer]);
        Val::Flat(Scalars::from_vec(out))
    }

    /// A value of several parts, as a tuple of type `ty`.
    pub(crate) fn tuple(&mut self, ty: TyId, parts: &[Val]) -> Val {
        if self.is_flat(ty) {
            let mut out = Scalars::new();
            for part in parts {
                out.extend(part.clone().scalars());
            }
            return Val::Flat(out);
        }
        let TyKind::Tuple(tys) = self.types.kind(ty) else {
            panic!("{} is not a tuple", self.jit.type_name(ty));
        };
        let slot = self.scratch(self.size_of(ty));
        for (i, (&part_ty, part)) in tys.iter().zip(parts).enumerate() {
            let offset = self.jit.layouts().of(ty).fields[i];
            let at = Addr::frame(Base::Slot(slot), offset as i64);
            self.store_value(at, part_ty, part);
        }
        Val::Memory(Addr::frame(Base::Slot(slot), 0))
    }
}
