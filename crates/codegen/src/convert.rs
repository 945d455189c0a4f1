//! Conversions that change representation.
//!
//! Floats become integers as amd64's `cvttsd2sq` and Go's code around it do: what is out of range becomes the least integer of
//! the 32- or 64-bit conversion, of which the narrower types keep the low bits.

use crate::alloc::RUNE_BUFFER;
use crate::func::FuncCx;
use crate::layout::clif_type;
use crate::rvalue::one;
use crate::value::{Scalars, Val};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{F32, F64, I32, I64};
use cranelift_codegen::ir::{InstBuilder, Type, Value};
use mini_abi::builtins::Builtin;
use mini_abi::panics::PanicCode;
use mini_mir::{ConvertKind, Operand, SiteId, Storage, TyId, TyKind};

impl FuncCx<'_> {
    pub(crate) fn convert(
        &mut self,
        kind: ConvertKind,
        operand: &Operand,
        ty: TyId,
        site: Option<SiteId>,
    ) -> Val {
        let from = self.operand_ty(operand);
        match kind {
            ConvertKind::Same => self.operand(operand),
            ConvertKind::Numeric => {
                let values = self.scalars(operand);
                Val::Flat(self.convert_numeric(&values, from, ty))
            }
            ConvertKind::RuneToString => {
                let rune = self.scalar64(operand);
                let out = self.builtin(Builtin::string_from_rune, &[rune]);
                Val::Flat(Scalars::from_vec(out))
            }
            ConvertKind::StringToBytes => {
                let words = self.scalars(operand);
                self.root(words[0]);
                let buffer = self.buffer(site);
                let out = self.builtin(Builtin::bytes_from_string, &[words[0], words[1], buffer]);
                // Go shares the string's bytes, and has no more than those.
                let is_read_only =
                    site.is_some_and(|site| self.decisions.read_only.contains(&site));
                let cap = if is_read_only { words[1] } else { out[1] };
                Val::Flat(Scalars::from_slice(&[out[0], words[1], cap]))
            }
            ConvertKind::StringToRunes => {
                let words = self.scalars(operand);
                self.root(words[0]);
                let is_local =
                    site.is_some_and(|site| self.decisions.sites[site] == Storage::Stack);
                let least = self.int(if is_local { RUNE_BUFFER } else { 0 });
                let capacity = self.scratch(8);
                let at = self.b.ins().stack_addr(I64, capacity, 0);
                let args = [words[0], words[1], least, at];
                let out = self.builtin(Builtin::runes_from_string, &args);
                let cap = self.b.ins().stack_load(I64, I64, capacity, 0);
                Val::Flat(Scalars::from_slice(&[out[0], out[1], cap]))
            }
            ConvertKind::BytesToString => {
                let words = self.scalars(operand);
                self.root(words[0]);
                let buffer = self.buffer(site);
                let args = [words[0], words[1], buffer];
                let out = self.builtin(Builtin::string_from_bytes, &args);
                Val::Flat(Scalars::from_vec(out))
            }
            ConvertKind::RunesToString => {
                let words = self.scalars(operand);
                self.root(words[0]);
                let out = self.builtin(Builtin::string_from_runes, &words[..2]);
                Val::Flat(Scalars::from_vec(out))
            }
            ConvertKind::SliceToArrayPointer => {
                let words = self.scalars(operand);
                let TyKind::Pointer(array) = *self.types.kind(ty) else {
                    panic!("conversion of a slice to {}", self.jit.type_name(ty));
                };
                let TyKind::Array(_, n) = *self.types.kind(array) else {
                    panic!("conversion of a slice to {}", self.jit.type_name(ty));
                };
                let n = self.int(n as i64);
                let ok = self
                    .b
                    .ins()
                    .icmp(IntCC::UnsignedGreaterThanOrEqual, words[1], n);
                self.check(ok, PanicCode::SliceConvert, words[1], n);
                one(words[0])
            }
        }
    }

    /// Address of the site's buffer in the frame, or null if the result goes to the heap.
    pub(crate) fn buffer(&mut self, site: Option<SiteId>) -> Value {
        match site {
            Some(site) if self.decisions.sites[site] == Storage::Stack => {
                let slot = self.site_slot(site);
                self.b.ins().stack_addr(I64, slot, 0)
            }
            _ => self.int(0),
        }
    }

    fn convert_numeric(&mut self, values: &[Value], from: TyId, to: TyId) -> Scalars {
        if self.types.is_complex(from) {
            let part = self.flat(to)[0].kind;
            return values
                .iter()
                .map(|&v| self.convert_float(v, clif_type(part)))
                .collect();
        }
        let value = values[0];
        let target = clif_type(self.flat(to)[0].kind);
        let out = match (self.types.is_float(from), self.types.is_float(to)) {
            (true, true) => self.convert_float(value, target),
            (true, false) => self.float_to_int(value, to, target),
            (false, true) => self.int_to_float(value, from, target),
            (false, false) => self.resize(value, from, target),
        };
        Scalars::from_slice(&[out])
    }

    fn convert_float(&mut self, value: Value, target: Type) -> Value {
        match (self.b.func.dfg.value_type(value), target) {
            (F32, F64) => self.b.ins().fpromote(F64, value),
            (F64, F32) => self.b.ins().fdemote(F32, value),
            _ => value,
        }
    }

    fn resize(&mut self, value: Value, from: TyId, target: Type) -> Value {
        let source = self.b.func.dfg.value_type(value);
        if target.bits() < source.bits() {
            self.b.ins().ireduce(target, value)
        } else if target.bits() == source.bits() {
            value
        } else if self.types.is_signed(from) {
            self.b.ins().sextend(target, value)
        } else {
            self.b.ins().uextend(target, value)
        }
    }

    fn int_to_float(&mut self, value: Value, from: TyId, target: Type) -> Value {
        let is_wide = self.b.func.dfg.value_type(value) == I64;
        let wide = self.extend(value, from);
        // A narrower unsigned integer is a positive 64-bit one.
        if self.types.is_signed(from) || !is_wide {
            self.b.ins().fcvt_from_sint(target, wide)
        } else {
            self.b.ins().fcvt_from_uint(target, wide)
        }
    }

    fn float_to_int(&mut self, value: Value, to: TyId, target: Type) -> Value {
        let value = self.convert_float(value, F64);
        let is_signed = self.types.is_signed(to);
        match (target, is_signed) {
            (I64, true) => self.truncate_float(value, I64),
            (I64, false) => {
                // Below 2^63 the signed conversion; beyond, that of the difference, with the top bit set.
                let near = self.truncate_float(value, I64);
                let limit = self.b.ins().f64const(9_223_372_036_854_775_808.0);
                let rest = self.b.ins().fsub(value, limit);
                let far = self.truncate_float(rest, I64);
                let mask = self.b.ins().sshr_imm_u(near, 63);
                let far = self.b.ins().band(far, mask);
                self.b.ins().bor(near, far)
            }
            (I32, false) => {
                let wide = self.truncate_float(value, I64);
                self.b.ins().ireduce(I32, wide)
            }
            (I32, true) => self.truncate_float(value, I32),
            _ => {
                let word = self.truncate_float(value, I32);
                self.b.ins().ireduce(target, word)
            }
        }
    }

    /// Truncation toward zero; the least integer for what does not fit and for NaN.
    fn truncate_float(&mut self, value: Value, target: Type) -> Value {
        let (limit, least) = match target {
            I32 => (2_147_483_648.0, i64::from(u32::MAX / 2 + 1)),
            _ => (9_223_372_036_854_775_808.0, i64::MIN),
        };
        // Saturation is right below and in range; above, and for NaN, it is not.
        let saturated = self.b.ins().fcvt_to_sint_sat(target, value);
        let limit = self.b.ins().f64const(limit);
        let below = self.b.ins().fcmp(FloatCC::LessThan, value, limit);
        let least = self.b.ins().iconst(target, least);
        self.b.ins().select(below, saturated, least)
    }
}
