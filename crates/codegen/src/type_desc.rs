//! Type descriptors and method tables: static memory, built on demand, one per type.
//!
//! A descriptor's address is its type's identity. All of them are built under one lock, the whole graph that a type reaches
//! before anybody sees its address, so that recursive types need no second pass by their readers.

use crate::layout::Layouts;
use crate::link::FixedCode;
use crate::memory::DataArena;
use crate::type_name::type_name;
use foldhash::HashMap;
use mini_abi::types::{
    FieldDesc, InterfaceMethodDesc, Itab, Kind, LARGEST_HEAP, MethodDesc, Str, Table, TypeDesc,
    TypeFlags, hash_of_name,
};
use mini_mir::{ChanDir, Field, FuncSig, Program, TyId, TyKind};
use std::sync::Arc;

/// Address of a descriptor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DescAddr(pub(crate) usize);

/// All descriptors and method tables made so far.
#[derive(Default)]
pub(crate) struct Descriptors {
    types: HashMap<TyId, usize>,
    /// The same the other way round, brought up to date by [`Self::find`].
    by_address: HashMap<usize, TyId>,
    itabs: HashMap<(TyId, TyId), usize>,
    pointer_types: Option<HashMap<TyId, TyId>>,
}

/// What building needs.
#[derive(Clone, Copy)]
pub(crate) struct DescContext<'a> {
    pub(crate) program: &'a Arc<Program>,
    pub(crate) layouts: &'a Layouts,
    pub(crate) data: &'a DataArena,
    pub(crate) code: FixedCode,
}

impl Descriptors {
    /// The descriptor of a type.
    pub(crate) fn of(&mut self, cx: DescContext<'_>, ty: TyId) -> DescAddr {
        let at = self.reserve(cx, ty, &mut vec![]);
        DescAddr(at)
    }

    /// The descriptor of the program's type that has this form, if there is one.
    pub(crate) fn find(&mut self, cx: DescContext<'_>, like: &TypeDesc) -> Option<DescAddr> {
        if self.by_address.len() != self.types.len() {
            self.by_address = self.types.iter().map(|(&ty, &at)| (at, ty)).collect();
        }
        let kind = self.kind_of(like)?;
        let ty = cx.program.types.find(&kind)?;
        Some(self.of(cx, ty))
    }

    /// The form that a descriptor of an unnamed type describes; `None` if a part is no type of the program.
    fn kind_of(&self, desc: &TypeDesc) -> Option<TyKind> {
        let part = |at: *const TypeDesc| self.by_address.get(&(at as usize)).copied();
        let parts = |list: Table<*const TypeDesc>| -> Option<Vec<TyId>> {
            list.as_slice().iter().map(|&at| part(at)).collect()
        };
        // SAFETY: the texts of a descriptor are UTF-8 and outlive the call.
        let text = |s: Str| unsafe { Arc::from(str::from_utf8_unchecked(s.as_bytes())) };
        Some(match desc.kind {
            Kind::Pointer => TyKind::Pointer(part(desc.elem)?),
            Kind::Slice => TyKind::Slice(part(desc.elem)?),
            Kind::Array => TyKind::Array(part(desc.elem)?, desc.len as u64),
            Kind::Map => TyKind::Map(part(desc.key)?, part(desc.elem)?),
            Kind::Chan => {
                let dir = match desc.chan_dir {
                    1 => ChanDir::Receive,
                    2 => ChanDir::Send,
                    _ => ChanDir::Both,
                };
                TyKind::Chan(dir, part(desc.elem)?)
            }
            Kind::Func => TyKind::Func(FuncSig {
                params: parts(desc.params)?,
                results: parts(desc.results)?,
                variadic: desc.flags & TypeFlags::VARIADIC != 0,
            }),
            Kind::Struct => {
                let fields = desc.fields.as_slice().iter().map(|field| {
                    Some(Field {
                        name: text(field.name),
                        ty: part(field.ty)?,
                        is_embedded: field.is_embedded,
                        is_exported: field.is_exported,
                        package: text(field.package),
                        tag: text(field.tag),
                    })
                });
                TyKind::Struct(fields.collect::<Option<Vec<_>>>()?.into())
            }
            _ => return None,
        })
    }

    /// The table of a concrete type's methods for an interface type with methods.
    pub(crate) fn itab(&mut self, cx: DescContext<'_>, interface: TyId, concrete: TyId) -> usize {
        if let Some(&at) = self.itabs.get(&(interface, concrete)) {
            return at;
        }
        let TyKind::Interface(wanted) = cx.program.types.kind(interface) else {
            panic!("method table for {interface:?}, which is no interface");
        };
        let header = Itab {
            interface: self.of(cx, interface).0 as *const TypeDesc,
            ty: self.of(cx, concrete).0 as *const TypeDesc,
            code: [],
        };
        let methods = cx.program.methods.get(&concrete).map_or(&[][..], |m| m);
        let size = size_of::<Itab>();
        let at = cx.data.alloc(size + wanted.len() * 8, 8);
        // SAFETY: fresh memory for the header and one word per method.
        unsafe { (at as *mut Itab).write(header) };
        for (i, method) in wanted.iter().enumerate() {
            let found = methods
                .iter()
                .find(|m| m.name == method.name && m.package == method.package);
            // A method that no call through an interface names is not part of the program: its word stays null.
            let code = found.map_or(0, |m| cx.code.stub(m.func.0));
            // SAFETY: word i behind the header of the memory allocated above.
            unsafe { ((at + size) as *mut usize).add(i).write(code) };
        }
        self.itabs.insert((interface, concrete), at);
        at
    }

    /// Address of the descriptor; `filling` holds the types whose descriptors are being filled further out.
    fn reserve(&mut self, cx: DescContext<'_>, ty: TyId, filling: &mut Vec<TyId>) -> usize {
        if let Some(&at) = self.types.get(&ty) {
            return at;
        }
        let at = cx.data.alloc(size_of::<TypeDesc>(), align_of::<TypeDesc>());
        self.types.insert(ty, at);
        filling.push(ty);
        if filling.len() == 1 {
            // The outermost call fills all that the inner ones reserve: types nest deeper than stacks.
            let mut next = 0;
            while next < filling.len() {
                let ty = filling[next];
                next += 1;
                let desc = self.fill(cx, ty, filling);
                // SAFETY: memory of a TypeDesc reserved above; no reader has its address before the outermost call returns.
                unsafe { (self.types[&ty] as *mut TypeDesc).write(desc) };
            }
        }
        at
    }

    fn pointer_to(&mut self, program: &Program, ty: TyId) -> Option<TyId> {
        let map = self.pointer_types.get_or_insert_with(|| {
            let types = &program.types;
            types
                .ids()
                .filter(|&id| types.named(id).is_none())
                .filter_map(|id| match types.kind(id) {
                    TyKind::Pointer(elem) => Some((*elem, id)),
                    _ => None,
                })
                .collect()
        });
        map.get(&ty).copied()
    }

    fn fill(&mut self, cx: DescContext<'_>, ty: TyId, filling: &mut Vec<TyId>) -> TypeDesc {
        let program = cx.program;
        let types = &program.types;
        let kind = types.kind(ty);
        let info = cx.layouts.of(ty);
        let name = cx.data.text(&type_name(program, ty));
        let (bitmap, bitmap_words, pointer_bytes) = pointer_map(cx, ty);
        let named = types.named(ty);

        let mut flags = 0;
        if types.is_pointer_shaped(ty) {
            flags |= TypeFlags::POINTER_SHAPED;
        }
        if is_comparable(program, ty) {
            flags |= TypeFlags::COMPARABLE;
        }
        if is_plain_memory(program, cx.layouts, ty) {
            flags |= TypeFlags::PLAIN_MEMORY;
        }
        if named.is_some() || is_basic(kind) {
            flags |= TypeFlags::NAMED;
        }
        if matches!(kind, TyKind::Func(FuncSig { variadic: true, .. })) {
            flags |= TypeFlags::VARIADIC;
        }
        let mut desc_of =
            |this: &mut Self, ty: TyId| this.reserve(cx, ty, filling) as *const TypeDesc;
        let (mut elem, mut key, mut len, mut chan_dir) = (None, None, 0, 0);
        let mut fields = Table::EMPTY;
        let mut interface_methods = Table::EMPTY;
        let (mut params, mut results) = (Table::EMPTY, Table::EMPTY);
        match kind {
            TyKind::Pointer(e) | TyKind::Slice(e) => elem = Some(*e),
            TyKind::Array(e, n) => {
                elem = Some(*e);
                len = *n as usize;
            }
            TyKind::Map(k, v) => {
                key = Some(*k);
                elem = Some(*v);
            }
            TyKind::Chan(dir, e) => {
                elem = Some(*e);
                chan_dir = match dir {
                    ChanDir::Receive => 1,
                    ChanDir::Send => 2,
                    ChanDir::Both => 3,
                };
            }
            TyKind::Struct(list) => {
                let descs: Vec<FieldDesc> = list
                    .iter()
                    .enumerate()
                    .map(|(i, field)| FieldDesc {
                        name: text(cx, &field.name),
                        ty: desc_of(self, field.ty),
                        offset: info.fields[i] as usize,
                        is_exported: field.is_exported,
                        is_embedded: field.is_embedded,
                        tag: text(cx, &field.tag),
                        package: text(cx, &field.package),
                    })
                    .collect();
                fields = Table::from_static(cx.data.values(descs));
            }
            TyKind::Interface(list) => {
                let descs: Vec<InterfaceMethodDesc> = list
                    .iter()
                    .map(|method| InterfaceMethodDesc {
                        name: text(cx, &method.name),
                        package: text(cx, &method.package),
                        ty: desc_of(self, method.sig),
                    })
                    .collect();
                interface_methods = Table::from_static(cx.data.values(descs));
            }
            TyKind::Func(sig) => {
                let list: Vec<_> = sig.params.iter().map(|&p| desc_of(self, p)).collect();
                params = Table::from_static(cx.data.values(list));
                let list: Vec<_> = sig.results.iter().map(|&r| desc_of(self, r)).collect();
                results = Table::from_static(cx.data.values(list));
            }
            _ => {}
        }
        let methods: Vec<MethodDesc> = program
            .methods
            .get(&ty)
            .map_or(&[][..], |m| m)
            .iter()
            .map(|method| MethodDesc {
                name: text(cx, &method.name),
                package: text(cx, &method.package),
                ty: desc_of(self, method.sig),
                code: cx.code.stub(method.func.0),
            })
            .collect();
        let elem = elem.map_or(std::ptr::null(), |e| desc_of(self, e));
        let key = key.map_or(std::ptr::null(), |k| desc_of(self, k));
        let pointer_to = match self.pointer_to(program, ty) {
            Some(pointer) => self.reserve(cx, pointer, filling) as *const TypeDesc,
            None => std::ptr::null(),
        };
        TypeDesc {
            size: info.size as usize,
            pointer_bytes,
            pointer_bitmap: bitmap,
            bitmap_words,
            hash: hash_of_name(name.as_bytes()),
            kind: abi_kind(kind),
            align: info.align as u8,
            flags,
            chan_dir,
            name: Str::from_static(name),
            package: named.map_or(Str::EMPTY, |n| text(cx, &n.package)),
            elem,
            key,
            len,
            fields,
            methods: Table::from_static(cx.data.values(methods)),
            interface_methods,
            params,
            results,
            pointer_to,
        }
    }
}

fn text(cx: DescContext<'_>, s: &str) -> Str {
    if s.is_empty() {
        return Str::EMPTY;
    }
    Str::from_static(cx.data.text(s))
}

/// Bitmap, words in it, and bytes from the start that can hold pointers.
fn pointer_map(cx: DescContext<'_>, ty: TyId) -> (*const u8, usize, usize) {
    let types = &cx.program.types;
    let info = cx.layouts.of(ty);
    if !info.has_pointers {
        return (std::ptr::null(), 0, 0);
    }
    // An array's map is its element's, repeating.
    let mut elem = ty;
    while let TyKind::Array(inner, _) = types.kind(elem) {
        elem = *inner;
    }
    let elem_size = cx.layouts.of(elem).size;
    if elem_size > LARGEST_HEAP as u64 {
        // There will be no value of it.
        return (std::ptr::null(), 0, 0);
    }
    let words = (elem_size / 8) as usize;
    let mut bits = vec![0u8; words.div_ceil(8)];
    let mut last = 0;
    types.pointer_words(elem, 0, &mut |offset| {
        let word = (offset / 8) as usize;
        bits[word / 8] |= 1 << (word % 8);
        last = offset as usize + 8;
    });
    let pointer_bytes = (info.size - elem_size) as usize + last;
    (cx.data.bytes(&bits, 1) as *const u8, words, pointer_bytes)
}

fn is_basic(kind: &TyKind) -> bool {
    use TyKind::*;
    matches!(
        kind,
        Bool | Int
            | Int8
            | Int16
            | Int32
            | Int64
            | Uint
            | Uint8
            | Uint16
            | Uint32
            | Uint64
            | Uintptr
            | Float32
            | Float64
            | Complex64
            | Complex128
            | String
            | UnsafePointer
    )
}

fn abi_kind(kind: &TyKind) -> Kind {
    match kind {
        TyKind::Bool => Kind::Bool,
        TyKind::Int => Kind::Int,
        TyKind::Int8 => Kind::Int8,
        TyKind::Int16 => Kind::Int16,
        TyKind::Int32 => Kind::Int32,
        TyKind::Int64 => Kind::Int64,
        TyKind::Uint => Kind::Uint,
        TyKind::Uint8 => Kind::Uint8,
        TyKind::Uint16 => Kind::Uint16,
        TyKind::Uint32 => Kind::Uint32,
        TyKind::Uint64 => Kind::Uint64,
        TyKind::Uintptr => Kind::Uintptr,
        TyKind::Float32 => Kind::Float32,
        TyKind::Float64 => Kind::Float64,
        TyKind::Complex64 => Kind::Complex64,
        TyKind::Complex128 => Kind::Complex128,
        TyKind::String => Kind::String,
        TyKind::UnsafePointer => Kind::UnsafePointer,
        TyKind::Pointer(_) => Kind::Pointer,
        TyKind::Slice(_) => Kind::Slice,
        TyKind::Array(..) => Kind::Array,
        TyKind::Map(..) => Kind::Map,
        TyKind::Chan(..) => Kind::Chan,
        TyKind::Func(_) => Kind::Func,
        TyKind::Interface(_) => Kind::Interface,
        TyKind::Struct(_) | TyKind::Closure(_) => Kind::Struct,
        TyKind::Tuple(_) | TyKind::MapIter(_) => Kind::Invalid,
    }
}

fn is_blank(field: &Field) -> bool {
    &*field.name == "_"
}

/// Whether `==` is defined on the type.
pub(crate) fn is_comparable(program: &Program, ty: TyId) -> bool {
    match program.types.kind(ty) {
        TyKind::Slice(_) | TyKind::Map(..) | TyKind::Func(_) => false,
        TyKind::Tuple(_) | TyKind::MapIter(_) | TyKind::Closure(_) => false,
        TyKind::Array(elem, _) => is_comparable(program, *elem),
        TyKind::Struct(fields) => fields.iter().all(|f| is_comparable(program, f.ty)),
        _ => true,
    }
}

/// Whether equality of values is equality of all their bytes.
pub(crate) fn is_plain_memory(program: &Program, layouts: &Layouts, ty: TyId) -> bool {
    use TyKind::*;
    match program.types.kind(ty) {
        Bool | Int | Int8 | Int16 | Int32 | Int64 | Uint | Uint8 | Uint16 | Uint32 | Uint64
        | Uintptr | UnsafePointer | Pointer(_) | Chan(..) => true,
        Array(elem, _) => is_plain_memory(program, layouts, *elem),
        Struct(fields) => {
            let sum: u64 = fields.iter().map(|f| layouts.of(f.ty).size).sum();
            sum == layouts.of(ty).size
                && fields
                    .iter()
                    .all(|f| !is_blank(f) && is_plain_memory(program, layouts, f.ty))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mini_mir::NamedInfo;

    fn field(name: &str, ty: TyId) -> Field {
        Field {
            name: name.into(),
            ty,
            is_embedded: false,
            is_exported: false,
            package: "main".into(),
            tag: "".into(),
        }
    }

    fn describe(program: Program, ty: TyId) -> &'static TypeDesc {
        let program = Arc::new(program);
        let layouts = Layouts::new(program.clone());
        let data = Box::leak(Box::new(DataArena::default()));
        let cx = DescContext {
            program: &program,
            layouts: &layouts,
            data,
            code: FixedCode::for_tests(),
        };
        let at = Descriptors::default().of(cx, ty).0;
        // SAFETY: complete, in memory that was leaked.
        unsafe { &*(at as *const TypeDesc) }
    }

    fn name_of(text: Str) -> &'static str {
        // SAFETY: names are UTF-8 in static memory.
        unsafe { std::str::from_utf8_unchecked(text.as_bytes()) }
    }

    #[test]
    fn recursive_types_point_at_themselves() {
        let mut program = Program::default();
        let types = &mut program.types;
        let node = types.declare_named(NamedInfo {
            name: "main.Node".into(),
            package: "main".into(),
        });
        let pointer = types.pointer_to(node);
        let fields = [field("value", TyId::INT), field("next", pointer)];
        types.define_named(node, TyKind::Struct(fields.into()));
        let desc = describe(program, node);
        assert_eq!(name_of(desc.name), "main.Node");
        // SAFETY: descriptors are complete and static.
        let elem = unsafe { &*desc.pointer_to };
        assert!(std::ptr::eq(elem.elem, desc));
        assert_eq!(desc.fields.as_slice().len(), 2);
        assert_eq!(
            (desc.size, desc.pointer_bytes, desc.bitmap_words),
            (16, 16, 2)
        );
        // SAFETY: two words need one byte of bitmap.
        assert_eq!(unsafe { *desc.pointer_bitmap }, 0b10);
    }

    #[test]
    fn plain_memory_has_no_padding_and_no_blank_fields() {
        let mut program = Program::default();
        let types = &mut program.types;
        let plain = [field("a", TyId::INT), field("b", TyId::UINT64)];
        let plain = types.intern(TyKind::Struct(plain.into()));
        let padded = [field("a", TyId::INT), field("b", TyId::UINT8)];
        let padded = types.intern(TyKind::Struct(padded.into()));
        let blank = [field("a", TyId::INT), field("_", TyId::INT)];
        let blank = types.intern(TyKind::Struct(blank.into()));
        let text = types.intern(TyKind::Array(TyId::STRING, 3));
        let is_plain = |program: &Program, ty| {
            describe(program.clone(), ty).flags & TypeFlags::PLAIN_MEMORY != 0
        };
        assert!(is_plain(&program, plain));
        assert!(!is_plain(&program, padded));
        assert!(!is_plain(&program, blank));
        let desc = describe(program, text);
        assert_eq!((desc.bitmap_words, desc.pointer_bytes), (2, 40));
        assert_ne!(desc.flags & TypeFlags::COMPARABLE, 0);
    }
}
