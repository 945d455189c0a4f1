//! The checker.

pub(crate) mod state;

use mini_diagnostics::{Diagnostics, FileId, SourceMap};

use crate::info::{FuncId, Initializer};
use crate::object::ObjId;
use crate::program::{PkgId, Program};

/// The files of a library package, as the loader gives them: names for messages, and texts.
#[derive(Clone, Debug, Default)]
pub struct PackageSource {
    pub files: Vec<(String, std::sync::Arc<str>)>,
}

/// Checks the user's files, one package, loading what they import.
pub fn check(
    files: &[FileId],
    loader: &mut dyn FnMut(&str) -> Option<PackageSource>,
    sources: &mut SourceMap,
) -> (Program, Diagnostics) {
    let _ = (files, loader, sources);
    unimplemented!("lands next")
}

impl Program {
    /// Checks the body of a function of a lazily checked package, if it was not yet.
    ///
    /// Errors (mistakes in the library) are found in [`Program::take_diagnostics`].
    pub fn check_body(&mut self, func: FuncId) {
        let _ = func;
    }

    /// Resolves a package-level object or a method: its type, its initialiser, its signature.
    pub fn resolve(&mut self, obj: ObjId) {
        let _ = obj;
    }

    /// The initialisers of a package in the order of their execution: all of them, or of a lazy package those of the
    /// variables that were used so far.
    pub fn init_order(&mut self, pkg: PkgId) -> Vec<Initializer> {
        self.package(pkg).init_order.clone()
    }

    /// The diagnostics of what was checked since the last call.
    pub fn take_diagnostics(&mut self) -> Diagnostics {
        std::mem::take(&mut self.diagnostics)
    }
}
