//! Constants of arbitrary precision, and the arena that holds a program's.
//!
//! Integers are exact. Floats are exact fractions while numerator and denominator stay below [`MAX_FRACTION_BITS`]
//! bits, and binary floating point with [`bigfloat::PRECISION`] bits beyond, as in Go. A constant that could not be
//! computed after an error is [`Constant::Unknown`]: every operation on it is unknown again, and nothing is reported.
//!
//! `float.rs` fractions and their rounding to machine floats, `complex.rs` pairs of them, `bigfloat.rs` huge exponents, `ops.rs` arithmetic,
//! `parse.rs` literals, `represent.rs` which types can hold which constants, `text.rs` the form of messages.

mod bigfloat;
mod complex;
mod float;
mod ops;
mod parse;
mod represent;
mod text;

use std::collections::HashMap;
use std::sync::Arc;

use foldhash::fast::FixedState;
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};

pub use bigfloat::BigFloat;
pub use complex::Complex;
pub use float::{Float, MAX_FRACTION_BITS};
pub use represent::{Representation, Unrepresentable};

/// A constant of a program. Zero is no constant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct ConstId(pub u32);

impl ConstId {
    pub const NONE: ConstId = ConstId(0);

    pub fn is_some(self) -> bool {
        self.0 != 0
    }

    pub fn get(self) -> Option<ConstId> {
        self.is_some().then_some(self)
    }
}

/// The value of a constant expression.
///
/// A value is of the kind that its type asks for once the type is known: a constant of type `float64` is always
/// [`Constant::Float`], one of an integer type always [`Constant::Int`], one of a complex type always [`Constant::Complex`].
#[derive(Clone, PartialEq, Debug)]
pub enum Constant {
    Unknown,
    Bool(bool),
    /// Bytes: a string constant need not be UTF-8.
    Str(Arc<[u8]>),
    Int(Int),
    Float(Float),
    Complex(Arc<Complex>),
}

/// An integer; [`Int::Big`] only where `i64` does not suffice.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Int {
    Small(i64),
    Big(Arc<BigInt>),
}

impl Int {
    pub fn from_big(value: BigInt) -> Int {
        match value.to_i64() {
            Some(small) => Int::Small(small),
            None => Int::Big(Arc::new(value)),
        }
    }

    pub fn to_big(&self) -> BigInt {
        match self {
            &Int::Small(value) => BigInt::from(value),
            Int::Big(value) => BigInt::clone(value),
        }
    }

    pub fn to_i64(&self) -> Option<i64> {
        match self {
            &Int::Small(value) => Some(value),
            Int::Big(_) => None,
        }
    }

    pub fn to_u64(&self) -> Option<u64> {
        match self {
            &Int::Small(value) => u64::try_from(value).ok(),
            Int::Big(value) => value.to_u64(),
        }
    }

    /// -1, 0 or 1.
    pub fn sign(&self) -> i32 {
        match self {
            &Int::Small(value) => value.signum() as i32,
            Int::Big(value) => match value.is_negative() {
                true => -1,
                false => 1,
            },
        }
    }

    /// How many bits the absolute value takes.
    pub fn bit_len(&self) -> u64 {
        match self {
            &Int::Small(value) => 64 - value.unsigned_abs().leading_zeros() as u64,
            Int::Big(value) => value.bits(),
        }
    }
}

impl Constant {
    pub fn int(value: i64) -> Constant {
        Constant::Int(Int::Small(value))
    }

    pub fn uint(value: u64) -> Constant {
        Constant::Int(Int::from_big(BigInt::from(value)))
    }

    pub fn string(text: &str) -> Constant {
        Constant::Str(text.as_bytes().into())
    }

    pub fn is_unknown(&self) -> bool {
        matches!(self, Constant::Unknown)
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            &Constant::Bool(value) => Some(value),
            _ => None,
        }
    }

    pub fn as_bytes(&self) -> Option<&Arc<[u8]>> {
        match self {
            Constant::Str(value) => Some(value),
            _ => None,
        }
    }

    pub fn as_i64(&self) -> Option<i64> {
        self.to_int()?.to_i64()
    }

    pub fn as_u64(&self) -> Option<u64> {
        self.to_int()?.to_u64()
    }

    /// The bits of an integer constant in two's complement: what an integer type of 64 bits or less holds.
    pub fn int_bits(&self) -> Option<u64> {
        let int = self.to_int()?;
        int.to_i64().map(|value| value as u64).or(int.to_u64())
    }

    /// The nearest `float64`, infinite if out of range.
    pub fn as_f64(&self) -> Option<f64> {
        Some(self.to_float()?.to_f64())
    }

    /// The nearest `float32`, infinite if out of range.
    pub fn as_f32(&self) -> Option<f32> {
        Some(self.to_float()?.to_f32())
    }

    /// The integer that the constant is, if it is a whole number.
    pub fn to_int(&self) -> Option<Int> {
        match self {
            Constant::Int(value) => Some(value.clone()),
            Constant::Float(value) => value.to_int(),
            Constant::Complex(value) => value.to_float()?.to_int(),
            _ => None,
        }
    }

    /// The real number that the constant is.
    pub fn to_float(&self) -> Option<Float> {
        match self {
            Constant::Int(value) => Some(Float::from_int(value)),
            Constant::Float(value) => Some(value.clone()),
            Constant::Complex(value) => value.to_float().cloned(),
            _ => None,
        }
    }

    /// Any number.
    pub fn to_complex(&self) -> Option<Complex> {
        match self {
            Constant::Complex(value) => Some(Complex::clone(value)),
            _ => Some(Complex::new(self.to_float()?, Float::zero())),
        }
    }

    pub fn is_zero(&self) -> bool {
        match self {
            Constant::Int(value) => value.sign() == 0,
            Constant::Float(value) => value.is_zero(),
            Constant::Complex(value) => value.is_zero(),
            _ => false,
        }
    }

    /// -1, 0 or 1; 1 for what is no number.
    pub fn sign(&self) -> i32 {
        match self {
            Constant::Int(value) => value.sign(),
            Constant::Float(value) => value.sign(),
            _ => 1,
        }
    }
}

/// The constants of a program; small and common ones are stored once.
#[derive(Debug)]
pub struct Constants {
    values: Vec<Constant>,
    ints: HashMap<i64, ConstId, FixedState>,
    strings: HashMap<Arc<[u8]>, ConstId, FixedState>,
    bools: [ConstId; 2],
}

impl Default for Constants {
    fn default() -> Constants {
        Constants {
            values: vec![
                Constant::Unknown,
                Constant::Unknown,
                Constant::Bool(false),
                Constant::Bool(true),
            ],
            ints: HashMap::default(),
            strings: HashMap::default(),
            bools: [ConstId(2), ConstId(3)],
        }
    }
}

impl Constants {
    pub fn get(&self, id: ConstId) -> &Constant {
        &self.values[id.0 as usize]
    }

    pub fn add(&mut self, value: Constant) -> ConstId {
        match &value {
            Constant::Unknown => return ConstId(1),
            &Constant::Bool(value) => return self.bools[value as usize],
            Constant::Int(Int::Small(small)) => {
                if let Some(&id) = self.ints.get(small) {
                    return id;
                }
                self.ints.insert(*small, ConstId(self.values.len() as u32));
            }
            Constant::Str(text) => {
                if let Some(&id) = self.strings.get(text) {
                    return id;
                }
                self.strings
                    .insert(text.clone(), ConstId(self.values.len() as u32));
            }
            _ => {}
        }
        self.values.push(value);
        ConstId(self.values.len() as u32 - 1)
    }
}

/// Whether a fraction of these parts is kept as one.
pub(crate) fn is_small_fraction(num: &BigInt, den: &BigInt) -> bool {
    num.is_zero() || (num.bits() < MAX_FRACTION_BITS && den.bits() < MAX_FRACTION_BITS)
}
