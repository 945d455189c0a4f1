//! Every program of Go's own test folder parses, and what Go marks as a syntax error is one.
//!
//! Debian's golang-1.19-src installs the folder; without it the test says that it was skipped. `MINI_GO_TESTS` names
//! another place. The folder is read, never copied.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mini_diagnostics::{Diagnostic, FileId, SourceMap};
use mini_syntax::ast::NodeIds;

#[test]
fn go_s_test_folder_parses() {
    let folder = std::env::var("MINI_GO_TESTS").unwrap_or("/usr/share/go-1.19/test".into());
    let mut paths = Vec::new();
    collect(Path::new(&folder), &mut paths);
    if paths.is_empty() {
        println!("skipped: {folder} does not exist");
        return;
    }
    let mut complaints = Vec::new();
    let (mut n_marked, mut n_found) = (0, 0);
    for path in &paths {
        let mut sources = SourceMap::new();
        let bytes = std::fs::read(path).unwrap();
        let file = sources.add_bytes(path.to_string_lossy().as_ref(), bytes);
        let (mut ids, mut diagnostics) = (NodeIds::new(), Vec::new());
        mini_syntax::parse_file(file, &sources, &mut ids, &mut diagnostics);
        let text: &str = &sources.file(file).text;
        if !text.lines().any(|line| line.starts_with("package")) {
            // Only a recipe that names a folder of programs.
            continue;
        }
        let marked = marked_lines(text);
        let found = lines(&diagnostics, file, &sources);
        if path
            .parent()
            .is_some_and(|parent| parent.ends_with("syntax"))
        {
            n_marked += marked.len();
            n_found += marked.intersection(&found).count();
        }
        // With `//line` directives, the marks are on lines of their own.
        if !text.contains("\n//line ") && !found.is_subset(&marked) {
            complaints.extend(
                diagnostics
                    .iter()
                    .map(|d| mini_diagnostics::render_plain(d, &sources)),
            );
        }
    }
    println!(
        "{} files; of {n_marked} lines marked in syntax/, {n_found} are found",
        paths.len()
    );
    assert!(
        complaints.is_empty(),
        "errors where Go has none:\n{}",
        complaints.concat()
    );
    assert_eq!(
        n_found, n_marked,
        "marked lines in syntax/ without an error"
    );
}

/// The lines on which the file says that an error is.
fn marked_lines(text: &str) -> BTreeSet<u32> {
    let is_marked = |line: &str| line.contains("// ERROR") || line.contains("// GC_ERROR");
    text.lines()
        .zip(1..)
        .filter(|(line, _)| is_marked(line))
        .map(|(_, number)| number)
        .collect()
}

fn lines(diagnostics: &[Diagnostic], file: FileId, sources: &SourceMap) -> BTreeSet<u32> {
    let base = sources.file(file).base;
    let line = |diagnostic: &Diagnostic| {
        sources
            .file(file)
            .line_col((diagnostic.pos.0 - base.0) as usize)
            .0
    };
    diagnostics.iter().map(line).collect()
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "go") {
            paths.push(path);
        }
    }
    paths.sort();
}
