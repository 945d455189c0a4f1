//! What can stand at the right of an assignment.

use crate::ids::{FuncId, LocalId, SiteId};
use crate::place::{Operand, Place};
use crate::types::TyId;

/// Unary operators on scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnOp {
    /// Arithmetic negation (wraps); complex too.
    Neg,
    /// `^x`
    BitNot,
    /// `!b`
    Not,
    Real,
    Imag,
}

/// Binary operators. Both operands have the same type, except shifts, whose right operand is any integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinOp {
    Add,
    Sub,
    Mul,
    /// Integers: raises Divide on zero; wraps at minimum / -1.
    Div,
    Rem,
    And,
    Or,
    Xor,
    AndNot,
    /// Counts of the width or more give 0 (or the sign); a negative count raises Shift.
    Shl,
    Shr,
    /// Any comparable type: scalars, strings, interfaces (may raise Uncomparable), structs, arrays; pointers; nil.
    Eq,
    Ne,
    /// Integers, floats, strings.
    Lt,
    Le,
    Gt,
    Ge,
    /// Builtins min and max with Go's rules for NaN and -0; integers, floats, strings.
    Min,
    Max,
    /// complex(re, im)
    Complex,
}

/// Conversions that change representation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConvertKind {
    /// Between types with the same underlying representation: no code.
    Same,
    /// Between numeric types (integers truncate or extend, float to integer truncates toward zero, as amd64 Go does).
    Numeric,
    /// string(rune)
    RuneToString,
    StringToBytes,
    StringToRunes,
    BytesToString,
    RunesToString,
    /// []T to *[N]T; raises SliceConvert
    SliceToArrayPointer,
}

/// The function of a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Callee {
    Static(FuncId),
    /// A func value. Nil panics.
    Value(Operand),
    /// Method number `method` (in the order of the interface type's sorted methods) of an interface value. `args`
    /// of the call leave the receiver out. Nil panics.
    Method {
        receiver: Operand,
        interface: TyId,
        method: u32,
    },
}

/// A call. Arguments are complete (variadic ones packed into a slice).
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub callee: Callee,
    pub args: Vec<Operand>,
    /// What the source wrote, for messages: `f`, `x.m`, `func literal`.
    pub name: std::sync::Arc<str>,
}

/// A case of a select statement.
#[derive(Clone, Debug, PartialEq)]
pub enum SelectCase {
    Send {
        chan: Operand,
        value: Operand,
    },
    /// `dest`: a temporary that receives the element.
    Receive {
        chan: Operand,
        dest: Option<LocalId>,
    },
}

/// A computation.
#[derive(Clone, Debug, PartialEq)]
pub enum Rvalue {
    Use(Operand),
    Unary(UnOp, Operand),
    Binary(BinOp, Operand, Operand),
    /// To the type. `site`: conversions that make a string or slice.
    Convert {
        kind: ConvertKind,
        value: Operand,
        ty: TyId,
        site: Option<SiteId>,
    },
    /// `&place`, type is pointer to the place's type.
    Ref(Place),
    /// All fields of a struct, parts of a tuple or elements of an array; pointer, length and capacity of a slice, pointer and
    /// length of a string.
    Aggregate {
        ty: TyId,
        parts: Vec<Operand>,
    },

    /// Pointer to a new zeroed object of the site's type.
    New(SiteId),
    /// make([]T, len, cap) of the slice type `ty`; the site's type is T. Raises MakeSliceLen, MakeSliceCap.
    MakeSlice {
        site: SiteId,
        ty: TyId,
        len: Operand,
        cap: Operand,
    },
    /// Closure object over the captures: `func` has a context parameter of type pointer to the site's
    /// type, a [`crate::types::TyKind::Closure`] with the same captures. The value has func type `ty`.
    MakeClosure {
        site: SiteId,
        ty: TyId,
        func: FuncId,
        captures: Vec<Operand>,
    },
    /// Concrete value to interface type `ty`. The site (of the value's type) is where the value is boxed if it is not
    /// pointer-shaped and not constant.
    MakeInterface {
        site: SiteId,
        ty: TyId,
        value: Operand,
    },
    MakeMap {
        site: SiteId,
        ty: TyId,
        hint: Operand,
    },
    MakeChan {
        site: SiteId,
        ty: TyId,
        size: Operand,
    },
    /// Concatenation of two or more strings.
    Concat {
        site: SiteId,
        parts: Vec<Operand>,
    },
    /// append(slice, values...)
    Append {
        site: SiteId,
        slice: Operand,
        values: Vec<Operand>,
    },
    /// append(slice, other...); other is a slice or a string
    AppendSlice {
        site: SiteId,
        slice: Operand,
        other: Operand,
    },

    /// len or cap of string, slice, map, channel (arrays are constant).
    Len(Operand),
    Cap(Operand),
    /// base[low:high:max]; base is a string, a slice, or a pointer to an array. `ty` is the result's type. Raises Slice….
    /// `checked`: the bounds were proved.
    Slice {
        base: Operand,
        ty: TyId,
        low: Option<Operand>,
        high: Option<Operand>,
        max: Option<Operand>,
        checked: bool,
    },
    /// copy(dst, src): number of elements copied. src may be a string.
    CopySlice {
        dst: Operand,
        src: Operand,
    },
    /// Rune at a byte index of a string and its width: tuple (int32, int). Index is in range.
    DecodeRune {
        string: Operand,
        index: Operand,
    },

    /// Value for a key: the zero value if absent. With `comma_ok`: tuple (value, bool).
    MapGet {
        map: Operand,
        key: Operand,
        comma_ok: bool,
    },
    /// Value for a key that is stored to next: the key is in the map from now on, with the zero value if it was absent.
    MapEntry {
        map: Operand,
        key: Operand,
    },
    /// Advances an iterator place of type MapIter and yields tuple (bool, *K, *V); pointers are valid until the next step.
    MapIterNext {
        iter: LocalId,
    },

    /// x.(T) to a concrete or interface type. With `comma_ok`: tuple (T, bool), else raises TypeAssertion.
    TypeAssert {
        value: Operand,
        ty: TyId,
        comma_ok: bool,
    },
    /// Whether the interface value has this dynamic type (concrete: equal; interface: implements). nil: false.
    TypeIs {
        value: Operand,
        ty: TyId,
    },
    /// The value in an interface that is known to have dynamic type `ty` (concrete).
    Unbox {
        value: Operand,
        ty: TyId,
    },
    /// Interface to interface, statically known to succeed (nil stays nil).
    ConvertInterface {
        value: Operand,
        ty: TyId,
    },

    /// `<-chan`; with `comma_ok`: tuple (value, bool).
    Receive {
        chan: Operand,
        comma_ok: bool,
    },
    /// Tuple (int, bool): index of the chosen case or -1 for default, and ok of a receive.
    Select {
        cases: Vec<SelectCase>,
        has_default: bool,
    },
    Call(Box<Call>),
    /// recover()
    Recover,
}
