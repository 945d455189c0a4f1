//! Checks, panics, defer, recover.
//!
//! A failed check calls the language item `runtime.raise(code, a, b)` directly from a block of its own. The call does not
//! return: behind it stands a trap, and its stack map names what a landing pad may read.
//!
//! # Functions with `defer`
//!
//! Each `defer` statement registers its closure in the goroutine's stack of records (`mini_runtime`'s `defers`); only where that is
//! full the runtime is called, with a `try_call`, whose exceptional edge goes to the function's landing pad. The runtime jumps there, with this frame's stack pointer and frame pointer, when a deferred function has recovered; the pad runs
//! the remaining deferred calls and returns the result locals. It can be entered from any call or fault of the frame, when
//! registers and spill slots hold anything, so it reads explicit slots alone: results live in slots (or in boxes whose pointers
//! have home words), and every map of the function names their pointers. [`crate::unshare`] checks that nothing else slips in.

use crate::func::{FuncCx, TRAP_UNREACHABLE};
use crate::layout::clif_type;
use crate::link::Target;
use crate::safepoint::Words;
use cranelift_codegen::ir::condcodes::IntCC;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{
    AbiParam, Block, BlockCall, ExceptionTableData, ExceptionTableItem, InstBuilder, MemFlagsData,
    Signature, Value,
};
use cranelift_codegen::isa::CallConv;
use mini_abi::builtins::Builtin;
use mini_abi::g::{Defer, GHeader};
use mini_abi::panics::{LangItem, PanicCode};
use mini_mir::{Operand, TyId};
use std::mem::offset_of;

impl FuncCx<'_> {
    /// Raises a panic unless `ok`.
    pub(crate) fn check(&mut self, ok: Value, code: PanicCode, a: Value, b: Value) {
        self.check_code(ok, code as u64, a, b);
    }

    /// [`Self::check`] with a code that may have [`PanicCode::UNSIGNED`].
    pub(crate) fn check_code(&mut self, ok: Value, code: u64, a: Value, b: Value) {
        self.check_after(ok, code, a, b, |_| {});
    }

    /// [`Self::check_code`], with code that runs in front of the panic.
    pub(crate) fn check_after(
        &mut self,
        ok: Value,
        code: u64,
        a: Value,
        b: Value,
        front: impl FnOnce(&mut Self),
    ) {
        let bad = self.cold_block();
        let good = self.b.create_block();
        self.b.ins().brif(ok, good, &[], bad, &[]);
        self.continue_in(bad);
        front(self);
        self.raise_code(code, a, b);
        self.continue_in(good);
    }

    /// Raises a panic; ends the block.
    pub(crate) fn raise(&mut self, code: PanicCode, a: Value, b: Value) {
        self.raise_code(code as u64, a, b);
    }

    fn raise_code(&mut self, code: u64, a: Value, b: Value) {
        let Some(&raise) = self.jit.program().lang_items.get(LangItem::Raise as usize) else {
            // Only hand-made programs lack the item; their checks must not fail.
            self.b.ins().trap(TRAP_UNREACHABLE);
            return;
        };
        let func = self.func_ref(Target::Unit(raise.0), |cx| {
            let ints = [TyId::INT; 3];
            let convention = cx.jit.layouts().convention(&ints, &[], false);
            cx.b.import_signature(convention.signature)
        });
        let code = self.int(code as i64);
        let call = self.b.ins().call(func, &[code, a, b]);
        self.name_always(call);
        self.b.ins().trap(TRAP_UNREACHABLE);
    }

    /// panic(v): the words of an `interface{}`. Ends the block.
    pub(crate) fn go_panic(&mut self, words: &[Value]) {
        let func = self.func_ref(Target::GoPanic, |cx| {
            let mut signature = Signature::new(CallConv::Tail);
            signature.params = vec![AbiParam::new(I64); 2];
            cx.b.import_signature(signature)
        });
        let call = self.b.ins().call(func, words);
        self.name_always(call);
        self.b.ins().trap(TRAP_UNREACHABLE);
    }

    fn pad_block(&mut self) -> Block {
        match self.pad {
            Some(pad) => pad,
            None => {
                let pad = self.cold_block();
                self.pad = Some(pad);
                pad
            }
        }
    }

    /// defer of a closure, or of the closures in a list
    pub(crate) fn defer(&mut self, what: &Operand, is_list: bool) {
        let what = self.scalar(what);
        let top = self.load_g(offset_of!(GHeader, defer_top));
        let end = self.load_g(offset_of!(GHeader, defer_end));
        // The runtime makes room, and puts something in the place of nil.
        let is_full = self.b.ins().icmp(IntCC::Equal, top, end);
        let is_nil = self.b.ins().icmp_imm_u(IntCC::Equal, what, 0);
        let is_slow = self.b.ins().bor(is_full, is_nil);
        let is_list = self.int(i64::from(is_list));
        let [push, done] = [(); 2].map(|()| self.b.create_block());
        let slow = self.cold_block();
        self.b.ins().brif(is_slow, slow, &[], push, &[]);

        self.continue_in(push);
        let fp = self.b.ins().get_frame_pointer(I64);
        let words = [
            (offset_of!(Defer, closure), what),
            (offset_of!(Defer, fp), fp),
            (offset_of!(Defer, is_list), is_list),
        ];
        let flags = MemFlagsData::trusted();
        for (offset, word) in words {
            self.b.ins().store(flags, word, top, offset as i32);
        }
        let above = self.b.ins().iadd_imm_s(top, size_of::<Defer>() as i64);
        self.store_g(offset_of!(GHeader, defer_top), above);
        self.b.ins().jump(done, &[]);

        self.continue_in(slow);
        self.root(what);
        let (func, args) = self.builtin_call(Builtin::defer_push, &[what, is_list]);
        let pad = self.pad_block();
        let normal = self.cold_block();
        let signature = self.b.func.dfg.ext_funcs[func].signature;
        let pool = &mut self.b.func.dfg.value_lists;
        let to_normal = BlockCall::new(normal, [], pool);
        let to_pad = BlockCall::new(pad, [], pool);
        let table =
            ExceptionTableData::new(signature, to_normal, [ExceptionTableItem::Default(to_pad)]);
        let table = self.b.func.dfg.exception_tables.push(table);
        let call = self.b.ins().try_call(func, &args, table);
        self.name_live(call);
        self.continue_in(normal);
        self.reload();
        self.b.ins().jump(done, &[]);
        self.continue_in(done);
    }

    /// Calls what this call of the function deferred, newest first.
    pub(crate) fn run_defers(&mut self) {
        let [head, take, closure, list, call, done] = [(); 6].map(|()| self.b.create_block());
        self.b.set_cold_block(list);
        let flags = MemFlagsData::trusted();
        let to_call = self.b.append_block_param(call, I64);
        self.b.ins().jump(head, &[]);

        self.b.switch_to_block(head);
        let top = self.load_g(offset_of!(GHeader, defer_top));
        let newest = self.b.ins().iadd_imm_s(top, -(size_of::<Defer>() as i64));
        let field =
            |cx: &mut Self, offset: usize| cx.b.ins().load(I64, flags, newest, offset as i32);
        let of = field(self, offset_of!(Defer, fp));
        let fp = self.b.ins().get_frame_pointer(I64);
        let is_ours = self.b.ins().icmp(IntCC::Equal, of, fp);
        self.b.ins().brif(is_ours, take, &[], done, &[]);

        self.continue_in(take);
        let is_list = field(self, offset_of!(Defer, is_list));
        self.b.ins().brif(is_list, list, &[], closure, &[]);

        self.continue_in(closure);
        let what = field(self, offset_of!(Defer, closure));
        self.store_g(offset_of!(GHeader, defer_top), newest);
        self.b.ins().jump(call, &[what.into()]);

        self.continue_in(list);
        let frame = self.int(0);
        let what = self.builtin(Builtin::defer_pop, &[frame])[0];
        let some = self.is_not_null(what);
        self.b.ins().brif(some, call, &[what.into()], head, &[]);

        self.continue_in(call);
        self.call_closure(TyId::FUNC, to_call, &[]);
        self.b.ins().jump(head, &[]);
        self.b.seal_block(head);
        self.continue_in(done);
    }

    /// The landing pad, behind everything else. Words that it relies on, for the side tables.
    pub(crate) fn landing_pad(&mut self) -> Option<Words> {
        let pad = self.pad?;
        self.continue_in(pad);
        self.set_position(self.body.span.end, 0);
        let locals: Vec<_> = self.body.locals.ids().collect();
        for local in locals {
            if self.flow.always.live.contains(local.0 as usize) {
                self.reload_local(local);
            }
        }
        self.live = Some(self.flow.always.clone());
        self.reload();
        self.run_defers();
        self.return_(self.body.span.end, 0);
        Some(self.always_words())
    }

    /// recover()
    pub(crate) fn recover(&mut self) -> Vec<Value> {
        let frame = self.int(0);
        self.builtin(Builtin::recover, &[frame])
    }

    // --- arithmetic that can fail -----------------------------------------------------------------

    /// `x / y` or `x % y` of integers.
    pub(crate) fn divide(&mut self, x: Value, y: Value, ty: TyId, want_rem: bool) -> Value {
        let is_signed = self.types.is_signed(ty);
        let constant = self.constant_of(y);
        if let Some(divisor) = constant {
            match divisor {
                0 => {
                    let zero = self.int(0);
                    let never = self.bool(false);
                    self.check(never, PanicCode::Divide, zero, zero);
                    return self.zero_of(self.flat(ty)[0].kind);
                }
                -1 if is_signed => {
                    return match want_rem {
                        true => self.zero_of(self.flat(ty)[0].kind),
                        false => self.b.ins().ineg(x),
                    };
                }
                _ => return self.divide_plain(x, y, is_signed, want_rem),
            }
        }
        if !is_signed {
            let ok = self.b.ins().icmp_imm_s(IntCC::NotEqual, y, 0);
            let zero = self.int(0);
            self.check(ok, PanicCode::Divide, zero, zero);
            return self.divide_plain(x, y, false, want_rem);
        }
        // One comparison finds both divisors that need care: -1 and 0 are at most 1 after adding 1, without sign.
        let clif = clif_type(self.flat(ty)[0].kind);
        let (special, plain, done) = (
            self.cold_block(),
            self.b.create_block(),
            self.b.create_block(),
        );
        let result = self.b.append_block_param(done, clif);
        let next = self.b.ins().iadd_imm_s(y, 1);
        let rare = self
            .b
            .ins()
            .icmp_imm_s(IntCC::UnsignedLessThanOrEqual, next, 1);
        self.b.ins().brif(rare, special, &[], plain, &[]);
        self.continue_in(special);
        let ok = self.b.ins().icmp_imm_s(IntCC::NotEqual, y, 0);
        let zero = self.int(0);
        self.check(ok, PanicCode::Divide, zero, zero);
        let value = match want_rem {
            true => self.b.ins().iconst(clif, 0),
            false => self.b.ins().ineg(x),
        };
        self.b.ins().jump(done, &[value.into()]);
        self.continue_in(plain);
        let value = self.divide_plain(x, y, true, want_rem);
        self.b.ins().jump(done, &[value.into()]);
        self.continue_in(done);
        result
    }

    fn divide_plain(&mut self, x: Value, y: Value, is_signed: bool, want_rem: bool) -> Value {
        match (is_signed, want_rem) {
            (true, false) => self.b.ins().sdiv(x, y),
            (true, true) => self.b.ins().srem(x, y),
            (false, false) => self.b.ins().udiv(x, y),
            (false, true) => self.b.ins().urem(x, y),
        }
    }

    /// The value of an integer constant, sign-extended from its width.
    pub(crate) fn constant_of(&self, value: Value) -> Option<i64> {
        use cranelift_codegen::ir::{InstructionData, Opcode};
        let inst = self.b.func.dfg.value_def(value).inst()?;
        match self.b.func.dfg.insts[inst] {
            InstructionData::UnaryImm {
                opcode: Opcode::Iconst,
                imm,
            } => {
                let unused = 64 - self.b.func.dfg.value_type(value).bits();
                Some(imm.bits() << unused >> unused)
            }
            _ => None,
        }
    }

    /// The greatest value, without sign, that an integer can have by the way it is computed.
    fn greatest(&self, value: Value) -> u64 {
        use cranelift_codegen::ir::{InstructionData, Opcode};
        let dfg = &self.b.func.dfg;
        let ty = dfg.value_type(value);
        let all = u64::MAX >> (64 - ty.bits().min(64));
        let Some(inst) = dfg.value_def(dfg.resolve_aliases(value)).inst() else {
            return all;
        };
        let constant = |value| self.constant_of(value).map(|n| n as u64 & all);
        match dfg.insts[inst] {
            InstructionData::UnaryImm { .. } => constant(value).unwrap_or(all),
            InstructionData::Binary {
                opcode: Opcode::Band,
                args,
            } => args.into_iter().filter_map(constant).min().unwrap_or(all),
            InstructionData::Binary {
                opcode: Opcode::Urem,
                args: [_, by],
            } => constant(by).filter(|&n| n > 0).map_or(all, |n| n - 1),
            InstructionData::Unary {
                opcode: Opcode::Uextend,
                arg,
            } => self.greatest(arg),
            _ => all,
        }
    }

    /// `x << n`, `x >> n` with Go's meaning of large and negative counts.
    pub(crate) fn shift(
        &mut self,
        x: Value,
        ty: TyId,
        count: Value,
        count_ty: TyId,
        is_left: bool,
    ) -> Value {
        let is_signed = self.types.is_signed(ty);
        let clif = self.b.func.dfg.value_type(x);
        let width = i64::from(clif.bits());
        let constant = self.constant_of(count);
        if let Some(n) = constant {
            let out_of_range = if self.types.is_signed(count_ty) {
                n >= width
            } else {
                n as u64 >= width as u64
            };
            let n = if out_of_range { width } else { n };
            if n >= 0 {
                return match (is_left, is_signed) {
                    (false, true) => self.b.ins().sshr_imm_u(x, n.min(width - 1)),
                    _ if n == width => self.b.ins().iconst(clif, 0),
                    (true, _) => self.b.ins().ishl_imm_u(x, n),
                    (false, false) => self.b.ins().ushr_imm_u(x, n),
                };
            }
        }
        let most = self.greatest(count);
        if most < width as u64 {
            let count = self.extend_count(count);
            return match (is_left, is_signed) {
                (true, _) => self.b.ins().ishl(x, count),
                (false, true) => self.b.ins().sshr(x, count),
                (false, false) => self.b.ins().ushr(x, count),
            };
        }
        let sign = 1 << (self.b.func.dfg.value_type(count).bits() - 1);
        if self.types.is_signed(count_ty) && most >= sign {
            let ok = self
                .b
                .ins()
                .icmp_imm_s(IntCC::SignedGreaterThanOrEqual, count, 0);
            let zero = self.int(0);
            self.check(ok, PanicCode::Shift, zero, zero);
        }
        let count = self.extend_count(count);
        let fits = self
            .b
            .ins()
            .icmp_imm_s(IntCC::UnsignedLessThan, count, width);
        if !is_left && is_signed {
            let most = self.int(width - 1);
            let count = self.b.ins().select(fits, count, most);
            return self.b.ins().sshr(x, count);
        }
        let shifted = match is_left {
            true => self.b.ins().ishl(x, count),
            false => self.b.ins().ushr(x, count),
        };
        let zero = self.b.ins().iconst(clif, 0);
        self.b.ins().select(fits, shifted, zero)
    }

    /// A count that is not negative, in 64 bits.
    fn extend_count(&mut self, count: Value) -> Value {
        match self.b.func.dfg.value_type(count) {
            I64 => count,
            _ => self.b.ins().uextend(I64, count),
        }
    }

    /// Loads the code address of a closure object: faults on nil.
    pub(crate) fn closure_code(&mut self, closure: Value) -> Value {
        let flags = MemFlagsData::new()
            .with_aligned()
            .with_trap_code(Some(crate::func::TRAP_NIL));
        self.b.ins().load(I64, flags, closure, 0)
    }
}
