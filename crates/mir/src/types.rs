//! Types after checking: hash-consed, monomorphic, with dense ids.
//!
//! Two types are identical iff their ids are equal. A defined type has an entry of its own that carries its
//! name and the kind of its underlying type; it is made first ([`TyTable::declare_named`]) and completed
//! later ([`TyTable::define_named`]), so that types may be recursive.

use crate::ids::IndexVec;
use std::collections::HashMap;
use std::sync::Arc;

crate::define_id!(
    /// A type.
    TyId, "ty"
);

/// Direction of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChanDir {
    Both,
    Send,
    Receive,
}

/// A struct's field.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    pub name: Arc<str>,
    pub ty: TyId,
    pub is_embedded: bool,
    pub is_exported: bool,
    /// Package path of an unexported name, else empty.
    pub package: Arc<str>,
    pub tag: Arc<str>,
}

/// A method of an interface type, without receiver.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct InterfaceMethod {
    pub name: Arc<str>,
    /// Package path of an unexported name, else empty.
    pub package: Arc<str>,
    /// A [`TyKind::Func`].
    pub sig: TyId,
}

/// Parameters and results.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FuncSig {
    /// The last one is a slice if `variadic`.
    pub params: Vec<TyId>,
    pub results: Vec<TyId>,
    pub variadic: bool,
}

/// The form of a type (of its underlying type, if it is a defined one).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TyKind {
    Bool,
    Int,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Uintptr,
    Float32,
    Float64,
    Complex64,
    Complex128,
    String,
    UnsafePointer,
    Pointer(TyId),
    Slice(TyId),
    Array(TyId, u64),
    Map(TyId, TyId),
    Chan(ChanDir, TyId),
    Struct(Arc<[Field]>),
    Func(FuncSig),
    /// Methods sorted by (name, package); empty: the empty interface.
    Interface(Arc<[InterfaceMethod]>),
    /// Several results of a call, comma-ok pairs, and the unit type. Never in memory that Go code can see.
    Tuple(Arc<[TyId]>),
    /// State of a range over a map of this type ([`mini_abi`'s MapIter]); only as the type of a local.
    MapIter(TyId),
    /// A closure object: code word, then the captures in these types. Only behind pointers.
    Closure(Arc<[TyId]>),
}

/// Name of a defined type.
#[derive(Clone, Debug)]
pub struct NamedInfo {
    /// As it prints at run time: `main.T`.
    pub name: Arc<str>,
    /// Package path; empty for predeclared types (`error`).
    pub package: Arc<str>,
}

/// A type's entry.
#[derive(Clone, Debug)]
pub struct TyData {
    pub kind: TyKind,
    pub named: Option<NamedInfo>,
}

/// The types of a program.
#[derive(Clone, Debug)]
pub struct TyTable {
    types: IndexVec<TyId, TyData>,
    unnamed: HashMap<TyKind, TyId, foldhash::fast::FixedState>,
}

macro_rules! basics {
    ($($konst:ident = $idx:literal $kind:ident;)*) => {
        impl TyId { $(pub const $konst: TyId = TyId($idx);)* }
        const BASICS: &[TyKind] = &[$(TyKind::$kind,)*];
    };
}

basics! {
    BOOL = 0 Bool;
    INT = 1 Int;
    INT8 = 2 Int8;
    INT16 = 3 Int16;
    INT32 = 4 Int32;
    INT64 = 5 Int64;
    UINT = 6 Uint;
    UINT8 = 7 Uint8;
    UINT16 = 8 Uint16;
    UINT32 = 9 Uint32;
    UINT64 = 10 Uint64;
    UINTPTR = 11 Uintptr;
    FLOAT32 = 12 Float32;
    FLOAT64 = 13 Float64;
    COMPLEX64 = 14 Complex64;
    COMPLEX128 = 15 Complex128;
    STRING = 16 String;
    UNSAFE_POINTER = 17 UnsafePointer;
}

impl TyId {
    /// The empty tuple: result of a call without results.
    pub const UNIT: TyId = TyId(18);
    /// `interface{}`.
    pub const EMPTY_INTERFACE: TyId = TyId(19);
    /// `func()`, type of what `go` and `defer` take.
    pub const FUNC: TyId = TyId(20);
}

impl Default for TyTable {
    fn default() -> Self {
        Self::new()
    }
}

impl TyTable {
    pub fn new() -> TyTable {
        let mut table = TyTable {
            types: IndexVec::new(),
            unnamed: HashMap::default(),
        };
        for kind in BASICS {
            table.intern(kind.clone());
        }
        table.intern(TyKind::Tuple(Arc::from([])));
        table.intern(TyKind::Interface(Arc::from([])));
        let sig = FuncSig {
            params: vec![],
            results: vec![],
            variadic: false,
        };
        let func = table.intern(TyKind::Func(sig));
        debug_assert_eq!(func, TyId::FUNC);
        table
    }

    /// The unnamed type of this form.
    pub fn intern(&mut self, kind: TyKind) -> TyId {
        if let Some(&id) = self.unnamed.get(&kind) {
            return id;
        }
        let id = self.types.push(TyData {
            kind: kind.clone(),
            named: None,
        });
        self.unnamed.insert(kind, id);
        id
    }

    /// The unnamed type of this form, if there is one.
    pub fn find(&self, kind: &TyKind) -> Option<TyId> {
        self.unnamed.get(kind).copied()
    }

    /// A new defined type, form to follow. Each call makes a new type.
    pub fn declare_named(&mut self, named: NamedInfo) -> TyId {
        self.types.push(TyData {
            kind: TyKind::Bool,
            named: Some(named),
        })
    }

    /// Gives a declared type the form of its underlying type.
    pub fn define_named(&mut self, id: TyId, kind: TyKind) {
        self.types[id].kind = kind;
    }

    pub fn kind(&self, id: TyId) -> &TyKind {
        &self.types[id].kind
    }

    pub fn named(&self, id: TyId) -> Option<&NamedInfo> {
        self.types[id].named.as_ref()
    }

    pub fn len(&self) -> usize {
        self.types.len()
    }

    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }

    pub fn ids(&self) -> impl DoubleEndedIterator<Item = TyId> + ExactSizeIterator + use<> {
        self.types.ids()
    }

    pub fn pointer_to(&mut self, id: TyId) -> TyId {
        self.intern(TyKind::Pointer(id))
    }

    pub fn tuple(&mut self, parts: &[TyId]) -> TyId {
        self.intern(TyKind::Tuple(Arc::from(parts)))
    }

    /// Type of a call's value: unit, the only result, or a tuple.
    pub fn call_result(&mut self, results: &[TyId]) -> TyId {
        match results {
            [one] => *one,
            many => self.tuple(many),
        }
    }

    /// Element of a pointer, slice, array, or channel; value of a map.
    ///
    /// # Panics
    /// On other types.
    pub fn elem(&self, id: TyId) -> TyId {
        match self.kind(id) {
            TyKind::Pointer(t)
            | TyKind::Slice(t)
            | TyKind::Array(t, _)
            | TyKind::Chan(_, t)
            | TyKind::Map(_, t) => *t,
            other => panic!("elem of {other:?}"),
        }
    }

    pub fn is_interface(&self, id: TyId) -> bool {
        matches!(self.kind(id), TyKind::Interface(_))
    }

    pub fn is_integer(&self, id: TyId) -> bool {
        use TyKind::*;
        matches!(
            self.kind(id),
            Int | Int8 | Int16 | Int32 | Int64 | Uint | Uint8 | Uint16 | Uint32 | Uint64 | Uintptr
        )
    }

    pub fn is_signed(&self, id: TyId) -> bool {
        use TyKind::*;
        matches!(self.kind(id), Int | Int8 | Int16 | Int32 | Int64)
    }

    pub fn is_float(&self, id: TyId) -> bool {
        matches!(self.kind(id), TyKind::Float32 | TyKind::Float64)
    }

    pub fn is_complex(&self, id: TyId) -> bool {
        matches!(self.kind(id), TyKind::Complex64 | TyKind::Complex128)
    }

    pub fn is_string(&self, id: TyId) -> bool {
        matches!(self.kind(id), TyKind::String)
    }

    /// One pointer word that can itself be an interface's data word.
    pub fn is_pointer_shaped(&self, id: TyId) -> bool {
        matches!(
            self.kind(id),
            TyKind::Pointer(_)
                | TyKind::Map(..)
                | TyKind::Chan(..)
                | TyKind::Func(_)
                | TyKind::UnsafePointer
        )
    }

    /// Whether a value of the type holds a pointer that the collector must know.
    pub fn has_pointers(&self, id: TyId) -> bool {
        use TyKind::*;
        match self.kind(id) {
            Bool | Int | Int8 | Int16 | Int32 | Int64 | Uint | Uint8 | Uint16 | Uint32 | Uint64
            | Uintptr | Float32 | Float64 | Complex64 | Complex128 => false,
            String | UnsafePointer | Pointer(_) | Slice(_) | Map(..) | Chan(..) | Func(_)
            | Interface(_) | MapIter(_) => true,
            Array(elem, n) => *n > 0 && self.has_pointers(*elem),
            Struct(fields) => fields.iter().any(|f| self.has_pointers(f.ty)),
            Tuple(parts) => parts.iter().any(|&t| self.has_pointers(t)),
            Closure(parts) => parts.iter().any(|&t| self.has_pointers(t)),
        }
    }
}
