//! Whether a type implements an interface, or satisfies a constraint.

use mini_syntax::Symbol;

use super::Checker;
use crate::object::{ObjId, ObjectKind};
use crate::types::{Member, Method, Missing, Signature, Term, Type, TypeId};

/// How signatures of methods are compared.
pub(super) type SameSignature<'a, 'b> = dyn FnMut(&mut Checker<'a>, TypeId, TypeId) -> bool + 'b;

impl<'a> Checker<'a> {
    /// A pointer to an interface or to a type parameter, which have no methods.
    pub(super) fn is_interface_pointer(&self, ty: TypeId) -> bool {
        self.types()
            .pointee(ty)
            .is_some_and(|elem| self.types().is_interface(elem) || self.types().is_type_param(elem))
    }

    /// Why `ty` does not implement the interface `target`; `None` if it does.
    pub(super) fn implements(&mut self, ty: TypeId, target: TypeId) -> Option<String> {
        self.implements_or_satisfies(ty, target, false)
    }

    /// Why `ty` does not satisfy the constraint `target`; `None` if it does.
    pub(super) fn satisfies(&mut self, ty: TypeId, target: TypeId) -> Option<String> {
        self.implements_or_satisfies(ty, target, true)
    }

    fn implements_or_satisfies(
        &mut self,
        ty: TypeId,
        target: TypeId,
        is_constraint: bool,
    ) -> Option<String> {
        if !self.under(ty).is_valid() || !self.under(target).is_valid() {
            return None;
        }
        if let Some(elem) = self.types().pointee(ty)
            && !self.under(elem).is_valid()
        {
            return None;
        }
        let verb = match is_constraint {
            true => "satisfy",
            false => "implement",
        };
        // A constraint that is no interface stands for one with a single type.
        if !self.types().is_interface(target) && !is_constraint {
            let wanted = self.type_text(target);
            let detail = match self.is_interface_pointer(target) {
                true => self.interface_pointer_text(target),
                false => format!("{wanted} is not an interface"),
            };
            let shown = self.type_text(ty);
            return Some(format!("{shown} does not {verb} {wanted} ({detail})"));
        }
        self.prog.types.complete_interface(target);
        let wanted = self.types().type_set(target);
        if wanted.is_all() {
            return None;
        }
        let is_set = self.types().is_interface(ty) || self.types().is_type_param(ty);
        let have = is_set.then(|| self.types().type_set(ty));
        if have.as_ref().is_some_and(|have| have.is_empty()) {
            return None;
        }
        if wanted.is_empty() {
            let wanted = self.type_text(target);
            return Some(format!("cannot {verb} {wanted} (empty type set)"));
        }
        let fails = |c: &Self| {
            let (shown, wanted) = (c.type_text(ty), c.type_text(target));
            format!("{shown} does not {verb} {wanted}")
        };
        if let Some(cause) = self.missing_method_cause(ty, target, true)
            && !self.has_invalid_embedded_fields(ty, 0)
        {
            return Some(format!("{} {cause}", fails(self)));
        }
        if let Some(terms) = wanted.specific() {
            if let Some(have) = have {
                if !self.types().is_subset_of(&have, &wanted) {
                    return Some(fails(self));
                }
            } else if !terms.iter().any(|&term| self.types().includes(term, ty)) {
                let detail = self.not_in_type_set(ty, target, terms);
                return Some(format!("{} ({detail})", fails(self)));
            }
        }
        let wants_comparable = match &wanted.terms {
            None => wanted.is_comparable,
            Some(terms) => terms
                .iter()
                .all(|term| self.types().strictly_comparable(term.ty)),
        };
        let is_comparable = match is_constraint {
            true => self.types().comparable(ty),
            false => self.types().strictly_comparable(ty),
        };
        if wants_comparable && !is_comparable {
            let shown = self.type_text(ty);
            return Some(format!("{shown} does not {verb} comparable"));
        }
        None
    }

    fn not_in_type_set(&self, ty: TypeId, target: TypeId, terms: &[Term]) -> String {
        let types = self.types();
        let (shown, wanted) = (self.type_text(ty), self.type_text(target));
        let near = terms.iter().find(|term| {
            let with_tilde = Term {
                has_tilde: true,
                ..**term
            };
            !term.has_tilde
                && types.identical(term.ty, types.under(term.ty))
                && types.includes(with_tilde, ty)
        });
        if let Some(near) = near {
            return format!(
                "possibly missing ~ for {} in {wanted}",
                self.type_text(near.ty)
            );
        }
        if self.mentions(types.under(target), ty) {
            return format!(
                "{wanted} mentions {shown}, but {shown} is not in the type set of {wanted}"
            );
        }
        let texts: Vec<String> = terms.iter().map(|&term| self.term_text(term)).collect();
        format!("{shown} missing in {}", texts.join(" | "))
    }

    /// Whether an interface or union names a type, in its type set or not.
    fn mentions(&self, within: TypeId, ty: TypeId) -> bool {
        match self.types().get(within) {
            Type::Interface(interface) => interface
                .embeds
                .iter()
                .any(|&embed| self.mentions(embed, ty)),
            Type::Union(terms) => terms.iter().any(|term| self.mentions(term.ty, ty)),
            _ => self.types().identical(within, ty),
        }
    }

    pub(super) fn interface_pointer_text(&self, ty: TypeId) -> String {
        let is_type_param = self
            .types()
            .pointee(ty)
            .is_some_and(|elem| self.types().is_type_param(elem));
        let shown = self.type_text(ty);
        match is_type_param {
            true => format!("type {shown} is pointer to type parameter, not type parameter"),
            false => format!("type {shown} is pointer to interface, not interface"),
        }
    }

    fn has_invalid_embedded_fields(&self, ty: TypeId, depth: u32) -> bool {
        let (base, _) = self.types().deref(ty);
        let Some(structure) = self.types().as_struct(base) else {
            return false;
        };
        depth < 16
            && structure.fields.iter().any(|field| {
                field.is_embedded
                    && (!self.under(field.ty).is_valid()
                        || self.has_invalid_embedded_fields(field.ty, depth + 1))
            })
    }

    /// The first method of `iface` that `ty` lacks, in brackets as messages show it.
    pub(super) fn missing_method_cause(
        &mut self,
        ty: TypeId,
        iface: TypeId,
        is_static: bool,
    ) -> Option<String> {
        let same = &mut |c: &mut Checker<'a>, have, want| c.same_method(have, want);
        let missing = self.missing_method(ty, iface, is_static, same)?;
        Some(self.missing_text(ty, iface, missing))
    }

    pub(super) fn same_method(&self, have: TypeId, want: TypeId) -> bool {
        self.types().identical(have, want)
    }

    pub(super) fn missing_text(&mut self, ty: TypeId, iface: TypeId, missing: Missing) -> String {
        match missing {
            Missing::NotFound(method) => {
                if self.is_interface_pointer(ty) {
                    format!("({})", self.interface_pointer_text(ty))
                } else if self.is_interface_pointer(iface) {
                    format!("({})", self.interface_pointer_text(iface))
                } else {
                    format!("(missing method {})", method.name)
                }
            }
            Missing::WrongName { want, have, sig } => {
                format!(
                    "(missing method {})\n\t\thave {}\n\t\twant {}",
                    want.name,
                    self.method_text(have, sig),
                    self.method_text(want.name, want.sig)
                )
            }
            Missing::Unexported(method) => format!("(unexported method {})", method.name),
            Missing::WrongType { want, have } => {
                let (have, wanted) = (
                    self.method_text(want.name, have),
                    self.method_text(want.name, want.sig),
                );
                match have == wanted {
                    true => format!("(wrong type for method {})", want.name),
                    false => format!(
                        "(wrong type for method {})\n\t\thave {have}\n\t\twant {wanted}",
                        want.name
                    ),
                }
            }
            Missing::Ambiguous(method) => {
                format!(
                    "(ambiguous selector {}.{})",
                    self.type_text(ty),
                    method.name
                )
            }
            Missing::PointerReceiver(method) => {
                format!("(method {} has pointer receiver)", method.name)
            }
            Missing::Field(method) => format!(
                "({}.{} is a field, not a method)",
                self.type_text(ty),
                method.name
            ),
        }
    }

    /// The method without the names of its parameters.
    fn method_text(&self, name: Symbol, sig: TypeId) -> String {
        match self.types().get(sig) {
            Type::Func(sig) => {
                let mut sig = Signature::clone(sig);
                for param in sig.params.iter_mut().chain(&mut sig.results) {
                    param.name = None;
                }
                let text = self.types().signature_text(&sig, self.qualifier());
                format!("{name}{text}")
            }
            _ => name.to_string(),
        }
    }

    /// The signature that the method `obj` has in `holder`: with the type arguments of an instance.
    pub(super) fn method_signature(&mut self, holder: TypeId, obj: ObjId) -> TypeId {
        self.obj_decl(obj);
        self.prog.method_signature(holder, obj)
    }

    fn has_pointer_recv(&self, obj: ObjId) -> bool {
        match self.object(obj).kind {
            ObjectKind::Func(func) => self.prog.func(func).has_pointer_recv,
            _ => false,
        }
    }

    /// The first method of `iface` that keeps `ty` from having them all. With `is_static` unset and an interface `ty`,
    /// methods may be absent (the dynamic type may have them) but must not contradict.
    pub(super) fn missing_method(
        &mut self,
        ty: TypeId,
        iface: TypeId,
        is_static: bool,
        same: &mut SameSignature<'a, '_>,
    ) -> Option<Missing> {
        let wanted = self.prog.types.complete_interface(iface);
        if wanted.is_empty() {
            return None;
        }
        if self.types().is_interface(ty) || self.types().is_type_param(ty) {
            let have = self.types().methods_of_interface(ty);
            for want in wanted.iter() {
                let found = have
                    .iter()
                    .find(|have| have.name == want.name && have.pkg == want.pkg);
                match found {
                    Some(have) if !same(self, have.sig, want.sig) => {
                        return Some(Missing::WrongType {
                            want: *want,
                            have: have.sig,
                        });
                    }
                    None if is_static => return Some(Missing::NotFound(*want)),
                    _ => {}
                }
            }
            return None;
        }
        wanted
            .iter()
            .find_map(|want| self.missing_in_type(ty, want, same))
    }

    fn missing_in_type(
        &mut self,
        ty: TypeId,
        want: &Method,
        same: &mut SameSignature<'a, '_>,
    ) -> Option<Missing> {
        let found = match self.types().lookup(ty, want.pkg, want.name) {
            Ok(found) => found,
            Err(crate::types::LookupFailure::Ambiguous) => return Some(Missing::Ambiguous(*want)),
            Err(crate::types::LookupFailure::NotFound) => {
                return Some(self.near_method(ty, want));
            }
        };
        match found.member {
            Member::Method(obj) => {
                if self.has_pointer_recv(obj) && !found.is_indirect {
                    return Some(Missing::PointerReceiver(*want));
                }
                let have = self.method_signature(found.holder, obj);
                (!same(self, have, want.sig)).then_some(Missing::WrongType { want: *want, have })
            }
            Member::InterfaceMethod { sig, .. } | Member::ConstraintMethod { sig, .. } => {
                (!same(self, sig, want.sig)).then_some(Missing::WrongType {
                    want: *want,
                    have: sig,
                })
            }
            Member::Field { .. } => Some(Missing::Field(*want)),
        }
    }

    /// A method of a similar name, or of the same name in another package.
    fn near_method(&mut self, ty: TypeId, want: &Method) -> Missing {
        let Some((have, found)) = self.types().lookup_folded(ty, want.pkg, want.name) else {
            return Missing::NotFound(*want);
        };
        let sig = match found.member {
            Member::Method(obj) => self.method_signature(found.holder, obj),
            Member::InterfaceMethod { sig, .. } | Member::ConstraintMethod { sig, .. } => sig,
            Member::Field { .. } => return Missing::NotFound(*want),
        };
        match have == want.name {
            true => Missing::Unexported(*want),
            false => Missing::WrongName {
                want: *want,
                have,
                sig,
            },
        }
    }
}
