//! What the checker finds out about the syntax tree: side tables by [`ExprId`], one [`Info`] per package.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use mini_syntax::ExprId;

use crate::constant::ConstId;
use crate::object::ObjId;
use crate::program::{DeclRef, PkgId};
use crate::types::{Member, TypeId, TypeParamId};

/// A function with a body: declared or literal, dense over all packages. Zero is no function.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct FuncId(pub u32);

impl FuncId {
    pub const NONE: FuncId = FuncId(0);

    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub fn is_some(self) -> bool {
        self.0 != 0
    }
}

/// A declared function, a method, or a function literal.
#[derive(Clone, Debug)]
pub struct Func {
    pub pkg: PkgId,
    pub origin: FuncOrigin,
    /// The signature, without receiver.
    pub sig: TypeId,
    pub recv: Option<ObjId>,
    /// The type parameters that the signature and the body are written in terms of: those of the receiver, under the names
    /// that this method gives them, then the function's own. A function literal has none but may use those of the
    /// declared function around it.
    pub type_params: Vec<TypeParamId>,
    /// A method declared as `func (r *T) …`.
    pub has_pointer_recv: bool,
    /// All parameters and results have objects, also those without names.
    pub params: Vec<ObjId>,
    pub results: Vec<ObjId>,
    /// The variables of enclosing functions that a literal uses, itself or through literals inside it, in the order of
    /// first use.
    pub captures: Vec<ObjId>,
    /// The body calls `recover` or `defer` somewhere (not in nested literals).
    pub has_defer: bool,
    pub has_recover: bool,
    /// The body was checked: its entries in [`Info`] are complete.
    pub is_checked: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FuncOrigin {
    Decl {
        obj: ObjId,
        decl: DeclRef,
    },
    Lit {
        expr: ExprId,
        /// The function around it; [`FuncId::NONE`] in the initialiser of a package variable.
        parent: FuncId,
    },
}

/// What an expression is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[repr(u8)]
pub enum Mode {
    /// Erroneous, or not looked at.
    #[default]
    Invalid,
    /// A call without result.
    NoValue,
    Builtin,
    Type,
    Constant,
    /// An addressable value.
    Variable,
    /// An element of a map: assignable, not addressable.
    MapIndex,
    /// A computed value.
    Value,
    /// `nil`; its type is the one it is converted to.
    Nil,
    /// A value that may come with a bool: `m[k]`, `<-c`, `x.(T)`. Where the bool is used, the type is the tuple of
    /// both.
    CommaOk,
}

/// An expression's type, mode and constant value. All final: untyped constants have the type they are converted to.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ExprInfo {
    pub ty: TypeId,
    pub value: ConstId,
    pub mode: Mode,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum SelectionKind {
    /// `x.f`
    Field,
    /// `x.m`, called or as a value
    Method,
    /// `T.m`
    MethodExpr,
}

/// A selector `x.name` that is no qualified identifier.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Selection {
    pub kind: SelectionKind,
    pub member: Member,
    /// The type of `x`.
    pub recv: TypeId,
    /// The embedded fields to walk through from `x`; a pointer is followed wherever one stands on the way.
    pub path: Box<[u32]>,
    pub is_indirect: bool,
    /// The type without pointer that holds the member at the end of the path.
    pub holder: TypeId,
    /// The type of the selector expression. A method's signature speaks of the type arguments of `holder` already.
    pub ty: TypeId,
}

/// The initialisation of package variables: `lhs… = rhs`, one right-hand side. Blank variables have objects, too.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Initializer {
    pub vars: Vec<ObjId>,
    /// The declaration, and which of its values (the only one for several variables).
    pub decl: DeclRef,
    pub value: u32,
}

/// The side tables of a package.
#[derive(Debug, Default)]
pub struct Info {
    /// By the id of an expression.
    pub exprs: Vec<ExprInfo>,
    /// By the id of an identifier: the object it defines or uses.
    pub idents: Vec<ObjId>,
    /// By the id of a selector expression.
    pub selections: HashMap<ExprId, Selection, FixedState>,
    /// By the id of a clause of a type switch with a variable: that clause's variable.
    pub implicits: HashMap<ExprId, ObjId, FixedState>,
    /// By the id of a function literal.
    pub func_lits: HashMap<ExprId, FuncId, FixedState>,
    /// By the id of the name or selector expression that names a generic function or method: its own type arguments
    /// (not those of a method's receiver), written or inferred. They may speak of type parameters of the function around.
    /// The type of the name is the instantiated signature.
    pub instances: HashMap<ExprId, Box<[TypeId]>, FixedState>,
}

impl Info {
    pub(crate) fn with_capacity(n_ids: usize) -> Info {
        Info {
            exprs: vec![ExprInfo::default(); n_ids],
            idents: vec![ObjId::NONE; n_ids],
            ..Info::default()
        }
    }

    /// Makes room for the nodes of a body that was parsed later.
    pub(crate) fn grow(&mut self, n_ids: usize) {
        self.exprs.resize(n_ids, ExprInfo::default());
        self.idents.resize(n_ids, ObjId::NONE);
    }

    pub fn expr(&self, id: ExprId) -> ExprInfo {
        self.exprs[id.index()]
    }

    pub fn type_of(&self, id: ExprId) -> TypeId {
        self.exprs[id.index()].ty
    }

    /// What the identifier defines or uses.
    pub fn object(&self, id: ExprId) -> Option<ObjId> {
        self.idents[id.index()].get()
    }

    pub fn selection(&self, id: ExprId) -> Option<&Selection> {
        self.selections.get(&id)
    }
}
