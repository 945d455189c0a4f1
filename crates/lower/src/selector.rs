//! `x.f`: fields, methods as values and as expressions, qualified names.

use mini_frontend::{Member, ObjId, ObjectKind, Program, Selection, SelectionKind, TypeId};
use mini_mir::{
    CaptureInfo, FuncId, FuncSig, LocalKind, Operand, Place, Rvalue, SiteKind, TyId, TyKind,
};
use mini_syntax::ast::{Expr, Ident};
use std::sync::Arc;

use crate::context::Wrapper;
use crate::func::FuncLower;
use crate::names;

/// A method to call, as seen from a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MethodRef {
    /// Embedded fields to walk through first.
    pub(crate) path: Vec<u32>,
    pub(crate) target: MethodTarget,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum MethodTarget {
    Static { func: FuncId, pointer_recv: bool },
    Interface { interface: TyId, method: u32 },
}

/// The type arguments of a declared type for the type parameters of its methods' receivers.
pub(crate) fn receiver_args(prog: &Program, holder: TypeId) -> Vec<TypeId> {
    let named = prog.types.as_named(holder);
    named.map_or(vec![], |named| named.own_type_args().to_vec())
}

impl<'ast> FuncLower<'_, 'ast> {
    pub(crate) fn selector(&mut self, e: &'ast Expr, x: &'ast Expr, sel: Ident) -> Operand {
        let Some(selection) = self.info().selection(e.id).cloned() else {
            return self.named_value(e, sel);
        };
        match selection.kind {
            SelectionKind::Field => Operand::Copy(self.field_place(x, &selection)),
            SelectionKind::Method => self.method_value(e, x, &selection),
            SelectionKind::MethodExpr => self.method_expr(e, &selection),
        }
    }

    /// The value of a name: variable, function.
    pub(crate) fn named_value(&mut self, e: &'ast Expr, name: Ident) -> Operand {
        let Some(object) = self.info().object(name.id) else {
            mini_diagnostics::bug!("`{}` names nothing", name.name);
        };
        match self.prog.object(object).kind {
            ObjectKind::Var(_) => Operand::Copy(self.var_place(object)),
            ObjectKind::Func(source) => {
                let args = self.type_args(e);
                let func = self.cx.instance(self.prog, source, &args);
                let ty = self.ety(e);
                self.const_func(func, ty)
            }
            _ => self.unsupported(e, "this name as a value is"),
        }
    }

    pub(crate) fn field_place(&mut self, x: &'ast Expr, selection: &Selection) -> Place {
        let Member::Field { index, .. } = selection.member else {
            mini_diagnostics::bug!("field selection without field");
        };
        let base = self.place(x);
        let holder = self.walk_path(base, &selection.path);
        self.walk_path(holder, &[index])
    }

    /// What a selection of a method calls. `e` is the selector.
    pub(crate) fn method_ref(&mut self, e: &Expr, selection: &Selection) -> MethodRef {
        let mut path = selection.path.to_vec();
        let mut member = selection.member;
        let mut holder = self.concrete(selection.holder);
        if let Member::ConstraintMethod { name, pkg, .. } = member {
            let recv = self.concrete(selection.recv);
            let Ok(found) = self.prog.types.lookup(recv, pkg, name) else {
                mini_diagnostics::bug!("a type argument without the method {name}");
            };
            (path, member, holder) = (found.path, found.member, found.holder);
        }
        let target = match member {
            Member::Method(object) => self.static_method(e, object, holder),
            Member::InterfaceMethod {
                interface, index, ..
            } => {
                let method = self.prog.types.methods_of_interface(interface)[index as usize];
                let interface = self.ty(interface);
                let package = names::path(self.prog, method.pkg);
                self.interface_method(interface, method.name.as_str(), &package)
            }
            Member::Field { .. } | Member::ConstraintMethod { .. } => {
                mini_diagnostics::bug!("selection of a method found none")
            }
        };
        MethodRef { path, target }
    }

    /// A method of a declared type, or of the instance `holder` of a generic one.
    fn static_method(&mut self, e: &Expr, object: ObjId, holder: TypeId) -> MethodTarget {
        self.prog.resolve(object);
        let Some(source) = self.prog.func_of(object) else {
            mini_diagnostics::bug!("method {} is no function", self.prog.object(object).name);
        };
        let mut args = receiver_args(self.prog, holder);
        args.extend(self.type_args(e));
        MethodTarget::Static {
            func: self.cx.instance(self.prog, source, &args),
            pointer_recv: self.prog.func(source).has_pointer_recv,
        }
    }

    /// The method of that name (of that package, if it is not exported), which the interface has; calls of it are reachable
    /// from now on.
    pub(crate) fn interface_method(
        &mut self,
        interface: TyId,
        name: &str,
        package: &str,
    ) -> MethodTarget {
        let TyKind::Interface(methods) = self.kind(interface).clone() else {
            mini_diagnostics::bug!("interface method of another type");
        };
        let method = methods
            .iter()
            .position(|m| &*m.name == name && &*m.package == package)
            .unwrap_or_else(|| mini_diagnostics::bug!("interface without its method {name}"));
        let called = &methods[method];
        self.cx
            .reached
            .name(called.name.clone(), called.package.clone());
        MethodTarget::Interface {
            interface,
            method: method as u32,
        }
    }

    /// The receiver that the method wants, from a place that holds the selected value.
    pub(crate) fn receiver(&mut self, base: Place, method: &MethodRef) -> Operand {
        let place = self.walk_path(base, &method.path);
        let is_pointer = matches!(self.kind(self.place_ty(&place)), TyKind::Pointer(_));
        match method.target {
            MethodTarget::Interface { .. } => Operand::Copy(place),
            MethodTarget::Static { pointer_recv, func } => {
                let wanted = self.func_sig(self.cx.funcs[func].sig).params[0];
                let receiver = match (pointer_recv, is_pointer) {
                    (true, false) => self.ref_place(place),
                    (false, true) if self.place_ty(&place) != wanted => {
                        Operand::Copy(place.deref())
                    }
                    _ => Operand::Copy(place),
                };
                self.retype(receiver, wanted)
            }
        }
    }

    /// The type of a method as a function, without receiver.
    fn method_sig(&mut self, target: MethodTarget) -> TyId {
        match target {
            MethodTarget::Static { func, .. } => {
                let mut sig = self.func_sig(self.cx.funcs[func].sig);
                sig.params.remove(0);
                self.cx.types.intern(TyKind::Func(sig))
            }
            MethodTarget::Interface { interface, method } => match self.kind(interface) {
                TyKind::Interface(methods) => methods[method as usize].sig,
                _ => TyId::FUNC,
            },
        }
    }

    /// `x.m` as a value: a closure over the receiver.
    fn method_value(&mut self, e: &'ast Expr, x: &'ast Expr, selection: &Selection) -> Operand {
        let method = self.method_ref(e, selection);
        let sig = self.method_sig(method.target);
        let base = self.place(x);
        let receiver = self.receiver(base, &method);
        let receiver = self.snapshot(receiver);
        if let MethodTarget::Interface { .. } = method.target {
            self.check_interface(receiver.clone());
        }
        let receiver_ty = self.op_ty(&receiver);
        let func = self.bound_method(&method, receiver_ty, sig);
        let closure = self.cx.types.intern(TyKind::Closure([receiver_ty].into()));
        let text = self.site_text(e);
        let site = self.b.site(SiteKind::MethodValue, closure, e.pos, text);
        let ty = self.ety(e);
        let value = Rvalue::MakeClosure {
            site,
            ty,
            func,
            captures: vec![receiver],
        };
        Operand::local(self.b.eval(ty, value))
    }

    /// The function behind a method value: takes the receiver from its context.
    fn bound_method(&mut self, method: &MethodRef, receiver_ty: TyId, sig: TyId) -> FuncId {
        let key = Wrapper::Value {
            receiver: receiver_ty,
            target: method.target,
        };
        if let Some(&func) = self.cx.wrappers.get(&key) {
            return func;
        }
        let name: Arc<str> = match method.target {
            MethodTarget::Static { func, .. } => format!("{}-fm", self.cx.funcs[func].name).into(),
            MethodTarget::Interface { interface, method } => {
                let name = self.interface_method_name(interface, method);
                let interface = mini_mir::print::type_name(&self.cx.types, interface);
                format!("{interface}.{name}-fm").into()
            }
        };
        let func = self.new_wrapper(key, name, sig);
        let direct = MethodRef {
            path: vec![],
            target: method.target,
        };
        self.wrapper_body(func, |inner| {
            inner.set_context(vec![CaptureInfo {
                name: ".this".into(),
                ty: receiver_ty,
                by_ref: false,
            }]);
            let args = inner.declare_wrapper_params(sig);
            let receiver = inner.context_field(1);
            inner.forward(receiver, &direct, args);
        });
        func
    }

    pub(crate) fn interface_method_name(&self, interface: TyId, method: u32) -> Arc<str> {
        match self.kind(interface) {
            TyKind::Interface(methods) => methods[method as usize].name.clone(),
            _ => "".into(),
        }
    }

    /// `T.m`: a function that takes the receiver first.
    fn method_expr(&mut self, e: &'ast Expr, selection: &Selection) -> Operand {
        let ty = self.ety(e);
        let method = self.method_ref(e, selection);
        if let MethodTarget::Static { func, .. } = method.target
            && method.path.is_empty()
            && self.kind(self.cx.funcs[func].sig) == self.kind(ty)
        {
            return self.const_func(func, ty);
        }
        let key = Wrapper::Expr {
            ty,
            method: method.clone(),
        };
        if let Some(&func) = self.cx.wrappers.get(&key) {
            return self.const_func(func, ty);
        }
        let name: Arc<str> = {
            let recv = self.func_sig(ty).params[0];
            let recv = mini_mir::print::type_name(&self.cx.types, recv);
            let member = match method.target {
                MethodTarget::Static { func, .. } => self.cx.funcs[func].name.to_string(),
                MethodTarget::Interface { interface, method } => {
                    self.interface_method_name(interface, method).to_string()
                }
            };
            let method = member.rsplit('.').next().unwrap_or_default();
            match recv.strip_prefix('*').and_then(|ty| ty.rsplit_once('.')) {
                Some((package, ty)) => format!("{package}.(*{ty}).{method}").into(),
                None => format!("{recv}.{method}").into(),
            }
        };
        // The function's own type: the same form without a name.
        let kind = self.kind(ty).clone();
        let sig = self.cx.types.intern(kind);
        let func = self.new_wrapper(key, name, sig);
        self.wrapper_body(func, |inner| {
            let mut args = inner.declare_wrapper_params(sig);
            let receiver = inner.as_place(args.remove(0));
            inner.forward(receiver, &method, args);
        });
        self.const_func(func, ty)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Wrappers

    fn new_wrapper(&mut self, key: Wrapper, name: Arc<str>, sig: TyId) -> FuncId {
        let short: Arc<str> = name.strip_prefix("main.").unwrap_or(&name).into();
        let package = self.cx.funcs[self.me].package.clone();
        let pos = self.cx.funcs[self.me].pos;
        let func = self.cx.synthetic(name, short, package, sig, true, pos);
        self.cx.wrappers.insert(key, func);
        func
    }

    /// Builds the body of a function of the compiler's own.
    pub(crate) fn wrapper_body(
        &mut self,
        func: FuncId,
        build: impl FnOnce(&mut FuncLower<'_, 'ast>),
    ) {
        let span = self.b.pos.span();
        let mut inner = FuncLower::new(self.cx, self.prog, self.pkg, func, span);
        build(&mut inner);
        inner.finish();
    }

    /// Parameters and results as a function type says; the parameters as operands.
    pub(crate) fn declare_wrapper_params(&mut self, sig: TyId) -> Vec<Operand> {
        let FuncSig {
            params, results, ..
        } = self.func_sig(sig);
        let pos = self.b.pos;
        let mut args = vec![];
        for ty in params {
            let local = self.b.local("", ty, pos, LocalKind::Param);
            self.b.body.params.push(local);
            args.push(Operand::local(local));
        }
        for ty in results {
            let local = self.b.local("", ty, pos, LocalKind::Result);
            self.b.body.results.push(local);
        }
        args
    }

    /// Calls the method on what `base` holds and returns its results.
    pub(crate) fn forward(&mut self, base: Place, method: &MethodRef, args: Vec<Operand>) {
        let receiver = self.receiver(base, method);
        let result = self.call_method(method.target, receiver, args, "");
        let parts = self.tuple_parts(result);
        for (result, part) in self.b.body.results.clone().into_iter().zip(parts) {
            self.b.assign(result, Rvalue::Use(part));
        }
        self.emit_return();
    }
}
