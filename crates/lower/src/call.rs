//! Calls: what is called, arguments, results.

use mini_frontend::{Mode, ObjectKind, SelectionKind};
use mini_mir::{
    Call, Callee, Const, ConstValue, Operand, Place, Proj, Rvalue, SiteKind, TyId, TyKind,
};
use mini_syntax::ast::{CallExpr, Expr, ExprKind};

use crate::func::FuncLower;
use crate::hoist::Part;
use crate::selector::MethodTarget;

/// What a call expression calls, its operands evaluated.
pub(crate) enum Target {
    Callee(Callee),
    Method {
        target: MethodTarget,
        receiver: Operand,
    },
}

impl<'ast> FuncLower<'_, 'ast> {
    /// A call, a conversion, or a builtin; several results are a tuple.
    pub(crate) fn call(&mut self, e: &'ast Expr, call: &'ast CallExpr) -> Operand {
        let fun = call.fun.unparen();
        match self.info().expr(fun.id).mode {
            Mode::Type => return self.conversion(e, &call.args[0]),
            Mode::Builtin => return self.builtin(e, call),
            _ => {}
        }
        if let Some(ObjectKind::Builtin(_)) = self.object_kind(fun) {
            return self.builtin(e, call);
        }
        let sig = self.ety(fun);
        let (target, args) = self.target_and_args(e, call, false);
        let args = self.packed(args, call, sig, e);
        let name = self.text(fun);
        self.emit_call(target, args, &name)
    }

    /// What is called, and the arguments, of which variadic ones are not a slice yet. A receiver is evaluated in front of the
    /// arguments; a function value or an interface behind them. With `is_deferred` all is evaluated one after the other.
    pub(crate) fn target_and_args(
        &mut self,
        e: &'ast Expr,
        call: &'ast CallExpr,
        is_deferred: bool,
    ) -> (Target, Vec<Operand>) {
        let fun = call.fun.unparen();
        let sig = self.ety(fun);
        let holder = match &fun.kind {
            ExprKind::Selector { x, .. } if self.info().selection(fun.id).is_some() => &**x,
            _ => fun,
        };
        let is_named = matches!(self.object_kind(fun), Some(ObjectKind::Func(_)))
            || self.names_generic(fun)
            || self.info().expr(holder.unparen().id).mode == Mode::Type;
        let mut parts: Vec<Part<'ast>> = match is_named {
            true => vec![],
            false => vec![(holder, None)],
        };
        let n_front = parts.len();
        parts.extend(self.arg_parts(call, sig));
        self.hoist_parts(&parts);
        if !is_deferred {
            self.settle_args(call, sig, &parts, n_front);
        }
        let raises = |this: &mut Self| call.args.iter().any(|arg| this.may_raise(arg));
        let is_late = !is_named && !is_deferred && !self.has_static_receiver(fun);
        if is_late && raises(self) {
            let args = self.unpacked_args(e, call, sig);
            let args = args.into_iter().map(|arg| self.snapshot_fault(arg));
            let args = args.collect();
            return (self.call_target(fun), args);
        }
        let mut target = self.call_target(fun);
        if raises(self) {
            if let Target::Method { receiver, .. } | Target::Callee(Callee::Value(receiver)) =
                &mut target
            {
                *receiver = self.snapshot_fault(receiver.clone());
            }
            if is_deferred {
                for (arg, to) in self.arg_parts(call, sig) {
                    self.evaluate(arg, to);
                }
            }
        }
        (target, self.unpacked_args(e, call, sig))
    }

    /// Whether the selector names a method of a type that is no interface.
    fn has_static_receiver(&mut self, fun: &'ast Expr) -> bool {
        let Some(selection) = self.info().selection(fun.id).cloned() else {
            return false;
        };
        selection.kind == SelectionKind::Method
            && matches!(
                self.method_ref(fun, &selection).target,
                MethodTarget::Static { .. }
            )
    }

    pub(crate) fn call_target(&mut self, fun: &'ast Expr) -> Target {
        let target = self.find_target(fun);
        if let Target::Callee(Callee::Static(func))
        | Target::Method {
            target: MethodTarget::Static { func, .. },
            ..
        } = target
        {
            self.called.insert(fun.id, func);
        }
        target
    }

    fn find_target(&mut self, fun: &'ast Expr) -> Target {
        match &fun.kind {
            ExprKind::Selector { x, .. } => {
                if let Some(selection) = self.info().selection(fun.id).cloned()
                    && selection.kind == SelectionKind::Method
                {
                    let method = self.method_ref(fun, &selection);
                    let base = self.place(x);
                    let receiver = self.receiver(base, &method);
                    return Target::Method {
                        target: method.target,
                        receiver,
                    };
                }
            }
            // Type arguments are kept with the name.
            ExprKind::Index { x, .. } if self.names_generic(x) => {
                return self.find_target(x.unparen());
            }
            _ => {}
        }
        if let Some(&ObjectKind::Func(source)) = self.object_kind(fun) {
            let args = self.type_args(fun);
            let func = self.cx.instance(self.prog, source, &args);
            return Target::Callee(Callee::Static(func));
        }
        match self.expr(fun) {
            Operand::Const(Const {
                value: ConstValue::Func(func),
                ..
            }) => Target::Callee(Callee::Static(func)),
            value => Target::Callee(Callee::Value(value)),
        }
    }

    pub(crate) fn emit_call(&mut self, target: Target, args: Vec<Operand>, name: &str) -> Operand {
        match target {
            Target::Callee(callee) => self.emit_callee(callee, args, name),
            Target::Method { target, receiver } => self.call_method(target, receiver, args, name),
        }
    }

    /// Calls a method; an interface's through its table.
    pub(crate) fn call_method(
        &mut self,
        target: MethodTarget,
        receiver: Operand,
        args: Vec<Operand>,
        name: &str,
    ) -> Operand {
        match target {
            MethodTarget::Static { func, .. } => {
                let args = std::iter::once(receiver).chain(args).collect();
                self.emit_callee(Callee::Static(func), args, name)
            }
            MethodTarget::Interface { interface, method } => {
                let receiver = self.convert_interface(receiver, interface);
                let callee = Callee::Method {
                    receiver,
                    interface,
                    method,
                };
                self.emit_callee(callee, args, name)
            }
        }
    }

    fn emit_callee(&mut self, callee: Callee, args: Vec<Operand>, name: &str) -> Operand {
        let sig = match &callee {
            Callee::Static(func) => self.cx.funcs[*func].sig,
            Callee::Value(value) => self.op_ty(value),
            Callee::Method {
                interface, method, ..
            } => match self.kind(*interface) {
                TyKind::Interface(methods) => methods[*method as usize].sig,
                _ => TyId::FUNC,
            },
        };
        let results = self.func_sig(sig).results;
        let ty = self.cx.types.call_result(&results);
        let call = Call {
            callee,
            args,
            name: name.into(),
        };
        Operand::local(self.b.eval(ty, Rvalue::Call(Box::new(call))))
    }

    /// Arguments whose variadic ones, if any, are not a slice yet.
    pub(crate) fn unpacked_args(
        &mut self,
        e: &'ast Expr,
        call: &'ast CallExpr,
        sig: TyId,
    ) -> Vec<Operand> {
        let sig_ty = sig;
        let parts = self.arg_parts(call, sig);
        let sig = self.func_sig(sig);
        self.hoist_parts(&parts);
        // f(g()) with several results of g
        if let [only] = call.args.as_slice() {
            let ty = self.ety(only);
            if let TyKind::Tuple(parts) = self.kind(ty).clone()
                && parts.len() > 1
            {
                let value = self.expr(only);
                let parts = self.tuple_parts(value);
                return self.spread_args(parts, &sig, e);
            }
        }
        self.settle_args(call, sig_ty, &parts, 0);
        let values = self.values_in_order(&parts);
        // A fault is one of the line on which the argument stands.
        let at_parts = values.into_iter().zip(&parts);
        at_parts
            .map(|(value, (e, _))| self.at(e.unparen().pos, |this| this.snapshot_fault(value)))
            .collect()
    }

    /// Evaluates what comes first among the operands of a call, of which `n_front` stand in front of the arguments.
    fn settle_args(
        &mut self,
        call: &'ast CallExpr,
        sig: TyId,
        parts: &[Part<'ast>],
        n_front: usize,
    ) {
        let sig = self.func_sig(sig);
        let n_fixed = match sig.variadic && !call.has_dots {
            true => parts.len().min(n_front + sig.params.len() - 1),
            false => parts.len(),
        };
        let (fixed, rest) = parts.split_at(n_fixed);
        self.settle_all(fixed);
        if parts.iter().filter(|(e, _)| self.may_raise(e)).count() > 1 {
            // The slice of the variadic ones is made first, one element after the other.
            for &(e, to) in rest {
                self.evaluate(e, to);
            }
        }
    }

    /// The arguments, and the types of their parameters.
    fn arg_parts(&mut self, call: &'ast CallExpr, sig: TyId) -> Vec<Part<'ast>> {
        let sig = self.func_sig(sig);
        let param = |index: usize| match sig.params.last() {
            Some(&rest) if sig.variadic && !call.has_dots && index + 1 >= sig.params.len() => {
                Some(self.cx.types.elem(rest))
            }
            _ => sig.params.get(index).copied(),
        };
        let indexed = call.args.iter().enumerate();
        indexed.map(|(i, arg)| (arg, param(i))).collect()
    }

    /// Puts the variadic ones of the arguments into a slice.
    pub(crate) fn packed(
        &mut self,
        mut args: Vec<Operand>,
        call: &CallExpr,
        sig: TyId,
        e: &'ast Expr,
    ) -> Vec<Operand> {
        let sig = self.func_sig(sig);
        if sig.variadic && !call.has_dots {
            let n_fixed = sig.params.len() - 1;
            let rest = args.split_off(n_fixed);
            args.push(self.pack_variadic(rest, sig.params[n_fixed], e));
        }
        args
    }

    fn spread_args(
        &mut self,
        parts: Vec<Operand>,
        sig: &mini_mir::FuncSig,
        e: &'ast Expr,
    ) -> Vec<Operand> {
        let n_fixed = sig.params.len() - usize::from(sig.variadic);
        let mut args = vec![];
        for (index, part) in parts.into_iter().enumerate() {
            let ty = match index < n_fixed {
                true => sig.params[index],
                false => self.cx.types.elem(sig.params[n_fixed]),
            };
            args.push(self.assignable_at(part, ty, e.pos));
        }
        args
    }

    /// The slice of variadic arguments; nil if there are none.
    fn pack_variadic(&mut self, values: Vec<Operand>, slice: TyId, e: &'ast Expr) -> Operand {
        if values.is_empty() {
            return Operand::zero(slice);
        }
        let outer = std::mem::replace(&mut self.b.pos, e.pos);
        let elem = self.cx.types.elem(slice);
        let array = self
            .cx
            .types
            .intern(TyKind::Array(elem, values.len() as u64));
        let site = self
            .b
            .site(SiteKind::Variadic, array, e.pos, "... argument");
        let pointer = self.cx.types.pointer_to(array);
        let backing = self.b.eval(pointer, Rvalue::New(site));
        for (index, value) in values.into_iter().enumerate() {
            let place = array_element(backing, index as u64);
            self.b.assign(place, Rvalue::Use(value));
        }
        let slice = self.whole_slice(backing, slice);
        self.b.pos = outer;
        slice
    }

    /// `array[:]` of a pointer to an array that was just made.
    pub(crate) fn whole_slice(&mut self, array: mini_mir::LocalId, ty: TyId) -> Operand {
        let value = Rvalue::Slice {
            base: Operand::local(array),
            ty,
            low: None,
            high: None,
            max: None,
            checked: true,
        };
        Operand::local(self.b.eval(ty, value))
    }
}

/// `(*array)[index]` of a fresh array.
pub(crate) fn array_element(array: mini_mir::LocalId, index: u64) -> Place {
    Place::local(array)
        .project(Proj::Deref { non_nil: true })
        .project(Proj::ConstIndex {
            index,
            checked: true,
        })
}
