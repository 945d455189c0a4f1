//! The optimiser: one pass a file; the order is the table here.
//!
//! Before escape analysis run the passes that change what flows where: calls become bodies, dead code goes away. Behind it
//! run those that only make code faster; they keep every local and site, since decisions are by their ids.

mod bounds;
mod call_graph;
mod defs;
mod devirtualise;
mod forward_refs;
mod inline;
mod invert_loops;
mod memory;
mod prove;
mod simplify_cfg;
mod ssa;
mod static_values;
mod thread_jumps;

use crate::body::Body;
use crate::decisions::Decisions;
use crate::ids::{FuncId, GlobalId, IndexVec};
use crate::place::PlaceBase;
use crate::program::{Func, FuncKind, Global, Program};
use crate::types::{TyId, TyTable};
use mini_diagnostics::Pos;

/// What to do.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Put the bodies of small functions in place of calls (off with `-l`).
    pub inline: bool,
    /// Level of `-m`: from 1 on the inliner says what it can do and does.
    pub level: u8,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            inline: true,
            level: 0,
        }
    }
}

/// A line of `-m` from the optimiser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptDiagnostic {
    pub pos: Pos,
    pub message: String,
}

/// What a pass knows of the program around a body.
#[derive(Clone, Copy)]
struct Context<'a> {
    types: &'a TyTable,
    globals: &'a IndexVec<GlobalId, Global>,
    funcs: &'a IndexVec<FuncId, Func>,
}

impl<'a> Context<'a> {
    fn new(program: &'a Program) -> Context<'a> {
        Context {
            types: &program.types,
            globals: &program.globals,
            funcs: &program.funcs,
        }
    }

    fn base_type(self, body: &Body, base: PlaceBase) -> TyId {
        match base {
            PlaceBase::Local(local) => body.locals[local].ty,
            PlaceBase::Global(global) => self.globals[global].ty,
        }
    }
}

/// A pass over one body.
struct BodyPass {
    run: fn(&mut Body, Context<'_>),
}

/// Behind inlining.
const BEFORE_ESCAPE: &[BodyPass] = &[
    // Constant sizes can be on the stack.
    BodyPass {
        run: static_values::run,
    },
    // Dead branches would make things escape.
    BodyPass {
        run: simplify_cfg::run,
    },
];

/// Behind escape analysis.
const AFTER_ESCAPE: &[BodyPass] = &[
    BodyPass { run: prove::run },
    // Behind the prover: it knows loops by the tests at their heads.
    BodyPass {
        run: invert_loops::run,
    },
    // Behind the prover, as above.
    BodyPass {
        run: thread_jumps::run,
    },
    // Drops the checks that were proved; joins tests to the ends of their loops.
    BodyPass {
        run: simplify_cfg::run,
    },
];

/// Passes that escape analysis profits from.
pub fn run_before_escape(program: &mut Program, options: &Options) -> Vec<OptDiagnostic> {
    let diagnostics = inline::run(program, options);
    run_passes(program, BEFORE_ESCAPE);
    diagnostics
}

/// Passes that keep the decisions true.
pub fn run_after_escape(program: &mut Program, decisions: &Decisions) {
    let _ = decisions;
    run_passes(program, AFTER_ESCAPE);
}

/// The same for one body of a program, for those who compile functions when they are first called.
pub fn run_on_body_after_escape(body: &mut Body, program: &Program) {
    for pass in AFTER_ESCAPE {
        (pass.run)(body, Context::new(program));
    }
}

fn run_passes(program: &mut Program, passes: &[BodyPass]) {
    for id in program.funcs.ids() {
        // Out of the program while it is worked on: passes see the others.
        let mut kind = std::mem::replace(&mut program.funcs[id].kind, FuncKind::Pending);
        if let FuncKind::Body(body) = &mut kind {
            for pass in passes {
                (pass.run)(body, Context::new(program));
            }
        }
        program.funcs[id].kind = kind;
    }
}

#[cfg(test)]
mod tests;
