//! Sizes, alignments, field offsets, and the flattening of values into scalar words (Go's amd64 layout).

use crate::types::{TyId, TyKind, TyTable};

/// Size and alignment in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub size: u64,
    pub align: u64,
}

/// The machine kind of one scalar word of a flattened value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScalarKind {
    I8,
    I16,
    I32,
    I64,
    F32,
    F64,
    /// A 64-bit word that the collector and stack mover must know.
    Pointer,
}

/// One scalar of a flattened value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scalar {
    pub kind: ScalarKind,
    /// Byte offset in the value's memory form.
    pub offset: u64,
}

/// Words of a map iterator that are pointers, and in all (`mini_abi::types::MapIter`).
pub const MAP_ITER_POINTER_WORDS: u64 = 6;
pub const MAP_ITER_WORDS: u64 = 12;

fn round_up(n: u64, align: u64) -> u64 {
    n.div_ceil(align) * align
}

impl TyTable {
    pub fn layout(&self, id: TyId) -> Layout {
        use TyKind::*;
        let scalar = |n| Layout { size: n, align: n };
        match self.kind(id) {
            Bool | Int8 | Uint8 => scalar(1),
            Int16 | Uint16 => scalar(2),
            Int32 | Uint32 | Float32 => scalar(4),
            Int | Int64 | Uint | Uint64 | Uintptr | Float64 | UnsafePointer | Pointer(_)
            | Map(..) | Chan(..) | Func(_) => scalar(8),
            Complex64 => Layout { size: 8, align: 4 },
            Complex128 | String | Interface(_) => Layout { size: 16, align: 8 },
            Slice(_) => Layout { size: 24, align: 8 },
            Array(elem, n) => {
                let elem = self.layout(*elem);
                Layout {
                    size: elem.size * n,
                    align: elem.align,
                }
            }
            Struct(fields) => self.sequence(fields.iter().map(|f| f.ty), true).0,
            Tuple(parts) => self.sequence(parts.iter().copied(), false).0,
            Closure(parts) => {
                self.sequence(
                    std::iter::once(TyId::UINTPTR).chain(parts.iter().copied()),
                    false,
                )
                .0
            }
            MapIter(_) => Layout {
                size: MAP_ITER_WORDS * 8,
                align: 8,
            },
        }
    }

    /// Offset of field `index` of a struct, part of a tuple, or word of a closure.
    pub fn field_offset(&self, id: TyId, index: u32) -> u64 {
        let index = index as usize;
        match self.kind(id) {
            TyKind::Struct(fields) => self.sequence(fields.iter().map(|f| f.ty), true).1[index],
            TyKind::Tuple(parts) => self.sequence(parts.iter().copied(), false).1[index],
            TyKind::Closure(parts) => {
                self.sequence(
                    std::iter::once(TyId::UINTPTR).chain(parts.iter().copied()),
                    false,
                )
                .1[index]
            }
            other => panic!("field of {other:?}"),
        }
    }

    /// Type of field `index` of a struct, part of a tuple, or word of a closure.
    pub fn field_ty(&self, id: TyId, index: u32) -> TyId {
        match self.kind(id) {
            TyKind::Struct(fields) => fields[index as usize].ty,
            TyKind::Tuple(parts) => parts[index as usize],
            TyKind::Closure(_) if index == 0 => TyId::UINTPTR,
            TyKind::Closure(parts) => parts[index as usize - 1],
            other => panic!("field of {other:?}"),
        }
    }

    fn sequence(
        &self,
        parts: impl Iterator<Item = TyId>,
        pad_zero_tail: bool,
    ) -> (Layout, Vec<u64>) {
        let (mut size, mut align, mut offsets) = (0, 1, vec![]);
        let mut last_is_empty = false;
        for part in parts {
            let layout = self.layout(part);
            size = round_up(size, layout.align);
            offsets.push(size);
            size += layout.size;
            align = align.max(layout.align);
            last_is_empty = layout.size == 0;
        }
        // A trailing field of size zero gets a byte, so that its address is inside the object (as in Go).
        if pad_zero_tail && last_is_empty && size > 0 {
            size += 1;
        }
        (
            Layout {
                size: round_up(size, align),
                align,
            },
            offsets,
        )
    }

    /// The scalars of a value in order, or `None` if there are more than `limit` or the type holds an array
    /// of more than one element (which is indexed in memory).
    pub fn flatten(&self, id: TyId, limit: usize) -> Option<Vec<Scalar>> {
        let mut out = vec![];
        self.flatten_into(id, 0, limit, &mut out).then_some(out)
    }

    fn flatten_into(&self, id: TyId, offset: u64, limit: usize, out: &mut Vec<Scalar>) -> bool {
        use ScalarKind as S;
        use TyKind::*;
        let mut push = |kind, at: u64| {
            out.push(Scalar {
                kind,
                offset: offset + at,
            })
        };
        match self.kind(id) {
            Bool | Int8 | Uint8 => push(S::I8, 0),
            Int16 | Uint16 => push(S::I16, 0),
            Int32 | Uint32 => push(S::I32, 0),
            Int | Int64 | Uint | Uint64 | Uintptr => push(S::I64, 0),
            Float32 => push(S::F32, 0),
            Float64 => push(S::F64, 0),
            Pointer(_) | Map(..) | Chan(..) | Func(_) | UnsafePointer => push(S::Pointer, 0),
            Complex64 => {
                push(S::F32, 0);
                push(S::F32, 4);
            }
            Complex128 => {
                push(S::F64, 0);
                push(S::F64, 8);
            }
            String => {
                push(S::Pointer, 0);
                push(S::I64, 8);
            }
            Slice(_) => {
                push(S::Pointer, 0);
                push(S::I64, 8);
                push(S::I64, 16);
            }
            // The type word points at static memory: no pointer for the collector.
            Interface(_) => {
                push(S::I64, 0);
                push(S::Pointer, 8);
            }
            Array(_, 0) => {}
            Array(elem, 1) => return self.flatten_into(*elem, offset, limit, out),
            Array(..) | MapIter(_) | Closure(_) => return false,
            Struct(fields) => {
                for (i, field) in fields.iter().enumerate() {
                    let at = self.field_offset(id, i as u32);
                    if !self.flatten_into(field.ty, offset + at, limit, out) {
                        return false;
                    }
                }
            }
            Tuple(parts) => {
                for (i, &part) in parts.iter().enumerate() {
                    let at = self.field_offset(id, i as u32);
                    if !self.flatten_into(part, offset + at, limit, out) {
                        return false;
                    }
                }
            }
        }
        out.len() <= limit
    }

    /// Byte offsets of the pointer words of a value in memory, passed to `visit` in order.
    pub fn pointer_words(&self, id: TyId, offset: u64, visit: &mut dyn FnMut(u64)) {
        use TyKind::*;
        match self.kind(id) {
            Pointer(_) | Map(..) | Chan(..) | Func(_) | UnsafePointer | String | Slice(_) => {
                visit(offset)
            }
            Interface(_) => visit(offset + 8),
            Array(elem, n) if self.has_pointers(*elem) => {
                let size = self.layout(*elem).size;
                for i in 0..*n {
                    self.pointer_words(*elem, offset + i * size, visit);
                }
            }
            Struct(fields) => {
                for (i, field) in fields.iter().enumerate() {
                    self.pointer_words(field.ty, offset + self.field_offset(id, i as u32), visit);
                }
            }
            Tuple(parts) => {
                for (i, &part) in parts.iter().enumerate() {
                    self.pointer_words(part, offset + self.field_offset(id, i as u32), visit);
                }
            }
            Closure(parts) => {
                for (i, &part) in parts.iter().enumerate() {
                    self.pointer_words(part, offset + self.field_offset(id, i as u32 + 1), visit);
                }
            }
            MapIter(_) => (0..MAP_ITER_POINTER_WORDS).for_each(|i| visit(offset + i * 8)),
            _ => {}
        }
    }
}
