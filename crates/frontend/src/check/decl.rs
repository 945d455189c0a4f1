//! Declarations: resolving package-level objects when they are first needed, and local declarations.

use mini_diagnostics::{Code, Diagnostic, Pos, Span};
use mini_syntax::ast::{self, Decl, Expr, Ident};
use mini_syntax::{parse_body, parse_func};

use super::operand::Operand;
use super::state::{DeclInfo, Progress};
use super::{Checker, Env, Options};
use crate::constant::{ConstId, Constant};
use crate::info::{FuncId, FuncOrigin, Initializer};
use crate::object::{ObjId, ObjectKind, Var, VarKind};
use crate::program::{DeclRef, PkgId};
use crate::types::{Type, TypeId};

impl<'a> Checker<'a> {
    /// Checks everything in a package.
    pub(super) fn check_package(&mut self, pkg: PkgId, options: Options) {
        let n_before = self.prog.diagnostics.len();
        let objects = self.prog.state.packages[pkg.index()].objects.clone();
        // Cycles are entered through declared types, then through aliases, then through the rest, as in Go.
        for pass in 0..3 {
            for &obj in &objects {
                let its_pass = match self.object(obj).kind {
                    ObjectKind::TypeName { is_alias: false } => 0,
                    ObjectKind::TypeName { is_alias: true } => 1,
                    _ => 2,
                };
                if its_pass == pass {
                    self.obj_decl(obj);
                }
            }
        }
        self.process_later();
        for func in self.prog.package(pkg).funcs.clone() {
            self.func_decl_body(func);
            self.process_later();
        }
        self.init_order(pkg);
        self.unused_imports(pkg);
        if self.prog.diagnostics.is_empty() {
            self.check_growth();
        }
        if self.prog.diagnostics.is_empty() {
            self.anonymous_cycles();
        }
        if self.prog.diagnostics.is_empty() {
            self.large_types();
        }
        if self.prog.diagnostics.is_empty() {
            self.large_objects(&objects);
        }
        if self.prog.diagnostics.len() == n_before && !options.allow_missing_bodies {
            self.missing_bodies(pkg);
        }
        if self.prog.package(pkg).name == "main" && self.prog.package(pkg).is_root {
            let has_main = self
                .prog
                .package(pkg)
                .scope
                .contains_key(&mini_syntax::Symbol::intern("main"));
            if !has_main && self.prog.diagnostics.len() == n_before {
                let text = "function main is undeclared in the main package";
                self.push(Diagnostic::error(
                    Code::InvalidMainDecl,
                    mini_diagnostics::Span::NONE,
                    text,
                ));
            }
        }
    }

    /// Functions of the user's without a body. Go reports them last, if all else is right.
    fn missing_bodies(&mut self, pkg: PkgId) {
        for func in self.prog.package(pkg).funcs.clone() {
            if let FuncOrigin::Decl { obj, .. } = self.prog.func(func).origin
                && self.prog.is_native(func)
            {
                let (name, pos) = (self.object(obj).name, self.object(obj).pos);
                self.error_name(Code::BadDecl, pos, name, "missing function body");
            }
        }
    }

    /// Resolves an object, if it is not: afterwards its type is set.
    pub(super) fn obj_decl(&mut self, obj: ObjId) {
        match self.prog.state.progress(obj) {
            Progress::Black => {}
            Progress::Grey(index) => self.met_again(obj, index as usize),
            Progress::White => self.resolve_decl(obj),
        }
    }

    fn resolve_decl(&mut self, obj: ObjId) {
        let Some(info) = self.prog.state.decls.get(obj) else {
            return;
        };
        let (at, index, iota, inherited) =
            (info.at, info.index as usize, info.iota, info.inherited);
        let vars = info.vars.clone();
        let progress = Progress::Grey(self.path.len() as u32);
        self.prog.state.set_progress(obj, progress);
        self.path.push(obj);
        let mut env = Env::package(at.pkg, at.file);
        env.base = self.scopes.depth();
        // What the declaration of a function or type refers to needs no initialisation.
        if !matches!(
            self.object(obj).kind,
            ObjectKind::Func(_) | ObjectKind::TypeName { .. }
        ) {
            env.decl = obj;
        }
        let asts = self.asts;
        self.at(env, |c| match c.object(obj).kind {
            ObjectKind::Const(_) => {
                let source = inherited.unwrap_or(at);
                if let Some(spec) = asts.const_spec(source) {
                    let value = spec.values.get(index);
                    c.const_decl(obj, spec.ty.as_deref(), value, iota, inherited.is_some());
                }
            }
            ObjectKind::Var(_) => {
                if let Some(spec) = asts.var_spec(at) {
                    c.var_decl(obj, &vars, spec, index);
                }
            }
            ObjectKind::TypeName { .. } => {
                if let Some(spec) = asts.type_spec(at) {
                    c.type_decl(obj, spec);
                }
            }
            ObjectKind::Func(func) => {
                if let Some(decl) = c.read_func(at) {
                    c.func_decl(obj, func, decl);
                }
            }
            _ => {}
        });
        self.path.pop();
        self.prog.state.set_progress(obj, Progress::Black);
    }

    /// An object that is being resolved is needed for its own resolution.
    fn met_again(&mut self, obj: ObjId, start: usize) {
        let is_valid = self.is_valid_cycle(start);
        let is_value = matches!(
            self.object(obj).kind,
            ObjectKind::Const(_) | ObjectKind::Var(_)
        );
        let is_func = matches!(self.object(obj).kind, ObjectKind::Func(_));
        if (!is_valid && !is_func) || (is_value && !self.object(obj).ty.is_valid()) {
            self.prog.objects[obj.index()].ty = TypeId::INVALID;
        }
    }

    fn is_valid_cycle(&mut self, start: usize) -> bool {
        let cycle: Vec<ObjId> = self.path[start..].to_vec();
        let (mut n_values, mut n_types) = (0, 0);
        for &obj in &cycle {
            match self.object(obj).kind {
                ObjectKind::Const(_) | ObjectKind::Var(_) => n_values += 1,
                // Cycles through lists of type parameters are fine.
                ObjectKind::TypeName { .. }
                    if self.env.is_in_type_params
                        && !self.types().generic_params(self.object(obj).ty).is_empty() =>
                {
                    return true;
                }
                ObjectKind::TypeName { is_alias: false } => n_types += 1,
                _ => {}
            }
        }
        // A cycle of values alone is found again by the initialisation order.
        if n_values == cycle.len() || (n_values == 0 && n_types > 0) {
            return true;
        }
        self.cycle_error(&cycle);
        false
    }

    /// Reports a cycle of declarations at the one that comes first in the source.
    pub(super) fn cycle_error(&mut self, cycle: &[ObjId]) {
        if let Some(start) = (0..cycle.len()).min_by_key(|&i| self.object(cycle[i]).pos) {
            self.cycle_error_at(cycle, start);
        }
    }

    /// The same at `cycle[start]`.
    fn cycle_error_at(&mut self, cycle: &[ObjId], start: usize) {
        let first = self.object(cycle[start]).clone();
        let is_type = matches!(first.kind, ObjectKind::TypeName { .. });
        if is_type && matches!(self.types().get(first.ty), Type::Alias(_)) {
            self.prog.types.set_actual(first.ty, TypeId::INVALID);
            self.prog.objects[cycle[start].index()].ty = TypeId::INVALID;
        }
        let mut names: Vec<(Pos, String)> = cycle
            .iter()
            .map(|&obj| (self.object(obj).pos, self.object(obj).name.to_string()))
            .collect();
        names.rotate_left(start);
        self.report_cycle(&names, is_type);
    }

    /// Reports a cycle through the names, at the first of them.
    pub(super) fn report_cycle(&mut self, names: &[(Pos, String)], is_type: bool) {
        let Some((pos, first)) = names.first() else {
            return;
        };
        let span = |pos: Pos, name: &str| Span::new(pos, pos.offset(name.len() as u32));
        let what = match (is_type, names.len()) {
            (true, 1) => format!("invalid recursive type: {first} refers to itself"),
            (true, _) => format!("invalid recursive type {first}"),
            (false, 1) => format!("invalid cycle in declaration: {first} refers to itself"),
            (false, _) => format!("invalid cycle in declaration of {first}"),
        };
        let mut diagnostic = Diagnostic::error(Code::InvalidDeclCycle, span(*pos, first), what);
        if names.len() > 1 {
            for (i, (pos, name)) in names.iter().enumerate() {
                let (_, next) = &names[(i + 1) % names.len()];
                diagnostic = diagnostic.also(span(*pos, name), format!("{name} refers to {next}"));
            }
        }
        self.push(diagnostic);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Constants

    fn const_decl(
        &mut self,
        obj: ObjId,
        ty: Option<&'a Expr>,
        value: Option<&'a Expr>,
        iota: u32,
        is_inherited: bool,
    ) {
        let saved = (self.env.iota, self.env.err_pos);
        self.env.iota = self.prog.constants.add(Constant::int(iota as i64));
        self.env.err_pos = mini_diagnostics::Pos::NONE;
        let unknown = self.prog.constants.add(Constant::Unknown);
        self.prog.objects[obj.index()].kind = ObjectKind::Const(unknown);
        self.const_value(obj, ty, value, is_inherited);
        (self.env.iota, self.env.err_pos) = saved;
    }

    fn const_value(
        &mut self,
        obj: ObjId,
        ty: Option<&'a Expr>,
        value: Option<&'a Expr>,
        is_inherited: bool,
    ) {
        if let Some(expr) = ty {
            let ty = self.typ(expr);
            if !self.types().is_const_type(ty) {
                if self.under(ty).is_valid() {
                    let text = format!("invalid constant type {}", self.type_text(ty));
                    self.error(Code::InvalidConstType, expr, text);
                }
                return;
            }
            self.prog.objects[obj.index()].ty = ty;
        }
        let Some(value) = value else {
            return;
        };
        if is_inherited {
            self.env.err_pos = self.object(obj).pos;
        }
        let mut x = self.expr(value);
        self.init_const(obj, &mut x);
    }

    fn init_const(&mut self, obj: ObjId, x: &mut Operand<'a>) {
        let ty = self.object(obj).ty;
        if !x.is_valid() || (ty.is_valid() && !self.under(ty).is_valid()) {
            self.prog.objects[obj.index()].ty = TypeId::INVALID;
            return;
        }
        if x.mode != crate::info::Mode::Constant {
            let text = format!("{} is not constant", self.describe(x));
            self.error_op(Code::InvalidConstInit, x, text);
            self.prog.objects[obj.index()].ty = TypeId::INVALID;
            return;
        }
        if !ty.is_valid() {
            self.prog.objects[obj.index()].ty = x.ty;
        }
        let ty = self.object(obj).ty;
        self.assignment(x, ty, "constant declaration");
        if !x.is_valid() {
            return;
        }
        self.prog.objects[obj.index()].kind = ObjectKind::Const(x.value);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Variables

    fn var_decl(&mut self, obj: ObjId, vars: &[ObjId], spec: &'a ast::VarSpec, index: usize) {
        if let Some(ty) = &spec.ty {
            let ty = self.var_type(ty);
            self.prog.objects[obj.index()].ty = ty;
        }
        let value = match vars.is_empty() {
            true => spec.values.get(index),
            false => spec.values.first(),
        };
        let Some(value) = value else {
            return;
        };
        if vars.is_empty() {
            let mut x =
                self.expr_with_target(value, self.object(obj).ty, self.object(obj).name.as_str());
            self.init_var(obj, &mut x, "variable declaration");
            return;
        }
        if spec.ty.is_some() {
            let ty = self.object(obj).ty;
            for var in vars {
                self.prog.objects[var.index()].ty = ty;
            }
        }
        self.init_vars(vars, &spec.values, None);
        // All of them are resolved by this one initialiser.
        let deps = self.prog.state.decls.get(obj).map(|info| &info.deps);
        let deps = deps.cloned().unwrap_or_default();
        for &var in vars {
            if var != obj {
                let deps = deps.clone();
                self.prog.state.set_progress(var, Progress::Black);
                if let Some(info) = self.prog.state.decls.get_mut(var) {
                    info.deps = deps;
                }
            }
        }
    }

    /// The initialiser that a package variable belongs to.
    pub(super) fn initializer(&self, obj: ObjId, info: &DeclInfo) -> Option<Initializer> {
        let spec = self.asts.var_spec(info.at)?;
        let (vars, value) = match info.vars.is_empty() {
            true => (vec![obj], info.index),
            false => (info.vars.clone(), 0),
        };
        spec.values.get(value as usize)?;
        Some(Initializer {
            vars,
            decl: info.at,
            value,
        })
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Functions

    fn func_decl(&mut self, obj: ObjId, func: FuncId, decl: &'a ast::FuncDecl) {
        // Parameters are bound again when the body is checked.
        self.open_scope();
        let sig = self.func_type(func, decl.recv.as_ref(), &decl.type_params, &decl.ty);
        self.close_scope();
        self.prog.objects[obj.index()].ty = sig;
        self.prog.funcs[func.index()].sig = sig;
        // The library has some: code generation knows them.
        let is_native = decl.body.is_none() && self.prog.package(self.prog.func(func).pkg).is_lazy;
        if !decl.type_params.is_empty() && decl.body.is_none() && !is_native {
            let text = "generic function is missing function body";
            self.error_at(Code::BadDecl, decl.span.start, text);
        }
    }

    /// Checks the body of a declared function, once.
    pub(super) fn func_decl_body(&mut self, func: FuncId) {
        let entry = &mut self.prog.funcs[func.index()];
        let FuncOrigin::Decl { obj, decl: at } = entry.origin else {
            return;
        };
        if std::mem::replace(&mut entry.is_checked, true) || !entry.sig.is_valid() {
            return;
        }
        let asts = self.asts;
        let Some(decl) = asts.func_decl(at) else {
            return;
        };
        let Some(body) = &decl.body else { return };
        let body = match body.block() {
            Some(block) => block,
            None => self.read_body(at, body),
        };
        let mut env = Env::package(at.pkg, at.file);
        env.base = self.scopes.depth();
        env.decl = obj;
        env.func = func;
        self.at(env, |c| c.func_body(func, body));
    }

    /// A declared function; one of a lazily checked package is parsed, if it was not yet.
    fn read_func(&mut self, at: DeclRef) -> Option<&'a ast::FuncDecl> {
        let Decl::UnreadFunc(unread) = self.asts.decl(at) else {
            return self.asts.func_decl(at);
        };
        let file = &self.asts.packages[at.pkg.index()].files[at.file as usize];
        let ids = &mut self.prog.state.packages[at.pkg.index()].ids;
        let decl = parse_func(unread, &file.source, ids, &mut self.prog.diagnostics);
        let n_ids = ids.count();
        self.prog.packages[at.pkg.index()].info.grow(n_ids);
        decl
    }

    /// Parses the body of a function of a lazily checked package.
    fn read_body(&mut self, at: DeclRef, body: &'a ast::Body) -> &'a ast::Block {
        let file = &self.asts.packages[at.pkg.index()].files[at.file as usize];
        let ids = &mut self.prog.state.packages[at.pkg.index()].ids;
        let block = parse_body(body, &file.source, ids, &mut self.prog.diagnostics);
        let n_ids = ids.count();
        self.prog.packages[at.pkg.index()].info.grow(n_ids);
        block
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Declarations in functions

    pub(super) fn decl_stmt(&mut self, decl: &'a Decl) {
        match decl {
            Decl::Const(decl) => self.local_consts(decl),
            Decl::Var(decl) => {
                for spec in &decl.specs {
                    self.local_vars(spec);
                }
            }
            Decl::Type(decl) => {
                for spec in &decl.specs {
                    self.local_type(spec);
                }
            }
            Decl::Import(_) | Decl::Func(_) | Decl::UnreadFunc(_) => {}
        }
    }

    fn local_consts(&mut self, decl: &'a ast::GenDecl<ast::ConstSpec>) {
        let mut last: Option<&'a ast::ConstSpec> = None;
        for (iota, spec) in decl.specs.iter().enumerate() {
            let is_own = spec.ty.is_some() || !spec.values.is_empty();
            if is_own {
                last = Some(spec);
            }
            let source = last.unwrap_or(spec);
            let mut objects = Vec::with_capacity(spec.names.len());
            for (index, &name) in spec.names.iter().enumerate() {
                let obj = self.new_object(name, ObjectKind::Const(ConstId::NONE), TypeId::INVALID);
                let value = source.values.get(index);
                self.const_decl(obj, source.ty.as_deref(), value, iota as u32, !is_own);
                objects.push((name, obj));
            }
            self.arity(spec.span.start, &spec.names, &source.values, true, !is_own);
            for (name, obj) in objects {
                self.declare(name, obj);
            }
        }
    }

    fn local_vars(&mut self, spec: &'a ast::VarSpec) {
        let vars: Vec<ObjId> = spec
            .names
            .iter()
            .map(|&name| self.new_local(name, VarKind::Local))
            .collect();
        let ty = match &spec.ty {
            Some(ty) => self.var_type(ty),
            None => TypeId::INVALID,
        };
        for var in &vars {
            self.prog.objects[var.index()].ty = ty;
        }
        let (n_names, n_values) = (vars.len(), spec.values.len());
        if n_values == 1 && n_names > 1 {
            self.init_vars(&vars, &spec.values, None);
        } else {
            for (index, value) in spec.values.iter().enumerate() {
                match vars.get(index) {
                    Some(&var) => {
                        let mut x =
                            self.expr_with_target(value, ty, self.object(var).name.as_str());
                        self.init_var(var, &mut x, "variable declaration");
                    }
                    None => {
                        self.use_exprs(std::slice::from_ref(value));
                    }
                }
            }
        }
        if spec.ty.is_none() || n_values > 0 {
            self.arity(spec.span.start, &spec.names, &spec.values, false, false);
        }
        for (&name, &var) in spec.names.iter().zip(&vars) {
            self.declare(name, var);
        }
    }

    fn local_type(&mut self, spec: &'a ast::TypeSpec) {
        let kind = ObjectKind::TypeName {
            is_alias: spec.is_alias,
        };
        let obj = self.new_object(spec.name, kind, TypeId::INVALID);
        self.declare(spec.name, obj);
        let progress = Progress::Grey(self.path.len() as u32);
        self.prog.state.set_progress(obj, progress);
        self.path.push(obj);
        self.type_decl(obj, spec);
        self.path.pop();
        self.prog.state.set_progress(obj, Progress::Black);
    }

    /// A new variable of the function at hand, not yet bound.
    pub(super) fn new_local(&mut self, ident: Ident, kind: VarKind) -> ObjId {
        let var = Var::new(kind, self.env.func);
        self.new_object(ident, ObjectKind::Var(var), TypeId::INVALID)
    }
}
