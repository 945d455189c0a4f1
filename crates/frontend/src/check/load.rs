//! Loading: the user's files and, through their imports, every package of the program, each after those it imports.

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use mini_diagnostics::{Code, Diagnostic, Diagnostics, FileId, SourceMap, Span};
use mini_syntax::ast::{self, Decl, NodeIds};
use mini_syntax::{Symbol, literal, parse_file, parse_outline};

use super::state::PackageState;
use super::universe;
use crate::constant::Constants;
use crate::info::{Func, FuncId, FuncOrigin, Info};
use crate::object::ObjId;
use crate::program::{Asts, Package, PackageAst, PkgId, Program};
use crate::types::{TypeId, Types};

/// Packages that compiled code calls into without an import.
const IMPLICIT: &[&str] = &["runtime"];

/// Go's name for the package that files named on the command line make up.
const COMMAND_LINE: &str = "command-line-arguments";

/// A package named on the command line.
#[derive(Clone, Debug)]
pub struct Root {
    /// Its import path.
    pub path: String,
    pub files: Vec<FileId>,
}

impl Root {
    /// The package that these files make up, which nothing can import.
    pub fn of_files(files: &[FileId]) -> Root {
        Root {
            path: COMMAND_LINE.to_string(),
            files: files.to_vec(),
        }
    }
}

/// The files of a library package, as the loader gives them: names for messages, and texts.
#[derive(Clone, Debug, Default)]
pub struct PackageSource {
    pub files: Vec<(String, Arc<str>)>,
}

/// An imported package.
#[derive(Clone, Debug)]
pub enum Import {
    /// Of the library: checked as far as it is used.
    Library(PackageSource),
    /// The user's: checked whole. File names for messages, and what is in the files.
    User(Vec<(String, Vec<u8>)>),
}

/// Finds the package with an import path (the first argument) for a package that imports it (the second).
///
/// # Errors
/// Why there is no such package, in Go's words.
pub type Loader<'a> = dyn FnMut(&str, &str) -> Result<Import, String> + 'a;

pub(super) fn load(roots: &[Root], loader: &mut Loader<'_>, sources: &mut SourceMap) -> Program {
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
            type_params: Vec::new(),
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
        roots: Vec::new(),
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
        refused: HashMap::default(),
        has_cycle: false,
    };
    for &path in IMPLICIT {
        let path = Symbol::intern(path);
        let importer = Importer {
            path,
            is_library: true,
        };
        loading.package(path, "", importer);
    }
    for root in roots {
        let path = Symbol::intern(&root.path);
        // One root may have imported another.
        let known = loading.program.state.loaded.get(&path).copied();
        let id = known.unwrap_or_else(|| {
            loading.active.push((path, String::new()));
            let id = loading.add(path, &root.files, false);
            loading.active.pop();
            id
        });
        loading.program.packages[id.index()].is_root = true;
        loading.program.roots.push(id);
    }
    let mut program = loading.program;
    program.main = program.roots.last().copied().unwrap_or_default();
    program.asts = Arc::new(loading.asts);
    program
}

struct Loading<'a, 'l> {
    program: Program,
    asts: Asts,
    loader: &'a mut Loader<'l>,
    sources: &'a mut SourceMap,
    /// The packages being loaded, outermost first, each with the file that imports it.
    active: Vec<(Symbol, String)>,
    /// Why an import path (first) cannot be loaded for a package (second).
    refused: HashMap<(Symbol, Symbol), String, FixedState>,
    has_cycle: bool,
}

#[derive(Clone, Copy)]
struct Importer {
    path: Symbol,
    is_library: bool,
}

impl Loading<'_, '_> {
    /// The package with this import path, for a file of `importer`.
    fn package(&mut self, path: Symbol, file: &str, importer: Importer) -> Option<PkgId> {
        if let Some(&known) = self.program.state.loaded.get(&path) {
            // Of the user's packages, and of internal ones, it matters who imports them.
            let package = self.program.package(known);
            if package.is_lazy && (importer.is_library || !has_internal(path.as_str())) {
                return Some(known);
            }
        }
        if self.active.iter().any(|(active, _)| *active == path) {
            self.report_cycle(path, file);
            return None;
        }
        if self.refused.contains_key(&(path, importer.path)) {
            return None;
        }
        let found = match (self.loader)(path.as_str(), importer.path.as_str()) {
            Ok(found) => found,
            Err(text) => {
                self.refused.insert((path, importer.path), text);
                return None;
            }
        };
        if let Some(&known) = self.program.state.loaded.get(&path) {
            return Some(known);
        }
        let is_library = matches!(found, Import::Library(_));
        let files: Vec<FileId> = match found {
            Import::Library(source) => {
                let add = |(name, text)| self.sources.add(name, text);
                source.files.into_iter().map(add).collect()
            }
            Import::User(files) => {
                let add = |(name, bytes)| self.sources.add_bytes(name, bytes);
                files.into_iter().map(add).collect()
            }
        };
        self.active.push((path, file.to_string()));
        let id = self.add(path, &files, is_library);
        self.active.pop();
        Some(id)
    }

    /// The way from the first package to the one that imports `path`, which is on the way itself.
    fn report_cycle(&mut self, path: Symbol, file: &str) {
        if std::mem::replace(&mut self.has_cycle, true) {
            return;
        }
        let base = |file: &str| file.rsplit('/').next().unwrap_or_default().to_string();
        let mut text = format!("package {}", self.active[0].0);
        for (active, file) in &self.active[1..] {
            text += &format!("\n\timports {active} from {}", base(file));
        }
        let file = base(file);
        text += &format!("\n\timports {path} from {file}: import cycle not allowed");
        let diagnostic = Diagnostic::error(Code::BrokenImport, Span::NONE, text);
        self.program.diagnostics.push(diagnostic);
    }

    fn add(&mut self, path: Symbol, files: &[FileId], is_lazy: bool) -> PkgId {
        let mut ids = NodeIds::new();
        let parse = if is_lazy { parse_outline } else { parse_file };
        let n_before = self.program.diagnostics.len();
        let trees: Vec<ast::File> = files
            .iter()
            .map(|&file| parse(file, self.sources, &mut ids, &mut self.program.diagnostics))
            .collect();
        let has_syntax_errors = self.program.diagnostics[n_before..]
            .iter()
            .any(|diagnostic| diagnostic.message.starts_with("syntax error"));
        let importer = Importer {
            path,
            is_library: is_lazy,
        };
        let mut imports = Vec::new();
        for (tree, &file) in trees.iter().zip(files) {
            for decl in &tree.decls {
                let Decl::Import(decl) = decl else { continue };
                for spec in &decl.specs {
                    self.import(spec, file, importer, &mut imports);
                }
            }
        }
        let id = PkgId(self.program.packages.len() as u32);
        let name = trees.first().map_or(path, |tree| tree.package.name);
        if !has_syntax_errors {
            self.check_package_names(&trees, name);
        }
        self.program
            .types
            .set_package_name(id, name, path, imports.clone());
        self.program.packages.push(Package {
            id,
            path,
            name,
            imports,
            files: files.to_vec(),
            scope: Default::default(),
            info: Info::with_capacity(ids.count()),
            is_lazy,
            is_root: false,
            has_syntax_errors,
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

    fn import(
        &mut self,
        spec: &ast::ImportSpec,
        file: FileId,
        importer: Importer,
        imports: &mut Vec<PkgId>,
    ) {
        let Some(path) = import_path(spec) else {
            return;
        };
        let name = self.sources.file(file).name.clone();
        if let Some(id) = self.package(path, &name, importer) {
            if !imports.contains(&id) {
                imports.push(id);
            }
        } else if let Some(why) = self.refused.get(&(path, importer.path)) {
            let diagnostic = Diagnostic::error(Code::BrokenImport, spec.path.span(), why.clone())
                .at(spec.span.start);
            self.program.diagnostics.push(diagnostic);
        }
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

/// Whether who imports the package matters.
fn has_internal(path: &str) -> bool {
    path.split('/').any(|element| element == "internal")
}

/// The path that an import names, if the literal is a string.
pub(super) fn import_path(spec: &ast::ImportSpec) -> Option<Symbol> {
    let bytes = literal::string_value(spec.path.text.as_str())?;
    let path = String::from_utf8(bytes).ok()?;
    (!path.is_empty()).then(|| Symbol::intern(&path))
}
