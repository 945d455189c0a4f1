//! Memory for code and for static data.
//!
//! Code lives in one reservation, so that every call reaches every other piece of code with a 32-bit displacement. It is
//! writable and executable for its whole life: call sites and stubs are patched while other threads run them (see
//! [`crate::link`]), and switching protections costs more than compiling a small function.
//!
//! Static data (constants, descriptors, method tables, globals) comes from chunks that are never freed, below 2 GiB where the
//! system grants that: an address is then a five-byte instruction.

use cranelift_jit::{BranchProtection, JITMemoryKind, JITMemoryProvider};
use cranelift_module::ModuleResult;
use std::io;
use std::sync::Mutex;

/// Address space that is reserved for code; pages are only used when code is written to them.
pub(crate) const CODE_RESERVATION: usize = 128 << 20;
const DATA_CHUNK: usize = 256 << 10;

/// Maps fresh zeroed memory, below 2 GiB if there is room.
fn map(len: usize, protection: i32) -> io::Result<usize> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE;
    for extra in [libc::MAP_32BIT, 0] {
        // SAFETY: a fresh anonymous mapping at an address of the system's choice touches no existing memory.
        let p = unsafe { libc::mmap(std::ptr::null_mut(), len, protection, flags | extra, -1, 0) };
        if p != libc::MAP_FAILED {
            return Ok(p as usize);
        }
    }
    Err(io::Error::last_os_error())
}

/// Reserves the code arena: stubs and thunks at its start, [`ArenaProvider`] hands out the rest.
pub(crate) fn reserve_code() -> io::Result<usize> {
    map(
        CODE_RESERVATION,
        libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC,
    )
}

/// Hands out the code arena to the JIT module, front to back.
pub(crate) struct ArenaProvider {
    pub(crate) next: usize,
    pub(crate) end: usize,
}

impl JITMemoryProvider for ArenaProvider {
    fn allocate(&mut self, size: usize, align: u64, _kind: JITMemoryKind) -> io::Result<*mut u8> {
        let start = self.next.next_multiple_of(align as usize);
        if start + size > self.end {
            return Err(io::Error::other("the code arena is full"));
        }
        self.next = start + size;
        Ok(start as *mut u8)
    }

    /// The arena lives as long as the process: goroutines may be inside it.
    unsafe fn free_memory(&mut self) {}

    fn finalize(&mut self, _branch_protection: BranchProtection) -> ModuleResult<()> {
        Ok(())
    }
}

/// Static data: allocated, never freed.
#[derive(Default)]
pub(crate) struct DataArena {
    free: Mutex<(usize, usize)>,
}

impl DataArena {
    /// Zeroed memory that lives as long as the process.
    pub(crate) fn alloc(&self, size: usize, align: usize) -> usize {
        let size = size.max(1);
        let mut free = self.free.lock().unwrap();
        let mut start = free.0.next_multiple_of(align);
        if free.0 == 0 || start + size > free.1 {
            let len = size.max(DATA_CHUNK).next_multiple_of(4096);
            let base = map(len, libc::PROT_READ | libc::PROT_WRITE)
                .unwrap_or_else(|e| panic!("out of memory for static data: {e}"));
            if size >= DATA_CHUNK {
                // A large object has a mapping of its own; the current chunk stays in use.
                return base;
            }
            *free = (base, base + len);
            start = base;
        }
        free.0 = start + size;
        start
    }

    /// A copy of bytes.
    pub(crate) fn bytes(&self, bytes: &[u8], align: usize) -> usize {
        let at = self.alloc(bytes.len(), align);
        // SAFETY: `at` is fresh memory of at least this length that nobody else knows yet.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), at as *mut u8, bytes.len()) };
        at
    }

    /// A value moved to static memory.
    pub(crate) fn value<T: 'static>(&self, value: T) -> &'static T {
        let at = self.alloc(size_of::<T>(), align_of::<T>()) as *mut T;
        // SAFETY: fresh memory with the size and alignment of a T, never freed.
        unsafe {
            at.write(value);
            &*at
        }
    }

    /// Values moved to static memory.
    pub(crate) fn values<T: 'static>(&self, values: Vec<T>) -> &'static [T] {
        if values.is_empty() {
            return &[];
        }
        let n = values.len();
        let at = self.alloc(n * size_of::<T>(), align_of::<T>()) as *mut T;
        for (i, value) in values.into_iter().enumerate() {
            // SAFETY: element i of fresh memory for n values.
            unsafe { at.add(i).write(value) };
        }
        // SAFETY: all n values were just written; the memory is never freed.
        unsafe { std::slice::from_raw_parts(at, n) }
    }

    /// Text moved to static memory.
    pub(crate) fn text(&self, text: &str) -> &'static str {
        let at = self.bytes(text.as_bytes(), 1);
        // SAFETY: a copy of a str, never freed or changed.
        unsafe {
            std::str::from_utf8_unchecked(std::slice::from_raw_parts(at as *const u8, text.len()))
        }
    }
}
