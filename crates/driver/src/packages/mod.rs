//! Where packages come from: what the command line names, and what an import path means.
//!
//! A path is looked for in the library, then in the module of the first package on the command line ([`module`]). What is
//! said about paths that mean nothing is said in the words of Go's command.

mod constraint;
mod folder;
mod module;

pub(crate) use folder::{Folder, Source};
use mini_diagnostics::SourceMap;
use mini_frontend::{Import, PackageSource, Root};
use module::Module;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

/// The import path of a package that is no part of a module.
pub(crate) const COMMAND_LINE: &str = "command-line-arguments";

/// A package that the command line names by its folder.
#[derive(Clone, Debug)]
pub(crate) struct Named {
    /// Its import path.
    pub(crate) path: String,
    /// Absolute.
    pub(crate) folder: PathBuf,
}

/// Finds packages.
#[derive(Debug)]
pub(crate) struct Packages {
    /// The working directory.
    here: PathBuf,
    /// The folder whose module is looked in.
    start: PathBuf,
    /// The module of `start`, once it was asked for.
    module: Option<Option<Module>>,
    folders: HashMap<PathBuf, Result<Arc<Folder>, String>>,
    /// The import path that decides what a package may import, where it is another than the package's own.
    places: HashMap<String, String>,
    /// Packages that are more than the files of a folder without its tests.
    made: HashMap<String, Vec<(String, Vec<u8>)>>,
    /// The package whose tests are built.
    tested: Option<String>,
}

impl Packages {
    /// # Errors
    /// A working directory that does not exist.
    pub(crate) fn new() -> Result<Packages, String> {
        let here = std::env::current_dir()
            .map_err(|e| format!("working directory: {}", crate::report::io_reason(&e)))?;
        Ok(Packages {
            start: here.clone(),
            here,
            module: None,
            folders: HashMap::new(),
            places: HashMap::new(),
            made: HashMap::new(),
            tested: None,
        })
    }

    /// From now on the package has its test files, and there is one of its external tests.
    pub(crate) fn add_tests(&mut self, path: &str, folder: &Folder) {
        let inside = [&*folder.files, &folder.test_files].concat();
        let outside = format!("{path}_test");
        for (made, files) in [(path, &inside), (&*outside, &folder.external_test_files)] {
            if !files.is_empty() {
                self.made.insert(made.to_string(), self.texts(files));
            }
        }
        self.places.insert(outside, path.to_string());
        self.tested = Some(path.to_string());
    }

    /// A package as the line above its messages names it.
    pub(crate) fn header(&self, path: &str) -> String {
        match &self.tested {
            Some(tested) if self.made.contains_key(path) => format!("{path} [{tested}.test]"),
            _ => path.to_string(),
        }
    }

    fn module(&mut self) -> Result<Option<&Module>, String> {
        if self.module.is_none() {
            self.module = Some(Module::of(&self.start)?);
        }
        Ok(self.module.as_ref().and_then(Option::as_ref))
    }

    /// Files on the command line are a package of their own, but see the module that they lie in.
    pub(crate) fn start_at_file(&mut self, file: &Path) {
        let file = self.absolute(file);
        self.start = file.parent().map_or(file.clone(), Path::to_owned);
    }

    /// What patterns mean: folders (`DIR`, `DIR/...`) and import paths of the module (`example.com/m/cmd/...`).
    ///
    /// # Errors
    /// A pattern that means nothing.
    pub(crate) fn named(&mut self, patterns: &[String]) -> Result<Vec<Named>, String> {
        let mut found: Vec<Named> = vec![];
        for (at, pattern) in patterns.iter().enumerate() {
            let (base, is_tree) = match pattern.strip_suffix("...") {
                Some(base) => (base.strip_suffix('/').unwrap_or(base), true),
                None => (&**pattern, false),
            };
            let folder = self.folder_of(base, at == 0)?;
            let mut folders = vec![];
            match is_tree {
                true => folder::below(&folder, &mut folders),
                false => folders.push(folder),
            }
            for folder in folders {
                let module = self.module()?;
                let path = module.and_then(|module| module.import_path(&folder));
                let path = path.unwrap_or_else(|| COMMAND_LINE.to_string());
                if !found.iter().any(|known| known.folder == folder) {
                    found.push(Named { path, folder });
                }
            }
        }
        Ok(found)
    }

    /// The folder that an argument names. The first decides on the module.
    fn folder_of(&mut self, text: &str, is_first: bool) -> Result<PathBuf, String> {
        let folder = self.absolute(Path::new(if text.is_empty() { "." } else { text }));
        if folder.is_dir() {
            if is_first {
                self.start = folder.clone();
            }
            return Ok(folder);
        }
        if text.starts_with(['.', '/']) {
            return Err(format!("stat {}: directory not found", folder.display()));
        }
        match self.module()?.and_then(|module| module.folder(text)) {
            Some(folder) if folder.is_dir() => Ok(folder),
            _ => Err(no_such_package(text)),
        }
    }

    /// A named package with the files that a build takes.
    ///
    /// # Errors
    /// A folder without such files, or one that cannot be read.
    pub(crate) fn root(&mut self, named: &Named, sources: &mut SourceMap) -> Result<Root, String> {
        let folder = self.read(&named.folder)?;
        if folder.files.is_empty() {
            let why = folder.why_empty(&named.folder);
            return Err(match folder.is_empty() && !folder.has_excluded {
                true => why,
                false => format!("package {}: {why}", named.path),
            });
        }
        let files = self.texts(&folder.files);
        Ok(Root {
            path: named.path.clone(),
            files: files
                .into_iter()
                .map(|(name, bytes)| sources.add_bytes(name, bytes))
                .collect(),
        })
    }

    pub(crate) fn read(&mut self, folder: &Path) -> Result<Arc<Folder>, String> {
        if let Some(known) = self.folders.get(folder) {
            return known.clone();
        }
        let found = Folder::read(folder).map(Arc::new);
        self.folders.insert(folder.to_owned(), found.clone());
        found
    }

    /// Names for messages, and texts.
    pub(crate) fn texts(&self, files: &[Source]) -> Vec<(String, Vec<u8>)> {
        let text = |file: &Source| (self.shown(&file.path), file.bytes.clone());
        files.iter().map(text).collect()
    }

    /// The package that an import path means to a package.
    ///
    /// # Errors
    /// Why there is none, in Go's words.
    pub(crate) fn import(&mut self, path: &str, importer: &str) -> Result<Import, String> {
        if let Some(files) = self.made.get(path) {
            return Ok(Import::User(files.clone()));
        }
        if let Some(files) = mini_stdlib::package(path) {
            let is_own = mini_stdlib::package(importer).is_some();
            if !is_own && !mini_stdlib::is_importable(path) {
                return Err(internal(path));
            }
            return Ok(Import::Library(library(path, files)));
        }
        match path {
            "C" => return Err("import \"C\": cgo is not supported".to_string()),
            _ if path.starts_with("./") || path.starts_with("../") => {
                return Err(format!(
                    "{path:?} is relative, but relative import paths are not supported in module mode"
                ));
            }
            _ if path.starts_with('/') => {
                return Err(format!(
                    "{path:?} is not a package path; see 'go help packages'"
                ));
            }
            _ => {}
        }
        let place = self.place(importer)?;
        let folder = self.module()?.and_then(|module| module.folder(path));
        let Some(folder) = folder.filter(|folder| folder.is_dir()) else {
            return Err(no_such_package(path));
        };
        if let Some(parent) = internal_parent(path)
            && !place
                .as_deref()
                .is_some_and(|place| is_within(place, parent))
        {
            return Err(internal(path));
        }
        let found = self.read(&folder)?;
        if found.files.is_empty() {
            return Err(match found.has_excluded || found.has_tests() {
                true => found.why_empty(&folder),
                false => no_such_package(path),
            });
        }
        if found.package == "main" && place.as_deref() != Some(path) {
            return Err(format!(
                "import {path:?} is a program, not an importable package"
            ));
        }
        Ok(Import::User(self.texts(&found.files)))
    }

    /// The import path of the folder that a package lies in.
    fn place(&mut self, package: &str) -> Result<Option<String>, String> {
        if let Some(place) = self.places.get(package) {
            return Ok(Some(place.clone()));
        }
        if package != COMMAND_LINE {
            return Ok(Some(package.to_string()));
        }
        let start = self.start.clone();
        Ok(self.module()?.and_then(|module| module.import_path(&start)))
    }

    /// Without `.` and `..`; links are not followed.
    fn absolute(&self, path: &Path) -> PathBuf {
        let mut absolute = PathBuf::new();
        for component in self.here.join(path).components() {
            match component {
                Component::CurDir => {}
                Component::ParentDir => {
                    absolute.pop();
                }
                other => absolute.push(other),
            }
        }
        absolute
    }

    /// An absolute path as messages show it: relative to the working directory where that is shorter.
    pub(crate) fn shown(&self, path: &Path) -> String {
        let common = self.here.components().zip(path.components());
        let n_common = common.take_while(|(a, b)| a == b).count();
        let n_up = self.here.components().count() - n_common;
        let below: PathBuf = path.components().skip(n_common).collect();
        let relative = format!("{}{}", "../".repeat(n_up), below.display());
        let relative = match relative.contains('/') {
            true => relative,
            false => format!("./{relative}"),
        };
        let absolute = path.display().to_string();
        match relative.len() < absolute.len() {
            true => relative,
            false => absolute,
        }
    }
}

fn library(path: &str, files: &[mini_stdlib::File]) -> PackageSource {
    let file =
        |(name, text): &mini_stdlib::File| (format!("$GOROOT/src/{path}/{name}"), Arc::from(*text));
    PackageSource {
        files: files.iter().map(file).collect(),
    }
}

fn internal(path: &str) -> String {
    format!("use of internal package {path} not allowed")
}

/// Go tells by the first element whether a path could be one of another module.
fn no_such_package(path: &str) -> String {
    let first = path.split('/').next().unwrap_or_default();
    match first.contains('.') {
        true => format!("no required module provides package {path}"),
        false => format!("package {path} is not in std"),
    }
}

/// The path below which an internal package may be imported.
fn internal_parent(path: &str) -> Option<&str> {
    let end = if path.ends_with("/internal") || path == "internal" {
        path.len() - "internal".len()
    } else if let Some(at) = path.rfind("/internal/") {
        at + 1
    } else {
        return path.starts_with("internal/").then_some("");
    };
    Some(path[..end].trim_end_matches('/'))
}

fn is_within(path: &str, parent: &str) -> bool {
    let rest = path.strip_prefix(parent);
    parent.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_packages_belong_to_their_parent() {
        assert_eq!(internal_parent("m/a/internal/b"), Some("m/a"));
        assert_eq!(internal_parent("m/internal"), Some("m"));
        assert_eq!(internal_parent("m/internals"), None);
        assert!(is_within("m/a", "m/a") && is_within("m/a/c", "m/a"));
        assert!(!is_within("m/ab", "m/a"));
    }
}
