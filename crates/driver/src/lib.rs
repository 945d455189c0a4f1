//! The whole pipeline, from files to a running program; all input and output of the compiler is here.
//!
//! [`execute`] does what one command line asks. [`check_source`] is the pipeline up to the checker on a text in memory, for
//! programs that embed the compiler and for tests.

mod emit;
mod pipeline;
mod report;
mod run;

pub use report::install_panic_hook;

use mini_diagnostics::{Diagnostics, FileId, SourceMap};
use mini_syntax::ast::{self, NodeIds};
use std::path::PathBuf;

/// What to do with the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    Run,
    Build,
    Check,
    Emit(Stage),
}

/// A stage that `--emit` prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    Tokens,
    Ast,
    Mir,
    Clif,
    Asm,
}

/// Go's compiler flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct GcFlags {
    /// `-m`: 1 prints escape decisions, 2 their reasons too.
    pub explain: u8,
    /// `-l`
    pub no_inline: bool,
    /// `-e`: no limit on the number of errors.
    pub all_errors: bool,
}

/// A command line.
#[derive(Clone, Debug)]
pub struct Request {
    pub action: Action,
    pub files: Vec<PathBuf>,
    /// Arguments of the program that is run.
    pub args: Vec<String>,
    pub flags: GcFlags,
    /// Standard error is a terminal: snippets below the messages.
    pub is_terminal: bool,
}

/// Exit status for errors in the source or in reading it.
pub const STATUS_ERRORS: u8 = 1;

/// Does what the command line asks and returns the exit status. A program that is run ends the process itself.
pub fn execute(request: Request) -> u8 {
    on_large_stack(move || {
        let mut session = Session::new(request);
        match session.read_files() {
            Ok(files) => session.perform(&files),
            Err(message) => {
                eprintln!("mini: {message}");
                STATUS_ERRORS
            }
        }
    })
}

/// Runs the compiler on a thread whose stack is large enough for the deepest tree that the parser lets through
/// ([`mini_syntax`] bounds the depth); the memory is only touched when it is used.
fn on_large_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new()
        .name("mini".into())
        .stack_size(512 << 20)
        .spawn(work);
    match thread.map(std::thread::JoinHandle::join) {
        Ok(Ok(result)) => result,
        Ok(Err(panic)) => std::panic::resume_unwind(panic),
        Err(error) => {
            eprintln!("mini: cannot start a thread: {}", report::io_reason(&error));
            std::process::exit(STATUS_ERRORS.into())
        }
    }
}

/// Checks one file given as text; returns its diagnostics in Go's form, one a line.
pub fn check_source(name: &str, text: Vec<u8>) -> String {
    let name = name.to_owned();
    on_large_stack(move || {
        let mut session = Session::new(Request {
            action: Action::Check,
            files: vec![],
            args: vec![],
            flags: GcFlags::default(),
            is_terminal: false,
        });
        let file = session.sources.add_bytes(name, text);
        session.check(&[file]);
        session.rendered()
    })
}

/// State of one command.
struct Session {
    request: Request,
    sources: SourceMap,
    diagnostics: Diagnostics,
}

impl Session {
    fn new(request: Request) -> Session {
        Session {
            request,
            sources: SourceMap::new(),
            diagnostics: Diagnostics::new(),
        }
    }

    fn read_files(&mut self) -> Result<Vec<FileId>, String> {
        let mut ids = vec![];
        for path in &self.request.files {
            let bytes = std::fs::read(path)
                .map_err(|e| format!("{}: {}", path.display(), report::io_reason(&e)))?;
            ids.push(self.sources.add_bytes(path.display().to_string(), bytes));
        }
        Ok(ids)
    }

    fn parse(&mut self, files: &[FileId]) -> Vec<ast::File> {
        let mut ids = NodeIds::default();
        let parse = |&file: &FileId| {
            mini_syntax::parse_file(file, &self.sources, &mut ids, &mut self.diagnostics)
        };
        files.iter().map(parse).collect()
    }

    fn perform(&mut self, files: &[FileId]) -> u8 {
        let options = pipeline::Options {
            flags: self.request.flags,
            whole_package: self.request.action == Action::Build,
            heap_all: run::heap_all(),
        };
        match self.request.action {
            Action::Check => {
                self.check(files);
            }
            Action::Build => {
                self.compile(files, options);
            }
            Action::Run => {
                if let Some(compiled) = self.compile(files, options) {
                    let status = self.report();
                    return if status == 0 {
                        run::run(self, compiled)
                    } else {
                        status
                    };
                }
            }
            Action::Emit(Stage::Tokens) => {
                emit::tokens(&self.sources, files, &mut self.diagnostics)
            }
            Action::Emit(Stage::Ast) => emit::ast(&self.parse(files)),
            Action::Emit(stage) => {
                if let Some(compiled) = self.compile(files, options) {
                    emit::program(stage, compiled, self);
                }
            }
        }
        self.report()
    }

    /// Prints the diagnostics in Go's order and form; the exit status that follows from them.
    fn report(&mut self) -> u8 {
        let diagnostics = std::mem::take(&mut self.diagnostics);
        let max_errors = match self.request.flags.all_errors {
            true => usize::MAX,
            false => mini_diagnostics::MAX_ERRORS,
        };
        let is_terminal = self.request.is_terminal;
        let rendered =
            mini_diagnostics::render_limited(diagnostics, &self.sources, is_terminal, max_errors);
        eprint!("{}", rendered.text);
        if rendered.has_errors {
            STATUS_ERRORS
        } else {
            0
        }
    }

    fn rendered(&mut self) -> String {
        mini_diagnostics::render_all(std::mem::take(&mut self.diagnostics), &self.sources, false)
            .text
    }
}
