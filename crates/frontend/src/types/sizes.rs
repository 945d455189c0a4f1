//! Sizes and alignments as Go has them on amd64, for the constants `unsafe.Sizeof` and its kin and for limits.

use super::{Basic, Type, TypeId, Types};

impl Types {
    pub fn align_of(&self, id: TypeId) -> u64 {
        match self.under_type(id) {
            &Type::Array { elem, .. } => self.align_of(elem),
            Type::Struct(ty) => ty
                .fields
                .iter()
                .map(|field| self.align_of(field.ty))
                .max()
                .unwrap_or(1),
            Type::Basic(Basic::Complex128 | Basic::UntypedComplex) => 8,
            Type::Basic(Basic::Complex64) => 4,
            Type::Basic(Basic::String | Basic::UntypedString)
            | Type::Slice(_)
            | Type::Interface(_) => 8,
            _ => self.size_of(id).unwrap_or(8).clamp(1, 8),
        }
    }

    /// `None` if the size does not fit 63 bits.
    pub fn size_of(&self, id: TypeId) -> Option<u64> {
        let size = match self.under_type(id) {
            Type::Basic(basic) => match basic {
                Basic::Bool | Basic::Int8 | Basic::Uint8 | Basic::Byte | Basic::UntypedBool => 1,
                Basic::Int16 | Basic::Uint16 => 2,
                Basic::Int32
                | Basic::Uint32
                | Basic::Rune
                | Basic::Float32
                | Basic::UntypedRune => 4,
                Basic::Complex128 | Basic::UntypedComplex => 16,
                Basic::String | Basic::UntypedString => 16,
                Basic::Invalid => 0,
                _ => 8,
            },
            &Type::Array { elem, len } => {
                let size = self.size_of(elem)?.checked_mul(len)?;
                return (size <= i64::MAX as u64).then_some(size);
            }
            Type::Slice(_) => 24,
            Type::Interface(_) => 16,
            Type::Struct(_) => return self.struct_layout(id).map(|(_, size)| size),
            Type::Tuple(_) => 0,
            _ => 8,
        };
        Some(size)
    }

    /// The offset of every field, and the size of the struct under `id`.
    pub fn struct_layout(&self, id: TypeId) -> Option<(Vec<u64>, u64)> {
        let Type::Struct(ty) = self.under_type(id) else {
            return Some((Vec::new(), 0));
        };
        let mut offset: u64 = 0;
        let mut offsets = Vec::with_capacity(ty.fields.len());
        let mut last_size = 1;
        for field in &ty.fields {
            let align = self.align_of(field.ty);
            offset = offset.checked_next_multiple_of(align)?;
            offsets.push(offset);
            last_size = self.size_of(field.ty)?;
            offset = offset.checked_add(last_size)?;
        }
        // A zero-sized field at the end gets a byte, so that its address stays inside the struct.
        if offset > 0 && last_size == 0 {
            offset += 1;
        }
        let size = offset.checked_next_multiple_of(self.align_of(id))?;
        (size <= i64::MAX as u64).then_some((offsets, size))
    }
}
