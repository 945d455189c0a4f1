//! Places (what can be assigned to) and operands (what can be read).

use crate::ids::{FuncId, GlobalId, LocalId};
use crate::types::TyId;
use smallvec::SmallVec;
use std::sync::Arc;

/// Where a place begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlaceBase {
    Local(LocalId),
    Global(GlobalId),
}

/// One step into a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Proj {
    /// Through a pointer. Faults (nil panic) if it is nil; `non_nil` when that is known not to be.
    Deref { non_nil: bool },
    /// Field of a struct, part of a tuple, or word of a closure object (0 is the code).
    Field(u32),
    /// Element of an array (in place), of a slice (through its pointer), or byte of a string (read only).
    /// `checked`: the index was proved to be in range. The local has any integer type.
    Index { index: LocalId, checked: bool },
    /// The same with a constant index.
    ConstIndex { index: u64, checked: bool },
}

/// A path to a piece of memory or of a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    pub base: PlaceBase,
    pub proj: SmallVec<[Proj; 2]>,
}

impl Place {
    pub fn local(local: LocalId) -> Place {
        Place {
            base: PlaceBase::Local(local),
            proj: SmallVec::new(),
        }
    }

    pub fn global(global: GlobalId) -> Place {
        Place {
            base: PlaceBase::Global(global),
            proj: SmallVec::new(),
        }
    }

    #[must_use]
    pub fn project(mut self, step: Proj) -> Place {
        self.proj.push(step);
        self
    }

    #[must_use]
    pub fn deref(self) -> Place {
        self.project(Proj::Deref { non_nil: false })
    }

    #[must_use]
    pub fn field(self, index: u32) -> Place {
        self.project(Proj::Field(index))
    }

    #[must_use]
    pub fn index(self, index: LocalId) -> Place {
        self.project(Proj::Index {
            index,
            checked: false,
        })
    }

    #[must_use]
    pub fn const_index(self, index: u64) -> Place {
        self.project(Proj::ConstIndex {
            index,
            checked: false,
        })
    }

    /// The local, if the place is a whole local.
    pub fn as_local(&self) -> Option<LocalId> {
        match self.base {
            PlaceBase::Local(local) if self.proj.is_empty() => Some(local),
            _ => None,
        }
    }

    /// Whether reading the place can raise a panic: a pointer may be nil, an index out of range.
    pub fn may_fault(&self) -> bool {
        self.proj.iter().any(|step| match step {
            Proj::Field(_) => false,
            Proj::Deref { non_nil } => !non_nil,
            Proj::Index { checked, .. } | Proj::ConstIndex { checked, .. } => !checked,
        })
    }

    /// Whether an index on the way may be out of range.
    pub fn may_miss(&self) -> bool {
        self.proj.iter().any(|step| {
            matches!(
                step,
                Proj::Index { checked: false, .. } | Proj::ConstIndex { checked: false, .. }
            )
        })
    }
}

impl From<LocalId> for Place {
    fn from(local: LocalId) -> Place {
        Place::local(local)
    }
}

/// A value that is read.
#[derive(Clone, Debug, PartialEq)]
pub enum Operand {
    Copy(Place),
    Const(Const),
}

impl Operand {
    pub fn local(local: LocalId) -> Operand {
        Operand::Copy(Place::local(local))
    }

    pub fn int(value: i64) -> Operand {
        Operand::Const(Const {
            ty: TyId::INT,
            value: ConstValue::Int(value.into()),
        })
    }

    pub fn bool(value: bool) -> Operand {
        Operand::Const(Const {
            ty: TyId::BOOL,
            value: ConstValue::Bool(value),
        })
    }

    pub fn zero(ty: TyId) -> Operand {
        Operand::Const(Const {
            ty,
            value: ConstValue::Zero,
        })
    }

    pub fn string(ty: TyId, bytes: impl Into<Arc<[u8]>>) -> Operand {
        Operand::Const(Const {
            ty,
            value: ConstValue::Str(bytes.into()),
        })
    }

    pub fn as_local(&self) -> Option<LocalId> {
        match self {
            Operand::Copy(place) => place.as_local(),
            Operand::Const(_) => None,
        }
    }

    pub fn as_const(&self) -> Option<&Const> {
        match self {
            Operand::Const(c) => Some(c),
            Operand::Copy(_) => None,
        }
    }
}

impl From<LocalId> for Operand {
    fn from(local: LocalId) -> Operand {
        Operand::local(local)
    }
}

/// A constant of a type.
#[derive(Clone, Debug, PartialEq)]
pub struct Const {
    pub ty: TyId,
    pub value: ConstValue,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ConstValue {
    Bool(bool),
    /// Any integer type; in range of the type.
    Int(i128),
    Float(f64),
    Complex(f64, f64),
    Str(Arc<[u8]>),
    /// A top-level function (or method expression) as a func value: a static closure without captures.
    Func(FuncId),
    /// The zero value of any type: nil, "", struct{}…
    Zero,
}
