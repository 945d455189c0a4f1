//! Expression switches and type switches.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use mini_diagnostics::{Code, Diagnostic, Pos, Span};
use mini_syntax::ast::{BinaryOp, CaseClause, Expr, ExprKind, SwitchStmt, TypeSwitchStmt};

use super::Checker;
use super::literals::Key;
use super::operand::{Operand, Part};
use crate::constant::Constant;
use crate::info::Mode;
use crate::object::{ObjId, ObjectKind, VarKind};
use crate::types::TypeId;

type Seen = HashMap<Key, Vec<(Span, Pos, TypeId)>, FixedState>;

impl<'a> Checker<'a> {
    pub(super) fn switch_stmt(&mut self, stmt: &'a SwitchStmt) {
        self.open_scope();
        self.simple_stmt(&stmt.init);
        let mut tag = None;
        if let Some(expr) = &stmt.tag {
            let mut x = self.expr(expr);
            self.assignment_to_blank(&mut x, "switch expression");
            if x.is_valid() && !self.types().comparable(x.ty) && !self.types().has_nil(x.ty) {
                let text = format!(
                    "cannot switch on {} ({} is not comparable)",
                    self.describe(&x),
                    self.type_text(x.ty)
                );
                self.error_op(Code::InvalidExprSwitch, &x, text);
                x.set_invalid();
            }
            tag = Some(x);
        }
        self.multiple_defaults(&stmt.body);
        let mut seen = Seen::default();
        for clause in &stmt.body {
            for expr in &clause.exprs {
                self.case_value(tag, expr, &mut seen);
            }
            self.open_scope();
            self.stmt_list(&clause.body);
            self.close_scope();
        }
        self.close_scope();
    }

    fn multiple_defaults(&mut self, body: &[CaseClause]) {
        let mut first = None;
        for clause in body {
            if clause.is_default {
                self.second_default(&mut first, clause.pos);
            }
        }
    }

    fn case_value(&mut self, tag: Option<Operand<'a>>, expr: &'a Expr, seen: &mut Seen) {
        let mut value = self.expr(expr);
        // A switch without tag compares with true.
        let mut tag = tag.unwrap_or_else(|| {
            let mut x = Operand::invalid(expr);
            self.set_const(&mut x, Constant::Bool(true), TypeId::BOOL);
            x.part = Part::True;
            x
        });
        if !tag.is_valid() || !value.is_valid() {
            return;
        }
        self.convert_untyped(&mut value, tag.ty);
        if !value.is_valid() {
            return;
        }
        let mut result = value;
        self.comparison(&mut result, &mut tag, BinaryOp::Eq, true);
        if !result.is_valid() || value.mode != Mode::Constant {
            return;
        }
        if self.types().is_untyped(value.ty) {
            self.default_operand(&mut value);
        }
        let key = match self.const_of(&value) {
            // Go looks for none among these.
            Constant::Bool(_) | Constant::Complex(_) => None,
            constant => Key::new(constant),
        };
        let Some(key) = key else { return };
        let known = seen.entry(key).or_default();
        let ty = value.ty;
        let types = &self.prog.types;
        match known.iter().find(|(.., other)| types.identical(*other, ty)) {
            Some(&(span, pos, _)) => {
                let text = format!(
                    "duplicate case {} in expression switch",
                    self.describe(&value)
                );
                let mut diagnostic = Diagnostic::error(Code::DuplicateCase, value.span(), text)
                    .at(value.pos())
                    .also(span, "previous case");
                if let Some(label) = diagnostic.labels.last_mut() {
                    label.span.start = pos;
                }
                self.push(diagnostic);
            }
            None => known.push((value.span(), value.expr.pos, ty)),
        }
    }

    pub(super) fn type_switch_stmt(&mut self, stmt: &'a TypeSwitchStmt) {
        self.open_scope();
        self.simple_stmt(&stmt.init);
        let mut bind = stmt.bind;
        if let Some(ident) = bind
            && ident.name.is_blank()
        {
            let text = "no new variable on left side of :=";
            self.error_at(Code::NoNewVar, ident.pos, text);
            bind = None;
        }
        let x = self.expr(&stmt.x);
        let mut subject = None;
        if x.is_valid() {
            if self.types().is_interface(x.ty) {
                subject = Some(x);
            } else {
                let described = self.describe(&x);
                let text = match self.types().is_type_param(x.ty) {
                    true => format!("cannot use type switch on type parameter value {described}"),
                    false => format!("{described} is not an interface"),
                };
                self.error_op(Code::InvalidTypeSwitch, &x, text);
            }
        }
        self.multiple_defaults(&stmt.body);
        let mut vars: Vec<ObjId> = Vec::new();
        let mut seen: Vec<(Option<TypeId>, &'a Expr)> = Vec::new();
        for clause in &stmt.body {
            let ty = self.case_types(subject, clause, &mut seen);
            self.open_scope();
            if let Some(ident) = bind {
                let obj = self.new_local(ident, VarKind::Local);
                self.prog.objects[obj.index()].ty = ty;
                self.bind(ident.name, obj);
                self.prog.packages[self.env.pkg.index()]
                    .info
                    .implicits
                    .insert(clause.id, obj);
                vars.push(obj);
            }
            self.stmt_list(&clause.body);
            self.close_scope();
        }
        if let Some(ident) = bind {
            let mut is_used = false;
            for obj in vars {
                if let Some(var) = self.prog.var_mut(obj) {
                    // All of them count as one variable.
                    is_used |= std::mem::replace(&mut var.is_used, true);
                }
            }
            if !is_used {
                let text = format!("{} declared and not used", ident.name);
                self.error_name(Code::UnusedVar, ident.pos, ident.name, text);
            }
        }
        self.close_scope();
    }

    /// Checks the types of a case; returns the type of the variable in its clause.
    fn case_types(
        &mut self,
        subject: Option<Operand<'a>>,
        clause: &'a CaseClause,
        seen: &mut Vec<(Option<TypeId>, &'a Expr)>,
    ) -> TypeId {
        let mut only = None;
        for expr in &clause.exprs {
            let ty = match self.is_nil_name(expr) {
                true => {
                    self.expr(expr);
                    None
                }
                false => Some(self.var_type(expr)),
            };
            only = ty;
            if ty == Some(TypeId::INVALID) {
                continue;
            }
            let types = &self.prog.types;
            let other = seen.iter().find(|(other, _)| match (*other, ty) {
                (None, None) => true,
                (Some(a), Some(b)) => types.identical(a, b),
                _ => false,
            });
            if let Some(&(_, other)) = other {
                let shown = ty.map_or("nil".to_string(), |ty| self.type_text(ty));
                let text = format!("duplicate case {shown} in type switch");
                let previous = Span::new(other.start_pos(), other.span.end);
                let diagnostic = Diagnostic::error(Code::DuplicateCase, expr.span, text)
                    .at(expr.start_pos())
                    .also(previous, "previous case");
                self.push(diagnostic);
                continue;
            }
            seen.push((ty, expr));
            if let (Some(x), Some(ty)) = (&subject, ty) {
                self.type_assertion(expr, x, ty, true);
            }
        }
        match (clause.exprs.len(), only) {
            (1, Some(ty)) => ty,
            _ => subject.map_or(TypeId::INVALID, |x| x.ty),
        }
    }

    fn is_nil_name(&self, expr: &Expr) -> bool {
        match expr.unparen().kind {
            ExprKind::Name(name) => self
                .lookup(name)
                .is_some_and(|obj| matches!(self.object(obj).kind, ObjectKind::Nil)),
            _ => false,
        }
    }
}
