//! Linking: stubs, calls between compiled functions, and patching them.
//!
//! Every function has a stub of 16 bytes at a fixed address, known before anything is compiled:
//!
//! ```text
//!   not compiled    41 bb id32      mov r11d, id
//!                   e9 rel32        jmp lazy_compile          (the runtime's routine, through a jump nearby)
//!   compiled        e9 rel32        jmp entry                 (its first eight bytes, in one store)
//! ```
//!
//! Closures, method tables and calls to functions that are not compiled yet use the stub. A direct call's displacement is
//! remembered and set to the entry when the callee is compiled, so that a hot call costs nothing extra.
//!
//! Invariants:
//! - Bytes that may be executing are only changed by one aligned store that other threads see as a whole, and both the
//!   old and the new instruction are right at any time. A displacement that crosses a cache line is therefore left at the stub.
//! - A function is registered with the runtime before any address of it can be reached.

use crate::memory::{ArenaProvider, CODE_RESERVATION, reserve_code};
use crate::prologue::Machine;
use crate::safepoint::KEEPING;
use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::ir::{Signature, UserExternalName};
use cranelift_codegen::isa::{CallConv, OwnedTargetIsa};
use cranelift_jit::{JITBuilder, JITModule};
use cranelift_module::Module;
use mini_abi::Runtime;
use mini_abi::builtins::Builtin;
use mini_abi::g::GHeader;
use smallvec::SmallVec;
use std::fs::File;
use std::io::Write;
use std::mem::offset_of;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

const STUB_SIZE: usize = 16;
const THUNK_SIZE: usize = 32;
/// Room for a thunk that saves all registers.
const SAVING_THUNK_SIZE: usize = 512;

/// What compiled code can call directly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Target {
    /// A function, or the closure thunk of one, by its unit number.
    Unit(u32),
    Builtin(Builtin),
    GoPanic,
}

impl Target {
    pub(crate) fn name(self) -> UserExternalName {
        let (namespace, index) = match self {
            Target::Unit(unit) => (0, unit),
            Target::Builtin(builtin) => (1, builtin as u32),
            Target::GoPanic => (2, 0),
        };
        UserExternalName { namespace, index }
    }

    pub(crate) fn from_name(name: &UserExternalName) -> Target {
        match name.namespace {
            0 => Target::Unit(name.index),
            1 => Target::Builtin(Builtin::ALL[name.index as usize]),
            _ => Target::GoPanic,
        }
    }
}

/// A place in finished code that refers to a target.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relocation {
    /// From the start of the function's bytes.
    pub(crate) offset: u32,
    pub(crate) kind: Reloc,
    pub(crate) target: Target,
    pub(crate) addend: i64,
}

/// Addresses in the code arena that are fixed from the start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FixedCode {
    stubs: usize,
    builtins: usize,
    saving: usize,
    go_panic: usize,
}

impl FixedCode {
    /// Addresses of nothing.
    #[cfg(test)]
    pub(crate) fn for_tests() -> FixedCode {
        FixedCode {
            stubs: 0,
            builtins: 0,
            saving: 0,
            go_panic: 0,
        }
    }

    pub(crate) fn stub(&self, unit: u32) -> usize {
        self.stubs + unit as usize * STUB_SIZE
    }

    /// The unit, of so many, whose stub stands at an address.
    pub(crate) fn unit_of(&self, stub: usize, n_units: usize) -> Option<u32> {
        let offset = stub.checked_sub(self.stubs)?;
        let is_stub = offset.is_multiple_of(STUB_SIZE) && offset / STUB_SIZE < n_units;
        is_stub.then_some((offset / STUB_SIZE) as u32)
    }

    fn address(&self, target: Target) -> usize {
        match target {
            Target::Unit(unit) => self.stub(unit),
            Target::Builtin(builtin) => match KEEPING.iter().position(|&b| b == builtin) {
                Some(i) => self.saving + i * SAVING_THUNK_SIZE,
                None => self.builtins + builtin as usize * THUNK_SIZE,
            },
            Target::GoPanic => self.go_panic,
        }
    }
}

/// The code arena and what is in it.
pub(crate) struct Linker {
    module: JITModule,
    signature: Signature,
    fixed: FixedCode,
    /// Entry of each unit; zero: not compiled.
    entries: Vec<usize>,
    /// Addresses of displacements that go to a unit's stub and may be patched.
    pending: Vec<SmallVec<[usize; 2]>>,
    perf_map: Option<File>,
}

fn write(at: usize, bytes: &[u8]) {
    // SAFETY: callers pass fresh memory of the code arena that no thread executes yet.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), at as *mut u8, bytes.len()) };
}

fn rel32(from_end: usize, to: usize) -> [u8; 4] {
    // The arena is much smaller than 2 GiB.
    ((to as i64 - from_end as i64) as i32).to_le_bytes()
}

/// Code at `at` that calls the plain thunk of a builtin and keeps every register that the System V convention does not. Its frame fits
/// into the guard area below a function's own.
fn saving_thunk(at: usize, plain: usize) -> Vec<u8> {
    const FLOATS: i32 = 16 * 16;
    /// rax rcx rdx rsi rdi, then r8 to r11.
    const LOW: [u8; 5] = [0, 1, 2, 6, 7];
    const HIGH: [u8; 4] = [0, 1, 2, 3];
    let floats = |code: &mut Vec<u8>, opcode: u8| {
        for register in 0..16u8 {
            if register >= 8 {
                code.push(0x44);
            }
            // movups [rsp + 16 * register], xmm, or back
            code.extend([0x0f, opcode, 0x84 | (register & 7) << 3, 0x24]);
            code.extend((16 * i32::from(register)).to_le_bytes());
        }
    };
    let mut code = vec![];
    code.extend(LOW.map(|register| 0x50 + register));
    code.extend(HIGH.map(|register| [0x41, 0x50 + register]).as_flattened());
    code.extend([0x48, 0x81, 0xec]); // sub rsp, FLOATS
    code.extend(FLOATS.to_le_bytes());
    floats(&mut code, 0x11);
    code.push(0xe8); // call
    let next = at + code.len() + 4;
    code.extend(rel32(next, plain));
    floats(&mut code, 0x10);
    code.extend([0x48, 0x81, 0xc4]); // add rsp, FLOATS
    code.extend(FLOATS.to_le_bytes());
    for register in HIGH.iter().rev() {
        code.extend([0x41, 0x58 + register]);
    }
    code.extend(LOW.iter().rev().map(|register| 0x58 + register));
    code.push(0xc3);
    assert!(code.len() <= SAVING_THUNK_SIZE);
    code
}

/// `jmp [rip+0]` and the address behind it.
fn far_jump(at: usize, to: usize) {
    write(at, &[0xff, 0x25, 0, 0, 0, 0]);
    write(at + 6, &(to as u64).to_le_bytes());
}

impl Linker {
    /// Reserves the arena and writes stubs and thunks for `units` units.
    ///
    /// # Errors
    /// The system does not grant executable memory.
    pub(crate) fn new(
        isa: OwnedTargetIsa,
        units: usize,
        runtime: &Runtime,
    ) -> Result<(Linker, FixedCode), String> {
        let base = reserve_code().map_err(|e| format!("cannot map memory for code: {e}"))?;
        let lazy_compile = base;
        let go_panic = base + STUB_SIZE;
        let builtins = go_panic + STUB_SIZE;
        let saving = (builtins + Builtin::COUNT * THUNK_SIZE).next_multiple_of(64);
        let stubs = saving + KEEPING.len() * SAVING_THUNK_SIZE;
        let code = (stubs + units * STUB_SIZE).next_multiple_of(4096);

        far_jump(lazy_compile, runtime.lazy_compile);
        far_jump(go_panic, runtime.go_panic);
        for (i, &address) in runtime.builtins.iter().enumerate() {
            let at = builtins + i * THUNK_SIZE;
            // mov rax, address; jmp [r15 + call_on_system_stack]
            write(at, &[0x48, 0xb8]);
            write(at + 2, &(address as u64).to_le_bytes());
            write(at + 10, &[0x41, 0xff, 0xa7]);
            let offset = offset_of!(GHeader, call_on_system_stack) as u32;
            write(at + 13, &offset.to_le_bytes());
        }
        for (i, &builtin) in KEEPING.iter().enumerate() {
            let at = saving + i * SAVING_THUNK_SIZE;
            let plain = builtins + builtin as usize * THUNK_SIZE;
            write(at, &saving_thunk(at, plain));
        }
        for unit in 0..units {
            let at = stubs + unit * STUB_SIZE;
            write(at, &[0x41, 0xbb]);
            write(at + 2, &(unit as u32).to_le_bytes());
            write(at + 6, &[0xe9]);
            write(at + 7, &rel32(at + 11, lazy_compile));
        }

        let mut builder = JITBuilder::with_isa(isa, cranelift_module::default_libcall_names());
        builder.memory_provider(Box::new(ArenaProvider {
            next: code,
            end: base + CODE_RESERVATION,
        }));
        let fixed = FixedCode {
            stubs,
            builtins,
            saving,
            go_panic,
        };
        let linker = Linker {
            module: JITModule::new(builder),
            signature: Signature::new(CallConv::Tail),
            fixed,
            entries: vec![0; units],
            pending: vec![SmallVec::new(); units],
            perf_map: None,
        };
        Ok((linker, fixed))
    }

    /// From now on writes a line for each unit to the file where `perf` looks for the names of generated code.
    ///
    /// # Errors
    /// The file cannot be made.
    pub(crate) fn write_perf_map(&mut self) -> std::io::Result<()> {
        let mut map = File::create(format!("/tmp/perf-{}.map", std::process::id()))?;
        for &builtin in Builtin::ALL {
            let at = self.fixed.address(Target::Builtin(builtin));
            writeln!(map, "{at:x} {THUNK_SIZE:x} thunk.{}", builtin.row().0)?;
        }
        self.perf_map = Some(map);
        Ok(())
    }

    /// Puts compiled code into the arena: its start and its entry.
    ///
    /// # Errors
    /// The arena is full.
    fn place(&mut self, machine: &Machine) -> Result<(usize, usize), String> {
        let id = self
            .module
            .declare_anonymous_function(&self.signature)
            .map_err(|e| e.to_string())?;
        self.module
            .define_function_bytes(id, machine.align, &machine.bytes, &[])
            .map_err(|e| e.to_string())?;
        self.module
            .finalize_definitions()
            .map_err(|e| e.to_string())?;
        let start = self.module.get_finalized_function(id) as usize;
        Ok((start, start + machine.entry as usize))
    }

    /// Links what was placed, and tells the runtime.
    fn finish(&mut self, start: usize, entry: usize, machine: Machine, runtime: &Runtime) {
        for relocation in &machine.relocations {
            self.relocate(start, relocation);
        }
        let mut func = machine.func;
        func.entry = entry;
        if let Some(map) = &mut self.perf_map {
            // A map that lacks a line is still of use.
            let _ = writeln!(map, "{entry:x} {:x} {}", func.len, func.name);
        }
        if !machine.is_glue {
            (runtime.register_func)(func);
        }
    }

    /// Puts code that no unit stands for into the arena: its entry.
    ///
    /// # Errors
    /// The arena is full.
    pub(crate) fn install_apart(
        &mut self,
        machine: Machine,
        runtime: &Runtime,
    ) -> Result<usize, String> {
        let (start, entry) = self.place(&machine)?;
        self.finish(start, entry, machine, runtime);
        Ok(entry)
    }

    /// Puts a compiled unit into the arena, tells the runtime, and makes everything that called its stub call it directly.
    ///
    /// # Errors
    /// The arena is full.
    pub(crate) fn install(
        &mut self,
        unit: u32,
        machine: Machine,
        runtime: &Runtime,
    ) -> Result<usize, String> {
        let (start, entry) = self.place(&machine)?;
        // A function that calls itself goes straight to its entry.
        self.entries[unit as usize] = entry;
        self.finish(start, entry, machine, runtime);

        let stub = self.fixed.stub(unit);
        // The old second instruction begins at byte 6: bytes 5 to 7 keep their values for a thread that stands before it.
        let mut head = [0xe9, 0, 0, 0, 0, (unit >> 24) as u8, 0xe9, 0];
        head[1..5].copy_from_slice(&rel32(stub + 5, entry));
        // SAFETY: stubs are 16-byte aligned words of the arena; nobody else writes them (the linker is locked).
        let word = unsafe { &*(stub as *const AtomicU64) };
        head[7] = word.load(Ordering::Relaxed).to_le_bytes()[7];
        word.store(u64::from_le_bytes(head), Ordering::Release);

        for site in std::mem::take(&mut self.pending[unit as usize]) {
            let displacement = u32::from_le_bytes(rel32(site + 4, entry));
            // SAFETY: the four bytes were recorded by `relocate` and lie in one cache line, where the processor makes even an
            // unaligned store indivisible. The atomic type only says that the compiler must not split it.
            unsafe {
                if site % 4 == 0 {
                    (*(site as *const AtomicU32)).store(displacement, Ordering::Release);
                } else {
                    std::ptr::write_volatile(site as *mut Unaligned, Unaligned(displacement));
                }
            }
        }
        Ok(entry)
    }

    fn relocate(&mut self, start: usize, relocation: &Relocation) {
        let at = start + relocation.offset as usize;
        let mut to = self.fixed.address(relocation.target);
        if let Target::Unit(unit) = relocation.target {
            match self.entries[unit as usize] {
                0 if at % 64 <= 60 && relocation.addend == -4 => {
                    self.pending[unit as usize].push(at);
                }
                0 => {}
                entry => to = entry,
            }
        }
        match relocation.kind {
            Reloc::X86CallPCRel4 | Reloc::X86PCRel4 => {
                let value = to as i64 + relocation.addend - at as i64;
                write(at, &(value as i32).to_le_bytes());
            }
            Reloc::Abs8 => write(at, &(to as i64 + relocation.addend).to_le_bytes()),
            other => panic!("relocation {other:?} in compiled code"),
        }
    }
}

#[repr(C, packed)]
#[derive(Clone, Copy)]
struct Unaligned(u32);
