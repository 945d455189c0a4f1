//! Go's own test folder: `errorcheck` files give the errors that their comments ask for, `run` and `compile` files none.
//!
//! The folder is Debian's golang-1.19-src; without it the tests say so and pass. Files that need what is not built yet, or
//! packages that the library does not have, are left out.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mini_diagnostics::{Code, Diagnostic, SourceMap, sort_and_dedup};
use mini_frontend::PackageSource;
use regex::Regex;

const FOLDER: &str = "/usr/share/go-1.19/test";

/// The share of `ERROR` lines that must match, in percent.
const WANTED_RATE: usize = 90;

#[test]
fn errorcheck_files_give_their_errors() {
    on_large_stack(errorcheck);
}

#[test]
fn correct_files_give_no_errors() {
    on_large_stack(correct);
}

fn errorcheck() {
    let Some(files) = files_with_recipe(&["errorcheck"]) else {
        return;
    };
    let verbose = std::env::var_os("VERBOSE").is_some();
    let (mut n_files, mut n_lines, mut n_matched, mut n_surplus) = (0, 0, 0, 0);
    for (path, text) in files {
        let Some(found) = errors_of(&path, &text) else {
            continue;
        };
        n_files += 1;
        let wanted = wanted_errors(&path, &text);
        for (line, patterns) in &wanted {
            n_lines += 1;
            let messages = found.get(line).cloned().unwrap_or_default();
            let is_match = patterns
                .iter()
                .all(|pattern| messages.iter().any(|message| pattern.is_match(message)));
            if is_match {
                n_matched += 1;
            } else if verbose {
                let patterns: Vec<&str> = patterns.iter().map(Regex::as_str).collect();
                println!(
                    "{}:{line}: want {patterns:?}, have {messages:?}",
                    path.display()
                );
            }
        }
        for (line, messages) in &found {
            if !wanted.contains_key(line) {
                n_surplus += 1;
                if verbose {
                    println!("{}:{line}: surplus {messages:?}", path.display());
                }
            }
        }
    }
    let rate = n_matched * 100 / n_lines.max(1);
    println!(
        "{n_files} files: {n_matched} of {n_lines} ERROR lines match ({rate}%), {n_surplus} good lines with errors"
    );
    assert!(rate >= WANTED_RATE, "only {rate}% of the ERROR lines match");
}

fn correct() {
    let Some(files) = files_with_recipe(&["run", "compile", "build"]) else {
        return;
    };
    let (mut n_files, mut failed) = (0, Vec::new());
    for (path, text) in files {
        let Some(found) = errors_of(&path, &text) else {
            continue;
        };
        n_files += 1;
        if let Some((line, messages)) = found.first_key_value() {
            failed.push(format!("{}:{line}: {messages:?}", path.display()));
        }
    }
    println!("{n_files} files, {} with errors", failed.len());
    assert!(
        failed.is_empty(),
        "errors in correct files:\n{}",
        failed.join("\n")
    );
}

fn on_large_stack(test: fn()) {
    let thread = std::thread::Builder::new()
        .stack_size(256 << 20)
        .spawn(test);
    thread
        .expect("a thread starts")
        .join()
        .expect("the test passes");
}

fn files_with_recipe(recipes: &[&str]) -> Option<Vec<(PathBuf, String)>> {
    let Ok(folder) = std::fs::read_dir(FOLDER) else {
        println!("skipped: {FOLDER} is not there");
        return None;
    };
    let mut files = Vec::new();
    for entry in folder.flatten() {
        let path = entry.path();
        if path.extension().is_none_or(|extension| extension != "go") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&path) else {
            continue;
        };
        let recipe = text
            .lines()
            .find(|line| {
                !line.trim().is_empty()
                    && !line.starts_with("// +build")
                    && !line.starts_with("//go:build")
            })
            .unwrap_or_default();
        let words: Vec<&str> = recipe.trim_start_matches("//").split_whitespace().collect();
        if words.len() == 1 && recipes.contains(&words[0]) {
            files.push((path, text));
        }
    }
    files.sort();
    Some(files)
}

/// The messages by line; `None` for files with what is not built.
fn errors_of(path: &Path, text: &str) -> Option<BTreeMap<u32, Vec<String>>> {
    // The library has but a part of reflect.
    if text.contains("\"reflect\"") {
        return None;
    }
    let mut sources = SourceMap::new();
    let file = sources.add(base_name(path), text);
    let mut missing = BTreeSet::new();
    let mut loader = |import: &str| {
        let source = mini_stdlib::package(import).map(|files| PackageSource {
            files: files
                .iter()
                .map(|(name, text)| (format!("{import}/{name}"), Arc::from(*text)))
                .collect(),
        });
        if source.is_none() {
            missing.insert(import.to_string());
        }
        source
    };
    let (_, mut diagnostics) = mini_frontend::check(&[file], &mut loader, &mut sources);
    let is_unsupported = |diagnostic: &Diagnostic| {
        diagnostic.code == Code::Unsupported
            || diagnostic
                .message
                .starts_with("function main is undeclared")
            || diagnostic.message == "missing function body"
            || diagnostic.code == Code::UndeclaredImportedName
    };
    if !missing.is_empty() || diagnostics.iter().any(is_unsupported) {
        return None;
    }
    sort_and_dedup(&mut diagnostics, &sources);
    let mut found: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for diagnostic in &diagnostics {
        let mut message = diagnostic.message.clone();
        for note in &diagnostic.notes {
            message = format!("{message}\n{}", note.0);
        }
        for label in &diagnostic.labels {
            message = format!("{message}\n{}", label.message);
        }
        let line = sources
            .locate(diagnostic.pos)
            .map_or(0, |location| location.line);
        found.entry(line).or_default().push(message);
    }
    Some(found)
}

/// The patterns of `// ERROR "…" "…"` comments by line.
fn wanted_errors(path: &Path, text: &str) -> BTreeMap<u32, Vec<Regex>> {
    let mut wanted = BTreeMap::new();
    for (index, line) in text.lines().enumerate() {
        let marks = ["// ERROR ", "// GC_ERROR ", "/* ERROR "];
        let Some(comment) = marks
            .iter()
            .find_map(|mark| line.find(mark).map(|at| &line[at + mark.len()..]))
        else {
            continue;
        };
        let mut patterns = Vec::new();
        let mut rest = comment.trim_start();
        while let Some(quote) = rest.chars().next().filter(|&c| c == '"' || c == '`') {
            let Some(end) = rest[1..].find(quote) else {
                break;
            };
            let pattern = rest[1..1 + end].replace("\\\"", "\"");
            let pattern = with_lines(&pattern, path, index + 1);
            if let Ok(pattern) = Regex::new(&pattern) {
                patterns.push(pattern);
            }
            rest = rest[2 + end..].trim_start();
        }
        if !patterns.is_empty() {
            wanted.insert(index as u32 + 1, patterns);
        }
    }
    wanted
}

fn base_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// `LINE+2` stands for the place two lines below.
fn with_lines(pattern: &str, path: &Path, line: usize) -> String {
    let offset = Regex::new(r"LINE([+-][0-9]+)?").expect("the pattern is right");
    offset
        .replace_all(pattern, |found: &regex::Captures<'_>| {
            let offset: i64 = found
                .get(1)
                .map_or(0, |offset| offset.as_str().parse().unwrap_or(0));
            format!("{}:{}", base_name(path), line as i64 + offset)
        })
        .into_owned()
}
