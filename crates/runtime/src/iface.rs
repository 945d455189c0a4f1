//! Interfaces: method tables (itabs) and failed assertions.
//!
//! An itab is made once for a pair of interface and concrete type and kept for good, so readers need no lock: they probe a
//! table that is only ever added to; when it is replaced by a larger one the old one stays readable. That a type does
//! not have the methods is remembered in the same table.

use std::alloc::Layout;
use std::sync::atomic::{AtomicPtr, Ordering};

use mini_abi::panics::PanicCode;
use mini_abi::types::{ITAB_CODE, InterfaceMethodDesc, Itab, Kind, MethodDesc, Str, TypeDesc};
use parking_lot::Mutex;

use crate::g::G;
use crate::panic::raise_with_texts;

/// What is known of a pair.
struct Entry {
    interface: *const TypeDesc,
    ty: *const TypeDesc,
    /// Null: the type lacks a method.
    itab: *const Itab,
}

/// Open addressing, a power of two long, never more than half full; entries are published with release.
struct Table {
    entries: Box<[AtomicPtr<Entry>]>,
    n_used: usize,
}

static TABLE: AtomicPtr<Table> = AtomicPtr::new(std::ptr::null_mut());
static ADDING: Mutex<()> = Mutex::new(());
const FIRST_SIZE: usize = 512;

impl Table {
    fn new(size: usize) -> Table {
        Table {
            entries: (0..size).map(|_| AtomicPtr::default()).collect(),
            n_used: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.n_used * 2 >= self.entries.len()
    }

    /// The pair's entry, or the free place for it.
    fn probe(&self, interface: &TypeDesc, ty: &TypeDesc) -> Result<&Entry, &AtomicPtr<Entry>> {
        let hash = interface.hash.rotate_left(7).wrapping_mul(0x9e37_79b1) ^ ty.hash;
        let mask = self.entries.len() - 1;
        let mut index = hash as usize & mask;
        loop {
            let place = &self.entries[index];
            // Acquire: pairs with the release in `add`; the entry is complete.
            let entry = place.load(Ordering::Acquire);
            // SAFETY: entries are never freed.
            match unsafe { entry.as_ref() } {
                None => return Err(place),
                Some(entry)
                    if std::ptr::eq(entry.interface, interface) && std::ptr::eq(entry.ty, ty) =>
                {
                    return Ok(entry);
                }
                Some(_) => index = (index + 1) & mask,
            }
        }
    }
}

/// The itab of a pair; null if the type lacks a method of the interface.
pub fn find_itab(interface: &'static TypeDesc, ty: &'static TypeDesc) -> *const Itab {
    // Acquire: pairs with the release in `add`; the table is complete. SAFETY: tables are never freed.
    if let Some(table) = unsafe { TABLE.load(Ordering::Acquire).as_ref() }
        && let Ok(entry) = table.probe(interface, ty)
    {
        return entry.itab;
    }
    add(interface, ty)
}

#[cold]
fn add(interface: &'static TypeDesc, ty: &'static TypeDesc) -> *const Itab {
    let _adding = ADDING.lock();
    let mut table = TABLE.load(Ordering::Relaxed);
    // SAFETY: the table is only changed under the lock that we hold; readers see single entries appear.
    unsafe {
        if table.is_null() {
            table = Box::into_raw(Box::new(Table::new(FIRST_SIZE)));
        } else if let Ok(entry) = (*table).probe(interface, ty) {
            return entry.itab;
        } else if (*table).is_full() {
            table = Box::into_raw(Box::new(enlarged(&*table)));
        }
        let itab = build(interface, ty);
        let entry = Box::into_raw(Box::new(Entry {
            interface,
            ty,
            itab,
        }));
        if let Err(place) = (*table).probe(interface, ty) {
            place.store(entry, Ordering::Release);
        }
        (*table).n_used += 1;
        TABLE.store(table, Ordering::Release);
        itab
    }
}

fn enlarged(old: &Table) -> Table {
    let mut table = Table::new(old.entries.len() * 2);
    for place in &old.entries {
        let entry = place.load(Ordering::Relaxed);
        // SAFETY: entries are never freed.
        let Some(pair) = (unsafe { entry.as_ref() }) else {
            continue;
        };
        // SAFETY: types are never freed.
        let (interface, ty) = unsafe { (&*pair.interface, &*pair.ty) };
        if let Err(free) = table.probe(interface, ty) {
            free.store(entry, Ordering::Relaxed);
            table.n_used += 1;
        }
    }
    table
}

/// Makes an itab by walking both method lists, which are sorted alike; null if a method is missing.
fn build(interface: &'static TypeDesc, ty: &'static TypeDesc) -> *const Itab {
    let Ok(code) = match_methods(interface, ty) else {
        return std::ptr::null();
    };
    let size = ITAB_CODE + code.len() * size_of::<usize>();
    let layout = Layout::from_size_align(size, align_of::<Itab>()).expect("an itab is small");
    // SAFETY: the size is not zero; the struct and the codes behind it lie in the memory.
    unsafe {
        let itab = std::alloc::alloc(layout).cast::<Itab>();
        itab.write(Itab {
            interface,
            ty,
            code: [],
        });
        let codes = itab.byte_add(ITAB_CODE).cast::<usize>();
        codes.copy_from_nonoverlapping(code.as_ptr(), code.len());
        itab
    }
}

/// The code of each method of the interface, or the first that the type lacks.
fn match_methods(
    interface: &TypeDesc,
    ty: &TypeDesc,
) -> Result<Vec<usize>, &'static InterfaceMethodDesc> {
    let mut methods = ty.methods.as_slice().iter();
    interface
        .interface_methods
        .as_slice()
        .iter()
        .map(|wanted| {
            methods
                .find(|method| is_same(method, wanted))
                .map(|method| method.code)
                .ok_or(wanted)
        })
        .collect()
}

fn is_same(method: &MethodDesc, wanted: &InterfaceMethodDesc) -> bool {
    // SAFETY: texts of descriptors live as long as the program.
    let text = |text: Str| unsafe { text.as_bytes() };
    std::ptr::eq(method.ty, wanted.ty)
        && text(method.name) == text(wanted.name)
        && text(method.package) == text(wanted.package)
}

/// The method for want of which the type does not implement the interface; empty if it does.
pub fn missing_method(interface: &TypeDesc, ty: &TypeDesc) -> String {
    match match_methods(interface, ty) {
        Ok(_) => String::new(),
        Err(method) => text_of(method.name),
    }
}

/// Raises the panic of `x.(wanted)` where x, of type `operand`, holds a `concrete` or nil.
///
/// # Safety
/// `g` is the running goroutine, inside a builtin.
pub unsafe fn raise_type_assertion(
    g: *mut G,
    operand: Option<&TypeDesc>,
    concrete: Option<&TypeDesc>,
    wanted: &TypeDesc,
) {
    let to_interface = wanted.kind == Kind::Interface;
    let missing = match concrete {
        Some(concrete) if to_interface => missing_method(wanted, concrete),
        _ => String::new(),
    };
    // Go does not name the operand's type when the wanted one is an interface.
    let operand = operand.filter(|_| !to_interface);
    let name = |ty: Option<&TypeDesc>| ty.map_or_else(String::new, |ty| text_of(ty.name));
    // What tells types apart that print alike.
    let origin = match concrete {
        Some(concrete) if package_of(concrete) != package_of(wanted) => "packages",
        _ => "scopes",
    };
    let texts = vec![
        name(operand),
        name(concrete),
        name(Some(wanted)),
        missing,
        origin.to_owned(),
    ];
    // SAFETY: the caller's promise.
    unsafe { raise_with_texts(g, PanicCode::TypeAssertion, texts) };
}

/// The package that a type belongs to: that which declares it, or that of its unexported fields.
fn package_of(ty: &TypeDesc) -> String {
    let declared = text_of(ty.package);
    if !declared.is_empty() {
        return declared;
    }
    let fields = ty.fields.as_slice().iter();
    let mut packages = fields.map(|field| text_of(field.package));
    packages
        .find(|package| !package.is_empty())
        .unwrap_or_default()
}

/// A descriptor's text.
pub fn text_of(text: Str) -> String {
    // SAFETY: texts of descriptors live as long as the program.
    String::from_utf8_lossy(unsafe { text.as_bytes() }).into_owned()
}

#[cfg(test)]
mod tests {
    use mini_abi::types::Table as Rows;

    use super::*;
    use crate::heap::testing::{leak, words};

    fn signature() -> &'static TypeDesc {
        leak(words(1, 1))
    }

    fn concrete(methods: &[(&'static str, &'static TypeDesc, usize)]) -> &'static TypeDesc {
        let rows = methods.iter().map(|&(name, ty, code)| MethodDesc {
            name: Str::from_static(name),
            package: Str::EMPTY,
            ty,
            code,
        });
        leak(TypeDesc {
            methods: Rows::from_static(Vec::leak(rows.collect())),
            hash: crate::hash::random() as u32,
            ..words(1, 1)
        })
    }

    fn interface(methods: &[(&'static str, &'static TypeDesc)]) -> &'static TypeDesc {
        let rows = methods.iter().map(|&(name, ty)| InterfaceMethodDesc {
            name: Str::from_static(name),
            package: Str::EMPTY,
            ty,
        });
        leak(TypeDesc {
            kind: Kind::Interface,
            interface_methods: Rows::from_static(Vec::leak(rows.collect())),
            hash: crate::hash::random() as u32,
            ..words(2, 2)
        })
    }

    #[test]
    fn itabs_hold_the_methods_in_the_order_of_the_interface() {
        let (f, g) = (signature(), signature());
        let ty = concrete(&[("A", f, 1), ("B", g, 2), ("C", f, 3), ("D", g, 4)]);
        let itab = find_itab(interface(&[("B", g), ("D", g)]), ty);
        // SAFETY: an itab of two methods.
        let codes = unsafe { *itab.byte_add(ITAB_CODE).cast::<[usize; 2]>() };
        assert_eq!(codes, [2, 4]);
    }

    #[test]
    fn the_missing_method_is_named() {
        let (f, g) = (signature(), signature());
        let ty = concrete(&[("A", f, 1), ("C", f, 3)]);
        for (wanted, missing) in [
            (interface(&[("A", f), ("C", f)]), ""),
            (interface(&[("A", f), ("B", f), ("C", f)]), "B"),
            (interface(&[("A", g)]), "A"),
            (interface(&[("Z", f)]), "Z"),
        ] {
            assert_eq!(missing_method(wanted, ty), missing);
            assert_eq!(find_itab(wanted, ty).is_null(), !missing.is_empty());
            assert_eq!(find_itab(wanted, ty), find_itab(wanted, ty));
        }
    }

    #[test]
    fn threads_agree_on_itabs_while_the_table_grows() {
        let f = signature();
        let wanted = interface(&[("A", f)]);
        let types: Vec<_> = (0..2000).map(|code| concrete(&[("A", f, code)])).collect();
        let find = || {
            let itabs = types.iter().map(|ty| find_itab(wanted, ty).addr());
            itabs.collect::<Vec<_>>()
        };
        let results: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(find)).collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert!(results.iter().all(|result| *result == results[0]));
    }
}
