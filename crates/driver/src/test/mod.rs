//! `mini test`: each package is built and run by a process of its own, and what it prints is passed on as Go's command does.
//!
//! The process of a package ([`run_package`]) makes a main program in memory ([`testmain`]) that imports the package together with
//! its test files, and calls package `testing`. How it ends tells the outcome; that the build came to its end is told by a
//! file that it removes, because a test may end with any exit status.

mod testmain;

use crate::packages::{Folder, Named, Packages};
use crate::{Action, GcFlags, Request, STATUS_ERRORS, Session, Targets, on_large_stack};
use mini_diagnostics::Code;
use mini_frontend::Root;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// The flags of `mini test`, as they were given.
#[derive(Clone, Debug, Default)]
pub struct TestFlags {
    pub run: String,
    pub skip: String,
    pub list: String,
    pub bench: String,
    /// A duration (`1s`) or a number of iterations (`100x`).
    pub bench_time: String,
    pub bench_mem: bool,
    pub count: u32,
    /// A duration; 0 is none.
    pub timeout: String,
    /// How many tests run at once; 0: as many as threads.
    pub parallel: u32,
    pub short: bool,
    pub verbose: bool,
    pub fail_fast: bool,
}

/// A command line of `mini test`.
#[derive(Clone, Debug)]
pub struct TestRequest {
    /// Folders, trees, import paths; empty: the working directory, whose tests print as they run.
    pub packages: Vec<String>,
    pub flags: TestFlags,
    /// Arguments of the test programs.
    pub args: Vec<String>,
}

/// What [`run_package`] is to do.
#[derive(Clone, Debug)]
pub struct PackageTest {
    pub folder: PathBuf,
    /// Removed when the package is built.
    pub mark: PathBuf,
    pub flags: TestFlags,
    pub args: Vec<String>,
}

/// Exit status of the process of a package with imports that cannot be loaded.
const STATUS_SETUP: u8 = 2;

/// Tests packages: one process each, started by `start`, which gets a folder and a mark ([`PackageTest`]). Returns the exit
/// status.
pub fn test(request: &TestRequest, start: &dyn Fn(&Path, &Path) -> Command) -> u8 {
    match test_all(request, start) {
        Ok(is_fine) => u8::from(!is_fine),
        Err(message) => {
            eprintln!("{message}");
            STATUS_ERRORS
        }
    }
}

fn test_all(
    request: &TestRequest,
    start: &dyn Fn(&Path, &Path) -> Command,
) -> Result<bool, String> {
    duration(&request.flags.timeout).ok_or_else(|| invalid("timeout", &request.flags.timeout))?;
    bench_time(&request.flags.bench_time)
        .ok_or_else(|| invalid("benchtime", &request.flags.bench_time))?;
    let is_here = request.packages.is_empty();
    let patterns = match is_here {
        true => vec![".".to_string()],
        false => request.packages.clone(),
    };
    let mut packages = Packages::new()?;
    let named = packages.named(&patterns)?;
    if named.is_empty() {
        eprintln!(
            "mini: warning: {:?} matched no packages",
            patterns.join(" ")
        );
        return Err("no packages to test".to_string());
    }
    let mut is_fine = true;
    for named in &named {
        let folder = packages.read(&named.folder);
        let folder = match folder {
            Ok(folder) if folder.is_empty() => {
                if patterns.iter().any(|pattern| pattern.ends_with("...")) {
                    continue;
                }
                Err(format!(
                    "package {}: {}",
                    named.path,
                    folder.why_empty(&named.folder)
                ))
            }
            other => other,
        };
        let has_passed = match folder {
            Ok(folder) => test_package(request, named, &folder, is_here, start)?,
            Err(message) => {
                eprintln!("# {}\n{message}", named.path);
                println!("FAIL\t{} [setup failed]", named.path);
                false
            }
        };
        is_fine &= has_passed;
        if request.flags.fail_fast && !is_fine {
            break;
        }
    }
    if !is_here && !is_fine {
        println!("FAIL");
    }
    Ok(is_fine)
}

fn invalid(flag: &str, value: &str) -> String {
    format!("mini: invalid value {value:?} for flag -{flag}\nRun 'mini help test' for usage.")
}

/// Tests one package in a process of its own, and says how it went. Whether it went well.
fn test_package(
    request: &TestRequest,
    named: &Named,
    folder: &Folder,
    is_here: bool,
    start: &dyn Fn(&Path, &Path) -> Command,
) -> Result<bool, String> {
    let failed = |e: std::io::Error| format!("mini: {}", crate::report::io_reason(&e));
    let mark = Mark::new().map_err(failed)?;
    let (mut reader, writer) = std::io::pipe().map_err(failed)?;
    let mut command = start(&named.folder, &mark.0);
    command
        .stdin(Stdio::null())
        .stdout(writer.try_clone().map_err(failed)?)
        .stderr(writer);
    let began = Instant::now();
    let mut child = command.spawn().map_err(failed)?;
    // The parent's copies of the writing end must be closed, or reading never ends.
    drop(command);
    let streams = (is_here || !request.flags.bench.is_empty()) && folder.has_tests();
    let mut output = vec![];
    let mut buffer = [0; 4096];
    loop {
        let n = reader.read(&mut buffer).map_err(failed)?;
        if n == 0 {
            break;
        }
        output.extend_from_slice(&buffer[..n]);
        // Until the package is built, these are errors of the compiler.
        if streams && !mark.0.exists() {
            print(&output);
            output.clear();
        }
    }
    let status = child.wait().map_err(failed)?;
    let path = &named.path;
    if mark.0.exists() {
        let what = match status.code() {
            Some(code) if code == i32::from(STATUS_SETUP) => "setup failed",
            _ => "build failed",
        };
        eprint!("{}", String::from_utf8_lossy(&output));
        println!("FAIL\t{path} [{what}]");
        return Ok(false);
    }
    let time = format!("{:.3}s", began.elapsed().as_secs_f64());
    if !folder.has_tests() {
        println!("?   \t{path}\t[no test files]");
    } else if status.success() {
        let ran_none = b"testing: warning: no tests to run";
        let note = match output.windows(ran_none.len()).any(|text| text == ran_none) {
            true => " [no tests to run]",
            false => "",
        };
        let shows = request.flags.verbose || !request.flags.list.is_empty() || streams;
        if shows {
            print(&output);
        }
        println!("ok  \t{path}\t{time}{note}");
    } else {
        print(&output);
        if output.is_empty() || streams {
            println!("{}", describe(status));
        } else if !output.ends_with(b"\n") {
            println!();
        }
        println!("FAIL\t{path}\t{time}");
    }
    Ok(status.success())
}

/// As Go says how a process ended.
fn describe(status: std::process::ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("exit status {code}"),
        None => status.to_string(),
    }
}

fn print(text: &[u8]) {
    let mut stdout = std::io::stdout();
    // A closed pipe is the end of interest.
    let _ = stdout.write_all(text).and_then(|()| stdout.flush());
}

/// A file that exists until the package is built.
struct Mark(PathBuf);

impl Mark {
    fn new() -> std::io::Result<Mark> {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        let now = now.unwrap_or_default().as_nanos();
        let name = format!("mini-test-{}-{now}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::File::create_new(&path)?;
        Ok(Mark(path))
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        // Mostly it is gone by now.
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Builds and runs the tests of one package. Returns the exit status if there is nothing to run.
pub fn run_package(test: PackageTest) -> u8 {
    on_large_stack(move || match build(&test) {
        Ok(status) => status,
        Err(message) => {
            eprintln!("{message}");
            STATUS_SETUP
        }
    })
}

fn build(test: &PackageTest) -> Result<u8, String> {
    let folder_name = test.folder.display().to_string();
    let mut session = Session::new(Request {
        action: Action::Run,
        targets: Targets::Packages(vec![folder_name.clone()]),
        args: test.args.clone(),
        flags: GcFlags::default(),
        is_terminal: false,
    })?;
    let mut named = session.packages.named(&[folder_name])?;
    let Some(named) = named.pop() else {
        return Err("no package".to_string());
    };
    let folder = session.packages.read(&named.folder)?;
    if !folder.has_tests() {
        let root = session.packages.root(&named, &mut session.sources)?;
        session.check(&[root]);
        return Ok(finish(&mut session, &named.path, &test.mark));
    }
    let plan = testmain::plan(&mut session, &folder);
    let root = Root {
        path: format!("{}.test", named.path),
        files: vec![session.sources.add(
            "_testmain.go",
            testmain::source(&plan, &named.path, &test.flags),
        )],
    };
    session.packages.add_tests(&named.path, &folder);
    if !session.diagnostics.is_empty() {
        return Ok(finish(&mut session, &named.path, &test.mark));
    }
    let options = crate::pipeline::Options {
        heap_all: crate::run::debug_flags().heap_all,
        ..Default::default()
    };
    let Some(compiled) = session.compile(&[root], options) else {
        return Ok(finish(&mut session, &named.path, &test.mark));
    };
    let status = finish(&mut session, &named.path, &test.mark);
    if status != 0 {
        return Ok(status);
    }
    if let Ok(here) = std::env::current_dir() {
        mini_runtime::trace::set_directory(here);
    }
    std::env::set_current_dir(&named.folder).map_err(|e| {
        format!(
            "{}: {}",
            named.folder.display(),
            crate::report::io_reason(&e)
        )
    })?;
    Ok(crate::run::run(&mut session, compiled))
}

/// Says what is wrong, and marks the package as built if nothing is.
fn finish(session: &mut Session, path: &str, mark: &Path) -> u8 {
    let is_setup = session
        .diagnostics
        .iter()
        .any(|d| d.code == Code::BrokenImport);
    if is_setup {
        eprintln!("# {path}");
    }
    let status = session.report();
    if status == 0 {
        let _ = std::fs::remove_file(mark);
    }
    if is_setup { STATUS_SETUP } else { status }
}

/// A duration in Go's form (`1m30s`, `1.5h`, `0`), without sign.
fn duration(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        rest = &rest[end..];
        let end = rest
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(rest.len());
        let seconds = match &rest[..end] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += Duration::try_from_secs_f64(number * seconds).ok()?;
        rest = &rest[end..];
    }
    (!text.is_empty()).then_some(total)
}

/// How long a benchmark runs, or how often.
fn bench_time(text: &str) -> Option<(Duration, u32)> {
    match text.strip_suffix('x') {
        Some(count) => Some((Duration::ZERO, count.parse().ok().filter(|&n| n > 0)?)),
        None => Some((duration(text)?, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_in_go_s_form() {
        assert_eq!(duration("1m30s"), Some(Duration::from_secs(90)));
        assert_eq!(duration("1.5ms"), Some(Duration::from_micros(1500)));
        assert_eq!(duration("0"), Some(Duration::ZERO));
        assert!(duration("5").is_none() && duration("").is_none() && duration("1x").is_none());
        assert_eq!(bench_time("100x"), Some((Duration::ZERO, 100)));
    }
}
