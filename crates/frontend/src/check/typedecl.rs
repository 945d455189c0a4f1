//! Declarations of types and aliases, and the methods that are collected for them.

use mini_diagnostics::{Code, Diagnostic};
use mini_syntax::ast;

use super::{Checker, Later};
use crate::info::FuncId;
use crate::object::ObjId;
use crate::types::{Type, TypeId};

impl<'a> Checker<'a> {
    pub(super) fn type_decl(&mut self, obj: ObjId, spec: &'a ast::TypeSpec) {
        let (name, pkg) = (spec.name.name, self.env.pkg);
        self.open_scope();
        match spec.is_alias {
            true => {
                let alias = self.prog.types.new_alias(name, pkg, obj);
                self.prog.objects[obj.index()].ty = alias;
                self.alias_decl(obj, alias, spec);
            }
            false => {
                let local_index = match self.env.func.is_some() {
                    true => {
                        self.prog.state.n_local_types += 1;
                        self.prog.state.n_local_types
                    }
                    false => 0,
                };
                let named = self.prog.types.new_named(name, pkg, obj, local_index);
                self.prog.objects[obj.index()].ty = named;
                self.named_decl(obj, named, spec);
            }
        }
        self.close_scope();
    }

    fn alias_decl(&mut self, obj: ObjId, alias: TypeId, spec: &'a ast::TypeSpec) {
        if !spec.type_params.is_empty() {
            let params = self.declare_type_params(&spec.type_params);
            self.prog.types.set_type_params(alias, params.clone(), 0);
            self.type_param_constraints(&spec.type_params, &params);
        }
        let actual = self.typ(&spec.ty);
        if self.types().leads_to(actual, alias) {
            // `type A = B; type B = A` was reported when the cycle closed.
            self.prog.types.set_actual(alias, TypeId::INVALID);
            self.prog.objects[obj.index()].ty = TypeId::INVALID;
            return;
        }
        let is_own_param = self
            .types()
            .as_type_param(actual)
            .is_some_and(|param| self.types().generic_params(alias).contains(&param));
        if is_own_param {
            let text = "cannot use type parameter declared in alias declaration as RHS";
            self.error(Code::MisplacedTypeParam, &spec.ty, text);
            self.prog.types.set_actual(alias, TypeId::INVALID);
            self.prog.objects[obj.index()].ty = TypeId::INVALID;
            return;
        }
        self.prog.types.set_actual(alias, actual);
    }

    fn named_decl(&mut self, obj: ObjId, named: TypeId, spec: &'a ast::TypeSpec) {
        if self.env.func == FuncId::NONE {
            self.collect_methods(obj, named);
        }
        let mut params = self.type_params_around();
        let n_implicit = params.len();
        if !spec.type_params.is_empty() {
            let own = self.declare_type_params(&spec.type_params);
            params.extend(&own);
            self.prog.types.set_type_params(named, params, n_implicit);
            self.type_param_constraints(&spec.type_params, &own);
        } else if n_implicit > 0 {
            self.prog.types.set_type_params(named, params, n_implicit);
        }
        let rhs = self.typ(&spec.ty);
        if self.types().leads_to(rhs, named) {
            self.type_cycle(named, rhs);
            return;
        }
        if self.types().is_type_param(rhs) {
            let text = "cannot use a type parameter as RHS in type declaration";
            self.error(Code::MisplacedTypeParam, &spec.ty, text);
            return;
        }
        self.prog.types.set_rhs(named, rhs);
        self.valid_type(named);
    }

    fn type_cycle(&mut self, named: TypeId, rhs: TypeId) {
        let mut cycle = Vec::new();
        let types = self.types();
        if let Some(first) = types.as_named(named) {
            cycle.push(first.obj);
        }
        let mut ty = rhs;
        while ty != named {
            ty = match *types.get(ty) {
                Type::Named(id) => {
                    cycle.push(types.named(id).obj);
                    types.named(id).rhs
                }
                Type::Alias(id) => {
                    cycle.push(types.alias(id).obj);
                    types.alias(id).actual
                }
                _ => break,
            };
        }
        self.cycle_error(&cycle);
    }

    /// Gives a declared type the methods that were collected for its name.
    fn collect_methods(&mut self, obj: ObjId, named: TypeId) {
        let name = self.object(obj).name;
        let is_first = self.prog.package(self.env.pkg).scope.get(&name) == Some(&obj);
        if !is_first {
            return;
        }
        let methods = self.prog.state.packages[self.env.pkg.index()]
            .methods
            .remove(&name);
        let Some(methods) = methods else { return };
        let mut kept: Vec<(mini_syntax::Symbol, ObjId)> = Vec::with_capacity(methods.len());
        for method in methods {
            let (method_name, pos) = (self.object(method).name, self.object(method).pos);
            if let Some((_, other)) = kept.iter().find(|(known, _)| *known == method_name) {
                let other = self.object(*other).pos;
                let text = format!(
                    "method {name}.{method_name} already declared at {}",
                    super::errors::place(other)
                );
                self.error_name(Code::DuplicateMethod, pos, method_name, text);
                continue;
            }
            kept.push((method_name, method));
        }
        if let Type::Named(id) = *self.types().get(named) {
            self.prog.types.named_mut(id).methods = kept;
        }
        self.later.push(Later::Methods { obj });
    }

    /// Fields and methods of a struct must have different names.
    pub(super) fn check_methods(&mut self, obj: ObjId) {
        let types = self.types();
        let ty = self.object(obj).ty;
        let (Some(named), Some(structure)) = (types.as_named(ty), types.as_struct(ty)) else {
            return;
        };
        let (methods, structure) = (named.methods.clone(), structure.clone());
        for field in &structure.fields {
            if let Some(&(name, method)) = methods.iter().find(|(name, _)| *name == field.name) {
                let method_pos = self.object(method).pos;
                let text = format!("field and method with the same name {name}");
                let span = self.name_span(method_pos, name);
                let mut diagnostic = Diagnostic::error(Code::DuplicateFieldAndMethod, span, text);
                if let Some(pos) = self.field_pos(obj, name) {
                    diagnostic = self.other_declaration(diagnostic, name, pos);
                }
                self.push(diagnostic);
            }
        }
    }

    fn field_pos(&self, obj: ObjId, name: mini_syntax::Symbol) -> Option<mini_diagnostics::Pos> {
        let spec = self.asts.type_spec(self.prog.state.decls.get(obj)?.at)?;
        let ast::ExprKind::StructType(ty) = &spec.ty.kind else {
            return None;
        };
        ty.fields.iter().find_map(|field| {
            match field.names.iter().find(|ident| ident.name == name) {
                Some(ident) => Some(ident.pos),
                None => (field.is_embedded()
                    && super::typexpr::embedded_name(&field.ty)
                        .is_some_and(|ident| ident.name == name))
                .then_some(field.span.start),
            }
        })
    }
}
