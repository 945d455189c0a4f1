//! The compiler as the rest of the program sees it: functions are compiled when they are first called.
//!
//! Unit numbers: function `f` is unit `f`, the closure thunk of `f` is unit `n + f` for `n` functions; helpers follow. A
//! function without parameters needs no thunk. The stub of a unit passes its number to the runtime's lazy-compile routine, which comes back here through the compile hook.
//!
//! Translation and optimisation run without locks, on as many threads as call; only putting code into the arena and
//! patching is serialised. Two threads that want the same unit compile it once.

use crate::fault_lines::keep_fault_lines;
use crate::func::{Translated, signature_of, translate, translate_thunk};
use crate::glue::{translate_call, translate_closure};
use crate::helpers::{Helper, translate_helper};
use crate::isa::Isas;
use crate::layout::Layouts;
use crate::link::{FixedCode, Linker};
use crate::prologue::{Machine, assemble};
use crate::statics::Statics;
use crate::unshare::unshare;
use cranelift_codegen::Context;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::isa::{OwnedTargetIsa, TargetFrontendConfig};
use mini_abi::panics::LangItem;
use mini_abi::types::{Itab, TypeDesc};
use mini_abi::{CallFrames, Runtime};
use mini_diagnostics::{Pos, SourceMap};
use mini_mir::layout::Scalar;
use mini_mir::{Body, Decisions, FuncId, GlobalId, Program, TyId, TyKind};
use std::borrow::Cow;
use std::sync::{Arc, Mutex, OnceLock};

/// What the driver may choose.
#[derive(Clone, Default)]
pub struct Options {
    /// Resolves positions for traces; without it they have no lines.
    pub source: Option<Arc<SourceMap>>,
    /// Run the optimiser's passes behind escape analysis on each body when it is compiled; without it the driver has
    /// run them on all.
    pub optimize_late: bool,
    /// Keep `/tmp/perf-PID.map`, by which Linux's `perf` names compiled functions.
    pub perf_map: bool,
}

/// What [`Jit::emit`] prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emit {
    /// Cranelift's intermediate form, as translated (before optimisation).
    Clif,
    /// The same after optimisation.
    OptimizedClif,
    /// Machine code as Cranelift prints it (without the stack check in front).
    Asm,
}

/// A program being compiled piece by piece while it runs.
pub struct Jit {
    program: Arc<Program>,
    decisions: Arc<Decisions>,
    runtime: Runtime,
    options: Options,
    isas: Isas,
    layouts: Layouts,
    statics: Statics,
    code: FixedCode,
    linker: Mutex<Linker>,
    /// Entry of each compiled unit.
    entries: Box<[OnceLock<usize>]>,
    /// A method table that no type has, for caches that hold nothing yet.
    no_table: usize,
}

// SAFETY: the parts that are not Sync by themselves are the linker's JIT module and memory, which are only reached under
// its lock; addresses in the other parts are of memory that is never freed and is written before it is published.
unsafe impl Send for Jit {}
// SAFETY: as above.
unsafe impl Sync for Jit {}

impl Jit {
    /// Prepares a program to be compiled. Nothing is compiled yet.
    ///
    /// # Errors
    /// The machine is not supported, or the system does not grant memory for code.
    pub fn new(
        program: Arc<Program>,
        decisions: Arc<Decisions>,
        runtime: Runtime,
        options: Options,
    ) -> Result<Jit, String> {
        let isas = Isas::host()?;
        let n_units = 2 * program.funcs.len() + Helper::ALL.len();
        let (mut linker, code) = Linker::new(isas.lower.clone(), n_units, &runtime)?;
        if options.perf_map {
            linker.write_perf_map().map_err(|e| e.to_string())?;
        }
        let statics = Statics::new(program.clone(), code);
        let no_table = statics.alloc_value(Itab {
            interface: std::ptr::null(),
            ty: std::ptr::dangling(),
            code: [],
        });
        Ok(Jit {
            layouts: Layouts::new(program.clone()),
            entries: (0..n_units).map(|_| OnceLock::new()).collect(),
            linker: Mutex::new(linker),
            program,
            decisions,
            runtime,
            options,
            isas,
            statics,
            code,
            no_table,
        })
    }

    // --- for the driver and the runtime ------------------------------------------------------------

    /// Compiles a unit if that has not happened yet; the address to jump to. This is what the compile hook calls.
    pub fn compile_unit(&self, unit: u32) -> usize {
        *self.entries[unit as usize].get_or_init(|| {
            let machine = self.machine(unit);
            let mut linker = self.linker.lock().unwrap();
            linker
                .install(unit, machine, &self.runtime)
                .unwrap_or_else(|e| panic!("mini: internal error: {e}"))
        })
    }

    /// Compiles a function if that has not happened yet; its entry address.
    pub fn compile(&self, func: FuncId) -> usize {
        self.compile_unit(func.0)
    }

    /// A closure object without captures for a top-level function.
    pub fn closure_of(&self, func: FuncId) -> usize {
        self.static_closure(func)
    }

    /// The closure object of the program's entry, a `func()`.
    pub fn entry_closure(&self) -> Option<usize> {
        self.program.entry.map(|func| self.closure_of(func))
    }

    /// Code address of a function that the runtime calls (its stub, until it is compiled).
    pub fn lang_item(&self, item: LangItem) -> Option<usize> {
        let func = self.program.lang_items.get(item as usize)?;
        Some(self.stub(*func))
    }

    /// The descriptor of a type, for the runtime's own uses.
    pub fn descriptor(&self, ty: TyId) -> usize {
        self.statics.descriptor(&self.layouts, ty).0
    }

    /// Name of a function, as its symbol.
    pub fn func_name(&self, func: FuncId) -> &str {
        &self.program.funcs[func].name
    }

    /// Name of the function that a unit is or belongs to.
    pub fn unit_name(&self, unit: u32) -> &str {
        let n = self.program.funcs.len() as u32;
        match unit.checked_sub(2 * n) {
            None => self.func_name(FuncId(unit % n)),
            Some(_) => "helper",
        }
    }

    /// The program's descriptor of the unnamed type that `like` describes ([`mini_abi::ReflectHooks::find_type`]).
    pub fn find_type(&self, like: &TypeDesc) -> Option<&'static TypeDesc> {
        let at = self.statics.find_type(&self.layouts, like)?.0;
        // SAFETY: descriptors are complete when their address is known, and live as long as the process.
        Some(unsafe { &*(at as *const TypeDesc) })
    }

    /// [`mini_abi::ReflectHooks::call_glue`]; the caller keeps what is made.
    pub fn call_glue(&self, frames: CallFrames) -> usize {
        let code = self.install_glue(translate_call(self, frames));
        self.statics.alloc_value(code)
    }

    /// [`mini_abi::ReflectHooks::closure_glue`]; the caller keeps what is made.
    pub fn closure_glue(&self, frames: CallFrames) -> usize {
        self.install_glue(translate_closure(self, frames))
    }

    /// [`mini_abi::ReflectHooks::code_entry`]
    pub fn code_entry(&self, code: usize) -> usize {
        let n = self.program.funcs.len() as u32;
        match self.code.unit_of(code, self.entries.len()) {
            // A function and its closure thunk; helpers are behind them.
            Some(unit) if unit < 2 * n => self.compile(FuncId(unit % n)),
            _ => code,
        }
    }

    fn install_glue(&self, translated: Translated) -> usize {
        let machine = self.assemble(translated, &self.isas.optimize);
        let mut linker = self.linker.lock().unwrap();
        linker
            .install_apart(machine, &self.runtime)
            .unwrap_or_else(|e| panic!("mini: internal error: {e}"))
    }

    /// Prints what a function becomes.
    pub fn emit(&self, func: FuncId, what: Emit) -> String {
        let mut translated = translate(self, func);
        if what == Emit::Clif {
            return translated.func.to_string();
        }
        let pad = translated.pad;
        let mut ctx = Context::for_function(std::mem::replace(
            &mut translated.func,
            cranelift_codegen::ir::Function::new(),
        ));
        optimize(&mut ctx, &self.isas.optimize, pad);
        if what == Emit::OptimizedClif {
            return ctx.func.to_string();
        }
        ctx.set_disasm(true);
        self.lower(&mut ctx);
        let code = ctx.compiled_code().expect("just compiled");
        code.vcode.clone().unwrap_or_default()
    }

    // --- compiling ----------------------------------------------------------------------------

    fn machine(&self, unit: u32) -> Machine {
        let n = self.program.funcs.len() as u32;
        let is_entry = self.program.entry == Some(FuncId(unit));
        let translated = if unit < n {
            translate(self, FuncId(unit))
        } else if unit < 2 * n {
            translate_thunk(self, FuncId(unit - n), unit)
        } else {
            translate_helper(self, Helper::ALL[(unit - 2 * n) as usize], unit)
        };
        // The entry runs once: making it faster would take longer than running it as it is.
        let isa = match is_entry {
            true => &self.isas.lower,
            false => &self.isas.optimize,
        };
        self.assemble(translated, isa)
    }

    fn assemble(&self, translated: Translated, isa: &OwnedTargetIsa) -> Machine {
        let Translated { func, unit, pad } = translated;
        let mut ctx = Context::for_function(func);
        optimize(&mut ctx, isa, pad);
        self.lower(&mut ctx);
        let code = ctx.compiled_code().expect("just compiled");
        assemble(&ctx, code, unit)
    }

    fn lower(&self, ctx: &mut Context) {
        let error = ctx
            .compile(&*self.isas.lower, &mut ControlPlane::default())
            .err()
            .map(|e| format!("{:?}", e.inner));
        if let Some(error) = error {
            panic!("mini: internal error: {error}\n{}", ctx.func);
        }
    }

    /// The body as it is to be translated.
    pub(crate) fn optimized<'b>(&self, body: &'b Body) -> Cow<'b, Body> {
        if !self.options.optimize_late {
            return Cow::Borrowed(body);
        }
        let mut body = body.clone();
        let program = &self.program;
        mini_mir::opt::run_on_body_after_escape(&mut body, &self.program);
        if cfg!(debug_assertions) {
            let problems = mini_mir::verify::body(program, &body);
            assert!(
                problems.is_empty(),
                "MIR is wrong behind optimising:\n{}",
                problems.join("\n")
            );
        }
        Cow::Owned(body)
    }

    // --- for translation -----------------------------------------------------------------------

    pub(crate) fn program(&self) -> &Arc<Program> {
        &self.program
    }

    pub(crate) fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    pub(crate) fn layouts(&self) -> &Layouts {
        &self.layouts
    }

    pub(crate) fn statics(&self) -> &Statics {
        &self.statics
    }

    pub(crate) fn frontend_config(&self) -> TargetFrontendConfig {
        self.isas.optimize.frontend_config()
    }

    pub(crate) fn stub(&self, func: FuncId) -> usize {
        self.code.stub(func.0)
    }

    pub(crate) fn static_closure(&self, func: FuncId) -> usize {
        let n = self.program.funcs.len() as u32;
        let (params, _) = signature_of(&self.program.types, self.program.funcs[func].sig);
        // Behind a context that is the last parameter nothing moves: the function itself may ignore it.
        let unit = if params.is_empty() {
            func.0
        } else {
            n + func.0
        };
        self.statics.closure(unit)
    }

    pub(crate) fn helper_unit(&self, helper: Helper) -> u32 {
        2 * self.program.funcs.len() as u32 + helper as u32
    }

    pub(crate) fn global(&self, id: GlobalId) -> usize {
        self.statics.global(&self.layouts, &self.runtime, id)
    }

    pub(crate) fn type_word(&self, interface: TyId, concrete: TyId) -> usize {
        self.statics.type_word(&self.layouts, interface, concrete)
    }

    pub(crate) fn type_name(&self, ty: TyId) -> String {
        crate::type_name::type_name(&self.program, ty)
    }

    pub(crate) fn native_address(&self, name: &str) -> Option<usize> {
        (self.runtime.lookup_native)(name).map(|f| f as usize)
    }

    /// A word that remembers a method table, at first one that fits no type, and one that remembers a type without a table.
    pub(crate) fn table_cache(&self) -> usize {
        self.statics.alloc_value([self.no_table, 0])
    }

    pub(crate) fn locate(&self, pos: Pos) -> Option<(Arc<str>, u32)> {
        let location = self.options.source.as_ref()?.locate(pos)?;
        Some((location.file, location.line))
    }

    /// The scalars of any type, for the words of native functions.
    pub(crate) fn native_scalars(&self, ty: TyId) -> Vec<Scalar> {
        let mut out = vec![];
        self.flatten(ty, 0, &mut out);
        out
    }

    fn flatten(&self, ty: TyId, offset: u64, out: &mut Vec<Scalar>) {
        let info = self.layouts.of(ty);
        if let Some(flat) = &info.flat {
            out.extend(flat.iter().map(|s| Scalar {
                offset: s.offset + offset,
                ..*s
            }));
            return;
        }
        match self.program.types.kind(ty) {
            TyKind::Array(elem, n) => {
                let size = self.layouts.of(*elem).size;
                (0..*n).for_each(|i| self.flatten(*elem, offset + i * size, out));
            }
            TyKind::Struct(fields) => {
                for (field, at) in fields.iter().zip(&info.fields) {
                    self.flatten(field.ty, offset + at, out);
                }
            }
            TyKind::Tuple(parts) => {
                for (&part, at) in parts.iter().zip(&info.fields) {
                    self.flatten(part, offset + at, out);
                }
            }
            other => panic!("words of {other:?}"),
        }
    }
}

fn optimize(ctx: &mut Context, isa: &OwnedTargetIsa, pad: Option<cranelift_codegen::ir::Block>) {
    if let Err(e) = ctx.optimize(&**isa, &mut ControlPlane::default()) {
        panic!("mini: internal error: {e}\n{}", ctx.func);
    }
    unshare(&mut ctx.func, pad);
    keep_fault_lines(&mut ctx.func);
}
