//! Selectors: qualified identifiers, fields, methods, method expressions.

use mini_diagnostics::Code;
use mini_syntax::Symbol;
use mini_syntax::ast::{Expr, ExprKind, Ident};

use super::Checker;
use super::operand::Operand;
use crate::info::{Mode, Selection, SelectionKind};
use crate::object::{ObjId, ObjectKind};
use crate::program::PkgId;
use crate::types::{Lookup, LookupFailure, Member, Param, Signature, Type, TypeId};

impl<'a> Checker<'a> {
    pub(super) fn selector(&mut self, expr: &'a Expr, wants_type: bool) -> Operand<'a> {
        let mut x = Operand::invalid(expr);
        let ExprKind::Selector { x: inner, sel } = &expr.kind else {
            return x;
        };
        if let ExprKind::Name(name) = inner.kind
            && let Some(obj) = self.lookup(name)
            && let ObjectKind::PkgName { imported, .. } = self.object(obj).kind
        {
            self.record_use(inner.id, obj);
            if let ObjectKind::PkgName { is_used, .. } = &mut self.prog.objects[obj.index()].kind {
                *is_used = true;
            }
            self.qualified(&mut x, expr, *sel, imported, wants_type);
            return x;
        }
        let base = self.expr_or_type(inner);
        match base.mode {
            Mode::Invalid => return x,
            Mode::Builtin => {
                let text = format!(
                    "invalid use of {} in selector expression",
                    self.describe(&base)
                );
                self.error_at_node(Code::UncalledBuiltin, expr, text);
                return x;
            }
            _ => {}
        }
        if !self.is_complete(base.ty) {
            return x;
        }
        if wants_type {
            let text = format!("{expr} is not a type");
            self.error_name(Code::NotAType, sel.pos, sel.name, text);
            return x;
        }
        if let Some(elem) = self.types().pointee(base.ty)
            && !self.is_complete(elem)
        {
            return x;
        }
        match self.types().lookup(base.ty, self.env.pkg, sel.name) {
            Ok(found) => self.selected(&mut x, &base, inner, *sel, found),
            Err(failure) => self.selector_error(&base, *sel, failure),
        }
        x
    }

    fn qualified(
        &mut self,
        x: &mut Operand<'a>,
        expr: &'a Expr,
        sel: Ident,
        imported: PkgId,
        wants_type: bool,
    ) {
        let Some(&obj) = self.prog.package(imported).scope.get(&sel.name) else {
            let folded = sel.name.as_str().to_lowercase();
            let mut near: Vec<&str> = self
                .prog
                .package(imported)
                .scope
                .keys()
                .filter(|name| name.is_exported() && name.as_str().to_lowercase() == folded)
                .map(|name| name.as_str())
                .collect();
            near.sort_unstable();
            let text = match near.first() {
                Some(near) => format!("undefined: {expr} (but have {near})"),
                None => format!("undefined: {expr}"),
            };
            self.error_name(Code::UndeclaredImportedName, sel.pos, sel.name, text);
            return;
        };
        if !sel.name.is_exported() {
            let package = self.prog.package(imported).name;
            let text = format!("name {} not exported by package {package}", sel.name);
            self.error_name(Code::UnexportedName, sel.pos, sel.name, text);
        }
        self.record_use(sel.id, obj);
        self.use_object(x, obj, wants_type);
    }

    fn selected(
        &mut self,
        x: &mut Operand<'a>,
        base: &Operand<'a>,
        inner: &'a Expr,
        sel: Ident,
        found: Lookup,
    ) {
        let is_type = base.mode == Mode::Type;
        let (sig, obj) = match found.member {
            Member::Field { ty, .. } => {
                if is_type {
                    let text = format!(
                        "operand for field selector {} must be value of type {}",
                        sel.name,
                        self.type_text(base.ty)
                    );
                    self.error(Code::MissingFieldOrMethod, inner, text);
                    return;
                }
                x.mode = match base.mode == Mode::Variable || found.is_indirect {
                    true => Mode::Variable,
                    false => Mode::Value,
                };
                x.ty = ty;
                if !ty.is_valid() {
                    x.set_invalid();
                }
                self.record_selection(x.expr, SelectionKind::Field, base.ty, found, ty);
                return;
            }
            Member::Method(obj) => {
                self.obj_decl(obj);
                self.add_dependency(obj);
                self.record_use(sel.id, obj);
                (self.method_signature(found.holder, obj), Some(obj))
            }
            Member::InterfaceMethod { sig, .. } | Member::ConstraintMethod { sig, .. } => {
                (sig, None)
            }
        };
        if !sig.is_valid() {
            return;
        }
        let has_pointer_recv = obj.is_some_and(|obj| match self.object(obj).kind {
            ObjectKind::Func(func) => self.prog.func(func).has_pointer_recv,
            _ => false,
        });
        let is_addressable = base.mode == Mode::Variable && !is_type;
        if has_pointer_recv && !found.is_indirect && !is_addressable {
            let shown = self.type_text(base.ty);
            let text = match is_type {
                true => format!(
                    "invalid method expression {shown}.{0} (needs pointer receiver (*{shown}).{0})",
                    sel.name
                ),
                false => format!("cannot call pointer method {} on {shown}", sel.name),
            };
            self.error_name(Code::InvalidMethodExpr, sel.pos, sel.name, text);
            return;
        }
        if is_type {
            let ty = self.method_expr_type(base.ty, sig, obj);
            self.record_selection(x.expr, SelectionKind::MethodExpr, base.ty, found, ty);
            x.set_value(ty);
            return;
        }
        if has_pointer_recv && !found.is_indirect {
            self.mark_addr_taken(inner);
        }
        self.record_selection(x.expr, SelectionKind::Method, base.ty, found, sig);
        x.set_value(sig);
    }

    /// The receiver becomes the first parameter.
    fn method_expr_type(&mut self, recv: TypeId, sig: TypeId, obj: Option<ObjId>) -> TypeId {
        let Type::Func(sig) = self.types().get(sig).clone() else {
            return TypeId::INVALID;
        };
        let mut sig = Signature::clone(&sig);
        let has_names = sig.params.first().is_some_and(|param| param.name.is_some());
        let named = obj
            .and_then(|obj| self.prog.func_of(obj))
            .and_then(|func| self.prog.func(func).recv)
            .map(|recv| self.object(recv).name)
            .filter(|name| !name.as_str().is_empty());
        let name = has_names.then(|| named.unwrap_or_else(|| Symbol::intern("_")));
        sig.params.insert(0, Param { name, ty: recv });
        self.prog.types.func(sig)
    }

    fn record_selection(
        &mut self,
        expr: &'a Expr,
        kind: SelectionKind,
        recv: TypeId,
        found: Lookup,
        ty: TypeId,
    ) {
        let selection = Selection {
            kind,
            member: found.member,
            recv,
            path: found.path.into(),
            is_indirect: found.is_indirect,
            holder: found.holder,
            ty,
        };
        self.prog.packages[self.env.pkg.index()]
            .info
            .selections
            .insert(expr.id, selection);
    }

    fn selector_error(&mut self, base: &Operand<'a>, sel: Ident, failure: LookupFailure) {
        if !self.under(base.ty).is_valid() {
            return;
        }
        if let Some(elem) = self.types().pointee(base.ty)
            && !self.under(elem).is_valid()
        {
            return;
        }
        let shown = self.operand_text(base);
        if failure == LookupFailure::Ambiguous {
            let text = format!("ambiguous selector {shown}.{}", sel.name);
            self.error_name(Code::AmbiguousSelector, sel.pos, sel.name, text);
            return;
        }
        let why = match self.is_interface_pointer(base.ty) {
            true => self.interface_pointer_text(base.ty),
            false => self.lookup_error(base.ty, sel.name, false),
        };
        let text = format!("{shown}.{} undefined ({why})", sel.name);
        self.error_name(Code::MissingFieldOrMethod, sel.pos, sel.name, text);
    }

    /// Why a type has no such field or method, and what it has instead.
    pub(super) fn lookup_error(&self, ty: TypeId, name: Symbol, is_literal: bool) -> String {
        let types = self.types();
        let shown = self.type_text(ty);
        let near = types
            .lookup_folded(ty, self.env.pkg, name)
            .map(|(near, _)| near)
            .filter(|near| *near != name);
        let near_kind = near.and_then(|near| {
            let found = types.lookup(ty, self.env.pkg, near).ok()?;
            Some((near, matches!(found.member, Member::Field { .. })))
        });
        // A name of another package, found as that package sees it.
        let foreign = types
            .as_named(types.deref(ty).0)
            .map(|named| named.pkg)
            .filter(|&pkg| pkg != self.env.pkg && !name.is_exported());
        let hidden = foreign.and_then(|pkg| {
            let found = types.lookup(ty, pkg, name).ok()?;
            Some(matches!(found.member, Member::Field { .. }))
        });
        if is_literal {
            return match (near_kind, hidden) {
                (_, Some(true)) => {
                    format!(
                        "cannot refer to unexported field {name} in struct literal of type {shown}"
                    )
                }
                (Some((near, true)), _) => format!(
                    "unknown field {name} in struct literal of type {shown}, but does have {near}"
                ),
                _ => format!("unknown field {name} in struct literal of type {shown}"),
            };
        }
        match (near_kind, hidden) {
            (_, Some(true)) => format!("cannot refer to unexported field {name}"),
            (_, Some(false)) => format!("cannot refer to unexported method {name}"),
            (Some((near, is_field)), _) => {
                let what = if is_field { "field" } else { "method" };
                format!("type {shown} has no field or method {name}, but does have {what} {near}")
            }
            _ => format!("type {shown} has no field or method {name}"),
        }
    }
}
