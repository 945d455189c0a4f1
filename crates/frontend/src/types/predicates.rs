//! What a type can do: classes of basic types, comparison, the default type of untyped values.

use super::{Basic, Type, TypeId, Types};

impl Basic {
    pub fn is_boolean(self) -> bool {
        matches!(self, Basic::Bool | Basic::UntypedBool)
    }

    pub fn is_integer(self) -> bool {
        matches!(
            self,
            Basic::Int
                | Basic::Int8
                | Basic::Int16
                | Basic::Int32
                | Basic::Int64
                | Basic::Rune
                | Basic::UntypedInt
                | Basic::UntypedRune
        ) || self.is_unsigned()
    }

    pub fn is_unsigned(self) -> bool {
        matches!(
            self,
            Basic::Uint
                | Basic::Uint8
                | Basic::Uint16
                | Basic::Uint32
                | Basic::Uint64
                | Basic::Uintptr
                | Basic::Byte
        )
    }

    pub fn is_float(self) -> bool {
        matches!(self, Basic::Float32 | Basic::Float64 | Basic::UntypedFloat)
    }

    pub fn is_complex(self) -> bool {
        matches!(
            self,
            Basic::Complex64 | Basic::Complex128 | Basic::UntypedComplex
        )
    }

    pub fn is_numeric(self) -> bool {
        self.is_integer() || self.is_float() || self.is_complex()
    }

    pub fn is_string(self) -> bool {
        matches!(self, Basic::String | Basic::UntypedString)
    }

    pub fn is_untyped(self) -> bool {
        matches!(
            self,
            Basic::UntypedBool
                | Basic::UntypedInt
                | Basic::UntypedRune
                | Basic::UntypedFloat
                | Basic::UntypedComplex
                | Basic::UntypedString
                | Basic::UntypedNil
        )
    }

    pub fn is_ordered(self) -> bool {
        self.is_integer() || self.is_float() || self.is_string()
    }

    pub fn is_const_type(self) -> bool {
        self.is_boolean() || self.is_numeric() || self.is_string()
    }
}

/// A question about the basic type under an id; false for all other types.
macro_rules! basic_questions {
    ($($name:ident,)*) => {
        impl Types {
            $(pub fn $name(&self, id: TypeId) -> bool {
                self.basic(id).is_some_and(Basic::$name)
            })*
        }
    };
}

/// The same question asked of every type that a type parameter may stand for.
macro_rules! questions_of_all {
    ($($name:ident $each:ident,)*) => {
        impl Types {
            $(pub fn $name(&self, id: TypeId) -> bool {
                match self.is_type_param(id) {
                    false => self.$each(id),
                    true => self.all_under(id, |under| self.$each(under)),
                }
            })*
        }
    };
}

questions_of_all! {
    all_boolean is_boolean,
    all_integer is_integer,
    all_unsigned is_unsigned,
    all_float is_float,
    all_numeric is_numeric,
    all_string is_string,
    all_ordered is_ordered,
    all_numeric_or_string is_numeric_or_string,
    all_basic is_basic,
}

impl Types {
    fn is_numeric_or_string(&self, id: TypeId) -> bool {
        self.is_numeric(id) || self.is_string(id)
    }

    fn is_basic(&self, id: TypeId) -> bool {
        id.is_valid() && self.basic(id).is_some()
    }
}

basic_questions! {
    is_boolean, is_integer, is_unsigned, is_float, is_complex, is_numeric, is_string, is_ordered, is_const_type,
}

impl Types {
    /// Untyped types have no names: only the basic untyped ones.
    pub fn is_untyped(&self, id: TypeId) -> bool {
        TypeId::UNTYPED_BOOL <= id && id <= TypeId::UNTYPED_NIL
    }

    pub fn is_typed(&self, id: TypeId) -> bool {
        !self.is_untyped(id)
    }

    pub fn is_untyped_numeric(&self, id: TypeId) -> bool {
        TypeId::UNTYPED_INT <= id && id <= TypeId::UNTYPED_COMPLEX
    }

    pub fn is_interface(&self, id: TypeId) -> bool {
        matches!(self.under_type(id), Type::Interface(_))
    }

    pub fn is_pointer(&self, id: TypeId) -> bool {
        matches!(self.under_type(id), Type::Pointer(_))
    }

    /// Slices of `byte` and `rune` kinds: what strings convert to.
    pub fn is_bytes_or_runes(&self, id: TypeId) -> bool {
        match *self.under_type(id) {
            Type::Slice(elem) => matches!(self.basic(elem), Some(Basic::Uint8 | Basic::Int32)),
            _ => false,
        }
    }

    /// Whether values of the type may be nil.
    pub fn has_nil(&self, id: TypeId) -> bool {
        match self.under_type(id) {
            Type::Basic(basic) => matches!(basic, Basic::UnsafePointer | Basic::UntypedNil),
            Type::Pointer(_)
            | Type::Slice(_)
            | Type::Map { .. }
            | Type::Chan { .. }
            | Type::Func(_)
            | Type::Interface(_) => true,
            Type::TypeParam(_) => {
                self.all_under(id, |under| under.is_valid() && self.has_nil(under))
            }
            _ => false,
        }
    }

    /// True of types with a name: declared types, basic types, type parameters; aliases of these.
    pub fn has_name(&self, id: TypeId) -> bool {
        matches!(
            self.get(self.unalias(id)),
            Type::Basic(_) | Type::Named(_) | Type::TypeParam(_)
        )
    }

    /// Whether `==` is defined on values of the type (for interfaces it may panic).
    pub fn comparable(&self, id: TypeId) -> bool {
        self.incomparable_cause(id).is_none()
    }

    /// Whether `==` is defined and cannot panic.
    pub fn strictly_comparable(&self, id: TypeId) -> bool {
        self.incomparable(id, true, &mut Vec::new()).is_none()
    }

    /// The type of the part that makes `id` incomparable, with the field that holds it if the type is a struct.
    pub fn incomparable_cause(&self, id: TypeId) -> Option<Incomparable> {
        self.incomparable(id, false, &mut Vec::new())
    }

    /// A type may lead to itself through the constraint of a type parameter: it is looked at once.
    fn incomparable(
        &self,
        id: TypeId,
        is_strict: bool,
        seen: &mut Vec<TypeId>,
    ) -> Option<Incomparable> {
        let under = self.under(id);
        match self.get(under) {
            Type::Basic(Basic::UntypedNil) => Some(Incomparable::Itself),
            Type::Basic(_) | Type::Pointer(_) | Type::Chan { .. } => None,
            Type::Slice(_) | Type::Map { .. } | Type::Func(_) | Type::Tuple(_) => {
                Some(Incomparable::Itself)
            }
            &Type::Array { elem, .. } => self
                .incomparable(elem, is_strict, seen)
                .map(|_| Incomparable::Elem(elem)),
            Type::Struct(ty) => ty
                .fields
                .iter()
                .find(|field| self.incomparable(field.ty, is_strict, seen).is_some())
                .map(|field| Incomparable::Field(field.name, field.ty)),
            Type::Interface(_) if !is_strict => None,
            Type::Interface(_) | Type::TypeParam(_) => {
                if seen.contains(&under) {
                    return None;
                }
                seen.push(under);
                let set = self.type_set(under);
                let is_comparable = match &set.terms {
                    None => set.is_comparable,
                    Some(terms) => {
                        !terms.is_empty()
                            && terms
                                .iter()
                                .all(|term| self.incomparable(term.ty, true, seen).is_none())
                    }
                };
                match (is_comparable, set.is_empty()) {
                    (true, _) => None,
                    (false, true) => Some(Incomparable::EmptyTypeSet),
                    (false, false) => Some(Incomparable::TypeSet),
                }
            }
            _ => None,
        }
    }

    /// The type that an untyped value gets where the context wants none.
    pub fn default_type(&self, id: TypeId) -> TypeId {
        match id {
            TypeId::UNTYPED_BOOL => TypeId::BOOL,
            TypeId::UNTYPED_INT => TypeId::INT,
            TypeId::UNTYPED_RUNE => TypeId::RUNE,
            TypeId::UNTYPED_FLOAT => TypeId::FLOAT64,
            TypeId::UNTYPED_COMPLEX => TypeId::COMPLEX128,
            TypeId::UNTYPED_STRING => TypeId::STRING,
            _ => id,
        }
    }
}

/// Why a type cannot be compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Incomparable {
    Itself,
    Elem(TypeId),
    Field(mini_syntax::Symbol, TypeId),
    /// Of a type parameter: not all types of its constraint can be compared.
    TypeSet,
    EmptyTypeSet,
}
