//! Equality of any two values of a type: inline where that is short, by the runtime otherwise.

use crate::func::FuncCx;
use crate::helpers::Helper;
use crate::type_desc::is_plain_memory;
use crate::value::{Addr, Val};
use cranelift_codegen::ir::condcodes::{FloatCC, IntCC};
use cranelift_codegen::ir::types::{I8, I16, I32, I64};
use cranelift_codegen::ir::{Block, InstBuilder, Type, Value};
use mini_abi::builtins::Builtin;
use mini_abi::types::Itab;
use mini_mir::{ConstValue, Operand, TyId, TyKind};
use std::mem::offset_of;

/// Longest string of a known length that is compared inline.
const INLINE_STRING: usize = 32;

/// A string of a known length, to compare with.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    Constant(&'a [u8]),
    /// A pointer to so many bytes.
    InMemory(Value, usize),
}

impl FuncCx<'_> {
    pub(crate) fn equal_operands(&mut self, a: &Operand, b: &Operand) -> Value {
        let ty = self.operand_ty(a);
        for (constant, other) in [(a, b), (b, a)] {
            let Some(constant) = constant.as_const() else {
                continue;
            };
            match (&constant.value, self.types.kind(ty)) {
                (ConstValue::Zero, _) if is_nilable(self.types.kind(ty)) => {
                    let words = self.scalars(other);
                    return self.b.ins().icmp_imm_s(IntCC::Equal, words[0], 0);
                }
                (ConstValue::Zero, TyKind::String) => {
                    let words = self.scalars(other);
                    return self.b.ins().icmp_imm_s(IntCC::Equal, words[1], 0);
                }
                (ConstValue::Str(bytes), TyKind::String) if bytes.len() <= INLINE_STRING => {
                    let words = self.scalars(other);
                    return self.equal_short(words[0], words[1], Wanted::Constant(bytes));
                }
                _ => {}
            }
        }
        if self.is_flat(ty) {
            let (x, y) = (self.scalars(a), self.scalars(b));
            return self.equal_flat(ty, &x, &y);
        }
        let (x, y) = (self.operand(a), self.operand(b));
        let (x, y) = (self.in_memory(&x, ty), self.in_memory(&y, ty));
        self.equal_memory(ty, x, y)
    }

    fn equal_memory(&mut self, ty: TyId, x: Addr, y: Addr) -> Value {
        let (x, y) = (self.probed(x), self.probed(y));
        let (x, y) = (self.addr_value(x), self.addr_value(y));
        if is_plain_memory(self.jit.program(), self.jit.layouts(), ty) {
            let size = self.int(self.size_of(ty) as i64);
            return self.builtin(Builtin::equal_memory, &[x, y, size])[0];
        }
        let desc = self.descriptor(ty);
        self.builtin(Builtin::equal_values, &[desc, x, y])[0]
    }

    /// Equality of flat values, field by field; stops at the first difference before anything that calls.
    pub(crate) fn equal_flat(&mut self, ty: TyId, x: &[Value], y: &[Value]) -> Value {
        let mut parts = vec![];
        self.leaves(ty, 0, &mut parts);
        let mut result = None;
        let mut done: Option<(Block, Value)> = None;
        for (leaf, first) in parts {
            let calls = matches!(self.types.kind(leaf), TyKind::String | TyKind::Interface(_));
            if calls && let Some(so_far) = result {
                // A difference so far decides; a panic in what follows must not happen.
                let (block, _) = *done.get_or_insert_with(|| {
                    let block = self.b.create_block();
                    (block, self.b.append_block_param(block, I8))
                });
                let next = self.b.create_block();
                let no = self.bool(false);
                self.b.ins().brif(so_far, next, &[], block, &[no.into()]);
                self.continue_in(next);
                result = None;
            }
            let n = self.flat(leaf).len();
            let equal = self.equal_leaf(leaf, &x[first..first + n], &y[first..first + n]);
            result = Some(match result {
                None => equal,
                Some(so_far) => self.b.ins().band(so_far, equal),
            });
        }
        let result = match result {
            Some(result) => result,
            None => self.bool(true),
        };
        match done {
            None => result,
            Some((block, out)) => {
                self.b.ins().jump(block, &[result.into()]);
                self.continue_in(block);
                out
            }
        }
    }

    /// The parts of a flat type that are compared, with the index of their first scalar.
    fn leaves(&self, ty: TyId, first: usize, out: &mut Vec<(TyId, usize)>) {
        match self.types.kind(ty) {
            TyKind::Struct(fields) => {
                let mut at = first;
                for field in fields.iter() {
                    if &*field.name != "_" {
                        self.leaves(field.ty, at, out);
                    }
                    at += self.flat(field.ty).len();
                }
            }
            TyKind::Array(elem, 1) => self.leaves(*elem, first, out),
            TyKind::Array(..) => {}
            _ => out.push((ty, first)),
        }
    }

    fn equal_leaf(&mut self, ty: TyId, x: &[Value], y: &[Value]) -> Value {
        match self.types.kind(ty) {
            TyKind::Float32 | TyKind::Float64 => self.b.ins().fcmp(FloatCC::Equal, x[0], y[0]),
            TyKind::Complex64 | TyKind::Complex128 => {
                let re = self.b.ins().fcmp(FloatCC::Equal, x[0], y[0]);
                let im = self.b.ins().fcmp(FloatCC::Equal, x[1], y[1]);
                self.b.ins().band(re, im)
            }
            TyKind::String => self.equal_strings(x, y),
            TyKind::Interface(methods) => {
                let has_methods = !methods.is_empty();
                self.equal_interfaces(x, y, has_methods)
            }
            _ => self.b.ins().icmp(IntCC::Equal, x[0], y[0]),
        }
    }

    pub(crate) fn equal_strings(&mut self, x: &[Value], y: &[Value]) -> Value {
        for (known, other) in [(x, y), (y, x)] {
            let len = self.known_int(known[1]).map(|len| len as usize);
            if let Some(len) = len.filter(|&len| len <= INLINE_STRING) {
                return self.equal_short(other[0], other[1], Wanted::InMemory(known[0], len));
            }
        }
        let same_len = self.b.create_block();
        let bytes = self.b.create_block();
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, I8);
        let (yes, no) = (self.bool(true), self.bool(false));
        let equal = self.b.ins().icmp(IntCC::Equal, x[1], y[1]);
        self.b.ins().brif(equal, same_len, &[], done, &[no.into()]);
        self.continue_in(same_len);
        let same = self.b.ins().icmp(IntCC::Equal, x[0], y[0]);
        self.b.ins().brif(same, done, &[yes.into()], bytes, &[]);
        self.continue_in(bytes);
        let value = self.helper(Helper::Equal, &[x[0], y[0], x[1]]);
        let value = value.expect("has a result");
        self.b.ins().jump(done, &[value.into()]);
        self.continue_in(done);
        result
    }

    /// A string against a short one.
    fn equal_short(&mut self, pointer: Value, len: Value, wanted: Wanted<'_>) -> Value {
        let n = match wanted {
            Wanted::Constant(bytes) => bytes.len(),
            Wanted::InMemory(_, n) => n,
        };
        let same_len = self.b.ins().icmp_imm_s(IntCC::Equal, len, n as i64);
        if n == 0 {
            return same_len;
        }
        let compare = self.b.create_block();
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, I8);
        let no = self.bool(false);
        self.b
            .ins()
            .brif(same_len, compare, &[], done, &[no.into()]);
        self.continue_in(compare);
        let mut difference = None;
        for (ty, at) in pieces(n) {
            let got = self.load(ty, Addr::constant(pointer).at(at as u64));
            let wanted = match wanted {
                Wanted::Constant(bytes) => {
                    let mut word = [0; 8];
                    let width = ty.bytes() as usize;
                    word[..width].copy_from_slice(&bytes[at..at + width]);
                    self.b.ins().iconst(ty, u64::from_le_bytes(word) as i64)
                }
                Wanted::InMemory(pointer, _) => {
                    self.load(ty, Addr::constant(pointer).at(at as u64))
                }
            };
            let diff = self.b.ins().bxor(got, wanted);
            let diff = match ty {
                I64 => diff,
                _ => self.b.ins().uextend(I64, diff),
            };
            difference = Some(match difference {
                None => diff,
                Some(before) => self.b.ins().bor(before, diff),
            });
        }
        let any = difference.expect("not empty");
        let equal = self.b.ins().icmp_imm_s(IntCC::Equal, any, 0);
        self.b.ins().jump(done, &[equal.into()]);
        self.continue_in(done);
        result
    }

    fn equal_interfaces(&mut self, x: &[Value], y: &[Value], has_methods: bool) -> Value {
        let same = self.b.create_block();
        let data = self.b.create_block();
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, I8);
        let (yes, no) = (self.bool(true), self.bool(false));
        let (a, b) = match has_methods {
            true => (self.table_type(x[0]), self.table_type(y[0])),
            false => (x[0], y[0]),
        };
        let equal = self.b.ins().icmp(IntCC::Equal, a, b);
        self.b.ins().brif(equal, same, &[], done, &[no.into()]);
        self.continue_in(same);
        self.b.ins().brif(a, data, &[], done, &[yes.into()]);
        self.continue_in(data);
        let value = self.builtin(Builtin::equal_interface_data, &[a, x[1], y[1]])[0];
        self.b.ins().jump(done, &[value.into()]);
        self.continue_in(done);
        result
    }

    /// The concrete type behind the type word of an interface with methods; null for nil.
    pub(crate) fn table_type(&mut self, table: Value) -> Value {
        let read = self.b.create_block();
        let done = self.b.create_block();
        let result = self.b.append_block_param(done, I64);
        let zero = self.int(0);
        self.b.ins().brif(table, read, &[], done, &[zero.into()]);
        self.continue_in(read);
        let ty = self.load(I64, Addr::constant(table).at(offset_of!(Itab, ty) as u64));
        self.b.ins().jump(done, &[ty.into()]);
        self.continue_in(done);
        result
    }

    /// The value in memory or scratch memory, as an address for the runtime.
    pub(crate) fn address_of(&mut self, value: &Val, ty: TyId) -> Value {
        let addr = self.in_memory(value, ty);
        let addr = self.probed(addr);
        self.addr_value(addr)
    }
}

/// Words that cover `n` bytes, with their places. The last overlaps its neighbour where that saves some.
fn pieces(n: usize) -> Vec<(Type, usize)> {
    let (ty, width) = match n {
        8.. => (I64, 8),
        4.. => (I32, 4),
        2.. => (I16, 2),
        _ => (I8, 1),
    };
    let mut out: Vec<_> = (0..n / width).map(|i| (ty, i * width)).collect();
    if !n.is_multiple_of(width) {
        out.push((ty, n - width));
    }
    out
}

fn is_nilable(kind: &TyKind) -> bool {
    use TyKind::*;
    matches!(
        kind,
        Pointer(_) | Slice(_) | Map(..) | Chan(..) | Func(_) | Interface(_) | UnsafePointer
    )
}
