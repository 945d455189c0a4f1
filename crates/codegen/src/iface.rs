//! Interfaces: boxing, assertions, conversions between them.
//!
//! An interface with methods has a method table as its type word, an empty one the type's descriptor. Lookups of tables by type are
//! remembered per site in one static word: a table names its type, so one load and one comparison tell whether it is the right one.

use crate::func::{FuncCx, TRAP_UNREACHABLE};
use crate::layout::clif_type;
use crate::rvalue::one;
use crate::statics::SMALL_INTS;
use crate::value::{Addr, Base, Scalars, Val};
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::{I8, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, Value};
use mini_abi::builtins::Builtin;
use mini_abi::types::Itab;
use mini_mir::layout::ScalarKind;
use mini_mir::{Const, ConstValue, Operand, SiteId, TyId, TyKind};
use std::mem::offset_of;

impl FuncCx<'_> {
    fn has_methods(&self, interface: TyId) -> bool {
        match self.types.kind(interface) {
            TyKind::Interface(methods) => !methods.is_empty(),
            other => panic!("{other:?} is no interface"),
        }
    }

    // --- boxing ---------------------------------------------------------------------------------

    pub(crate) fn make_interface(&mut self, site: SiteId, interface: TyId, value: &Operand) -> Val {
        let ty = self.operand_ty(value);
        let data = self.box_value(site, ty, value);
        let word = self.jit.type_word(interface, ty);
        let word = self.int(word as i64);
        Val::Flat(Scalars::from_slice(&[word, data]))
    }

    fn box_value(&mut self, site: SiteId, ty: TyId, value: &Operand) -> Value {
        if self.types.is_pointer_shaped(ty) {
            return self.scalar(value);
        }
        if self.size_of(ty) == 0 {
            // Nothing to read, but reading may fault.
            self.operand(value);
            let zeros = self.jit.statics().zeros(1);
            return self.int(zeros as i64);
        }
        if let Some(at) = value.as_const().and_then(|c| self.static_constant(c)) {
            return self.int(at as i64);
        }
        if self.in_frame(site) {
            let slot = self.site_slot(site);
            let value = self.operand(value);
            let at = Addr::frame(Base::Slot(slot), 0);
            self.store_value(at, ty, &value);
            return self.addr_value(at);
        }
        if self.types.is_integer(ty) || matches!(self.types.kind(ty), TyKind::Bool) {
            return self.box_int(ty, value);
        }
        let object = self.new_object(ty);
        let value = self.operand(value);
        self.store_value(Addr::heap(object), ty, &value);
        object
    }

    /// Small integers have their boxes in a table.
    fn box_int(&mut self, ty: TyId, operand: &Operand) -> Value {
        let table = self.jit.statics().small_ints() as i64;
        let value = self.scalar(operand);
        let wide = match self.b.func.dfg.value_type(value) {
            I64 => value,
            _ => self.b.ins().uextend(I64, value),
        };
        let offset = self.b.ins().ishl_imm_u(wide, 3);
        let entry = self.b.ins().iadd_imm_s(offset, table);
        if self.size_of(ty) == 1 {
            return entry;
        }
        let allocate = self.b.create_block();
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, I64);
        let is_small = self
            .b
            .ins()
            .icmp_imm_s(IntCC::UnsignedLessThan, wide, SMALL_INTS as i64);
        self.b
            .ins()
            .brif(is_small, done, &[entry.into()], allocate, &[]);
        self.continue_in(allocate);
        let object = self.new_object(ty);
        let value = self.scalar(operand);
        self.store_plain(value, Addr::heap(object));
        self.b.ins().jump(done, &[object.into()]);
        self.continue_in(done);
        result
    }

    /// A constant in static memory.
    fn static_constant(&mut self, c: &Const) -> Option<usize> {
        let statics = self.jit.statics();
        let bytes: Vec<u8> = match &c.value {
            ConstValue::Zero => return Some(statics.zeros(self.size_of(c.ty) as usize)),
            ConstValue::Bool(value) => vec![u8::from(*value)],
            ConstValue::Int(value) => value.to_le_bytes()[..self.size_of(c.ty) as usize].to_vec(),
            ConstValue::Float(value) => match self.flat(c.ty)[0].kind {
                ScalarKind::F32 => (*value as f32).to_le_bytes().to_vec(),
                _ => value.to_le_bytes().to_vec(),
            },
            ConstValue::Complex(re, im) => match self.flat(c.ty)[0].kind {
                ScalarKind::F32 => {
                    [(*re as f32).to_le_bytes(), (*im as f32).to_le_bytes()].concat()
                }
                _ => [re.to_le_bytes(), im.to_le_bytes()].concat(),
            },
            ConstValue::Str(text) => {
                let at = match text.is_empty() {
                    true => 0,
                    false => statics.bytes(text),
                };
                [(at as u64).to_le_bytes(), (text.len() as u64).to_le_bytes()].concat()
            }
            ConstValue::Func(_) => return None,
        };
        Some(statics.bytes(&bytes))
    }

    /// The value in an interface's data word.
    pub(crate) fn unbox(&mut self, data: Value, ty: TyId) -> Val {
        if self.types.is_pointer_shaped(ty) {
            return one(data);
        }
        self.load_value(Addr::constant(data), ty)
    }

    // --- types of interface values --------------------------------------------------------------

    /// The dynamic type of an interface value, or null.
    fn dynamic_type(&mut self, word: Value, interface: TyId) -> Value {
        match self.has_methods(interface) {
            true => self.table_type(word),
            false => word,
        }
    }

    /// Whether the value has the concrete type.
    fn has_type(&mut self, word: Value, interface: TyId, concrete: TyId) -> Value {
        let ty = self.dynamic_type(word, interface);
        let wanted = self.descriptor(concrete);
        self.b.ins().icmp(IntCC::Equal, ty, wanted)
    }

    /// The method table of a type (maybe null) for an interface with methods, or null.
    fn find_table(&mut self, interface: TyId, ty: Value) -> Value {
        let cache = self.jit.table_cache();
        let cache = self.int(cache as i64);
        let miss = self.b.create_block();
        let unknown = self.cold_block();
        let found = self.cold_block();
        let missing = self.cold_block();
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, I64);
        let flags = MemFlagsData::trusted();
        let table = self.b.ins().load(I64, flags, cache, 0);
        let table_type = self
            .b
            .ins()
            .load(I64, flags, table, offset_of!(Itab, ty) as i32);
        let hit = self.b.ins().icmp(IntCC::Equal, table_type, ty);
        self.b.ins().brif(hit, done, &[table.into()], miss, &[]);
        self.continue_in(miss);
        let zero = self.int(0);
        let without = self.b.ins().load(I64, flags, cache, 8);
        let is_known = self.b.ins().icmp(IntCC::Equal, without, ty);
        self.b
            .ins()
            .brif(is_known, done, &[zero.into()], unknown, &[]);
        self.continue_in(unknown);
        let desc = self.descriptor(interface);
        let table = self.builtin(Builtin::find_itab, &[desc, ty])[0];
        self.b.ins().brif(table, found, &[], missing, &[]);
        self.continue_in(missing);
        self.b.ins().store(flags, ty, cache, 8);
        self.b.ins().jump(done, &[zero.into()]);
        self.continue_in(found);
        self.b.ins().store(flags, table, cache, 0);
        self.b.ins().jump(done, &[table.into()]);
        self.continue_in(done);
        result
    }

    /// The type word that a dynamic type has in the interface type, or null.
    fn word_for(&mut self, interface: TyId, ty: Value) -> Value {
        match self.has_methods(interface) {
            true => self.find_table(interface, ty),
            false => ty,
        }
    }

    pub(crate) fn type_is(&mut self, value: &Operand, ty: TyId) -> Value {
        let interface = self.operand_ty(value);
        let words = self.scalars(value);
        if !self.types.is_interface(ty) {
            return self.has_type(words[0], interface, ty);
        }
        let dynamic = self.dynamic_type(words[0], interface);
        let word = self.word_for(ty, dynamic);
        self.is_not_null(word)
    }

    pub(crate) fn convert_interface(&mut self, value: &Operand, ty: TyId) -> Val {
        let interface = self.operand_ty(value);
        let words = self.scalars(value);
        if interface == ty || !self.has_methods(interface) && !self.has_methods(ty) {
            return Val::Flat(words);
        }
        let dynamic = self.dynamic_type(words[0], interface);
        let word = self.word_for(ty, dynamic);
        Val::Flat(Scalars::from_slice(&[word, words[1]]))
    }

    // --- assertions -------------------------------------------------------------------------------

    /// x.(T); `ty` is the type of the result, a tuple with `comma_ok`.
    pub(crate) fn type_assert(
        &mut self,
        value: &Operand,
        wanted: TyId,
        comma_ok: bool,
        ty: TyId,
    ) -> Val {
        let interface = self.operand_ty(value);
        let words = self.scalars(value);
        if self.types.is_interface(wanted) {
            return self.assert_interface(interface, &words, wanted, comma_ok);
        }
        let ok = self.has_type(words[0], interface, wanted);
        if !comma_ok {
            self.assert_type(ok, interface, words[0], wanted);
            return self.unbox(words[1], wanted);
        }
        self.checked_unbox(ok, words[1], wanted, ty)
    }

    /// (value, ok): the zero value if not `ok`.
    fn checked_unbox(&mut self, ok: Value, data: Value, wanted: TyId, ty: TyId) -> Val {
        if self.types.is_pointer_shaped(wanted) {
            let zero = self.int(0);
            let data = self.b.ins().select(ok, data, zero);
            return self.tuple(ty, &[one(data), one(ok)]);
        }
        if !self.is_flat(wanted) {
            let zeros = self.jit.statics().zeros(self.size_of(wanted) as usize);
            let zeros = self.int(zeros as i64);
            let from = self.b.ins().select(ok, data, zeros);
            let value = Val::Memory(Addr::constant(from));
            return self.tuple(ty, &[value, one(ok)]);
        }
        let read = self.b.create_block();
        let done = self.b.create_block();
        let results: Scalars = self
            .flat(wanted)
            .iter()
            .map(|s| self.b.append_block_param(done, clif_type(s.kind)))
            .collect();
        let zeros = self.zero_scalars(wanted);
        let zeros: Vec<_> = zeros.into_iter().map(Into::into).collect();
        self.b.ins().brif(ok, read, &[], done, &zeros);
        self.continue_in(read);
        let loaded = self.load_scalars(Addr::constant(data), wanted);
        let loaded: Vec<_> = loaded.into_iter().map(Into::into).collect();
        self.b.ins().jump(done, &loaded);
        self.continue_in(done);
        debug_assert_eq!(self.b.func.dfg.value_type(ok), I8);
        self.tuple(ty, &[Val::Flat(results), one(ok)])
    }

    /// Raises unless `ok`.
    fn assert_type(&mut self, ok: Value, interface: TyId, word: Value, wanted: TyId) {
        let bad = self.cold_block();
        let good = self.b.create_block();
        self.b.ins().brif(ok, good, &[], bad, &[]);
        self.continue_in(bad);
        let dynamic = self.dynamic_type(word, interface);
        let (from, to) = (self.descriptor(interface), self.descriptor(wanted));
        self.builtin(Builtin::raise_type_assertion, &[from, dynamic, to]);
        self.b.ins().trap(TRAP_UNREACHABLE);
        self.continue_in(good);
    }

    fn assert_interface(
        &mut self,
        interface: TyId,
        words: &[Value],
        wanted: TyId,
        comma_ok: bool,
    ) -> Val {
        let dynamic = self.dynamic_type(words[0], interface);
        let word = self.word_for(wanted, dynamic);
        let ok = self.is_not_null(word);
        if !comma_ok {
            self.assert_type(ok, interface, words[0], wanted);
            return Val::Flat(Scalars::from_slice(&[word, words[1]]));
        }
        let zero = self.int(0);
        let data = self.b.ins().select(ok, words[1], zero);
        Val::Flat(Scalars::from_slice(&[word, data, ok]))
    }
}
