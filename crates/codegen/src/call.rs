//! Calls of functions, closures, interface methods and native functions.

use crate::func::{FuncCx, signature_of};
use crate::layout::Convention;
use crate::link::Target;
use crate::value::{Addr, Base, Scalars, Val};
use cranelift_codegen::ir::types::{F32, F64, I32, I64};
use cranelift_codegen::ir::{InstBuilder, MemFlagsData, SigRef, StackSlot, Value};
use mini_abi::builtins::Builtin;
use mini_abi::types::ITAB_CODE;
use mini_mir::layout::ScalarKind;
use mini_mir::{Call, Callee, FuncId, FuncKind, Operand, TyId, TyKind};

/// What is called, once its address is known.
enum Code {
    Direct(FuncId),
    /// Code address and the hidden first argument (context or data word).
    Indirect(Value, Value),
}

impl FuncCx<'_> {
    /// A call; the result has type `ty` (a tuple for several results).
    pub(crate) fn call(&mut self, call: &Call, ty: TyId) -> Val {
        match &call.callee {
            Callee::Static(func) => {
                let sig = self.jit.program().funcs[*func].sig;
                if matches!(self.jit.program().funcs[*func].kind, FuncKind::Native) {
                    return self.call_native_directly(*func, sig, &call.args, ty);
                }
                self.emit_call(Code::Direct(*func), sig, &call.args, ty)
            }
            Callee::Value(value) => {
                let sig = self.operand_ty(value);
                let closure = self.scalar(value);
                let code = self.closure_code(closure);
                self.emit_call(Code::Indirect(code, closure), sig, &call.args, ty)
            }
            Callee::Method {
                receiver,
                interface,
                method,
            } => {
                let TyKind::Interface(methods) = self.types.kind(*interface) else {
                    panic!("method call on {interface:?}, which is no interface");
                };
                let sig = methods[*method as usize].sig;
                let words = self.scalars(receiver);
                let table = Addr {
                    may_be_nil: true,
                    barrier: false,
                    ..Addr::heap(words[0])
                };
                let at = self.guard(table.at((ITAB_CODE + 8 * *method as usize) as u64), 8);
                let code = self.load(I64, at);
                self.emit_call(Code::Indirect(code, words[1]), sig, &call.args, ty)
            }
        }
    }

    /// Calls a closure without results.
    pub(crate) fn call_closure(&mut self, sig: TyId, closure: Value, args: &[Operand]) {
        let code = self.closure_code(closure);
        self.emit_call(Code::Indirect(code, closure), sig, args, TyId::UNIT);
    }

    fn emit_call(&mut self, code: Code, sig: TyId, args: &[Operand], ty: TyId) -> Val {
        let (params, results) = signature_of(self.types, sig);
        let has_hidden = matches!(code, Code::Indirect(..));
        let convention = self.jit.layouts().convention(params, results, has_hidden);
        let mut words = vec![];
        let mut room = None;
        if convention.results_in_memory {
            let (_, size) = self.jit.layouts().sequence(results.iter().copied());
            let slot = self.scratch(size);
            words.push(self.b.ins().stack_addr(I64, slot, 0));
            room = Some(slot);
        }
        if let Code::Indirect(_, hidden) = code {
            words.push(hidden);
        }
        for arg in args {
            self.argument(arg, &mut words);
        }
        let call = match code {
            Code::Direct(func) => {
                let func = self.func_ref(Target::Unit(func.0), |cx| {
                    cx.b.import_signature(convention.signature)
                });
                self.b.ins().call(func, &words)
            }
            Code::Indirect(address, _) => {
                let signature = self.indirect_signature(sig, convention);
                self.b.ins().call_indirect(signature, address, &words)
            }
        };
        let out = Scalars::from_slice(self.b.inst_results(call));
        self.after_call(call);
        match room {
            None => self.direct_result(out, ty),
            Some(slot) => self.load_value(Addr::frame(Base::Slot(slot), 0), ty),
        }
    }

    /// Results in registers as a value of the call's type.
    fn direct_result(&mut self, words: Scalars, ty: TyId) -> Val {
        debug_assert!(self.is_flat(ty));
        Val::Flat(words)
    }

    fn indirect_signature(&mut self, sig: TyId, convention: Convention) -> SigRef {
        if let Some(&known) = self.signatures.get(&sig) {
            return known;
        }
        let signature = self.b.import_signature(convention.signature);
        self.signatures.insert(sig, signature);
        signature
    }

    /// Appends the words of an argument; a value that is not flat is copied for the callee.
    fn argument(&mut self, arg: &Operand, words: &mut Vec<Value>) {
        let ty = self.operand_ty(arg);
        match self.operand(arg) {
            Val::Flat(scalars) => words.extend(scalars),
            Val::Memory(from) => {
                let slot = self.scratch(self.size_of(ty));
                self.copy_memory(Addr::frame(Base::Slot(slot), 0), from, ty);
                let pointers = self.slot_words(slot, ty);
                self.passed.extend(pointers);
                self.passed_slots.push(slot);
                words.push(self.b.ins().stack_addr(I64, slot, 0));
            }
        }
    }

    // --- natives ------------------------------------------------------------------------------

    fn call_native_directly(&mut self, func: FuncId, sig: TyId, args: &[Operand], ty: TyId) -> Val {
        let (params, results) = signature_of(self.types, sig);
        let mut words = vec![];
        for arg in args {
            self.native_argument(arg, &mut words);
        }
        let out = self.native_words(func, params, &words, results);
        if self.is_flat(ty) {
            return Val::Flat(Scalars::from_slice(&out));
        }
        let slot = self.scratch(self.size_of(ty));
        let at = Addr::frame(Base::Slot(slot), 0);
        self.store_words(at, ty, &out);
        Val::Memory(at)
    }

    fn native_argument(&mut self, arg: &Operand, words: &mut Vec<Value>) {
        let ty = self.operand_ty(arg);
        match self.operand(arg) {
            Val::Flat(scalars) => words.extend(scalars),
            Val::Memory(from) => self.load_native_words(from, ty, words),
        }
    }

    fn load_native_words(&mut self, from: Addr, ty: TyId, words: &mut Vec<Value>) {
        for scalar in self.jit.native_scalars(ty) {
            let value = self.load(
                crate::layout::clif_type(scalar.kind),
                from.at(scalar.offset),
            );
            words.push(value);
        }
    }

    /// A native function called with words that came through the calling convention.
    pub(crate) fn native(
        &mut self,
        func: FuncId,
        params: &[TyId],
        passed: &[Value],
        results: &[TyId],
    ) -> Vec<Value> {
        let mut words = vec![];
        let mut next = 0;
        for &param in params {
            if self.is_flat(param) {
                let n = self.flat(param).len();
                words.extend(&passed[next..next + n]);
                next += n;
            } else {
                let from = Addr::frame(Base::Value(passed[next]), 0);
                self.load_native_words(from, param, &mut words);
                next += 1;
            }
        }
        self.native_words(func, params, &words, results)
    }

    /// Calls a native function, or does inline what it stands for.
    fn native_words(
        &mut self,
        func: FuncId,
        params: &[TyId],
        words: &[Value],
        results: &[TyId],
    ) -> Vec<Value> {
        if let Some(values) = self.intrinsic(func, words) {
            return values;
        }
        let name = &self.jit.program().funcs[func].name;
        let Some(address) = self.jit.native_address(name) else {
            // Found out when it is called: a program may mention more than it runs.
            return self.missing_native(name, results);
        };
        let arguments = self.scratch(8 * words.len() as u64);
        let mut kinds = vec![];
        for &param in params {
            kinds.extend(self.jit.native_scalars(param).iter().map(|s| s.kind));
        }
        let signs = self.native_signs(params);
        for (i, (&word, &kind)) in words.iter().zip(&kinds).enumerate() {
            let value = self.native_word(word, kind, signs[i]);
            self.b
                .ins()
                .stack_store(I64, value, arguments, 8 * i as i32);
            if kind == ScalarKind::Pointer {
                self.roots.push((arguments, 8 * i as u32));
            }
        }
        let mut out_kinds = vec![];
        for &result in results {
            out_kinds.extend(self.jit.native_scalars(result).iter().map(|s| s.kind));
        }
        let room = self.scratch(8 * out_kinds.len() as u64);
        self.zero_result_words(room, &out_kinds);
        let address = self.int(address as i64);
        let arguments = self.b.ins().stack_addr(I64, arguments, 0);
        let room_address = self.b.ins().stack_addr(I64, room, 0);
        self.builtin(Builtin::call_native, &[address, arguments, room_address]);
        out_kinds
            .iter()
            .enumerate()
            .map(|(i, &kind)| {
                let ty = crate::layout::clif_type(kind);
                self.b.ins().stack_load(I64, ty, room, 8 * i as i32)
            })
            .collect()
    }

    fn zero_result_words(&mut self, room: StackSlot, kinds: &[ScalarKind]) {
        let zero = self.int(0);
        for (i, &kind) in kinds.iter().enumerate() {
            self.b.ins().stack_store(I64, zero, room, 8 * i as i32);
            if kind == ScalarKind::Pointer {
                self.roots.push((room, 8 * i as u32));
            }
        }
    }

    /// For each argument word, whether it is extended with its sign.
    fn native_signs(&self, params: &[TyId]) -> Vec<bool> {
        let mut signs = vec![];
        for &param in params {
            let n = self.jit.native_scalars(param).len();
            signs.extend(std::iter::repeat_n(self.types.is_signed(param), n));
        }
        signs
    }

    /// A scalar in the eight bytes of a native's argument.
    fn native_word(&mut self, word: Value, kind: ScalarKind, is_signed: bool) -> Value {
        match kind {
            ScalarKind::I64 | ScalarKind::Pointer => word,
            ScalarKind::F64 => self.b.ins().bitcast(I64, MemFlagsData::new(), word),
            ScalarKind::F32 => {
                let bits = self.b.ins().bitcast(I32, MemFlagsData::new(), word);
                self.b.ins().uextend(I64, bits)
            }
            _ if is_signed => self.b.ins().sextend(I64, word),
            _ => self.b.ins().uextend(I64, word),
        }
    }

    fn missing_native(&mut self, name: &str, results: &[TyId]) -> Vec<Value> {
        let text = format!("mini: {name} is not implemented by the runtime\n");
        let address = self.jit.statics().bytes(text.as_bytes());
        let pointer = self.int(address as i64);
        let len = self.int(text.len() as i64);
        self.builtin(Builtin::print_lock, &[]);
        self.builtin(Builtin::print_string, &[pointer, len]);
        self.builtin(Builtin::print_unlock, &[]);
        let zero = self.int(0);
        self.go_panic(&[zero, zero]);
        let dead = self.b.create_block();
        self.continue_in(dead);
        let mut out = vec![];
        for &result in results {
            for scalar in self.jit.native_scalars(result) {
                out.push(self.zero_of(scalar.kind));
            }
        }
        out
    }

    // --- print and println -------------------------------------------------------------------

    pub(crate) fn print(&mut self, args: &[Operand], newline: bool) {
        self.builtin(Builtin::print_lock, &[]);
        for (i, arg) in args.iter().enumerate() {
            if newline && i > 0 {
                self.builtin(Builtin::print_space, &[]);
            }
            self.print_value(arg);
        }
        if newline {
            self.builtin(Builtin::print_newline, &[]);
        }
        self.builtin(Builtin::print_unlock, &[]);
    }

    fn print_value(&mut self, arg: &Operand) {
        let ty = self.operand_ty(arg);
        let words = self.scalars(arg);
        let to_f64 = |cx: &mut Self, v: Value| match cx.b.func.dfg.value_type(v) {
            F32 => cx.b.ins().fpromote(F64, v),
            _ => v,
        };
        match self.types.kind(ty) {
            TyKind::Bool => self.builtin(Builtin::print_bool, &words),
            TyKind::String => self.builtin(Builtin::print_string, &words),
            TyKind::Slice(_) => self.builtin(Builtin::print_slice, &words),
            TyKind::Interface(_) => self.builtin(Builtin::print_interface, &words),
            TyKind::Float32 | TyKind::Float64 => {
                let value = to_f64(self, words[0]);
                let bits = self.int(8 * self.size_of(ty) as i64);
                self.builtin(Builtin::print_float, &[value, bits])
            }
            TyKind::Complex64 | TyKind::Complex128 => {
                let (re, im) = (to_f64(self, words[0]), to_f64(self, words[1]));
                let bits = self.int(4 * self.size_of(ty) as i64);
                self.builtin(Builtin::print_complex, &[re, im, bits])
            }
            _ if self.types.is_integer(ty) => {
                let value = self.extend(words[0], ty);
                match self.types.is_signed(ty) {
                    true => self.builtin(Builtin::print_int, &[value]),
                    false => self.builtin(Builtin::print_uint, &[value]),
                }
            }
            _ => self.builtin(Builtin::print_pointer, &[words[0]]),
        };
    }
}
