//! Types, constants and the checker: syntax trees to a checked program.
//!
//! [`check_packages`] is the entry: it loads what the packages named on the command line import and checks the user's
//! packages completely.
//! Library packages are checked lazily: declarations when they are used, bodies when [`Program::check_body`] asks.
//!
//! * [`types`]: types as data. [`constant`]: constants of any precision. [`object`]: what names stand for.
//! * [`info`]: what is known about each node of the syntax tree. [`program`]: all of it together.
//! * `check`: the checker, in the files of Go's `types2`.
#![forbid(unsafe_code)]

pub mod check;
pub mod constant;
pub mod info;
pub mod object;
pub mod program;
pub mod types;

pub use check::{Import, Loader, Options, PackageSource, Root, check, check_packages};
pub use constant::{ConstId, Constant};
pub use info::{
    ExprInfo, Func, FuncId, FuncOrigin, Info, Initializer, Mode, Selection, SelectionKind,
};
pub use object::{Builtin, ObjId, Object, ObjectKind, Var, VarKind};
pub use program::{Asts, DeclRef, Package, PkgId, Program};
pub use types::{Basic, Member, Method, Signature, Type, TypeId, Types};
