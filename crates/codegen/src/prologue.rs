//! From Cranelift's output to finished bytes: the stack check in front, patched epilogues, side tables.
//!
//! ```text
//!   entry:   cmp rsp, [r15+stack_guard]          small frame
//!            jbe more
//!       or   lea r11, [rsp-frame]                large frame
//!            cmp r11, [r15+stack_guard]
//!            jbe more
//!   body:    push rbp ...                        Cranelift's code
//!   more:    lea r11, [rip+entry]
//!            jmp [r15+morestack]
//! ```
//!
//! The check stands before the first instruction that writes to the stack, costs no register and no compile time. A leaf with a
//! small frame has none: the guard area below the limit pays for it.
//!
//! Each return has a source location of its own, whose range holds exactly one `mov rsp, rbp; pop rbp`. Its `mov` is redundant
//! behind `add rsp, N` and chains the stack pointer to memory, which costs a third of the time of `fib`; it becomes a nop.

use crate::link::{Relocation, Target};
use crate::safepoint::{LIVE, Words};
use cranelift_codegen::ir::{ExternalName, StackSlot};
use cranelift_codegen::{
    CompiledCode, Context, FinalizedMachExceptionHandler, FinalizedRelocTarget,
};
use mini_abi::func::{CallSite, CompiledFunc, FrameObject, LineEntry, TrapKind};
use mini_abi::g::{GHeader, STACK_GUARD, STACK_SMALL};
use std::mem::offset_of;

/// A source location's meaning, by its index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Location {
    pub(crate) file: u16,
    pub(crate) line: u32,
    /// Index plus one into the inlined calls; zero: the function itself.
    pub(crate) inlined: u16,
    pub(crate) is_return: bool,
}

/// What translation knows of a function besides its CLIF.
#[derive(Debug)]
pub(crate) struct Unit {
    /// Filled in as far as translation knows it.
    pub(crate) func: CompiledFunc,
    /// Meaning of source location `i + 1`.
    pub(crate) locations: Vec<Location>,
    /// Pointer words that a landing pad may rely on; `Some` for a function with `defer`.
    pub(crate) pad_words: Option<Words>,
    /// Slots that pointers may point to, and their sizes in bytes.
    pub(crate) objects: Vec<(StackSlot, u32)>,
    /// Thunks and helpers: no stack check, and unknown to the runtime, so that no signal stops a goroutine inside them
    /// (their callers do not expect a safepoint there, or they have no frame of their own).
    pub(crate) is_glue: bool,
}

/// Finished code, ready for the arena.
pub(crate) struct Machine {
    pub(crate) bytes: Vec<u8>,
    pub(crate) align: u64,
    /// Offset of the entry in `bytes`.
    pub(crate) entry: u32,
    pub(crate) relocations: Vec<Relocation>,
    /// Complete but for the address of the entry.
    pub(crate) func: CompiledFunc,
    /// Not to be registered.
    pub(crate) is_glue: bool,
}

/// Largest frame without a check: it may lie below the limit together with that of a leaf.
const GLUE_FRAME: u32 = (STACK_GUARD - 2 * STACK_SMALL) as u32;
/// Smallest function that is worth a cache line of its own.
const ALIGN_FROM: usize = 48;

/// Puts the pieces together.
pub(crate) fn assemble(ctx: &Context, code: &CompiledCode, unit: Unit) -> Machine {
    let buffer = &code.buffer;
    let mut body = buffer.data().to_vec();
    patch_epilogues(code, &unit.locations, &mut body);

    let layout = buffer
        .frame_layout()
        .expect("x86-64 code has a frame layout");
    let frame = layout.frame_to_fp_offset;
    let is_leaf = buffer.call_sites().next().is_none();
    let mut check = vec![];
    let is_small = frame as usize + 8 <= STACK_SMALL;
    assert!(
        !unit.is_glue || frame <= GLUE_FRAME,
        "frame of {frame} bytes in {}",
        unit.func.name
    );
    if !(unit.is_glue || is_leaf && is_small) {
        emit_check(&mut check, frame);
    }
    let prefix = check.len();

    // The body keeps the alignment that Cranelift asks for (constants behind the code); the entry lies just before it.
    let align = (buffer.alignment as usize).max(if body.len() >= ALIGN_FROM { 64 } else { 16 });
    let pad = prefix.next_multiple_of(buffer.alignment as usize) - prefix;
    let mut bytes = vec![0x90; pad];
    bytes.extend(&check);
    bytes.extend(&body);
    let to_entry = |offset: u32| offset + prefix as u32;
    if prefix != 0 {
        emit_more(&mut bytes, pad, prefix);
    }

    let is_glue = unit.is_glue;
    let mut func = unit.func;
    func.body = prefix as u32;
    func.len = (bytes.len() - pad) as u32;
    func.frame_size = frame;
    func.objects = unit
        .objects
        .iter()
        .map(|&(slot, size)| FrameObject {
            first: layout.stackslots[slot].offset / 8,
            n_words: size / 8,
        })
        .collect();
    func.objects.sort_unstable_by_key(|object| object.first);
    tables(code, &unit.locations, &to_entry, &mut func);
    if let Some(words) = &unit.pad_words {
        landing_pad(code, words, &to_entry, &mut func);
    }

    let relocations = buffer
        .relocs()
        .iter()
        .map(|reloc| {
            let FinalizedRelocTarget::ExternalName(ExternalName::User(name)) = &reloc.target else {
                // A library function would run C code on a goroutine's stack.
                panic!("relocation to {:?} in {}", reloc.target, func.name);
            };
            Relocation {
                offset: (pad + prefix) as u32 + reloc.offset,
                kind: reloc.kind,
                target: Target::from_name(&ctx.func.params.user_named_funcs()[*name]),
                addend: reloc.addend,
            }
        })
        .collect();
    Machine {
        bytes,
        align: align as u64,
        entry: pad as u32,
        relocations,
        func,
        is_glue,
    }
}

fn emit_check(out: &mut Vec<u8>, frame: u32) {
    let guard = offset_of!(GHeader, stack_guard) as u8;
    if frame as usize + 8 <= STACK_SMALL {
        out.extend([0x49, 0x3b, 0x67, guard]); // cmp rsp, [r15+guard]
    } else {
        out.extend([0x4c, 0x8d, 0x9c, 0x24]); // lea r11, [rsp-frame]
        out.extend((-(frame as i32)).to_le_bytes());
        out.extend([0x4d, 0x3b, 0x5f, guard]); // cmp r11, [r15+guard]
    }
    out.extend([0x0f, 0x86, 0, 0, 0, 0]); // jbe more
}

fn emit_more(bytes: &mut Vec<u8>, entry: usize, prefix: usize) {
    let body = entry + prefix;
    let more = bytes.len();
    bytes[body - 4..body].copy_from_slice(&((more - body) as i32).to_le_bytes());
    bytes.extend([0x4c, 0x8d, 0x1d]); // lea r11, [rip+entry]
    bytes.extend((entry as i32 - (more + 7) as i32).to_le_bytes());
    const MORESTACK: usize = offset_of!(GHeader, morestack);
    const { assert!(MORESTACK < 128) };
    bytes.extend([0x41, 0xff, 0x67, MORESTACK as u8]); // jmp [r15+morestack]
}

fn patch_epilogues(code: &CompiledCode, locations: &[Location], body: &mut [u8]) {
    const EPILOGUE: [u8; 4] = [0x48, 0x89, 0xec, 0x5d]; // mov rsp, rbp; pop rbp
    const NOP: [u8; 3] = [0x0f, 0x1f, 0x00];
    for range in code.buffer.get_srclocs_sorted() {
        let Some(location) = location(locations, range.loc.bits()) else {
            continue;
        };
        if !location.is_return {
            continue;
        }
        let bytes = &mut body[range.start as usize..range.end as usize];
        let found: Vec<usize> = (0..bytes.len().saturating_sub(3))
            .filter(|&i| bytes[i..i + 4] == EPILOGUE)
            .collect();
        // A range without one belongs to moves that were placed apart from the return; more than one would mean that the bytes are
        // also an operand of something else, so nothing is touched.
        if let [at] = found[..] {
            bytes[at..at + 3].copy_from_slice(&NOP);
        }
    }
}

fn location(locations: &[Location], bits: u32) -> Option<&Location> {
    if bits == u32::MAX {
        return None;
    }
    locations.get((bits as usize).checked_sub(1)?)
}

fn tables(
    code: &CompiledCode,
    locations: &[Location],
    to_entry: &dyn Fn(u32) -> u32,
    func: &mut CompiledFunc,
) {
    let buffer = &code.buffer;
    let mut maps: Vec<(u32, Slots)> = buffer
        .user_stack_maps()
        .iter()
        .map(|(offset, _, map)| {
            let mut parts = [vec![], vec![]];
            for (ty, at) in map.entries() {
                debug_assert_eq!(at % 8, 0);
                parts[usize::from(ty != LIVE)].push(at / 8);
            }
            (*offset, Slots::new(parts))
        })
        .collect();
    maps.sort_unstable_by_key(|m| m.0);
    let mut shared: foldhash::HashMap<Slots, u32> = Default::default();
    for site in buffer.call_sites() {
        let slots = match maps.binary_search_by_key(&site.ret_addr, |m| m.0) {
            Ok(i) => std::mem::take(&mut maps[i].1),
            Err(_) => Slots::default(),
        };
        let site = add_slots(func, &mut shared, to_entry(site.ret_addr), slots);
        func.call_sites.push(site);
    }
    func.call_sites.sort_unstable_by_key(|s| s.offset);

    for trap in buffer.traps() {
        let kind = if trap.code.as_raw().get() == crate::func::TRAP_NIL.as_raw().get() {
            TrapKind::NilDereference
        } else {
            TrapKind::Unreachable
        };
        func.traps.push((to_entry(trap.offset), kind));
    }
    func.traps.sort_unstable_by_key(|t| t.0);

    for range in buffer.get_srclocs_sorted() {
        let Some(at) = location(locations, range.loc.bits()) else {
            continue;
        };
        let entry = LineEntry {
            offset: to_entry(range.start),
            file: at.file,
            inlined: at.inlined,
            line: at.line,
        };
        let same = func
            .lines
            .last()
            .is_some_and(|l| (l.file, l.line, l.inlined) == (at.file, at.line, at.inlined));
        if !same {
            func.lines.push(entry);
        }
    }
}

/// The slots of a stack map: live ones, then those of objects.
#[derive(Default, PartialEq, Eq, Hash)]
struct Slots {
    all: Vec<u32>,
    n_live: u32,
}

impl Slots {
    fn new([mut live, mut objects]: [Vec<u32>; 2]) -> Slots {
        for part in [&mut live, &mut objects] {
            part.sort_unstable();
            part.dedup();
        }
        let n_live = live.len() as u32;
        live.append(&mut objects);
        Slots { all: live, n_live }
    }
}

/// A call site whose slots are in the function's list, once for all sites that have the same.
fn add_slots(
    func: &mut CompiledFunc,
    shared: &mut foldhash::HashMap<Slots, u32>,
    offset: u32,
    slots: Slots,
) -> CallSite {
    let (n_slots, n_live) = (slots.all.len() as u32, slots.n_live);
    let first_slot = *shared.entry(slots).or_insert_with_key(|slots| {
        let first = func.slots.len() as u32;
        func.slots.extend(&slots.all);
        first
    });
    CallSite {
        offset,
        first_slot,
        n_slots,
        n_live,
    }
}

/// The landing pad, and a call site of its own whose map holds whenever the pad may be entered, and for a frame that faulted.
fn landing_pad(
    code: &CompiledCode,
    words: &Words,
    to_entry: &dyn Fn(u32) -> u32,
    func: &mut CompiledFunc,
) {
    let buffer = &code.buffer;
    let pad = buffer
        .call_sites()
        .flat_map(|site| site.exception_handlers)
        .find_map(|handler| match handler {
            FinalizedMachExceptionHandler::Tag(_, offset)
            | FinalizedMachExceptionHandler::Default(offset) => Some(*offset),
            FinalizedMachExceptionHandler::Context(_) => None,
        });
    // No handler: the optimiser proved that no defer statement is reached.
    let Some(pad) = pad else { return };
    let layout = buffer.frame_layout().expect("checked by the caller");
    let parts = [&words.live, &words.objects].map(|words| {
        let slot =
            |&(slot, offset): &(StackSlot, u32)| (layout.stackslots[slot].offset + offset) / 8;
        words.iter().map(slot).collect()
    });
    let offset = to_entry(pad);
    let index = func.call_sites.partition_point(|s| s.offset < offset);
    let site = add_slots(func, &mut Default::default(), offset, Slots::new(parts));
    func.call_sites.insert(index, site);
    func.landing_pad = Some(offset);
    func.landing_pad_site = Some(index as u32);
}
