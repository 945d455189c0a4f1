//! The standard library: packages in Mini source, embedded.
//!
//! A package is a folder here, `src/<import path>/`, of `.mini` files. A function declared without a body is native:
//! the run-time system implements it in Rust under its qualified name (`strconv.formatFloat`), or the compiler knows it
//! as an intrinsic. By habit a package's natives are declared in its file `native.mini`. Natives marked
//! `//go:noescape` keep no pointer argument and return nothing that points into one.
//!
//! Invariants, because hello world is compiled from source at every start:
//!
//! - imports between packages are few, above all below `fmt`, which does not import `os` (see `internal/stdio`);
//! - package variables below `fmt` have constant or trivial initialisers, and there are no `init` functions there (elsewhere
//!   they only set hooks); tables are native.

#![forbid(unsafe_code)]

mod table;

/// A source file of a package: its name and its text.
pub type File = (&'static str, &'static str);

/// The files of the package with this import path, or `None` if the library has no such package.
pub fn package(path: &str) -> Option<&'static [File]> {
    let at = table::PACKAGES
        .binary_search_by(|(name, _)| (*name).cmp(path))
        .ok()?;
    Some(table::PACKAGES[at].1)
}

/// The import paths of all packages, sorted.
pub fn packages() -> impl Iterator<Item = &'static str> {
    table::PACKAGES.iter().map(|(name, _)| *name)
}

/// Whether programs may import the package: those below `internal` are the library's own.
pub fn is_importable(path: &str) -> bool {
    path != "internal" && !path.starts_with("internal/") && !path.contains("/internal/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_is_sorted_and_complete() {
        let names: Vec<_> = packages().collect();
        assert!(names.is_sorted());
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut found = Vec::new();
        collect(&root, &root, &mut found);
        found.sort();
        let mut listed: Vec<String> = Vec::new();
        for (name, files) in table::PACKAGES {
            listed.extend(files.iter().map(|(file, _)| format!("{name}/{file}")));
        }
        listed.sort();
        assert_eq!(found, listed);
    }

    fn collect(root: &std::path::Path, dir: &std::path::Path, out: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(root, &path, out);
            } else if path.extension().is_some_and(|e| e == "mini") {
                out.push(
                    path.strip_prefix(root)
                        .unwrap()
                        .to_str()
                        .unwrap()
                        .to_owned(),
                );
            }
        }
    }

    #[test]
    fn sort_by_functions_is_sort_by_interface() {
        let files = package("sort").unwrap();
        let text = |name: &str| files.iter().find(|(file, _)| *file == name).unwrap().1;
        let tail = |text: &str| text[text.find("// pdq").unwrap()..].to_owned();
        let source = text("pdq.mini");
        let mut want = source[source.find("// pdq sorts").unwrap()..].to_owned();
        for line in source.lines() {
            if let Some(rest) = line.strip_prefix("func ") {
                let name = &rest[..rest.find('(').unwrap()];
                for before in [" ", "\t", "(", "!"] {
                    want =
                        want.replace(&format!("{before}{name}("), &format!("{before}{name}Func("));
                }
                want = want.replace(&format!("// {name} "), &format!("// {name}Func "));
            }
        }
        want = want.replace("data Interface", "data lessSwap");
        assert_eq!(
            want,
            tail(text("pdq_func.mini").split_once("explains it.").unwrap().1)
        );
    }

    /// The text with calls like `data.Less(i, j)` replaced by what `form` makes of `data[i]` and `data[j]`.
    fn by_element(text: &str, call: &str, form: impl Fn(&str, &str) -> String) -> String {
        let mut parts = text.split(call);
        let mut out = parts.next().unwrap().to_owned();
        for part in parts {
            let mut depth = 1;
            let end = part.find(|c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                depth == 0
            });
            let (args, rest) = part.split_at(end.unwrap());
            let (i, j) = args.split_once(", ").unwrap();
            out += &form(&format!("data[{i}]"), &format!("data[{j}]"));
            out += &rest[1..];
        }
        out
    }

    #[test]
    fn sort_of_slices_is_sort_by_interface() {
        let text = |package_name: &str, name: &str| {
            let files = package(package_name).unwrap();
            files.iter().find(|(file, _)| *file == name).unwrap().1
        };
        let source = text("sort", "pdq.mini");
        let source = &source[source.find("// pdq sorts").unwrap()..];
        let common = by_element(source, "data.Swap(", |a, b| format!("{a}, {b} = {b}, {a}"));
        let common = common.replace("bitLen(n)", "bits.Len(uint(n))");

        let mut want = by_element(&common, "data.Less(", |a, b| format!("cmp.Less({a}, {b})"));
        want.truncate(want.find("\n// stable sorts").unwrap());
        let ordered = text("slices", "pdq.mini").replace("[E cmp.Ordered]", "");
        assert!(ordered.ends_with(&want.replace("data Interface", "data []E")));

        let want = by_element(&common, "!data.Less(", |a, b| format!("cmp({a}, {b}) >= 0"));
        let mut want = by_element(&want, "data.Less(", |a, b| format!("cmp({a}, {b}) < 0"));
        want = want.replace("data Interface", "data []E");
        let by_function = text("slices", "pdq_func.mini")
            .replace("[E any]", "")
            .replace(", cmp func(E, E) int)", ")")
            .replace(", cmp)", ")")
            .replace("Func(", "(")
            .replace("Func ", " ");
        assert!(by_function.ends_with(&want));
    }

    #[test]
    fn imports_exist() {
        for (name, files) in table::PACKAGES {
            for (file, text) in *files {
                let is_import = |line: &&str| {
                    !["func ", "const ", "var ", "type "]
                        .iter()
                        .any(|word| line.starts_with(word))
                };
                for line in text.lines().take_while(is_import) {
                    let path = line.trim().trim_start_matches("import ").trim();
                    if let Some(path) = path.strip_prefix('"').and_then(|p| p.strip_suffix('"')) {
                        let is_there = path == "unsafe" || package(path).is_some();
                        assert!(is_there, "{name}/{file} imports {path}");
                    }
                }
            }
        }
    }
}
