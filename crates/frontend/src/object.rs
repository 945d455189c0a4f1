//! Objects: what identifiers stand for.

use mini_diagnostics::Pos;
use mini_syntax::Symbol;

use crate::constant::ConstId;
use crate::info::FuncId;
use crate::program::PkgId;
use crate::types::TypeId;

/// An object of a program, dense over all packages. Zero is no object.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ObjId(pub u32);

impl ObjId {
    pub const NONE: ObjId = ObjId(0);

    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub fn is_some(self) -> bool {
        self.0 != 0
    }

    pub fn get(self) -> Option<ObjId> {
        self.is_some().then_some(self)
    }
}

#[derive(Clone, Debug)]
pub struct Object {
    pub kind: ObjectKind,
    pub name: Symbol,
    /// Where it is declared; unknown for predeclared objects.
    pub pos: Pos,
    pub pkg: PkgId,
    /// Invalid until the declaration is resolved, and after if it is wrong.
    pub ty: TypeId,
}

#[derive(Clone, Debug)]
pub enum ObjectKind {
    Var(Var),
    Const(ConstId),
    TypeName {
        is_alias: bool,
    },
    /// A declared function or method.
    Func(FuncId),
    PkgName {
        imported: PkgId,
        is_used: bool,
    },
    Builtin(Builtin),
    Nil,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum VarKind {
    Package,
    Local,
    Recv,
    Param,
    Result,
}

/// A variable and what the program does with it.
#[derive(Clone, Copy, Debug)]
pub struct Var {
    pub kind: VarKind,
    /// The function that declares it; [`FuncId::NONE`] for package variables.
    pub func: FuncId,
    /// Read or called somewhere. Assignments alone do not count.
    pub is_used: bool,
    /// Used by a function literal inside the declaring function.
    pub is_captured: bool,
    /// Assigned after its declaration: `=`, `op=`, `++`, a range clause, a part of it assigned (`x.f = 1`, `a[i] = 1`).
    pub is_reassigned: bool,
    /// Its address is taken: `&x`, `&x.f`, slicing an array, calling a method with a pointer receiver.
    pub is_addr_taken: bool,
    /// Declared by the clause of a for statement: a new one for each iteration.
    pub is_loop_var: bool,
}

impl Var {
    pub fn new(kind: VarKind, func: FuncId) -> Var {
        Var {
            kind,
            func,
            is_used: false,
            is_captured: false,
            is_reassigned: false,
            is_addr_taken: false,
            is_loop_var: false,
        }
    }
}

macro_rules! builtins {
    ($($variant:ident $name:literal $n_args:literal $is_variadic:literal $is_statement:literal,)*) => {
        /// A predeclared function, or a function of package unsafe.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Builtin { $($variant,)* }

        impl Builtin {
            pub const ALL: &[Builtin] = &[$(Builtin::$variant,)*];

            pub fn name(self) -> &'static str {
                match self { $(Builtin::$variant => $name,)* }
            }

            /// The least number of arguments, and whether there may be more.
            pub fn arity(self) -> (usize, bool) {
                match self { $(Builtin::$variant => ($n_args, $is_variadic),)* }
            }

            /// Whether a call may stand alone as a statement.
            pub fn is_statement(self) -> bool {
                match self { $(Builtin::$variant => $is_statement,)* }
            }
        }
    };
}

builtins! {
    Append "append" 1 true false,
    Cap "cap" 1 false false,
    Clear "clear" 1 false true,
    Close "close" 1 false true,
    Complex "complex" 2 false false,
    Copy "copy" 2 false true,
    Delete "delete" 2 false true,
    Imag "imag" 1 false false,
    Len "len" 1 false false,
    Make "make" 1 true false,
    Max "max" 1 true false,
    Min "min" 1 true false,
    New "new" 1 false false,
    Panic "panic" 1 false true,
    Print "print" 0 true true,
    Println "println" 0 true true,
    Real "real" 1 false false,
    Recover "recover" 0 false true,
    Add "Add" 2 false false,
    Alignof "Alignof" 1 false false,
    Offsetof "Offsetof" 1 false false,
    Sizeof "Sizeof" 1 false false,
    Slice "Slice" 2 false false,
    SliceData "SliceData" 1 false false,
    String "String" 2 false false,
    StringData "StringData" 1 false false,
}

impl Builtin {
    /// Whether it is a function of package unsafe.
    pub fn is_unsafe(self) -> bool {
        matches!(
            self,
            Builtin::Add
                | Builtin::Alignof
                | Builtin::Offsetof
                | Builtin::Sizeof
                | Builtin::Slice
                | Builtin::SliceData
                | Builtin::String
                | Builtin::StringData
        )
    }
}
