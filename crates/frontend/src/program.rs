//! A program: all packages, types, objects and constants, and what is known about the syntax trees.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use mini_diagnostics::{Diagnostics, FileId};
use mini_syntax::Symbol;
use mini_syntax::ast;

use crate::check::state::CheckState;
use crate::constant::{ConstId, Constant, Constants};
use crate::info::{Func, FuncId, Info, Initializer};
use crate::object::{ObjId, Object, ObjectKind, Var};
use crate::types::{Subst, TypeId, Types};

/// A package of a program. Zero is the universe, which has no syntax.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct PkgId(pub u32);

impl PkgId {
    pub const UNIVERSE: PkgId = PkgId(0);
    /// Package unsafe, which has no syntax either.
    pub const UNSAFE: PkgId = PkgId(1);

    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A declaration: package, file of the package, declaration of the file, line of the group.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DeclRef {
    pub pkg: PkgId,
    pub file: u32,
    pub decl: u32,
    pub spec: u32,
}

/// The syntax of all packages: shared, so that a reader can hold on to it while bodies are being checked.
#[derive(Debug, Default)]
pub struct Asts {
    pub packages: Vec<PackageAst>,
}

#[derive(Debug, Default)]
pub struct PackageAst {
    pub files: Vec<ast::File>,
}

impl Asts {
    pub fn decl(&self, at: DeclRef) -> &ast::Decl {
        &self.packages[at.pkg.index()].files[at.file as usize].decls[at.decl as usize]
    }

    /// A function; of a lazily checked package only if it was resolved.
    pub fn func_decl(&self, at: DeclRef) -> Option<&ast::FuncDecl> {
        match self.decl(at) {
            ast::Decl::Func(decl) => Some(decl),
            ast::Decl::UnreadFunc(unread) => unread.decl(),
            _ => None,
        }
    }

    pub fn var_spec(&self, at: DeclRef) -> Option<&ast::VarSpec> {
        match self.decl(at) {
            ast::Decl::Var(decl) => decl.specs.get(at.spec as usize),
            _ => None,
        }
    }

    pub fn type_spec(&self, at: DeclRef) -> Option<&ast::TypeSpec> {
        match self.decl(at) {
            ast::Decl::Type(decl) => decl.specs.get(at.spec as usize),
            _ => None,
        }
    }

    pub fn const_spec(&self, at: DeclRef) -> Option<&ast::ConstSpec> {
        match self.decl(at) {
            ast::Decl::Const(decl) => decl.specs.get(at.spec as usize),
            _ => None,
        }
    }

    /// The right-hand side of an initialiser.
    pub fn init_value(&self, init: &Initializer) -> Option<&ast::Expr> {
        self.var_spec(init.decl)?.values.get(init.value as usize)
    }
}

/// A package that is checked, or being checked.
#[derive(Debug)]
pub struct Package {
    pub id: PkgId,
    pub path: Symbol,
    pub name: Symbol,
    pub imports: Vec<PkgId>,
    /// The files, in the order of [`PackageAst::files`].
    pub files: Vec<FileId>,
    /// Package-level names.
    pub scope: HashMap<Symbol, ObjId, FixedState>,
    pub info: Info,
    /// Of the library: bodies and declarations are checked when asked for, not all of them.
    pub is_lazy: bool,
    /// Named on the command line: what `-m` says is about these.
    pub is_root: bool,
    /// Does not follow the grammar, and is not checked.
    pub(crate) has_syntax_errors: bool,
    /// The `init` functions in source order.
    pub inits: Vec<FuncId>,
    /// All declared functions and methods of the package, in source order.
    pub funcs: Vec<FuncId>,
    /// The order in which package variables are initialised. Of a lazy package only what was resolved: see
    /// [`Program::init_order`].
    pub init_order: Vec<Initializer>,
}

/// A checked program; library packages may be checked further.
#[derive(Debug)]
pub struct Program {
    pub types: Types,
    pub constants: Constants,
    pub objects: Vec<Object>,
    pub funcs: Vec<Func>,
    /// By [`PkgId`]: the universe, unsafe, then every package after those it imports.
    pub packages: Vec<Package>,
    pub asts: Arc<Asts>,
    /// The packages named on the command line, in their order.
    pub roots: Vec<PkgId>,
    /// The package that is lowered, with what it reaches: the last root, unless the driver sets another.
    pub main: PkgId,
    pub(crate) state: CheckState,
    pub(crate) diagnostics: Diagnostics,
}

impl Program {
    pub fn object(&self, id: ObjId) -> &Object {
        &self.objects[id.index()]
    }

    pub fn func(&self, id: FuncId) -> &Func {
        &self.funcs[id.index()]
    }

    pub fn package(&self, id: PkgId) -> &Package {
        &self.packages[id.index()]
    }

    pub fn info(&self, id: PkgId) -> &Info {
        &self.packages[id.index()].info
    }

    pub fn constant(&self, id: ConstId) -> &Constant {
        self.constants.get(id)
    }

    /// The variable that an object is.
    pub fn var(&self, id: ObjId) -> Option<&Var> {
        match &self.objects[id.index()].kind {
            ObjectKind::Var(var) => Some(var),
            _ => None,
        }
    }

    pub(crate) fn var_mut(&mut self, id: ObjId) -> Option<&mut Var> {
        match &mut self.objects[id.index()].kind {
            ObjectKind::Var(var) => Some(var),
            _ => None,
        }
    }

    /// The signature that the method `obj` has in the declared type `holder`: with the type arguments of an instance. Its
    /// declaration must be resolved.
    pub fn method_signature(&mut self, holder: TypeId, obj: ObjId) -> TypeId {
        let sig = self.object(obj).ty;
        match self.receiver_subst(holder, obj) {
            Some(subst) => self.types.subst(sig, &subst),
            None => sig,
        }
    }

    /// What the type parameters that the receiver of the method `obj` declares stand for in the instance `holder`.
    pub fn receiver_subst(&self, holder: TypeId, obj: ObjId) -> Option<Subst> {
        let args = self.types.as_named(holder)?.own_type_args();
        if args.is_empty() {
            return None;
        }
        let params = &self.func(self.func_of(obj)?).type_params;
        (params.len() >= args.len()).then(|| Subst::new(&params[..args.len()], args))
    }

    /// The declared function that an object is.
    pub fn func_of(&self, id: ObjId) -> Option<FuncId> {
        match self.objects[id.index()].kind {
            ObjectKind::Func(func) => Some(func),
            _ => None,
        }
    }

    /// Whether a declared function has no body in Mini.
    pub fn is_native(&self, id: FuncId) -> bool {
        match self.func(id).origin {
            crate::info::FuncOrigin::Decl { decl, .. } => self
                .asts
                .func_decl(decl)
                .is_some_and(|decl| decl.body.is_none()),
            crate::info::FuncOrigin::Lit { .. } => false,
        }
    }

    /// The package with this import path, if the program uses it.
    pub fn package_by_path(&self, path: &str) -> Option<PkgId> {
        self.packages
            .iter()
            .find(|package| package.path == path)
            .map(|package| package.id)
    }

    /// A package-level object by name, resolved.
    pub fn find(&mut self, path: &str, name: &str) -> Option<ObjId> {
        let pkg = self.package_by_path(path)?;
        let obj = *self.package(pkg).scope.get(&Symbol::intern(name))?;
        self.resolve(obj);
        Some(obj)
    }

    /// The method `name` of the declared type `ty` (or of a pointer to it), not through embedding, resolved.
    pub fn find_method(&mut self, ty: TypeId, name: &str) -> Option<ObjId> {
        let (base, _) = self.types.deref(ty);
        let name = Symbol::intern(name);
        let methods = &self.types.as_named(base)?.methods;
        let obj = methods.iter().find(|(method, _)| *method == name)?.1;
        self.resolve(obj);
        Some(obj)
    }

    pub(crate) fn add_object(&mut self, object: Object) -> ObjId {
        self.objects.push(object);
        ObjId(self.objects.len() as u32 - 1)
    }
}

const _: () = {
    const fn is_send<T: Send>() {}
    is_send::<Program>();
};
