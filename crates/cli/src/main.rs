//! The `mini` command: arguments, terminal, exit status. Everything else is in `mini-driver`.
//!
//! Go's flags begin with one dash (`-gcflags=-m`); clap's with two. [`arguments`] adds the second dash, and
//! the word `run` where the first argument is a file (`mini prog.mini`, and `#!/usr/bin/env mini`).

mod options;

use clap::Parser;
use mini_driver::{Action, Arena, PackageTest, Request, Targets, TestRequest};
use options::{Cli, Command, VALUED, arguments_of};
use std::io::IsTerminal;
use std::path::Path;
use std::process::ExitCode;

/// The compiler allocates many small things in a short time, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: Arena<mimalloc::MiMalloc> = Arena(mimalloc::MiMalloc);

/// In the form of Go's, with the version of the language behind.
const VERSION: &str = concat!(
    "mini version ",
    env!("CARGO_PKG_VERSION"),
    " (go1.27) linux/amd64"
);

fn main() -> ExitCode {
    mini_driver::install_panic_hook();
    let cli = Cli::parse_from(arguments(std::env::args_os()));
    match perform(cli.command) {
        Ok(status) => ExitCode::from(status),
        Err(message) => {
            eprintln!("mini: {message}\nRun 'mini help' for usage.");
            ExitCode::from(2)
        }
    }
}

/// Does what is asked; the exit status.
fn perform(command: Command) -> Result<u8, String> {
    let (action, targets, args, compile) = match command {
        Command::Run {
            emit,
            compile,
            program,
            args,
        } => {
            let action = match emit {
                Some(stage) => Action::Emit(stage.into()),
                None => Action::Run,
            };
            let (program, args) = split(program, args);
            (action, Targets::of(program), args, compile)
        }
        Command::Build { compile, packages } => {
            (Action::Build, Targets::of(packages), vec![], compile)
        }
        Command::Check { compile, packages } => {
            (Action::Check, Targets::of(packages), vec![], compile)
        }
        Command::Test {
            flags,
            packages,
            args,
        } => {
            let request = TestRequest {
                packages,
                flags: flags.flags(),
                args,
            };
            return test(&request);
        }
        Command::TestPackage {
            folder,
            mark,
            flags,
            args,
        } => {
            return Ok(mini_driver::run_package(PackageTest {
                folder,
                mark,
                flags: flags.flags(),
                args,
            }));
        }
        Command::Version => {
            println!("{VERSION}");
            return Ok(0);
        }
    };
    Ok(mini_driver::execute(Request {
        action,
        targets,
        args,
        flags: compile.flags()?,
        is_terminal: std::io::stderr().is_terminal(),
    }))
}

/// Tests packages, each in a process of this program.
fn test(request: &TestRequest) -> Result<u8, String> {
    let own = std::env::current_exe().map_err(|e| format!("cannot find itself: {e}"))?;
    let start = |folder: &Path, mark: &Path| {
        let mut command = std::process::Command::new(&own);
        command.arg("test-package");
        command.arg("--folder").arg(folder).arg("--mark").arg(mark);
        command.args(arguments_of(&request.flags));
        command.arg("--").args(&request.args);
        command
    };
    Ok(mini_driver::test(request, &start))
}

/// The program's files, or the one argument that names it, and the program's arguments.
fn split(program: String, mut args: Vec<String>) -> (Vec<String>, Vec<String>) {
    let n_files = match mini_driver::is_source(&program) {
        true => args
            .iter()
            .take_while(|arg| mini_driver::is_source(arg))
            .count(),
        false => 0,
    };
    let rest = args.split_off(n_files);
    args.insert(0, program);
    (args, rest)
}

/// The arguments in clap's form.
fn arguments(raw: impl Iterator<Item = std::ffi::OsString>) -> Vec<std::ffi::OsString> {
    let mut args: Vec<std::ffi::OsString> = raw.collect();
    if let Some(first) = args.get(1).and_then(|a| a.to_str())
        && (mini_driver::is_source(first) || (first.contains('/') && !first.starts_with('-')))
    {
        args.insert(1, "run".into());
    }
    let is_test = args.get(1).is_some_and(|command| command == "test");
    let is_run = args.get(1).is_some_and(|command| command == "run");
    let mut at = 2;
    while let Some(text) = args.get(at).and_then(|arg| arg.to_str()) {
        at += 1;
        if is_test && matches!(text, "-args" | "--args") {
            args[at - 1] = "--".into();
            break;
        }
        // Behind the program's file everything belongs to the program; tests take flags behind packages, too.
        if !text.starts_with('-') || text == "-" {
            if is_test {
                continue;
            }
            if is_run {
                args.insert(at, "--".into());
            }
            break;
        }
        let has_value = VALUED.contains(&text.trim_start_matches('-'));
        if text.len() > 2 && !text.starts_with("--") {
            args[at - 1] = format!("-{text}").into();
        }
        if has_value {
            at += 1;
        }
    }
    args
}

#[cfg(test)]
mod tests {
    use super::{arguments, split};

    fn check(given: &[&str], expect: &[&str]) {
        let given = given.iter().map(|s| std::ffi::OsString::from(*s));
        assert_eq!(
            arguments(given),
            expect
                .iter()
                .map(std::ffi::OsString::from)
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn file_alone_means_run() {
        check(
            &["mini", "a.mini", "-x"],
            &["mini", "run", "a.mini", "--", "-x"],
        );
        check(&["mini", "./a", "b"], &["mini", "run", "./a", "--", "b"]);
    }

    #[test]
    fn what_stands_behind_the_program_is_its_own() {
        check(
            &[
                "mini",
                "run",
                "--emit",
                "mir",
                "-gcflags=-l",
                "a.mini",
                "-h",
                "--",
                "--emit=ast",
            ],
            &[
                "mini",
                "run",
                "--emit",
                "mir",
                "--gcflags=-l",
                "a.mini",
                "--",
                "-h",
                "--",
                "--emit=ast",
            ],
        );
    }

    #[test]
    fn leading_files_belong_to_the_program() {
        let texts = |list: &[&str]| list.iter().map(|s| (*s).to_string()).collect::<Vec<_>>();
        assert_eq!(
            split("a.mini".into(), texts(&["b.go", "x", "c.mini"])),
            (texts(&["a.mini", "b.go"]), texts(&["x", "c.mini"]))
        );
        assert_eq!(
            split("./app".into(), texts(&["b.go"])),
            (texts(&["./app"]), texts(&["b.go"]))
        );
    }

    #[test]
    fn flags_of_tests_may_stand_behind_packages() {
        check(
            &["mini", "test", "./...", "-run", "-x", "-v", "-args", "-y"],
            &["mini", "test", "./...", "--run", "-x", "-v", "--", "-y"],
        );
    }

    #[test]
    fn go_flags_get_a_second_dash_before_the_file_only() {
        check(
            &["mini", "build", "-gcflags=-m -l", "a.mini", "-gcflags=x"],
            &["mini", "build", "--gcflags=-m -l", "a.mini", "-gcflags=x"],
        );
    }
}
