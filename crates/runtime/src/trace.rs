//! Goroutine traces in Go's form.
//!
//! ```text
//! goroutine 1 [running]:
//! main.f(...)
//! <tab>/home/u/prog.mini:12 +0x1d
//! created by main.main in goroutine 1
//! ```
//!
//! A physical frame prints as one entry per inlined call in it, innermost first. Functions that the compiler made are left
//! out; so are, below [`Level::System`], those of package runtime that programs cannot call, and the library's goroutines.
//!
//! Files of the library print as `$GOROOT/src/...`, those of the program with their absolute path, as it was when the program
//! was started.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use parking_lot::Mutex;

use crate::arch;
use crate::funcs::{self, Func};
use crate::g::{G, Status};
use crate::sched;
use crate::stack::walk::{Frame, Frames};

/// Frames that are printed at each end of a long trace.
const ENDS: usize = 50;
/// The first function of a goroutine returns to what traces call so.
const GOEXIT: &str = "runtime.goexit";
const MAIN: &str = "runtime.main";
const START_FILE: &str = "$GOROOT/src/runtime/start.mini";
/// Where the routines of a panic would stand if they were written in Mini.
const PANIC_FILE: &str = "$GOROOT/src/runtime/panic.mini";

/// How much a dying program tells: `GOTRACEBACK`.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// No traces.
    None = 0,
    /// The goroutine that ends the program; all, if none does.
    Single = 1,
    /// All goroutines of the program.
    All = 2,
    /// Those of the library too, with all their frames.
    System = 3,
    /// And a core dump.
    Crash = 4,
}

static LEVEL: AtomicU8 = AtomicU8::new(Level::Single as u8);
/// What `GOTRACEBACK` says, the least that a program can set.
static LEAST: OnceLock<Level> = OnceLock::new();
static DIRECTORY: OnceLock<PathBuf> = OnceLock::new();

impl Level {
    /// Reads a value of `GOTRACEBACK`. As in Go, what is not known stands for `all`, and a number for its level with
    /// all goroutines.
    fn parse(text: &str) -> Level {
        match text {
            "none" | "0" => Level::None,
            "single" | "" => Level::Single,
            "system" | "2" => Level::System,
            "crash" | "wer" => Level::Crash,
            _ => Level::All,
        }
    }
}

/// Says where relative file names start, if it is not where the program is started.
pub fn set_directory(directory: PathBuf) {
    let _ = DIRECTORY.set(directory);
}

/// Notes what traces need to know of the program's start.
pub(crate) fn init() {
    if let Ok(directory) = std::env::current_dir() {
        set_directory(directory);
    }
    let least = Level::parse(&std::env::var("GOTRACEBACK").unwrap_or_default());
    let _ = LEAST.set(least);
    LEVEL.store(least as u8, Ordering::Relaxed);
}

/// `debug.SetTraceback`: `GOTRACEBACK` is the least.
pub(crate) fn set_level(text: &str) {
    let least = LEAST.get().copied().unwrap_or(Level::Single);
    LEVEL.store(Level::parse(text).max(least) as u8, Ordering::Relaxed);
}

/// The level in force.
pub fn level() -> Level {
    match LEVEL.load(Ordering::Relaxed) {
        0 => Level::None,
        1 => Level::Single,
        2 => Level::All,
        3 => Level::System,
        _ => Level::Crash,
    }
}

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
    /// An address in the instruction that calls, or that faulted.
    pub at: usize,
    /// How many calls were inlined below this one in its frame.
    pub depth: u8,
    /// A call without arguments, that was not inlined: traces leave the dots out.
    has_no_arguments: bool,
}

/// The entries of a frame, innermost first.
pub fn entries(frame: &Frame, mut visit: impl FnMut(Entry)) {
    let Some(func) = frame.func else { return };
    entries_at(func, frame.instruction(), frame.pc, &mut visit);
}

fn entries_at(func: Func, at: usize, pc: usize, visit: &mut impl FnMut(Entry)) {
    let file_of = |index: u16| {
        func.files
            .get(usize::from(index))
            .map_or("?", |file| &**file)
    };
    let entry = |depth, name, file, line, is_inlined| Entry {
        at,
        depth,
        name,
        file,
        line,
        pc,
        entry: func.entry,
        is_inlined,
        // The program's first function is code generation's, with main inlined into it.
        has_no_arguments: name == "main.main" || !is_inlined && !func.has_parameters,
    };
    let (mut file, mut line, mut inlined) = match funcs::line(func, at) {
        Some(at) => (file_of(at.file), at.line, at.inlined),
        None => ("?", 0, 0),
    };
    let mut depth = 0;
    while let Some(call) = inlined
        .checked_sub(1)
        .and_then(|i| func.inlined.get(usize::from(i)))
    {
        visit(entry(depth, &call.name, file, line, true));
        depth = depth.saturating_add(1);
        (file, line, inlined) = (file_of(call.call_file), call.call_line, call.parent);
    }
    // Wrappers are shown to those who ask for them by their address.
    if !func.is_wrapper || pc == func.entry {
        visit(entry(depth, &func.name, file, line, false));
    }
}

/// The entries of a walk of `g`'s frames (`hide`: without the runtime's own).
pub fn collect(g: &G, frames: Frames, hide: bool) -> Vec<Entry> {
    let mut out = vec![];
    walk(g, frames, hide, &mut |entry| out.push(entry));
    out
}

/// Visits the entries that [`collect`] gives.
fn walk(g: &G, frames: Frames, hide: bool, visit: &mut impl FnMut(Entry)) {
    let mut is_first = true;
    // A panic begins another one itself, for `panic(nil)`: that is one panic to the program.
    let mut was_panic = false;
    for frame in frames {
        if frame.func.is_none() {
            if arch::is_panic_routine(frame.pc) && !is_first && !was_panic {
                let name = match is_goexit(g, frame.fp) {
                    true => "runtime.Goexit",
                    false if hide => "panic",
                    false => "runtime.gopanic",
                };
                visit(routine(name, PANIC_FILE, frame.pc, arch::go_exit_address()));
                was_panic = true;
            }
            continue;
        }
        // SAFETY: the frame is live: the word above the frame pointer is the return address.
        let caller = unsafe { *((frame.fp + 8) as *const usize) };
        entries(&frame, |entry| {
            was_panic &= entry.name == "runtime.raise";
            if !hide || is_shown(entry.name) {
                is_first = false;
                visit(entry);
            }
        });
        if !hide && arch::is_start_routine(caller) {
            let start = arch::resume_start_address();
            if sched::spawn::is_main(g) {
                // Told from what called it by its depth, as `entry_at` does.
                visit(Entry {
                    depth: 1,
                    ..routine(MAIN, START_FILE, caller, start)
                });
            }
            visit(routine(GOEXIT, START_FILE, caller, start));
        }
    }
}

/// The entry of a routine of [`arch`].
fn routine(name: &'static str, file: &'static str, pc: usize, entry: usize) -> Entry {
    Entry {
        name,
        file,
        line: 1,
        pc,
        entry,
        is_inlined: false,
        at: pc - 1,
        depth: 0,
        has_no_arguments: false,
    }
}

/// The entry at a program counter: a return address or any other address of the function, and the number of inlined
/// calls below.
pub fn entry_at(pc: usize, depth: u8) -> Option<Entry> {
    let Some(func) = funcs::find(pc) else {
        return if arch::is_start_routine(pc) {
            let name = if depth == 0 { GOEXIT } else { MAIN };
            Some(Entry {
                depth,
                ..routine(name, START_FILE, pc, arch::resume_start_address())
            })
        } else if arch::is_panic_routine(pc) {
            Some(routine(
                "runtime.gopanic",
                PANIC_FILE,
                pc,
                arch::go_exit_address(),
            ))
        } else {
            None
        };
    };
    let is_entry = pc == func.entry;
    let is_call = funcs::call_site(func, pc).is_some() && !is_entry;
    let mut found = None;
    entries_at(func, pc - usize::from(is_call), pc, &mut |entry| {
        // A function begins before what is inlined into it.
        if entry.depth == depth || is_entry {
            found = Some(entry);
        }
    });
    found
}

/// Whether the routine with this frame runs the deferred calls of a Goexit.
fn is_goexit(g: &G, fp: usize) -> bool {
    let mut panics = g.extra.iter().flat_map(|extra| &extra.panics);
    panics.any(|panic| panic.fp == fp && panic.is_goexit)
}

fn is_shown(name: &str) -> bool {
    match name.strip_prefix("runtime.") {
        Some(rest) => rest.starts_with(|c: char| c.is_ascii_uppercase()),
        None => true,
    }
}

/// A file's name as traces and `runtime.Caller` give it.
pub fn file_name(file: &'static str) -> &'static str {
    static NAMES: Mutex<Option<HashMap<&'static str, &'static str>>> = Mutex::new(None);
    if file.starts_with("$GOROOT/") || file.starts_with('/') || file == "?" {
        return file;
    }
    NAMES
        .lock()
        .get_or_insert_default()
        .entry(file)
        .or_insert_with(|| match DIRECTORY.get() {
            Some(directory) => clean(&directory.join(file)).leak(),
            None => file,
        })
}

/// The path without `.` and `..`, which are taken by their names.
fn clean(path: &Path) -> String {
    use std::path::Component;
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out.display().to_string()
}

fn print_entry(out: &mut String, entry: &Entry) {
    let arguments = if entry.has_no_arguments { "" } else { "..." };
    let _ = write!(
        out,
        "{}({arguments})\n\t{}:{}",
        entry.name,
        file_name(entry.file),
        entry.line
    );
    if !entry.is_inlined {
        let _ = write!(out, " +{:#x}", entry.pc - entry.entry);
    }
    out.push('\n');
}

/// The line before the frames.
fn header(out: &mut String, g: &G, state: &str) {
    let _ = write!(out, "goroutine {}", g.id);
    if level() >= Level::System {
        let _ = write!(out, " gp={:p}", std::ptr::from_ref(g));
        // SAFETY: threads are never freed.
        match unsafe { g.m.as_ref() } {
            Some(m) if matches!(g.status(), Status::Running | Status::Syscall) => {
                let _ = write!(out, " m={} mp={:p}", m.id, g.m);
            }
            _ => out.push_str(" m=nil"),
        }
    }
    let _ = write!(out, " [{state}");
    let since = g.wait_since.load(Ordering::Relaxed);
    if since != 0 && matches!(g.status(), Status::Waiting | Status::Syscall) {
        let minutes = (sched::timer::now() - since) / 60_000_000_000;
        if minutes >= 1 {
            let _ = write!(out, ", {minutes} minutes");
        }
    }
    if g.thread_locks > 0 {
        out.push_str(", locked to thread");
    }
    out.push_str("]:\n");
}

fn print(g: &G, state: &str, frames: Option<Frames>) -> String {
    let mut out = String::new();
    header(&mut out, g, state);
    let Some(frames) = frames else {
        out += "\tgoroutine running on other thread; stack unavailable\n";
        print_creator(&mut out, g);
        return out;
    };
    let mut ends = Ends::default();
    walk(g, frames, level() < Level::System, &mut |entry| {
        ends.push(entry);
    });
    ends.print(&mut out);
    print_creator(&mut out, g);
    out
}

/// The entries of a trace; of a long one, both ends.
#[derive(Default)]
struct Ends {
    first: Vec<Entry>,
    last: VecDeque<Entry>,
    n_between: usize,
}

impl Ends {
    fn push(&mut self, entry: Entry) {
        if self.first.len() < ENDS {
            self.first.push(entry);
            return;
        }
        self.last.push_back(entry);
        if self.last.len() > ENDS {
            self.last.pop_front();
            self.n_between += 1;
        }
    }

    fn print(&self, out: &mut String) {
        self.first.iter().for_each(|entry| print_entry(out, entry));
        if self.n_between > 0 {
            let _ = writeln!(out, "...{} frames elided...", self.n_between);
        }
        self.last.iter().for_each(|entry| print_entry(out, entry));
    }
}

fn print_creator(out: &mut String, g: &G) {
    let Some(func) = g.creator_pc.checked_sub(1).and_then(funcs::find) else {
        return;
    };
    let mut place = None;
    entries_at(func, g.creator_pc - 1, g.creator_pc, &mut |entry| {
        place.get_or_insert(entry);
    });
    if let Some(entry) = place {
        let _ = writeln!(
            out,
            "created by {} in goroutine {}\n\t{}:{} +{:#x}",
            entry.name,
            g.creator_id,
            file_name(entry.file),
            entry.line,
            entry.pc - entry.entry
        );
    }
}

/// The trace of the running goroutine, which is inside the runtime.
///
/// # Safety
/// `g` is the running goroutine of this thread, and has left compiled code by a routine that stored sp and bp.
pub unsafe fn running(g: *mut G) -> String {
    // SAFETY: the caller's promise.
    unsafe { print(&*g, "running", Some(running_frames(g))) }
}

/// [`running`] without what stands above the caller of the function `name`.
///
/// # Safety
/// As for [`running`].
pub unsafe fn running_without(g: *mut G, name: &str) -> String {
    // SAFETY: the caller's promise.
    let (g, frames) = unsafe { (&*g, running_frames(g)) };
    let mut out = String::new();
    header(&mut out, g, "running");
    let mut ends = Ends::default();
    let mut is_above = true;
    walk(g, frames, level() < Level::System, &mut |entry| {
        if is_above {
            is_above = entry.name != name;
        } else {
            ends.push(entry);
        }
    });
    ends.print(&mut out);
    print_creator(&mut out, g);
    out
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
        print(&*g, "running", Some(frames))
    }
}

/// The trace of a goroutine that does not run, or only says so if it does.
///
/// # Safety
/// If it does not run, it does not run meanwhile.
pub unsafe fn parked(g: *mut G, was_running: bool) -> String {
    // SAFETY: the caller's promise.
    unsafe {
        let state = match (*g).status() {
            _ if was_running => "running",
            Status::Waiting => (*g).wait_reason.text(),
            Status::Syscall => "syscall",
            Status::Running | Status::Woken => "running",
            _ => "runnable",
        };
        let runs = matches!((*g).status(), Status::Running | Status::Woken);
        print(&*g, state, (!runs).then(|| Frames::of(g)))
    }
}

/// The traces of all goroutines but `except`, each behind an empty line.
///
/// # Safety
/// None of them is about to run: the world is stopped or frozen. `running` are those that were running then.
pub(crate) unsafe fn others(except: *mut G, running: &[*mut G]) -> String {
    let mut out = String::new();
    for g in sched::spawn::live_goroutines() {
        // SAFETY: the caller's promise.
        unsafe {
            if g != except && (!(*g).is_system || level() >= Level::System) {
                out.push('\n');
                out += &parked(g, running.contains(&g));
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cleaned_by_name() {
        let check = |path: &str, expected: &str| assert_eq!(clean(Path::new(path)), expected);
        check("/a/b/./c.mini", "/a/b/c.mini");
        check("/a/b/../c.mini", "/a/c.mini");
    }

    #[test]
    fn levels_have_names_and_numbers() {
        assert_eq!(Level::parse(""), Level::Single);
        assert_eq!(Level::parse("none"), Level::None);
        assert_eq!(Level::parse("1"), Level::All);
        assert!(Level::parse("crash") > Level::parse("system"));
    }
}
