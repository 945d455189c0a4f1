//! Assignments and initialisations: one value to one place, and lists of them.

use mini_diagnostics::{Code, Diagnostic, Pos};
use mini_syntax::ast::{Expr, ExprKind};

use super::Checker;
use super::errors::count;
use super::operand::{Operand, Part};
use super::untyped::Untypable;
use crate::constant::ConstId;
use crate::info::{ExprInfo, Mode};
use crate::object::{ObjId, ObjectKind, VarKind};
use crate::types::{Type, TypeId};

/// Where the left side of an assignment leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Target {
    Blank,
    Typed(TypeId),
    Invalid,
}

impl<'a> Checker<'a> {
    /// Checks that `x` may be assigned to a variable of type `ty`, and gives an untyped `x` its type.
    pub(super) fn assignment(&mut self, x: &mut Operand<'a>, ty: TypeId, context: &str) {
        self.assign_to(x, Target::Typed(ty), context);
    }

    /// The same for the blank identifier, which takes anything but `nil`.
    pub(super) fn assignment_to_blank(&mut self, x: &mut Operand<'a>, context: &str) {
        self.assign_to(x, Target::Blank, context);
    }

    fn assign_to(&mut self, x: &mut Operand<'a>, target: Target, context: &str) {
        self.single_value(x);
        let ty = match target {
            Target::Typed(ty) => Some(ty),
            _ => None,
        };
        match x.mode {
            Mode::Invalid => return,
            Mode::NoValue | Mode::Builtin | Mode::Type => {
                let shown = ty.map_or(String::new(), |ty| self.type_text(ty));
                let text = format!("cannot assign {} to {shown} in {context}", self.describe(x));
                self.error_op(Code::IncompatibleAssign, x, text);
                x.set_invalid();
                return;
            }
            _ => {}
        }
        if self.types().is_untyped(x.ty) {
            let wanted = match ty {
                None if x.is_nil() => {
                    let text = format!("use of untyped nil in {context}");
                    self.error_op(Code::UntypedNilUse, x, text);
                    x.set_invalid();
                    return;
                }
                Some(ty) if x.is_nil() || !self.types().is_interface(ty) => ty,
                _ => self.types().default_type(x.ty),
            };
            match self.implicit_type(x, wanted) {
                Ok((new, value)) => self.set_implicit(x, new, value),
                Err(why) => {
                    let (code, suffix) = match why {
                        Untypable::Truncated => (Code::TruncatedFloat, " (truncated)"),
                        Untypable::Overflows => (Code::NumericOverflow, " (overflows)"),
                        _ => (Code::IncompatibleAssign, ""),
                    };
                    let text = format!(
                        "cannot use {} as {} value in {context}{suffix}",
                        self.describe(x),
                        self.type_text(wanted)
                    );
                    self.error_op(code, x, text);
                    x.set_invalid();
                    return;
                }
            }
        }
        if self.generic_kind(x.mode, x.ty).is_some() {
            let target = ty.and_then(|ty| self.target(ty, context));
            self.non_generic(x, target);
            if !x.is_valid() {
                return;
            }
            if x.part == Part::Whole {
                self.record(x);
            }
        }
        let Some(ty) = ty else { return };
        if let Err((code, cause)) = self.assignable(x, ty) {
            let separator = if cause.is_empty() { "" } else { ": " };
            let text = format!(
                "cannot use {} as {} value in {context}{separator}{cause}",
                self.describe(x),
                self.type_text(ty)
            );
            self.error_op(code, x, text);
            x.set_invalid();
        }
    }

    /// `lhs = x` in a declaration; without a type, the variable gets that of `x`.
    pub(super) fn init_var(&mut self, var: ObjId, x: &mut Operand<'a>, context: &str) {
        if !x.is_valid() || !x.ty.is_valid() {
            x.set_invalid();
            return;
        }
        if !self.object(var).ty.is_valid() {
            let mut ty = x.ty;
            if self.types().is_untyped(ty) {
                if x.is_nil() {
                    let text = format!("use of untyped nil in {context}");
                    self.error_op(Code::UntypedNilUse, x, text);
                    x.set_invalid();
                    return;
                }
                ty = self.types().default_type(ty);
            } else if matches!(self.types().get(ty), Type::Tuple(_)) {
                self.single_value(x);
                return;
            }
            self.prog.objects[var.index()].ty = ty;
        }
        let ty = self.object(var).ty;
        self.assignment(x, ty, context);
    }

    /// Values to variables that are declared, or results that are returned (then `ret` is the statement's position).
    pub(super) fn init_vars(&mut self, vars: &[ObjId], values: &'a [Expr], ret: Option<Pos>) {
        let (left, right) = (vars.len(), values.len());
        let context = match ret {
            Some(_) => "return statement",
            None if left > 1 => "multiple assignment",
            None => "assignment",
        };
        let is_call = right == 1 && matches!(values[0].unparen().kind, ExprKind::Call(_));
        if left == right && !is_call {
            for (&var, value) in vars.iter().zip(values) {
                let ty = self.object(var).ty;
                let mut what = self.object(var).name.as_str();
                if what.is_empty() {
                    what = "result variable";
                }
                let mut x = self.expr_with_target(value, ty, what);
                if ty.is_valid() || ret.is_none() {
                    self.init_var(var, &mut x, context);
                }
            }
            return;
        }
        if right != 1 {
            if self.use_exprs(values) {
                match ret {
                    Some(pos) => {
                        let operands: Vec<_> =
                            values.iter().map(|value| self.expr(value)).collect();
                        self.return_error(pos, vars, &operands);
                    }
                    None => self.assign_error(values, left, right),
                }
            }
            return;
        }
        let (mut operands, is_comma_ok) = self.multi_expr(&values[0], left == 2 && ret.is_none());
        if operands.len() == left {
            for (&var, x) in vars.iter().zip(&mut operands) {
                if ret.is_none() || self.object(var).ty.is_valid() {
                    self.init_var(var, x, context);
                }
            }
            if is_comma_ok && operands.iter().all(Operand::is_valid) {
                self.record_comma_ok(&values[0], operands[1].ty);
            }
            return;
        }
        if operands[0].is_valid() {
            match ret {
                Some(pos) => self.return_error(pos, vars, &operands),
                None => self.assign_error(values, left, operands.len()),
            }
        }
    }

    /// `lhs… = values…`
    pub(super) fn assign_vars(&mut self, lhs: &'a [Expr], values: &'a [Expr]) {
        let (left, right) = (lhs.len(), values.len());
        let context = match left {
            1 => "assignment",
            _ => "multiple assignment",
        };
        let is_call = right == 1 && matches!(values[0].unparen().kind, ExprKind::Call(_));
        if left == right && !is_call {
            for (place, value) in lhs.iter().zip(values) {
                let target = self.lhs_var(place);
                if target == Target::Invalid {
                    self.use_exprs(std::slice::from_ref(value));
                    continue;
                }
                let mut x = match target {
                    Target::Typed(ty) if self.target(ty, "").is_some() => {
                        self.expr_with_target(value, ty, &place.to_string())
                    }
                    _ => self.expr(value),
                };
                self.assign_operand(target, &mut x, context);
            }
            return;
        }
        if right != 1 {
            let is_left_fine = self.use_lhs(lhs);
            if self.use_exprs(values) && is_left_fine {
                self.assign_error(values, left, right);
            }
            return;
        }
        let (mut operands, is_comma_ok) = self.multi_expr(&values[0], left == 2);
        if operands.len() == left {
            for (place, x) in lhs.iter().zip(&mut operands) {
                self.assign_var(place, x, context);
            }
            if is_comma_ok && operands.iter().all(Operand::is_valid) {
                self.record_comma_ok(&values[0], operands[1].ty);
            }
            return;
        }
        if operands[0].is_valid() {
            self.assign_error(values, left, operands.len());
        }
        self.use_lhs(lhs);
    }

    /// Assigns an operand to a place.
    pub(super) fn assign_var(&mut self, lhs: &'a Expr, x: &mut Operand<'a>, context: &str) {
        let target = self.lhs_var(lhs);
        if target == Target::Invalid {
            x.set_invalid();
            return;
        }
        self.assign_operand(target, x, context);
    }

    fn assign_operand(&mut self, target: Target, x: &mut Operand<'a>, context: &str) {
        let context = match (target, context) {
            (Target::Blank, "assignment") => "assignment to _ identifier",
            _ => context,
        };
        self.assign_to(x, target, context);
    }

    /// The type of a place that is assigned to. A variable is not used by it.
    fn lhs_var(&mut self, lhs: &'a Expr) -> Target {
        let name = match lhs.unparen().kind {
            ExprKind::Name(name) => Some(name),
            _ => None,
        };
        if name.is_some_and(|name| name.is_blank()) {
            return Target::Blank;
        }
        let var = name
            .and_then(|name| self.lookup(name))
            .and_then(|obj| self.prog.var(obj).map(|var| (obj, var.is_used)));
        let x = self.expr(lhs);
        if let Some((obj, was_used)) = var
            && let Some(var) = self.prog.var_mut(obj)
        {
            var.is_used = was_used;
        }
        if !x.is_valid() || !x.ty.is_valid() {
            return Target::Invalid;
        }
        match x.mode {
            Mode::Variable | Mode::MapIndex => {
                self.mark_reassigned(lhs);
                Target::Typed(x.ty)
            }
            _ => {
                if let ExprKind::Selector { x: inner, .. } = &lhs.unparen().kind
                    && self.expr(inner).mode == Mode::MapIndex
                {
                    let text = format!("cannot assign to struct field {lhs} in map");
                    self.error(Code::UnaddressableFieldAssign, lhs, text);
                    return Target::Invalid;
                }
                let text = format!(
                    "cannot assign to {} (neither addressable nor a map index expression)",
                    self.operand_text(&x)
                );
                self.error(Code::UnassignableOperand, lhs, text);
                Target::Invalid
            }
        }
    }

    fn assign_error(&mut self, values: &'a [Expr], left: usize, right: usize) {
        let vars = count(left, "variable");
        let found = count(right, "value");
        let first = &values[0];
        let text = match &first.unparen().kind {
            ExprKind::Call(call) if values.len() == 1 => {
                format!(
                    "assignment mismatch: {vars} but {} returns {found}",
                    call.fun
                )
            }
            _ => format!("assignment mismatch: {vars} but {found}"),
        };
        self.error(Code::WrongAssignCount, first, text);
    }

    fn return_error(&mut self, pos: Pos, vars: &[ObjId], values: &[Operand<'a>]) {
        let (span, pos, qualifier) = match (values.get(vars.len()), values.last()) {
            (Some(extra), _) => (extra.span(), extra.pos(), "too many"),
            (None, Some(last)) => (last.span(), last.pos(), "not enough"),
            (None, None) => (pos.span(), pos, "not enough"),
        };
        let have: Vec<TypeId> = values.iter().map(|value| value.ty).collect();
        let want: Vec<TypeId> = vars.iter().map(|&var| self.object(var).ty).collect();
        let text = format!("{qualifier} return values");
        let diagnostic = Diagnostic::error(Code::WrongResultCount, span, text)
            .at(pos)
            .note(format!("have {}", self.types_summary(&have, false, false)))
            .note(format!("want {}", self.types_summary(&want, false, false)));
        self.push(diagnostic);
    }

    /// `(int, number, ...string)`
    pub(super) fn types_summary(
        &self,
        types: &[TypeId],
        is_variadic: bool,
        has_dots: bool,
    ) -> String {
        let mut parts = Vec::with_capacity(types.len());
        for (i, &ty) in types.iter().enumerate() {
            let is_last = i + 1 == types.len();
            let shown = |ty: TypeId| match ty {
                TypeId::INVALID => "unknown type".to_string(),
                ty if self.types().is_untyped_numeric(ty) => "number".to_string(),
                ty if self.types().is_untyped(ty) => self.type_text(ty).replace("untyped ", ""),
                ty => self.type_text(ty),
            };
            parts.push(match *self.types().get(ty) {
                Type::Slice(elem) if is_variadic && is_last => format!("...{}", shown(elem)),
                _ if has_dots && is_last => format!("{}...", shown(ty)),
                _ => shown(ty),
            });
        }
        format!("({})", parts.join(", "))
    }

    /// `lhs… := values…`
    pub(super) fn short_var_decl(&mut self, pos: Pos, lhs: &'a [Expr], values: &'a [Expr]) {
        let mut vars: Vec<ObjId> = Vec::with_capacity(lhs.len());
        let mut fresh = Vec::new();
        let mut has_error = false;
        for (index, place) in lhs.iter().enumerate() {
            let dummy = |c: &mut Self| {
                let ident = mini_syntax::ast::Ident {
                    id: place.id,
                    name: mini_syntax::Symbol::intern("_"),
                    pos: place.pos,
                };
                c.new_local(ident, VarKind::Local)
            };
            let Some(ident) = place.as_ident() else {
                self.use_lhs(std::slice::from_ref(place));
                let text = format!("non-name {place} on left side of :=");
                self.error(Code::BadDecl, place, text);
                has_error = true;
                let obj = dummy(self);
                vars.push(obj);
                continue;
            };
            let is_repeated = !ident.name.is_blank()
                && lhs[..index].iter().any(|other| {
                    other
                        .as_ident()
                        .is_some_and(|other| other.name == ident.name)
                });
            if is_repeated {
                let text = format!("{place} repeated on left side of :=");
                self.error(Code::RepeatedDecl, place, text);
                has_error = true;
                let obj = dummy(self);
                vars.push(obj);
                continue;
            }
            if let Some(known) = self.lookup_innermost(ident.name) {
                self.record_use(ident.id, known);
                if self.prog.var(known).is_some() && !self.object(known).ty.is_valid() {
                    // It would take the type of its value now.
                    let obj = dummy(self);
                    vars.push(obj);
                    continue;
                }
                if let ObjectKind::Var(_) = self.object(known).kind {
                    if let Some(var) = self.prog.var_mut(known) {
                        var.is_reassigned = true;
                    }
                    self.record_place(place, self.object(known).ty);
                    vars.push(known);
                } else {
                    let text = format!("cannot assign to {place}");
                    self.error(Code::UnassignableOperand, place, text);
                    has_error = true;
                    let obj = dummy(self);
                    vars.push(obj);
                }
                continue;
            }
            let obj = self.new_local(ident, VarKind::Local);
            self.record_use(ident.id, obj);
            vars.push(obj);
            fresh.push((place, ident, obj));
        }
        self.init_vars(&vars, values, None);
        let has_new = fresh.iter().any(|(_, ident, _)| !ident.name.is_blank());
        if !has_new && !has_error {
            let text = "no new variables on left side of :=";
            self.error_at(Code::NoNewVar, pos, text);
        }
        for (place, ident, obj) in fresh {
            self.record_place(place, self.object(obj).ty);
            self.declare(ident, obj);
        }
    }

    /// Records the type of a name on the left of `:=`.
    pub(super) fn record_place(&mut self, place: &'a Expr, ty: TypeId) {
        let info = ExprInfo {
            ty,
            value: ConstId::NONE,
            mode: Mode::Variable,
        };
        self.record_info(place, info);
    }

    /// Evaluates expressions for their errors and uses only; true if there were no errors.
    pub(super) fn use_exprs(&mut self, exprs: &'a [Expr]) -> bool {
        let mut is_fine = true;
        for expr in exprs {
            is_fine &= self.use_expr(expr);
        }
        is_fine
    }

    fn use_expr(&mut self, expr: &'a Expr) -> bool {
        if let ExprKind::KeyValue { value, .. } = &expr.kind {
            return self.use_expr(value);
        }
        self.evaluate(expr).is_valid()
    }

    /// The same for the left side of an assignment, where variables are not used.
    pub(super) fn use_lhs(&mut self, exprs: &'a [Expr]) -> bool {
        let mut is_fine = true;
        for expr in exprs {
            is_fine &= match expr.unparen().kind {
                ExprKind::Name(name) if name.is_blank() => true,
                ExprKind::Name(name) => {
                    let var = self
                        .lookup(name)
                        .and_then(|obj| self.prog.var(obj).map(|var| (obj, var.is_used)));
                    let is_fine = self.use_expr(expr);
                    if let Some((obj, was_used)) = var
                        && let Some(var) = self.prog.var_mut(obj)
                    {
                        var.is_used = was_used;
                    }
                    is_fine
                }
                _ => self.use_expr(expr),
            };
        }
        is_fine
    }
}
