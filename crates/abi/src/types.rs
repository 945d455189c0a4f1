//! Type descriptors, itabs, and the in-memory forms of strings, slices and interfaces.
//!
//! Code generation builds one descriptor per type, in static memory that is never freed; identity of
//! types is identity of addresses. The collector, maps, channels, comparison, printing and fmt read them.

/// A string as it stands in memory. Also used inside descriptors (static text).
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Str {
    pub ptr: *const u8,
    pub len: usize,
}

impl Str {
    pub const EMPTY: Str = Str {
        ptr: std::ptr::null(),
        len: 0,
    };

    /// A string in memory that lives as long as the program (descriptors only).
    pub fn from_static(text: &'static str) -> Str {
        Str {
            ptr: text.as_ptr(),
            len: text.len(),
        }
    }

    /// # Safety
    /// `ptr` points at `len` readable bytes for `'a`.
    pub unsafe fn as_bytes<'a>(self) -> &'a [u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: the caller's promise.
        unsafe { std::slice::from_raw_parts(self.ptr, self.len) }
    }
}

/// A slice as it stands in memory.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct SliceHeader {
    pub ptr: *mut u8,
    pub len: isize,
    pub cap: isize,
}

/// An interface value: `word` is a `*const TypeDesc` (empty interface) or `*const Itab`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Iface {
    pub word: *const u8,
    pub data: *mut u8,
}

/// Go's reflect.Kind numbering.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Invalid = 0,
    Bool,
    Int,
    Int8,
    Int16,
    Int32,
    Int64,
    Uint,
    Uint8,
    Uint16,
    Uint32,
    Uint64,
    Uintptr,
    Float32,
    Float64,
    Complex64,
    Complex128,
    Array,
    Chan,
    Func,
    Interface,
    Map,
    Pointer,
    Slice,
    String,
    Struct,
    UnsafePointer,
}

/// Bits of [`TypeDesc::flags`].
pub struct TypeFlags;

impl TypeFlags {
    /// The value is one pointer word and is itself the data word of an interface.
    pub const POINTER_SHAPED: u8 = 1;
    /// `==` is defined on the type (it may still panic on an interface inside).
    pub const COMPARABLE: u8 = 2;
    /// Equality is equality of bytes (no padding, floats, strings, interfaces): memequal and byte hash do.
    pub const PLAIN_MEMORY: u8 = 4;
    /// A defined (named) type, predeclared ones included.
    pub const NAMED: u8 = 8;
    /// A variadic function type.
    pub const VARIADIC: u8 = 16;
}

/// A slice of static data inside descriptors.
#[repr(C)]
#[derive(Debug)]
pub struct Table<T: 'static> {
    pub ptr: *const T,
    pub len: usize,
}

impl<T> Clone for Table<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Table<T> {}

impl<T> Table<T> {
    /// # Safety
    /// `items` is not changed and not freed as long as the table, or what is read from it, is used.
    pub unsafe fn from_raw(items: &[T]) -> Table<T> {
        Table {
            ptr: items.as_ptr(),
            len: items.len(),
        }
    }

    pub const EMPTY: Table<T> = Table {
        ptr: std::ptr::NonNull::dangling().as_ptr(),
        len: 0,
    };

    pub fn from_static(items: &'static [T]) -> Table<T> {
        Table {
            ptr: items.as_ptr(),
            len: items.len(),
        }
    }

    pub fn as_slice(&self) -> &'static [T] {
        // SAFETY: tables are built by `from_static`, and by `from_raw`, whose callers vouch for the items.
        unsafe { std::slice::from_raw_parts(self.ptr, self.len) }
    }
}

/// Describes a type at run time.
#[repr(C)]
#[derive(Debug)]
pub struct TypeDesc {
    /// Size in bytes, a multiple of `align`.
    pub size: usize,
    /// Bytes from the start that can hold pointers; zero: no pointers at all.
    pub pointer_bytes: usize,
    /// One bit a word, `bitmap_words` of them, then repeating (arrays repeat their element's map); word i
    /// of the value is a pointer iff bit `i % bitmap_words` is set and `i * 8 < pointer_bytes`.
    pub pointer_bitmap: *const u8,
    pub bitmap_words: usize,
    /// Stable hash of the type's name, for itab and type-switch tables.
    pub hash: u32,
    pub kind: Kind,
    pub align: u8,
    pub flags: u8,
    /// Channel direction: 1 receive, 2 send, 3 both.
    pub chan_dir: u8,
    /// As `%T` and `%v` of a type print it: `main.T`, `[]int`, `map[string]*main.T`.
    pub name: Str,
    /// Package path of a defined type, else empty.
    pub package: Str,
    /// Element of pointer, slice, array, channel, map (its value).
    pub elem: *const TypeDesc,
    /// Key of a map.
    pub key: *const TypeDesc,
    /// Length of an array.
    pub len: usize,
    /// Fields of a struct, in order.
    pub fields: Table<FieldDesc>,
    /// Method set of a concrete type as far as it is reachable, sorted by (name, package).
    pub methods: Table<MethodDesc>,
    /// Methods that an interface type asks for, sorted by (name, package).
    pub interface_methods: Table<InterfaceMethodDesc>,
    /// Parameter and result types of a function type.
    pub params: Table<*const TypeDesc>,
    pub results: Table<*const TypeDesc>,
    /// `*T` for this T if the program has such a type, else null.
    pub pointer_to: *const TypeDesc,
}

impl TypeDesc {
    /// A type of this form without parts, name or pointers, to be completed by a struct update.
    pub const fn bare(kind: Kind, size: usize, align: u8) -> TypeDesc {
        TypeDesc {
            size,
            pointer_bytes: 0,
            pointer_bitmap: std::ptr::null(),
            bitmap_words: 0,
            hash: 0,
            kind,
            align,
            flags: 0,
            chan_dir: 0,
            name: Str::EMPTY,
            package: Str::EMPTY,
            elem: std::ptr::null(),
            key: std::ptr::null(),
            len: 0,
            fields: Table::EMPTY,
            methods: Table::EMPTY,
            interface_methods: Table::EMPTY,
            params: Table::EMPTY,
            results: Table::EMPTY,
            pointer_to: std::ptr::null(),
        }
    }

    /// Whether word `word` of a value holds a pointer; `word * 8` is below the size.
    #[inline]
    pub fn is_pointer_word(&self, word: usize) -> bool {
        if word * 8 >= self.pointer_bytes {
            return false;
        }
        let bit = word % self.bitmap_words;
        // SAFETY: the bitmap has `bitmap_words` bits, and there is one where there are pointers.
        unsafe { *self.pointer_bitmap.add(bit / 8) & (1 << (bit % 8)) != 0 }
    }
}

/// FNV-1a of a type's name: [`TypeDesc::hash`].
pub fn hash_of_name(name: &[u8]) -> u32 {
    name.iter().fold(0x811c_9dc5, |h, b| {
        (h ^ u32::from(*b)).wrapping_mul(0x0100_0193)
    })
}

// SAFETY: descriptors are written before they are published and immutable afterwards.
unsafe impl Sync for TypeDesc {}
// SAFETY: as above.
unsafe impl Send for TypeDesc {}

/// A struct's field.
#[repr(C)]
#[derive(Debug)]
pub struct FieldDesc {
    pub name: Str,
    pub ty: *const TypeDesc,
    pub offset: usize,
    pub is_exported: bool,
    pub is_embedded: bool,
    pub tag: Str,
    /// Package of an unexported field's name.
    pub package: Str,
}

// SAFETY: as for TypeDesc.
unsafe impl Sync for FieldDesc {}

/// A method of a concrete type.
#[repr(C)]
#[derive(Debug)]
pub struct MethodDesc {
    pub name: Str,
    /// Package of an unexported name, else empty.
    pub package: Str,
    /// The method's function type without receiver: identity says whether it satisfies an interface's method.
    pub ty: *const TypeDesc,
    /// Code taking the interface data word as its first argument (a stub until compiled).
    pub code: usize,
}

// SAFETY: as for TypeDesc.
unsafe impl Sync for MethodDesc {}

/// A method that an interface asks for.
#[repr(C)]
#[derive(Debug)]
pub struct InterfaceMethodDesc {
    pub name: Str,
    pub package: Str,
    pub ty: *const TypeDesc,
}

// SAFETY: as for TypeDesc.
unsafe impl Sync for InterfaceMethodDesc {}

/// Method table of a (interface, concrete type) pair. `code` continues behind the struct: one
/// address per method of the interface, in the interface's order.
#[repr(C)]
#[derive(Debug)]
pub struct Itab {
    pub interface: *const TypeDesc,
    pub ty: *const TypeDesc,
    pub code: [usize; 0],
}

// SAFETY: itabs are written before they are published and immutable afterwards.
unsafe impl Sync for Itab {}

/// Offset of the first code address in an [`Itab`].
pub const ITAB_CODE: usize = std::mem::size_of::<Itab>();

/// Iterator state of `range` over a map; lives in the frame of the ranging function. The map implementation
/// owns the meaning of `state`; `key` and `value` point at the current entry, `key` is null at the end.
#[repr(C)]
#[derive(Debug)]
pub struct MapIter {
    pub key: *mut u8,
    pub value: *mut u8,
    /// Pointer words (scanned by the collector): map, table, and so on.
    pub pointers: [*mut u8; 4],
    /// Words that are no pointers. The last one belongs to compiled code.
    pub state: [u64; 6],
}

impl MapIter {
    /// Leading words that are pointers.
    pub const POINTER_WORDS: usize = 6;
}

/// The most bytes of address space that the heap takes: larger objects cannot be made.
pub const LARGEST_HEAP: usize = 1 << 39;

/// First word of a map object is its number of entries (read inline by `len`).
pub const MAP_COUNT: usize = 0;

/// First words of a channel: number of elements in the buffer, capacity (read inline by `len`, `cap`).
pub const CHAN_LEN: usize = 0;
pub const CHAN_CAP: usize = 8;

/// A case of `select`, built in the caller's frame (its two pointer words are in the stack map).
#[repr(C)]
#[derive(Debug)]
pub struct SelectCase {
    pub chan: *mut u8,
    /// Value to send, or where to put what is received (may be null).
    pub elem: *mut u8,
    /// 0 receive, 1 send.
    pub is_send: u64,
}
