//! Bodies of functions: locals, allocation sites, blocks.

use crate::ids::{BlockId, FuncId, IndexVec, LocalId, SiteId};
use crate::place::{Operand, Place};
use crate::rvalue::Rvalue;
use crate::types::TyId;
use mini_diagnostics::{Pos, Span};
use std::sync::Arc;

/// What a local is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LocalKind {
    Param,
    /// A result, named or not (unnamed ones print as `~r0`, `~r1`).
    Result,
    /// A declared variable.
    Var,
    /// Made by the compiler; its address is never taken, unless the pass that made it says so.
    Temp,
    /// The closure context of a function literal: pointer to a closure object.
    Context,
}

/// A local.
#[derive(Clone, Debug)]
pub struct Local {
    /// Source name; empty for temporaries.
    pub name: Arc<str>,
    pub ty: TyId,
    pub pos: Pos,
    pub kind: LocalKind,
    /// A [`Rvalue::Ref`] of a place based (without deref) on this local exists. Kept true by whoever makes one.
    pub addr_taken: bool,
    /// Number of loops around the declaration (the function's body is 1, as in Go's escape analysis; a label with a
    /// backward goto counts as a loop).
    pub loop_depth: u32,
}

/// What kind of allocation a site is; decides the words of `-m`.
#[derive(Clone, Debug, PartialEq)]
pub enum SiteKind {
    /// `new(T)`
    New,
    /// `&T{...}`
    CompositePointer,
    /// `[]T{...}`: the backing array
    SliceLiteral,
    /// The backing array of a call's variadic arguments: `... argument`
    Variadic,
    MakeSlice,
    MakeMap,
    /// `map[K]V{...}`
    MapLiteral,
    MakeChan,
    FuncLiteral,
    /// `x.m` as a value
    MethodValue,
    /// A closure that carries the arguments of `go f(x)`.
    GoWrapper,
    /// The same for `defer`.
    DeferWrapper,
    /// Boxing of a value in an interface
    Interface,
    Concat,
    /// string/[]byte/[]rune conversions
    StringConversion,
    Append,
    /// Made by the compiler; no line of `-m` speaks of it.
    Hidden,
}

/// An allocation site.
#[derive(Clone, Debug)]
pub struct Site {
    pub kind: SiteKind,
    /// Type of the object (element type for MakeSlice and Append).
    pub ty: TyId,
    pub pos: Pos,
    /// The expression as `-m` prints it: `new(T)`, `&T{...}`, `make([]int, n)`, `x` (interface), `func literal`, `... argument`.
    pub text: Arc<str>,
    pub loop_depth: u32,
    /// Of an append: [`crate::exclusive`].
    pub is_exclusive: bool,
}

/// A captured variable of a function literal, field `index + 1` of the closure object.
#[derive(Clone, Debug)]
pub struct CaptureInfo {
    pub name: Arc<str>,
    /// Type of the variable (the field is a pointer to it if `by_ref`).
    pub ty: TyId,
    pub by_ref: bool,
}

#[derive(Clone, Debug)]
pub struct Statement {
    pub kind: StatementKind,
    pub pos: Pos,
    /// Index plus one into [`Body::inlined`]; zero: this function.
    pub inlined: u32,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StatementKind {
    Assign(Place, Rvalue),
    /// A variable comes to life, zeroed.
    StorageLive(LocalId),
    /// m[key] = value
    MapSet {
        map: Operand,
        key: Operand,
        value: Operand,
    },
    MapDelete {
        map: Operand,
        key: Operand,
    },
    /// clear(map)
    MapClear(Operand),
    /// clear(slice)
    SliceClear(Operand),
    MapIterInit {
        iter: LocalId,
        map: Operand,
    },
    Send {
        chan: Operand,
        value: Operand,
    },
    Close(Operand),
    /// go with a func() value
    Go(Operand),
    /// defer of a func() value
    Defer(Operand),
    /// defer of the functions that a list will hold, last first: the operand points to a `[]func()` in the heap. Bodies of
    /// loops over functions put there what the function around them defers.
    DeferList(Operand),
    /// Runs what this call of the function deferred; stands before each Return of a function with Defer.
    RunDefers,
    /// Evaluates to a nil check of the pointer operand only (e.g. `_ = *p`).
    NilCheck(Operand),
    /// Evaluates an index check only: 0 <= index < len.
    BoundsCheck {
        index: Operand,
        len: Operand,
    },
    /// print / println
    Print {
        args: Vec<Operand>,
        newline: bool,
    },
    Nop,
}

#[derive(Clone, Debug)]
pub struct Terminator {
    pub kind: TerminatorKind,
    pub pos: Pos,
    pub inlined: u32,
}

/// A value of an integer switch and where it goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SwitchTarget {
    pub value: i128,
    pub target: BlockId,
}

#[derive(Clone, Debug, PartialEq)]
pub enum TerminatorKind {
    Goto(BlockId),
    If {
        cond: Operand,
        then: BlockId,
        otherwise: BlockId,
    },
    /// On an integer operand.
    Switch {
        value: Operand,
        targets: Vec<SwitchTarget>,
        otherwise: BlockId,
    },
    Return,
    /// panic(v); the operand is an `interface{}`.
    Panic(Operand),
    /// Behind a call that does not return (`os.Exit` natives do return for the compiler), and dead ends.
    Unreachable,
}

#[derive(Clone, Debug)]
pub struct Block {
    pub statements: Vec<Statement>,
    pub terminator: Terminator,
}

/// A call that was inlined into this body.
#[derive(Clone, Debug)]
pub struct InlinedCall {
    pub func: FuncId,
    /// Index plus one of the enclosing inlined call; zero: this function.
    pub parent: u32,
    pub call_pos: Pos,
}

/// A function's body. Entry is block 0.
#[derive(Clone, Debug)]
pub struct Body {
    pub locals: IndexVec<LocalId, Local>,
    /// Receiver first. For a function literal the context is not among them.
    pub params: Vec<LocalId>,
    pub results: Vec<LocalId>,
    /// Of a function literal (always present there, even without captures).
    pub context: Option<LocalId>,
    pub captures: Vec<CaptureInfo>,
    pub blocks: IndexVec<BlockId, Block>,
    pub sites: IndexVec<SiteId, Site>,
    pub inlined: Vec<InlinedCall>,
    pub has_defer: bool,
    pub has_recover: bool,
    pub span: Span,
}

impl Body {
    pub fn new(span: Span) -> Body {
        Body {
            locals: IndexVec::new(),
            params: vec![],
            results: vec![],
            context: None,
            captures: vec![],
            blocks: IndexVec::new(),
            sites: IndexVec::new(),
            inlined: vec![],
            has_defer: false,
            has_recover: false,
            span,
        }
    }

    pub const ENTRY: BlockId = BlockId(0);
}

impl TerminatorKind {
    /// Blocks that may follow.
    pub fn successors(&self) -> smallvec::SmallVec<[BlockId; 4]> {
        use smallvec::smallvec;
        match self {
            TerminatorKind::Goto(target) => smallvec![*target],
            TerminatorKind::If {
                then, otherwise, ..
            } => smallvec![*then, *otherwise],
            TerminatorKind::Switch {
                targets, otherwise, ..
            } => targets
                .iter()
                .map(|t| t.target)
                .chain([*otherwise])
                .collect(),
            TerminatorKind::Return | TerminatorKind::Panic(_) | TerminatorKind::Unreachable => {
                smallvec![]
            }
        }
    }
}
