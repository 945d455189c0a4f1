//! The source files of a folder, sorted into those of the package and those of its tests.

use super::constraint;
use crate::report::io_reason;
use std::path::{Path, PathBuf};

/// A file that belongs to the build.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) bytes: Vec<u8>,
}

/// What a folder holds. All lists are sorted by name, as Go sorts them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Folder {
    /// Of its package clauses, without `_test`; empty if no file has one.
    pub(crate) package: String,
    pub(crate) files: Vec<Source>,
    /// `*_test.mini` files of the package itself.
    pub(crate) test_files: Vec<Source>,
    /// `*_test.mini` files of the package with `_test` behind its name.
    pub(crate) external_test_files: Vec<Source>,
    /// Some file was left out for its constraints.
    pub(crate) has_excluded: bool,
}

/// Whether a file name is that of a source file.
pub(crate) fn is_source(name: &str) -> bool {
    let stem = name
        .strip_suffix(".mini")
        .or_else(|| name.strip_suffix(".go"));
    stem.is_some() && !name.starts_with(['_', '.'])
}

impl Folder {
    /// Reads the folder.
    ///
    /// # Errors
    /// A folder or file that cannot be read, files of different packages, constraints without sense.
    pub(crate) fn read(folder: &Path) -> Result<Folder, String> {
        let failed =
            |path: &Path, e: &std::io::Error| format!("{}: {}", path.display(), io_reason(e));
        let mut names: Vec<String> = std::fs::read_dir(folder)
            .map_err(|e| failed(folder, &e))?
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| is_source(name))
            .collect();
        names.sort();
        let mut found = Folder::default();
        let mut first: Option<(String, String)> = None;
        for name in names {
            let path = folder.join(&name);
            if path.is_dir() {
                continue;
            }
            let stem = name.rsplit_once('.').map_or(&*name, |(stem, _)| stem);
            let is_test = stem.ends_with("_test");
            let bytes = std::fs::read(&path).map_err(|e| failed(&path, &e))?;
            let text = String::from_utf8_lossy(&bytes);
            let header = constraint::header(&text);
            let is_wanted = constraint::name_matches(stem)
                && header
                    .is_wanted()
                    .map_err(|e| format!("{}: parsing //go:build line: {e}", path.display()))?
                && header.package != Some("documentation");
            if !is_wanted {
                found.has_excluded = true;
                continue;
            }
            let declared = header.package.unwrap_or_default();
            let package = match declared.strip_suffix("_test") {
                Some(tested) if is_test => tested,
                _ => declared,
            };
            let is_external = package != declared;
            match &first {
                None if !package.is_empty() => {
                    first = Some((package.to_string(), name.clone()));
                }
                Some((other, file)) if !package.is_empty() && other != package => {
                    return Err(format!(
                        "found packages {other} ({file}) and {package} ({name}) in {}",
                        folder.display()
                    ));
                }
                _ => {}
            }
            let list = match (is_test, is_external) {
                (false, _) => &mut found.files,
                (true, false) => &mut found.test_files,
                (true, true) => &mut found.external_test_files,
            };
            list.push(Source { path, bytes });
        }
        found.package = first.map(|(package, _)| package).unwrap_or_default();
        Ok(found)
    }

    /// Whether there is anything to build or to test.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && !self.has_tests()
    }

    pub(crate) fn has_tests(&self) -> bool {
        !self.test_files.is_empty() || !self.external_test_files.is_empty()
    }

    /// Why the folder has no files to build, in Go's words.
    pub(crate) fn why_empty(&self, folder: &Path) -> String {
        let folder = folder.display();
        if self.has_tests() {
            format!("no non-test Go files in {folder}")
        } else if self.has_excluded {
            format!("build constraints exclude all Go files in {folder}")
        } else {
            format!("no Go files in {folder}")
        }
    }
}

/// The folders below (and including) one that hold packages of its module, sorted.
pub(crate) fn below(root: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(root) else {
        return;
    };
    let mut folders = vec![];
    let mut has_sources = false;
    for entry in entries.flatten() {
        let path = entry.path();
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        has_sources |= is_source(name);
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        let is_left_out = name.starts_with(['_', '.']) || name == "testdata";
        if is_folder && !is_left_out && super::module::file_in(&path).is_none() {
            folders.push(path);
        }
    }
    if has_sources {
        out.push(root.to_owned());
    }
    folders.sort();
    for folder in folders {
        below(&folder, out);
    }
}
