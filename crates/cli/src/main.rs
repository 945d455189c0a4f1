//! The `mini` command: arguments, terminal, exit status. Everything else is in `mini-driver`.
//!
//! Go's flags begin with one dash (`-gcflags=-m`); clap's with two. [`arguments`] adds the second dash, and
//! the word `run` where the first argument is a file (`mini prog.mini`, and `#!/usr/bin/env mini`).

mod options;

use clap::Parser;
use mini_driver::{Action, Request, Targets};
use options::{Cli, Command};
use std::io::IsTerminal;
use std::process::ExitCode;

/// The compiler allocates many small things in a short time, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// In the form of Go's, with the version of the language behind.
const VERSION: &str = concat!(
    "mini version ",
    env!("CARGO_PKG_VERSION"),
    " (go1.27) linux/amd64"
);

fn main() -> ExitCode {
    mini_driver::install_panic_hook();
    let cli = Cli::parse_from(arguments(std::env::args_os()));
    if matches!(cli.command, Command::Version) {
        println!("{VERSION}");
        return ExitCode::SUCCESS;
    }
    let is_terminal = std::io::stderr().is_terminal();
    let request = match request(cli.command, is_terminal) {
        Ok(request) => request,
        Err(message) => {
            eprintln!("mini: {message}\nRun 'mini help' for usage.");
            return ExitCode::from(2);
        }
    };
    ExitCode::from(mini_driver::execute(request))
}

fn request(command: Command, is_terminal: bool) -> Result<Request, String> {
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
        Command::Version => unreachable!("answered before"),
    };
    let flags = compile.flags()?;
    Ok(Request {
        action,
        targets,
        args,
        flags,
        is_terminal,
    })
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
    // Only before the program's file: what follows belongs to the program.
    for arg in args.iter_mut().skip(2) {
        let Some(text) = arg.to_str() else { break };
        if !text.starts_with('-') || text == "-" {
            break;
        }
        if text.len() > 2 && !text.starts_with("--") {
            *arg = format!("-{text}").into();
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
        check(&["mini", "a.mini", "-x"], &["mini", "run", "a.mini", "-x"]);
        check(&["mini", "./a", "b"], &["mini", "run", "./a", "b"]);
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
    fn go_flags_get_a_second_dash_before_the_file_only() {
        check(
            &["mini", "build", "-gcflags=-m -l", "a.mini", "-gcflags=x"],
            &["mini", "build", "--gcflags=-m -l", "a.mini", "-gcflags=x"],
        );
    }
}
