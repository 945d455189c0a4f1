//! `unsafe.Add`, `Slice`, `SliceData`, `String` and `StringData`.
//!
//! Pointers stay pointers on the way, never numbers, so that the escape analysis and the stack maps follow them.

use mini_frontend::Builtin;
use mini_mir::{Call, Callee, Operand, Place, Proj, Rvalue, TyId, TyKind};
use mini_syntax::ast::Expr;

use crate::builtin::Arg;
use crate::func::FuncLower;
use crate::reach::library_func;

/// Bytes of the array in which `unsafe.Add` finds its byte; the address space of a process is not larger.
const ADDRESS_SPACE: u64 = 1 << 47;

impl<'ast> FuncLower<'_, 'ast> {
    /// The pointer and the length.
    fn pointer_and_length(&mut self, args: &'ast [Expr], pointer: TyId) -> (Operand, Operand) {
        let args = self.args(args);
        let value = match &args[0] {
            Arg::Expr(e) => self.expr_to(e, pointer),
            Arg::Part(part) => part.clone(),
        };
        let value = self.retype(value, pointer);
        let len = self.arg(&args[1]);
        (value, self.as_int(len))
    }

    /// `unsafe.Add(pointer, len)`
    pub(crate) fn unsafe_add(&mut self, args: &'ast [Expr]) -> Operand {
        let array = TyKind::Array(TyId::UINT8, ADDRESS_SPACE);
        let array = self.cx.types.intern(array);
        let array_pointer = self.cx.types.pointer_to(array);
        let (value, len) = self.pointer_and_length(args, TyId::UNSAFE_POINTER);
        let value = self.retype(value, array_pointer);
        let base = self.b.eval(array_pointer, Rvalue::Use(value));
        let index = self.b.eval(TyId::INT, Rvalue::Use(len));
        let place = Place::local(base)
            .project(Proj::Deref { non_nil: true })
            .project(Proj::Index {
                index,
                checked: true,
            });
        let bytes = self.cx.types.pointer_to(TyId::UINT8);
        let moved = self.b.eval(bytes, Rvalue::Ref(place));
        self.retype(Operand::local(moved), TyId::UNSAFE_POINTER)
    }

    /// `unsafe.Slice(pointer, len)`, `unsafe.String(pointer, len)`
    pub(crate) fn unsafe_sequence(
        &mut self,
        e: &'ast Expr,
        builtin: Builtin,
        args: &'ast [Expr],
    ) -> Operand {
        let ty = self.ety(e);
        let is_slice = builtin == Builtin::Slice;
        let elem = match is_slice {
            true => self.cx.types.elem(ty),
            false => TyId::UINT8,
        };
        let size = self.cx.types.layout(elem).size;
        let pointer_ty = self.cx.types.pointer_to(elem);
        let (value, len) = self.pointer_and_length(args, pointer_ty);
        let pointer = Operand::local(self.b.eval(pointer_ty, Rvalue::Use(value)));
        let len = Operand::local(self.b.eval(TyId::INT, Rvalue::Use(len)));
        let Some(check) = library_func(self.cx, self.prog, "runtime.checkUnsafe") else {
            return self.unsupported(e, "this function of package unsafe is");
        };
        let call = Call {
            callee: Callee::Static(check),
            args: vec![
                self.retype(pointer.clone(), TyId::UNSAFE_POINTER),
                len.clone(),
                self.const_int(TyId::UINTPTR, size.into()),
                self.const_bool(TyId::BOOL, is_slice),
            ],
            name: "".into(),
        };
        self.b.eval(TyId::UNIT, Rvalue::Call(Box::new(call)));
        let mut parts = vec![pointer, len.clone()];
        parts.extend(is_slice.then_some(len));
        Operand::local(self.b.eval(ty, Rvalue::Aggregate { ty, parts }))
    }

    /// `unsafe.SliceData(slice)`, `unsafe.StringData(string)`
    pub(crate) fn unsafe_data(&mut self, e: &'ast Expr, arg: &'ast Expr) -> Operand {
        let ty = self.ety(e);
        let value = self.expr(arg);
        let sequence = self.op_ty(&value);
        let elem = match *self.kind(sequence) {
            TyKind::Slice(elem) => elem,
            _ => TyId::UINT8,
        };
        let base = self.b.eval(sequence, Rvalue::Use(value));
        // No element need be there: the address alone is taken.
        let first = Place::local(base).project(Proj::ConstIndex {
            index: 0,
            checked: true,
        });
        let pointer = self.cx.types.pointer_to(elem);
        let data = self.b.eval(pointer, Rvalue::Ref(first));
        self.retype(Operand::local(data), ty)
    }
}
