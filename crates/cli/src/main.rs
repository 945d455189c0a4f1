//! The `mini` command: arguments, terminal, exit status. Everything else is in `mini-driver`.
//!
//! Go's flags begin with one dash (`-gcflags=-m`); clap's with two. [`arguments`] adds the second dash, and
//! the word `run` where the first argument is a file (`mini prog.mini`, and `#!/usr/bin/env mini`).

mod options;

use clap::Parser;
use mini_driver::{Action, Request};
use options::{Cli, Command};
use std::io::IsTerminal;
use std::process::ExitCode;

/// The compiler allocates many small things in a short time, which the system's allocator is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    mini_driver::install_panic_hook();
    let cli = Cli::parse_from(arguments(std::env::args_os()));
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
    let (action, files, args, compile) = match command {
        Command::Run {
            emit,
            compile,
            file,
            args,
        } => {
            let action = match emit {
                Some(stage) => Action::Emit(stage.into()),
                None => Action::Run,
            };
            (action, vec![file], args, compile)
        }
        Command::Build { compile, files } => (Action::Build, files, vec![], compile),
        Command::Check { compile, files } => (Action::Check, files, vec![], compile),
    };
    let flags = compile.flags()?;
    Ok(Request {
        action,
        files,
        args,
        flags,
        is_terminal,
    })
}

/// The arguments in clap's form.
fn arguments(raw: impl Iterator<Item = std::ffi::OsString>) -> Vec<std::ffi::OsString> {
    let mut args: Vec<std::ffi::OsString> = raw.collect();
    if let Some(first) = args.get(1).and_then(|a| a.to_str())
        && (first.ends_with(".mini")
            || first.ends_with(".go")
            || (first.contains('/') && !first.starts_with('-')))
    {
        args.insert(1, "run".into());
    }
    // Only before the program's file: what follows belongs to the program.
    for arg in args.iter_mut().skip(2) {
        let Some(text) = arg.to_str() else { break };
        if !text.starts_with('-') {
            break;
        }
        if text.starts_with("-gcflags") || text.starts_with("-emit") {
            *arg = format!("-{text}").into();
        }
    }
    args
}

#[cfg(test)]
mod tests {
    use super::arguments;

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
    fn go_flags_get_a_second_dash_before_the_file_only() {
        check(
            &["mini", "build", "-gcflags=-m -l", "a.mini", "-gcflags=x"],
            &["mini", "build", "--gcflags=-m -l", "a.mini", "-gcflags=x"],
        );
    }
}
