//! Assignability, interface satisfaction, and explicit conversions `T(x)`.

use mini_diagnostics::Code;

use super::Checker;
use super::operand::{Operand, Part};
use crate::constant::Constant;
use crate::info::Mode;
use crate::types::{Basic, ChanDir, Type, TypeId};

/// Why a value cannot be assigned; the text may be empty.
pub(super) type Assignable = Result<(), (Code, String)>;

impl<'a> Checker<'a> {
    /// Whether `x` may be assigned to a variable of type `target`.
    pub(super) fn assignable(&mut self, x: &Operand<'a>, target: TypeId) -> Assignable {
        if !x.is_valid() || !target.is_valid() || self.types().identical(x.ty, target) {
            return Ok(());
        }
        let from = self.under(x.ty);
        let to = self.under(target);
        let fail = |code| Err((code, String::new()));
        // What is not made as its type wants it, an instance with too few arguments, is at least not another type.
        let is_instance = |c: &Self, ty: TypeId| {
            c.types()
                .as_named(ty)
                .is_some_and(|named| named.origin.is_some())
        };
        let is_known = to.is_valid() && from.is_valid();
        let are_instances = is_instance(self, x.ty) && is_instance(self, target);
        if !is_known && !are_instances {
            return Ok(());
        }
        if self.types().is_untyped(from) {
            if self.types().is_type_param(target) {
                let terms = self.types().type_set(target);
                let is_fine = terms.specific().is_some_and(|terms| {
                    terms
                        .iter()
                        .all(|term| self.implicit_type(x, term.ty).is_ok())
                });
                return match is_fine {
                    true => Ok(()),
                    false => fail(Code::IncompatibleAssign),
                };
            }
            return match self.implicit_type(x, target) {
                Ok(_) => Ok(()),
                Err(_) => fail(Code::IncompatibleAssign),
            };
        }
        let is_named = self.types().has_name(x.ty) && self.types().has_name(target);
        if self.types().identical(from, to) && !is_named {
            return Ok(());
        }
        if self.types().is_interface(target) || self.is_interface_pointer(to) {
            let (from, to) = (self.types().unalias(x.ty), self.types().unalias(target));
            match self.implements(from, to) {
                None => return Ok(()),
                Some(_) if self.types().is_type_param(x.ty) => {}
                Some(cause) => return Err((Code::InvalidIfaceAssign, cause)),
            }
        }
        if self.types().is_interface(x.ty) && self.implements(target, x.ty).is_none() {
            return Err((Code::IncompatibleAssign, "need type assertion".into()));
        }
        if let (
            &Type::Chan {
                dir: ChanDir::Both,
                elem: a,
            },
            &Type::Chan { elem: b, .. },
        ) = (self.types().get(from), self.types().get(to))
            && self.types().identical(a, b)
        {
            return match is_named {
                true => fail(Code::InvalidChanAssign),
                false => Ok(()),
            };
        }
        let (from_param, to_param) = (
            self.types().is_type_param(x.ty),
            self.types().is_type_param(target),
        );
        // With types of type parameters, all types that they stand for must be assignable.
        if to_param && !self.types().has_name(x.ty) {
            let terms = self.types().type_set(target);
            for term in terms.specific().unwrap_or_default() {
                if let Err((code, cause)) = self.assignable(x, term.ty) {
                    let text = format!(
                        "cannot assign {} to {} (in {})",
                        self.type_text(x.ty),
                        self.type_text(term.ty),
                        self.type_text(target)
                    );
                    return Err((code, with_cause(text, &cause)));
                }
            }
            if terms.specific().is_some() {
                return Ok(());
            }
        }
        if from_param && !self.types().has_name(target) {
            let terms = self.types().type_set(x.ty);
            for term in terms.specific().unwrap_or_default() {
                let value = Operand { ty: term.ty, ..*x };
                if let Err((code, cause)) = self.assignable(&value, target) {
                    let text = format!(
                        "cannot assign {} (in {}) to {}",
                        self.type_text(term.ty),
                        self.type_text(x.ty),
                        self.type_text(target)
                    );
                    return Err((code, with_cause(text, &cause)));
                }
            }
            if terms.specific().is_some() {
                return Ok(());
            }
        }
        fail(Code::IncompatibleAssign)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // T(x)

    pub(super) fn conversion(&mut self, x: &mut Operand<'a>, target: TypeId) {
        let is_constant = x.mode == Mode::Constant;
        let to = self.types().basic(target);
        let is_constant_target = to.is_some_and(Basic::is_const_type);
        let mut is_fine = false;
        let mut cause = String::new();
        if is_constant && is_constant_target {
            let basic = to.unwrap_or(Basic::Invalid);
            match self.convert_constant(x, basic) {
                Ok(value) => {
                    x.value = self.prog.constants.add(value);
                    is_fine = true;
                }
                Err(true) => {
                    // A whole number is shown as one.
                    if basic.is_integer()
                        && let Some(int) = self.const_of(x).to_int()
                    {
                        let was_integer = self.types().is_integer(x.ty);
                        if !was_integer {
                            x.value = self.prog.constants.add(Constant::Int(int));
                        }
                    }
                    let text = self.constant_conversion_text(x, target);
                    self.error_op(Code::InvalidConversion, x, text);
                    x.set_invalid();
                    return;
                }
                Err(false) => {}
            }
        } else if is_constant && self.types().is_type_param(target) {
            // All types that the parameter stands for must take the constant, which is none afterwards.
            match self.constant_to_type_param(x, target) {
                None => is_fine = true,
                Some(text) => cause = text,
            }
            x.mode = Mode::Value;
        } else {
            match self.convertible(x, target) {
                Ok(()) => {
                    is_fine = true;
                    x.mode = Mode::Value;
                }
                Err(text) => cause = text,
            }
        }
        if !is_fine {
            let suffix = match cause.is_empty() {
                true => String::new(),
                false => format!(": {cause}"),
            };
            let text = format!(
                "cannot convert {} to type {}{suffix}",
                self.describe(x),
                self.type_text(target)
            );
            self.error_op(Code::InvalidConversion, x, text);
            x.set_invalid();
            return;
        }
        if self.types().is_untyped(x.ty) {
            let is_rune_to_string = is_constant && self.types().all_string(target);
            let mut last = target;
            if self.types().is_interface(target)
                || (is_constant && !is_constant_target)
                || (x.is_nil() && !self.types().has_nil(target))
            {
                last = self.types().default_type(x.ty);
            } else if is_constant && self.types().is_integer(x.ty) && is_rune_to_string {
                last = x.ty;
            }
            if x.part == Part::Whole {
                self.update_expr_type(x.expr, last, true);
            }
        }
        x.ty = target;
    }

    /// For integers Go says which constant does not fit which type.
    fn constant_conversion_text(&self, x: &Operand<'a>, target: TypeId) -> String {
        let types = self.types();
        let (value, shown) = (self.const_of(x), self.type_text(target));
        if types.is_integer(x.ty) && types.is_integer(target) {
            return format!("constant {value} overflows {shown}");
        }
        format!("cannot convert {} to type {shown}", self.describe(x))
    }

    /// The constant as the type holds it. The error says whether numbers are in play: then it is one of range.
    fn convert_constant(&self, x: &Operand<'a>, basic: Basic) -> Result<Constant, bool> {
        let value = self.const_of(x);
        if let Ok(value) = value.represent(basic) {
            return Ok(value);
        }
        if basic.is_string() && self.types().is_integer(x.ty) {
            return Ok(value.int_to_string());
        }
        Err(self.types().is_numeric(x.ty) && basic.is_numeric())
    }

    fn convertible(&mut self, x: &Operand<'a>, target: TypeId) -> Result<(), String> {
        let cause = match self.assignable(x, target) {
            Ok(()) => return Ok(()),
            Err((_, cause)) => cause,
        };
        let (from, to) = (self.under(x.ty), self.under(target));
        let (from_param, to_param) = (
            self.types().is_type_param(x.ty),
            self.types().is_type_param(target),
        );
        if !from_param && !to_param && self.prog.types.identical_ignoring_tags(from, to) {
            return Ok(());
        }
        let types = self.types();
        let is_unnamed = |ty: TypeId| matches!(types.get(types.unalias(ty)), Type::Pointer(_));
        if let (Some(a), Some(b)) = (types.pointee(x.ty), types.pointee(target))
            && is_unnamed(x.ty)
            && is_unnamed(target)
        {
            let is_param = types.is_type_param(a) || types.is_type_param(b);
            let (a, b) = (self.under(a), self.under(b));
            if !is_param && self.prog.types.identical_ignoring_tags(a, b) {
                return Ok(());
            }
        }
        let types = self.types();
        let real = |ty| types.is_integer(ty) || types.is_float(ty);
        if (real(x.ty) && real(target)) || (types.is_complex(x.ty) && types.is_complex(target)) {
            return Ok(());
        }
        if types.is_string(target) && (types.is_integer(x.ty) || types.is_bytes_or_runes(x.ty)) {
            return Ok(());
        }
        if types.is_string(x.ty) && types.is_bytes_or_runes(target) {
            return Ok(());
        }
        let pointer_like =
            |ty: TypeId| types.is_pointer(ty) || matches!(types.basic(ty), Some(Basic::Uintptr));
        let is_unsafe = |ty: TypeId| matches!(types.basic(ty), Some(Basic::UnsafePointer));
        if (pointer_like(x.ty) && is_unsafe(target)) || (is_unsafe(x.ty) && pointer_like(target)) {
            return Ok(());
        }
        if let &Type::Slice(elem) = types.get(from) {
            let array = match types.get(to) {
                Type::Array { .. } => Some(to),
                &Type::Pointer(pointee) => Some(types.under(pointee)),
                _ => None,
            };
            if let Some(array) = array
                && let &Type::Array { elem: other, .. } = types.get(array)
                && types.identical(elem, other)
            {
                return Ok(());
            }
        }
        if from_param || to_param {
            return self.convertible_types(x, target, cause);
        }
        Err(cause)
    }

    /// With type parameters, each type that the operand's stands for must convert to each that the target stands for.
    fn convertible_types(
        &mut self,
        x: &Operand<'a>,
        target: TypeId,
        mut cause: String,
    ) -> Result<(), String> {
        let types_of = |c: &Self, ty: TypeId| -> Option<Vec<TypeId>> {
            match c.types().is_type_param(ty) {
                false => Some(vec![ty]),
                true => {
                    let set = c.types().type_set(ty);
                    Some(set.specific()?.iter().map(|term| term.ty).collect())
                }
            }
        };
        let (Some(from), Some(to)) = (types_of(self, x.ty), types_of(self, target)) else {
            return Err(cause);
        };
        let within = |c: &Self, ty: TypeId, of: TypeId| match ty == of {
            true => c.type_text(ty),
            false => format!("{} (in {})", c.type_text(ty), c.type_text(of)),
        };
        for &a in &from {
            for &b in &to {
                let value = Operand { ty: a, ..*x };
                if let Err(inner) = self.convertible(&value, b) {
                    if !inner.is_empty() {
                        cause = inner;
                    }
                    let text = format!(
                        "cannot convert {} to type {}",
                        within(self, a, x.ty),
                        within(self, b, target)
                    );
                    return Err(with_cause(text, &cause));
                }
            }
        }
        Ok(())
    }

    /// Why a constant does not convert to all types that a type parameter stands for.
    fn constant_to_type_param(&mut self, x: &Operand<'a>, target: TypeId) -> Option<String> {
        let set = self.types().type_set(target);
        let shown = self.type_text(target);
        let Some(terms) = set.specific() else {
            return Some(format!("{shown} does not contain specific types"));
        };
        for term in terms {
            let under = self.under(term.ty);
            if self.types().is_string(x.ty) && self.types().is_bytes_or_runes(under) {
                continue;
            }
            let is_fine = self
                .types()
                .basic(under)
                .is_some_and(|basic| self.convert_constant(x, basic).is_ok());
            if !is_fine {
                let under_text = self.type_text(under);
                let is_integer = self.types().is_integer(x.ty) && self.types().is_integer(under);
                return Some(match is_integer {
                    true => format!(
                        "constant {} overflows {under_text} (in {shown})",
                        self.const_of(x)
                    ),
                    false => format!(
                        "cannot convert {} to type {under_text} (in {shown})",
                        self.describe(x)
                    ),
                });
            }
        }
        None
    }
}

/// A reason with what is behind it.
fn with_cause(text: String, cause: &str) -> String {
    match cause.is_empty() {
        true => text,
        false => format!("{text}\n\t{cause}"),
    }
}
