//! Modules: the nearest `go.mod` or `mini.mod` upward names the import path of its folder.
//!
//! Only the path is read. Other modules are not loaded: an import of one is refused as Go refuses one that no `require`
//! names.

use std::path::{Path, PathBuf};

/// In one folder the first of them counts.
const FILES: [&str; 2] = ["mini.mod", "go.mod"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Module {
    /// Import path of the root.
    pub(crate) path: String,
    pub(crate) root: PathBuf,
}

impl Module {
    /// The module that an absolute folder lies in.
    ///
    /// # Errors
    /// A module file that cannot be read or names no path.
    pub(crate) fn of(folder: &Path) -> Result<Option<Module>, String> {
        for root in folder.ancestors() {
            let Some(file) = file_in(root) else { continue };
            let text = std::fs::read_to_string(&file)
                .map_err(|e| format!("{}: {}", file.display(), crate::report::io_reason(&e)))?;
            let path = module_path(&text).ok_or_else(|| {
                format!(
                    "error reading {}: missing module declaration",
                    file.display()
                )
            })?;
            return Ok(Some(Module {
                path,
                root: root.to_owned(),
            }));
        }
        Ok(None)
    }

    /// The import path of a folder of the module.
    pub(crate) fn import_path(&self, folder: &Path) -> Option<String> {
        let below = folder.strip_prefix(&self.root).ok()?;
        let mut path = self.path.clone();
        for element in below {
            path.push('/');
            path += element.to_str()?;
        }
        Some(path)
    }

    /// The folder of a package, if the path is one of this module and the folder of no module inside it.
    pub(crate) fn folder(&self, import: &str) -> Option<PathBuf> {
        let rest = import.strip_prefix(&self.path)?;
        if rest.is_empty() {
            return Some(self.root.clone());
        }
        let mut folder = self.root.clone();
        for element in rest.strip_prefix('/')?.split('/') {
            if matches!(element, "" | "." | "..") {
                return None;
            }
            folder.push(element);
            if file_in(&folder).is_some() {
                return None;
            }
        }
        Some(folder)
    }
}

/// The module file in a folder.
pub(crate) fn file_in(folder: &Path) -> Option<PathBuf> {
    let files = FILES.iter().map(|name| folder.join(name));
    files.into_iter().find(|file| file.is_file())
}

/// The path of the line `module PATH`, with or without quotes.
fn module_path(text: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let line = line.split("//").next().unwrap_or_default().trim();
        let path = line.strip_prefix("module")?;
        if !path.starts_with([' ', '\t', '"', '`']) {
            return None;
        }
        let path = path.trim().trim_matches(['"', '`']);
        (!path.is_empty() && path != "(").then(|| path.to_string())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn path_of_a_module_file() {
        assert_eq!(
            module_path("// m\nmodule example.com/m // here\n\ngo 1.27\n").as_deref(),
            Some("example.com/m")
        );
        assert_eq!(module_path("module \"m\"\n").as_deref(), Some("m"));
        assert_eq!(module_path("go 1.27\n"), None);
    }
}
