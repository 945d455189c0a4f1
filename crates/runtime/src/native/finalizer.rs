//! Natives of `runtime` about finalizers and cleanups.

use mini_abi::types::{Kind, TypeDesc, TypeFlags};

use super::call::{Call, natives};
use crate::fatal::throw;
use crate::gc::specials::{self, Due};
use crate::heap::find_object;
use crate::heap::span::Found;
use crate::iface;

natives! {
    "runtime.setFinalizer" => set_finalizer;
    "runtime.addCleanup" => add_cleanup;
    "runtime.stopCleanup" => |c: &mut Call| {
        specials::stop_cleanup(c.word(0) as usize, c.word(1));
    };
    "runtime.takeCall" => take_call;
    "runtime.callsArePending" => |c: &mut Call| c.ret_bool(0, specials::calls_are_pending());
    "runtime.waitForCalls" => |c: &mut Call| {
        // SAFETY: inside a native of the running goroutine, the one of the library that makes the calls.
        unsafe {
            crate::sched::spawn::make_system(c.goroutine());
            specials::wait(c.goroutine());
        }
    };
}

/// (ptr any, cleanup func(), arg any) (id uint64, at uintptr, first, within bool): `within` says that the argument points into the
/// value, and that nothing was added. What is not in the heap is never freed; its id is zero.
fn add_cleanup(c: &mut Call) {
    (0..4).for_each(|i| c.ret(i, 0));
    let address = c.word(1) as usize;
    let Some(object) = find_object(address) else {
        return;
    };
    let start = object.span.slot(object.index);
    let is_pointer = c.desc(3).is_some_and(|ty| ty.kind == Kind::Pointer);
    if is_pointer && (start..start + object.span.elem_size()).contains(&(c.word(4) as usize)) {
        c.ret_bool(3, true);
        return;
    }
    let (id, is_first) = specials::add_cleanup(address, c.word(2) as usize);
    c.ret(0, id);
    c.ret(1, address as u64);
    c.ret_bool(2, is_first);
}

fn name(ty: &TypeDesc) -> String {
    // SAFETY: a descriptor's name is static text.
    String::from_utf8_lossy(unsafe { ty.name.as_bytes() }).into_owned()
}

fn fail(text: &str) -> ! {
    throw(&format!("runtime.SetFinalizer: {text}"))
}

/// (obj, finalizer any) first bool: the words are type, data, type, data. A mistake in its use ends the program.
fn set_finalizer(c: &mut Call) {
    let Some(ty) = c.desc(0) else {
        fail("first argument is nil")
    };
    if ty.kind != Kind::Pointer {
        fail(&format!("first argument is {}, not pointer", name(ty)));
    }
    c.ret_bool(0, false);
    let address = c.word(1) as usize;
    let Some(object) = find_object(address) else {
        // Not in the heap: never freed.
        if address == 0 {
            fail("pointer not in allocated block");
        }
        return;
    };
    check_address(ty, &object, address);
    let Some(function_type) = c.desc(2) else {
        specials::remove_finalizer(address);
        return;
    };
    let due = finalizer(ty, address, function_type, c.word(3) as usize);
    match specials::set_finalizer(address, due) {
        Some(is_first) => c.ret_bool(0, is_first),
        None => fail("finalizer already set"),
    }
}

/// Only small values without pointers share a block and may lie inside of it.
fn check_address(pointer: &TypeDesc, object: &Found, address: usize) {
    const TINY: usize = 16;
    if address == object.span.object(object.index) {
        return;
    }
    // SAFETY: the element's descriptor is never freed.
    let elem = unsafe { pointer.elem.as_ref() };
    if elem.is_none_or(|elem| elem.pointer_bytes != 0 || elem.size >= TINY) {
        fail("pointer not at beginning of allocated block");
    }
}

/// The call of the function with the object, if the object's type lets it.
fn finalizer(
    ty: &'static TypeDesc,
    object: usize,
    function_type: &TypeDesc,
    function: usize,
) -> Due {
    let cannot = |why: &str| -> ! {
        let (ty, function) = (name(ty), name(function_type));
        fail(&format!("cannot pass {ty} to finalizer {function}{why}"))
    };
    if function_type.kind != Kind::Func {
        let name = name(function_type);
        fail(&format!("second argument is {name}, not a function"));
    }
    if function_type.flags & TypeFlags::VARIADIC != 0 {
        cannot(" because dotdotdot");
    }
    let &[parameter] = function_type.params.as_slice() else {
        cannot("")
    };
    // SAFETY: parameter types are never freed.
    let parameter = unsafe { &*parameter };
    let is_named = |ty: &TypeDesc| ty.flags & TypeFlags::NAMED != 0;
    match parameter.kind {
        _ if std::ptr::eq(parameter, ty) => Due::Pointer { function, object },
        Kind::Pointer
            if std::ptr::eq(parameter.elem, ty.elem) && !(is_named(parameter) && is_named(ty)) =>
        {
            Due::Pointer { function, object }
        }
        Kind::Interface => {
            let word = match parameter.interface_methods.as_slice() {
                [] => std::ptr::from_ref(ty) as usize,
                _ => iface::find_itab(parameter, ty) as usize,
            };
            if word == 0 {
                cannot("");
            }
            Due::Interface {
                function,
                word,
                object,
            }
        }
        _ => cannot(""),
    }
}

/// () (pointer func(*byte), object *byte, boxed func(any), value any, cleanup func(), ok bool): one of the functions.
fn take_call(c: &mut Call) {
    (0..7).for_each(|i| c.ret(i, 0));
    let Some(due) = specials::take() else { return };
    c.ret_bool(6, true);
    match due {
        Due::Pointer { function, object } => {
            c.ret(0, function as u64);
            c.ret(1, object as u64);
        }
        Due::Interface {
            function,
            word,
            object,
        } => {
            c.ret(2, function as u64);
            c.ret(3, word as u64);
            c.ret(4, object as u64);
        }
        Due::Cleanup { function } => c.ret(5, function as u64),
    }
}
