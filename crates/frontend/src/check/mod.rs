//! The checker, in the files of Go's `types2`.
//!
//! * `load.rs` parses the packages that are imported; `universe.rs` declares what is predeclared; `resolver.rs` collects
//!   the package-level names; `decl.rs`, `typedecl.rs` resolve one of them when it is first needed.
//! * `ident.rs` names; `typexpr.rs`, `signature.rs` types; `expr.rs`, `operators.rs`, `shift.rs`, `index.rs`,
//!   `literals.rs`, `call.rs`, `builtins.rs`, `sizes.rs`, `selector.rs` expressions; `consts.rs` constants that outgrow their type;
//!   `conversions.rs`, `untyped.rs` conversions asked for and implied.
//! * `typeparams.rs` type parameters and constraints; `instantiate.rs` type arguments; `infer.rs`, `unify.rs` those that
//!   are left out; `satisfy.rs` interfaces implemented and constraints satisfied; `mono.rs` instances without end.
//! * `assignments.rs`, `stmt.rs`, `range.rs`, `switch.rs` statements; `returns.rs` which of them end a function. Labels
//!   and jumps are the parser's business.
//! * `initorder.rs` the order of package variables; `validtype.rs` types that would contain themselves.
//! * `operand.rs`, `scope.rs`, `errors.rs`, `state.rs` what all of these work with.
//!
//! An erroneous operand or type is *invalid*, and nothing is reported about what is made from it: one mistake gives one
//! message.

mod assignments;
mod builtins;
mod call;
mod consts;
mod conversions;
mod decl;
mod errors;
mod expr;
mod ident;
mod index;
mod infer;
mod initorder;
mod instantiate;
mod large;
mod literals;
mod load;
mod mono;
mod operand;
mod operators;
mod range;
mod resolver;
mod returns;
mod satisfy;
mod scope;
mod selector;
mod shift;
mod signature;
mod sizes;
pub(crate) mod state;
pub(crate) use errors::place;
mod stmt;
mod switch;
mod typedecl;
mod typeparams;
mod typexpr;
mod unify;
mod universe;
mod unsafe_pointers;
mod untyped;
mod validtype;

use std::collections::HashMap;

use mini_diagnostics::{Code, Diagnostic, Diagnostics, FileId, SourceMap};
use mini_syntax::ast::{self, Expr};

use crate::constant::ConstId;
use crate::info::{ExprInfo, FuncId, FuncOrigin, Initializer, Mode};
use crate::object::{ObjId, Object, ObjectKind};
use crate::program::{Asts, PkgId, Program};
use crate::types::{Term, TypeId, Types};

use instantiate::Instantiation;
use operand::Operand;
use scope::Scopes;
use state::Progress;

pub use load::{Import, Loader, PackageSource, Root};

/// What else is wrong than what the specification says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Functions may be declared without a body, as far as the checker is concerned.
    pub allow_missing_bodies: bool,
}

/// [`check_packages`] for one package with imports from the library alone.
pub fn check(
    files: &[FileId],
    loader: &mut dyn FnMut(&str) -> Option<PackageSource>,
    sources: &mut SourceMap,
) -> (Program, Diagnostics) {
    let mut library = |path: &str, _: &str| match loader(path) {
        Some(source) => Ok(Import::Library(source)),
        None => Err(format!("package {path} is not in std")),
    };
    let roots = [Root::of_files(files)];
    check_packages(&roots, &mut library, sources, Options::default())
}

/// Parses and checks packages, and all of the user's that they import.
///
/// If an import cannot be loaded, nothing is checked. A package whose text does not follow the grammar is not checked.
/// Mistakes that leave a whole tree (a label that is not used, a bad escape) do not stop the checker, as in Go. Nothing is
/// said about a package that imports one with errors. The program is complete only if no diagnostic is an error.
pub fn check_packages(
    roots: &[Root],
    loader: &mut Loader<'_>,
    sources: &mut SourceMap,
    options: Options,
) -> (Program, Diagnostics) {
    let mut program = load::load(roots, loader, sources);
    let is_broken_import = |diagnostic: &Diagnostic| diagnostic.code == Code::BrokenImport;
    if program.diagnostics.iter().any(is_broken_import) {
        let mut diagnostics = std::mem::take(&mut program.diagnostics);
        diagnostics.retain(is_broken_import);
        return (program, diagnostics);
    }
    let can_be_checked = program.without_syntax_errors();
    program.run(|checker| checker.collect_all_objects(&can_be_checked));
    for pkg in can_be_checked {
        program.run(|checker| checker.check_package(pkg, options));
    }
    program.types.settle_canons();
    let mut diagnostics = program.take_diagnostics();
    errors::resolve_places(&mut diagnostics, sources);
    if !diagnostics.is_empty() {
        program.drop_consequences(&mut diagnostics, sources);
    }
    (program, diagnostics)
}

impl Program {
    /// The user's packages that follow the grammar, they and all they import.
    fn without_syntax_errors(&self) -> Vec<PkgId> {
        let mut is_fine = vec![true; self.packages.len()];
        for package in &self.packages {
            is_fine[package.id.index()] = !package.has_syntax_errors
                && package.imports.iter().all(|import| is_fine[import.index()]);
        }
        let packages = self.packages.iter().filter(|package| !package.is_lazy);
        let packages = packages.map(|package| package.id);
        packages.filter(|pkg| is_fine[pkg.index()]).collect()
    }

    /// Leaves out what is said about packages that import, if only through others, one with errors.
    fn drop_consequences(&self, diagnostics: &mut Diagnostics, sources: &SourceMap) {
        let package_of: HashMap<FileId, PkgId> = self
            .packages
            .iter()
            .flat_map(|package| package.files.iter().map(|&file| (file, package.id)))
            .collect();
        let package = |diagnostic: &Diagnostic| {
            let file = sources.file_of(diagnostic.pos)?;
            package_of.get(&file).map(|pkg| pkg.index())
        };
        let mut has_errors = vec![false; self.packages.len()];
        for diagnostic in diagnostics
            .iter()
            .filter(|diagnostic| diagnostic.is_error())
        {
            if let Some(pkg) = package(diagnostic) {
                has_errors[pkg] = true;
            }
        }
        let mut is_consequence = vec![false; self.packages.len()];
        for package in &self.packages {
            let is_wrong =
                |import: &PkgId| has_errors[import.index()] || is_consequence[import.index()];
            is_consequence[package.id.index()] = package.imports.iter().any(is_wrong);
        }
        diagnostics.retain(|diagnostic| package(diagnostic).is_none_or(|pkg| !is_consequence[pkg]));
    }

    /// Checks the body of a function of a lazily checked package, if it was not yet.
    ///
    /// Errors (mistakes in the library) are found in [`Program::take_diagnostics`].
    pub fn check_body(&mut self, func: FuncId) {
        if !self.func(func).is_checked {
            let FuncOrigin::Decl { obj, .. } = self.func(func).origin else {
                return;
            };
            self.run(|checker| {
                checker.obj_decl(obj);
                checker.func_decl_body(func);
            });
        }
    }

    /// Resolves a package-level object or a method: its type, its initialiser, its signature.
    pub fn resolve(&mut self, obj: ObjId) {
        if self.state.progress(obj) == Progress::White {
            self.run(|checker| checker.obj_decl(obj));
        }
    }

    /// The initialisers of a package in the order of their execution: all of them, or of a lazy package those of the
    /// variables that were used so far.
    pub fn init_order(&mut self, pkg: PkgId) -> Vec<Initializer> {
        if self.package(pkg).is_lazy {
            self.run(|checker| checker.init_order(pkg));
        }
        self.package(pkg).init_order.clone()
    }

    /// The diagnostics of what was checked since the last call.
    pub fn take_diagnostics(&mut self) -> Diagnostics {
        std::mem::take(&mut self.diagnostics)
    }

    /// Runs the checker over the program, then what it put off.
    fn run(&mut self, work: impl for<'a> FnOnce(&mut Checker<'a>)) {
        let asts = self.asts.clone();
        let heads = std::mem::take(&mut self.state.local_heads);
        let mut checker = Checker {
            asts: &asts,
            env: Env::package(self.main, 0),
            scopes: Scopes::with_heads(heads),
            later: Vec::new(),
            path: Vec::new(),
            prog: self,
        };
        work(&mut checker);
        checker.process_later();
        let heads = checker.scopes.into_heads();
        self.state.local_heads = heads;
    }
}

/// Where the checker is.
#[derive(Clone, Copy, Debug)]
struct Env {
    pkg: PkgId,
    /// The file of the package, for its imports.
    file: u32,
    /// The function whose body is being checked.
    func: FuncId,
    /// Bindings below this number are those of a function that was left for another declaration.
    base: u32,
    /// The package-level object whose dependencies are collected.
    decl: ObjId,
    /// In constant declarations.
    iota: ConstId,
    /// In a constant line that repeats the expressions of another: where errors stand instead.
    err_pos: mini_diagnostics::Pos,
    /// In a list of type parameters.
    is_in_type_params: bool,
    /// Set when a call or a receive is met: `len` of such an expression is no constant.
    has_call_or_recv: bool,
}

impl Env {
    fn package(pkg: PkgId, file: u32) -> Env {
        Env {
            pkg,
            file,
            func: FuncId::NONE,
            base: 0,
            decl: ObjId::NONE,
            iota: ConstId::NONE,
            err_pos: mini_diagnostics::Pos::NONE,
            is_in_type_params: false,
            has_call_or_recv: false,
        }
    }
}

/// What is put off until the declarations at hand are resolved.
enum Later<'a> {
    /// The body of a function literal in a package-level initialiser.
    FuncLit {
        env: Env,
        func: FuncId,
        lit: &'a ast::FuncLit,
    },
    /// A map type whose key must be comparable.
    MapKey { env: Env, key: &'a Expr, ty: TypeId },
    /// A struct whose embedded types must not be pointers or interface pointers.
    Embedded {
        env: Env,
        ty: TypeId,
        expr: &'a Expr,
    },
    /// An interface's embedded elements and duplicate methods.
    Interface {
        env: Env,
        ty: TypeId,
        expr: &'a ast::InterfaceType,
    },
    /// A receiver's base type.
    Recv {
        env: Env,
        ty: TypeId,
        expr: &'a Expr,
    },
    /// A declared type's methods against its fields.
    Methods { obj: ObjId },
    /// A union's terms against each other.
    Union {
        env: Env,
        terms: Vec<Term>,
        exprs: Vec<&'a Expr>,
    },
    /// Type arguments against the constraints of their parameters.
    Instantiation {
        env: Env,
        instantiation: Box<Instantiation<'a>>,
    },
    /// The type of a variable, which must not be a constraint.
    VarType {
        env: Env,
        ty: TypeId,
        expr: &'a Expr,
    },
}

struct Checker<'a> {
    prog: &'a mut Program,
    asts: &'a Asts,
    env: Env,
    scopes: Scopes,
    later: Vec<Later<'a>>,
    /// The package-level objects being resolved, outermost first.
    path: Vec<ObjId>,
}

impl<'a> Checker<'a> {
    fn types(&self) -> &Types {
        &self.prog.types
    }

    fn object(&self, obj: ObjId) -> &Object {
        self.prog.object(obj)
    }

    fn under(&self, ty: TypeId) -> TypeId {
        self.prog.types.under(ty)
    }

    /// Runs `work` at another place, then comes back.
    fn at<R>(&mut self, env: Env, work: impl FnOnce(&mut Self) -> R) -> R {
        let here = std::mem::replace(&mut self.env, env);
        let result = work(self);
        self.env = here;
        result
    }

    fn process_later(&mut self) {
        let mut next = 0;
        while next < self.later.len() {
            let end = self.later.len();
            let batch: Vec<Later<'a>> = self.later.drain(..end).collect();
            for later in batch {
                self.do_later(later);
            }
            next = 0;
        }
    }

    fn do_later(&mut self, later: Later<'a>) {
        match later {
            Later::FuncLit { env, func, lit } => self.at(env, |c| {
                c.env.base = c.scopes.depth();
                c.func_lit_body(func, lit);
            }),
            Later::MapKey { env, key, ty } => self.at(env, |c| c.check_map_key(key, ty)),
            Later::Embedded { env, ty, expr } => self.at(env, |c| c.check_embedded(ty, expr)),
            Later::Interface { env, ty, expr } => self.at(env, |c| c.check_interface(ty, expr)),
            Later::Recv { env, ty, expr } => self.at(env, |c| c.check_receiver(ty, expr)),
            Later::Methods { obj } => self.check_methods(obj),
            Later::Union { env, terms, exprs } => self.at(env, |c| c.check_union(&terms, &exprs)),
            Later::Instantiation { env, instantiation } => {
                self.at(env, |c| c.verify(&instantiation));
            }
            Later::VarType { env, ty, expr } => self.at(env, |c| c.check_var_type(ty, expr)),
        }
    }

    /// Writes down what an expression is.
    fn record(&mut self, x: &Operand<'a>) {
        self.record_info(
            x.expr,
            ExprInfo {
                ty: x.ty,
                value: if x.mode == Mode::Constant {
                    x.value
                } else {
                    ConstId::NONE
                },
                mode: x.mode,
            },
        );
    }

    fn record_info(&mut self, expr: &Expr, info: ExprInfo) {
        self.prog.packages[self.env.pkg.index()].info.exprs[expr.id.index()] = info;
    }

    fn record_type(&mut self, expr: &Expr, ty: TypeId) {
        let info = ExprInfo {
            ty,
            value: ConstId::NONE,
            mode: Mode::Type,
        };
        self.record_info(expr, info);
    }

    fn record_use(&mut self, id: mini_syntax::ExprId, obj: ObjId) {
        self.prog.packages[self.env.pkg.index()].info.idents[id.index()] = obj;
    }

    fn info(&self, expr: &Expr) -> ExprInfo {
        self.prog.packages[self.env.pkg.index()].info.exprs[expr.id.index()]
    }

    fn new_object(&mut self, ident: ast::Ident, kind: ObjectKind, ty: TypeId) -> ObjId {
        let object = Object {
            kind,
            name: ident.name,
            pos: ident.pos,
            pkg: self.env.pkg,
            ty,
        };
        self.prog.add_object(object)
    }
}
