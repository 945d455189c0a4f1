//! Generated programs chain thousands of operands and branches; Go takes them, and so does Mini. What is nested even deeper
//! is refused with an error.

use std::process::Command;

/// The exit status, what was printed, and what was reported.
fn run(name: &str, source: &str) -> (Option<i32>, String, String) {
    let path = std::env::temp_dir().join(format!("mini-{}-{name}.mini", std::process::id()));
    std::fs::write(&path, source).expect("a file in the folder for temporary files");
    let output = Command::new(env!("CARGO_BIN_EXE_mini"))
        .arg("run")
        .arg(&path)
        .output()
        .expect("mini runs");
    let _ = std::fs::remove_file(&path);
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

fn prints(name: &str, source: &str, expect: &str) {
    let (status, out, err) = run(name, source);
    let head: String = err.chars().take(400).collect();
    assert_eq!((status, out.as_str()), (Some(0), expect), "{name}: {head}");
}

fn program(body: &str) -> String {
    format!("package main\n\nimport \"fmt\"\n\nfunc main() {{\n{body}\n}}\n")
}

#[test]
fn twenty_thousand_operands() {
    let sum = vec!["x"; 20_000].join(" + ");
    let body = format!("\tx := 1\n\tfmt.Println({sum})");
    prints("sum", &program(&body), "20000\n");
    let text = vec!["\"a\""; 20_000].join(" +\n\t\t");
    let body = format!("\tconst text = {text}\n\tfmt.Println(len(text))");
    prints("text", &program(&body), "20000\n");
}

#[test]
fn three_thousand_branches() {
    let mut body = "\tx := 2718\n\tif x == 0 {".to_string();
    for i in 1..3000 {
        body += &format!("\n\t}} else if x == {i} {{\n\t\tfmt.Println({})", 2 * i);
    }
    prints("branches", &program(&(body + "\n\t}")), "5436\n");
}

#[test]
fn what_is_nested_deeper_than_that_is_refused() {
    let n = 30_000;
    let body = format!("\tfmt.Println({}1{})", "(".repeat(n), ")".repeat(n));
    let (status, _, err) = run("nested", &program(&body));
    assert_eq!(status, Some(1));
    assert!(
        err.contains("nested too deeply: more than 25000 levels"),
        "{err}"
    );
}
