//! Types, constants and the checker: syntax trees to a checked program.
//!
//! [`check_packages`] is the entry: it loads what the packages named on the command line import and checks the user's
//! packages completely.
//! Library packages are checked lazily: declarations when they are used, bodies when [`Program::check_body`] asks.
//!
//! * [`types`]: types as data. [`constant`]: constants of any precision. [`object`]: what names stand for.
//! * [`info`]: what is known about each node of the syntax tree. [`program`]: all of it together.
//! * `check`: the checker, in the files of Go's `types2`.
//!
//! # Generics
//!
//! The body of a generic function is checked once, with its type parameters as types; who compiles it does so once an
//! instance, under a [`Subst`] from type parameters to types.
//!
//! * [`Types::subst`] applies one; the memo is in the [`Subst`]. What comes out has a canonical id as any type has.
//! * [`types::Named`] of an instance has `origin`, `type_args` and its right-hand side, substituted; `methods` are those of the
//!   origin. A type that is declared in a generic function is generic, too: the first `n_implicit` of its `type_params` are
//!   those of the function, so that a substitution reaches it. [`Types::instance_subst`] is the substitution that makes an
//!   instance.
//! * [`Func::type_params`] are the parameters that a function is written in terms of: of a method those of the receiver, under
//!   the method's own names, then its own. [`Program::receiver_subst`] says what the former are for a holder,
//!   [`Program::method_signature`] substitutes the signature. Function literals have none: they see those around them.
//! * [`Info::instances`]: by the name or the selector expression of a generic function or method, its own type arguments.
//! * A [`Selection`] of a method names the origin's method; `holder` is the instance. Of a value whose type is a type
//!   parameter the member is [`Member::ConstraintMethod`], to be looked up again in the type that stands for it.
//! * The underlying type of a type parameter is the parameter itself; [`Types::type_set`] has its methods and types,
//!   [`Types::common_under`] the underlying type that these share.
#![forbid(unsafe_code)]

pub mod check;
pub mod constant;
pub mod info;
pub mod object;
pub mod program;
pub mod types;

pub use check::{Import, Loader, Options, PackageSource, Root, check, check_packages};
pub use constant::{Complex, ConstId, Constant, Float};
pub use info::{
    ExprInfo, Func, FuncId, FuncOrigin, Info, Initializer, Mode, Selection, SelectionKind,
};
pub use object::{Builtin, ObjId, Object, ObjectKind, Var, VarKind};
pub use program::{Asts, DeclRef, Package, PkgId, Program};
pub use types::{
    Basic, Member, Method, Signature, Subst, Type, TypeId, TypeParamId, TypeSet, Types,
};
