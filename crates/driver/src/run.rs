//! Wiring compiled code and runtime, and running a program.

use crate::pipeline::Compiled;
use crate::{Session, Targets, timing};
use mini_abi::panics::LangItem;
use mini_codegen::Jit;
use mini_mir::{Decisions, Program};
use std::sync::{Arc, OnceLock};

/// The one program of this process: the compile hook has no argument for it.
static JIT: OnceLock<Jit> = OnceLock::new();

/// Called by the runtime when a function is called for the first time.
extern "C" fn compile(unit: u32) -> usize {
    let jit = running();
    timing::phase(jit.unit_name(unit), || jit.compile_unit(unit))
}

/// The compiler of the running program.
fn running() -> &'static Jit {
    match JIT.get() {
        Some(jit) => jit,
        None => mini_diagnostics::bug!("compiled code runs before there is a program"),
    }
}

const REFLECT: mini_abi::ReflectHooks = mini_abi::ReflectHooks {
    find_type: |like| running().find_type(like),
    call_glue: |frames| running().call_glue(frames),
    closure_glue: |frames| running().closure_glue(frames),
    code_entry: |code| running().code_entry(code),
};

/// What `MINIDEBUG` asks for; a mistake in the variable is reported when the program starts.
pub(crate) fn debug_flags() -> mini_runtime::debug::Flags {
    let text = std::env::var("MINIDEBUG").unwrap_or_default();
    mini_runtime::debug::parse(&text).unwrap_or_default()
}

/// A compiler for the program, over the runtime of this process.
pub(crate) fn jit(
    program: Program,
    decisions: Decisions,
    session: &mut Session,
) -> Result<Jit, String> {
    let source = Arc::new(std::mem::take(&mut session.sources));
    let options = mini_codegen::Options {
        source: Some(source),
        optimize_late: true,
        perf_map: debug_flags().perf_map,
    };
    Jit::new(
        Arc::new(program),
        Arc::new(decisions),
        mini_runtime::vtable(),
        options,
    )
}

/// Runs the program; it ends the process. Returns only if it cannot be started.
pub(crate) fn run(session: &mut Session, compiled: Compiled) -> u8 {
    let Err(message) = start(session, compiled);
    eprintln!("mini: {message}");
    crate::STATUS_ERRORS
}

fn start(session: &mut Session, compiled: Compiled) -> Result<std::convert::Infallible, String> {
    let debug = mini_runtime::debug::parse(&std::env::var("MINIDEBUG").unwrap_or_default())?;
    let made = timing::phase("machine", || {
        jit(compiled.program, compiled.decisions, session)
    })?;
    let jit = JIT.get_or_init(|| made);
    mini_runtime::arena::settle();
    let (Some(main_closure), Some(raise), Some(fatal_panic)) = (
        jit.entry_closure(),
        jit.lang_item(LangItem::Raise),
        jit.lang_item(LangItem::FatalPanic),
    ) else {
        mini_diagnostics::bug!("the program has no entry");
    };
    let program = match &session.request.targets {
        Targets::Files(files) => files[0].display().to_string(),
        Targets::StandardInput => "-".to_string(),
        Targets::Packages(patterns) => patterns[0].clone(),
    };
    let args = std::iter::once(program)
        .chain(session.request.args.iter().cloned())
        .collect();
    mini_runtime::start(mini_runtime::Config {
        main_closure,
        compile_hook: compile,
        reflect: REFLECT,
        lang_items: [raise, fatal_panic],
        args,
        debug,
    })
}
