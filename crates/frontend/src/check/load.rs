//! Loading: the user's files and, through their imports, every package of the program, each after those it imports.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use mini_diagnostics::{Code, Diagnostic, Diagnostics, FileId, SourceMap};
use mini_syntax::ast::{self, Decl, NodeIds};
use mini_syntax::{Symbol, literal, parse_file, parse_outline};

use super::state::PackageState;
use super::{PackageSource, universe};
use crate::constant::Constants;
use crate::info::{Func, FuncId, FuncOrigin, Info};
use crate::object::ObjId;
use crate::program::{Asts, Package, PackageAst, PkgId, Program};
use crate::types::{TypeId, Types};

/// Packages that compiled code calls into without an import.
const IMPLICIT: &[&str] = &["runtime"];

pub(super) fn load(
    files: &[FileId],
    loader: &mut dyn FnMut(&str) -> Option<PackageSource>,
    sources: &mut SourceMap,
) -> Program {
    let mut program = Program {
        types: Types::new(),
        constants: Constants::default(),
        objects: Vec::new(),
        funcs: vec![Func {
            pkg: PkgId::UNIVERSE,
            origin: FuncOrigin::Lit {
                expr: mini_syntax::ExprId(0),
                parent: FuncId::NONE,
            },
            sig: TypeId::INVALID,
            recv: None,
            has_pointer_recv: false,
            params: Vec::new(),
            results: Vec::new(),
            captures: Vec::new(),
            has_defer: false,
            has_recover: false,
            is_checked: true,
        }],
        packages: Vec::new(),
        asts: Arc::new(Asts::default()),
        main: PkgId::UNIVERSE,
        state: Default::default(),
        diagnostics: Diagnostics::new(),
    };
    universe::declare(&mut program);
    debug_assert!(program.objects[ObjId::NONE.index()].name == "");
    program
        .state
        .loaded
        .insert(Symbol::intern("unsafe"), PkgId::UNSAFE);
    let mut loading = Loading {
        program,
        asts: Asts {
            packages: vec![PackageAst::default(), PackageAst::default()],
        },
        loader,
        sources,
        active: Vec::new(),
        broken: HashMap::default(),
    };
    for &path in IMPLICIT {
        loading.package(Symbol::intern(path));
    }
    let main = loading.add(Symbol::intern("main"), files, false);
    let mut program = loading.program;
    program.main = main;
    program.asts = Arc::new(loading.asts);
    program
}

struct Loading<'a> {
    program: Program,
    asts: Asts,
    loader: &'a mut dyn FnMut(&str) -> Option<PackageSource>,
    sources: &'a mut SourceMap,
    /// The packages being loaded, outermost first.
    active: Vec<Symbol>,
    /// Import paths that cannot be loaded, and why.
    broken: HashMap<Symbol, String, FixedState>,
}

impl Loading<'_> {
    /// The package with this import path.
    fn package(&mut self, path: Symbol) -> Option<PkgId> {
        if let Some(&known) = self.program.state.loaded.get(&path) {
            return Some(known);
        }
        if self.broken.contains_key(&path) {
            return None;
        }
        if self.active.contains(&path) {
            self.broken
                .insert(path, format!("import cycle not allowed: {path}"));
            return None;
        }
        let Some(source) = (self.loader)(path.as_str()) else {
            self.broken
                .insert(path, format!("package {path} is not in std"));
            return None;
        };
        let files: Vec<FileId> = source
            .files
            .into_iter()
            .map(|(name, text)| self.sources.add(name, text))
            .collect();
        self.active.push(path);
        let id = self.add(path, &files, true);
        self.active.pop();
        Some(id)
    }

    fn add(&mut self, path: Symbol, files: &[FileId], is_lazy: bool) -> PkgId {
        let mut ids = NodeIds::new();
        let parse = if is_lazy { parse_outline } else { parse_file };
        let trees: Vec<ast::File> = files
            .iter()
            .map(|&file| parse(file, self.sources, &mut ids, &mut self.program.diagnostics))
            .collect();
        let mut imports = Vec::new();
        for tree in &trees {
            for decl in &tree.decls {
                let Decl::Import(decl) = decl else { continue };
                for spec in &decl.specs {
                    let Some(import) = import_path(spec) else {
                        continue;
                    };
                    match self.package(import) {
                        Some(id) if !imports.contains(&id) => imports.push(id),
                        Some(_) => {}
                        None => {
                            if let Some(text) = self.broken.get(&import) {
                                let diagnostic = Diagnostic::error(
                                    Code::BrokenImport,
                                    spec.path.span(),
                                    text.clone(),
                                );
                                self.program.diagnostics.push(diagnostic);
                            }
                        }
                    }
                }
            }
        }
        let id = PkgId(self.program.packages.len() as u32);
        let name = trees.first().map_or(path, |tree| tree.package.name);
        let has_syntax_errors = self
            .program
            .diagnostics
            .iter()
            .any(|diagnostic| diagnostic.message.starts_with("syntax error"));
        if !has_syntax_errors {
            self.check_package_names(&trees, name);
        }
        self.program.types.set_package_name(id, name, path);
        self.program.packages.push(Package {
            id,
            path,
            name,
            imports,
            files: files.to_vec(),
            scope: Default::default(),
            info: Info::with_capacity(ids.count()),
            is_lazy,
            inits: Vec::new(),
            funcs: Vec::new(),
            init_order: Vec::new(),
        });
        self.program.state.packages.push(PackageState {
            ids,
            ..PackageState::default()
        });
        self.program.state.loaded.insert(path, id);
        self.asts.packages.push(PackageAst { files: trees });
        id
    }

    fn check_package_names(&mut self, trees: &[ast::File], name: Symbol) {
        for tree in trees {
            let ident = tree.package;
            // A file without anything in it was given up by the parser, which has said why.
            let is_given_up = tree.decls.is_empty() && !self.program.diagnostics.is_empty();
            let diagnostic = if is_given_up {
                continue;
            } else if ident.name.is_blank() {
                Diagnostic::error(Code::BlankPkgName, ident.span(), "invalid package name _")
            } else if ident.name != name {
                let text = format!("package {}; expected package {name}", ident.name);
                Diagnostic::error(Code::MismatchedPkgName, ident.span(), text)
            } else {
                continue;
            };
            self.program.diagnostics.push(diagnostic);
        }
    }
}

/// The path that an import names, if the literal is a string.
pub(super) fn import_path(spec: &ast::ImportSpec) -> Option<Symbol> {
    let bytes = literal::string_value(spec.path.text.as_str())?;
    let path = String::from_utf8(bytes).ok()?;
    (!path.is_empty()).then(|| Symbol::intern(&path))
}
