//! Expressions: dispatch, operators, and how many values an expression has.

use mini_diagnostics::Code;
use mini_syntax::ast::{BinaryOp, Expr, ExprKind, LitKind, UnaryOp};

use super::operand::{Operand, Part};
use super::{Checker, ExprInfo};
use crate::constant::{ConstId, Constant};
use crate::info::{Mode, SelectionKind};
use crate::types::{ChanDir, Incomparable, Type, TypeId};

/// What an expression is good for as a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Conversion,
    Expression,
    Statement,
}

/// No type for composite literals without one. An invalid type is a hint, too: that of an erroneous literal around.
pub(super) const NO_HINT: TypeId = TypeId(u32::MAX);

/// What [`Checker::raw_expr`] may return besides values.
const NOT_VALUES: &[Mode] = &[Mode::NoValue, Mode::Builtin, Mode::Type];

impl<'a> Checker<'a> {
    /// A single value.
    pub(super) fn expr(&mut self, expr: &'a Expr) -> Operand<'a> {
        self.expr_with_hint(expr, NO_HINT)
    }

    /// A single value that is assigned to something of type `target`; matters to generic functions only.
    pub(super) fn expr_with_target(&mut self, expr: &'a Expr, _target: TypeId) -> Operand<'a> {
        self.expr(expr)
    }

    /// A single value; `hint` is the type of a composite literal without one.
    pub(super) fn expr_with_hint(&mut self, expr: &'a Expr, hint: TypeId) -> Operand<'a> {
        let (mut x, _) = self.raw_expr(expr, hint);
        self.exclude(&mut x, NOT_VALUES);
        self.single_value(&mut x);
        x
    }

    pub(super) fn expr_or_type(&mut self, expr: &'a Expr) -> Operand<'a> {
        let (mut x, _) = self.raw_expr(expr, NO_HINT);
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
        let (mut x, _) = self.raw_expr(expr, NO_HINT);
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
        let (mut x, kind) = self.expr_of_kind(expr, hint);
        x.expr = expr;
        x.part = Part::Whole;
        self.record(&x);
        match x.is_valid() {
            true => (x, kind),
            false => (x, Kind::Statement),
        }
    }

    fn expr_of_kind(&mut self, expr: &'a Expr, hint: TypeId) -> (Operand<'a>, Kind) {
        let x = match &expr.kind {
            ExprKind::Bad => Operand::invalid(expr),
            ExprKind::Name(name) => {
                let x = self.ident(expr, *name, false);
                self.refuse_complex(x)
            }
            ExprKind::Lit(_) => self.literal(expr),
            ExprKind::FuncLit(lit) => self.func_lit(expr, lit),
            ExprKind::CompositeLit(lit) => self.composite_lit(expr, lit, hint),
            ExprKind::Paren(inner) => return self.raw_expr(inner, NO_HINT),
            ExprKind::Selector { .. } => self.selector(expr, false),
            ExprKind::Index { x, indices } => self.index_expr(expr, x, indices),
            ExprKind::Slice(slice) => self.slice_expr(expr, slice),
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

    fn refuse_complex(&mut self, mut x: Operand<'a>) -> Operand<'a> {
        if x.mode == Mode::Type && matches!(x.ty, TypeId::COMPLEX64 | TypeId::COMPLEX128) {
            self.unsupported(x.pos(), "complex numbers are");
            x.set_invalid();
        }
        x
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
            LitKind::Imag => {
                self.unsupported(lit.pos, "complex numbers are");
                return x;
            }
        };
        let text = lit.text.as_str();
        if matches!(lit.kind, LitKind::Int | LitKind::Float) && text.len() > 10_000 {
            let text = format!(
                "excessively long constant: {}... ({} chars)",
                &text[..10],
                text.len()
            );
            self.error(Code::InvalidConstVal, expr, text);
            return x;
        }
        match Constant::from_literal(lit) {
            Some(value) => {
                self.set_const(&mut x, value, ty);
                self.overflow(&mut x);
            }
            // The lexer has reported what has no value; what is left is beyond all bounds.
            None if self.prog.diagnostics.is_empty() => {
                let text = format!("malformed constant: {text}");
                self.error(Code::InvalidConstVal, expr, text);
            }
            None => {}
        }
        x
    }

    fn indirection(&mut self, expr: &'a Expr, inner: &'a Expr) -> Operand<'a> {
        let mut x = self.expr_or_type(inner);
        match x.mode {
            Mode::Invalid => {}
            Mode::Type => {
                if x.ty == self.types().comparable {
                    x.ty = self.var_type(inner);
                }
                x.ty = self.prog.types.pointer(x.ty);
            }
            _ => match self.types().pointee(x.ty) {
                Some(elem) if !x.is_nil() => {
                    x.mode = Mode::Variable;
                    x.ty = elem;
                }
                _ => {
                    let text = match x.is_nil() {
                        true => "invalid operation: cannot indirect nil".to_string(),
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

    // -----------------------------------------------------------------------------------------------------------------
    // Unary operators

    fn unary(&mut self, expr: &'a Expr, op: UnaryOp, inner: &'a Expr) -> Operand<'a> {
        let mut x = self.expr(inner);
        if !x.is_valid() {
            return x;
        }
        match op {
            UnaryOp::Addr => {
                let is_literal = matches!(inner.unparen().kind, ExprKind::CompositeLit(_));
                if !is_literal && x.mode != Mode::Variable {
                    let text = format!(
                        "invalid operation: cannot take address of {}",
                        self.describe(&x)
                    );
                    self.error_op(Code::UnaddressableOperand, &x, text);
                    x.set_invalid();
                    return x;
                }
                self.mark_addr_taken(inner);
                let ty = self.prog.types.pointer(x.ty);
                x.set_value(ty);
                return x;
            }
            UnaryOp::Recv => {
                match self.chan_elem(&x, true) {
                    Some(elem) => {
                        x.mode = Mode::CommaOk;
                        x.ty = elem;
                        self.env.has_call_or_recv = true;
                    }
                    None => x.set_invalid(),
                }
                return x;
            }
            UnaryOp::Tilde => {
                let hint = match self.types().is_integer(x.ty) {
                    true => " (use ^ for bitwise complement)",
                    false => "",
                };
                let text = format!("cannot use ~ outside of interface or type constraint{hint}");
                self.error(Code::UndefinedOp, expr, text);
                x.set_invalid();
                return x;
            }
            _ => {}
        }
        let is_defined = match op {
            UnaryOp::Plus | UnaryOp::Neg => self.types().is_numeric(x.ty),
            UnaryOp::BitNot => self.types().is_integer(x.ty),
            UnaryOp::Not => self.types().is_boolean(x.ty),
            _ => false,
        };
        if !is_defined {
            self.undefined_operator(&x, op.as_str());
            x.set_invalid();
            return x;
        }
        if x.mode == Mode::Constant {
            let value = self.const_of(&x);
            if value.is_unknown() {
                return x;
            }
            let bits = match self.types().basic(x.ty) {
                Some(basic) if basic.is_unsigned() => {
                    self.types().size_of(x.ty).map(|size| size as u32 * 8)
                }
                _ => None,
            };
            let value = Constant::unary(op, value, bits);
            x.value = self.prog.constants.add(value);
            x.expr = expr;
            self.overflow(&mut x);
            return x;
        }
        x.mode = Mode::Value;
        x
    }

    fn undefined_operator(&mut self, x: &Operand<'a>, op: &str) {
        let text = format!(
            "invalid operation: operator {op} not defined on {}",
            self.describe(x)
        );
        self.error_op(Code::UndefinedOp, x, text);
    }

    /// The element type of the channel `x`, to receive from it or to send to it.
    pub(super) fn chan_elem(&mut self, x: &Operand<'a>, is_recv: bool) -> Option<TypeId> {
        let (code, verb) = match is_recv {
            true => (Code::InvalidReceive, "receive from"),
            false => (Code::InvalidSend, "send to"),
        };
        let what = match self.types().under_type(x.ty) {
            &Type::Chan { dir, elem } => match (dir, is_recv) {
                (ChanDir::SendOnly, true) => "send-only",
                (ChanDir::RecvOnly, false) => "receive-only",
                _ => return Some(elem),
            },
            _ => "non-channel",
        };
        let what = match what {
            "non-channel" => what.to_string(),
            _ => format!("{what} channel"),
        };
        let shown = format!("{what} {} {}", self.type_text(x.ty), self.describe(x));
        let text = format!("invalid operation: cannot {verb} {shown}");
        self.error_op(code, x, text);
        None
    }

    /// Notes that the address of the variable that holds `expr` is taken.
    pub(super) fn mark_addr_taken(&mut self, expr: &'a Expr) {
        if let Some(obj) = self.variable_of(expr)
            && let Some(var) = self.prog.var_mut(obj)
        {
            var.is_addr_taken = true;
        }
    }

    /// Notes that the variable that holds `expr` is assigned.
    pub(super) fn mark_reassigned(&mut self, expr: &'a Expr) {
        if let Some(obj) = self.variable_of(expr)
            && let Some(var) = self.prog.var_mut(obj)
        {
            var.is_reassigned = true;
        }
    }

    /// The variable that `expr` is, or is a part of: through fields and array elements, not through pointers.
    fn variable_of(&self, expr: &'a Expr) -> Option<crate::object::ObjId> {
        let mut at = expr;
        loop {
            match &at.kind {
                ExprKind::Paren(x) => at = x,
                ExprKind::Name(_) => {
                    return self.prog.packages[self.env.pkg.index()].info.object(at.id);
                }
                ExprKind::Selector { x, sel } => {
                    let info = &self.prog.packages[self.env.pkg.index()].info;
                    match info.selection(at.id) {
                        Some(selection)
                            if selection.kind == SelectionKind::Field && !selection.is_indirect =>
                        {
                            at = x;
                        }
                        Some(_) => return None,
                        None => return info.object(sel.id),
                    }
                }
                ExprKind::Index { x, .. } => {
                    let ty = self.info(x).ty;
                    if !matches!(self.types().under_type(ty), Type::Array { .. }) {
                        return None;
                    }
                    at = x;
                }
                _ => return None,
            }
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Binary operators

    /// `lhs op rhs`; `expr` is the whole, unless it is implied by an assignment operation.
    pub(super) fn binary(
        &mut self,
        expr: Option<&'a Expr>,
        lhs: &'a Expr,
        rhs: &'a Expr,
        op: BinaryOp,
    ) -> Operand<'a> {
        let mut x = self.expr(lhs);
        let mut y = self.expr(rhs);
        if !x.is_valid() {
            return x;
        }
        if !y.is_valid() {
            x.set_invalid();
            x.expr = y.expr;
            return x;
        }
        if op.is_shift() {
            self.shift(&mut x, &mut y, expr, op);
            return x;
        }
        self.match_types(&mut x, &mut y);
        if !x.is_valid() {
            return x;
        }
        if op.is_comparison() {
            self.comparison(&mut x, &mut y, op, false);
            return x;
        }
        if !self.types().identical(x.ty, y.ty) {
            if x.ty.is_valid() && y.ty.is_valid() {
                let whole = match expr {
                    Some(expr) => expr.to_string(),
                    None => format!("{lhs} {}= {rhs}", op.as_str()),
                };
                let text = format!(
                    "invalid operation: {whole} (mismatched types {} and {})",
                    self.type_text(x.ty),
                    self.type_text(y.ty)
                );
                self.error_op(Code::MismatchedTypes, &x, text);
            }
            x.set_invalid();
            return x;
        }
        if !self.is_operator_defined(op, x.ty) {
            self.undefined_operator(&x, op.as_str());
            x.set_invalid();
            return x;
        }
        if matches!(op, BinaryOp::Div | BinaryOp::Rem)
            && (x.mode == Mode::Constant || self.types().is_integer(x.ty))
            && y.mode == Mode::Constant
            && self.const_of(&y).is_zero()
        {
            let text = "invalid operation: division by zero";
            self.error_op(Code::DivByZero, &y, text);
            x.set_invalid();
            return x;
        }
        if x.mode == Mode::Constant && y.mode == Mode::Constant {
            let is_int_division = op == BinaryOp::Div && self.types().is_integer(x.ty);
            let (a, b) = (self.const_of(&x), self.const_of(&y));
            if a.is_unknown() || b.is_unknown() {
                x.value = self.prog.constants.add(Constant::Unknown);
                return x;
            }
            let value = Constant::binary(op, a, b, is_int_division);
            x.value = self.prog.constants.add(value);
            if let Some(expr) = expr {
                x.expr = expr;
            }
            self.overflow(&mut x);
            return x;
        }
        x.mode = Mode::Value;
        x.value = ConstId::NONE;
        x
    }

    fn is_operator_defined(&self, op: BinaryOp, ty: TypeId) -> bool {
        let types = self.types();
        match op {
            BinaryOp::Add => types.is_numeric(ty) || types.is_string(ty),
            BinaryOp::Sub | BinaryOp::Mul | BinaryOp::Div => types.is_numeric(ty),
            BinaryOp::Rem | BinaryOp::And | BinaryOp::Or | BinaryOp::Xor | BinaryOp::AndNot => {
                types.is_integer(ty)
            }
            BinaryOp::LogAnd | BinaryOp::LogOr => types.is_boolean(ty),
            _ => true,
        }
    }

    /// Converts untyped operands so that the types may match.
    pub(super) fn match_types(&mut self, x: &mut Operand<'a>, y: &mut Operand<'a>) {
        if !self.may_convert(x, y) {
            return;
        }
        self.convert_untyped(x, y.ty);
        if !x.is_valid() {
            return;
        }
        self.convert_untyped(y, x.ty);
        if !y.is_valid() {
            x.set_invalid();
        }
    }

    fn may_convert(&self, x: &Operand<'a>, y: &Operand<'a>) -> bool {
        let types = self.types();
        if types.is_typed(x.ty) && types.is_typed(y.ty) {
            return false;
        }
        if types.is_numeric(x.ty) != types.is_numeric(y.ty) {
            return false;
        }
        if types.is_interface(x.ty) || types.is_interface(y.ty) {
            return true;
        }
        if types.is_boolean(x.ty) != types.is_boolean(y.ty)
            || types.is_string(x.ty) != types.is_string(y.ty)
        {
            return false;
        }
        if x.is_nil() {
            return types.has_nil(y.ty);
        }
        if y.is_nil() {
            return types.has_nil(x.ty);
        }
        !types.is_pointer(x.ty) && !types.is_pointer(y.ty)
    }

    /// `x op y`, or with `is_case` the comparison of a switch's tag `y` with a case's value `x`.
    pub(super) fn comparison(
        &mut self,
        x: &mut Operand<'a>,
        y: &mut Operand<'a>,
        op: BinaryOp,
        is_case: bool,
    ) {
        if !x.ty.is_valid() || !y.ty.is_valid() {
            x.set_invalid();
            return;
        }
        let op = if is_case { BinaryOp::Eq } else { op };
        if let Err((code, is_second, cause)) = self.is_comparable(x, y, op) {
            let culprit = if is_second { *y } else { *x };
            let cause = cause.unwrap_or_else(|| {
                let what = match self.types().composite_kind(culprit.ty) {
                    Some(kind) => kind.to_string(),
                    None => self.type_text(culprit.ty),
                };
                format!("operator {} not defined on {what}", op.as_str())
            });
            let (left, right) = (self.operand_text(x), self.operand_text(y));
            if is_case {
                let text = format!("invalid case {left} in switch on {right} ({cause})");
                self.error_op(code, x, text);
            } else {
                let text = format!(
                    "invalid operation: {left} {} {right} ({cause})",
                    op.as_str()
                );
                self.error_op(code, &culprit, text);
            }
            x.set_invalid();
            return;
        }
        if x.mode == Mode::Constant && y.mode == Mode::Constant {
            let value = Constant::compare(op, self.const_of(x), self.const_of(y));
            x.value = self.prog.constants.add(value);
        } else {
            x.mode = Mode::Value;
            x.value = ConstId::NONE;
            for operand in [*x, *y] {
                let ty = self.types().default_type(operand.ty);
                if operand.part == Part::Whole {
                    self.update_expr_type(operand.expr, ty, true);
                }
            }
        }
        x.ty = TypeId::UNTYPED_BOOL;
    }

    fn is_comparable(
        &mut self,
        x: &Operand<'a>,
        y: &Operand<'a>,
        op: BinaryOp,
    ) -> Result<(), (Code, bool, Option<String>)> {
        if self.assignable(x, y.ty).is_err() && self.assignable(y, x.ty).is_err() {
            let cause = format!(
                "mismatched types {} and {}",
                self.type_text(x.ty),
                self.type_text(y.ty)
            );
            return Err((Code::MismatchedTypes, true, Some(cause)));
        }
        let code = Code::UndefinedOp;
        let types = self.types();
        if !matches!(op, BinaryOp::Eq | BinaryOp::Ne) {
            for (operand, is_second) in [(x, false), (y, true)] {
                if !types.is_ordered(operand.ty) {
                    return Err((code, is_second, None));
                }
            }
            return Ok(());
        }
        if x.is_nil() || y.is_nil() {
            let ty = if x.is_nil() { y.ty } else { x.ty };
            let is_both = x.is_nil() && y.is_nil() && self.types().is_untyped(ty);
            return match types.has_nil(ty) && !is_both {
                true => Ok(()),
                false => Err((code, true, None)),
            };
        }
        for (operand, is_second) in [(x, false), (y, true)] {
            if !types.comparable(operand.ty) {
                return Err((code, is_second, self.incomparable_text(operand.ty)));
            }
        }
        Ok(())
    }

    /// Why values of a type cannot be compared, if there is more to say than that.
    pub(super) fn incomparable_text(&self, ty: TypeId) -> Option<String> {
        let types = self.types();
        match types.under_type(ty) {
            Type::Slice(_) | Type::Func(_) | Type::Map { .. } => {
                let kind = types.composite_kind(ty)?;
                return Some(format!("{kind} can only be compared to nil"));
            }
            _ => {}
        }
        match types.incomparable_cause(ty)? {
            Incomparable::Field(_, field) => Some(format!(
                "struct containing {} cannot be compared",
                self.type_text(field)
            )),
            Incomparable::Elem(_) => Some(format!("{} cannot be compared", self.type_text(ty))),
            Incomparable::Itself => None,
        }
    }

    fn shift(
        &mut self,
        x: &mut Operand<'a>,
        y: &mut Operand<'a>,
        expr: Option<&'a Expr>,
        op: BinaryOp,
    ) {
        let x_int = match x.mode {
            Mode::Constant => match self.const_of(x) {
                Constant::Unknown => Some(None),
                value => value.to_int().map(Some),
            },
            _ => None,
        };
        let is_fine =
            self.types().is_integer(x.ty) || (self.types().is_untyped(x.ty) && x_int.is_some());
        if !is_fine {
            self.bad_shift_operand(x);
            return;
        }
        if y.mode == Mode::Constant {
            if self
                .const_of(y)
                .to_int()
                .is_some_and(|value| value.sign() < 0)
            {
                let text = format!(
                    "invalid operation: negative shift count {}",
                    self.describe(y)
                );
                self.error_op(Code::InvalidShiftCount, y, text);
                x.set_invalid();
                return;
            }
            if self.types().is_untyped(y.ty) {
                self.representable(y, TypeId::UINT);
                if !y.is_valid() {
                    x.set_invalid();
                    return;
                }
            } else if !self.types().is_integer(y.ty) {
                self.bad_shift_count(x, y);
                return;
            }
        } else if self.types().is_untyped(y.ty) {
            self.convert_untyped(y, TypeId::UINT);
            if !y.is_valid() {
                x.set_invalid();
                return;
            }
        } else if !self.types().is_integer(y.ty) {
            self.bad_shift_count(x, y);
            return;
        }
        if x.mode == Mode::Constant {
            if y.mode == Mode::Constant {
                self.constant_shift(x, y, expr, op);
                return;
            }
            if self.types().is_untyped(x.ty) {
                // The operand gets the type that the whole shift gets.
                let info = self.info(x.expr);
                if self.types().is_untyped(info.ty) {
                    self.prog
                        .state
                        .shift_operands
                        .insert((self.env.pkg, x.expr.id));
                }
                self.update_count(y);
                x.mode = Mode::Value;
                x.value = ConstId::NONE;
                return;
            }
        }
        if !self.types().is_integer(x.ty) {
            self.bad_shift_operand(x);
            return;
        }
        self.update_count(y);
        x.mode = Mode::Value;
        x.value = ConstId::NONE;
    }

    /// An untyped constant count of a shift that is computed at run time is a uint.
    fn update_count(&mut self, y: &Operand<'a>) {
        if y.mode == Mode::Constant && self.types().is_untyped(y.ty) {
            self.update_expr_type(y.expr, TypeId::UINT, true);
        }
    }

    fn bad_shift_operand(&mut self, x: &mut Operand<'a>) {
        let text = format!(
            "invalid operation: shifted operand {} must be integer",
            self.describe(x)
        );
        self.error_op(Code::InvalidShiftOperand, x, text);
        x.set_invalid();
    }

    fn bad_shift_count(&mut self, x: &mut Operand<'a>, y: &Operand<'a>) {
        let text = format!(
            "invalid operation: shift count {} must be integer",
            self.describe(y)
        );
        self.error_op(Code::InvalidShiftCount, y, text);
        x.set_invalid();
    }

    fn constant_shift(
        &mut self,
        x: &mut Operand<'a>,
        y: &Operand<'a>,
        expr: Option<&'a Expr>,
        op: BinaryOp,
    ) {
        /// Enough for the smallest float64.
        const MAX_SHIFT: u64 = 1023 - 1 + 52;
        if !self.types().is_integer(x.ty) {
            x.ty = TypeId::UNTYPED_INT;
        }
        if self.const_of(x).is_unknown() || self.const_of(y).is_unknown() {
            x.value = self.prog.constants.add(Constant::Unknown);
            return;
        }
        let count = match self.const_of(y).as_u64() {
            Some(count) if count <= MAX_SHIFT => count as u32,
            _ => {
                let text = format!(
                    "invalid operation: invalid shift count {}",
                    self.describe(y)
                );
                self.error_op(Code::InvalidShiftCount, y, text);
                x.set_invalid();
                return;
            }
        };
        let value = Constant::shift(op, self.const_of(x), count);
        x.value = self.prog.constants.add(value);
        if let Some(expr) = expr {
            x.expr = expr;
        }
        self.overflow(x);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Type assertions

    fn type_assert(&mut self, expr: &'a Expr, inner: &'a Expr, ty: &'a Expr) -> Operand<'a> {
        let mut x = self.expr(inner);
        if !x.is_valid() {
            return x;
        }
        if !self.types().is_interface(x.ty) {
            let text = format!(
                "invalid operation: {} is not an interface",
                self.describe(&x)
            );
            self.error_op(Code::InvalidAssert, &x, text);
            x.set_invalid();
            return x;
        }
        let target = self.var_type(ty);
        if !target.is_valid() {
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
