//! Mid-level IR: a control-flow graph over places, in the manner of rustc's MIR.
//!
//! Between the checked program and everything behind it. Lowering builds it, the optimiser ([`opt`]) inlines and
//! simplifies it, escape analysis reads its assignments as edges, code generation turns it into machine code.
//! After it nobody sees an AST.
//!
//! What it owns: types with layouts ([`types`], [`layout`]), bodies ([`body`], [`place`], [`rvalue`]), the whole
//! program ([`program`]), storage decisions ([`decisions`]), a printer and a verifier.
//!
//! # Rules that hold for every body (checked by [`verify`])
//!
//! 1. A place without `Deref` and without a slice `Index` lies inside its local or global.
//! 2. Operands are evaluated left to right as written in the statement; a statement with a call has no
//!    other effect than the call and the store of its result. Go's order of evaluation is made explicit by temporaries.
//! 3. Assigning a multi-word value reads all of its operand before writing.
//! 4. Every local is zero at [`body::StatementKind::StorageLive`]; variables have one at their declaration (in a loop: each
//!    time round makes a new variable), temporaries need none and are written before they are read.
//! 5. Types of both sides of an assignment are identical [`types::TyId`]s (conversions are explicit).
//! 6. `Return` returns the current values of the result locals.
#![forbid(unsafe_code)]

pub mod body;
pub mod call_text;
pub mod cfg;
pub mod decisions;
pub mod exclusive;
pub mod ids;
pub mod layout;
pub mod opt;
pub mod place;
pub mod print;
pub mod program;
pub mod rvalue;
pub mod testing;
pub mod types;
pub mod typing;
pub mod verify;
pub mod visit;

pub use body::{
    Block, Body, CaptureInfo, Local, LocalKind, Site, SiteKind, Statement, StatementKind,
    SwitchTarget, Terminator, TerminatorKind,
};
pub use decisions::{BodyDecisions, Decisions, MAX_STACK_VAR, Storage};
pub use ids::{BlockId, FuncId, GlobalId, IndexVec, LocalId, SiteId};
pub use place::{Const, ConstValue, Operand, Place, PlaceBase, Proj};
pub use program::{Func, FuncKind, Global, InlineCost, MethodImpl, Program};
pub use rvalue::{BinOp, Call, Callee, ConvertKind, Rvalue, SelectCase, UnOp};
pub use types::{ChanDir, Field, FuncSig, InterfaceMethod, NamedInfo, TyId, TyKind, TyTable};
