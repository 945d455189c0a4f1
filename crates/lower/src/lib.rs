//! Lowering: checked program to MIR.
//!
//! A worklist of functions, started with main.main, the initialisers and the functions that the runtime calls; what their
//! bodies name is reached in turn ([`reach`]). A library's function is checked when it is reached, so that a program pays
//! for what it uses. Of the user's packages all variables are initialised; the functions of the program's own package may
//! be asked for all.
//!
//! One function at a time, [`func::FuncLower`] walks the tree and fills a [`builder::Builder`]: `stmt`, `assign`, `range`,
//! `switch`, `select` for statements, `expr`, `call`, `builtin`, `composite`, `convert`, `closure` for expressions.
//! `method_sets` finds the methods that interfaces can reach and makes their wrappers, `init` the order in which a
//! program starts, `names` the symbols.
//!
//! # Generics
//!
//! A generic function is lowered once for each list of type arguments that is reached ([`context::Context::instance`]). Its
//! body's [`func::FuncLower`] carries the substitution, which all types that the checker speaks of go through; what the checker
//! left open for operands of such types (conversions, lengths, which method a constraint's method is) is decided by the
//! types that come out.
//!
//! # Order of evaluation
//!
//! Calls and receives run in the order in which the source has them; variables are read and values converted after the
//! calls of their expression ([`hoist`]). In between comes what needs memory or calls the runtime ([`settle`]). Of several
//! values assigned together what an earlier assignment could change comes first ([`tuple`]). The language leaves this open,
//! and Go's compiler does so: of several faults the same one is raised.
#![forbid(unsafe_code)]

mod assign;
mod body_text;
mod builder;
mod builtin;
mod call;
mod captures;
mod closure;
mod composite;
mod context;
mod convert;
mod cost;
mod expr;
mod func;
mod hoist;
mod init;
mod large_literal;
mod method_sets;
mod names;
mod range;
mod range_func;
mod reach;
mod select;
mod selector;
mod settle;
mod stmt;
mod switch;
mod text;
mod tuple;
mod types;
mod unsafe_pointers;

use mini_diagnostics::Diagnostic;
use mini_frontend::Program;

/// How to lower.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Lower all functions of [`Program::main`], not only those that its function main reaches.
    pub whole_user_package: bool,
    /// Level of `-m`: from 1 on the texts of sites have their calls marked ([`mini_mir::call_text`]), from 2 on the text of the
    /// user's functions is kept ([`mini_mir::Program::sources`]).
    pub explain: u8,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            whole_user_package: true,
            explain: 0,
        }
    }
}

/// Lowers a program that was checked without errors.
///
/// # Errors
/// Constructs that are not built yet, and errors in bodies that are checked only now.
pub fn lower(
    program: &mut Program,
    options: Options,
) -> Result<mini_mir::Program, Vec<Diagnostic>> {
    reach::lower(program, options)
}
