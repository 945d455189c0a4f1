//! Runs every program of `tests/programs`: one file dropped in is one more test.
//!
//! The first line is the recipe (docs/testing.md):
//!
//! ```text
//! // run               stdout equals NAME.out (no file: none), status 0; stdin is NAME.in if there is one
//! // run panic         the same, status 2, and stderr begins as Go's (NAME.err: regular expressions, one a line)
//! // run exit N        the same, status N
//! // run -args a b     with arguments
//! // errorcheck        does not compile; each // ERROR "regexp" meets a diagnostic on its line, none is left over
//! // escape            the same for -gcflags='-m -l'
//! ```
//!
//! Every `run` program runs once per mode of [`MODES`], and, where Go 1.27 is installed (on PATH or in $MINI_GO), is
//! compared with Go itself; without Go those tests are reported as ignored.

use libtest_mimic::{Arguments, Completion, Failed, Trial};
use regex::Regex;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Name, environment. The first is how users run programs.
const MODES: &[(&str, &[(&str, &str)])] = &[
    ("plain", &[]),
    ("one-thread", &[("GOMAXPROCS", "1")]),
    ("four-threads", &[("GOMAXPROCS", "4")]),
    ("stackmove", &[("MINIDEBUG", "stackmove")]),
    ("gcstress", &[("MINIDEBUG", "gcstress=61")]),
    ("heapall", &[("MINIDEBUG", "heapall")]),
    (
        "heapall-gcstress",
        &[("MINIDEBUG", "heapall,gcstress=113"), ("GOMAXPROCS", "1")],
    ),
    ("seed-1", &[("MINIDEBUG", "seed=1"), ("GOMAXPROCS", "1")]),
    ("seed-2", &[("MINIDEBUG", "seed=2")]),
];

/// A program that runs longer than this is taken to hang.
const TIME_LIMIT: Duration = Duration::from_secs(120);

fn main() {
    let arguments = Arguments::from_args();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .expect("workspace root");
    let mut files = vec![];
    collect(&root.join("tests/programs"), &mut files);
    files.sort();
    let go = find_go();
    let mut trials = vec![];
    for file in files {
        let program = Program::read(&root, &file);
        match program.recipe {
            Recipe::Run { .. } => {
                for (mode, environment) in MODES {
                    let name = format!("{}::{mode}", program.name);
                    let skip = program.skipped_modes.get(*mode).cloned();
                    let program = program.clone();
                    trials.push(Trial::ignorable_test(name, move || match skip {
                        Some(reason) => Ok(Completion::ignored_with(reason)),
                        None => program.run(environment).map(|()| Completion::Completed),
                    }));
                }
                let (go, name) = (go.clone(), format!("{}::go", program.name));
                trials.push(Trial::ignorable_test(name, move || match go {
                    Some(go) => program.compare_with_go(&go).map(|()| Completion::Completed),
                    None => Ok(Completion::ignored_with(
                        "skipped: Go 1.27 is not installed",
                    )),
                }));
            }
            Recipe::ErrorCheck => {
                trials.push(Trial::test(program.name.clone(), move || {
                    program.check_lines(&["check", "-gcflags=-e"])
                }));
            }
            Recipe::Escape => {
                trials.push(Trial::test(program.name.clone(), move || {
                    program.check_lines(&["build", "-gcflags=-m -l"])
                }));
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("tests/programs") {
        let path = entry.expect("directory entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|e| e == "mini") {
            files.push(path);
        }
    }
}

/// Go 1.27, which the goldens come from.
fn find_go() -> Option<PathBuf> {
    let go = std::env::var_os("MINI_GO").map_or_else(|| PathBuf::from("go"), PathBuf::from);
    let version = Command::new(&go).arg("version").output().ok()?;
    String::from_utf8_lossy(&version.stdout)
        .contains("go1.27")
        .then_some(go)
}

#[derive(Clone)]
enum Recipe {
    Run { status: i32, args: Vec<String> },
    ErrorCheck,
    Escape,
}

#[derive(Clone)]
struct Program {
    root: PathBuf,
    path: PathBuf,
    name: String,
    recipe: Recipe,
    text: String,
    /// `// skip MODE: reason` lines of the header.
    skipped_modes: BTreeMap<String, String>,
}

struct Output {
    status: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl Program {
    fn read(root: &Path, path: &Path) -> Program {
        let text = std::fs::read_to_string(path).expect("program is UTF-8");
        let relative = path
            .strip_prefix(root.join("tests/programs"))
            .expect("below tests/programs");
        let name = relative.with_extension("").to_string_lossy().into_owned();
        let header = text.lines().next().unwrap_or_default();
        let (recipe, args) = header.split_once(" -args ").unwrap_or((header, ""));
        let args = args.split_whitespace().map(str::to_owned).collect();
        let recipe = match recipe
            .strip_prefix("// ")
            .map(|r| r.split(' ').collect::<Vec<_>>())
            .as_deref()
        {
            Some(["run"]) => Recipe::Run { status: 0, args },
            Some(["run", "panic"]) => Recipe::Run { status: 2, args },
            Some(["run", "exit", n]) => Recipe::Run {
                status: n.parse().expect("exit status"),
                args,
            },
            Some(["errorcheck"]) => Recipe::ErrorCheck,
            Some(["escape"]) => Recipe::Escape,
            _ => panic!("{name}: unknown recipe {header:?}"),
        };
        let skipped_modes = text
            .lines()
            .take_while(|line| line.starts_with("//"))
            .filter_map(|line| line.strip_prefix("// skip ")?.split_once(": "))
            .map(|(mode, reason)| (mode.to_owned(), reason.to_owned()))
            .collect();
        Program {
            root: root.to_owned(),
            path: path.to_owned(),
            name,
            recipe,
            text,
            skipped_modes,
        }
    }

    fn companion(&self, extension: &str) -> Option<Vec<u8>> {
        std::fs::read(self.path.with_extension(extension)).ok()
    }

    fn mini(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_mini"));
        for variable in [
            "GOGC",
            "GOMAXPROCS",
            "GODEBUG",
            "GOMEMLIMIT",
            "GOTRACEBACK",
            "MINIDEBUG",
        ] {
            command.env_remove(variable);
        }
        command.current_dir(&self.root);
        command
    }

    fn execute(&self, mut command: Command) -> Result<Output, Failed> {
        let input = self.path.with_extension("in");
        let stdin = match std::fs::File::open(input) {
            Ok(file) => Stdio::from(file),
            Err(_) => Stdio::null(),
        };
        let mut child = command
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (stdout, stderr) = (drain(child.stdout.take()), drain(child.stderr.take()));
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status.code();
            }
            if start.elapsed() > TIME_LIMIT {
                child.kill()?;
                child.wait()?;
                return Err(format!("still running after {TIME_LIMIT:?}").into());
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let stdout = stdout.join().expect("reader");
        let stderr = String::from_utf8_lossy(&stderr.join().expect("reader")).into_owned();
        Ok(Output {
            status,
            stdout,
            stderr,
        })
    }

    fn run(&self, environment: &[(&str, &str)]) -> Result<(), Failed> {
        let Recipe::Run { status, args } = &self.recipe else {
            unreachable!("only run programs run")
        };
        let mut command = self.mini();
        command
            .arg("run")
            .arg(&self.path)
            .args(args)
            .envs(environment.iter().copied());
        let output = self.execute(command)?;
        self.expect_output(&output, *status)?;
        if let Some(patterns) = self.companion("err") {
            for pattern in String::from_utf8_lossy(&patterns).lines() {
                let regex = Regex::new(&format!("(?m){pattern}"))?;
                if !regex.is_match(&output.stderr) {
                    return Err(format!("stderr lacks /{pattern}/:\n{}", output.stderr).into());
                }
            }
        }
        Ok(())
    }

    fn expect_output(&self, output: &Output, status: i32) -> Result<(), Failed> {
        let expected = self.companion("out").unwrap_or_default();
        if output.stdout != expected && update_expect() {
            std::fs::write(self.path.with_extension("out"), &output.stdout)?;
        } else if output.stdout != expected {
            return Err(format!(
                "{}\nstderr:\n{}",
                difference(&expected, &output.stdout),
                tail(&output.stderr)
            )
            .into());
        }
        if output.status != Some(status) {
            return Err(format!(
                "status {:?}, expected {status}; stderr:\n{}",
                output.status,
                tail(&output.stderr)
            )
            .into());
        }
        Ok(())
    }

    /// Builds and runs the program with Go: the expected output is Go's.
    fn compare_with_go(&self, go: &Path) -> Result<(), Failed> {
        let Recipe::Run { status, args } = &self.recipe else {
            unreachable!("only run programs run")
        };
        let dir = std::env::temp_dir().join(format!(
            "mini-go-{}-{}",
            std::process::id(),
            self.name.replace('/', "-")
        ));
        std::fs::create_dir_all(&dir)?;
        // Without a module, Go takes the run-time settings of an older version.
        std::fs::write(dir.join("go.mod"), "module program\n\ngo 1.27\n")?;
        std::fs::write(dir.join("main.go"), &self.text)?;
        let built = Command::new(go)
            .args(["build", "-o", "program", "main.go"])
            .env("GOFLAGS", "")
            .env("GO111MODULE", "on")
            .current_dir(&dir)
            .output()?;
        let result = if built.status.success() {
            let mut command = Command::new(dir.join("program"));
            command.current_dir(&self.root).args(args);
            self.execute(command)
                .and_then(|output| self.expect_output(&output, *status))
        } else {
            Err(String::from_utf8_lossy(&built.stderr).into_owned().into())
        };
        std::fs::remove_dir_all(&dir)?;
        result
    }

    /// Compares diagnostics with the `// ERROR "regexp"` comments, line by line, as Go's test runner does.
    fn check_lines(&self, arguments: &[&str]) -> Result<(), Failed> {
        let mut command = self.mini();
        command.args(arguments).arg(&self.path);
        let output = self.execute(command)?;
        if output.status.is_none_or(|s| s > 1) {
            return Err(format!("status {:?}:\n{}", output.status, output.stderr).into());
        }
        let mut found: BTreeMap<usize, Vec<String>> = BTreeMap::new();
        let prefix = format!("{}:", self.path.display());
        let mut line = 0;
        for text in output.stderr.lines() {
            match text
                .strip_prefix(&prefix)
                .and_then(|rest| rest.split_once(':'))
            {
                Some((number, message)) if number.parse::<usize>().is_ok() => {
                    line = number.parse()?;
                    let message = message.split_once(": ").map_or(message, |(_, m)| m);
                    found.entry(line).or_default().push(message.to_owned());
                }
                _ if line > 0 => {
                    let messages = found.entry(line).or_default();
                    let last = messages.last_mut().expect("a message");
                    last.push('\n');
                    last.push_str(text);
                }
                _ => {}
            }
        }
        let mut problems = vec![];
        for (index, text) in self.text.lines().enumerate() {
            let messages = found.remove(&(index + 1)).unwrap_or_default();
            let patterns = error_patterns(text)?;
            for pattern in &patterns {
                if !messages.iter().any(|m| pattern.is_match(m)) {
                    problems.push(format!(
                        "{}: no match for /{pattern}/ in {messages:?}",
                        index + 1
                    ));
                }
            }
            for message in &messages {
                if !patterns.iter().any(|p| p.is_match(message)) {
                    problems.push(format!("{}: unexpected: {message}", index + 1));
                }
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems.join("\n").into())
        }
    }
}

/// The quoted regular expressions behind `// ERROR`.
fn error_patterns(line: &str) -> Result<Vec<Regex>, Failed> {
    let Some((_, comment)) = line.split_once("// ERROR ") else {
        return Ok(vec![]);
    };
    let quoted = Regex::new(r#""((?:[^"\\]|\\.)*)""#)?;
    let patterns = quoted
        .captures_iter(comment)
        .map(|c| c[1].replace("\\\"", "\"").replace("\\\\", "\\"));
    patterns
        .map(|p| Ok(Regex::new(&format!("(?s){}", plain_braces(&p)))?))
        .collect()
}

/// Go takes a brace that begins no repetition literally; here it must be escaped.
fn plain_braces(pattern: &str) -> String {
    let is_repetition = |rest: &str| {
        let end = rest.find('}').unwrap_or(0);
        end > 1
            && rest[1..end]
                .bytes()
                .all(|b| b.is_ascii_digit() || b == b',')
    };
    let mut out = String::new();
    let mut in_repetition = false;
    let mut escaped = false;
    for (at, c) in pattern.char_indices() {
        let is_brace = matches!(c, '{' | '}') && !escaped;
        in_repetition |= c == '{' && is_repetition(&pattern[at..]);
        if is_brace && !in_repetition {
            out.push('\\');
        }
        in_repetition &= c != '}';
        escaped = c == '\\' && !escaped;
        out.push(c);
    }
    out
}

fn drain(pipe: Option<impl std::io::Read + Send + 'static>) -> std::thread::JoinHandle<Vec<u8>> {
    let mut pipe = pipe.expect("a pipe");
    std::thread::spawn(move || {
        let mut bytes = vec![];
        // A read error ends the output; the comparison shows what is missing.
        let _ = pipe.read_to_end(&mut bytes);
        bytes
    })
}

/// `UPDATE_EXPECT=1` rewrites the goldens, as with expect-test.
fn update_expect() -> bool {
    std::env::var_os("UPDATE_EXPECT").is_some()
}

fn tail(text: &str) -> String {
    text.lines().take(40).collect::<Vec<_>>().join("\n")
}

fn difference(expected: &[u8], found: &[u8]) -> String {
    let (expected, found) = (
        String::from_utf8_lossy(expected),
        String::from_utf8_lossy(found),
    );
    let (mut want, mut have) = (expected.lines(), found.lines());
    for line in 1.. {
        match (want.next(), have.next()) {
            (None, None) => break,
            (w, h) if w == h => {}
            (w, h) => {
                return format!(
                    "line {line} of standard output differs\nexpected: {}\nfound:    {}",
                    w.unwrap_or("<end>"),
                    h.unwrap_or("<end>")
                );
            }
        }
    }
    "standard output differs in its line endings".to_owned()
}
