//! Types made at run time: unnamed types of any parts.
//!
//! A type that the program has is the program's: code generation is asked first ([`mini_abi::ReflectHooks::find_type`]), and which types
//! the program has is settled before it runs. All others are made here, once, and never freed. So identity of types stays
//! identity of descriptors.

use std::collections::HashMap;
use std::fmt::Write;

use foldhash::fast::FixedState;
use mini_abi::CallFrames;
use mini_abi::types::{FieldDesc, Kind, Str, Table, TypeDesc, TypeFlags, hash_of_name};
use parking_lot::Mutex;

use super::types::same_underlying;
use crate::config;

type Desc = &'static TypeDesc;

/// What was made, by the hash of the name.
static MADE: Mutex<HashMap<u32, Vec<Desc>, FixedState>> =
    Mutex::new(HashMap::with_hasher(FixedState::with_seed(0)));

/// The one descriptor of an unnamed type, of which `form` has kind and parts; its tables and texts may be the caller's.
fn intern(mut form: TypeDesc, name: String) -> Desc {
    if let Some(found) = (config().reflect.find_type)(&form) {
        return found;
    }
    let hash = hash_of_name(name.as_bytes());
    let mut made = MADE.lock();
    let list = made.entry(hash).or_default();
    if let Some(found) = list.iter().find(|ty| same_underlying(ty, &form, true)) {
        return found;
    }
    form.hash = hash;
    form.name = Str::from_static(name.leak());
    let fields = form.fields.as_slice().iter().map(|field| FieldDesc {
        name: kept(field.name),
        tag: kept(field.tag),
        package: kept(field.package),
        ..*field
    });
    form.fields = Table::from_static(Vec::leak(fields.collect()));
    form.params = Table::from_static(form.params.as_slice().to_vec().leak());
    form.results = Table::from_static(form.results.as_slice().to_vec().leak());
    lay_out(&mut form, true);
    let ty: Desc = Box::leak(Box::new(form));
    list.push(ty);
    ty
}

/// A text that is never freed.
fn kept(text: Str) -> Str {
    if text.len == 0 {
        return Str::EMPTY;
    }
    // SAFETY: the text of a form, which the caller keeps meanwhile.
    let bytes = unsafe { text.as_bytes() };
    let bytes = bytes.to_vec().leak();
    Str {
        ptr: bytes.as_ptr(),
        len: bytes.len(),
    }
}

/// A part's descriptor.
fn part(ty: *const TypeDesc) -> Desc {
    // SAFETY: the parts of types are descriptors, which are never freed.
    unsafe { &*ty }
}

/// Fills in what follows from kind and parts: size, alignment, flags, offsets of fields, where the pointers are.
fn lay_out(ty: &mut TypeDesc, pads_tail: bool) {
    use TypeFlags as F;
    const POINTER: u8 = F::POINTER_SHAPED | F::COMPARABLE | F::PLAIN_MEMORY;
    let word = |n_words: usize, flags: u8| (8 * n_words, 8, flags);
    let (size, align, flags) = match ty.kind {
        Kind::Pointer | Kind::Chan => word(1, POINTER),
        Kind::Map | Kind::Func => word(1, F::POINTER_SHAPED),
        Kind::Slice => word(3, 0),
        Kind::Array => {
            let elem = part(ty.elem);
            let flags = elem.flags & (F::COMPARABLE | F::PLAIN_MEMORY);
            (elem.size * ty.len, elem.align, flags)
        }
        Kind::Struct => lay_out_struct(ty, pads_tail),
        other => unreachable!("types of {other:?} are not made"),
    };
    (ty.size, ty.align) = (size, align);
    ty.flags |= flags;
    static WORD: [u8; 1] = [1];
    (ty.pointer_bitmap, ty.bitmap_words, ty.pointer_bytes) = match ty.kind {
        Kind::Slice => (WORD.as_ptr(), 3, 8),
        Kind::Array => {
            // An array's map is its element's, repeating.
            let elem = part(ty.elem);
            match elem.pointer_bytes * ty.len {
                0 => (std::ptr::null(), 0, 0),
                _ => {
                    let before = elem.size * (ty.len - 1);
                    let bytes = before + elem.pointer_bytes;
                    (elem.pointer_bitmap, elem.bitmap_words, bytes)
                }
            }
        }
        Kind::Struct => struct_pointers(ty),
        _ => (WORD.as_ptr(), 1, 8),
    };
}

/// Sets the offsets; size, alignment and flags.
fn lay_out_struct(ty: &mut TypeDesc, pads_tail: bool) -> (usize, u8, u8) {
    let (mut size, mut align, mut sum) = (0usize, 1u8, 0);
    let mut flags = TypeFlags::COMPARABLE | TypeFlags::PLAIN_MEMORY;
    let mut last_is_empty = false;
    let fields = ty.fields.as_slice().iter().map(|field| {
        let part = part(field.ty);
        let offset = size.next_multiple_of(usize::from(part.align.max(1)));
        size = offset + part.size;
        sum += part.size;
        align = align.max(part.align);
        last_is_empty = part.size == 0;
        flags &= part.flags;
        // SAFETY: a name of a form, or a static one.
        if unsafe { field.name.as_bytes() } == b"_" {
            flags &= !TypeFlags::PLAIN_MEMORY;
        }
        FieldDesc { offset, ..*field }
    });
    ty.fields = Table::from_static(Vec::leak(fields.collect()));
    // The address of a last field without size is inside of the object.
    if pads_tail && last_is_empty && size > 0 {
        size += 1;
    }
    let size = size.next_multiple_of(usize::from(align));
    if size != sum {
        flags &= !TypeFlags::PLAIN_MEMORY;
    }
    (size, align, flags)
}

fn struct_pointers(ty: &TypeDesc) -> (*const u8, usize, usize) {
    let fields = ty.fields.as_slice().iter();
    // The size of a type without pointers may be any number.
    if fields
        .clone()
        .all(|field| part(field.ty).pointer_bytes == 0)
    {
        return (std::ptr::null(), 0, 0);
    }
    let words = ty.size / 8;
    let mut bits = vec![0u8; words.div_ceil(8)];
    let mut end = 0;
    for field in fields {
        let part = part(field.ty);
        for word in (0..part.pointer_bytes.div_ceil(8)).filter(|&w| part.is_pointer_word(w)) {
            let word = field.offset / 8 + word;
            bits[word / 8] |= 1 << (word % 8);
            end = 8 * word + 8;
        }
    }
    (bits.leak().as_ptr(), words, end)
}

fn name(ty: Desc) -> &'static str {
    // SAFETY: names are UTF-8, and those of descriptors are never freed.
    unsafe { str::from_utf8_unchecked(ty.name.as_bytes()) }
}

/// `*T`. Where the program has the type, the element's descriptor names it.
pub(super) fn pointer_to(elem: Desc) -> Desc {
    // SAFETY: null or a descriptor, which is never freed.
    match unsafe { elem.pointer_to.as_ref() } {
        Some(pointer) => pointer,
        None => of_elem(Kind::Pointer, elem, format!("*{}", name(elem))),
    }
}

fn of_elem(kind: Kind, elem: Desc, name: String) -> Desc {
    let form = TypeDesc {
        elem,
        ..TypeDesc::bare(kind, 0, 0)
    };
    intern(form, name)
}

/// `[]T`
pub(super) fn slice_of(elem: Desc) -> Desc {
    of_elem(Kind::Slice, elem, format!("[]{}", name(elem)))
}

/// `[n]T`
pub(super) fn array_of(len: usize, elem: Desc) -> Desc {
    let form = TypeDesc {
        elem,
        len,
        ..TypeDesc::bare(Kind::Array, 0, 0)
    };
    intern(form, format!("[{len}]{}", name(elem)))
}

/// `map[K]T`
pub(super) fn map_of(key: Desc, elem: Desc) -> Desc {
    let form = TypeDesc {
        elem,
        key,
        ..TypeDesc::bare(Kind::Map, 0, 0)
    };
    intern(form, format!("map[{}]{}", name(key), name(elem)))
}

/// `chan T` of a direction as in [`TypeDesc::chan_dir`].
pub(super) fn chan_of(chan_dir: u8, elem: Desc) -> Desc {
    let text = name(elem);
    let text = match chan_dir {
        1 => format!("<-chan {text}"),
        2 => format!("chan<- {text}"),
        // chan (<-chan T) must not read as chan<- (chan T).
        _ if text.starts_with("<-") => format!("chan ({text})"),
        _ => format!("chan {text}"),
    };
    let form = TypeDesc {
        elem,
        chan_dir,
        ..TypeDesc::bare(Kind::Chan, 0, 0)
    };
    intern(form, text)
}

/// `func(params) results`
pub(super) fn func_of(
    params: &[*const TypeDesc],
    results: &[*const TypeDesc],
    variadic: bool,
) -> Desc {
    let mut text = String::from("func(");
    for (i, &param) in params.iter().enumerate() {
        text += if i > 0 { ", " } else { "" };
        if variadic && i + 1 == params.len() {
            text += "...";
            text += name(part(part(param).elem));
        } else {
            text += name(part(param));
        }
    }
    text += ")";
    let names: Vec<_> = results.iter().map(|&result| name(part(result))).collect();
    match names[..] {
        [] => {}
        [one] => {
            text += " ";
            text += one;
        }
        _ => {
            text += " (";
            text += &names.join(", ");
            text += ")";
        }
    }
    let mut form = TypeDesc::bare(Kind::Func, 0, 0);
    // SAFETY: `intern` keeps copies.
    unsafe {
        form.params = Table::from_raw(params);
        form.results = Table::from_raw(results);
    }
    if variadic {
        form.flags |= TypeFlags::VARIADIC;
    }
    intern(form, text)
}

/// `struct { fields }`; the offsets do not count.
pub(super) fn struct_of(fields: &[FieldDesc]) -> Desc {
    let mut text = String::from("struct {");
    for (i, field) in fields.iter().enumerate() {
        text += if i > 0 { "; " } else { " " };
        // SAFETY: texts of fields are UTF-8 and outlive the call.
        let [label, tag] =
            [field.name, field.tag].map(|s| unsafe { str::from_utf8_unchecked(s.as_bytes()) });
        if !field.is_embedded {
            text += label;
            text += " ";
        }
        text += name(part(field.ty));
        if !tag.is_empty() {
            let _ = write!(text, " {tag:?}");
        }
    }
    text += if fields.is_empty() { "}" } else { " }" };
    let mut form = TypeDesc::bare(Kind::Struct, 0, 0);
    // SAFETY: `intern` keeps copies.
    unsafe { form.fields = Table::from_raw(fields) };
    if let [first, ..] = fields
        && first.is_embedded
        && part(first.ty).flags & TypeFlags::POINTER_SHAPED == 0
    {
        // Where the struct is, its first field is: the field's methods are the struct's. Others have none.
        form.methods = part(first.ty).methods;
    }
    intern(form, text)
}

/// How a function type is called by reflection; what is zero was not yet asked for.
struct Glue {
    frames: CallFrames,
    call: usize,
    closure: usize,
}

static GLUE: Mutex<HashMap<usize, Glue, FixedState>> =
    Mutex::new(HashMap::with_hasher(FixedState::with_seed(0)));

fn glue<R>(func: Desc, ask: impl FnOnce(&mut Glue) -> R) -> R {
    let mut all = GLUE.lock();
    let key = std::ptr::from_ref(func).addr();
    ask(all.entry(key).or_insert_with(|| Glue {
        frames: CallFrames {
            func,
            params: frame(func.params),
            results: frame(func.results),
        },
        call: 0,
        closure: 0,
    }))
}

/// The struct of a function's parameters or results.
fn frame(types: Table<*const TypeDesc>) -> Desc {
    let fields = types.as_slice().iter().map(|&ty| FieldDesc {
        name: Str::from_static("x"),
        ty,
        offset: 0,
        is_exported: true,
        is_embedded: false,
        tag: Str::EMPTY,
        package: Str::EMPTY,
    });
    let mut frame = TypeDesc {
        fields: Table::from_static(Vec::leak(fields.collect())),
        name: Str::from_static("frame"),
        ..TypeDesc::bare(Kind::Struct, 0, 0)
    };
    lay_out(&mut frame, false);
    Box::leak(Box::new(frame))
}

/// The structs of a function's parameters and results.
pub(crate) fn frames(func: Desc) -> CallFrames {
    glue(func, |glue| glue.frames)
}

/// [`mini_abi::ReflectHooks::call_glue`], made once.
pub(crate) fn call_glue(func: Desc) -> usize {
    glue(func, |glue| {
        if glue.call == 0 {
            glue.call = (config().reflect.call_glue)(glue.frames);
        }
        glue.call
    })
}

/// [`mini_abi::ReflectHooks::closure_glue`], made once.
pub(super) fn closure_glue(func: Desc) -> usize {
    glue(func, |glue| {
        if glue.closure == 0 {
            glue.closure = (config().reflect.closure_glue)(glue.frames);
        }
        glue.closure
    })
}
