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
//! // escape            the same for -gcflags='-m -l'; with flags: for those
//! ```
//!
//! A folder with a go.mod is one program; the recipe is the first line of its go.mod, and its other files stand beside it:
//!
//! ```text
//! // rundir            as run, for the package in the folder; also: panic, exit N, and a folder (./cmd/app)
//! // errorcheckdir     as errorcheck, for ./... ; escapedir the same
//! // testdir -v        mini test with these arguments; NAME.out without times and traces; also: exit N
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
            Recipe::Run { .. } | Recipe::Test { .. } => {
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
            Recipe::Escape(ref flags) => {
                let flags = format!("-gcflags={flags}");
                trials.push(Trial::test(program.name.clone(), move || {
                    program.check_lines(&["build", &flags])
                }));
            }
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn collect(dir: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("tests/programs") {
        let path = entry.expect("directory entry").path();
        if path.join("go.mod").exists() {
            files.push(path);
        } else if path.is_dir() {
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
    Run {
        status: i32,
        args: Vec<String>,
        /// What is run, seen from the program's folder; the program itself, if it is a file.
        target: Option<String>,
    },
    Test {
        status: i32,
        args: Vec<String>,
    },
    ErrorCheck,
    /// With these flags of the compiler.
    Escape(String),
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
    /// `// env NAME=VALUE` lines of the header.
    environment: Vec<(String, String)>,
}

struct Output {
    status: Option<i32>,
    stdout: Vec<u8>,
    stderr: String,
}

impl Program {
    fn read(root: &Path, path: &Path) -> Program {
        let main = match path.is_dir() {
            true => path.join("go.mod"),
            false => path.to_owned(),
        };
        let text = std::fs::read_to_string(main).expect("program is UTF-8");
        let relative = path
            .strip_prefix(root.join("tests/programs"))
            .expect("below tests/programs");
        let name = relative.with_extension("").to_string_lossy().into_owned();
        let header = text.lines().next().unwrap_or_default();
        // Of a test program they stay among the arguments of the command.
        let (recipe, args) = match header.split_once(" -args ") {
            Some(parts) if !header.starts_with("// testdir") => parts,
            _ => (header, ""),
        };
        let args = args.split_whitespace().map(str::to_owned).collect();
        let recipe = match recipe
            .strip_prefix("// ")
            .map(|r| r.split(' ').collect::<Vec<_>>())
            .as_deref()
        {
            Some(["run", how @ ..]) => match status(how) {
                (status, []) => Recipe::Run {
                    status,
                    args,
                    target: None,
                },
                _ => panic!("{name}: unknown recipe {header:?}"),
            },
            Some(["rundir", how @ ..]) => {
                let (status, target) = status(how);
                let target = Some(target.first().unwrap_or(&".").to_string());
                Recipe::Run {
                    status,
                    args,
                    target,
                }
            }
            Some(["testdir", how @ ..]) => {
                let (status, args) = status(how);
                let args = args.iter().map(|arg| (*arg).to_owned()).collect();
                Recipe::Test { status, args }
            }
            Some(["errorcheck" | "errorcheckdir"]) => Recipe::ErrorCheck,
            Some(["escape" | "escapedir", flags @ ..]) => Recipe::Escape(match flags {
                [] => "-m -l".to_owned(),
                flags => flags.join(" "),
            }),
            _ => panic!("{name}: unknown recipe {header:?}"),
        };
        let pairs = |word: &str, between: &str| -> Vec<(String, String)> {
            text.lines()
                .take_while(|line| line.starts_with("//"))
                .filter_map(|line| line.strip_prefix(word)?.split_once(between))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect()
        };
        let skipped_modes = pairs("// skip ", ": ").into_iter().collect();
        let environment = pairs("// env ", "=");
        Program {
            root: root.to_owned(),
            path: path.to_owned(),
            name,
            recipe,
            text,
            skipped_modes,
            environment,
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
        command.current_dir(self.folder());
        command
    }

    /// Where the program runs.
    fn folder(&self) -> &Path {
        match self.path.is_dir() {
            true => &self.path,
            false => &self.root,
        }
    }

    fn execute(&self, command: &mut Command) -> Result<Output, Failed> {
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
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
        let mut command = self.mini();
        match &self.recipe {
            Recipe::Run { args, target, .. } => match target {
                Some(target) => command.arg("run").arg(target).args(args),
                None => command.arg("run").arg(&self.path).args(args),
            },
            Recipe::Test { args, .. } => command.arg("test").args(args),
            Recipe::ErrorCheck | Recipe::Escape(_) => unreachable!("not run"),
        };
        command.envs(environment.iter().copied());
        let output = self.execute(&mut command)?;
        self.expect_output(&output)?;
        self.expect_errors(&output)
    }

    fn expect_errors(&self, output: &Output) -> Result<(), Failed> {
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

    fn expect_output(&self, output: &Output) -> Result<(), Failed> {
        let (status, stdout) = match &self.recipe {
            Recipe::Test { status, .. } => (*status, without_times(&output.stdout)?),
            Recipe::Run { status, .. } => (*status, output.stdout.clone()),
            Recipe::ErrorCheck | Recipe::Escape(_) => unreachable!("not run"),
        };
        let expected = self.companion("out").unwrap_or_default();
        if stdout != expected && update_expect() {
            std::fs::write(self.path.with_extension("out"), &stdout)?;
        } else if stdout != expected {
            return Err(format!(
                "{}\nstderr:\n{}",
                difference(&expected, &stdout),
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
        let dir = std::env::temp_dir().join(format!(
            "mini-go-{}-{}",
            std::process::id(),
            self.name.replace('/', "-")
        ));
        if self.path.is_dir() {
            copy_for_go(&self.path, &dir)?;
        } else {
            std::fs::create_dir_all(&dir)?;
            // Without a module, Go takes the run-time settings of an older version.
            std::fs::write(dir.join("go.mod"), "module program\n\ngo 1.27\n")?;
            std::fs::write(dir.join("main.go"), &self.text)?;
        }
        let result = self.ask_go(go, &dir);
        std::fs::remove_dir_all(&dir)?;
        result
    }

    fn ask_go(&self, go: &Path, dir: &Path) -> Result<(), Failed> {
        let mut command = Command::new(go);
        command
            .env("GOFLAGS", "")
            .env("GO111MODULE", "on")
            .current_dir(dir);
        let (status, args, target) = match &self.recipe {
            Recipe::Run {
                status,
                args,
                target,
            } => (*status, args, target.as_deref()),
            Recipe::Test { args, .. } => {
                command.args(["test", "-count=1", "-vet=off"]).args(args);
                let output = self.execute(&mut command)?;
                return self.expect_output(&output);
            }
            Recipe::ErrorCheck | Recipe::Escape(_) => unreachable!("not run"),
        };
        if let Some(target) = target
            && status == 1
        {
            // Most of these do not compile.
            let output = self.execute(command.args(["run", target]))?;
            self.expect_output(&output)?;
            return self.expect_errors(&output);
        }
        command.args(["build", "-o", "program", target.unwrap_or("main.go")]);
        let built = self.execute(&mut command)?;
        if built.status == Some(0) {
            let mut command = Command::new(dir.join("program"));
            let is_folder = self.path.is_dir();
            command.current_dir(if is_folder { dir } else { &self.root });
            let output = self.execute(command.args(args))?;
            self.expect_output(&output)
        } else {
            Err(built.stderr.into())
        }
    }

    /// Compares diagnostics with the `// ERROR "regexp"` comments, line by line, as Go's test runner does.
    fn check_lines(&self, arguments: &[&str]) -> Result<(), Failed> {
        let mut command = self.mini();
        command.args(arguments);
        match self.path.is_dir() {
            true => command.arg("./..."),
            false => command.arg(&self.path),
        };
        let output = self.execute(&mut command)?;
        if output.status.is_none_or(|s| s > 1) {
            return Err(format!("status {:?}:\n{}", output.status, output.stderr).into());
        }
        let message_line = Regex::new(r"^([^: \t]+):([0-9]+):([0-9]+): (.*)$")?;
        let mut found: BTreeMap<(PathBuf, usize), Vec<String>> = BTreeMap::new();
        let mut place = None;
        for text in output.stderr.lines() {
            if let Some(parts) = message_line.captures(text) {
                let file = self.folder().join(parts[1].trim_start_matches("./"));
                let at = (file, parts[2].parse()?);
                found
                    .entry(at.clone())
                    .or_default()
                    .push(parts[4].to_owned());
                place = Some(at);
            } else if let Some(at) = &place
                && !text.starts_with("# ")
            {
                let messages = found.entry(at.clone()).or_default();
                let last = messages.last_mut().expect("a message");
                last.push('\n');
                last.push_str(text);
            }
        }
        let mut files = vec![];
        match self.path.is_dir() {
            true => collect(&self.path, &mut files),
            false => files.push(self.path.clone()),
        }
        let mut problems = vec![];
        for file in files {
            let text = std::fs::read_to_string(&file)?;
            for (index, text) in text.lines().enumerate() {
                let messages = found.remove(&(file.clone(), index + 1)).unwrap_or_default();
                let patterns = error_patterns(text)?;
                let place = format!("{}:{}", file.display(), index + 1);
                for pattern in &patterns {
                    if !messages.iter().any(|m| pattern.is_match(m)) {
                        problems.push(format!("{place}: no match for /{pattern}/ in {messages:?}"));
                    }
                }
                for message in &messages {
                    if !patterns.iter().any(|p| p.is_match(message)) {
                        problems.push(format!("{place}: unexpected: {message}"));
                    }
                }
            }
        }
        for ((file, line), messages) in found {
            problems.push(format!(
                "{}:{line}: no such line: {messages:?}",
                file.display()
            ));
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(problems.join("\n").into())
        }
    }
}

/// What a recipe says of the exit status, and the words behind it.
fn status<'a, 'b>(how: &'b [&'a str]) -> (i32, &'b [&'a str]) {
    match how {
        ["panic", rest @ ..] => (2, rest),
        ["exit", n, rest @ ..] => (n.parse().expect("exit status"), rest),
        rest => (0, rest),
    }
}

/// Copies a program's folder, with Go's ending for its files.
fn copy_for_go(from: &Path, to: &Path) -> Result<(), Failed> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let path = entry?.path();
        let name = path.file_name().expect("a name");
        if path.is_dir() {
            copy_for_go(&path, &to.join(name))?;
            continue;
        }
        let mut copy = to.join(name);
        if path
            .extension()
            .is_some_and(|extension| extension == "mini")
        {
            copy.set_extension("go");
        }
        std::fs::copy(&path, copy)?;
    }
    Ok(())
}

/// What a test prints, without times and traces; Go's file names as Mini's.
fn without_times(output: &[u8]) -> Result<Vec<u8>, Failed> {
    let text = String::from_utf8_lossy(output);
    let text = Regex::new(r"[0-9]+[.][0-9]+s")?.replace_all(&text, "TIME");
    let text = Regex::new(r"(?s)\n\ngoroutine [0-9]+ .*?\n(exit status|FAIL\t)")?
        .replace_all(&text, "\n$1");
    let text = Regex::new(r"\.go:([0-9])")?.replace_all(&text, ".mini:$1");
    Ok(text.into_owned().into_bytes())
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
