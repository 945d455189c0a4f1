//! The pipeline, one line a pass.

use crate::{GcFlags, Session};
use mini_diagnostics::{Code, Diagnostic, FileId, SourceMap, Span};
use mini_frontend::PackageSource;
use mini_mir::{BodyDecisions, Decisions, Program};
use std::mem::ManuallyDrop;
use std::sync::Arc;

/// How far `lower` goes and what is said on the way.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    pub(crate) flags: GcFlags,
    /// Lower all of the user's functions, for `-m`; else what main reaches.
    pub(crate) whole_package: bool,
    /// `MINIDEBUG=heapall`
    pub(crate) heap_all: bool,
}

/// A program that is ready for machine code.
pub(crate) struct Compiled {
    pub(crate) program: Program,
    pub(crate) decisions: Decisions,
}

impl Session {
    /// Checks the user's files; `None` if there are errors.
    pub(crate) fn check(&mut self, files: &[FileId]) -> Option<mini_frontend::Program> {
        let (program, diagnostics) = mini_frontend::check(files, &mut library, &mut self.sources);
        let is_fine = !diagnostics.iter().any(Diagnostic::is_error);
        self.diagnostics.extend(diagnostics);
        is_fine.then_some(program)
    }

    /// Source to MIR and decisions; lines of `-m` become diagnostics.
    pub(crate) fn compile(&mut self, files: &[FileId], options: Options) -> Option<Compiled> {
        // Never dropped: taking a tree apart takes time, and the process ends soon or needs the memory no more.
        let mut checked = ManuallyDrop::new(self.check(files)?);
        let lowering = mini_lower::Options {
            whole_user_package: options.whole_package,
        };
        let mut program = match mini_lower::lower(&mut checked, lowering) {
            Ok(program) => program,
            Err(diagnostics) => {
                self.diagnostics.extend(diagnostics);
                return None;
            }
        };
        debug_verify(&program, "lowering");
        let level = options.flags.explain;
        let optimise = mini_mir::opt::Options {
            inline: !options.flags.no_inline,
            level,
        };
        for line in mini_mir::opt::run_before_escape(&mut program, &optimise) {
            self.diagnostics.push(Diagnostic::info(
                Code::Inline,
                line.pos.span(),
                line.message,
            ));
        }
        debug_verify(&program, "optimising");
        let (mut decisions, lines) =
            mini_escape::analyse(&program, &mini_escape::Options { level });
        for line in lines {
            self.diagnostics.push(explanation(line, &self.sources));
        }
        if options.heap_all {
            for id in program.funcs.ids() {
                if let Some(body) = program.body(id) {
                    decisions.bodies.insert(id, BodyDecisions::all_heap(body));
                }
            }
        }
        // What only makes code faster is done to a body when it is compiled.
        Some(Compiled { program, decisions })
    }
}

/// The sources of a library package.
fn library(path: &str) -> Option<PackageSource> {
    let files = mini_stdlib::package(path)?;
    let files = files
        .iter()
        .map(|(name, text)| (format!("$GOROOT/src/{path}/{name}"), Arc::from(*text)))
        .collect();
    Some(PackageSource { files })
}

/// A line of `-m` as a diagnostic, so that all lines come out in one order.
fn explanation(line: mini_escape::EscapeDiagnostic, sources: &SourceMap) -> Diagnostic {
    let mut message = line.message;
    if let Some(place) = line.at.and_then(|at| sources.locate(at)) {
        message += &format!(" at {place}");
    }
    Diagnostic::info(Code::Escape, Span::new(line.pos, line.pos), message)
}

/// In builds with debug assertions, every program is verified after each stage.
fn debug_verify(program: &Program, stage: &str) {
    if cfg!(debug_assertions) || std::env::var_os("MINI_VERIFY").is_some() {
        let problems = mini_mir::verify::program(program);
        if !problems.is_empty() {
            mini_diagnostics::bug!("MIR is wrong behind {stage}:\n{}", problems.join("\n"));
        }
    }
}
