//! What a native gets: its flattened arguments, room for its results, and the goroutine.
//!
//! Natives are written as safe functions over [`Call`]; [`natives!`](natives) wraps each in the convention of
//! [`mini_abi::native`] and makes the module's `lookup`. Arguments are addressed by the index of their first word.
//!
//! Invariants, which the wrapper establishes: the words of a call are those of the Mini declaration, so an accessor used
//! at the index and with the type of the declaration reads what was passed. Memory that arguments point at stays where
//! it is and alive during the call, which is as long as a `Call` lives.

use crate::g::G;
use mini_abi::g::GHeader;
use mini_abi::types::{Str, TypeDesc};

/// A call of a native.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    g: *mut GHeader,
    args: *const u64,
    results: *mut u64,
    _memory: std::marker::PhantomData<&'a [u8]>,
}

impl<'a> Call<'a> {
    /// # Safety
    /// The pointers are those that a native was called with, and the native's declaration has the words that the
    /// accessors will be asked for.
    pub(crate) unsafe fn new(g: *mut GHeader, args: *const u64, results: *mut u64) -> Call<'a> {
        Call {
            g,
            args,
            results,
            _memory: std::marker::PhantomData,
        }
    }

    pub(crate) fn goroutine(&self) -> *mut G {
        G::of(self.g)
    }

    /// Where the results go: for a native that parks, whose waker writes them.
    pub(crate) fn results(&self) -> *mut u64 {
        self.results
    }

    pub(crate) fn word(&self, i: usize) -> u64 {
        // SAFETY: the declaration has at least i+1 argument words (`new`).
        unsafe { *self.args.add(i) }
    }

    pub(crate) fn int(&self, i: usize) -> i64 {
        self.word(i) as i64
    }

    pub(crate) fn bool(&self, i: usize) -> bool {
        self.word(i) & 0xff != 0
    }

    pub(crate) fn rune(&self, i: usize) -> i32 {
        self.word(i) as i32
    }

    pub(crate) fn float(&self, i: usize) -> f64 {
        f64::from_bits(self.word(i))
    }

    pub(crate) fn pointer(&self, i: usize) -> *mut u8 {
        self.word(i) as *mut u8
    }

    /// A string argument, or the elements of a `[]byte`.
    pub(crate) fn bytes(&self, i: usize) -> &'a [u8] {
        let len = self.word(i + 1) as usize;
        if len == 0 {
            return &[];
        }
        // SAFETY: a string or slice argument: pointer to `len` bytes, alive during the call (`new`). The library does
        // not write to what it passes while the native reads.
        unsafe { std::slice::from_raw_parts(self.word(i) as *const u8, len) }
    }

    /// The elements of a slice of words: of `[]int`, `[]uint64`, `[]float64`.
    pub(crate) fn words_mut(&mut self, i: usize) -> &'a mut [u64] {
        self.elements_mut(i)
    }

    /// The elements of a slice of words that are only read.
    pub(crate) fn words(&self, i: usize) -> &'a [u64] {
        let len = self.word(i + 1) as usize;
        if len == 0 {
            return &[];
        }
        // SAFETY: a slice argument of words: `len` of them, aligned, alive during the call; the native writes to no slice that
        // overlaps it.
        unsafe { std::slice::from_raw_parts(self.word(i) as *const u64, len) }
    }

    /// Element `n` of a slice of strings, valid during the call.
    pub(crate) fn text(&self, i: usize, n: usize) -> Str {
        assert!((n as u64) < self.word(i + 1), "string {n} of a slice");
        // SAFETY: a slice argument of strings that has this one, alive during the call.
        unsafe { *(self.word(i) as *const Str).add(n) }
    }

    /// The elements of a slice of words that may overlap others.
    pub(crate) fn cells(&self, i: usize) -> &'a [std::cell::Cell<u64>] {
        let len = self.word(i + 1) as usize;
        if len == 0 {
            return &[];
        }
        // SAFETY: as for `words`; cells may be written through any reference, and the goroutine stands still meanwhile.
        unsafe { std::slice::from_raw_parts(self.word(i) as *const std::cell::Cell<u64>, len) }
    }

    /// The elements of a slice of half words: of `[]uint32`, `[]int32`.
    pub(crate) fn u32s_mut(&mut self, i: usize) -> &'a mut [u32] {
        self.elements_mut(i)
    }

    /// The elements of a slice of strings or interfaces.
    pub(crate) fn pairs_mut(&mut self, i: usize) -> &'a mut [[u64; 2]] {
        self.elements_mut(i)
    }

    /// The elements of a `[]byte` to be written.
    pub(crate) fn bytes_mut(&mut self, i: usize) -> &'a mut [u8] {
        self.elements_mut(i)
    }

    fn elements_mut<T>(&mut self, i: usize) -> &'a mut [T] {
        let len = self.word(i + 1) as usize;
        if len == 0 {
            return &mut [];
        }
        // SAFETY: a slice argument whose elements have T's layout: `len` of them, aligned, alive during the call, and the
        // library lets no one else use them meanwhile.
        unsafe { std::slice::from_raw_parts_mut(self.word(i) as *mut T, len) }
    }

    /// A `dst []byte` argument as a place to append to.
    pub(crate) fn out(&mut self, i: usize) -> Out<'a> {
        let (len, cap) = (self.word(i + 1) as usize, self.word(i + 2) as usize);
        if cap <= len {
            return Out::new(&mut []);
        }
        // SAFETY: the bytes between length and capacity belong to the slice argument, and the library uses them through no
        // other slice during the call.
        let room = unsafe {
            std::slice::from_raw_parts_mut((self.word(i) as *mut u8).add(len), cap - len)
        };
        Out::new(room)
    }

    /// A type descriptor argument.
    pub(crate) fn desc(&self, i: usize) -> Option<&'static TypeDesc> {
        // SAFETY: null, or the address of a descriptor, which is never freed.
        unsafe { (self.word(i) as *const TypeDesc).as_ref() }
    }

    pub(crate) fn ret(&mut self, i: usize, word: u64) {
        // SAFETY: the declaration has at least i+1 result words (`new`).
        unsafe { *self.results.add(i) = word }
    }

    pub(crate) fn ret_int(&mut self, i: usize, n: i64) {
        self.ret(i, n as u64);
    }

    pub(crate) fn ret_bool(&mut self, i: usize, b: bool) {
        self.ret(i, u64::from(b));
    }

    pub(crate) fn ret_float(&mut self, i: usize, f: f64) {
        self.ret(i, f.to_bits());
    }

    /// A string or the pointer and length of a slice: memory that outlives the call, or that an argument keeps alive.
    pub(crate) fn ret_bytes(&mut self, i: usize, bytes: &[u8]) {
        self.ret(
            i,
            if bytes.is_empty() {
                0
            } else {
                bytes.as_ptr() as u64
            },
        );
        self.ret(i + 1, bytes.len() as u64);
    }
}

/// The room behind a Mini slice. What does not fit is counted, not written.
#[derive(Debug)]
pub(crate) struct Out<'a> {
    room: &'a mut [u8],
    len: usize,
}

impl<'a> Out<'a> {
    pub(crate) fn new(room: &'a mut [u8]) -> Out<'a> {
        Out { room, len: 0 }
    }

    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if let Some(place) = self.room.get_mut(self.len..self.len + bytes.len()) {
            place.copy_from_slice(bytes);
        }
        self.len += bytes.len();
    }

    /// Each of the bytes as `map` makes it.
    pub(crate) fn push_mapped(&mut self, bytes: &[u8], map: impl Fn(u8) -> u8) {
        if let Some(place) = self.room.get_mut(self.len..self.len + bytes.len()) {
            for (to, &from) in place.iter_mut().zip(bytes) {
                *to = map(from);
            }
        }
        self.len += bytes.len();
    }

    pub(crate) fn push_byte(&mut self, byte: u8) {
        self.fill(byte, 1);
    }

    /// `n` times the same byte.
    pub(crate) fn fill(&mut self, byte: u8, n: usize) {
        if let Some(place) = self.room.get_mut(self.len..self.len + n) {
            place.fill(byte);
        }
        self.len += n;
    }

    /// The native's answer: the bytes written, or minus the bytes needed.
    pub(crate) fn answer(&self) -> i64 {
        if self.len <= self.room.len() {
            self.len as i64
        } else {
            -(self.len as i64)
        }
    }
}

/// Makes a module's `lookup` from the names of natives and the safe functions behind them.
macro_rules! natives {
    ($($name:literal => $function:expr;)*) => {
        /// A native of this module by qualified name.
        pub(in crate::native) fn lookup(name: &str) -> Option<mini_abi::native::NativeFn> {
            match name {
                $($name => {
                    unsafe extern "C" fn thunk(
                        g: *mut mini_abi::g::GHeader,
                        args: *const u64,
                        results: *mut u64,
                    ) {
                        // SAFETY: called as a native under the name whose declaration the function is written for.
                        let mut call = unsafe { $crate::native::call::Call::new(g, args, results) };
                        let function: fn(&mut $crate::native::call::Call) = $function;
                        function(&mut call);
                    }
                    Some(thunk as mini_abi::native::NativeFn)
                })*
                _ => None,
            }
        }
    };
}
pub(crate) use natives;
