//! Values, addresses, and moving values between them.
//!
//! A value of a flat type is its scalars ([`Scalars`]); any other is the address of memory that holds it. An [`Addr`] knows what
//! an access must respect: whether its pointer may be nil, and whether stores of pointers need the write barrier.

use crate::func::{FuncCx, Repr, TRAP_NIL};
use crate::layout::clif_type;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I8X16, I16, I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, StackSlot, Type, Value};
use mini_abi::builtins::Builtin;
use mini_mir::layout::{Scalar, ScalarKind};
use mini_mir::{LocalId, TyId};
use smallvec::SmallVec;

/// The scalars of a flat value.
pub(crate) type Scalars = SmallVec<[Value; 4]>;

/// Where an address starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Base {
    Slot(StackSlot),
    Value(Value),
}

/// The address of memory that holds a value.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addr {
    pub(crate) base: Base,
    pub(crate) offset: i64,
    /// The base may be nil: the first access faults then.
    pub(crate) may_be_nil: bool,
    /// The memory may be in the heap or a global: stores of pointers are reported to the collector.
    pub(crate) barrier: bool,
}

impl Addr {
    /// Memory in a frame (our own, or a caller's that was handed to us).
    pub(crate) fn frame(base: Base, offset: i64) -> Addr {
        Addr {
            base,
            offset,
            may_be_nil: false,
            barrier: false,
        }
    }

    /// Memory anywhere, at a pointer that is not nil.
    pub(crate) fn heap(pointer: Value) -> Addr {
        Addr {
            base: Base::Value(pointer),
            offset: 0,
            may_be_nil: false,
            barrier: true,
        }
    }

    /// Memory that is only read.
    pub(crate) fn constant(pointer: Value) -> Addr {
        Addr {
            barrier: false,
            ..Addr::heap(pointer)
        }
    }

    pub(crate) fn at(self, offset: u64) -> Addr {
        Addr {
            offset: self.offset + offset as i64,
            ..self
        }
    }

    fn flags(&self) -> MemFlagsData {
        if self.may_be_nil {
            MemFlagsData::new()
                .with_aligned()
                .with_trap_code(Some(TRAP_NIL))
        } else {
            MemFlagsData::trusted()
        }
    }
}

/// A value in one of its two forms.
#[derive(Clone, Debug)]
pub(crate) enum Val {
    Flat(Scalars),
    Memory(Addr),
}

impl Val {
    pub(crate) fn scalars(self) -> Scalars {
        match self {
            Val::Flat(scalars) => scalars,
            Val::Memory(addr) => panic!("scalars of a value in memory at {addr:?}"),
        }
    }
}

/// Largest object that is copied or zeroed inline.
const INLINE_BYTES: u64 = 128;
/// Accesses up to this offset from nil fault; further ones are preceded by a probe. The page at address zero is never mapped.
pub(crate) const NIL_PAGE: i64 = 4096;

impl<'a> FuncCx<'a> {
    // --- types ----------------------------------------------------------------------------------

    pub(crate) fn size_of(&self, ty: TyId) -> u64 {
        self.jit.layouts().of(ty).size
    }

    pub(crate) fn is_flat(&self, ty: TyId) -> bool {
        self.jit.layouts().flat(ty).is_some()
    }

    /// The scalars of a flat type.
    pub(crate) fn flat(&self, ty: TyId) -> &'a [Scalar] {
        self.jit
            .layouts()
            .flat(ty)
            .unwrap_or_else(|| panic!("{} is not flat", self.jit.type_name(ty)))
    }

    /// Words that a value has in the convention of native functions.
    pub(crate) fn word_count(&self, ty: TyId) -> usize {
        self.jit.native_scalars(ty).len()
    }

    pub(crate) fn has_pointers(&self, ty: TyId) -> bool {
        self.jit.layouts().of(ty).has_pointers
    }

    // --- addresses ----------------------------------------------------------------------------

    /// The address as a value.
    pub(crate) fn addr_value(&mut self, addr: Addr) -> Value {
        match addr.base {
            Base::Slot(slot) => self.b.ins().stack_addr(I64, slot, addr.offset as i32),
            Base::Value(base) if addr.offset == 0 => base,
            Base::Value(base) => self.b.ins().iadd_imm_s(base, addr.offset),
        }
    }

    /// Makes sure that accesses of `size` bytes at the address fault if its base is nil.
    pub(crate) fn guard(&mut self, addr: Addr, size: u64) -> Addr {
        if !addr.may_be_nil || addr.offset + (size as i64) < NIL_PAGE {
            return addr;
        }
        self.probed(addr)
    }

    /// The address after a probe of its base.
    pub(crate) fn probed(&mut self, addr: Addr) -> Addr {
        if addr.may_be_nil
            && let Base::Value(base) = addr.base
        {
            self.nil_probe(base);
        }
        Addr {
            may_be_nil: false,
            ..addr
        }
    }

    /// Faults if the pointer is nil.
    pub(crate) fn nil_probe(&mut self, pointer: Value) {
        let flags = MemFlagsData::new()
            .with_aligned()
            .with_trap_code(Some(TRAP_NIL));
        self.b.ins().load(I8, flags, pointer, 0);
    }

    pub(crate) fn load(&mut self, ty: Type, addr: Addr) -> Value {
        let addr = self.near(addr);
        match addr.base {
            Base::Slot(slot) => self.b.ins().stack_load(I64, ty, slot, addr.offset as i32),
            Base::Value(base) => self
                .b
                .ins()
                .load(ty, addr.flags(), base, addr.offset as i32),
        }
    }

    /// Stores without a barrier.
    pub(crate) fn store_plain(&mut self, value: Value, addr: Addr) {
        let addr = self.near(addr);
        match addr.base {
            Base::Slot(slot) => {
                self.b
                    .ins()
                    .stack_store(I64, value, slot, addr.offset as i32);
            }
            Base::Value(base) => {
                self.b
                    .ins()
                    .store(addr.flags(), value, base, addr.offset as i32);
            }
        }
    }

    /// The same address with an offset that fits into an instruction.
    fn near(&mut self, addr: Addr) -> Addr {
        if i32::try_from(addr.offset).is_ok() {
            return addr;
        }
        let base = self.addr_value(addr);
        Addr {
            base: Base::Value(base),
            offset: 0,
            ..addr
        }
    }

    // --- flat values ----------------------------------------------------------------------------

    pub(crate) fn load_scalars(&mut self, addr: Addr, ty: TyId) -> Scalars {
        let addr = self.guard(addr, self.size_of(ty));
        if addr.may_be_nil && self.size_of(ty) == 0 {
            self.probed(addr);
        }
        let mut rest = addr;
        self.flat(ty)
            .iter()
            .map(|s| {
                let value = self.load(clif_type(s.kind), rest.at(s.offset));
                // The first access finds out whether the base is nil.
                rest.may_be_nil = false;
                value
            })
            .collect()
    }

    pub(crate) fn store_scalars(&mut self, addr: Addr, ty: TyId, values: &[Value]) {
        let scalars = self.flat(ty);
        debug_assert_eq!(scalars.len(), values.len());
        let addr = self.guard(addr, self.size_of(ty));
        if addr.may_be_nil && self.size_of(ty) == 0 {
            self.probed(addr);
        }
        let mut pointers = SmallVec::<[(u64, Value); 4]>::new();
        for (scalar, &value) in scalars.iter().zip(values) {
            if scalar.kind == ScalarKind::Pointer && addr.barrier {
                pointers.push((scalar.offset, value));
            } else {
                self.store_plain(value, addr.at(scalar.offset));
            }
        }
        self.store_pointers(addr, &pointers);
    }

    /// The zero value of a flat type.
    pub(crate) fn zero_scalars(&mut self, ty: TyId) -> Scalars {
        self.flat(ty).iter().map(|s| self.zero_of(s.kind)).collect()
    }

    pub(crate) fn zero_of(&mut self, kind: ScalarKind) -> Value {
        match kind {
            ScalarKind::F32 => self.b.ins().f32const(0.0),
            ScalarKind::F64 => self.b.ins().f64const(0.0),
            _ => self.b.ins().iconst(clif_type(kind), 0),
        }
    }

    // --- any value ------------------------------------------------------------------------------

    pub(crate) fn load_value(&mut self, addr: Addr, ty: TyId) -> Val {
        if self.is_flat(ty) {
            Val::Flat(self.load_scalars(addr, ty))
        } else {
            Val::Memory(addr)
        }
    }

    pub(crate) fn store_value(&mut self, addr: Addr, ty: TyId, value: &Val) {
        match value {
            Val::Flat(scalars) => self.store_scalars(addr, ty, scalars),
            Val::Memory(from) => self.copy_memory(addr, *from, ty),
        }
    }

    /// The zero value.
    pub(crate) fn zero_value(&mut self, ty: TyId) -> Val {
        if self.is_flat(ty) {
            return Val::Flat(self.zero_scalars(ty));
        }
        let zeros = self.jit.statics().zeros(self.size_of(ty) as usize);
        let zeros = self.int(zeros as i64);
        Val::Memory(Addr::constant(zeros))
    }

    /// The address of memory that holds the value: its own, or scratch memory in the frame.
    pub(crate) fn in_memory(&mut self, value: &Val, ty: TyId) -> Addr {
        match value {
            Val::Memory(addr) => *addr,
            Val::Flat(scalars) => {
                let slot = self.scratch(self.size_of(ty));
                let at = Addr::frame(Base::Slot(slot), 0);
                self.store_scalars(at, ty, scalars);
                at
            }
        }
    }

    /// Stores the words of a value that came from a native function.
    pub(crate) fn store_words(&mut self, addr: Addr, ty: TyId, words: &[Value]) {
        for (scalar, &word) in self.jit.native_scalars(ty).iter().zip(words) {
            self.store_plain(word, addr.at(scalar.offset));
        }
    }

    // --- locals ---------------------------------------------------------------------------------

    pub(crate) fn local_value(&mut self, local: LocalId) -> Val {
        let ty = self.body.locals[local].ty;
        match &self.locals[local.0 as usize] {
            Repr::Vars(vars) => {
                let vars = vars.clone();
                Val::Flat(vars.iter().map(|&v| self.b.use_var(v)).collect())
            }
            Repr::Slot(slot) => {
                let at = Addr::frame(Base::Slot(*slot), 0);
                self.load_value(at, ty)
            }
            &Repr::Indirect { pointer, boxed } => {
                let pointer = self.b.use_var(pointer);
                let at = Addr {
                    barrier: boxed,
                    ..Addr::heap(pointer)
                };
                self.load_value(at, ty)
            }
        }
    }

    /// Gives a local of flat type its value.
    pub(crate) fn define_local(&mut self, local: LocalId, values: &[Value]) {
        let ty = self.body.locals[local].ty;
        match &self.locals[local.0 as usize] {
            Repr::Vars(_) => self.define_scalars(local, 0, values),
            Repr::Slot(slot) => {
                let at = Addr::frame(Base::Slot(*slot), 0);
                self.store_scalars(at, ty, values);
            }
            &Repr::Indirect { pointer, boxed } => {
                let pointer = self.b.use_var(pointer);
                let at = Addr {
                    barrier: boxed,
                    ..Addr::heap(pointer)
                };
                self.store_scalars(at, ty, values);
            }
        }
    }

    /// Sets some of the variables of a local, and their home words.
    pub(crate) fn define_scalars(&mut self, local: LocalId, first: usize, values: &[Value]) {
        let Repr::Vars(vars) = &self.locals[local.0 as usize] else {
            panic!("{local:?} has no variables");
        };
        let vars: SmallVec<[_; 8]> = vars[first..first + values.len()].iter().copied().collect();
        for (&var, &value) in vars.iter().zip(values) {
            self.b.def_var(var, value);
        }
        let (Some(home), Some(homes)) = (self.home_of[local.0 as usize], self.homes) else {
            return;
        };
        let scalars = self.flat(self.body.locals[local].ty);
        let is_pointer = |s: &&Scalar| s.kind == ScalarKind::Pointer;
        let mut at = home + 8 * scalars[..first].iter().filter(is_pointer).count() as u32;
        for (scalar, &value) in scalars[first..].iter().zip(values) {
            if scalar.kind == ScalarKind::Pointer {
                self.b.ins().stack_store(I64, value, homes, at as i32);
                at += 8;
            }
        }
    }

    /// Sets the pointer of a local that lives behind one.
    pub(crate) fn define_pointer(&mut self, local: LocalId, value: Value) {
        let Repr::Indirect { pointer, .. } = self.locals[local.0 as usize] else {
            panic!("{local:?} is not behind a pointer");
        };
        self.b.def_var(pointer, value);
        if let (Some(home), Some(homes)) = (self.home_of[local.0 as usize], self.homes) {
            self.b.ins().stack_store(I64, value, homes, home as i32);
        }
    }

    /// Gives a local that is not boxed its zero value.
    pub(crate) fn zero_local(&mut self, local: LocalId) {
        let ty = self.body.locals[local].ty;
        match self.locals[local.0 as usize] {
            Repr::Vars(_) => {
                let zeros = self.zero_scalars(ty);
                self.define_scalars(local, 0, &zeros);
            }
            Repr::Slot(slot) => {
                self.zero_memory(Addr::frame(Base::Slot(slot), 0), self.size_of(ty));
            }
            Repr::Indirect { pointer, .. } => {
                let pointer = self.b.use_var(pointer);
                self.zero_memory(Addr::frame(Base::Value(pointer), 0), self.size_of(ty));
            }
        }
    }

    // --- memory ---------------------------------------------------------------------------------

    /// Copies a value. The memories are equal or apart, never overlapping in part.
    pub(crate) fn copy_memory(&mut self, to: Addr, from: Addr, ty: TyId) {
        let size = self.size_of(ty);
        let mut to = self.guard(to, size);
        let mut from = self.guard(from, size);
        if size == 0 {
            self.probed(from);
            self.probed(to);
            return;
        }
        if !(to.barrier && self.has_pointers(ty)) {
            return self.copy_bytes(to, from, size);
        }
        to = self.probed(to);
        from = self.probed(from);
        let cold = self.cold_block();
        let plain = self.b.create_block();
        let done = self.b.create_block();
        self.branch_on_barrier(cold, plain);
        self.continue_in(cold);
        let desc = self.descriptor(ty);
        let (dst, src, one) = (self.addr_value(to), self.addr_value(from), self.int(1));
        self.builtin(Builtin::move_typed, &[desc, dst, src, one]);
        self.b.ins().jump(done, &[]);
        self.continue_in(plain);
        self.copy_bytes(to, from, size);
        self.b.ins().jump(done, &[]);
        self.continue_in(done);
    }

    /// Copies bytes without a barrier.
    pub(crate) fn copy_bytes(&mut self, to: Addr, from: Addr, size: u64) {
        if size > INLINE_BYTES {
            let (to, from) = (self.probed(to), self.probed(from));
            let (dst, src) = (self.addr_value(to), self.addr_value(from));
            let size = self.int(size as i64);
            self.builtin(Builtin::move_memory, &[dst, src, size]);
            return;
        }
        // Everything is read before anything is written.
        let parts: SmallVec<[(u64, Value); 8]> = chunks(size)
            .map(|(offset, ty)| (offset, self.load(ty, from.at(offset))))
            .collect();
        for (offset, value) in parts {
            self.store_plain(value, to.at(offset));
        }
    }

    /// Zeroes bytes without a barrier.
    pub(crate) fn zero_memory(&mut self, at: Addr, size: u64) {
        if size > INLINE_BYTES {
            let at = self.probed(at);
            let dst = self.addr_value(at);
            let size = self.int(size as i64);
            self.builtin(Builtin::zero_memory, &[dst, size]);
            return;
        }
        for (offset, ty) in chunks(size) {
            let zero = if ty == I8X16 {
                let zero = self.b.ins().iconst(I8, 0);
                self.b.ins().splat(I8X16, zero)
            } else {
                self.b.ins().iconst(ty, 0)
            };
            self.store_plain(zero, at.at(offset));
        }
    }

    /// Whether a pointer is not nil, as a bool.
    pub(crate) fn is_not_null(&mut self, pointer: Value) -> Value {
        self.b.ins().icmp_imm_s(IntCC::NotEqual, pointer, 0)
    }
}

/// Cuts `size` bytes into machine accesses, the largest first.
fn chunks(size: u64) -> impl Iterator<Item = (u64, Type)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let ty = match size - at {
            0 => return None,
            16.. => I8X16,
            8.. => I64,
            4.. => I32,
            2.. => I16,
            _ => I8,
        };
        let offset = at;
        at += u64::from(ty.bytes());
        Some((offset, ty))
    })
}
