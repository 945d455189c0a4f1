//! A file that is read without functions, and then function by function, has the same tree as one that is read at once.

use std::path::{Path, PathBuf};

use mini_diagnostics::SourceMap;
use mini_syntax::ast::{Decl, NodeIds};
use mini_syntax::dump::dump;
use mini_syntax::{parse_body, parse_file, parse_func, parse_outline};

#[test]
fn functions_read_later_are_the_same() {
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
func mystruct(x struct { y int `{`\n}) mystruct { return x } // }
func generic[P interface{ ~[]E }, E any](
	p P, /* { */
) E {
	return p[0]
}
func (*T) d() {}
func ( t  *T ) e() {}
func (T) /* receiver */ g() {}
func (_ T) native2() // no body {
func
h() {}
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
        let decl = match decl {
            Decl::Func(decl) => Some(&**decl),
            Decl::UnreadFunc(unread) => {
                assert!(unread.decl().is_none());
                let decl = parse_func(unread, &outline.source, &mut ids, &mut errors);
                assert_eq!(decl.map(|decl| decl.name), Some(unread.name), "{name}");
                decl
            }
            _ => None,
        };
        if let Some(body) = decl.and_then(|decl| decl.body.as_ref()) {
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
