//! Calls: functions, methods, conversions.

use std::sync::Arc;

use mini_diagnostics::{Code, Diagnostic};
use mini_syntax::ast::{CallExpr, Expr, ExprKind};

use super::Checker;
use super::expr::Kind;
use super::infer::InferError;
use super::operand::{Operand, Part};
use crate::info::Mode;
use crate::types::{Signature, Subst, Type, TypeId};

/// What a call calls.
struct Callee<'a> {
    /// The type of the function, generic or not.
    generic: TypeId,
    /// Its signature, instantiated when the type arguments are known.
    sig: Arc<Signature>,
    /// Type arguments that the call writes, if they are not all, and where.
    given: Vec<TypeId>,
    exprs: &'a [Expr],
}

impl<'a> Checker<'a> {
    pub(super) fn call_expr(&mut self, expr: &'a Expr, call: &'a CallExpr) -> (Operand<'a>, Kind) {
        let fun = &*call.fun;
        let mut index = None;
        let mut x = match &fun.kind {
            ExprKind::Index { x, indices } => {
                let (mut x, is_instantiation) = self.index_expr(fun, x, indices);
                match is_instantiation {
                    true => index = Some(indices.as_slice()),
                    false => {
                        x.expr = fun;
                        self.record(&x);
                    }
                }
                x
            }
            _ => self.generic_expr_or_type(fun),
        };
        match x.mode {
            Mode::Invalid => {
                self.use_exprs(&call.args);
                (x, Kind::Statement)
            }
            Mode::Type => {
                self.non_generic(&mut x, None);
                match x.is_valid() && self.is_complete(x.ty) {
                    true => (self.conversion_call(expr, call, x.ty), Kind::Conversion),
                    false => {
                        x.set_invalid();
                        (x, Kind::Conversion)
                    }
                }
            }
            Mode::Builtin => {
                let Some(builtin) = x.builtin else {
                    return (Operand::invalid(expr), Kind::Statement);
                };
                let result = self.builtin_call(expr, call, builtin);
                if result.is_valid() && result.mode != Mode::Constant {
                    self.env.has_call_or_recv = true;
                }
                let kind = match builtin.is_statement() {
                    true => Kind::Statement,
                    false => Kind::Expression,
                };
                (result, kind)
            }
            _ => (self.function_call(expr, call, x, index), Kind::Statement),
        }
    }

    fn conversion_call(&mut self, expr: &'a Expr, call: &'a CallExpr, ty: TypeId) -> Operand<'a> {
        let mut x = Operand::invalid(expr);
        match call.args.as_slice() {
            [] => {
                let text = format!("missing argument in conversion to {}", self.type_text(ty));
                self.error(Code::WrongArgCount, expr, text);
            }
            [arg] => {
                x = self.expr_with_target(arg, ty, "conversion");
                if x.is_valid() {
                    if call.has_dots {
                        let text =
                            format!("invalid use of ... in conversion to {}", self.type_text(ty));
                        self.error(Code::BadDotDotDotSyntax, arg, text);
                    } else if self.may_convert_to(expr, ty) {
                        self.conversion(&mut x, ty);
                    }
                }
            }
            args => {
                self.use_exprs(args);
                let text = format!("too many arguments in conversion to {}", self.type_text(ty));
                self.error(Code::WrongArgCount, &args[args.len() - 1], text);
            }
        }
        x.expr = expr;
        x
    }

    /// Constraints are no types to convert to.
    fn may_convert_to(&mut self, expr: &'a Expr, ty: TypeId) -> bool {
        if !self.types().is_interface(ty) || self.types().type_set(ty).is_method_set() {
            return true;
        }
        let text = format!(
            "cannot use interface {} in conversion (contains specific type constraints or is comparable)",
            self.type_text(ty)
        );
        self.error(Code::MisplacedConstraintIface, expr, text);
        false
    }

    fn function_call(
        &mut self,
        expr: &'a Expr,
        call: &'a CallExpr,
        fun: Operand<'a>,
        index: Option<&'a [Expr]>,
    ) -> Operand<'a> {
        let mut x = Operand::invalid(expr);
        let sig = match self.callee(&fun) {
            Ok(sig) => sig,
            Err(text) => {
                if fun.is_nil() || self.under(fun.ty).is_valid() {
                    self.error_op(Code::InvalidCall, &fun, text);
                }
                self.use_exprs(&call.args);
                return x;
            }
        };
        let mut callee = Callee {
            generic: fun.ty,
            sig,
            given: Vec::new(),
            exprs: &[],
        };
        if let Some(exprs) = index
            && !self.written_type_args(call, &mut callee, exprs)
        {
            self.use_exprs(&call.args);
            return x;
        }
        let (mut args, partial) = self.generic_expr_list(&call.args);
        if call.args.len() == 1 && args.len() > 1 {
            for arg in &mut args {
                arg.part = Part::Result(0);
            }
        }
        self.call_arguments(expr, call, &mut callee, &mut args, partial);
        let sig = callee.sig;
        match sig.results.as_slice() {
            [] => x.mode = Mode::NoValue,
            [result] => {
                x.set_value(result.ty);
                if !result.ty.is_valid() || !self.is_complete(result.ty) {
                    x.set_invalid();
                }
            }
            results => {
                let types: Vec<TypeId> = results.iter().map(|result| result.ty).collect();
                let tuple = self.prog.types.tuple(&types);
                x.set_value(tuple);
            }
        }
        self.env.has_call_or_recv = true;
        if sig.is_generic() && self.mentions_params(&sig.type_params, x.ty) {
            x.set_invalid();
        }
        x
    }

    /// The signature of what is called: of a type parameter the one that its types share.
    fn callee(&self, fun: &Operand<'a>) -> Result<Arc<Signature>, String> {
        if let Some(sig) = self.types().signature(fun.ty) {
            return Ok(sig.clone());
        }
        if fun.is_nil() {
            let text = "invalid operation: cannot call nil: untyped nil is not a function";
            return Err(text.to_string());
        }
        let mut culprit = None;
        self.types().all_types(fun.ty, |ty, under| {
            let is_fine = !under.is_valid() || matches!(self.types().get(under), Type::Func(_));
            if !is_fine {
                culprit = Some(ty);
            }
            is_fine
        });
        let cause = match culprit {
            Some(ty) => format!("{} is not a function", self.type_text(ty)),
            None => match self.types().common_under(fun.ty) {
                Ok(sig) => match self.types().signature(sig) {
                    Some(sig) => return Ok(sig.clone()),
                    None => String::new(),
                },
                Err(why) => self.no_common_text(why),
            },
        };
        Err(format!(
            "invalid operation: cannot call {}: {cause}",
            self.describe(fun)
        ))
    }

    /// The type arguments that a call writes; if they are all, the callee is instantiated.
    fn written_type_args(
        &mut self,
        call: &'a CallExpr,
        callee: &mut Callee<'a>,
        exprs: &'a [Expr],
    ) -> bool {
        let Some(args) = self.type_list(exprs) else {
            return false;
        };
        let (have, want) = (args.len(), callee.sig.type_params.len());
        if have > want {
            let text = format!("got {have} type arguments but want {want}");
            self.error(Code::WrongTypeArgCount, &exprs[want], text);
            return false;
        }
        if have == want {
            let pos = call.fun.pos;
            let sig = self.instantiate_signature(&call.fun, callee.generic, &args, pos, exprs);
            if let Type::Func(sig) = self.types().get(sig) {
                callee.sig = sig.clone();
            }
            return true;
        }
        callee.given = args;
        callee.exprs = exprs;
        true
    }

    /// Arguments: one value each, or all values of a single call.
    pub(super) fn expr_list(&mut self, args: &'a [Expr]) -> Vec<Operand<'a>> {
        match args {
            [arg] => self.multi_expr(arg, false).0,
            args => args.iter().map(|arg| self.expr(arg)).collect(),
        }
    }

    /// The same, but arguments may be generic functions: the second result is, by argument, what type arguments they
    /// have already.
    fn generic_expr_list(&mut self, args: &'a [Expr]) -> (Vec<Operand<'a>>, Vec<Vec<TypeId>>) {
        let mut partial = Vec::new();
        let mut operands = Vec::with_capacity(args.len());
        for (i, arg) in args.iter().enumerate() {
            if let ExprKind::Index { x, indices } = &arg.kind {
                let (mut x, is_instantiation) = self.index_expr(arg, x, indices);
                if is_instantiation {
                    if let Some(given) = self.func_inst(&mut x, Some(arg), None, false) {
                        partial.resize(i + 1, Vec::new());
                        partial[i] = given;
                        x.expr = arg;
                    }
                } else {
                    x.expr = arg;
                    self.record(&x);
                    self.exclude(&mut x, &[Mode::NoValue, Mode::Builtin, Mode::Type]);
                }
                operands.push(x);
            } else if args.len() == 1 {
                operands = self.multi_generic_expr(arg);
            } else {
                operands.push(self.generic_expr(arg));
            }
        }
        (operands, partial)
    }

    fn call_arguments(
        &mut self,
        expr: &'a Expr,
        call: &'a CallExpr,
        callee: &mut Callee<'a>,
        args: &mut [Operand<'a>],
        partial: Vec<Vec<TypeId>>,
    ) {
        let Some(mut params) = self.parameters(expr, call, &callee.sig, args) else {
            return;
        };
        let is_generic = callee.sig.is_generic()
            || args
                .iter()
                .any(|arg| self.generic_kind(arg.mode, arg.ty).is_some());
        if is_generic {
            match self.infer_call(expr, call, callee, args, partial, &params) {
                Some(instantiated) => params = instantiated,
                None => return,
            }
        }
        self.assign_arguments(call, &params, args);
    }

    /// Finds the type arguments of the callee and of arguments that are generic functions; instantiates all of them. The
    /// result is the types of the parameters.
    fn infer_call(
        &mut self,
        expr: &'a Expr,
        call: &'a CallExpr,
        callee: &mut Callee<'a>,
        args: &mut [Operand<'a>],
        partial: Vec<Vec<TypeId>>,
        params: &[TypeId],
    ) -> Option<Vec<TypeId>> {
        // Renamed, because a function may call itself: its own parameters are types then.
        let tuple = self.prog.types.tuple(params);
        let (mut unknown, tuple) = self
            .prog
            .types
            .rename_type_params(&callee.sig.type_params, tuple);
        let n_own = unknown.len();
        let wanted = self.types().tuple_parts(&tuple).to_vec();
        let wanted = match params.len() {
            0 => Vec::new(),
            _ => wanted,
        };
        let mut given = callee.given.clone();
        given.resize(n_own, TypeId::INVALID);
        let mut generic_args = Vec::new();
        for (i, arg) in args.iter_mut().enumerate() {
            let own = self.type_params_of(arg);
            if own.is_empty() {
                continue;
            }
            let (renamed, ty) = self.prog.types.rename_type_params(&own, arg.ty);
            if let Type::Func(sig) = self.types().get(ty).clone() {
                let mut sig = Signature::clone(&sig);
                sig.type_params = renamed.clone();
                arg.ty = self.prog.types.func(sig);
            }
            given.extend(partial.get(i).into_iter().flatten());
            generic_args.push((i, unknown.len()..unknown.len() + renamed.len()));
            unknown.extend(renamed);
            given.resize(unknown.len(), TypeId::INVALID);
        }
        let mut error = InferError::default();
        let Some(found) = self.infer(expr.pos, &unknown, given, &wanted, args, &mut error) else {
            if let Some((pos, text)) = error.message {
                let text = format!("in call to {}, {text}", call.fun);
                let diagnostic = Diagnostic::error(Code::CannotInferTypeArgs, expr.span, text);
                self.push(diagnostic.at(pos));
            }
            return None;
        };
        if n_own > 0 {
            let own = &found[..n_own];
            let sig =
                self.instantiate_signature(&call.fun, callee.generic, own, expr.pos, callee.exprs);
            if let Type::Func(sig) = self.types().get(sig) {
                callee.sig = sig.clone();
            }
        }
        for (i, range) in generic_args {
            let arg = &mut args[i];
            let (name, generic) = (arg.expr, arg.ty);
            arg.ty = self.instantiate_signature(name, generic, &found[range], expr.pos, &[]);
        }
        let subst = Subst::new(&unknown[..n_own], &found[..n_own]);
        Some(self.prog.types.subst_all(&wanted, &subst))
    }

    pub(super) fn arguments(
        &mut self,
        expr: &'a Expr,
        call: &'a CallExpr,
        sig: &Signature,
        args: &mut [Operand<'a>],
    ) {
        if let Some(params) = self.parameters(expr, call, sig, args) {
            self.assign_arguments(call, &params, args);
        }
    }

    /// The type of the parameter for each argument, if there are as many.
    fn parameters(
        &mut self,
        expr: &'a Expr,
        call: &'a CallExpr,
        sig: &Signature,
        args: &[Operand<'a>],
    ) -> Option<Vec<TypeId>> {
        let n_args = args.len();
        let mut n_params = sig.params.len();
        let mut params: Vec<TypeId> = sig.param_types().collect();
        if sig.is_variadic {
            if call.has_dots {
                if call.args.len() == 1 && n_args > 1 {
                    let text = format!("cannot use ... with {n_args}-valued {}", call.args[0]);
                    self.error(Code::InvalidDotDotDot, expr, text);
                    return None;
                }
            } else if n_args + 1 >= n_params {
                let last = params.pop().unwrap_or_default();
                let elem = match *self.types().get(last) {
                    Type::Slice(elem) => elem,
                    _ => last,
                };
                params.resize(n_args.max(params.len()), elem);
                n_params = n_args;
            } else {
                n_params -= 1;
            }
        } else if call.has_dots {
            let text = format!("cannot use ... in call to non-variadic {}", call.fun);
            self.error(Code::NonVariadicDotDotDot, expr, text);
            return None;
        }
        if n_args != n_params {
            self.wrong_arg_count(expr, call, sig, args, n_params);
            return None;
        }
        Some(params)
    }

    fn assign_arguments(
        &mut self,
        call: &'a CallExpr,
        params: &[TypeId],
        args: &mut [Operand<'a>],
    ) {
        // The text is made only for what may fail.
        let needs_context = args.iter().zip(params).any(|(arg, &ty)| arg.ty != ty);
        let context = match needs_context {
            true => format!("argument to {}", call.fun),
            false => String::new(),
        };
        for (arg, &ty) in args.iter_mut().zip(params) {
            if ty.is_valid() {
                self.assignment(arg, ty, &context);
            }
        }
    }

    fn wrong_arg_count(
        &mut self,
        expr: &'a Expr,
        call: &'a CallExpr,
        sig: &Signature,
        args: &[Operand<'a>],
        n_params: usize,
    ) {
        let (pos, span, qualifier) = match args.get(n_params) {
            Some(extra) => (extra.pos(), extra.span(), "too many"),
            None => match args.last() {
                Some(last) => (last.pos(), last.span(), "not enough"),
                None => (expr.start_pos(), expr.span, "not enough"),
            },
        };
        let have: Vec<TypeId> = args.iter().map(|arg| arg.ty).collect();
        let want: Vec<TypeId> = sig.param_types().collect();
        let text = format!("{qualifier} arguments in call to {}", call.fun);
        let diagnostic = Diagnostic::error(Code::WrongArgCount, span, text)
            .at(pos)
            .note(format!(
                "have {}",
                self.types_summary(&have, false, call.has_dots)
            ))
            .note(format!(
                "want {}",
                self.types_summary(&want, sig.is_variadic, false)
            ));
        self.push(diagnostic);
    }
}

/// The position of the `)` of a call.
pub(super) fn closing(expr: &Expr) -> mini_diagnostics::Pos {
    mini_diagnostics::Pos(expr.span.end.0.saturating_sub(1))
}
