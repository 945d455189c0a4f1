//! Every program of tests/programs lowers to MIR that the verifier accepts.

mod common;

use std::path::{Path, PathBuf};

#[test]
fn all_programs_verify() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/programs");
    let mut files = vec![];
    collect(&root, &mut files);
    files.sort();
    assert!(!files.is_empty(), "no programs in {}", root.display());
    let mut failures = vec![];
    for file in files {
        let text = std::fs::read_to_string(&file).expect("a readable program");
        // Programs that are there for their errors.
        if text.starts_with("// errorcheck") {
            continue;
        }
        let name = file.strip_prefix(&root).expect("below root").display();
        // Programs that wait for a construct are refused, each with its name.
        if let Err(messages) = common::lower(&name.to_string(), &text)
            && messages.contains("not supported yet")
        {
            continue;
        }
        let outcome = std::panic::catch_unwind(|| {
            common::verified(&name.to_string(), &text);
        });
        if outcome.is_err() {
            failures.push(name.to_string());
        }
    }
    assert!(failures.is_empty(), "failed: {failures:?}");
}

#[test]
fn hello_world_with_fmt_stays_small() {
    let program = common::verified(
        "hello.mini",
        "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"hello\") }\n",
    );
    let n = program.funcs.len();
    assert!(n < 400, "{n} functions for hello world");
}

fn collect(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            // Programs of several files, which the driver puts together.
            if !path.ends_with("packages") && !path.ends_with("testing") {
                collect(&path, out);
            }
        } else if path.extension().is_some_and(|ext| ext == "mini") {
            out.push(path);
        }
    }
}
