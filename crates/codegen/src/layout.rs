//! Layouts of types, cached, and how values travel between functions.
//!
//! A type is *flat* if its values are at most [`FLAT_LIMIT`] scalars and hold no array of more than one element. Values of flat
//! types travel as SSA values, one per scalar; all others as addresses of memory that holds them.
//!
//! # Calls
//!
//! - A parameter of flat type is passed as its scalars, any other as a pointer to a copy that the caller made in its frame; the
//!   copy belongs to the callee, which may change it.
//! - Results come back in registers if all are flat and have at most [`FLAT_LIMIT`] scalars together. Otherwise the first
//!   parameter is a pointer to room in the caller's frame, laid out as the tuple of the results.
//! - The order of parameters: result pointer, closure context, receiver or data word, the rest.

use cranelift_codegen::ir::{AbiParam, Signature, Type, types};
use cranelift_codegen::isa::CallConv;
use mini_mir::layout::{Scalar, ScalarKind};
use mini_mir::{Program, TyId, TyKind};
use std::sync::{Arc, OnceLock};

/// Most scalars that a value has as SSA values.
pub(crate) const FLAT_LIMIT: usize = 8;

/// What code generation asks of a type again and again.
#[derive(Debug)]
pub(crate) struct TypeInfo {
    pub(crate) size: u64,
    pub(crate) align: u64,
    pub(crate) flat: Option<Box<[Scalar]>>,
    pub(crate) has_pointers: bool,
    /// Offsets of the fields of a struct, parts of a tuple, words of a closure.
    pub(crate) fields: Box<[u64]>,
}

/// Layouts of a program's types.
pub(crate) struct Layouts {
    program: Arc<Program>,
    infos: Box<[OnceLock<TypeInfo>]>,
}

impl Layouts {
    pub(crate) fn new(program: Arc<Program>) -> Layouts {
        let n = program.types.len();
        Layouts {
            program,
            infos: (0..n).map(|_| OnceLock::new()).collect(),
        }
    }

    pub(crate) fn of(&self, ty: TyId) -> &TypeInfo {
        self.infos[ty.0 as usize].get_or_init(|| self.compute(ty))
    }

    fn compute(&self, ty: TyId) -> TypeInfo {
        let types = &self.program.types;
        let layout = types.layout(ty);
        let n_fields = match types.kind(ty) {
            TyKind::Struct(fields) => fields.len(),
            TyKind::Tuple(parts) => parts.len(),
            TyKind::Closure(parts) => parts.len() + 1,
            _ => 0,
        };
        TypeInfo {
            size: layout.size,
            align: layout.align.max(1),
            flat: types.flatten(ty, FLAT_LIMIT).map(Vec::into_boxed_slice),
            has_pointers: types.has_pointers(ty),
            fields: (0..n_fields as u32)
                .map(|i| types.field_offset(ty, i))
                .collect(),
        }
    }

    /// The scalars of a flat type.
    pub(crate) fn flat(&self, ty: TyId) -> Option<&[Scalar]> {
        self.of(ty).flat.as_deref()
    }

    /// Offsets and size of values laid out one behind the other, as in a tuple.
    pub(crate) fn sequence(&self, parts: impl IntoIterator<Item = TyId>) -> (Vec<u64>, u64) {
        let (mut size, mut align, mut offsets) = (0u64, 1, vec![]);
        for part in parts {
            let info = self.of(part);
            size = size.next_multiple_of(info.align);
            offsets.push(size);
            size += info.size;
            align = align.max(info.align);
        }
        (offsets, size.next_multiple_of(align))
    }

    /// The convention of a function.
    pub(crate) fn convention(
        &self,
        params: &[TyId],
        results: &[TyId],
        has_context: bool,
    ) -> Convention {
        let params: Vec<_> = params.iter().map(|&ty| self.flat(ty)).collect();
        let results: Vec<_> = results.iter().map(|&ty| self.flat(ty)).collect();
        Convention::new(&params, &results, has_context)
    }
}

/// How a function is called.
#[derive(Debug)]
pub(crate) struct Convention {
    pub(crate) signature: Signature,
    /// Kinds of the parameters, hidden ones included.
    pub(crate) kinds: Vec<ScalarKind>,
    pub(crate) results_in_memory: bool,
}

/// Where pointers are when a function is entered, for morestack.
#[derive(Debug, Default)]
pub(crate) struct EntryPointers {
    pub(crate) registers: u8,
    pub(crate) stack_words: Vec<u16>,
    pub(crate) stack_bytes: u32,
}

impl Convention {
    /// From the scalars of the parameters and results; `None` for those that are not flat.
    pub(crate) fn new(
        params: &[Option<&[Scalar]>],
        results: &[Option<&[Scalar]>],
        has_context: bool,
    ) -> Convention {
        let n_words = |list: &[Option<&[Scalar]>]| -> Option<usize> {
            list.iter().map(|flat| flat.map(<[Scalar]>::len)).sum()
        };
        let in_registers = n_words(results).is_some_and(|n| n <= FLAT_LIMIT);
        let mut kinds = vec![];
        if !in_registers {
            kinds.push(ScalarKind::Pointer);
        }
        if has_context {
            kinds.push(ScalarKind::Pointer);
        }
        for param in params {
            match param {
                Some(scalars) => kinds.extend(scalars.iter().map(|s| s.kind)),
                None => kinds.push(ScalarKind::Pointer),
            }
        }
        let mut signature = Signature::new(CallConv::Tail);
        let machine = |&kind: &ScalarKind| AbiParam::new(clif_type(kind));
        signature.params.extend(kinds.iter().map(machine));
        if in_registers {
            let words = results.iter().flatten().copied().flatten();
            signature.returns.extend(words.map(|s| machine(&s.kind)));
        }
        Convention {
            signature,
            kinds,
            results_in_memory: !in_registers,
        }
    }

    /// Follows Cranelift's assignment: six integer registers, eight float registers, then words on the stack.
    pub(crate) fn entry_pointers(&self) -> EntryPointers {
        let mut out = EntryPointers::default();
        let (mut ints, mut floats, mut words) = (0, 0, 0u16);
        for &kind in &self.kinds {
            let is_float = matches!(kind, ScalarKind::F32 | ScalarKind::F64);
            if is_float && floats < 8 {
                floats += 1;
            } else if !is_float && ints < 6 {
                if kind == ScalarKind::Pointer {
                    out.registers |= 1 << ints;
                }
                ints += 1;
            } else {
                if kind == ScalarKind::Pointer {
                    out.stack_words.push(words);
                }
                words += 1;
            }
        }
        out.stack_bytes = (u32::from(words) * 8).next_multiple_of(16);
        out
    }
}

/// The machine type of a scalar.
pub(crate) fn clif_type(kind: ScalarKind) -> Type {
    match kind {
        ScalarKind::I8 => types::I8,
        ScalarKind::I16 => types::I16,
        ScalarKind::I32 => types::I32,
        ScalarKind::I64 | ScalarKind::Pointer => types::I64,
        ScalarKind::F32 => types::F32,
        ScalarKind::F64 => types::F64,
    }
}
