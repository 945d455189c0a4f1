//! `for … range`.

use mini_diagnostics::{Code, Pos};
use mini_syntax::ast::RangeStmt;

use super::Checker;
use super::operand::Operand;
use crate::object::VarKind;
use crate::types::{ChanDir, Type, TypeId};

impl<'a> Checker<'a> {
    pub(super) fn range_stmt(&mut self, pos: Pos, stmt: &'a RangeStmt) {
        self.env.has_call_or_recv = false;
        let mut x = self.expr(&stmt.x);
        let mut types = [TypeId::INVALID; 2];
        if x.is_valid() {
            types = self.range_types(&x, stmt);
        }
        // What cannot be ranged over gets no type from here.
        let gets_type = types[0].is_valid();
        let is_int = x.is_valid() && self.types().is_integer(x.ty);
        self.open_scope();
        let first = self.prog.objects.len();
        if stmt.is_define {
            self.range_define(pos, stmt, &mut x, types, is_int);
            self.mark_loop_vars(first);
        } else if stmt.lhs.is_empty() {
            if is_int {
                self.assignment_to_blank(&mut x, "range clause");
            }
        } else {
            self.range_assign(stmt, &mut x, types, is_int);
        }
        if gets_type && x.is_valid() && self.types().is_untyped(x.ty) {
            self.default_operand(&mut x);
        }
        self.block(&stmt.body);
        self.close_scope();
    }

    /// The types of the iteration values, invalid where there is none.
    fn range_types(&mut self, x: &Operand<'a>, stmt: &'a RangeStmt) -> [TypeId; 2] {
        let none = TypeId::INVALID;
        let mut cause = String::new();
        let common = self.common_under(x.ty, |ty, under| match under {
            Type::Chan {
                dir: ChanDir::SendOnly,
                ..
            } => Some(format!(
                "receive from send-only channel {}",
                self.type_text(ty)
            )),
            _ => None,
        });
        let under = match common {
            Ok(under) => under,
            Err(why) => {
                cause = format!(": {why}");
                TypeId::UNTYPED_NIL
            }
        };
        let base = match *self.types().get(under) {
            Type::Pointer(elem) if matches!(self.types().under_type(elem), Type::Array { .. }) => {
                self.under(elem)
            }
            _ => under,
        };
        let found = match *self.types().get(base) {
            Type::Basic(basic) if basic.is_string() => Some([TypeId::INT, TypeId::RUNE]),
            Type::Basic(basic) if basic.is_integer() => Some([x.ty, none]),
            Type::Array { elem, .. } | Type::Slice(elem) => Some([TypeId::INT, elem]),
            Type::Map { key, value } => Some([key, value]),
            Type::Chan { elem, .. } => Some([elem, none]),
            Type::Func(_) => match self.iterator_types(base) {
                Ok(types) => Some(types),
                Err(why) => {
                    cause = format!(": {why}");
                    None
                }
            },
            _ => None,
        };
        let Some(types) = found else {
            if under.is_valid() {
                let text = format!("cannot range over {}{cause}", self.describe(x));
                self.error_op(Code::InvalidRangeExpr, x, text);
            }
            return [none; 2];
        };
        if let (Some(first), false) = (stmt.lhs.first(), types[0].is_valid()) {
            let text = format!(
                "range over {} permits no iteration variables",
                self.describe(x)
            );
            self.error(Code::InvalidIterVar, first, text);
        } else if let (Some(second), false) = (stmt.lhs.get(1), types[1].is_valid()) {
            let text = format!(
                "range over {} permits only one iteration variable",
                self.describe(x)
            );
            self.error(Code::InvalidIterVar, second, text);
        } else if let Some(extra) = stmt.lhs.get(2) {
            let text = "range clause permits at most two iteration variables";
            self.error(Code::InvalidIterVar, extra, text);
        }
        types
    }

    /// What a function of type `func(yield func(…) bool)` passes to its loop; or why it is none.
    fn iterator_types(&self, func: TypeId) -> Result<[TypeId; 2], String> {
        const FORM: &str = "func must be func(yield func(...) bool)";
        let wrong = |why: &str| Err(format!("{FORM}: {why}"));
        let types = self.types();
        let iterator = match types.signature(func) {
            Some(sig) if sig.params.len() == 1 => sig,
            _ => return wrong("wrong argument count"),
        };
        if !iterator.results.is_empty() {
            return wrong("unexpected results");
        }
        let yield_ty = iterator.params[0].ty;
        let common = match types.common_under(yield_ty) {
            Ok(common) => common,
            Err(why) => {
                return wrong(&format!("in yield type, {}", self.no_common_text(why)));
            }
        };
        let Some(sig) = types.signature(common) else {
            return wrong("argument is not func");
        };
        if sig.params.len() > 2 {
            return wrong("yield func has too many parameters");
        }
        match sig.results.as_slice() {
            [result] if types.identical(result.ty, TypeId::BOOL) => {}
            [result] if types.is_boolean(result.ty) => {
                return wrong("yield func returns user-defined boolean, not bool");
            }
            _ => return wrong("yield func does not return bool"),
        }
        if sig.is_variadic {
            let text = self.type_text(types.under(yield_ty));
            return Err(format!("yield func of type {text} cannot be variadic"));
        }
        let mut values = sig.param_types();
        let mut next = || values.next().unwrap_or(TypeId::INVALID);
        Ok([next(), next()])
    }

    fn range_define(
        &mut self,
        pos: Pos,
        stmt: &'a RangeStmt,
        x: &mut Operand<'a>,
        types: [TypeId; 2],
        is_int: bool,
    ) {
        let mut vars = Vec::new();
        for (lhs, ty) in stmt.lhs.iter().zip(types) {
            let Some(ident) = lhs.as_ident() else {
                let text = format!("invalid syntax tree: cannot declare {lhs}");
                self.error(Code::InvalidSyntaxTree, lhs, text);
                continue;
            };
            let obj = self.new_local(ident, VarKind::Local);
            self.record_use(ident.id, obj);
            vars.push((ident, obj));
            if !ty.is_valid() {
                if let Some(var) = self.prog.var_mut(obj) {
                    var.is_used = true;
                }
                continue;
            }
            if is_int {
                self.init_var(obj, x, "range clause");
            } else {
                let mut value = self.value_at(lhs, ty);
                self.init_var(obj, &mut value, "assignment");
            }
            self.record_place(lhs, self.object(obj).ty);
        }
        if vars.iter().all(|(ident, _)| ident.name.is_blank()) {
            let text = "no new variables on left side of :=";
            self.error_at(Code::NoNewVar, pos, text);
        }
        for (ident, obj) in vars {
            self.declare(ident, obj);
        }
    }

    fn range_assign(
        &mut self,
        stmt: &'a RangeStmt,
        x: &mut Operand<'a>,
        types: [TypeId; 2],
        is_int: bool,
    ) {
        for (lhs, ty) in stmt.lhs.iter().zip(types) {
            if !ty.is_valid() {
                continue;
            }
            if !is_int {
                let mut value = self.value_at(lhs, ty);
                self.assign_var(lhs, &mut value, "assignment");
                continue;
            }
            self.assign_var(lhs, x, "range clause");
            if x.is_valid() && !self.types().is_integer(x.ty) {
                let text = format!(
                    "cannot use iteration variable of type {}",
                    self.type_text(x.ty)
                );
                self.error(Code::InvalidRangeExpr, lhs, text);
            }
        }
    }
}
