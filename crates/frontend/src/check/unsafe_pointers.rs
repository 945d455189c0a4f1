//! `unsafe.Add`, `Slice`, `SliceData`, `String` and `StringData`.

use mini_diagnostics::Code;

use super::Checker;
use super::operand::Operand;
use crate::object::Builtin;
use crate::types::{Type, TypeId};

impl<'a> Checker<'a> {
    /// `unsafe.Add(pointer, length)`, `unsafe.String(pointer, length)`
    pub(super) fn pointer_and_length(
        &mut self,
        builtin: Builtin,
        args: &mut [Operand<'a>],
    ) -> Operand<'a> {
        let is_add = builtin == Builtin::Add;
        let (code, pointer, result) = match is_add {
            true => {
                let pointer = TypeId::UNSAFE_POINTER;
                (Code::InvalidUnsafeAdd, pointer, pointer)
            }
            false => {
                let bytes = self.prog.types.pointer(TypeId::BYTE);
                (Code::InvalidUnsafeString, bytes, TypeId::STRING)
            }
        };
        let mut x = args[0];
        let context = format!("argument to unsafe.{}", builtin.name());
        self.assignment(&mut x, pointer, &context);
        if x.is_valid() && self.is_valid_index(&mut args[1], code, "length", is_add) {
            x.set_value(result);
        } else {
            x.set_invalid();
        }
        x
    }

    /// `unsafe.Slice(pointer, length)`
    pub(super) fn slice_of_pointer(&mut self, args: &mut [Operand<'a>]) -> Operand<'a> {
        let mut x = args[0];
        let code = Code::InvalidUnsafeSlice;
        let common = self.unsafe_operand(x.ty);
        let Some(Type::Pointer(elem)) = common.map(|ty| self.types().get(ty).clone()) else {
            let text = format!("invalid argument: {} is not a pointer", self.describe(&x));
            self.error_op(code, &x, text);
            x.set_invalid();
            return x;
        };
        if self.is_valid_index(&mut args[1], code, "length", false) {
            let slice = self.prog.types.slice(elem);
            x.set_value(slice);
        } else {
            x.set_invalid();
        }
        x
    }

    /// `unsafe.SliceData(slice)`
    pub(super) fn slice_data(&mut self, mut x: Operand<'a>) -> Operand<'a> {
        let common = self.unsafe_operand(x.ty);
        let Some(Type::Slice(elem)) = common.map(|ty| self.types().get(ty).clone()) else {
            let text = format!("invalid argument: {} is not a slice", self.describe(&x));
            self.error_op(Code::InvalidUnsafeSliceData, &x, text);
            x.set_invalid();
            return x;
        };
        let pointer = self.prog.types.pointer(elem);
        x.set_value(pointer);
        x
    }

    /// `unsafe.StringData(string)`
    pub(super) fn string_data(&mut self, mut x: Operand<'a>) -> Operand<'a> {
        self.assignment(&mut x, TypeId::STRING, "argument to unsafe.StringData");
        if x.is_valid() {
            let pointer = self.prog.types.pointer(TypeId::BYTE);
            x.set_value(pointer);
        }
        x
    }

    /// The one type under that of an operand, or under all types that its type parameter stands for.
    fn unsafe_operand(&mut self, ty: TypeId) -> Option<TypeId> {
        self.common_under(ty, |_, _| None).ok()
    }
}
