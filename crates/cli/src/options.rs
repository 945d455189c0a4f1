//! What can be said on the command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use mini_driver::{GcFlags, Stage, TestFlags};
use std::path::PathBuf;

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
    /// Run tests, examples and benchmarks: the files that end in _test.mini or _test.go
    Test {
        #[command(flatten)]
        flags: TestArgs,
        /// Packages: folders, import paths, ./... for all; without any, that of the working directory
        packages: Vec<String>,
        /// Arguments of the test program (behind -args)
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// The process of one package of a test
    #[command(hide = true)]
    TestPackage {
        #[arg(long)]
        folder: PathBuf,
        #[arg(long)]
        mark: PathBuf,
        #[command(flatten)]
        flags: TestArgs,
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Print the version
    Version,
}

#[derive(Args)]
pub(crate) struct TestArgs {
    /// Run only tests and examples that match this regular expression, level by level between slashes
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "REGEXP",
        allow_hyphen_values = true
    )]
    run: String,
    /// Leave out tests, examples and benchmarks that match
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "REGEXP",
        allow_hyphen_values = true
    )]
    skip: String,
    /// List what matches, and run nothing
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "REGEXP",
        allow_hyphen_values = true
    )]
    list: String,
    /// Run the benchmarks that match
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "REGEXP",
        allow_hyphen_values = true
    )]
    bench: String,
    /// Run each benchmark for so long, or so often (100x)
    #[arg(long, default_value = "1s", value_name = "TIME")]
    benchtime: String,
    /// Show what benchmarks allocate
    #[arg(long)]
    benchmem: bool,
    /// Run everything so often
    #[arg(long, default_value = "1", value_name = "N")]
    count: u32,
    /// End the tests of a package after so long; 0 is never
    #[arg(long, default_value = "10m", value_name = "TIME")]
    timeout: String,
    /// Run at most so many parallel tests at once; by default as many as threads
    #[arg(long, default_value = "0", hide_default_value = true, value_name = "N")]
    parallel: u32,
    /// Tell tests to be quick
    #[arg(long)]
    short: bool,
    /// Start no further test after one has failed
    #[arg(long)]
    failfast: bool,
    /// Say what runs, and what it logs
    #[arg(short = 'v', long = "v")]
    verbose: bool,
}

/// The flags that have a value.
pub(crate) const VALUED: [&str; 10] = [
    "emit",
    "gcflags",
    "run",
    "skip",
    "list",
    "bench",
    "benchtime",
    "count",
    "timeout",
    "parallel",
];

impl TestArgs {
    pub(crate) fn flags(self) -> TestFlags {
        TestFlags {
            run: self.run,
            skip: self.skip,
            list: self.list,
            bench: self.bench,
            bench_time: self.benchtime,
            bench_mem: self.benchmem,
            count: self.count,
            timeout: self.timeout,
            parallel: self.parallel,
            short: self.short,
            verbose: self.verbose,
            fail_fast: self.failfast,
        }
    }
}

/// [`TestFlags`] as arguments.
pub(crate) fn arguments_of(flags: &TestFlags) -> Vec<String> {
    let mut out = vec![
        format!("--run={}", flags.run),
        format!("--skip={}", flags.skip),
        format!("--list={}", flags.list),
        format!("--bench={}", flags.bench),
        format!("--benchtime={}", flags.bench_time),
        format!("--count={}", flags.count),
        format!("--timeout={}", flags.timeout),
        format!("--parallel={}", flags.parallel),
    ];
    for (is_set, flag) in [
        (flags.bench_mem, "--benchmem"),
        (flags.short, "--short"),
        (flags.verbose, "--v"),
        (flags.fail_fast, "--failfast"),
    ] {
        if is_set {
            out.push(flag.to_string());
        }
    }
    out
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
                "-m" => flags.explain = (flags.explain + 1).min(2),
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
