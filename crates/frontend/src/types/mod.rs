//! Types: one arena, dense ids, every unnamed type stored once.
//!
//! A [`TypeId`] names a type *as written*: `func(x int)` and `func(y int)`, `byte` and `uint8`, an alias and what it
//! stands for are different ids, so that messages can show the user's own words. Identity in the language's sense is
//! [`Types::identical`]; the one id that stands for all identical types is [`Types::canon`].
//!
//! Declared types are the only way to recursion: [`Named`] is made before its underlying type is known, everything
//! else is made from finished parts and interned.
//!
//! * [`Types::under`] looks through names and aliases, [`Types::unalias`] through aliases only.
//! * Parts that belong together are `Arc`s: a caller may hold a struct's fields while it makes further types.
//! * `identity.rs` canonical ids, `predicates.rs` what a type can do, `lookup.rs` fields and methods through
//!   embedding, `satisfy.rs` interfaces met or not, `print.rs` the two printed forms, `sizes.rs` sizes for constants,
//!   `typeset.rs` the types and methods that an interface stands for, `subst.rs` type arguments for type parameters.

mod identity;
mod lookup;
mod package_names;
mod predicates;
mod print;
mod satisfy;
mod sizes;
mod subst;
mod typeset;

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use mini_diagnostics::Pos;
use mini_syntax::Symbol;
pub use mini_syntax::ast::ChanDir;

use package_names::PackageName;

use crate::object::ObjId;
use crate::program::PkgId;

pub use lookup::{Lookup, LookupFailure, Member};
pub use predicates::Incomparable;
pub use print::Qualifier;
pub(crate) use print::quote;
pub use satisfy::Missing;
pub use subst::Subst;
use subst::{Instances, Traits};
pub use typeset::{NoCommon, TypeSet};

/// A type as written. Zero is the invalid type: what an erroneous expression has, silent in later errors.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct TypeId(pub u32);

macro_rules! basics {
    ($($variant:ident $constant:ident $name:literal,)*) => {
        /// The predeclared types that are not declared in terms of others, the untyped kinds of constants, and the two
        /// predeclared aliases that messages tell apart.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        #[repr(u8)]
        pub enum Basic { $($variant,)* }

        impl Basic {
            pub const ALL: &[Basic] = &[$(Basic::$variant,)*];

            pub fn name(self) -> &'static str {
                match self { $(Basic::$variant => $name,)* }
            }
        }

        impl TypeId {
            $(pub const $constant: TypeId = TypeId(Basic::$variant as u32);)*
        }
    };
}

basics! {
    Invalid INVALID "invalid type",
    Bool BOOL "bool",
    Int INT "int",
    Int8 INT8 "int8",
    Int16 INT16 "int16",
    Int32 INT32 "int32",
    Int64 INT64 "int64",
    Uint UINT "uint",
    Uint8 UINT8 "uint8",
    Uint16 UINT16 "uint16",
    Uint32 UINT32 "uint32",
    Uint64 UINT64 "uint64",
    Uintptr UINTPTR "uintptr",
    Float32 FLOAT32 "float32",
    Float64 FLOAT64 "float64",
    Complex64 COMPLEX64 "complex64",
    Complex128 COMPLEX128 "complex128",
    String STRING "string",
    UnsafePointer UNSAFE_POINTER "unsafe.Pointer",
    UntypedBool UNTYPED_BOOL "untyped bool",
    UntypedInt UNTYPED_INT "untyped int",
    UntypedRune UNTYPED_RUNE "untyped rune",
    UntypedFloat UNTYPED_FLOAT "untyped float",
    UntypedComplex UNTYPED_COMPLEX "untyped complex",
    UntypedString UNTYPED_STRING "untyped string",
    UntypedNil UNTYPED_NIL "untyped nil",
    Byte BYTE "byte",
    Rune RUNE "rune",
}

impl TypeId {
    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub fn is_valid(self) -> bool {
        self != TypeId::INVALID
    }
}

/// What a type is made of.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// `byte` and `rune` included; [`Types::basic`] gives them as `uint8` and `int32`.
    Basic(Basic),
    Named(NamedId),
    Alias(AliasId),
    Pointer(TypeId),
    Slice(TypeId),
    Array {
        elem: TypeId,
        len: u64,
    },
    Map {
        key: TypeId,
        value: TypeId,
    },
    Chan {
        dir: ChanDir,
        elem: TypeId,
    },
    Struct(Arc<Struct>),
    Func(Arc<Signature>),
    Interface(Arc<Interface>),
    /// The results of a call with none or several; never the type of a variable.
    Tuple(Arc<[TypeId]>),
    TypeParam(TypeParamId),
    /// `~int | string`: only embedded in interfaces.
    Union(Arc<[Term]>),
}

/// A term of a union: all types whose underlying type is `ty`, or that type alone.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Term {
    pub has_tilde: bool,
    pub ty: TypeId,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct NamedId(pub u32);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct AliasId(pub u32);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct TypeParamId(pub u32);

/// A declared type, or an instance of a generic one.
#[derive(Clone, Debug)]
pub struct Named {
    pub id: TypeId,
    pub name: Symbol,
    /// The package of the declaration; [`PkgId::UNIVERSE`] for `error` and `comparable`.
    pub pkg: PkgId,
    /// The declaring type name.
    pub obj: ObjId,
    /// The right-hand side of the declaration, not yet looked through; invalid while the declaration is being resolved.
    pub rhs: TypeId,
    /// Methods in source order; their signatures are resolved when asked for. An instance has those of its origin: their
    /// signatures speak of the type parameters that each method's receiver declares.
    pub methods: Vec<(Symbol, ObjId)>,
    /// Set for types declared in functions: such types of one name are told apart by it.
    pub local_index: u32,
    /// What `rhs` is written in terms of: the type parameters of the generic function around a local type, then the
    /// type's own. Empty for instances.
    pub type_params: Vec<TypeParamId>,
    /// How many of `type_params` belong to the function around.
    pub n_implicit: u32,
    /// Of an instance: the generic type, and a type for each of its parameters.
    pub origin: Option<NamedId>,
    pub type_args: Vec<TypeId>,
}

impl Named {
    /// The type parameters that the declaration itself has.
    pub fn own_type_params(&self) -> &[TypeParamId] {
        self.type_params
            .get(self.n_implicit as usize..)
            .unwrap_or(&[])
    }

    /// The type arguments that the source writes: without those of the function around a local type.
    pub fn own_type_args(&self) -> &[TypeId] {
        match self.type_args.is_empty() {
            true => &[],
            false => &self.type_args[self.n_implicit as usize..],
        }
    }
}

/// `type A = T`, `type A[P any] = T`, or an instance of the latter.
#[derive(Clone, Debug)]
pub struct Alias {
    pub name: Symbol,
    pub pkg: PkgId,
    pub obj: ObjId,
    /// Invalid while the declaration is being resolved.
    pub actual: TypeId,
    pub type_params: Vec<TypeParamId>,
    /// Of an instance.
    pub origin: Option<AliasId>,
    pub type_args: Vec<TypeId>,
}

/// A type parameter of a function, a type, an alias, or a method's receiver.
#[derive(Clone, Debug)]
pub struct TypeParam {
    pub id: TypeId,
    pub name: Symbol,
    /// The type name that declares it.
    pub obj: ObjId,
    /// Its place in the list that declares it.
    pub index: u32,
    /// Where it is declared, if it has the name of something predeclared: messages say so.
    pub shadows: Option<Pos>,
    /// Any type: one that is no interface stands for the interface that embeds it. Invalid while the list is being
    /// resolved.
    pub constraint: TypeId,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Struct {
    pub fields: Vec<Field>,
    /// The package that wrote the struct: its unexported names belong to that package.
    pub pkg: PkgId,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Field {
    pub name: Symbol,
    pub ty: TypeId,
    pub is_embedded: bool,
    /// The tag's value, unquoted.
    pub tag: Option<Symbol>,
}

/// Parameters and results of functions and methods; the receiver is not part of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Signature {
    /// With `is_variadic`, the last one has the slice type.
    pub params: Vec<Param>,
    pub results: Vec<Param>,
    pub is_variadic: bool,
    /// Of a generic function that is not instantiated; never those of a receiver.
    pub type_params: Vec<TypeParamId>,
}

impl Signature {
    pub fn is_generic(&self) -> bool {
        !self.type_params.is_empty()
    }

    pub fn param_types(&self) -> impl ExactSizeIterator<Item = TypeId> + '_ {
        self.params.iter().map(|param| param.ty)
    }

    pub fn result_types(&self) -> impl ExactSizeIterator<Item = TypeId> + '_ {
        self.results.iter().map(|result| result.ty)
    }
}

/// A parameter's name is there for messages only.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Param {
    pub name: Option<Symbol>,
    pub ty: TypeId,
}

/// An interface as written. [`Types::type_set`] has all of its methods and types.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Interface {
    pub methods: Vec<Method>,
    pub embeds: Vec<TypeId>,
    /// The package that wrote the interface.
    pub pkg: PkgId,
    /// A constraint that is written without `interface { }`.
    pub is_implicit: bool,
}

/// A method of an interface.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Method {
    pub name: Symbol,
    /// The package that an unexported name belongs to; [`PkgId::UNIVERSE`] for exported names.
    pub pkg: PkgId,
    pub sig: TypeId,
}

/// All types of a program.
#[derive(Debug)]
pub struct Types {
    types: Vec<Type>,
    interned: HashMap<Type, TypeId, FixedState>,
    /// Per type the canonical id, or [`UNKNOWN`] where a part was not finished when the type was made.
    canons: Vec<TypeId>,
    named: Vec<Named>,
    aliases: Vec<Alias>,
    type_params: Vec<TypeParam>,
    /// Per type what substitution asks.
    traits: Vec<Traits>,
    /// The type sets of complete interfaces.
    type_sets: HashMap<TypeId, Arc<TypeSet>, FixedState>,
    instances: Instances,
    /// The packages, for printing.
    packages: Vec<PackageName>,
    /// The interface without methods.
    pub empty_interface: TypeId,
    /// The alias `any`, the type `error`, and `comparable`: set when the universe is made.
    pub any: TypeId,
    pub error: TypeId,
    pub comparable: TypeId,
}

const UNKNOWN: TypeId = TypeId(u32::MAX);

impl Default for Types {
    fn default() -> Types {
        Types::new()
    }
}

impl Types {
    /// The basic types alone.
    pub fn new() -> Types {
        let mut types = Types {
            types: Vec::with_capacity(1024),
            interned: HashMap::default(),
            canons: Vec::with_capacity(1024),
            named: Vec::new(),
            aliases: Vec::new(),
            type_params: Vec::new(),
            traits: Vec::with_capacity(1024),
            type_sets: HashMap::default(),
            instances: Instances::default(),
            packages: Vec::new(),
            empty_interface: TypeId::INVALID,
            any: TypeId::INVALID,
            error: TypeId::INVALID,
            comparable: TypeId::INVALID,
        };
        for &basic in Basic::ALL {
            let id = types.intern(Type::Basic(basic));
            debug_assert_eq!(id.0, basic as u32);
        }
        types.empty_interface = types.interface(Interface {
            methods: Vec::new(),
            embeds: Vec::new(),
            pkg: PkgId::UNIVERSE,
            is_implicit: false,
        });
        types.any = types.empty_interface;
        types
    }

    pub fn get(&self, id: TypeId) -> &Type {
        &self.types[id.index()]
    }

    /// How many types there are: the length of a side table.
    pub fn count(&self) -> usize {
        self.types.len()
    }

    pub fn named(&self, id: NamedId) -> &Named {
        &self.named[id.0 as usize]
    }

    pub fn named_mut(&mut self, id: NamedId) -> &mut Named {
        &mut self.named[id.0 as usize]
    }

    pub fn alias(&self, id: AliasId) -> &Alias {
        &self.aliases[id.0 as usize]
    }

    pub fn type_param(&self, id: TypeParamId) -> &TypeParam {
        &self.type_params[id.0 as usize]
    }

    /// Name and path of a package.
    pub fn package_name(&self, pkg: PkgId) -> Option<(Symbol, Symbol)> {
        let package = self.packages.get(pkg.0 as usize)?;
        Some((package.name, package.path))
    }

    pub(crate) fn set_package_name(
        &mut self,
        pkg: PkgId,
        name: Symbol,
        path: Symbol,
        imports: Vec<PkgId>,
    ) {
        let at = pkg.0 as usize;
        if self.packages.len() <= at {
            self.packages.resize_with(at + 1, PackageName::default);
        }
        self.packages[at] = PackageName {
            name,
            path,
            imports,
        };
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Making types

    fn intern(&mut self, ty: Type) -> TypeId {
        if let Some(&id) = self.interned.get(&ty) {
            return id;
        }
        let id = self.add_type(ty, UNKNOWN);
        self.set_canon(id);
        id
    }

    fn add_type(&mut self, ty: Type, canon: TypeId) -> TypeId {
        let id = TypeId(self.types.len() as u32);
        self.traits.push(self.find_traits(&ty));
        self.types.push(ty.clone());
        self.canons.push(canon);
        self.interned.insert(ty, id);
        id
    }

    pub fn pointer(&mut self, elem: TypeId) -> TypeId {
        self.intern(Type::Pointer(elem))
    }

    pub fn slice(&mut self, elem: TypeId) -> TypeId {
        self.intern(Type::Slice(elem))
    }

    pub fn array(&mut self, elem: TypeId, len: u64) -> TypeId {
        self.intern(Type::Array { elem, len })
    }

    pub fn map(&mut self, key: TypeId, value: TypeId) -> TypeId {
        self.intern(Type::Map { key, value })
    }

    pub fn chan(&mut self, dir: ChanDir, elem: TypeId) -> TypeId {
        self.intern(Type::Chan { dir, elem })
    }

    pub fn structure(&mut self, ty: Struct) -> TypeId {
        self.intern(Type::Struct(Arc::new(ty)))
    }

    pub fn func(&mut self, ty: Signature) -> TypeId {
        self.intern(Type::Func(Arc::new(ty)))
    }

    pub fn interface(&mut self, ty: Interface) -> TypeId {
        self.intern(Type::Interface(Arc::new(ty)))
    }

    pub fn tuple(&mut self, types: &[TypeId]) -> TypeId {
        self.intern(Type::Tuple(types.into()))
    }

    /// A new declared type; its right-hand side is set later.
    pub fn new_named(&mut self, name: Symbol, pkg: PkgId, obj: ObjId, local_index: u32) -> TypeId {
        let named = NamedId(self.named.len() as u32);
        let id = TypeId(self.types.len() as u32);
        self.named.push(Named {
            id,
            name,
            pkg,
            obj,
            rhs: TypeId::INVALID,
            methods: Vec::new(),
            local_index,
            type_params: Vec::new(),
            n_implicit: 0,
            origin: None,
            type_args: Vec::new(),
        });
        self.intern(Type::Named(named))
    }

    /// A new type parameter; its constraint is set later.
    pub fn new_type_param(&mut self, name: Symbol, obj: ObjId, index: u32) -> TypeParamId {
        let param = TypeParamId(self.type_params.len() as u32);
        let id = TypeId(self.types.len() as u32);
        self.type_params.push(TypeParam {
            id,
            name,
            obj,
            index,
            shadows: None,
            constraint: TypeId::INVALID,
        });
        self.intern(Type::TypeParam(param));
        param
    }

    pub(crate) fn set_shadows(&mut self, param: TypeParamId, pos: Pos) {
        self.type_params[param.0 as usize].shadows = Some(pos);
    }

    pub fn set_constraint(&mut self, param: TypeParamId, constraint: TypeId) {
        self.type_params[param.0 as usize].constraint = constraint;
    }

    /// A union of terms, to be embedded in an interface.
    pub fn union(&mut self, terms: &[Term]) -> TypeId {
        self.intern(Type::Union(terms.into()))
    }

    /// A new alias; what it stands for is set later.
    pub fn new_alias(&mut self, name: Symbol, pkg: PkgId, obj: ObjId) -> TypeId {
        let alias = AliasId(self.aliases.len() as u32);
        self.aliases.push(Alias {
            name,
            pkg,
            obj,
            actual: TypeId::INVALID,
            type_params: Vec::new(),
            origin: None,
            type_args: Vec::new(),
        });
        self.intern(Type::Alias(alias))
    }

    /// Makes `comparable` known: its interface is not the empty one.
    pub(crate) fn set_comparable(&mut self, comparable: TypeId) {
        self.comparable = comparable;
        let embeds_itself = Interface {
            methods: Vec::new(),
            embeds: vec![comparable],
            pkg: PkgId::UNIVERSE,
            is_implicit: false,
        };
        self.set_rhs(comparable, TypeId::INVALID);
        let rhs = self.interface(embeds_itself);
        self.set_rhs(comparable, rhs);
        self.set_canon(rhs);
        self.complete_interface(comparable);
    }

    pub fn set_rhs(&mut self, named: TypeId, rhs: TypeId) {
        if let Type::Named(id) = self.types[named.index()] {
            self.named[id.0 as usize].rhs = rhs;
            self.expand_instances_of(named);
        }
    }

    pub fn set_actual(&mut self, alias: TypeId, actual: TypeId) {
        if let Type::Alias(id) = self.types[alias.index()] {
            self.aliases[id.0 as usize].actual = actual;
            self.traits[alias.index()] = self.traits[actual.index()];
            self.expand_instances_of(alias);
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Looking at types

    /// The type that an alias stands for.
    pub fn unalias(&self, mut id: TypeId) -> TypeId {
        while let Type::Alias(alias) = self.types[id.index()] {
            id = self.aliases[alias.0 as usize].actual;
        }
        id
    }

    /// The underlying type: no name, no alias.
    pub fn under(&self, mut id: TypeId) -> TypeId {
        loop {
            match self.types[id.index()] {
                Type::Named(named) => id = self.named[named.0 as usize].rhs,
                Type::Alias(alias) => id = self.aliases[alias.0 as usize].actual,
                _ => return id,
            }
        }
    }

    /// What the underlying type is made of.
    pub fn under_type(&self, id: TypeId) -> &Type {
        self.get(self.under(id))
    }

    /// The declared type that `id` is, through aliases.
    pub fn as_named(&self, id: TypeId) -> Option<&Named> {
        match self.types[self.unalias(id).index()] {
            Type::Named(named) => Some(self.named(named)),
            _ => None,
        }
    }

    /// The basic type under `id`; `byte` is `uint8` and `rune` is `int32` here.
    pub fn basic(&self, id: TypeId) -> Option<Basic> {
        match *self.under_type(id) {
            Type::Basic(Basic::Byte) => Some(Basic::Uint8),
            Type::Basic(Basic::Rune) => Some(Basic::Int32),
            Type::Basic(basic) => Some(basic),
            _ => None,
        }
    }

    /// The type parameter that `id` is, through aliases.
    pub fn as_type_param(&self, id: TypeId) -> Option<TypeParamId> {
        match self.types[id.index()] {
            Type::TypeParam(param) => Some(param),
            Type::Alias(_) => match self.types[self.unalias(id).index()] {
                Type::TypeParam(param) => Some(param),
                _ => None,
            },
            _ => None,
        }
    }

    pub fn is_type_param(&self, id: TypeId) -> bool {
        self.as_type_param(id).is_some()
    }

    /// The signature under `id`.
    pub fn signature(&self, id: TypeId) -> Option<&Arc<Signature>> {
        match self.under_type(id) {
            Type::Func(sig) => Some(sig),
            _ => None,
        }
    }

    /// The struct under `id`.
    pub fn as_struct(&self, id: TypeId) -> Option<&Arc<Struct>> {
        match self.under_type(id) {
            Type::Struct(ty) => Some(ty),
            _ => None,
        }
    }

    /// What the pointer type under `id` points to.
    pub fn pointee(&self, id: TypeId) -> Option<TypeId> {
        match *self.under_type(id) {
            Type::Pointer(elem) => Some(elem),
            _ => None,
        }
    }

    /// The type that `*` leads to, and whether there was a pointer. Names of pointer types are not looked through.
    pub fn deref(&self, id: TypeId) -> (TypeId, bool) {
        match self.types[self.unalias(id).index()] {
            Type::Pointer(elem) => (elem, true),
            _ => (id, false),
        }
    }

    /// The parts of a tuple; any other type is its own only part.
    pub fn tuple_parts<'a>(&'a self, id: &'a TypeId) -> &'a [TypeId] {
        match self.get(*id) {
            Type::Tuple(parts) => parts,
            _ => std::slice::from_ref(id),
        }
    }

    pub(crate) fn sort_methods(&self, methods: &mut [Method]) {
        methods.sort_by(|a, b| {
            let key = |method: &Method| (!method.name.is_exported(), method.name.as_str());
            key(a).cmp(&key(b)).then_with(|| {
                let path = |method: &Method| {
                    self.package_name(method.pkg)
                        .map_or("", |(_, path)| path.as_str())
                };
                path(a).cmp(path(b))
            })
        });
    }
}
