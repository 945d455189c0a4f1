//! The worklist: from what always runs to everything that it reaches.

use std::sync::Arc;

use mini_abi::panics::LangItem;
use mini_diagnostics::{Code, Diagnostic, Span};
use mini_frontend::{FuncOrigin, ObjId, PkgId, Program};
use mini_mir::FuncId;
use mini_syntax::ast;

use crate::Options;
use crate::context::{Context, Work};
use crate::func::FuncLower;

pub(crate) fn lower(
    prog: &mut Program,
    options: Options,
) -> Result<mini_mir::Program, Vec<Diagnostic>> {
    let asts = Arc::clone(&prog.asts);
    let mut cx = Context::new(&asts);
    let mut lang_items = vec![];
    for name in LangItem::NAMES {
        match library_func(&mut cx, prog, name) {
            Some(func) => lang_items.push(func),
            None => cx.diagnostics.push(Diagnostic::error(
                Code::UnsupportedFeature,
                Span::NONE,
                format!("the library has no {name}"),
            )),
        }
    }
    cx.explain = options.explain;
    cx.raise = lang_items.get(LangItem::Raise as usize).copied();
    let starts = seed(&mut cx, prog, options);
    for init in library_init_functions(prog) {
        cx.func(prog, init);
    }
    cx.run(prog);
    let mut steps: Vec<FuncId> = cx.library_steps(prog);
    steps.extend(starts);
    let entry = cx.lower_entry(prog, &steps);
    let mut diagnostics = prog.take_diagnostics();
    diagnostics.append(&mut cx.diagnostics);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(diagnostics);
    }
    cx.settle_costs();
    let methods = cx.reached.take_sets().collect();
    Ok(mini_mir::Program {
        types: cx.types,
        funcs: cx.funcs,
        globals: cx.globals,
        methods,
        entry: Some(entry),
        sources: cx.sources,
        lang_items,
    })
}

/// The functions `init` of all library packages that are loaded.
fn library_init_functions(prog: &Program) -> Vec<mini_frontend::FuncId> {
    let packages = prog.packages.iter().filter(|package| package.is_lazy);
    packages.flat_map(|package| package.inits.clone()).collect()
}

/// A function of the library by its symbol.
pub(crate) fn library_func(
    cx: &mut Context<'_>,
    prog: &mut Program,
    symbol: &str,
) -> Option<FuncId> {
    let (path, name) = symbol.rsplit_once('.')?;
    let object = prog.find(path, name)?;
    let source = prog.func_of(object)?;
    Some(cx.func(prog, source))
}

/// Puts the user's packages on the worklist. What runs of them at the start, in order.
fn seed(cx: &mut Context<'_>, prog: &mut Program, options: Options) -> Vec<FuncId> {
    let mut steps = vec![];
    let main = prog.main;
    // The few library packages that have init functions: hooks that one package sets in another.
    let library: Vec<_> = prog
        .packages
        .iter()
        .filter(|package| package.is_lazy)
        .collect();
    let inits: Vec<_> = library
        .iter()
        .flat_map(|package| package.inits.clone())
        .collect();
    for init in inits {
        steps.push(cx.func(prog, init));
    }
    for pkg in users_packages(prog) {
        let inits = prog.init_order(pkg);
        if let Some(first) = inits.first() {
            let pos = prog.object(first.vars[0]).pos;
            let func = cx.init_func(prog, pkg, pos);
            cx.lower_initializers(prog, pkg, func, &inits);
            steps.push(func);
        }
        for init in prog.package(pkg).inits.clone() {
            steps.push(cx.func(prog, init));
        }
    }
    if options.whole_user_package {
        for source in prog.package(main).funcs.clone() {
            // Of generic functions the instances that are reached.
            if prog.func(source).type_params.is_empty() {
                cx.func(prog, source);
            }
        }
    }
    let name = mini_syntax::Symbol::intern("main");
    let main_func = prog.package(main).scope.get(&name).copied();
    if let Some(source) = main_func.and_then(|object| prog.func_of(object)) {
        steps.push(cx.func(prog, source));
    }
    steps
}

/// The user's packages that main imports, directly or not, and main itself, in the order of their initialisation: always
/// the first by import path of those that import nothing that is still to come.
fn users_packages(prog: &Program) -> Vec<PkgId> {
    let mut left: Vec<PkgId> = vec![prog.main];
    let mut next = 0;
    while let Some(&pkg) = left.get(next) {
        for &import in &prog.package(pkg).imports {
            if !prog.package(import).is_lazy && !left.contains(&import) {
                left.push(import);
            }
        }
        next += 1;
    }
    left.sort_by_key(|&pkg| prog.package(pkg).path.as_str());
    let mut order = Vec::with_capacity(left.len());
    while !left.is_empty() {
        let is_ready = |pkg: &PkgId| {
            let imports = &prog.package(*pkg).imports;
            !imports.iter().any(|import| left.contains(import))
        };
        let Some(at) = left.iter().position(is_ready) else {
            break;
        };
        order.push(left.remove(at));
    }
    order
}

impl<'ast> Context<'ast> {
    /// Lowers until nothing new is reached.
    fn run(&mut self, prog: &mut Program) {
        loop {
            while let Some(work) = self.todo.pop_front() {
                self.work(prog, work);
            }
            let new_vars = std::mem::take(&mut self.new_library_vars);
            let mut packages: Vec<PkgId> =
                new_vars.iter().map(|&var| prog.object(var).pkg).collect();
            packages.sort_unstable();
            packages.dedup();
            for pkg in packages {
                self.library_inits_of(prog, pkg);
            }
            if self.todo.is_empty()
                && self.new_library_vars.is_empty()
                && !self.settle_method_sets(prog)
            {
                break;
            }
        }
    }

    fn work(&mut self, prog: &mut Program, work: Work<'ast>) {
        let asts = self.asts;
        match work {
            Work::Declared {
                func,
                source,
                subst,
            } => {
                prog.check_body(source);
                let found = prog.take_diagnostics();
                let is_wrong = found.iter().any(Diagnostic::is_error);
                self.diagnostics.extend(found);
                if is_wrong {
                    return;
                }
                let FuncOrigin::Decl { decl, .. } = prog.func(source).origin else {
                    return;
                };
                let Some(decl) = asts.func_decl(decl) else {
                    return;
                };
                let Some(body) = decl.body.as_ref().and_then(ast::Body::block) else {
                    return;
                };
                let pkg = prog.func(source).pkg;
                let mut lower = FuncLower::new(self, prog, pkg, func, decl.span);
                lower.subst = subst;
                lower.keep_source(decl.recv.as_ref(), &decl.ty, body);
                lower.run(source, body, None);
            }
            Work::Literal {
                func,
                source,
                lit,
                captures,
                subst,
            } => {
                let pkg = prog.func(source).pkg;
                let span = lit.body.span();
                let mut lower = FuncLower::new(self, prog, pkg, func, span);
                lower.subst = subst;
                lower.keep_source(None, &lit.ty, &lit.body);
                lower.run(source, &lit.body, Some(&captures));
            }
        }
    }

    /// Lowers the initialisers of a library package's variables that are reached by now.
    fn library_inits_of(&mut self, prog: &mut Program, pkg: PkgId) {
        for init in prog.init_order(pkg) {
            let is_reached = |var: &ObjId| self.global_of.contains_key(var);
            let key = init.vars[0];
            if !init.vars.iter().any(is_reached) || self.library_inits.contains_key(&key) {
                continue;
            }
            let pos = prog.object(key).pos;
            let func = self.init_func(prog, pkg, pos);
            self.library_inits.insert(key, func);
            self.lower_initializers(prog, pkg, func, std::slice::from_ref(&init));
        }
    }

    /// What runs of the library at the start: packages in dependency order, variables in theirs, functions `init` behind
    /// them.
    fn library_steps(&mut self, prog: &mut Program) -> Vec<FuncId> {
        let mut steps = vec![];
        let packages: Vec<PkgId> = prog.packages.iter().map(|package| package.id).collect();
        for pkg in packages {
            if !prog.package(pkg).is_lazy {
                continue;
            }
            if !self.library_inits.is_empty() {
                for init in prog.init_order(pkg) {
                    steps.extend(self.library_inits.remove(&init.vars[0]));
                }
            }
            for init in prog.package(pkg).inits.clone() {
                steps.push(self.func(prog, init));
            }
        }
        steps
    }
}
