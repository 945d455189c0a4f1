//! Signatures: parameters, results, receivers.

use mini_diagnostics::{Code, Pos};
use mini_syntax::Symbol;
use mini_syntax::ast::{self, Expr, ExprKind, Ident, UnaryOp};

use super::typeparams::Receiver;
use super::{Checker, Later};
use crate::info::{FuncId, FuncOrigin};
use crate::object::{ObjId, Object, ObjectKind, Var, VarKind};
use crate::types::{Param, Signature, Type, TypeId, TypeParamId};

impl<'a> Checker<'a> {
    /// A signature. The parameters are declared in the scope at hand; with a function they become its own.
    pub(super) fn func_type(
        &mut self,
        func: FuncId,
        recv: Option<&'a ast::Field>,
        type_params: &'a [ast::Field],
        ty: &'a ast::FuncType,
    ) -> TypeId {
        let mut named: Vec<(Ident, ObjId)> = Vec::new();
        self.set_unfinished(func, Vec::new());
        if let Some(recv) = recv {
            let receiver = Receiver::unpack(&recv.ty);
            let recv_type = match receiver.params {
                Some(names) => self.generic_receiver(func, &recv.ty, &receiver, names),
                None => self.plain_receiver(&recv.ty, receiver.base),
            };
            self.later.push(Later::Recv {
                env: self.env,
                ty: recv_type,
                expr: &recv.ty,
            });
            let obj = self.new_param(
                func,
                recv.names.first(),
                recv.span.start,
                VarKind::Recv,
                recv_type,
            );
            named.extend(recv.names.first().map(|&name| (name, obj)));
            if func.is_some() {
                self.prog.funcs[func.index()].recv = Some(obj);
            }
        }
        let type_params = match type_params.is_empty() {
            true => Vec::new(),
            false => {
                let params = self.declare_type_params(type_params);
                if func.is_some() {
                    self.prog.funcs[func.index()].type_params.extend(&params);
                }
                self.set_unfinished(func, params.clone());
                self.type_param_constraints(type_params, &params);
                params
            }
        };
        let (params, objects) = self.params(func, &ty.params, VarKind::Param, &mut named);
        let (results, result_objects) = self.params(func, &ty.results, VarKind::Result, &mut named);
        // Parameters are not in scope in the types of others.
        for (ident, obj) in named {
            self.declare(ident, obj);
        }
        if func.is_some() {
            let entry = &mut self.prog.funcs[func.index()];
            entry.params = objects;
            entry.results = result_objects;
        }
        self.prog.types.func(Signature {
            params,
            results,
            is_variadic: ty.is_variadic(),
            type_params,
        })
    }

    /// Within its own signature, a declared function has no parameters but those for types.
    fn set_unfinished(&mut self, func: FuncId, type_params: Vec<TypeParamId>) {
        if func.is_some()
            && let FuncOrigin::Decl { obj, .. } = self.prog.func(func).origin
        {
            let unfinished = Signature {
                type_params,
                ..Signature::default()
            };
            self.prog.objects[obj.index()].ty = self.prog.types.func(unfinished);
        }
    }

    /// The type of a receiver without brackets, which must not name an instance either.
    fn plain_receiver(&mut self, expr: &'a Expr, base: &'a Expr) -> TypeId {
        let ty = self.var_type(expr);
        let mut at = ty;
        loop {
            let Type::Alias(alias) = *self.types().get(self.behind_pointers(at)) else {
                return ty;
            };
            at = self.behind_pointers(self.types().alias(alias).actual);
            let is_instance = match *self.types().get(at) {
                Type::Named(id) => self.types().named(id).origin.is_some(),
                Type::Alias(id) => self.types().alias(id).origin.is_some(),
                _ => false,
            };
            if is_instance {
                let text = format!(
                    "cannot define new methods on instantiated type {}",
                    self.type_text(at)
                );
                self.error(Code::InvalidRecv, base, text);
                return TypeId::INVALID;
            }
        }
    }

    fn behind_pointers(&self, mut ty: TypeId) -> TypeId {
        while let Type::Pointer(elem) = *self.types().get(ty) {
            ty = elem;
        }
        ty
    }

    fn params(
        &mut self,
        func: FuncId,
        fields: &'a [ast::Field],
        kind: VarKind,
        named: &mut Vec<(Ident, ObjId)>,
    ) -> (Vec<Param>, Vec<ObjId>) {
        let mut params = Vec::with_capacity(fields.len());
        let mut objects = Vec::with_capacity(fields.len());
        for (index, field) in fields.iter().enumerate() {
            let ty = match &field.ty.kind {
                ExprKind::Ellipsis(elem) => {
                    let is_last = index + 1 == fields.len()
                        && kind == VarKind::Param
                        && field.names.len() <= 1;
                    if !is_last {
                        let text = "can only use ... with final parameter in list";
                        self.error(Code::InvalidSyntaxTree, &field.ty, text);
                    }
                    let elem = self.var_type(elem);
                    let ty = self.prog.types.slice(elem);
                    self.record_type(&field.ty, ty);
                    ty
                }
                _ => self.var_type(&field.ty),
            };
            if field.names.is_empty() {
                params.push(Param { name: None, ty });
                objects.push(self.new_param(func, None, field.span.start, kind, ty));
            }
            for name in &field.names {
                let param = Some(name.name);
                params.push(Param { name: param, ty });
                let obj = self.new_param(func, Some(name), name.pos, kind, ty);
                objects.push(obj);
                named.push((*name, obj));
            }
        }
        (params, objects)
    }

    fn new_param(
        &mut self,
        func: FuncId,
        ident: Option<&Ident>,
        pos: Pos,
        kind: VarKind,
        ty: TypeId,
    ) -> ObjId {
        self.prog.add_object(Object {
            kind: ObjectKind::Var(Var::new(kind, func)),
            name: ident.map_or_else(|| Symbol::intern(""), |ident| ident.name),
            pos,
            pkg: self.env.pkg,
            ty,
        })
    }

    /// Methods are declared on types of the same package that are neither pointers nor interfaces.
    pub(super) fn check_receiver(&mut self, ty: TypeId, expr: &'a Expr) {
        let (base, _) = self.types().deref(ty);
        if !base.is_valid() || !self.under(base).is_valid() {
            return;
        }
        // Errors stand at the base type, behind the star.
        let expr = match &expr.unparen().kind {
            ExprKind::Unary {
                op: UnaryOp::Deref,
                x,
            } => x.unparen(),
            _ => expr.unparen(),
        };
        let expr = match &expr.kind {
            ExprKind::Index { x, .. } => x.unparen(),
            _ => expr,
        };
        let shown = self.type_text(base);
        match self.types().as_named(base) {
            Some(named) if named.pkg != self.env.pkg => {
                let text = format!("cannot define new methods on non-local type {shown}");
                self.error(Code::InvalidRecv, expr, text);
            }
            Some(_) => {
                let is_pointer = match self.types().under_type(base) {
                    Type::Pointer(_) | Type::Interface(_) => true,
                    Type::Basic(basic) => *basic == crate::types::Basic::UnsafePointer,
                    _ => false,
                };
                if is_pointer {
                    let text = format!("invalid receiver type {shown} (pointer or interface type)");
                    self.error(Code::InvalidRecv, expr, text);
                }
            }
            None if matches!(self.types().get(self.types().unalias(base)), Type::Basic(_)) => {
                let text = format!("cannot define new methods on non-local type {shown}");
                self.error(Code::InvalidRecv, expr, text);
            }
            None => {
                let text = format!("invalid receiver type {}", self.type_text(ty));
                self.error(Code::InvalidRecv, expr, text);
            }
        }
    }
}
