//! Collecting: the package-level names of every package, its methods, and what its files import.

use mini_diagnostics::{Code, Diagnostic, Pos};
use mini_syntax::Symbol;
use mini_syntax::ast::{self, Decl, Expr, Ident};

use super::load::import_path;
use super::state::{DeclInfo, Progress};
use super::typeparams::Receiver;
use super::{Checker, Env};
use crate::constant::ConstId;
use crate::info::{Func, FuncId, FuncOrigin};
use crate::object::{ObjId, ObjectKind, Var, VarKind};
use crate::program::{DeclRef, PkgId};
use crate::types::TypeId;

impl<'a> Checker<'a> {
    /// Collects of the library's packages, and of these of the user's.
    pub(super) fn collect_all_objects(&mut self, users: &[PkgId]) {
        for index in 0..self.prog.packages.len() {
            let pkg = PkgId(index as u32);
            if self.prog.package(pkg).is_lazy || users.contains(&pkg) {
                self.collect_objects(pkg);
            }
        }
    }

    fn collect_objects(&mut self, pkg: PkgId) {
        let asts = self.asts;
        let mut methods: Vec<(ObjId, Symbol)> = Vec::new();
        for (file, tree) in asts.packages[pkg.index()].files.iter().enumerate() {
            self.env = Env::package(pkg, file as u32);
            let state = &mut self.prog.state.packages[pkg.index()];
            state.file_scopes.push(Default::default());
            state.imports.push(Vec::new());
            for (index, decl) in tree.decls.iter().enumerate() {
                let at = DeclRef {
                    pkg,
                    file: file as u32,
                    decl: index as u32,
                    spec: 0,
                };
                match decl {
                    Decl::Import(decl) => {
                        for spec in &decl.specs {
                            self.collect_import(spec);
                        }
                    }
                    Decl::Const(decl) => self.collect_consts(decl, at),
                    Decl::Var(decl) => self.collect_vars(decl, at),
                    Decl::Type(decl) => {
                        for (line, spec) in decl.specs.iter().enumerate() {
                            let kind = ObjectKind::TypeName {
                                is_alias: spec.is_alias,
                            };
                            let info = decl_info(with_line(at, line));
                            self.declare_package_object(spec.name, kind, info);
                        }
                    }
                    Decl::Func(decl) => {
                        let receiver = decl.recv.as_ref();
                        let receiver = receiver.map(|recv| Receiver::unpack(&recv.ty).head());
                        self.collect_func(decl.name, receiver, Some(decl), at, &mut methods);
                    }
                    Decl::UnreadFunc(unread) => {
                        self.collect_func(unread.name, unread.receiver, None, at, &mut methods);
                    }
                }
            }
        }
        self.check_names_across_scopes(pkg);
        for (method, base) in methods {
            let Some(func) = self.prog.func_of(method) else {
                continue;
            };
            let is_pointer = self.prog.func(func).has_pointer_recv;
            let Some((base, is_pointer)) = self.base_type_name(pkg, base, is_pointer) else {
                continue;
            };
            self.prog.funcs[func.index()].has_pointer_recv = is_pointer;
            self.prog.state.packages[pkg.index()]
                .methods
                .entry(base)
                .or_default()
                .push(method);
        }
    }

    fn collect_import(&mut self, spec: &ast::ImportSpec) {
        let Some(path) = import_path(spec) else {
            let text = "invalid import path (empty string)";
            self.error_at(Code::BadImportPath, spec.path.pos, text);
            return;
        };
        let Some(&imported) = self.prog.state.loaded.get(&path) else {
            return;
        };
        let name = spec
            .name
            .map_or(self.prog.package(imported).name, |ident| ident.name);
        if name == "init" {
            let text = "cannot import package as init - init must be a func";
            self.error_at(Code::InvalidInitDecl, spec.span.start, text);
            return;
        }
        let pos = spec.name.map_or(spec.path.pos, |ident| ident.pos);
        let ident = Ident {
            id: mini_syntax::ExprId(0),
            name,
            pos,
        };
        let is_used = false;
        let kind = ObjectKind::PkgName { imported, is_used };
        let obj = self.new_object(ident, kind, TypeId::INVALID);
        if let Some(ident) = spec.name {
            self.record_use(ident.id, obj);
        }
        let file = self.env.file as usize;
        let state = &mut self.prog.state.packages[self.env.pkg.index()];
        state.imports[file].push(obj);
        if name == "." {
            self.dot_import(pos, imported);
            return;
        }
        if name.is_blank() {
            if let ObjectKind::PkgName { is_used, .. } = &mut self.prog.objects[obj.index()].kind {
                *is_used = true;
            }
            return;
        }
        let other = self.prog.state.packages[self.env.pkg.index()].file_scopes[file]
            .get(&name)
            .copied();
        if let Some(other) = other {
            let other = self.object(other).pos;
            self.redeclared(name, pos, other);
            return;
        }
        self.prog.state.packages[self.env.pkg.index()].file_scopes[file].insert(name, obj);
    }

    /// Puts the exported names of a package into the scope of the file.
    fn dot_import(&mut self, pos: Pos, imported: PkgId) {
        let scope = &self.prog.package(imported).scope;
        let mut exported: Vec<(Symbol, ObjId)> = scope
            .iter()
            .filter(|(name, _)| name.is_exported())
            .map(|(&name, &obj)| (name, obj))
            .collect();
        exported.sort_unstable_by_key(|&(_, obj)| obj);
        let file = self.env.file as usize;
        for (name, obj) in exported {
            let names = &mut self.prog.state.packages[self.env.pkg.index()].file_scopes[file];
            if let Some(&other) = names.get(&name) {
                let other = self.object(other).pos;
                self.redeclared(name, pos, other);
            } else {
                names.insert(name, obj);
            }
        }
    }

    /// Notes that the dot import which brought an object of another package into the file is used.
    pub(super) fn use_dot_import(&mut self, obj: ObjId) {
        let pkg = self.object(obj).pkg;
        if pkg == self.env.pkg || pkg == PkgId::UNIVERSE {
            return;
        }
        let imports = &self.prog.state.packages[self.env.pkg.index()].imports;
        for &import in &imports[self.env.file as usize] {
            let object = &mut self.prog.objects[import.index()];
            if let ObjectKind::PkgName { imported, is_used } = &mut object.kind
                && object.name == "."
                && *imported == pkg
            {
                *is_used = true;
            }
        }
    }

    fn collect_consts(&mut self, decl: &ast::GenDecl<ast::ConstSpec>, at: DeclRef) {
        let mut last: Option<u32> = None;
        for (line, spec) in decl.specs.iter().enumerate() {
            let is_own = spec.ty.is_some() || !spec.values.is_empty();
            if is_own {
                last = Some(line as u32);
            }
            let source = last.map_or(spec, |last| &decl.specs[last as usize]);
            for (index, &name) in spec.names.iter().enumerate() {
                let mut info = decl_info(with_line(at, line));
                info.index = index as u32;
                info.iota = line as u32;
                if !is_own {
                    info.inherited = last.map(|last| with_line(at, last as usize));
                }
                self.declare_package_object(name, ObjectKind::Const(ConstId::NONE), info);
            }
            self.arity(spec.span.start, &spec.names, &source.values, true, !is_own);
        }
    }

    fn collect_vars(&mut self, decl: &ast::GenDecl<ast::VarSpec>, at: DeclRef) {
        for (line, spec) in decl.specs.iter().enumerate() {
            let mut vars = Vec::with_capacity(spec.names.len());
            for (index, &name) in spec.names.iter().enumerate() {
                let mut info = decl_info(with_line(at, line));
                info.index = index as u32;
                let var = Var::new(VarKind::Package, FuncId::NONE);
                vars.push(self.declare_package_object(name, ObjectKind::Var(var), info));
            }
            if spec.values.len() == 1 && vars.len() > 1 {
                for obj in &vars {
                    if let Some(info) = self.prog.state.decls.get_mut(*obj) {
                        info.vars = vars.clone();
                    }
                }
            }
            if spec.ty.is_none() || !spec.values.is_empty() {
                self.arity(spec.span.start, &spec.names, &spec.values, false, false);
            }
        }
    }

    /// As many values as names, or one call for several variables.
    pub(super) fn arity(
        &mut self,
        pos: Pos,
        names: &[Ident],
        values: &[Expr],
        is_const: bool,
        is_inherited: bool,
    ) {
        let (left, right) = (names.len(), values.len());
        if left < right {
            match is_inherited {
                true => {
                    let text = format!(
                        "extra init expr at {}",
                        super::errors::place(values[left].pos)
                    );
                    self.error_at(Code::WrongAssignCount, pos, text);
                }
                false => {
                    let extra = &values[left];
                    self.error(
                        Code::WrongAssignCount,
                        extra,
                        format!("extra init expr {extra}"),
                    );
                }
            }
        } else if left > right && (is_const || right != 1) {
            let name = names[right];
            let text = format!("missing init expr for {}", name.name);
            self.error_at(Code::WrongAssignCount, name.pos, text);
        }
    }

    /// Collects a function by its head. What else is wrong with a declaration matters in the user's packages only, where
    /// it was read.
    fn collect_func(
        &mut self,
        ident: Ident,
        receiver: Option<ast::Receiver>,
        decl: Option<&ast::FuncDecl>,
        at: DeclRef,
        methods: &mut Vec<(ObjId, Symbol)>,
    ) {
        let name = ident.name;
        let func = FuncId(self.prog.funcs.len() as u32);
        let obj = self.new_object(ident, ObjectKind::Func(func), TypeId::INVALID);
        self.prog.funcs.push(Func {
            pkg: at.pkg,
            origin: FuncOrigin::Decl { obj, decl: at },
            sig: TypeId::INVALID,
            recv: None,
            type_params: Vec::new(),
            has_pointer_recv: receiver.as_ref().is_some_and(|recv| recv.is_pointer),
            params: Vec::new(),
            results: Vec::new(),
            captures: Vec::new(),
            has_defer: false,
            has_recover: false,
            is_checked: false,
        });
        self.prog.packages[at.pkg.index()].funcs.push(func);
        let info = decl_info(at);
        match receiver {
            Some(receiver) => {
                self.add_package_object(ident, obj, info);
                if let Some(base) = receiver.base
                    && !name.is_blank()
                {
                    methods.push((obj, base));
                }
            }
            None if name == "init" => {
                self.check_plain_func(decl, Code::InvalidInitDecl);
                if decl.is_some_and(|decl| decl.body.is_none()) {
                    let text = "func init must have a body";
                    self.error_at(Code::MissingInitBody, ident.pos, text);
                }
                self.add_package_object(ident, obj, info);
                self.prog.packages[at.pkg.index()].inits.push(func);
            }
            None => {
                if name == "main" && self.prog.package(at.pkg).name == "main" {
                    self.check_plain_func(decl, Code::InvalidMainDecl);
                }
                self.add_package_object(ident, obj, info);
                self.insert_in_package(ident, obj);
            }
        }
    }

    fn check_plain_func(&mut self, decl: Option<&ast::FuncDecl>, code: Code) {
        let Some(decl) = decl else { return };
        let name = decl.name.name;
        if let Some(param) = decl.type_params.first() {
            let text = format!("func {name} must have no type parameters");
            self.error_at(code, param.span.start, text);
        }
        if !decl.ty.params.is_empty() || !decl.ty.results.is_empty() {
            let text = format!("func {name} must have no arguments and no return values");
            self.error_name(code, decl.name.pos, name, text);
        }
    }

    fn declare_package_object(&mut self, ident: Ident, kind: ObjectKind, info: DeclInfo) -> ObjId {
        let obj = self.new_object(ident, kind, TypeId::INVALID);
        self.add_package_object(ident, obj, info);
        if ident.name == "init" {
            let text = "cannot declare init - must be func";
            self.error_name(Code::InvalidInitDecl, ident.pos, ident.name, text);
        } else if ident.name == "main" && self.prog.package(self.env.pkg).name == "main" {
            let text = "cannot declare main - must be func";
            self.error_name(Code::InvalidMainDecl, ident.pos, ident.name, text);
        } else {
            self.insert_in_package(ident, obj);
        }
        obj
    }

    fn add_package_object(&mut self, ident: Ident, obj: ObjId, info: DeclInfo) {
        self.record_use(ident.id, obj);
        self.prog.state.set_progress(obj, Progress::White);
        self.prog.state.decls.insert(obj, info);
        self.prog.state.packages[self.env.pkg.index()]
            .objects
            .push(obj);
    }

    fn insert_in_package(&mut self, ident: Ident, obj: ObjId) {
        if ident.name.is_blank() {
            return;
        }
        let scope = &mut self.prog.packages[self.env.pkg.index()].scope;
        match scope.get(&ident.name).copied() {
            Some(other) => {
                let other = self.object(other).pos;
                self.redeclared(ident.name, ident.pos, other);
            }
            None => {
                scope.insert(ident.name, obj);
            }
        }
    }

    /// A file's imports and the package's names must differ.
    fn check_names_across_scopes(&mut self, pkg: PkgId) {
        let package = self.prog.package(pkg);
        let mut clashes: Vec<(Symbol, ObjId, ObjId)> = Vec::new();
        for scope in &self.prog.state.packages[pkg.index()].file_scopes {
            for (name, &import) in scope {
                if let Some(&obj) = package.scope.get(name) {
                    clashes.push((*name, obj, import));
                }
            }
        }
        for (name, obj, import) in clashes {
            let (how, imported) = match self.object(import).kind {
                ObjectKind::PkgName { imported, .. } => ("import", imported),
                _ => ("dot-import", self.object(import).pkg),
            };
            let imported = self.prog.package(imported);
            let text = format!(
                "{name} already declared through {how} of package {} ({:?})",
                imported.name,
                imported.path.as_str()
            );
            let pos = self.object(obj).pos;
            let other = self.object(import).pos;
            let diagnostic =
                Diagnostic::error(Code::DuplicateDecl, self.name_span(pos, name), text);
            let diagnostic = self.other_declaration(diagnostic, name, other);
            self.push(diagnostic);
        }
    }

    /// The declared type that a receiver's name stands for, through aliases of the package, and whether a pointer to it.
    fn base_type_name(
        &self,
        pkg: PkgId,
        mut name: Symbol,
        mut is_pointer: bool,
    ) -> Option<(Symbol, bool)> {
        for _ in 0..64 {
            let spec = self
                .prog
                .package(pkg)
                .scope
                .get(&name)
                .and_then(|&obj| self.prog.state.decls.get(obj))
                .and_then(|info| self.asts.type_spec(info.at))
                .filter(|spec| spec.name.name == name);
            let Some(alias) = spec.filter(|spec| spec.is_alias) else {
                return Some((name, is_pointer));
            };
            let behind = Receiver::unpack(&alias.ty);
            // Methods are declared neither on instances nor on pointers to pointers.
            if !alias.type_params.is_empty()
                || behind.params.is_some()
                || (is_pointer && behind.is_pointer)
            {
                return None;
            }
            is_pointer |= behind.is_pointer;
            name = behind.base.as_ident()?.name;
        }
        None
    }

    /// Imports that no name of the file refers to.
    pub(super) fn unused_imports(&mut self, pkg: PkgId) {
        let imports: Vec<ObjId> = self.prog.state.packages[pkg.index()].imports.concat();
        for import in imports {
            let ObjectKind::PkgName { imported, is_used } = self.object(import).kind else {
                continue;
            };
            if is_used {
                continue;
            }
            let path = self.prog.package(imported).path;
            let name = self.object(import).name;
            let last = path.as_str().rsplit('/').next().unwrap_or_default();
            let text = match name == last || name == "." {
                true => format!("{:?} imported and not used", path.as_str()),
                false => format!("{:?} imported as {name} and not used", path.as_str()),
            };
            let pos = self.object(import).pos;
            self.error_at(Code::UnusedImport, pos, text);
        }
    }
}

fn with_line(at: DeclRef, line: usize) -> DeclRef {
    DeclRef {
        spec: line as u32,
        ..at
    }
}

fn decl_info(at: DeclRef) -> DeclInfo {
    DeclInfo {
        at,
        deps: Default::default(),
        vars: Vec::new(),
        index: 0,
        inherited: None,
        iota: 0,
    }
}
