//! Function literals, and what `go` and `defer` start.

use std::rc::Rc;
use std::sync::Arc;

use mini_frontend::{Mode, VarKind};
use mini_mir::{
    CaptureInfo, Func, FuncKind, InlineCost, Operand, Rvalue, SiteKind, StatementKind, TyId, TyKind,
};
use mini_syntax::ast::{CallExpr, Expr, ExprKind, FuncLit};

use crate::call::Target;
use crate::context::{Captured, Work};
use crate::func::FuncLower;
use crate::names::Inner;
use crate::selector::MethodTarget;

impl<'ast> FuncLower<'_, 'ast> {
    /// `func(…) { … }`: a closure object. The body is lowered later.
    pub(crate) fn func_lit(&mut self, e: &'ast Expr, lit: &'ast FuncLit) -> Operand {
        let Some(&source) = self.info().func_lits.get(&e.id) else {
            mini_diagnostics::bug!("function literal was not checked");
        };
        let captured = self.prog.func(source).captures.clone();
        let mut captures = vec![];
        let mut words = vec![];
        let mut values = vec![];
        for var in captured {
            if self
                .prog
                .var(var)
                .is_some_and(|v| v.kind == VarKind::Package)
            {
                continue;
            }
            let ty = self.object_ty(var);
            let by_ref = self.captured_by_ref(var, ty);
            let value = self.captured_value(var);
            words.push(self.op_ty(&value));
            values.push(value);
            captures.push(Captured { var, ty, by_ref });
        }
        let ty = self.ety(e);
        let kind = self.kind(ty).clone();
        let sig = self.cx.types.intern(kind);
        let (name, short_name) = self.cx.inner_name(self.me, Inner::Literal);
        let outer = &self.cx.funcs[self.me];
        let func = Func {
            name: name.into(),
            package: outer.package.clone(),
            sig,
            kind: FuncKind::Pending,
            pos: e.pos,
            short_name: short_name.into(),
            no_inline: false,
            is_wrapper: false,
            is_library: outer.is_library,
            parent: Some(self.me),
            inline_cost: InlineCost::Unknown,
        };
        let func = self.cx.funcs.push(func);
        self.literals.insert(source, func);
        self.cx.todo.push_back(Work::Literal {
            func,
            source,
            lit,
            captures,
            subst: Rc::clone(&self.subst),
        });
        let closure = self.cx.types.intern(TyKind::Closure(words.into()));
        let site = self
            .b
            .site(SiteKind::FuncLiteral, closure, e.pos, "func literal");
        let value = Rvalue::MakeClosure {
            site,
            ty,
            func,
            captures: values,
        };
        Operand::local(self.b.eval(ty, value))
    }

    /// `go call`, `defer call`
    pub(crate) fn go_or_defer(&mut self, e: &'ast Expr, why: Inner) {
        let e = e.unparen();
        let ExprKind::Call(call) = &e.kind else {
            mini_diagnostics::bug!("go or defer without a call");
        };
        let outer = std::mem::replace(&mut self.b.pos, e.pos);
        let closure = self.deferred_closure(e, call, why);
        self.b.pos = outer;
        match why {
            Inner::Go => self.b.push(StatementKind::Go(closure)),
            _ if self.loop_body.is_some() => self.defer_outside(closure),
            _ => self.b.push(StatementKind::Defer(closure)),
        }
    }

    /// A func() that does the call, with function and arguments evaluated now.
    fn deferred_closure(&mut self, e: &'ast Expr, call: &'ast CallExpr, why: Inner) -> Operand {
        let fun = call.fun.unparen();
        if self.info().expr(fun.id).mode == Mode::Type {
            return self.unsupported(e, "go or defer of a conversion is");
        }
        if let Some(builtin) = self.called_builtin(call) {
            let args = self.builtin_args(builtin, &call.args);
            return self.wrap(args, why, move |inner, args| {
                inner.do_builtin(builtin, args);
            });
        }
        let sig = self.ety(fun);
        // The slice of variadic arguments is made where the call is.
        let (target, args) = self.target_and_args(e, call, true);
        let name = self.text(fun);
        match target {
            Target::Callee(mini_mir::Callee::Value(value)) => {
                let value_ty = self.op_ty(&value);
                // A deferred call of nil panics when it runs, so what may be nil is called from a wrapper.
                let is_nil_safe = why == Inner::Go || matches!(fun.kind, ExprKind::FuncLit(_));
                if is_nil_safe && self.kind(value_ty) == self.kind(TyId::FUNC) {
                    let value = self.snapshot(value);
                    return self.retype(value, TyId::FUNC);
                }
                let operands = std::iter::once(value).chain(args).collect();
                self.wrap(operands, why, move |inner, mut args| {
                    let callee = mini_mir::Callee::Value(args.remove(0));
                    let args = inner.packed(args, call, sig, e);
                    inner.emit_call(Target::Callee(callee), args, &name);
                })
            }
            Target::Callee(mini_mir::Callee::Static(func)) => {
                if args.is_empty() && self.cx.funcs[func].sig == TyId::FUNC {
                    return self.const_func(func, TyId::FUNC);
                }
                self.wrap(args, why, move |inner, args| {
                    let callee = mini_mir::Callee::Static(func);
                    let args = inner.packed(args, call, sig, e);
                    inner.emit_call(Target::Callee(callee), args, &name);
                })
            }
            Target::Callee(mini_mir::Callee::Method { .. }) => {
                mini_diagnostics::bug!("a method as a plain callee")
            }
            Target::Method { target, receiver } => {
                let receiver = self.snapshot(receiver);
                if let MethodTarget::Interface { .. } = target {
                    self.check_interface(receiver.clone());
                }
                let operands = std::iter::once(receiver).chain(args).collect();
                self.wrap(operands, why, move |inner, mut args| {
                    let receiver = args.remove(0);
                    let args = inner.packed(args, call, sig, e);
                    inner.call_method(target, receiver, args, &name);
                })
            }
        }
    }

    /// A closure over the operands whose body is what `build` makes of them.
    fn wrap(
        &mut self,
        operands: Vec<Operand>,
        why: Inner,
        build: impl FnOnce(&mut FuncLower<'_, 'ast>, Vec<Operand>),
    ) -> Operand {
        // Constants need no capturing.
        let mut words = vec![];
        let mut captured = vec![];
        for operand in &operands {
            if let Operand::Copy(_) = operand {
                words.push(self.op_ty(operand));
                captured.push(operand.clone());
            }
        }
        let (name, short_name) = self.cx.inner_name(self.me, why);
        let package = self.cx.funcs[self.me].package.clone();
        let is_library = self.cx.funcs[self.me].is_library;
        let pos = self.b.pos;
        let func = self.cx.synthetic(
            Arc::from(name),
            Arc::from(short_name),
            package,
            TyId::FUNC,
            is_library,
            pos,
        );
        self.cx.funcs[func].parent = Some(self.me);
        let infos = words
            .iter()
            .map(|&ty| CaptureInfo {
                name: "".into(),
                ty,
                by_ref: false,
            })
            .collect();
        self.wrapper_body(func, |inner| {
            inner.set_context(infos);
            let mut field = 0;
            let args = operands
                .into_iter()
                .map(|operand| match operand {
                    Operand::Const(_) => operand,
                    Operand::Copy(_) => {
                        field += 1;
                        Operand::Copy(inner.context_field(field))
                    }
                })
                .collect();
            build(inner, args);
            inner.emit_return();
        });
        let (kind, text) = match why {
            Inner::Go => (SiteKind::GoWrapper, "func literal"),
            _ => (SiteKind::DeferWrapper, "func literal"),
        };
        let closure = self.cx.types.intern(TyKind::Closure(words.into()));
        let site = self.b.site(kind, closure, pos, text);
        let value = Rvalue::MakeClosure {
            site,
            ty: TyId::FUNC,
            func,
            captures: captured,
        };
        Operand::local(self.b.eval(TyId::FUNC, value))
    }
}
