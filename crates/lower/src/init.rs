//! How a program starts: package variables in dependency order, `init` functions, main.main.
//!
//! A package of the user's has one function that initialises all of its variables. Of a library package only the variables
//! that are reached are initialised, each by a function of its own: the library promises that its initialisers have no
//! effects that a program could see.

use std::sync::Arc;

use mini_diagnostics::{Pos, Span};
use mini_frontend::{Initializer, ObjId, PkgId, Program};
use mini_mir::{Callee, FuncId, LocalKind, Place, Rvalue, TyId};

use crate::call::Target;
use crate::context::Context;
use crate::func::FuncLower;
use crate::names;

impl<'ast> Context<'ast> {
    /// A function of a package's initialisation.
    pub(crate) fn init_func(&mut self, prog: &Program, pkg: PkgId, pos: Pos) -> FuncId {
        let path = names::path(prog, pkg);
        let name: Arc<str> = format!("{}.init", names::escaped(&path)).into();
        let func = self.synthetic(
            name,
            "init".into(),
            path.into(),
            TyId::FUNC,
            !prog.package(pkg).is_root,
            pos,
        );
        self.funcs[func].is_wrapper = false;
        // Traces show the initialisation of the user's package; what the library does runs once and fits into the entry.
        self.funcs[func].no_inline = pkg == prog.main;
        func
    }

    /// Lowers initialisers, in order, as the body of `func`.
    pub(crate) fn lower_initializers(
        &mut self,
        prog: &mut Program,
        pkg: PkgId,
        func: FuncId,
        inits: &[Initializer],
    ) {
        let asts = self.asts;
        let span = self.funcs[func].pos.span();
        let mut lower = FuncLower::new(self, prog, pkg, func, span);
        for init in inits {
            let Some(value) = asts.init_value(init) else {
                continue;
            };
            lower.b.pos = value.pos;
            lower.initializer(&init.vars, value);
        }
        lower.emit_return();
        lower.finish();
    }

    /// `func()` that initialises the packages and calls main.main.
    pub(crate) fn lower_entry(&mut self, prog: &mut Program, steps: &[FuncId]) -> FuncId {
        let entry = self.synthetic(
            "runtime.main".into(),
            "main".into(),
            "runtime".into(),
            TyId::FUNC,
            true,
            Pos::NONE,
        );
        let main = prog.main;
        let mut lower = FuncLower::new(self, prog, main, entry, Span::NONE);
        for &step in steps {
            let callee = Target::Callee(Callee::Static(step));
            lower.emit_call(callee, vec![], "");
        }
        lower.emit_return();
        lower.finish();
        entry
    }
}

impl<'ast> FuncLower<'_, 'ast> {
    fn initializer(&mut self, vars: &[ObjId], value: &'ast mini_syntax::ast::Expr) {
        let is_blank = |this: &Self, var: ObjId| this.prog.object(var).name.is_blank();
        match vars {
            [] => self.discard(value),
            &[var] if is_blank(self, var) => {
                let ty = self.object_ty(var);
                let value = self.expr_to(value, ty);
                let temp = self.b.local("", ty, self.b.pos, LocalKind::Temp);
                self.b.assign(temp, Rvalue::Use(value));
            }
            &[var] => {
                // Nothing reads the variable before it is initialised, and globals begin as zero.
                let place = Place::global(self.cx.global(self.prog, var));
                self.expr_into(value, place, true);
            }
            vars => {
                let value = self.multi_value(value);
                let parts = self.tuple_parts(value);
                for (&var, part) in vars.iter().zip(parts) {
                    if is_blank(self, var) {
                        continue;
                    }
                    let place = Place::global(self.cx.global(self.prog, var));
                    let ty = self.place_ty(&place);
                    let part = self.assignable_at(part, ty, self.b.pos);
                    self.b.assign(place, Rvalue::Use(part));
                }
            }
        }
    }
}
