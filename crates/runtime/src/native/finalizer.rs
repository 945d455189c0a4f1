//! Natives of `runtime` about finalizers and cleanups.

use mini_abi::types::{Kind, TypeDesc, TypeFlags};

use super::call::{Call, natives};
use super::reflect::{call_glue, frames};
use crate::fatal::throw;
use crate::gc::specials::{self, Due};
use crate::heap::size_class::TINY_SIZE;
use crate::heap::span::{Found, Layout};
use crate::heap::{self, find_object};
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

/// (ptr any, cleanup func(), arg any, function any) (id uint64, at uintptr, first, within, captured bool): `within` says that the
/// argument points into the value, `captured` that the function refers to it; nothing was added then. What is not in the heap is
/// never freed; its id is zero.
fn add_cleanup(c: &mut Call) {
    (0..5).for_each(|i| c.ret(i, 0));
    let address = c.word(1) as usize;
    let Some(object) = find_object(address) else {
        return;
    };
    let words = |object: &Found| {
        let start = object.span.slot(object.index);
        start..start + object.span.elem_size()
    };
    let is_pointer = c.desc(3).is_some_and(|ty| ty.kind == Kind::Pointer);
    // Small values without pointers share a block.
    let is_shared = object.span.layout() == Layout::Noscan && object.span.elem_size() <= TINY_SIZE;
    if is_pointer && !is_shared && words(&object).contains(&(c.word(4) as usize)) {
        c.ret_bool(3, true);
        return;
    }
    if let Some(function) = find_object(c.word(6) as usize) {
        // Words that are no pointers are taken for some: a number is hardly the address of this very value.
        let is_captured = words(&function).step_by(8).any(|at| {
            // SAFETY: a word of an allocated slot, which the call keeps allocated.
            let word = unsafe { *(at as *const usize) };
            if is_shared {
                word == address
            } else {
                words(&object).contains(&word)
            }
        });
        if is_captured {
            c.ret_bool(4, true);
            return;
        }
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
    function_type: &'static TypeDesc,
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
    let is_pointer = std::ptr::eq(parameter, ty)
        || parameter.kind == Kind::Pointer
            && std::ptr::eq(parameter.elem, ty.elem)
            && !(is_named(parameter) && is_named(ty));
    match parameter.kind {
        _ if is_pointer => Due::Pointer {
            function,
            ty: function_type,
            object,
        },
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
                ty: function_type,
                word,
                object,
            }
        }
        _ => cannot(""),
    }
}

/// () (pointer func(*byte), object *byte, boxed func(any), value any, cleanup func(), through caller, results unsafe.Pointer, ok bool):
/// one of the functions; a finalizer with results is called through glue, which stores them.
fn take_call(c: &mut Call) {
    (0..9).for_each(|i| c.ret(i, 0));
    let Some(due) = specials::take() else { return };
    c.ret_bool(8, true);
    let ty = match due {
        Due::Pointer {
            function,
            ty,
            object,
        } => {
            c.ret(0, function as u64);
            c.ret(1, object as u64);
            ty
        }
        Due::Interface {
            function,
            ty,
            word,
            object,
        } => {
            c.ret(2, function as u64);
            c.ret(3, word as u64);
            c.ret(4, object as u64);
            ty
        }
        Due::Cleanup { function } => return c.ret(5, function as u64),
    };
    // SAFETY: types of functions are never freed.
    let ty = unsafe { &*ty };
    if !ty.results.as_slice().is_empty() {
        c.ret(6, call_glue(ty) as u64);
        // SAFETY: we are inside a native of the running goroutine; what is called is named by the results.
        let results = unsafe { heap::new_object(c.goroutine(), frames(ty).results) };
        c.ret(7, results.expose_provenance() as u64);
    }
}
