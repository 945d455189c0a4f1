//! Natives of package `reflect` about types: what their descriptors say, types made of others, how functions are called.

use mini_abi::types::{FieldDesc, Kind, Str, TypeDesc, TypeFlags};

use super::{desc, make};
use crate::config;
use crate::iface;
use crate::native::call::{Call, natives};

natives! {
    "reflect.typePackage" => |c: &mut Call| { let package = desc(c, 0).package; ret_str(c, 0, package) };
    "reflect.typeFlags" => |c: &mut Call| { let ty = desc(c, 0); c.ret(0, ty.flags.into()); c.ret(1, ty.align.into()); c.ret(2, ty.chan_dir.into()) };
    "reflect.typeCount" => |c: &mut Call| {
        let ty = desc(c, 0);
        let n = match c.int(1) {
            0 => ty.fields.len,
            1 => exported(ty).count(),
            2 => ty.params.len,
            3 => ty.results.len,
            _ => ty.interface_methods.len,
        };
        c.ret(0, n as u64);
    };
    "reflect.typeField" => |c: &mut Call| {
        let field = &desc(c, 0).fields.as_slice()[c.word(1) as usize];
        ret_str(c, 0, field.name);
        ret_str(c, 2, field.package);
        c.ret(4, field.ty as u64);
        c.ret(5, field.offset as u64);
        ret_str(c, 6, field.tag);
        c.ret_bool(8, field.is_exported);
        c.ret_bool(9, field.is_embedded);
    };
    "reflect.typeMethod" => |c: &mut Call| {
        let (name, package, ty) = exported(desc(c, 0)).nth(c.word(1) as usize).expect("a method in range");
        ret_str(c, 0, name);
        ret_str(c, 2, package);
        c.ret(4, ty as u64);
    };
    "reflect.typeInOut" => |c: &mut Call| {
        let ty = desc(c, 0);
        let list = if c.bool(1) { ty.results } else { ty.params };
        c.ret(0, list.as_slice()[c.word(2) as usize] as u64);
    };
    "reflect.pointerTo" => |c: &mut Call| { let ty = make::pointer_to(desc(c, 0)); c.ret(0, std::ptr::from_ref(ty) as u64) };
    "reflect.sliceOf" => |c: &mut Call| { let ty = make::slice_of(desc(c, 0)); ret_type(c, 0, ty) };
    "reflect.arrayOf" => |c: &mut Call| { let ty = make::array_of(c.word(0) as usize, desc(c, 1)); ret_type(c, 0, ty) };
    "reflect.mapOf" => |c: &mut Call| { let ty = make::map_of(desc(c, 0), desc(c, 1)); ret_type(c, 0, ty) };
    "reflect.chanOf" => |c: &mut Call| { let ty = make::chan_of(c.word(0) as u8, desc(c, 1)); ret_type(c, 0, ty) };
    "reflect.funcOf" => |c: &mut Call| {
        let ty = make::func_of(&types(c, 0), &types(c, 3), c.bool(6));
        ret_type(c, 0, ty);
    };
    "reflect.structOf" => struct_of;
    "reflect.glue" => |c: &mut Call| {
        let ty = desc(c, 0);
        let (frames, call) = (make::frames(ty), make::call_glue(ty));
        ret_type(c, 0, frames.params);
        ret_type(c, 1, frames.results);
        c.ret(2, call as u64);
    };
    "reflect.closureGlue" => |c: &mut Call| { let code = make::closure_glue(desc(c, 0)); c.ret(0, code as u64) };
    "reflect.codeEntry" => |c: &mut Call| {
        let entry = (config().reflect.code_entry)(c.word(0) as usize);
        c.ret(0, entry as u64);
    };
    "reflect.fieldIndex" => |c: &mut Call| {
        let wanted = c.bytes(1);
        let mut fields = desc(c, 0).fields.as_slice().iter();
        // SAFETY: names in descriptors are static.
        let at = fields.position(|f| unsafe { f.name.as_bytes() } == wanted);
        c.ret_int(0, at.map_or(-1, |i| i as i64));
    };
    "reflect.methodCode" => method_code;
    "reflect.methodIndex" => |c: &mut Call| {
        let wanted = c.bytes(1);
        // SAFETY: names in descriptors are static.
        let at = exported(desc(c, 0)).position(|m| unsafe { m.0.as_bytes() } == wanted);
        c.ret_int(0, at.map_or(-1, |i| i as i64));
    };
    "reflect.implements" => |c: &mut Call| { let is = implements(desc(c, 0), desc(c, 1)); c.ret_bool(0, is) };
    "reflect.sameUnderlying" => |c: &mut Call| { let is = same_underlying(desc(c, 0), desc(c, 1), c.bool(2)); c.ret_bool(0, is) };
}

fn ret_type(call: &mut Call, i: usize, ty: &'static TypeDesc) {
    call.ret(i, std::ptr::from_ref(ty) as u64);
}

/// The elements of a slice of types.
fn types(call: &Call, i: usize) -> Vec<*const TypeDesc> {
    let words = call.words(i).iter();
    words.map(|&word| word as *const TypeDesc).collect()
}

fn ret_str(call: &mut Call, i: usize, s: Str) {
    call.ret(i, s.ptr as u64);
    call.ret(i + 1, s.len as u64);
}

/// `func structOf(names, packages, tags []string, types []rtype.Type, embedded []bool) rtype.Type`
fn struct_of(call: &mut Call) {
    let (types, embedded) = (types(call, 9), call.bytes(12));
    let fields: Vec<_> = (0..types.len())
        .map(|n| {
            let [name, package, tag] = [0, 3, 6].map(|i| call.text(i, n));
            FieldDesc {
                name,
                ty: types[n],
                offset: 0,
                is_exported: package.len == 0,
                is_embedded: embedded[n] != 0,
                tag,
                package,
            }
        })
        .collect();
    ret_type(call, 0, make::struct_of(&fields));
}

/// `func methodCode(t rtype.Type, i int, of rtype.Type) uintptr`: the code of the concrete type's method that goes by the name of
/// exported method i of t; zero if there is none.
fn method_code(call: &mut Call) {
    let (name, package, _) = exported(desc(call, 0))
        .nth(call.word(1) as usize)
        .expect("a method in range");
    // SAFETY: names in descriptors are static.
    let same = |a: Str, b: Str| unsafe { a.as_bytes() == b.as_bytes() };
    let methods = desc(call, 2).methods.as_slice();
    let found = methods
        .iter()
        .find(|m| same(m.name, name) && same(m.package, package));
    call.ret(0, found.map_or(0, |m| m.code as u64));
}

type MethodRow = (Str, Str, *const TypeDesc);

/// The exported methods of a concrete type, or all of an interface type.
fn exported(ty: &'static TypeDesc) -> impl Iterator<Item = MethodRow> {
    let of_interface = ty.interface_methods.as_slice().iter();
    let of_type = ty.methods.as_slice().iter().filter(|m| m.package.len == 0);
    of_interface
        .map(|m| (m.name, m.package, m.ty))
        .chain(of_type.map(|m| (m.name, m.package, m.ty)))
}

/// Whether a type has the methods of an interface type.
fn implements(ty: &'static TypeDesc, interface: &'static TypeDesc) -> bool {
    if interface.interface_methods.len == 0 {
        return true;
    }
    if ty.kind != Kind::Interface {
        return !iface::find_itab(interface, ty).is_null();
    }
    // SAFETY: names in descriptors are static.
    let same = |a: Str, b: Str| unsafe { a.as_bytes() == b.as_bytes() };
    interface.interface_methods.as_slice().iter().all(|wanted| {
        ty.interface_methods.as_slice().iter().any(|has| {
            same(has.name, wanted.name)
                && same(has.package, wanted.package)
                && std::ptr::eq(has.ty, wanted.ty)
        })
    })
}

/// Whether the underlying types are identical; parts are identical if their descriptors are. Tags count if asked for.
pub(super) fn same_underlying(a: &TypeDesc, b: &TypeDesc, tags: bool) -> bool {
    if std::ptr::eq(a, b) {
        return true;
    }
    // SAFETY: names in descriptors are static.
    let same = |a: Str, b: Str| unsafe { a.as_bytes() == b.as_bytes() };
    let (fields, others) = (a.fields.as_slice(), b.fields.as_slice());
    let (methods, other_methods) = (
        a.interface_methods.as_slice(),
        b.interface_methods.as_slice(),
    );
    a.kind == b.kind
        && std::ptr::eq(a.elem, b.elem)
        && std::ptr::eq(a.key, b.key)
        && a.len == b.len
        && a.chan_dir == b.chan_dir
        && a.flags & TypeFlags::VARIADIC == b.flags & TypeFlags::VARIADIC
        && a.params.as_slice() == b.params.as_slice()
        && a.results.as_slice() == b.results.as_slice()
        && fields.len() == others.len()
        && fields.iter().zip(others).all(|(a, b)| {
            same(a.name, b.name)
                && std::ptr::eq(a.ty, b.ty)
                && a.is_embedded == b.is_embedded
                && same(a.package, b.package)
                && (!tags || same(a.tag, b.tag))
        })
        && methods.len() == other_methods.len()
        && methods.iter().zip(other_methods).all(|(a, b)| {
            same(a.name, b.name) && same(a.package, b.package) && std::ptr::eq(a.ty, b.ty)
        })
}
