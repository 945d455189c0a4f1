//! Calls: functions, methods, conversions.

use mini_diagnostics::{Code, Diagnostic};
use mini_syntax::ast::{CallExpr, Expr};

use super::Checker;
use super::expr::Kind;
use super::operand::{Operand, Part};
use crate::info::Mode;
use crate::types::{Signature, Type, TypeId};

impl<'a> Checker<'a> {
    pub(super) fn call_expr(&mut self, expr: &'a Expr, call: &'a CallExpr) -> (Operand<'a>, Kind) {
        let x = self.expr_or_type(&call.fun);
        match x.mode {
            Mode::Invalid => {
                self.use_exprs(&call.args);
                (x, Kind::Statement)
            }
            Mode::Type => (self.conversion_call(expr, call, x.ty), Kind::Conversion),
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
            _ => (self.function_call(expr, call, x), Kind::Statement),
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
                x = self.expr(arg);
                if x.is_valid() {
                    if call.has_dots {
                        let text =
                            format!("invalid use of ... in conversion to {}", self.type_text(ty));
                        self.error(Code::BadDotDotDotSyntax, arg, text);
                        x.set_invalid();
                    } else {
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

    fn function_call(
        &mut self,
        expr: &'a Expr,
        call: &'a CallExpr,
        fun: Operand<'a>,
    ) -> Operand<'a> {
        let mut x = Operand::invalid(expr);
        let Some(sig) = self.types().signature(fun.ty).cloned() else {
            let text = match fun.is_nil() {
                true => "invalid operation: cannot call nil".to_string(),
                false => format!(
                    "invalid operation: cannot call {}: {} is not a function",
                    self.describe(&fun),
                    self.type_text(fun.ty)
                ),
            };
            self.error_op(Code::InvalidCall, &fun, text);
            self.use_exprs(&call.args);
            return x;
        };
        let mut args = self.expr_list(&call.args);
        if call.args.len() == 1 && args.len() > 1 {
            for arg in &mut args {
                arg.part = Part::Result(0);
            }
        }
        self.arguments(expr, call, &sig, &mut args);
        match sig.results.as_slice() {
            [] => x.mode = Mode::NoValue,
            [result] => {
                x.set_value(result.ty);
                if !result.ty.is_valid() {
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
        x
    }

    /// Arguments: one value each, or all values of a single call.
    pub(super) fn expr_list(&mut self, args: &'a [Expr]) -> Vec<Operand<'a>> {
        match args {
            [arg] => self.multi_expr(arg, false).0,
            args => args.iter().map(|arg| self.expr(arg)).collect(),
        }
    }

    pub(super) fn arguments(
        &mut self,
        expr: &'a Expr,
        call: &'a CallExpr,
        sig: &Signature,
        args: &mut [Operand<'a>],
    ) {
        let n_args = args.len();
        let mut n_params = sig.params.len();
        let mut params: Vec<TypeId> = sig.param_types().collect();
        if sig.is_variadic {
            if call.has_dots {
                if call.args.len() == 1 && n_args > 1 {
                    let text = format!("cannot use ... with {n_args}-valued {}", call.args[0]);
                    self.error(Code::InvalidDotDotDot, expr, text);
                    return;
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
            return;
        }
        if n_args != n_params {
            self.wrong_arg_count(expr, call, sig, args, n_params);
            return;
        }
        if args.is_empty() {
            return;
        }
        // The text is made only for what may fail.
        let needs_context = args.iter().zip(&params).any(|(arg, &ty)| arg.ty != ty);
        let context = match needs_context {
            true => format!("argument to {}", call.fun),
            false => String::new(),
        };
        for (arg, &ty) in args.iter_mut().zip(&params) {
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
