//! Conversions, explicit and implicit.

use mini_diagnostics::Pos;
use mini_mir::{Const, ConstValue, ConvertKind, Operand, Rvalue, SiteKind, TyId, TyKind};
use mini_syntax::ast::Expr;

use crate::func::FuncLower;

impl<'ast> FuncLower<'_, 'ast> {
    /// The value as a value of a type that it is assignable to. `e` is the expression, for `-m`.
    pub(crate) fn assignable(&mut self, value: Operand, ty: TyId, e: &'ast Expr) -> Operand {
        let from = self.op_ty(&value);
        if from == ty {
            return value;
        }
        if !self.cx.types.is_interface(ty) || self.cx.types.is_interface(from) {
            return self.assignable_at(value, ty, e.pos);
        }
        let text = self.site_text(e);
        self.box_value(value, ty, e.pos, text)
    }

    /// The same for a value that is not written as an expression of its own: part of a tuple, a range variable.
    pub(crate) fn assignable_at(&mut self, value: Operand, ty: TyId, pos: Pos) -> Operand {
        let from = self.op_ty(&value);
        if from == ty {
            return value;
        }
        match (
            self.cx.types.is_interface(from),
            self.cx.types.is_interface(ty),
        ) {
            (true, true) => self.convert_interface(value, ty),
            (false, true) => self.box_value(value, ty, pos, ""),
            _ => self.retype(value, ty),
        }
    }

    pub(crate) fn convert_interface(&mut self, value: Operand, ty: TyId) -> Operand {
        if self.op_ty(&value) == ty {
            return value;
        }
        self.cx.demand(ty);
        Operand::local(self.b.eval(ty, Rvalue::ConvertInterface { value, ty }))
    }

    /// The value as one of another type with the same form.
    pub(crate) fn retype(&mut self, value: Operand, ty: TyId) -> Operand {
        if self.op_ty(&value) == ty {
            return value;
        }
        match value {
            // A number as a pointer is none of its constants.
            Operand::Const(Const {
                value: ConstValue::Int(_),
                ..
            }) if !self.cx.types.is_integer(ty) => {}
            Operand::Const(mut constant) => {
                constant.ty = ty;
                return Operand::Const(constant);
            }
            Operand::Copy(_) => {}
        }
        let value = Rvalue::Convert {
            kind: ConvertKind::Same,
            value,
            ty,
            site: None,
        };
        Operand::local(self.b.eval(ty, value))
    }

    /// `T(x)`
    pub(crate) fn conversion(&mut self, e: &'ast Expr, x: &'ast Expr) -> Operand {
        let ty = self.ety(e);
        if self.cx.types.is_interface(ty) {
            return self.expr_to(x, ty);
        }
        // A constant converted to a type parameter is none, but is here.
        let constant = self.info().expr(x.unparen().id).value;
        let types = &self.cx.types;
        if constant.is_some()
            && (types.is_integer(ty) || types.is_float(ty) || types.is_complex(ty))
        {
            return self.constant(constant, ty);
        }
        let value = self.expr(x);
        let from = self.op_ty(&value);
        if from == ty {
            return value;
        }
        if self.info().expr(x.unparen().id).mode == mini_frontend::Mode::Nil {
            return Operand::zero(ty);
        }
        let (kind, allocates) = match self.conversion_kind(from, ty) {
            Some(kind) => kind,
            None => return self.slice_to_array(value, ty),
        };
        if kind == ConvertKind::Same {
            return self.retype(value, ty);
        }
        let site = allocates.then(|| {
            let object = match *self.kind(ty) {
                TyKind::Slice(elem) => elem,
                _ => TyId::STRING,
            };
            let text = self.site_text(e);
            // Go gives a conversion the position of what is converted.
            self.b.site(SiteKind::StringConversion, object, x.pos, text)
        });
        let value = Rvalue::Convert {
            kind,
            value,
            ty,
            site,
        };
        let made = Operand::local(self.b.eval(ty, value));
        let is_slice = matches!(
            kind,
            ConvertKind::StringToBytes | ConvertKind::StringToRunes
        );
        match is_slice && constant.is_some() {
            true => self.clipped(made, ty),
            false => made,
        }
    }

    /// A slice without capacity behind its length: Go makes what is converted from a constant of just that size.
    fn clipped(&mut self, slice: Operand, ty: TyId) -> Operand {
        let len = Operand::local(self.b.eval(TyId::INT, Rvalue::Len(slice.clone())));
        let value = Rvalue::Slice {
            base: slice,
            ty,
            low: None,
            high: Some(len.clone()),
            max: Some(len),
            checked: true,
        };
        Operand::local(self.b.eval(ty, value))
    }

    /// The kind, and whether it makes a new string or slice. `None`: slice to array.
    fn conversion_kind(&self, from: TyId, to: TyId) -> Option<(ConvertKind, bool)> {
        let types = &self.cx.types;
        let is_number = |t| types.is_integer(t) || types.is_float(t) || types.is_complex(t);
        let bytes = |t| match *types.kind(t) {
            TyKind::Slice(elem) => matches!(types.kind(elem), TyKind::Uint8),
            _ => false,
        };
        Some(match (types.kind(from), types.kind(to)) {
            (a, b) if a == b => (ConvertKind::Same, false),
            _ if is_number(from) && is_number(to) => (ConvertKind::Numeric, false),
            (_, TyKind::String) if types.is_integer(from) => (ConvertKind::RuneToString, true),
            (TyKind::Slice(_), TyKind::String) if bytes(from) => (ConvertKind::BytesToString, true),
            (TyKind::Slice(_), TyKind::String) => (ConvertKind::RunesToString, true),
            (TyKind::String, TyKind::Slice(_)) if bytes(to) => (ConvertKind::StringToBytes, true),
            (TyKind::String, TyKind::Slice(_)) => (ConvertKind::StringToRunes, true),
            (TyKind::Slice(_), TyKind::Pointer(_)) => (ConvertKind::SliceToArrayPointer, false),
            (TyKind::Slice(_), TyKind::Array(..)) => return None,
            _ => (ConvertKind::Same, false),
        })
    }

    /// `[N]T(slice)`: a copy of what `(*[N]T)(slice)` points to.
    fn slice_to_array(&mut self, value: Operand, ty: TyId) -> Operand {
        let TyKind::Array(_, len) = *self.kind(ty) else {
            mini_diagnostics::bug!("conversion of a slice to another type");
        };
        if len == 0 {
            // Nothing is copied, but reading the slice may fault.
            self.snapshot(value);
            return Operand::zero(ty);
        }
        let pointer = self.cx.types.pointer_to(ty);
        let value = Rvalue::Convert {
            kind: ConvertKind::SliceToArrayPointer,
            value,
            ty: pointer,
            site: None,
        };
        let pointer = self.b.eval(pointer, value);
        let place =
            mini_mir::Place::local(pointer).project(mini_mir::Proj::Deref { non_nil: true });
        let copy = self.b.eval(ty, Rvalue::Use(Operand::Copy(place)));
        Operand::local(copy)
    }
}
