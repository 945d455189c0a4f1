//! What keeps a type from having the methods of an interface.

use mini_syntax::Symbol;

use super::{Method, TypeId};

/// The first method that keeps a type from being an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    NotFound(Method),
    /// The method exists with another signature.
    WrongType {
        want: Method,
        have: TypeId,
    },
    /// The method is declared on the pointer.
    PointerReceiver(Method),
    /// A name that differs in case only.
    WrongName {
        want: Method,
        have: Symbol,
        sig: TypeId,
    },
    /// The method is that of another package.
    Unexported(Method),
    Ambiguous(Method),
    /// A field has the name.
    Field(Method),
}
