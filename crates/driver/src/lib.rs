//! The whole pipeline, from files to a running program; all input and output of the compiler is here.
//!
//! [`execute`] does what one command line asks. [`check_source`] is the pipeline up to the checker on a text in memory, for
//! programs that embed the compiler and for tests.

mod emit;
mod packages;
mod pipeline;
mod report;
mod run;
mod test;
mod timing;

pub use mini_runtime::arena::Arena;
pub use report::install_panic_hook;
pub use test::{PackageTest, TestFlags, TestRequest, run_package, test};

use mini_diagnostics::{Diagnostics, FileId, SourceMap};
use mini_frontend::Root;
use mini_syntax::ast::{self, NodeIds};
use packages::Packages;
use std::collections::HashMap;
use std::io::Read;
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

/// What a command works on.
#[derive(Clone, Debug)]
pub enum Targets {
    /// Files of one package.
    Files(Vec<PathBuf>),
    /// One file, read from standard input.
    StandardInput,
    /// Folders, trees of folders (`./...`), import paths of the module.
    Packages(Vec<String>),
}

impl Targets {
    /// What a list of arguments names: files if they are all source files (or the first is any file), else packages.
    pub fn of(arguments: Vec<String>) -> Targets {
        let is_file = |text: &String| is_source(text) || PathBuf::from(text).is_file();
        if arguments == ["-"] {
            Targets::StandardInput
        } else if arguments.first().is_some_and(is_file) {
            Targets::Files(arguments.into_iter().map(PathBuf::from).collect())
        } else {
            Targets::Packages(arguments)
        }
    }
}

/// Whether an argument names a source file, whether or not there is one.
pub fn is_source(argument: &str) -> bool {
    argument.ends_with(".mini") || argument.ends_with(".go")
}

/// A command line.
#[derive(Clone, Debug)]
pub struct Request {
    pub action: Action,
    pub targets: Targets,
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
    let sample = Box::new(0usize);
    mini_runtime::footprint::prefer_small_pages(std::ptr::from_ref(&*sample).addr());
    on_large_stack(move || {
        mini_runtime::arena::enter();
        timing::set(run::debug_flags().timing);
        let made = Session::new(request).and_then(|mut session| {
            let roots = session.read()?;
            Ok((session, roots))
        });
        match made {
            Ok((mut session, roots)) => session.perform(&roots),
            Err(message) => {
                eprintln!("{message}");
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
        .stack_size(1 << 30)
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
        let session = Session::new(Request {
            action: Action::Check,
            targets: Targets::StandardInput,
            args: vec![],
            flags: GcFlags::default(),
            is_terminal: false,
        });
        let mut session = match session {
            Ok(session) => session,
            Err(message) => return message,
        };
        let file = session.sources.add_bytes(name, text);
        session.check(&[Root::of_files(&[file])]);
        session.rendered()
    })
}

/// State of one command.
struct Session {
    request: Request,
    sources: SourceMap,
    packages: Packages,
    diagnostics: Diagnostics,
    /// The packages that messages are grouped by: their numbers by file, and their import paths.
    package_of: HashMap<FileId, usize>,
    paths: Vec<String>,
}

impl Session {
    fn new(request: Request) -> Result<Session, String> {
        Ok(Session {
            request,
            sources: SourceMap::new(),
            packages: Packages::new()?,
            diagnostics: Diagnostics::new(),
            package_of: HashMap::new(),
            paths: vec![],
        })
    }

    /// Reads what the command line names.
    fn read(&mut self) -> Result<Vec<Root>, String> {
        let sources = &mut self.sources;
        match &self.request.targets {
            Targets::Files(files) => {
                let mut ids = vec![];
                for path in files {
                    let bytes = std::fs::read(path).map_err(|e| {
                        format!("mini: {}: {}", path.display(), report::io_reason(&e))
                    })?;
                    ids.push(sources.add_bytes(path.display().to_string(), bytes));
                }
                self.packages.start_at_file(&files[0]);
                Ok(vec![Root::of_files(&ids)])
            }
            Targets::StandardInput => {
                let mut bytes = vec![];
                std::io::stdin()
                    .read_to_end(&mut bytes)
                    .map_err(|e| format!("mini: standard input: {}", report::io_reason(&e)))?;
                let file = sources.add_bytes("<standard input>", bytes);
                Ok(vec![Root::of_files(&[file])])
            }
            Targets::Packages(patterns) => {
                let is_tree = patterns.iter().any(|pattern| pattern.ends_with("..."));
                let named = self.packages.named(patterns)?;
                if named.is_empty() {
                    let patterns = patterns.join(" ");
                    return Err(format!("mini: {patterns:?} matched no packages"));
                }
                let mut roots = vec![];
                for named in &named {
                    // A tree may hold folders of which nothing is built.
                    let folder = self.packages.read(&named.folder)?;
                    if !is_tree || !folder.files.is_empty() {
                        roots.push(self.packages.root(named, sources)?);
                    }
                }
                Ok(roots)
            }
        }
    }

    fn parse(&mut self, files: &[FileId]) -> Vec<ast::File> {
        let mut ids = NodeIds::default();
        let parse = |&file: &FileId| {
            mini_syntax::parse_file(file, &self.sources, &mut ids, &mut self.diagnostics)
        };
        files.iter().map(parse).collect()
    }

    fn perform(&mut self, roots: &[Root]) -> u8 {
        let options = pipeline::Options {
            flags: self.request.flags,
            whole_package: self.request.action == Action::Build,
            heap_all: run::debug_flags().heap_all,
        };
        match self.request.action {
            // Never dropped: taking a tree apart takes time, and the process ends soon.
            Action::Check => std::mem::forget(self.check(roots)),
            Action::Build => self.explain(roots, options),
            Action::Run => {
                if let Some(compiled) = self.compile(roots, options) {
                    let status = self.report();
                    return if status == 0 {
                        run::run(self, compiled)
                    } else {
                        status
                    };
                }
            }
            Action::Emit(Stage::Tokens) => {
                let files: Vec<FileId> = roots.iter().flat_map(|root| root.files.clone()).collect();
                emit::tokens(&self.sources, &files, &mut self.diagnostics)
            }
            Action::Emit(Stage::Ast) => {
                let files: Vec<FileId> = roots.iter().flat_map(|root| root.files.clone()).collect();
                emit::ast(&self.parse(&files))
            }
            Action::Emit(stage) => {
                if let Some(compiled) = self.compile(roots, options) {
                    emit::program(stage, compiled, self);
                }
            }
        }
        self.report()
    }

    /// Prints the diagnostics in Go's order and form, those of packages with an import path below a line with it; the exit
    /// status that follows from them.
    fn report(&mut self) -> u8 {
        let max_errors = match self.request.flags.all_errors || self.request.action == Action::Check
        {
            true => usize::MAX,
            false => mini_diagnostics::MAX_ERRORS,
        };
        // What belongs to no file comes first.
        let mut groups = vec![Diagnostics::new(); self.paths.len() + 1];
        for diagnostic in std::mem::take(&mut self.diagnostics) {
            let file = self.sources.file_of(diagnostic.pos);
            let package = file.and_then(|file| self.package_of.get(&file));
            groups[package.map_or(0, |package| package + 1)].push(diagnostic);
        }
        let is_terminal = self.request.is_terminal;
        let mut status = 0;
        for (at, group) in groups.into_iter().enumerate() {
            let has_header = at > 0 && self.paths[at - 1] != packages::COMMAND_LINE;
            let rendered =
                mini_diagnostics::render_limited(group, &self.sources, is_terminal, max_errors);
            if has_header && !rendered.text.is_empty() {
                eprintln!("# {}", self.paths[at - 1]);
            }
            eprint!("{}", rendered.text);
            if rendered.has_errors {
                status = STATUS_ERRORS;
            }
        }
        status
    }

    fn rendered(&mut self) -> String {
        mini_diagnostics::render_all(std::mem::take(&mut self.diagnostics), &self.sources, false)
            .text
    }
}
