//! No input makes the parser panic, hang or overflow its stack. The inputs are made from a fixed seed.

use std::path::Path;
use std::time::{Duration, Instant};

use mini_diagnostics::{Diagnostics, SourceMap};
use mini_syntax::ast::NodeIds;

/// Parses, prints what was parsed, and renders what was wrong.
fn parse(bytes: Vec<u8>) -> Diagnostics {
    let mut sources = SourceMap::new();
    let file = sources.add_bytes("x.mini", bytes);
    let (mut ids, mut diagnostics) = (NodeIds::new(), Vec::new());
    let start = Instant::now();
    let ast = mini_syntax::parse_file(file, &sources, &mut ids, &mut diagnostics);
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "took {:?}",
        start.elapsed()
    );
    mini_syntax::dump::dump(&ast);
    mini_diagnostics::render_all(diagnostics.clone(), &sources, true);
    diagnostics
}

/// xorshift64*
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % n.max(1)
    }
}

/// The programs of the test folder, and one that has every form.
fn programs() -> Vec<Vec<u8>> {
    let mut programs = vec![include_bytes!("every_form.mini").to_vec()];
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/programs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path if path
                    .extension()
                    .is_some_and(|extension| extension == "mini") =>
                {
                    programs.push(std::fs::read(path).unwrap());
                }
                _ => {}
            }
        }
    }
    programs.sort();
    programs
}

#[test]
fn every_form_parses() {
    let diagnostics = parse(include_bytes!("every_form.mini").to_vec());
    assert!(diagnostics.is_empty(), "{diagnostics:?}");
}

#[test]
fn truncated_programs() {
    for program in programs() {
        for part in 1..50 {
            parse(program[..program.len() * part / 50].to_vec());
        }
    }
}

#[test]
fn changed_programs() {
    const PIECES: [&str; 40] = [
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        ";",
        "\n",
        ",",
        ":",
        ":=",
        "=",
        "...",
        ".",
        "<-",
        "*",
        "|",
        "~",
        "x",
        "1",
        "\"s\"",
        "'",
        "`",
        "if ",
        "for ",
        "switch ",
        "select ",
        "case ",
        "default",
        "else ",
        "func ",
        "type ",
        "var ",
        "struct ",
        "interface ",
        "chan ",
        "map",
        "range ",
        "import ",
        "\u{0}",
    ];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let deadline = Instant::now() + Duration::from_secs(8);
    for program in programs().iter().cycle().take(3000) {
        let mut changed = program.clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(changed.len());
            let end = (at + random.below(6)).min(changed.len());
            match random.below(3) {
                0 => changed[at] = random.below(256) as u8,
                1 => drop(changed.drain(at..end)),
                _ => {
                    let piece = PIECES[random.below(PIECES.len())].bytes();
                    changed.splice(at..end, piece);
                }
            }
        }
        parse(changed);
        if Instant::now() > deadline {
            break;
        }
    }
}

#[test]
fn deep_nesting_is_refused_not_followed() {
    let deep = [
        ("x = ", "(", "1", ")"),
        ("x = ", "!", "y", ""),
        ("x = ", "a + ", "b", ""),
        ("x = f()", "", "", "()"),
        ("x = f", "(", "", ")"),
        ("x = a", ".b", "", ""),
        ("x = ", "[]", "T{}", ""),
        ("x = ", "func() { x = ", "1", "}"),
        ("x = T", "{", "1", "}"),
        ("", "{", "x()", "}"),
        ("", "L: ", "x()", ""),
        ("", "if x { } else ", "{}", ""),
        ("", "if x { ", "y()", "}"),
        ("", "for { ", "y()", "}"),
        ("var x ", "*", "int", ""),
        ("var x ", "chan<- ", "int", ""),
        ("var x ", "map[int]", "int", ""),
        ("var x ", "struct { a ", "int", "}"),
        ("var x ", "func(a ", "int", ")"),
    ];
    for (before, open, inner, close) in deep {
        for unclosed in [false, true] {
            let n = 50_000;
            let close = if unclosed {
                String::new()
            } else {
                close.repeat(n)
            };
            let program = format!(
                "package p\nfunc f() {{\n{before}{}{inner}{close}\n}}\n",
                open.repeat(n)
            );
            let diagnostics = parse(program.into_bytes());
            assert!(
                unclosed && open.is_empty() || !diagnostics.is_empty(),
                "{before}{open}"
            );
        }
    }
}

#[test]
fn nesting_that_people_write_is_accepted() {
    for (open, inner, close) in [
        ("(", "1", ")"),
        ("", "1 + 1", " + 1"),
        ("!", "x", ""),
        ("f(", "", ")"),
    ] {
        let n = 1000;
        let program = format!(
            "package p\nvar x = {}{inner}{}\n",
            open.repeat(n),
            close.repeat(n)
        );
        assert!(parse(program.into_bytes()).is_empty(), "{open}");
    }
}
