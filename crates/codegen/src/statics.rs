//! Static data of a program: constants, globals, closures of top-level functions. Everything is made when the first
//! function that needs it is compiled, and once.

use crate::layout::Layouts;
use crate::link::FixedCode;
use crate::memory::DataArena;
use crate::type_desc::{DescAddr, DescContext, Descriptors};
use foldhash::HashMap;
use mini_abi::Runtime;
use mini_abi::types::TypeDesc;
use mini_mir::{GlobalId, Program, TyId, TyKind};
use std::sync::{Arc, Mutex};

/// Static data made so far.
pub(crate) struct Statics {
    program: Arc<Program>,
    data: DataArena,
    code: FixedCode,
    tables: Mutex<Tables>,
}

#[derive(Default)]
struct Tables {
    descriptors: Descriptors,
    bytes: HashMap<Vec<u8>, usize>,
    globals: HashMap<GlobalId, usize>,
    closures: HashMap<u32, usize>,
    /// Address and size of the block of zeros.
    zeros: (usize, usize),
    small_ints: usize,
}

/// Values below this have their boxed form in a table.
pub(crate) const SMALL_INTS: u64 = 256;

impl Statics {
    pub(crate) fn new(program: Arc<Program>, code: FixedCode) -> Statics {
        Statics {
            program,
            data: DataArena::default(),
            code,
            tables: Mutex::default(),
        }
    }

    fn context<'a>(&'a self, layouts: &'a Layouts) -> DescContext<'a> {
        DescContext {
            program: &self.program,
            layouts,
            data: &self.data,
            code: self.code,
        }
    }

    pub(crate) fn descriptor(&self, layouts: &Layouts, ty: TyId) -> DescAddr {
        let mut tables = self.tables.lock().unwrap();
        tables.descriptors.of(self.context(layouts), ty)
    }

    /// The program's descriptor of a type of this form.
    pub(crate) fn find_type(&self, layouts: &Layouts, like: &TypeDesc) -> Option<DescAddr> {
        let mut tables = self.tables.lock().unwrap();
        tables.descriptors.find(self.context(layouts), like)
    }

    /// Type word of an interface value: the descriptor for an empty interface, else the method table.
    pub(crate) fn type_word(&self, layouts: &Layouts, interface: TyId, concrete: TyId) -> usize {
        let mut tables = self.tables.lock().unwrap();
        let cx = self.context(layouts);
        match self.program.types.kind(interface) {
            TyKind::Interface(methods) if methods.is_empty() => {
                tables.descriptors.of(cx, concrete).0
            }
            _ => tables.descriptors.itab(cx, interface, concrete),
        }
    }

    /// Read-only bytes, equal ones shared.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> usize {
        let mut tables = self.tables.lock().unwrap();
        if let Some(&at) = tables.bytes.get(bytes) {
            return at;
        }
        let align = if bytes.len().is_multiple_of(8) { 8 } else { 1 };
        let at = self.data.bytes(bytes, align);
        tables.bytes.insert(bytes.to_vec(), at);
        at
    }

    /// Address of a package-level variable, a root of the collector from now on.
    pub(crate) fn global(&self, layouts: &Layouts, runtime: &Runtime, id: GlobalId) -> usize {
        let ty = self.program.globals[id].ty;
        let info = layouts.of(ty);
        let mut tables = self.tables.lock().unwrap();
        if let Some(&at) = tables.globals.get(&id) {
            return at;
        }
        let at = self
            .data
            .alloc(info.size as usize, info.align.max(8) as usize);
        if info.has_pointers {
            let desc = tables.descriptors.of(self.context(layouts), ty);
            // SAFETY: descriptors are complete when `of` returns and live as long as the process.
            let desc = unsafe { &*(desc.0 as *const TypeDesc) };
            (runtime.register_global)(at, desc, 1);
        }
        tables.globals.insert(id, at);
        at
    }

    /// A closure object without captures whose code is the stub of `unit`.
    pub(crate) fn closure(&self, unit: u32) -> usize {
        let mut tables = self.tables.lock().unwrap();
        *tables
            .closures
            .entry(unit)
            .or_insert_with(|| std::ptr::from_ref(self.data.value(self.code.stub(unit))) as usize)
    }

    /// Address of at least `size` zero bytes that nobody writes.
    pub(crate) fn zeros(&self, size: usize) -> usize {
        let mut tables = self.tables.lock().unwrap();
        if tables.zeros.1 < size {
            let size = size.next_power_of_two().max(1024);
            tables.zeros = (self.data.alloc(size, 16), size);
        }
        tables.zeros.0
    }

    /// A table whose word `i` is `i`, for `i <` [`SMALL_INTS`].
    pub(crate) fn small_ints(&self) -> usize {
        let mut tables = self.tables.lock().unwrap();
        if tables.small_ints == 0 {
            let words: Vec<u64> = (0..SMALL_INTS).collect();
            tables.small_ints = self.data.values(words).as_ptr() as usize;
        }
        tables.small_ints
    }

    /// A value in static memory that is no root.
    pub(crate) fn alloc_value<T: 'static>(&self, value: T) -> usize {
        std::ptr::from_ref(self.data.value(value)) as usize
    }
}
