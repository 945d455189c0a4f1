//! Goroutine traces in Go's form.
//!
//! ```text
//! goroutine 1 [running]:
//! main.f(...)
//! <tab>/home/u/prog.mini:12 +0x1d
//! created by main.main in goroutine 1
//! ```
//!
//! A physical frame prints as one entry per inlined call in it, innermost first. Functions that the compiler made, and
//! those of package runtime that programs cannot call, are left out.

use std::fmt::Write as _;
use std::path::Path;

use crate::arch;
use crate::funcs::{self, Func};
use crate::g::{G, Status};
use crate::stack::walk::{Frame, Frames};

/// Frames that are printed at each end of a long trace.
const ENDS: usize = 50;

/// An entry of a trace.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    pub name: &'static str,
    pub file: &'static str,
    pub line: u32,
    /// Where the function goes on, and its entry.
    pub pc: usize,
    pub entry: usize,
    pub is_inlined: bool,
    /// Called without arguments, as far as one can tell.
    has_no_arguments: bool,
}

/// The entries of a frame, innermost first.
pub fn entries(frame: &Frame, called_bare: bool, mut visit: impl FnMut(Entry)) {
    let Some(func) = frame.func else { return };
    entries_at(func, frame.instruction(), frame.pc, called_bare, &mut visit);
}

fn entries_at(func: Func, at: usize, pc: usize, called_bare: bool, visit: &mut impl FnMut(Entry)) {
    let file_of = |index: u16| {
        func.files
            .get(usize::from(index))
            .map_or("?", |file| &**file)
    };
    let entry = |name, file, line, is_inlined| Entry {
        name,
        file,
        line,
        pc,
        entry: func.entry,
        is_inlined,
        // The program's first function is code generation's, with main inlined into it.
        has_no_arguments: name == "main.main" || !is_inlined && called_bare,
    };
    let (mut file, mut line, mut inlined) = match funcs::line(func, at) {
        Some(at) => (file_of(at.file), at.line, at.inlined),
        None => ("?", 0, 0),
    };
    while let Some(call) = inlined
        .checked_sub(1)
        .and_then(|i| func.inlined.get(usize::from(i)))
    {
        visit(entry(&call.name, file, line, true));
        (file, line, inlined) = (file_of(call.call_file), call.call_line, call.parent);
    }
    if !func.is_wrapper {
        visit(entry(&func.name, file, line, false));
    }
}

/// The entries of a walk that a program may see (`hide`: without the runtime's own).
pub fn collect(frames: Frames, hide: bool) -> Vec<Entry> {
    let mut out: Vec<Entry> = vec![];
    for frame in frames {
        if frame.func.is_none() {
            if arch::is_panic_routine(frame.pc) && !out.is_empty() {
                out.push(Entry {
                    name: "panic",
                    file: "runtime/panic.mini",
                    line: 1,
                    pc: frame.pc,
                    entry: arch::go_exit_address(),
                    is_inlined: true,
                    has_no_arguments: false,
                });
            }
            continue;
        }
        // SAFETY: the frame is live: the word above the frame pointer is the return address.
        let caller = unsafe { *((frame.fp + 8) as *const usize) };
        let called_bare = arch::is_routine(caller);
        entries(&frame, called_bare, |entry| {
            if !hide || is_shown(entry.name) {
                out.push(entry);
            }
        });
    }
    out
}

fn is_shown(name: &str) -> bool {
    match name.strip_prefix("runtime.") {
        Some(rest) => rest.starts_with(|c: char| c.is_ascii_uppercase()),
        None => true,
    }
}

fn absolute(file: &str) -> String {
    let path = Path::new(file);
    if path.is_absolute() || file.starts_with("runtime/") || file == "?" {
        return file.into();
    }
    match std::env::current_dir() {
        Ok(dir) => {
            let path: std::path::PathBuf = dir.join(path).components().collect();
            path.display().to_string()
        }
        Err(_) => file.into(),
    }
}

fn print_entry(out: &mut String, entry: &Entry) {
    let arguments = if entry.has_no_arguments { "" } else { "..." };
    let _ = write!(
        out,
        "{}({arguments})\n\t{}:{}",
        entry.name,
        absolute(entry.file),
        entry.line
    );
    if !entry.is_inlined {
        let _ = write!(out, " +{:#x}", entry.pc - entry.entry);
    }
    out.push('\n');
}

fn print(g: &G, state: &str, frames: Frames) -> String {
    let mut out = format!("goroutine {} [{state}]:\n", g.id);
    let entries = collect(frames, true);
    if entries.len() > 2 * ENDS {
        entries[..ENDS]
            .iter()
            .for_each(|entry| print_entry(&mut out, entry));
        let _ = writeln!(out, "...{} frames elided...", entries.len() - 2 * ENDS);
        entries[entries.len() - ENDS..]
            .iter()
            .for_each(|entry| print_entry(&mut out, entry));
    } else {
        entries
            .iter()
            .for_each(|entry| print_entry(&mut out, entry));
    }
    if g.creator_pc != 0
        && let Some(func) = funcs::find(g.creator_pc - 1)
    {
        let mut place = None;
        entries_at(func, g.creator_pc - 1, g.creator_pc, false, &mut |entry| {
            place.get_or_insert(entry);
        });
        if let Some(entry) = place {
            let _ = writeln!(
                out,
                "created by {} in goroutine {}\n\t{}:{} +{:#x}",
                entry.name,
                g.creator_id,
                absolute(entry.file),
                entry.line,
                entry.pc - entry.entry
            );
        }
    }
    out
}

/// The trace of the running goroutine, which is inside the runtime.
///
/// # Safety
/// `g` is the running goroutine of this thread, and has left compiled code by a routine that stored sp and bp.
pub unsafe fn running(g: *mut G) -> String {
    // SAFETY: the caller's promise.
    unsafe { print(&*g, "running", running_frames(g)) }
}

/// The frames of the running goroutine.
///
/// # Safety
/// As for [`running`].
pub unsafe fn running_frames(g: *mut G) -> Frames {
    // SAFETY: sp points at the return address of the call that left compiled code.
    unsafe { Frames::from(*((*g).header.sp as *const usize), (*g).header.bp) }
}

/// The trace from the caller of a panic on.
///
/// # Safety
/// `fp` is the frame of the panic routine on the stack of `g`, which is the running goroutine.
pub(crate) unsafe fn panicking(g: *mut G, fp: usize) -> String {
    // SAFETY: the frame is live.
    unsafe {
        let frames = Frames::from(*((fp + 8) as *const usize), *(fp as *const usize));
        print(&*g, "running", frames)
    }
}

/// The trace of a goroutine that does not run.
///
/// # Safety
/// It does not run meanwhile.
pub unsafe fn parked(g: *mut G) -> String {
    // SAFETY: the caller's promise.
    unsafe {
        let state = match (*g).status() {
            Status::Waiting => (*g).wait_reason.text(),
            Status::Syscall => "syscall",
            Status::Running | Status::Woken => "running",
            _ => "runnable",
        };
        print(&*g, state, Frames::of(g))
    }
}
