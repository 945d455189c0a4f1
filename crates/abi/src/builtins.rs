//! The table of runtime functions that compiled code calls.
//!
//! Each is an `extern "C"` function in the runtime whose first parameter is the running goroutine
//! (`*mut GHeader`), which the table leaves out. Compiled code calls a thunk with the System V convention
//! (`mov rax, function; jmp [r15 + call_on_system_stack]`), so at most five integer parameters follow, and
//! two words come back (rax, rdx). Pointers to words in the goroutine's frame are allowed: the stack does not
//! move while the goroutine is inside a builtin, except while it is parked (the runtime adjusts those).
//!
//! Parameter letters: `p` pointer that the collector knows or a pointer into the frame, `i` 64-bit integer,
//! `t` type descriptor, `b` bool (zero-extended), `f` float64. Result letters are the same; empty: nothing.

macro_rules! builtins {
    ($($(#[$doc:meta])* $name:ident $params:literal $results:literal;)*) => {
        /// A runtime function.
        #[allow(non_camel_case_types, reason = "variants are the functions' names")]
        #[repr(u16)]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Builtin { $($(#[$doc])* $name,)* }

        impl Builtin {
            pub const ALL: &'static [Builtin] = &[$(Builtin::$name,)*];
            pub const COUNT: usize = Self::ALL.len();

            /// Name, parameter letters, result letters.
            pub fn row(self) -> (&'static str, &'static str, &'static str) {
                match self { $(Builtin::$name => (stringify!($name), $params, $results),)* }
            }
        }

        /// Calls a macro with the names of all builtins, e.g. to build the address table.
        #[macro_export]
        macro_rules! for_each_builtin {
            ($m:ident) => { $crate::for_each_builtin_names!($m); };
        }
        /// Implementation of [`for_each_builtin`].
        #[macro_export]
        macro_rules! for_each_builtin_names {
            ($m:ident) => { $m! { $($name,)* } };
        }
    };
}

impl Builtin {
    /// A leaf never parks, never collects and never allocates from the collected heap, so the stack stands
    /// still and nothing is freed while it runs: compiled code keeps addresses and pointers in registers across
    /// it, and its stack map names nothing but what a landing pad reads. It may still raise.
    ///
    /// All others are safepoints: what is live is in the stack map and is read again afterwards.
    pub fn is_leaf(self) -> bool {
        use Builtin::*;
        matches!(
            self,
            move_memory
                | move_typed
                | equal_memory
                | zero_memory
                | zero_typed
                | write_barrier
                | compare_strings
                | index_byte
                | decode_rune
                | equal_values
                | equal_interface_data
                | find_itab
                | raise_type_assertion
                | map_get
                | map_get_64
                | map_get_32
                | map_get_string
                | print_lock
                | print_unlock
                | print_bool
                | print_int
                | print_uint
                | print_float
                | print_complex
                | print_string
                | print_pointer
                | print_slice
                | print_interface
                | print_space
                | print_newline
                | float_mod
        )
    }
}

builtins! {
    // --- memory ---------------------------------------------------------------------------------
    /// (type) A zeroed object.
    new_object "t" "p";
    /// (elem type, n) n zeroed elements; n was checked by the compiler.
    new_array "ti" "p";
    /// (elem type, len, cap) Backing array of make([]T, len, cap); raises MakeSliceLen/MakeSliceCap.
    make_slice "tii" "p";
    /// (elem type, old ptr, old len, old cap, new len) Grows as append does; returns pointer and capacity. Elements
    /// [0, old len) are copied, the rest is zeroed. Raises GrowSliceLen.
    grow_slice "tpiii" "pi";
    /// (dst, src, n bytes) memmove without barrier.
    move_memory "ppi" "";
    /// (type, dst, src, count) memmove of `count` values with pointers, reported to the collector when it asks.
    move_typed "tppi" "";
    /// (a, b, n bytes)
    equal_memory "ppi" "b";
    /// (dst, n bytes)
    zero_memory "pi" "";
    /// (type, dst, count) Zeroes `count` values with pointers.
    zero_typed "tpi" "";
    /// (slot, new value) Called instead of the plain store of one pointer when `GHeader::write_barrier` is set; does the store.
    write_barrier "pp" "";

    // --- strings --------------------------------------------------------------------------------
    /// (array of `Str` in the frame, n, or-null 32-byte buffer in the frame for a result that does not escape)
    concat_strings "pip" "pi";
    /// (p, m, q, n) -1, 0, 1
    compare_strings "pipi" "i";
    /// (ptr, len, byte) The first place of the byte, or -1.
    index_byte "pii" "i";
    /// (ptr, len, or-null buffer of 32 bytes) string(bytes)
    string_from_bytes "pip" "pi";
    /// (ptr, len, or-null buffer of 32 bytes) []byte(string): pointer, capacity
    bytes_from_string "pip" "pi";
    /// (ptr, len) string(runes)
    string_from_runes "pi" "pi";
    /// (ptr, len, least capacity, where the capacity goes) []rune(string): pointer, length
    runes_from_string "piip" "pi";
    /// (rune) string(rune)
    string_from_rune "i" "pi";
    /// (ptr, len, index) The rune at index (index < len) and its width in bytes.
    decode_rune "pii" "ii";

    // --- interfaces, comparison -------------------------------------------------------------------
    /// (type, p, q) Values of the type at p and q are equal; raises Uncomparable.
    equal_values "tpp" "b";
    /// (type word 1, data 1, data 2) Two interfaces whose (concrete) types are already known to be the same; raises Uncomparable.
    equal_interface_data "tpp" "b";
    /// (interface type, concrete type or null) Itab or null if the type lacks a method. Cached.
    find_itab "tt" "p";
    /// (interface type of the operand, concrete type or null, wanted type) Raises TypeAssertion.
    raise_type_assertion "ttt" "";

    // --- maps -----------------------------------------------------------------------------------
    /// (map type, hint)
    make_map "ti" "p";
    /// (map type, map or null, key address) Address of the value or null.
    map_get "tpp" "p";
    /// (map type, map, key as integer) For keys of 8, 4 bytes of plain memory (zero-extended).
    map_get_64 "tpi" "p";
    map_get_32 "tpi" "p";
    /// (map type, map, key pointer, key length)
    map_get_string "tppi" "p";
    /// (map type, map, key address) Address of the value to store to, inserted (zeroed) if absent; raises NilMap.
    map_set "tpp" "p";
    map_set_64 "tpi" "p";
    map_set_32 "tpi" "p";
    map_set_string "tppi" "p";
    /// (map type, map, key address)
    map_delete "tpp" "";
    map_clear "tp" "";
    /// (map type, map, iterator in the frame, zeroed) Positions at the first entry.
    map_iter_init "tpp" "";
    /// (iterator)
    map_iter_next "p" "";

    // --- channels, goroutines -----------------------------------------------------------------------
    /// (channel type, size) raises MakeChanSize
    make_chan "ti" "p";
    /// (channel, element address) May park. Raises SendClosed.
    chan_send "pp" "";
    /// (channel, element address or null) ok. May park.
    chan_receive "pp" "b";
    chan_close "p" "";
    /// (array of SelectCase in the frame, n, may block) Chosen index (-1: none ready) and ok. May park.
    select "pib" "ib";
    /// (closure of type func()) Starts a goroutine.
    go_start "p" "";
    gosched "" "";

    // --- defer, panic, recover ----------------------------------------------------------------------
    // Compiled code passes 0 for the frame pointers here; the runtime takes `GHeader::bp`, which
    // `call_on_system_stack` sets to the frame pointer of the calling function.
    /// (closure of type func(), false) or (pointer to a []func() in the heap, true): its elements stand where it stands among
    /// the function's deferred calls, the last one runs first.
    defer_push "pb" "";
    /// (frame pointer) Newest deferred closure of that frame, removed, or null; and whether there are more.
    defer_pop "p" "pb";
    /// (frame pointer of the caller of recover) The panic value as two words, (0, 0) if there is none.
    recover "p" "pp";

    // --- printing (println, print) --------------------------------------------------------------------
    print_lock "" "";
    print_unlock "" "";
    print_bool "b" "";
    print_int "i" "";
    print_uint "i" "";
    /// (value, bits of its type)
    print_float "fi" "";
    /// (real, imaginary, bits of each)
    print_complex "ffi" "";
    print_string "pi" "";
    print_pointer "i" "";
    /// (ptr, len, cap)
    print_slice "pii" "";
    /// (type or itab word, data)
    print_interface "ip" "";
    print_space "" "";
    print_newline "" "";

    // --- the program --------------------------------------------------------------------------------
    /// (native function's address, args block, results block) Runs a native library function.
    call_native "ipp" "";
    /// (func id) From the lazy-call stub: compiles the function and returns its entry.
    compile "i" "i";
    /// (x, y) math.Mod and float conversions that the code generator does not do itself.
    float_mod "ff" "f";
}
