//! What can be said on the command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use mini_driver::{GcFlags, Stage};

/// Mini: Go's language, compiled in milliseconds, on a runtime that can be seen through.
#[derive(Parser)]
#[command(
    name = "mini",
    version,
    after_help = "`mini FILE` is short for `mini run FILE`."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Compile a program in memory and run it
    Run {
        /// Print a stage of the compilation instead of running
        #[arg(long, value_enum)]
        emit: Option<EmitArg>,
        #[command(flatten)]
        compile: CompileArgs,
        /// The program: its files (.mini or .go), its folder or import path, or - for standard input
        #[arg(value_name = "PROGRAM")]
        program: String,
        /// Further files of the program, then its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        args: Vec<String>,
    },
    /// Compile without running, and write nothing; with -gcflags=-m, say of every allocation where it lives and why
    Build {
        #[command(flatten)]
        compile: CompileArgs,
        /// Files of one package, or packages: folders, import paths, ./... for all
        #[arg(
            value_name = "PACKAGES",
            default_value = ".",
            hide_default_value = true
        )]
        packages: Vec<String>,
    },
    /// Report errors only, all of them
    Check {
        #[command(flatten)]
        compile: CompileArgs,
        /// Files of one package, or packages: folders, import paths, ./... for all
        #[arg(
            value_name = "PACKAGES",
            default_value = ".",
            hide_default_value = true
        )]
        packages: Vec<String>,
    },
    /// Print the version
    Version,
}

#[derive(Args)]
pub(crate) struct CompileArgs {
    /// Go's compiler flags: -m (escape decisions), -m=2 (with their reasons), -l (no inlining), -e (all errors)
    #[arg(long, value_name = "FLAGS", allow_hyphen_values = true)]
    gcflags: Vec<String>,
    /// Report all errors, not only the first ten
    #[arg(short = 'e')]
    all_errors: bool,
}

impl CompileArgs {
    /// # Errors
    /// A sentence about a flag that Mini does not know.
    pub(crate) fn flags(&self) -> Result<GcFlags, String> {
        let mut flags = GcFlags {
            all_errors: self.all_errors,
            ..GcFlags::default()
        };
        for word in self
            .gcflags
            .iter()
            .flat_map(|words| words.split_whitespace())
        {
            match word {
                "-m" => flags.explain = flags.explain.max(1),
                "-m=2" | "-m=3" => flags.explain = 2,
                "-m=1" => flags.explain = 1,
                "-m=0" => flags.explain = 0,
                "-l" | "-l=1" => flags.no_inline = true,
                "-e" => flags.all_errors = true,
                other => {
                    return Err(format!(
                        "unknown flag {other} in -gcflags (known: -m, -m=2, -l, -e)"
                    ));
                }
            }
        }
        Ok(flags)
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum EmitArg {
    Tokens,
    Ast,
    Mir,
    Clif,
    Asm,
}

impl From<EmitArg> for Stage {
    fn from(arg: EmitArg) -> Stage {
        match arg {
            EmitArg::Tokens => Stage::Tokens,
            EmitArg::Ast => Stage::Ast,
            EmitArg::Mir => Stage::Mir,
            EmitArg::Clif => Stage::Clif,
            EmitArg::Asm => Stage::Asm,
        }
    }
}
