//! Identifiers: what a name stands for, and who uses it.

use mini_diagnostics::Code;
use mini_syntax::Symbol;
use mini_syntax::ast::Expr;

use super::Checker;
use super::operand::Operand;
use crate::info::{FuncId, Mode};
use crate::object::{ObjId, ObjectKind, Var, VarKind};
use crate::program::PkgId;
use crate::types::TypeId;

impl<'a> Checker<'a> {
    /// What a name stands for. Uses are recorded, variables marked as used and captured.
    pub(super) fn ident(&mut self, expr: &'a Expr, name: Symbol, wants_type: bool) -> Operand<'a> {
        let mut x = Operand::invalid(expr);
        let Some(obj) = self.lookup(name) else {
            if name.is_blank() {
                self.error(Code::InvalidBlank, expr, "cannot use _ as value or type");
            } else {
                self.error(Code::UndeclaredName, expr, format!("undefined: {name}"));
            }
            return x;
        };
        self.record_use(expr.id, obj);
        self.use_dot_import(obj);
        if wants_type && !matches!(self.object(obj).kind, ObjectKind::TypeName { .. }) {
            let text = format!("{name} ({}) is not a type", self.kind_of_object(obj));
            self.error(Code::NotAType, expr, text);
            if let Some(var) = self.prog.var_mut(obj) {
                var.is_used = true;
            }
            return x;
        }
        self.use_object(&mut x, obj, wants_type);
        x
    }

    fn kind_of_object(&self, obj: ObjId) -> &'static str {
        match &self.object(obj).kind {
            ObjectKind::PkgName { .. } => "package name",
            ObjectKind::Const(_) => "constant",
            ObjectKind::TypeName { is_alias: true } => "type alias",
            ObjectKind::TypeName { is_alias: false } => "defined type",
            ObjectKind::Var(var) => match var.kind {
                VarKind::Package => "package-level variable",
                VarKind::Local => "local variable",
                VarKind::Recv => "receiver",
                VarKind::Param => "parameter",
                VarKind::Result => "result variable",
            },
            &ObjectKind::Func(func) => match self.prog.func(func).recv {
                Some(_) => "method",
                None => "function",
            },
            ObjectKind::Builtin(_) => "built-in function",
            ObjectKind::Nil => "untyped nil",
        }
    }

    /// Makes `x` a use of `obj`.
    pub(super) fn use_object(&mut self, x: &mut Operand<'a>, obj: ObjId, wants_type: bool) {
        // An object that has a type already is in no cycle that matters, unless it is a type whose name is wanted.
        let object = self.object(obj);
        let is_type = matches!(object.kind, ObjectKind::TypeName { .. });
        if !object.ty.is_valid() || (is_type && wants_type && object.pkg == self.env.pkg) {
            self.obj_decl(obj);
        }
        let object = self.object(obj);
        let (ty, pkg) = (object.ty, object.pkg);
        match object.kind {
            ObjectKind::PkgName { .. } => {
                let text = format!("use of package {} not in selector", object.name);
                self.error(Code::InvalidPkgUse, x.expr, text);
            }
            ObjectKind::Const(value) => {
                // Cycles of constants are reported with those of variables.
                if self.env.func == FuncId::NONE && pkg == self.env.pkg {
                    self.add_dependency(obj);
                }
                if !ty.is_valid() {
                    return;
                }
                x.value = value;
                if pkg == PkgId::UNIVERSE && self.object(obj).name == "iota" {
                    if !self.env.iota.is_some() {
                        let text = "cannot use iota outside constant declaration";
                        self.error(Code::InvalidIota, x.expr, text);
                        return;
                    }
                    x.value = self.env.iota;
                }
                x.mode = Mode::Constant;
                x.ty = ty;
            }
            ObjectKind::TypeName { .. } => {
                if ty.is_valid() {
                    x.mode = Mode::Type;
                    x.ty = ty;
                }
            }
            ObjectKind::Var(var) => {
                self.use_var(obj, &var);
                if ty.is_valid() {
                    x.mode = Mode::Variable;
                    x.ty = ty;
                }
            }
            ObjectKind::Func(_) => {
                self.add_dependency(obj);
                if ty.is_valid() {
                    x.set_value(ty);
                }
            }
            ObjectKind::Builtin(builtin) => {
                x.mode = Mode::Builtin;
                x.builtin = Some(builtin);
            }
            ObjectKind::Nil => {
                x.mode = Mode::Nil;
                x.ty = TypeId::UNTYPED_NIL;
            }
        }
    }

    fn use_var(&mut self, obj: ObjId, var: &Var) {
        if var.kind == VarKind::Package {
            self.add_dependency(obj);
        }
        if let Some(var) = self.prog.var_mut(obj) {
            var.is_used = true;
        }
        self.capture(obj);
    }

    /// Notes that the function at hand uses a variable of a function around it, and so do all functions between.
    pub(super) fn capture(&mut self, obj: ObjId) {
        let Some(&Var { func, .. }) = self.prog.var(obj) else {
            return;
        };
        if func == self.env.func || !func.is_some() {
            return;
        }
        if let Some(var) = self.prog.var_mut(obj) {
            var.is_captured = true;
        }
        let mut at = self.env.func;
        while at != func && at.is_some() {
            let entry = &mut self.prog.funcs[at.index()];
            if !entry.captures.contains(&obj) {
                entry.captures.push(obj);
            }
            at = match entry.origin {
                crate::info::FuncOrigin::Lit { parent, .. } => parent,
                crate::info::FuncOrigin::Decl { .. } => FuncId::NONE,
            };
        }
    }

    pub(super) fn add_dependency(&mut self, obj: ObjId) {
        if self.env.decl.is_some()
            && let Some(info) = self.prog.state.decls.get_mut(self.env.decl)
        {
            info.deps.insert(obj);
        }
    }
}
