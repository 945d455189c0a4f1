//! The whole program as lowering found it reachable.

use crate::body::Body;
use crate::ids::{FuncId, GlobalId, IndexVec};
use crate::types::{TyId, TyTable};
use mini_diagnostics::Pos;
use std::collections::HashMap;
use std::sync::Arc;

/// What a function is made of.
#[derive(Clone, Debug)]
pub enum FuncKind {
    Body(Box<Body>),
    /// Declared without a body: implemented by the runtime under the function's name, or an intrinsic of the code
    /// generator (`math.Sqrt`, `sync/atomic.AddInt64`, …).
    Native,
    /// Declared, body not lowered (yet).
    Pending,
}

/// A function of the program: declared, method, literal or made by the compiler.
#[derive(Clone, Debug)]
pub struct Func {
    /// Go symbol name: `main.main`, `main.(*T).M`, `main.T.M`, `main.f.func1`, `strconv.Itoa`.
    pub name: Arc<str>,
    /// Package path.
    pub package: Arc<str>,
    /// Type of the function with the receiver as its first parameter; literals without the context.
    pub sig: TyId,
    pub kind: FuncKind,
    pub pos: Pos,
    /// As escape messages name it: `f`, `(*T).M`, `f.func1`.
    pub short_name: Arc<str>,
    /// `//go:noinline`
    pub no_inline: bool,
    /// Made by the compiler (method wrappers, `go`/`defer` wrappers): left out of traces; recover looks through it.
    pub is_wrapper: bool,
    /// Of a package that is not named on the command line: `-m` does not report it.
    pub is_library: bool,
    /// Enclosing function of a literal.
    pub parent: Option<FuncId>,
    pub inline_cost: InlineCost,
}

/// What inlining a function costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InlineCost {
    /// Not counted by lowering: the inliner counts statements.
    Unknown,
    /// Go's count of syntax nodes.
    Nodes(u32),
    /// Not inlined, in the words of `-m=2`.
    Never(&'static str),
}

/// A package-level variable.
#[derive(Clone, Debug)]
pub struct Global {
    /// `main.x`
    pub name: Arc<str>,
    pub ty: TyId,
    pub pos: Pos,
}

/// A method of a concrete type as an interface calls it.
#[derive(Clone, Debug)]
pub struct MethodImpl {
    pub name: Arc<str>,
    /// Package path of an unexported name, else empty.
    pub package: Arc<str>,
    /// Function type without receiver.
    pub sig: TyId,
    /// First parameter is the interface's data word: the pointer for pointer receivers and pointer-shaped
    /// values, else a wrapper that takes a pointer to the value.
    pub func: FuncId,
    /// The method behind the wrapper, if it is declared on the type, or on what a pointer type points to, and takes a value.
    pub by_value: Option<FuncId>,
}

/// A program.
#[derive(Clone, Debug, Default)]
pub struct Program {
    pub types: TyTable,
    pub funcs: IndexVec<FuncId, Func>,
    pub globals: IndexVec<GlobalId, Global>,
    /// Method sets of concrete types that are converted to interfaces, as far as a call or assertion can
    /// reach the method; sorted by (name, package).
    pub methods: HashMap<TyId, Vec<MethodImpl>, foldhash::fast::FixedState>,
    /// `func()` that initialises all packages in order, then calls main.main.
    pub entry: Option<FuncId>,
    /// Signatures and bodies of the user's functions in one line, where lowering was asked for them (`-m=2`).
    pub sources: HashMap<FuncId, String>,
    /// Functions that the runtime calls, in the order of `mini_abi::panics::LangItem`.
    pub lang_items: Vec<FuncId>,
}

impl Program {
    pub fn body(&self, func: FuncId) -> Option<&Body> {
        match &self.funcs[func].kind {
            FuncKind::Body(body) => Some(body),
            _ => None,
        }
    }

    pub fn body_mut(&mut self, func: FuncId) -> Option<&mut Body> {
        match &mut self.funcs[func].kind {
            FuncKind::Body(body) => Some(body),
            _ => None,
        }
    }
}
