//! `unsafe.Sizeof`, `Alignof` and `Offsetof`: constants, unless the size depends on type arguments.

use mini_diagnostics::Code;
use mini_syntax::ast::{Expr, ExprKind};

use super::Checker;
use super::operand::Operand;
use crate::constant::{ConstId, Constant};
use crate::info::{ExprInfo, Mode, SelectionKind};
use crate::object::Builtin;
use crate::types::{Lookup, Member, Type, TypeId};

impl<'a> Checker<'a> {
    pub(super) fn size(&mut self, builtin: Builtin, mut x: Operand<'a>) -> Operand<'a> {
        self.assignment_to_blank(&mut x, &format!("argument to unsafe.{}", builtin.name()));
        if !x.is_valid() {
            return x;
        }
        if self.has_variable_size(x.ty) {
            x.set_value(TypeId::UINTPTR);
            return x;
        }
        let size = match builtin {
            Builtin::Alignof => Some(self.types().align_of(x.ty)),
            _ => self.types().size_of(x.ty),
        };
        match size {
            Some(size) => self.set_const(&mut x, Constant::uint(size), TypeId::UINTPTR),
            None => {
                let text = format!("{} is too large", self.describe(&x));
                self.error_op(Code::TypeTooLarge, &x, text);
                x.set_invalid();
            }
        }
        x
    }

    /// Whether the size depends on type arguments.
    fn has_variable_size(&mut self, ty: TypeId) -> bool {
        let ty = self.types().unalias(ty);
        match self.types().get(ty).clone() {
            Type::TypeParam(_) => true,
            Type::Named(id) => {
                let named = self.types().named(id);
                let (obj, rhs, is_instance) = (named.obj, named.rhs, named.origin.is_some());
                let is_sized = self.prog.state.sized_types.contains(&ty);
                if is_sized && !self.types().has_type_params(ty) {
                    return false;
                }
                (!is_instance && self.cycle_through(obj)) || self.has_variable_size(rhs)
            }
            Type::Array { elem, .. } => self.has_variable_size(elem),
            Type::Struct(ty) => ty
                .fields
                .iter()
                .any(|field| self.has_variable_size(field.ty)),
            _ => false,
        }
    }

    pub(super) fn offset(&mut self, arg: &'a Expr) -> Operand<'a> {
        let mut x = Operand::invalid(arg);
        let ExprKind::Selector { x: inner, sel } = &arg.unparen().kind else {
            let text = format!("invalid argument: {arg} is not a selector expression");
            self.error(Code::BadOffsetofSyntax, arg, text);
            self.use_exprs(std::slice::from_ref(arg));
            return x;
        };
        let base = self.expr(inner);
        if !base.is_valid() {
            return x;
        }
        let mut holder = match self.types().pointee(base.ty) {
            Some(elem) if self.types().as_struct(elem).is_some() => elem,
            _ => base.ty,
        };
        let found = self.types().lookup(holder, self.env.pkg, sel.name);
        let Ok(Lookup {
            member: Member::Field { index, ty },
            path,
            is_indirect,
            holder: last,
        }) = found
        else {
            let shown = self.type_text(holder);
            let text = match found {
                Ok(_) => format!("invalid argument: {arg} is a method value"),
                Err(_) => format!("invalid argument: {shown} has no single field {}", sel.name),
            };
            self.error(Code::InvalidOffsetof, arg, text);
            return x;
        };
        if is_indirect {
            let text = format!(
                "invalid argument: field {} is embedded via a pointer in {}",
                sel.name,
                self.type_text(holder)
            );
            self.error(Code::InvalidOffsetof, arg, text);
            return x;
        }
        let is_variable = self.has_variable_size(holder);
        let mut offset = 0;
        let steps: Vec<u32> = path.iter().copied().chain([index]).collect();
        for &step in &steps {
            let Some((offsets, _)) = self.types().struct_layout(holder) else {
                return x;
            };
            offset += offsets.get(step as usize).copied().unwrap_or(0);
            if let Some(structure) = self.types().as_struct(holder) {
                holder = structure.fields[step as usize].ty;
            }
        }
        self.record_info(
            arg,
            ExprInfo {
                ty,
                value: ConstId::NONE,
                mode: Mode::Variable,
            },
        );
        let selection = crate::info::Selection {
            kind: SelectionKind::Field,
            member: Member::Field { index, ty },
            recv: base.ty,
            path: path.into(),
            is_indirect,
            holder: last,
            ty,
        };
        self.prog.packages[self.env.pkg.index()]
            .info
            .selections
            .insert(arg.unparen().id, selection);
        if is_variable {
            x.set_value(TypeId::UINTPTR);
            return x;
        }
        self.set_const(&mut x, Constant::uint(offset), TypeId::UINTPTR);
        x
    }
}
