//! A file that is read without bodies, and then body by body, has the same tree as one that is read at once.

use std::path::{Path, PathBuf};

use mini_diagnostics::SourceMap;
use mini_syntax::ast::{Decl, NodeIds};
use mini_syntax::dump::dump;
use mini_syntax::{parse_body, parse_file, parse_outline};

#[test]
fn bodies_read_later_are_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let mut paths = vec![];
    collect(&root.join("crates/stdlib/src"), &mut paths);
    let n_library_files = paths.len();
    collect(&root.join("tests/programs"), &mut paths);
    assert!(n_library_files > 0 && paths.len() > n_library_files);
    for path in paths {
        check(std::fs::read(&path).unwrap(), &path.to_string_lossy());
    }
    let tricky = "package p
func a() interface{} { return \"}\" }
func (t *T[K]) b(f func() struct{ x int }) (r struct{}) { // }
	/* } */ _ = '}'; _ = '\\''; _ = `}`; if x { y() }; a / b; return }
var f = func() { g() }
func native(x int) int
func c() struct{ f func() } {}
type T struct{ m func() }
";
    check(tricky.into(), "tricky");
}

fn check(bytes: Vec<u8>, name: &str) {
    let mut sources = SourceMap::new();
    let file = sources.add_bytes(name, bytes);
    let mut errors = vec![];
    let whole = parse_file(file, &sources, &mut NodeIds::new(), &mut errors);
    if !errors.is_empty() {
        return;
    }
    let mut ids = NodeIds::new();
    let outline = parse_outline(file, &sources, &mut ids, &mut errors);
    for decl in &outline.decls {
        if let Decl::Func(decl) = decl
            && let Some(body) = &decl.body
        {
            assert!(body.block().is_none());
            parse_body(body, &outline.source, &mut ids, &mut errors);
        }
    }
    assert!(errors.is_empty(), "{name}: {errors:?}");
    assert!(dump(&whole) == dump(&outline), "{name}");
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|e| e == "mini") {
            paths.push(path);
        }
    }
}
