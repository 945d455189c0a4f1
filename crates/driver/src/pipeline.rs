//! The pipeline, one line a pass.

use crate::timing::phase;
use crate::{Action, GcFlags, Session};
use mini_diagnostics::{Code, Diagnostic, SourceMap, Span};
use mini_frontend::Root;
use mini_mir::{BodyDecisions, Decisions, Program};
use std::mem::ManuallyDrop;

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
    /// Checks the user's packages; `None` if there are errors.
    pub(crate) fn check(&mut self, roots: &[Root]) -> Option<mini_frontend::Program> {
        let packages = &mut self.packages;
        let mut loader = |path: &str, importer: &str| packages.import(path, importer);
        let options = mini_frontend::Options {
            allow_missing_bodies: self.request.action == Action::Check,
        };
        let (program, diagnostics) = phase("load and check", || {
            mini_frontend::check_packages(roots, &mut loader, &mut self.sources, options)
        });
        let is_fine = !diagnostics.iter().any(Diagnostic::is_error);
        // What is wrong with imports is said before there are packages.
        let is_loaded = !diagnostics.iter().any(|d| d.code == Code::BrokenImport);
        for package in program
            .packages
            .iter()
            .filter(|package| !package.is_lazy && is_loaded)
        {
            let number = self.paths.len();
            self.paths.push(self.packages.header(package.path.as_str()));
            self.package_of
                .extend(package.files.iter().map(|&file| (file, number)));
        }
        self.diagnostics.extend(diagnostics);
        is_fine.then_some(program)
    }

    /// The program that the only root is.
    pub(crate) fn compile(&mut self, roots: &[Root], options: Options) -> Option<Compiled> {
        // Never dropped: taking a tree apart takes time, and the process ends soon or needs the memory no more.
        let mut checked = ManuallyDrop::new(self.check(roots)?);
        let main = checked.package(checked.main);
        if main.name != "main" {
            let text = format!("package {} is not a main package", main.path);
            self.diagnostics
                .push(Diagnostic::error(Code::InvalidMainDecl, Span::NONE, text));
            return None;
        }
        self.make(&mut checked, options)
    }

    /// Makes every root, for what is said on the way.
    pub(crate) fn explain(&mut self, roots: &[Root], options: Options) {
        if let Some(mut checked) = self.check(roots) {
            for root in checked.roots.clone() {
                checked.main = root;
                self.make(&mut checked, options);
            }
        }
    }

    /// A checked program to MIR and decisions; lines of `-m` become diagnostics.
    fn make(&mut self, checked: &mut mini_frontend::Program, options: Options) -> Option<Compiled> {
        let lowering = mini_lower::Options {
            whole_user_package: options.whole_package,
            explain: options.flags.explain,
        };
        let lowered = phase("check and lower what is reached", || {
            mini_lower::lower(checked, lowering)
        });
        let mut program = match lowered {
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
        let lines = phase("inline", || {
            mini_mir::opt::run_before_escape(&mut program, &optimise)
        });
        for line in lines {
            self.diagnostics.push(Diagnostic::info(
                Code::Inline,
                line.pos.span(),
                line.message,
            ));
        }
        debug_verify(&program, "optimising");
        let (mut decisions, lines) = phase("escape", || {
            mini_escape::analyse(&program, &mini_escape::Options { level })
        });
        for line in lines {
            self.diagnostics.push(explanation(line, &self.sources));
        }
        if options.heap_all {
            for id in program.funcs.ids() {
                if let Some(body) = program.body(id) {
                    decisions
                        .bodies
                        .insert(id, BodyDecisions::all_heap(body, &program.types));
                }
            }
        }
        // What only makes code faster is done to a body when it is compiled.
        Some(Compiled { program, decisions })
    }
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
