//! When messages show a package's path instead of its name.
//!
//! Go does so if two packages that the checked one imports, directly or not, have one name. Its own library counts, whose
//! packages import others of their name: `sync` rests on `internal/sync`.

use std::collections::HashSet;

use mini_syntax::Symbol;

use super::Types;
use crate::program::PkgId;

/// A package, as messages need it.
#[derive(Clone, Debug)]
pub(super) struct PackageName {
    pub(super) name: Symbol,
    pub(super) path: Symbol,
    pub(super) imports: Vec<PkgId>,
}

impl Default for PackageName {
    fn default() -> PackageName {
        let none = Symbol::intern("");
        PackageName {
            name: none,
            path: none,
            imports: Vec::new(),
        }
    }
}

/// Names of packages that Go's library has behind a package and ours has not: those that some public package shares.
const HIDDEN: &[(&str, &[&str])] = &[
    ("bufio", &["atomic"]),
    ("bytes", &["atomic"]),
    ("context", &["atomic"]),
    ("crypto/hmac", &["atomic", "time", "subtle", "hmac"]),
    ("crypto/md5", &["atomic", "time"]),
    ("crypto/sha1", &["atomic", "time", "subtle"]),
    ("crypto/sha256", &["atomic", "time", "subtle", "sha256"]),
    ("crypto/sha512", &["atomic", "time", "subtle", "sha512"]),
    ("crypto/subtle", &["subtle"]),
    ("errors", &["atomic"]),
    ("fmt", &["atomic"]),
    ("io", &["atomic"]),
    ("os", &["atomic"]),
    ("strconv", &["strconv"]),
    ("strings", &["atomic"]),
    ("sync", &["atomic", "sync"]),
    ("time", &["atomic"]),
];

impl Types {
    /// Whether messages about `own` tell `pkg` by its path, since its name is not unique.
    pub(super) fn shows_path(&self, pkg: PkgId, own: PkgId) -> bool {
        let Some((name, path)) = self.package_name(pkg) else {
            return false;
        };
        let mut seen = HashSet::new();
        let mut todo = vec![own];
        while let Some(next) = todo.pop() {
            if !seen.insert(next) {
                continue;
            }
            let Some(package) = self.packages.get(next.0 as usize) else {
                continue;
            };
            let hidden = HIDDEN
                .iter()
                .find(|(path, _)| *path == package.path.as_str());
            if hidden.is_some_and(|(_, names)| names.contains(&name.as_str()))
                || (package.name == name && package.path != path)
            {
                return true;
            }
            todo.extend(&package.imports);
        }
        false
    }
}
