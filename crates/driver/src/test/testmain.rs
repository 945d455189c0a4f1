//! The main program of a package's tests: what the test files declare, and the source that calls it.

use super::{TestFlags, bench_time, duration};
use crate::Session;
use crate::packages::Folder;
use mini_diagnostics::{Code, Diagnostic};
use mini_syntax::ast::{Decl, FuncDecl, NodeIds};
use std::fmt::Write;

/// Where a function is declared: in the package itself or in the package `_test`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Inside,
    Outside,
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Place::Inside => "_test",
            Place::Outside => "_xtest",
        }
    }
}

struct Example {
    place: Place,
    name: String,
    output: String,
    is_unordered: bool,
}

/// What the test files declare, in their order.
#[derive(Default)]
pub(super) struct Plan {
    tests: Vec<(Place, String)>,
    benchmarks: Vec<(Place, String)>,
    fuzz: Vec<(Place, String)>,
    examples: Vec<Example>,
    main: Option<Place>,
    has_inside: bool,
    has_outside: bool,
}

/// Reads the declarations of the test files. What is wrong with the signatures of tests becomes diagnostics.
pub(super) fn plan(session: &mut Session, folder: &Folder) -> Plan {
    let mut plan = Plan {
        has_inside: !folder.test_files.is_empty() || !folder.files.is_empty(),
        has_outside: !folder.external_test_files.is_empty(),
        ..Plan::default()
    };
    let lists = [
        (Place::Inside, &folder.test_files),
        (Place::Outside, &folder.external_test_files),
    ];
    for (place, files) in lists {
        for (name, bytes) in session.packages.texts(files) {
            let file = session.sources.add_bytes(name, bytes);
            // What is wrong with the text is said when the package is built.
            let (mut ids, mut ignored) = (NodeIds::default(), vec![]);
            let sources = &session.sources;
            let tree = mini_syntax::parse_outline(file, sources, &mut ids, &mut ignored);
            for decl in &tree.decls {
                let decl = match decl {
                    Decl::Func(decl) => Some(&**decl),
                    Decl::UnreadFunc(unread) => {
                        mini_syntax::parse_func(unread, &tree.source, &mut ids, &mut ignored)
                    }
                    _ => None,
                };
                if let Some(decl) = decl
                    && decl.recv.is_none()
                {
                    plan.add(session, place, decl);
                }
            }
        }
    }
    plan
}

impl Plan {
    fn add(&mut self, session: &mut Session, place: Place, decl: &FuncDecl) {
        let name = decl.name.name.as_str();
        let is = |letter: &str| takes(session, decl, letter);
        let wanted = if name == "TestMain" {
            if is("T") {
                self.tests.push((place, name.to_string()));
                return;
            }
            if is("M") && self.main.is_none() {
                self.main = Some(place);
                return;
            }
            if is("M") {
                let text = "multiple definitions of TestMain";
                refuse(session, decl, text.to_string());
                return;
            }
            ("m", "M")
        } else if has_prefix(name, "Test") {
            if is("T") {
                self.tests.push((place, name.to_string()));
                return;
            }
            ("t", "T")
        } else if has_prefix(name, "Benchmark") {
            if is("B") {
                self.benchmarks.push((place, name.to_string()));
                return;
            }
            ("b", "B")
        } else if has_prefix(name, "Fuzz") {
            if is("F") {
                self.fuzz.push((place, name.to_string()));
                return;
            }
            ("f", "F")
        } else {
            if has_prefix(name, "Example") && is_plain(decl) {
                self.examples.extend(example(session, place, decl));
            }
            return;
        };
        let (variable, letter) = wanted;
        let text = format!(
            "wrong signature for {name}, must be: func {name}({variable} *testing.{letter})"
        );
        refuse(session, decl, text);
    }
}

fn refuse(session: &mut Session, decl: &FuncDecl, text: String) {
    let diagnostic = Diagnostic::error(Code::BrokenImport, decl.span, text);
    session.diagnostics.push(diagnostic);
}

/// Whether a name begins with a word, and goes on with no lower-case letter.
fn has_prefix(name: &str, word: &str) -> bool {
    let rest = name.strip_prefix(word);
    rest.is_some_and(|rest| !rest.starts_with(char::is_lowercase))
}

fn is_plain(decl: &FuncDecl) -> bool {
    decl.type_params.is_empty() && decl.ty.params.is_empty() && decl.ty.results.is_empty()
}

/// Whether the only parameter is of type `*testing.T` (or of another letter), by the look of it.
fn takes(session: &Session, decl: &FuncDecl, letter: &str) -> bool {
    let [param] = &*decl.ty.params else {
        return false;
    };
    let ty = session.sources.text(param.ty.span);
    let base = ty.strip_prefix('*').unwrap_or_default().trim();
    let name = base.rsplit('.').next().unwrap_or_default().trim();
    let is_alone = decl.type_params.is_empty() && decl.ty.results.is_empty();
    is_alone && param.names.len() <= 1 && name == letter
}

/// An example with a comment about its output; others are compiled, not run.
fn example(session: &Session, place: Place, decl: &FuncDecl) -> Option<Example> {
    let comment = last_comment(session.sources.text(decl.span))?;
    let comment = comment.trim_start();
    let (is_unordered, rest) = match cut_word(comment, "unordered") {
        Some(rest) => (true, rest.trim_start()),
        None => (false, comment),
    };
    let rest = cut_word(rest, "output:")?;
    Some(Example {
        place,
        name: decl.name.name.as_str().to_string(),
        output: rest.trim_start_matches(' ').to_string(),
        is_unordered,
    })
}

fn cut_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let start = text.get(..word.len())?;
    start
        .eq_ignore_ascii_case(word)
        .then(|| &text[word.len()..])
}

/// The text of the last group of comments in a function, without the marks.
fn last_comment(body: &str) -> Option<String> {
    let mut last: Option<String> = None;
    // Ends with the first token or empty line behind it; a group that begins behind a token, with its line.
    let mut is_open = false;
    let mut is_behind_token = false;
    let mut rest = body;
    let mut n_lines = 0;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("//") {
            let line = rest.lines().next().unwrap_or_default();
            let text = line[2..].strip_prefix(' ').unwrap_or(&line[2..]);
            match &mut last {
                Some(group) if is_open => {
                    group.push('\n');
                    group.push_str(text);
                }
                _ => last = Some(text.to_string()),
            }
            is_open = true;
            n_lines = 0;
            rest = &rest[line.len()..];
        } else if let Some(behind) = rest.strip_prefix("/*") {
            let end = behind.find("*/").unwrap_or(behind.len());
            last = Some(behind[..end].to_string());
            is_open = true;
            n_lines = 0;
            rest = behind.get(end + 2..).unwrap_or_default();
        } else if matches!(c, '"' | '`' | '\'') {
            is_open = false;
            is_behind_token = true;
            rest = after_literal(rest, c);
        } else {
            if c == '\n' {
                n_lines += 1;
                is_open &= n_lines < 2 && !is_behind_token;
                is_behind_token = false;
            } else if !c.is_whitespace() {
                is_open = false;
                is_behind_token = true;
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    last
}

/// What follows a string or rune literal.
fn after_literal(text: &str, quote: char) -> &str {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == quote && !is_escaped {
            return &text[at + 1..];
        }
        is_escaped = c == '\\' && !is_escaped && quote != '`';
    }
    ""
}

/// The source of the main program.
pub(super) fn source(plan: &Plan, path: &str, flags: &TestFlags) -> String {
    let mut out = String::from("package main\n\nimport (\n\t\"os\"\n\t\"testing\"\n");
    let is_used = |place: Place| {
        plan.tests
            .iter()
            .chain(&plan.benchmarks)
            .chain(&plan.fuzz)
            .any(|(other, _)| *other == place)
            || plan.examples.iter().any(|example| example.place == place)
            || plan.main == Some(place)
    };
    for (place, exists, suffix) in [
        (Place::Inside, plan.has_inside, ""),
        (Place::Outside, plan.has_outside, "_test"),
    ] {
        if exists {
            let name = if is_used(place) { place.name() } else { "_" };
            let _ = writeln!(out, "\t{name} {:?}", format!("{path}{suffix}"));
        }
    }
    out += ")\n\nvar tests = []testing.InternalTest{\n";
    for (place, name) in &plan.tests {
        let _ = writeln!(out, "\t{{{name:?}, {}.{name}}},", place.name());
    }
    out += "}\n\nvar benchmarks = []testing.InternalBenchmark{\n";
    for (place, name) in &plan.benchmarks {
        let _ = writeln!(out, "\t{{{name:?}, {}.{name}}},", place.name());
    }
    out += "}\n\nvar fuzz = []testing.InternalFuzzTarget{\n";
    for (place, name) in &plan.fuzz {
        let _ = writeln!(out, "\t{{{name:?}, {}.{name}}},", place.name());
    }
    out += "}\n\nvar examples = []testing.InternalExample{\n";
    for example in &plan.examples {
        let (name, place) = (&example.name, example.place.name());
        let (output, is_unordered) = (quoted(&example.output), example.is_unordered);
        let _ = writeln!(
            out,
            "\t{{{name:?}, {place}.{name}, {output}, {is_unordered}}},"
        );
    }
    out += "}\n\nfunc main() {\n\tm := testing.MainStart(testing.Settings{\n";
    settings(&mut out, path, flags);
    out += "\t}, tests, benchmarks, fuzz, examples)\n";
    match plan.main {
        Some(place) => {
            let _ = writeln!(
                out,
                "\t{}.TestMain(m)\n\tos.Exit(testing.ExitCode(m))",
                place.name()
            );
        }
        None => out += "\tos.Exit(m.Run())\n",
    }
    out + "}\n"
}

fn settings(out: &mut String, path: &str, flags: &TestFlags) {
    let (bench_time, bench_count) = bench_time(&flags.bench_time).unwrap_or_default();
    let timeout = duration(&flags.timeout).unwrap_or_default();
    let threads = std::env::var("GOMAXPROCS")
        .ok()
        .and_then(|text| text.parse().ok());
    let threads = threads
        .filter(|&n: &usize| n > 0)
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let parallel = match flags.parallel {
        0 => threads,
        n => n as usize,
    };
    for (name, value) in [
        ("Package", quoted(path)),
        ("Run", quoted(&flags.run)),
        ("Skip", quoted(&flags.skip)),
        ("List", quoted(&flags.list)),
        ("Bench", quoted(&flags.bench)),
        ("BenchTime", bench_time.as_nanos().to_string()),
        ("BenchCount", bench_count.to_string()),
        ("BenchMem", flags.bench_mem.to_string()),
        ("Count", flags.count.to_string()),
        ("Timeout", timeout.as_nanos().to_string()),
        ("Parallel", parallel.to_string()),
        ("Short", flags.short.to_string()),
        ("Verbose", flags.verbose.to_string()),
        ("FailFast", flags.fail_fast.to_string()),
    ] {
        let _ = writeln!(out, "\t\t{name}: {value},");
    }
}

/// A string literal of Go's.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out += "\\n",
            ' '..='~' => out.push(c),
            _ => {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_comment_of_a_body() {
        let body = "{\n\t// first\n\tf(\"// no\")\n\t// Output: a\n\t// b\n}";
        assert_eq!(last_comment(body).as_deref(), Some("Output: a\nb"));
        assert_eq!(last_comment("{ f('\"') }"), None);
        let body = "{\n\tf() // behind\n\t// Output: a\n}";
        assert_eq!(last_comment(body).as_deref(), Some("Output: a"));
    }

    #[test]
    fn names_of_tests() {
        assert!(
            has_prefix("TestX", "Test")
                && has_prefix("Test", "Test")
                && has_prefix("Test_x", "Test")
        );
        assert!(!has_prefix("Tester", "Test"));
    }

    #[test]
    fn literals_of_go() {
        assert_eq!(quoted("a\"\\\n\u{e9}"), r#""a\"\\\n\U000000e9""#);
    }
}
