//! Expressions: dispatch, operators, and how many values an expression has.

use mini_diagnostics::Code;
use mini_syntax::ast::{Expr, ExprKind, LitKind, UnaryOp};

use super::operand::{Operand, Part};
use super::{Checker, ExprInfo};
use crate::constant::{ConstId, Constant};
use crate::info::Mode;
use crate::types::{Type, TypeId};

/// What an expression is good for as a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Conversion,
    Expression,
    Statement,
}

/// No type for composite literals without one. An invalid type is a hint, too: that of an erroneous literal around.
pub(super) const NO_HINT: TypeId = TypeId(u32::MAX);

/// Something of function type that an expression is assigned to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'t> {
    pub(super) ty: TypeId,
    pub(super) what: &'t str,
}

/// What [`Checker::raw_expr`] may return besides values.
const NOT_VALUES: &[Mode] = &[Mode::NoValue, Mode::Builtin, Mode::Type];

impl<'a> Checker<'a> {
    /// A single value.
    pub(super) fn expr(&mut self, expr: &'a Expr) -> Operand<'a> {
        let (mut x, _) = self.raw_expr(expr, NO_HINT);
        self.exclude(&mut x, NOT_VALUES);
        self.single_value(&mut x);
        x
    }

    /// A single value that is assigned to something of type `ty`: a generic function is instantiated accordingly. Messages
    /// call the place that it is assigned to `what`.
    pub(super) fn expr_with_target(
        &mut self,
        expr: &'a Expr,
        ty: TypeId,
        what: &str,
    ) -> Operand<'a> {
        let target = self.target(ty, what);
        let (mut x, _) = self.raw_expr_with(expr, NO_HINT, target, false);
        self.exclude(&mut x, NOT_VALUES);
        self.single_value(&mut x);
        x
    }

    pub(super) fn target<'t>(&self, ty: TypeId, what: &'t str) -> Option<Target<'t>> {
        if !ty.is_valid() {
            return None;
        }
        let under = match self.types().is_type_param(ty) {
            true => self.types().common_under(ty).ok()?,
            false => self.under(ty),
        };
        matches!(self.types().get(under), Type::Func(_)).then_some(Target { ty: under, what })
    }

    /// Anything, for its errors and uses only.
    pub(super) fn evaluate(&mut self, expr: &'a Expr) -> Operand<'a> {
        self.raw_expr_with(expr, NO_HINT, None, true).0
    }

    /// A single value, which may be a generic function.
    pub(super) fn generic_expr(&mut self, expr: &'a Expr) -> Operand<'a> {
        let (mut x, _) = self.raw_expr_with(expr, NO_HINT, None, true);
        self.exclude(&mut x, NOT_VALUES);
        self.single_value(&mut x);
        x
    }

    /// A single value that is assigned next: it may be a generic function. `hint` is the type of a composite literal
    /// without one.
    pub(super) fn element(&mut self, expr: &'a Expr, hint: TypeId) -> Operand<'a> {
        let (mut x, _) = self.raw_expr_with(expr, hint, None, true);
        self.exclude(&mut x, NOT_VALUES);
        self.single_value(&mut x);
        x
    }

    pub(super) fn expr_or_type(&mut self, expr: &'a Expr) -> Operand<'a> {
        self.value_or_type(expr, false)
    }

    /// A value or type, which may be generic.
    pub(super) fn generic_expr_or_type(&mut self, expr: &'a Expr) -> Operand<'a> {
        self.value_or_type(expr, true)
    }

    fn value_or_type(&mut self, expr: &'a Expr, allow_generic: bool) -> Operand<'a> {
        let (mut x, _) = self.raw_expr_with(expr, NO_HINT, None, allow_generic);
        self.exclude(&mut x, &[Mode::NoValue]);
        self.single_value(&mut x);
        x
    }

    /// All values of an expression. With `allow_ok`, an expression that may come with a bool gives two; the second
    /// result says so.
    pub(super) fn multi_expr(
        &mut self,
        expr: &'a Expr,
        allow_ok: bool,
    ) -> (Vec<Operand<'a>>, bool) {
        let (x, _) = self.raw_expr(expr, NO_HINT);
        self.values_of(x, allow_ok)
    }

    /// All values of an expression, which may be a generic function.
    pub(super) fn multi_generic_expr(&mut self, expr: &'a Expr) -> Vec<Operand<'a>> {
        let (x, _) = self.raw_expr_with(expr, NO_HINT, None, true);
        self.values_of(x, false).0
    }

    fn values_of(&mut self, mut x: Operand<'a>, allow_ok: bool) -> (Vec<Operand<'a>>, bool) {
        self.exclude(&mut x, NOT_VALUES);
        if x.is_valid()
            && let Type::Tuple(parts) = self.types().get(x.ty)
        {
            let parts = parts.clone();
            let results = parts.iter().enumerate().map(|(i, &ty)| Operand {
                mode: Mode::Value,
                ty,
                part: Part::Result(i as u32 + 1),
                ..x
            });
            return (results.collect(), false);
        }
        if allow_ok && matches!(x.mode, Mode::MapIndex | Mode::CommaOk) {
            let ok = Operand {
                mode: Mode::Value,
                ty: TypeId::UNTYPED_BOOL,
                value: ConstId::NONE,
                part: Part::Ok,
                ..x
            };
            return (vec![x, ok], true);
        }
        (vec![x], false)
    }

    /// Writes down that an expression is used with its bool: its type is the tuple of both.
    pub(super) fn record_comma_ok(&mut self, expr: &'a Expr, ok: TypeId) {
        let mut at = expr;
        loop {
            let info = self.info(at);
            if info.ty.is_valid() && !matches!(self.types().get(info.ty), Type::Tuple(_)) {
                let ty = self.prog.types.tuple(&[info.ty, ok]);
                let mode = Mode::CommaOk;
                self.record_info(at, ExprInfo { ty, mode, ..info });
            }
            match &at.kind {
                ExprKind::Paren(inner) => at = inner,
                _ => break,
            }
        }
    }

    pub(super) fn exclude(&mut self, x: &mut Operand<'a>, modes: &[Mode]) {
        if !modes.contains(&x.mode) {
            return;
        }
        let described = self.describe(x);
        let (code, text) = match x.mode {
            Mode::NoValue if modes.contains(&Mode::Type) => {
                (Code::TooManyValues, format!("{described} used as value"))
            }
            Mode::NoValue => (
                Code::TooManyValues,
                format!("{described} used as value or type"),
            ),
            Mode::Builtin => (Code::UncalledBuiltin, format!("{described} must be called")),
            _ => (Code::NotAnExpr, format!("{described} is not an expression")),
        };
        self.error_op(code, x, text);
        x.set_invalid();
    }

    pub(super) fn single_value(&mut self, x: &mut Operand<'a>) {
        if x.mode == Mode::Value
            && let Type::Tuple(parts) = self.types().get(x.ty)
        {
            let n = parts.len();
            debug_assert!(n != 1);
            // The results' names are known from the function.
            let mut shown = self.type_text(x.ty);
            if let ExprKind::Call(call) = &x.expr.unparen().kind
                && let Some(sig) = self.types().signature(self.info(&call.fun).ty)
            {
                shown = self.types().params_text(&sig.results, self.qualifier());
            }
            let text = format!(
                "multiple-value {} (value of type {shown}) in single-value context",
                x.expr
            );
            self.error_op(Code::TooManyValues, x, text);
            x.set_invalid();
        }
    }

    /// Anything: value, values, type, built-in function. What it is, is recorded.
    pub(super) fn raw_expr(&mut self, expr: &'a Expr, hint: TypeId) -> (Operand<'a>, Kind) {
        self.raw_expr_with(expr, hint, None, false)
    }

    fn raw_expr_with(
        &mut self,
        expr: &'a Expr,
        hint: TypeId,
        target: Option<Target<'_>>,
        allow_generic: bool,
    ) -> (Operand<'a>, Kind) {
        let (mut x, kind) = self.expr_of_kind(expr, hint, target);
        if !allow_generic {
            self.non_generic(&mut x, target);
        }
        x.expr = expr;
        x.part = Part::Whole;
        self.record(&x);
        match x.is_valid() {
            true => (x, kind),
            false => (x, Kind::Statement),
        }
    }

    /// Refuses generic types and functions, unless the function can be instantiated for what it is assigned to.
    pub(super) fn non_generic(&mut self, x: &mut Operand<'a>, target: Option<Target<'_>>) {
        let Some(kind) = self.generic_kind(x.mode, x.ty) else {
            return;
        };
        if kind == "function" && target.is_some() {
            self.record(x);
            self.func_inst(x, None, target, true);
            return;
        }
        let text = format!("cannot use generic {kind} {} without instantiation", x.expr);
        self.error_op(Code::WrongTypeArgCount, x, text);
        x.set_invalid();
    }

    fn expr_of_kind(
        &mut self,
        expr: &'a Expr,
        hint: TypeId,
        target: Option<Target<'_>>,
    ) -> (Operand<'a>, Kind) {
        let x = match &expr.kind {
            ExprKind::Bad => Operand::invalid(expr),
            ExprKind::Name(name) => self.ident(expr, *name, false),
            ExprKind::Lit(_) => self.literal(expr),
            ExprKind::FuncLit(lit) => self.func_lit(expr, lit),
            ExprKind::CompositeLit(lit) => self.composite_lit(expr, lit, hint),
            ExprKind::Paren(inner) => return self.raw_expr(inner, NO_HINT),
            ExprKind::Selector { .. } => self.selector(expr, false),
            ExprKind::Index { x, indices } => {
                let (mut x, is_instantiation) = self.index_expr(expr, x, indices);
                if is_instantiation {
                    self.func_inst(&mut x, Some(expr), target, true);
                }
                x
            }
            ExprKind::Slice(slice) => self.slice_expr(expr, slice),
            ExprKind::TypeAssert { x, ty } if matches!(ty.kind, ExprKind::Bad) => {
                let text = "invalid syntax tree: use of .(type) outside type switch";
                self.error(Code::InvalidSyntaxTree, expr, text);
                self.use_exprs(std::slice::from_ref(x));
                Operand::invalid(expr)
            }
            ExprKind::TypeAssert { x, ty } => self.type_assert(expr, x, ty),
            ExprKind::Call(call) => return self.call_expr(expr, call),
            ExprKind::Unary {
                op: UnaryOp::Deref,
                x,
            } => self.indirection(expr, x),
            ExprKind::Unary { op, x } => {
                let x = self.unary(expr, *op, x);
                let kind = match op {
                    UnaryOp::Recv => Kind::Statement,
                    _ => Kind::Expression,
                };
                return (x, kind);
            }
            ExprKind::Binary { op, x, y } => self.binary(Some(expr), x, y, *op),
            ExprKind::KeyValue { .. } => {
                self.error(Code::InvalidSyntaxTree, expr, "no key:value expected");
                Operand::invalid(expr)
            }
            ExprKind::Ellipsis(_) => {
                self.error(Code::InvalidSyntaxTree, expr, "invalid use of ...");
                Operand::invalid(expr)
            }
            ExprKind::ArrayType { .. }
            | ExprKind::SliceType(_)
            | ExprKind::StructType(_)
            | ExprKind::FuncType(_)
            | ExprKind::InterfaceType(_)
            | ExprKind::MapType { .. }
            | ExprKind::ChanType { .. } => {
                let ty = self.typ(expr);
                let mut x = Operand::invalid(expr);
                if ty.is_valid() {
                    x.mode = Mode::Type;
                    x.ty = ty;
                }
                x
            }
        };
        (x, Kind::Expression)
    }

    fn literal(&mut self, expr: &'a Expr) -> Operand<'a> {
        let mut x = Operand::invalid(expr);
        let ExprKind::Lit(lit) = &expr.kind else {
            return x;
        };
        let ty = match lit.kind {
            LitKind::Int => TypeId::UNTYPED_INT,
            LitKind::Float => TypeId::UNTYPED_FLOAT,
            LitKind::Rune => TypeId::UNTYPED_RUNE,
            LitKind::String => TypeId::UNTYPED_STRING,
            LitKind::Imag => TypeId::UNTYPED_COMPLEX,
        };
        let text = lit.text.as_str();
        if matches!(lit.kind, LitKind::Int | LitKind::Float | LitKind::Imag) && text.len() > 10_000
        {
            let text = format!(
                "excessively long constant: {}... ({} chars)",
                &text[..10],
                text.len()
            );
            self.error(Code::InvalidConstVal, expr, text);
            return x;
        }
        match Constant::from_literal(lit) {
            Some(value) if !value.is_unknown() => {
                self.set_const(&mut x, value, ty);
                self.overflow(&mut x);
            }
            // The lexer has reported what has no value; what is left is beyond all bounds.
            _ if !self.is_reported(expr) => {
                let text = format!("malformed constant: {text}");
                self.error(Code::InvalidConstVal, expr, text);
            }
            _ => {}
        }
        x
    }

    /// Whether something within an expression is wrong.
    fn is_reported(&self, expr: &Expr) -> bool {
        let span = expr.span;
        self.prog
            .diagnostics
            .iter()
            .any(|diagnostic| span.start <= diagnostic.pos && diagnostic.pos <= span.end)
    }

    fn indirection(&mut self, expr: &'a Expr, inner: &'a Expr) -> Operand<'a> {
        let mut x = self.expr_or_type(inner);
        match x.mode {
            Mode::Invalid => {}
            Mode::Type => {
                self.valid_var_type(inner, x.ty);
                x.ty = self.prog.types.pointer(x.ty);
            }
            _ => match self.common_pointee(x.ty) {
                Ok(elem) if !x.is_nil() && !self.is_complete(elem) => x.set_invalid(),
                Ok(elem) if !x.is_nil() => {
                    x.mode = Mode::Variable;
                    x.ty = elem;
                }
                result => {
                    let text = match x.is_nil() {
                        true => "invalid operation: cannot indirect nil".to_string(),
                        false if result == Err(true) => format!(
                            "invalid operation: pointers of {} must have identical base types",
                            self.describe(&x)
                        ),
                        false => {
                            format!("invalid operation: cannot indirect {}", self.describe(&x))
                        }
                    };
                    self.error_op(Code::InvalidIndirection, &x, text);
                    x.set_invalid();
                }
            },
        }
        x.expr = expr;
        x
    }

    /// What all pointers of a type point to. The error says whether all are pointers.
    fn common_pointee(&self, ty: TypeId) -> Result<TypeId, bool> {
        let mut found: Result<TypeId, bool> = Err(false);
        self.types().all_under(ty, |under| {
            found = match (self.types().get(under), found) {
                (&Type::Pointer(elem), Ok(other)) if !self.types().identical(elem, other) => {
                    Err(true)
                }
                (&Type::Pointer(elem), _) => Ok(elem),
                _ => Err(false),
            };
            found.is_ok()
        });
        found
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Type assertions

    fn type_assert(&mut self, expr: &'a Expr, inner: &'a Expr, ty: &'a Expr) -> Operand<'a> {
        let mut x = self.expr(inner);
        if !x.is_valid() {
            return x;
        }
        if !self.types().is_interface(x.ty) {
            let described = self.describe(&x);
            let text = match self.types().is_type_param(x.ty) {
                true => format!(
                    "invalid operation: cannot use type assertion on type parameter value {described}"
                ),
                false => format!("invalid operation: {described} is not an interface"),
            };
            self.error_op(Code::InvalidAssert, &x, text);
            x.set_invalid();
            return x;
        }
        let target = self.var_type(ty);
        if !target.is_valid() || !self.is_complete(target) {
            x.set_invalid();
            return x;
        }
        self.type_assertion(expr, &x, target, false);
        x.mode = Mode::CommaOk;
        x.ty = target;
        x
    }

    /// Reports an assertion that can never hold.
    pub(super) fn type_assertion(
        &mut self,
        expr: &'a Expr,
        x: &Operand<'a>,
        target: TypeId,
        is_case: bool,
    ) {
        if self.types().is_interface(target) {
            return;
        }
        let Some(cause) = self.missing_method_cause(target, x.ty, false) else {
            return;
        };
        let shown = self.type_text(target);
        let text = match is_case {
            true => format!(
                "impossible type switch case: {expr}\n\t{} cannot have dynamic type {shown} {cause}",
                self.describe(x)
            ),
            false => format!(
                "impossible type assertion: {expr}\n\t{shown} does not implement {} {cause}",
                self.type_text(x.ty)
            ),
        };
        self.error(Code::ImpossibleAssert, expr, text);
    }
}

impl crate::types::Types {
    /// `slice`, `struct`, …; none for basic types.
    pub(super) fn composite_kind(&self, ty: TypeId) -> Option<&'static str> {
        Some(match self.under_type(ty) {
            Type::Array { .. } => "array",
            Type::Slice(_) => "slice",
            Type::Struct(_) => "struct",
            Type::Pointer(_) => "pointer",
            Type::Func(_) => "func",
            Type::Interface(_) => "interface",
            Type::Map { .. } => "map",
            Type::Chan { .. } => "chan",
            Type::Tuple(_) => "tuple",
            _ => return None,
        })
    }
}
