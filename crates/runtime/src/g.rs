//! The goroutine: its header that machine code knows, its state, and what the runtime keeps for it.
//!
//! A `G` is made once and reused after the goroutine has ended; its address never changes and it is
//! never freed, so a raw pointer to one is always valid to read.
//!
//! # Who may touch what
//!
//! While a goroutine is [`Status::Running`] or [`Status::Syscall`], everything but the atomics belongs to
//! the thread that runs it. While it is waiting, to the one who makes it runnable; while it is in a queue,
//! to the owner of the queue. When the world is stopped, to the one who stopped it.
//!
//! # States
//!
//! ```text
//!   Idle ──► Runnable ──► Running ──► Waiting ──► Runnable
//!                 ▲          │  └───► Woken ─────────┘      (made ready before it had left its stack)
//!                 └──────────┤ (yield, preemption)
//!                            ├──► Syscall ──► Running
//!                            └──► Dead ──► Idle
//! ```

use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicUsize, Ordering};

use mini_abi::g::{Action, Defer, GHeader, STACK_GUARD, STACK_PREEMPT};
use mini_abi::types::SelectCase;

use crate::chan::Sudog;
use crate::panic::Panic;
use crate::sched::M;

/// What a goroutine is doing; see the module's picture. The stack belongs to the running thread in
/// `Running`, `Woken` and `Syscall`, else to nobody.
#[repr(u32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    Idle = 0,
    Runnable = 1,
    Running = 2,
    Waiting = 3,
    Woken = 4,
    Syscall = 5,
    Dead = 6,
}

/// Why a goroutine waits. The texts are Go's, traces print them.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitReason {
    None,
    ChanReceive,
    ChanSend,
    ChanReceiveNil,
    ChanSendNil,
    Select,
    SelectNoCases,
    Sleep,
    MutexLock,
    RwMutexRLock,
    RwMutexLock,
    WaitGroupWait,
    CondWait,
    Semacquire,
    IoWait,
    Gc,
    Finalizer,
    Signal,
    Preempted,
}

impl WaitReason {
    pub fn text(self) -> &'static str {
        match self {
            WaitReason::None => "waiting",
            WaitReason::ChanReceive => "chan receive",
            WaitReason::ChanSend => "chan send",
            WaitReason::ChanReceiveNil => "chan receive (nil chan)",
            WaitReason::ChanSendNil => "chan send (nil chan)",
            WaitReason::Select => "select",
            WaitReason::SelectNoCases => "select (no cases)",
            WaitReason::Sleep => "sleep",
            WaitReason::MutexLock => "sync.Mutex.Lock",
            WaitReason::RwMutexRLock => "sync.RWMutex.RLock",
            WaitReason::RwMutexLock => "sync.RWMutex.Lock",
            WaitReason::WaitGroupWait => "sync.WaitGroup.Wait",
            WaitReason::CondWait => "sync.Cond.Wait",
            WaitReason::Semacquire => "semacquire",
            WaitReason::IoWait => "IO wait",
            WaitReason::Gc => "wait for GC cycle",
            WaitReason::Finalizer => "finalizer wait",
            WaitReason::Signal => "syscall",
            WaitReason::Preempted => "preempted",
        }
    }
}

/// How a goroutine left its stack, for the scheduler that gets control.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// It waits until [`crate::sched::ready`].
    Wait,
    /// It gave way and stays runnable.
    Yield,
    /// It was asked to stop at a safepoint and stays runnable.
    Preempt,
    /// [`G::hook`] is to be run, then it continues.
    Safepoint,
    /// It has ended.
    Exit,
}

/// Something to do for a goroutine while it is not running: see [`Leave::Safepoint`] and [`crate::sched::park_then`].
pub type Hook = unsafe fn(*mut G);

/// Where a goroutine that is not running stands, which decides how its top is scanned and whether its stack may move.
#[repr(u8)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Top {
    /// Not started: nothing on the stack, the closure is in [`G::start_closure`].
    Start,
    /// At the call site of a builtin: the frames say it all.
    Call,
    /// At the call site of a builtin whose results wait in `resume_values` (scanned conservatively): the stack
    /// may not move, since they may point into it.
    Results,
    /// In `morestack`, arguments in `morestack_args`.
    Morestack,
    /// Stopped by a signal, registers in [`Extra::registers`]; the top frame is scanned conservatively and the
    /// stack may not move.
    Async,
}

/// A goroutine.
#[repr(C)]
#[derive(Debug)]
pub struct G {
    /// What machine code touches.
    pub header: GHeader,
    /// Address of the routine in `arch` that continues the goroutine.
    pub resume_at: usize,
    /// The closure to run; zero once it has begun.
    pub start_closure: usize,
    pub id: u64,
    status: AtomicU32,
    /// Set by whoever wants the goroutine to leave its thread; the guard is poisoned too.
    pub preempt: AtomicBool,
    /// It has run long enough: whatever it is stopped for, others go first.
    pub slice_is_over: AtomicBool,
    /// Belongs to the library, not to the program: not counted, not traced.
    pub is_system: bool,
    pub leave: Leave,
    pub top: Top,
    pub wait_reason: WaitReason,
    /// When a collection first met it waiting, by the monotonic clock in ns; zero: not yet. Traces tell by it who waits for
    /// minutes.
    pub wait_since: AtomicI64,
    /// Calls of `runtime.LockOSThread` that were not undone.
    pub thread_locks: u32,
    /// `debug.SetPanicOnFault`.
    pub panics_on_fault: bool,
    /// The thread that runs it.
    pub m: *mut M,
    /// Next in the queue or free list that holds this goroutine.
    pub link: *mut G,
    /// What it waits for on channels: chain through `Sudog::wait_link`.
    pub sudogs: *mut Sudog,
    /// Set to one by the first channel that wins a waiting `select`.
    pub select_done: AtomicU32,
    pub n_select_cases: u32,
    /// Array of a waiting `select`, in the frame.
    pub select_cases: *mut SelectCase,
    /// Result block of a native that parked, in the frame: filled by the waker.
    pub native_results: *mut u64,
    pub hook: Option<Hook>,
    /// Free for the one who parks the goroutine, e.g. the sudog that woke it.
    pub wait_data: usize,
    /// Memory of the deferred calls, or null ([`crate::defers`]).
    pub defer_room: *mut Defer,
    /// The return address of the `go` statement and the goroutine that ran it.
    pub creator_pc: usize,
    pub creator_id: u64,
    /// What few goroutines need.
    pub extra: Option<Box<Extra>>,
}

/// Rarely needed state of a goroutine, made on demand.
#[derive(Debug, Default)]
pub struct Extra {
    /// Panics in progress, oldest first.
    pub panics: Vec<Panic>,
    /// `runtime.fatalPanic` is turning the panics into texts.
    pub is_ending: bool,
    /// Texts of the panics, set by `runtime.fatalPanic`.
    pub panic_texts: Vec<String>,
    /// Texts for `runtime.raiseString`.
    pub raise_strings: Vec<String>,
    /// Traces of other goroutines, for `runtime.Stack`.
    pub traces: String,
    /// What the running `print` statement has printed.
    pub print_buffer: Vec<u8>,
    /// The fault that became a panic: signal number, code, address, program counter.
    pub fault: Option<Fault>,
    /// Registers of a goroutine that a signal stopped.
    pub registers: Option<Box<crate::arch::AsyncRegisters>>,
}

/// A fault in compiled code.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    pub signal: i32,
    pub code: i32,
    pub address: usize,
    pub pc: usize,
}

impl G {
    /// A goroutine without a stack.
    pub fn new() -> Box<G> {
        Box::new(G {
            header: GHeader {
                sp: 0,
                bp: 0,
                stack_guard: 0,
                stack_lo: 0,
                stack_hi: 0,
                system_sp: 0,
                action: Action::Return as u64,
                write_barrier: 0,
                morestack_entry: 0,
                morestack: crate::arch::morestack_address(),
                call_on_system_stack: crate::arch::call_on_system_stack_address(),
                raise_code: 0,
                raise_args: [0; 3],
                resume_values: [0; 2],
                morestack_args: [0; 6],
                saved_registers: [0; 4],
                morestack_floats: [[0; 2]; 8],
                defer_top: crate::defers::none(),
                defer_end: crate::defers::none(),
            },
            resume_at: 0,
            start_closure: 0,
            id: 0,
            status: AtomicU32::new(Status::Idle as u32),
            preempt: AtomicBool::new(false),
            slice_is_over: AtomicBool::new(false),
            is_system: false,
            leave: Leave::Wait,
            top: Top::Start,
            wait_reason: WaitReason::None,
            wait_since: AtomicI64::new(0),
            thread_locks: 0,
            panics_on_fault: false,
            m: std::ptr::null_mut(),
            link: std::ptr::null_mut(),
            sudogs: std::ptr::null_mut(),
            select_done: AtomicU32::new(0),
            n_select_cases: 0,
            select_cases: std::ptr::null_mut(),
            native_results: std::ptr::null_mut(),
            hook: None,
            wait_data: 0,
            defer_room: std::ptr::null_mut(),
            creator_pc: 0,
            creator_id: 0,
            extra: None,
        })
    }

    /// The goroutine behind a header. The header is its first field.
    pub fn of(header: *mut GHeader) -> *mut G {
        header.cast()
    }

    pub fn status(&self) -> Status {
        match self.status.load(Ordering::Acquire) {
            0 => Status::Idle,
            1 => Status::Runnable,
            2 => Status::Running,
            3 => Status::Waiting,
            4 => Status::Woken,
            5 => Status::Syscall,
            _ => Status::Dead,
        }
    }

    /// Changes the state where no one else can: see the module's list of owners.
    pub fn set_status(&self, status: Status) {
        self.status.store(status as u32, Ordering::Release);
    }

    /// Changes the state if it is `from`; the outcome says whether it was.
    #[must_use]
    pub fn transition(&self, from: Status, to: Status) -> bool {
        self.status
            .compare_exchange(from as u32, to as u32, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }

    pub fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    /// The stack as address range.
    pub fn stack(&self) -> std::ops::Range<usize> {
        self.header.stack_lo..self.header.stack_hi
    }

    /// The guard word as an atomic: other threads poison it.
    pub fn guard(&self) -> &AtomicUsize {
        // SAFETY: the field is a valid, aligned word for as long as `self`, and all writes that may
        // happen at the same time go through this atomic.
        unsafe { AtomicUsize::from_ptr((&raw const self.header.stack_guard).cast_mut()) }
    }

    /// The guard that belongs to the stack when no one asks for anything.
    pub fn plain_guard(&self) -> usize {
        if crate::debug::flags().stack_move {
            usize::MAX
        } else {
            self.header.stack_lo + STACK_GUARD
        }
    }

    /// Asks the goroutine to leave its thread at the next safepoint. Any thread.
    pub fn request_preempt(&self) {
        self.preempt.store(true, Ordering::SeqCst);
        self.guard().store(STACK_PREEMPT, Ordering::SeqCst);
    }

    /// Takes back the request. The owner of the goroutine.
    pub fn clear_preempt(&self) {
        self.preempt.store(false, Ordering::Relaxed);
        self.guard().store(self.plain_guard(), Ordering::Relaxed);
    }

    /// Sets the guard after the stack has changed, keeping a request that is pending.
    pub fn reset_guard(&self) {
        self.guard().store(self.plain_guard(), Ordering::SeqCst);
        if self.preempt.load(Ordering::SeqCst) {
            self.guard().store(STACK_PREEMPT, Ordering::SeqCst);
        }
    }

    /// Whether the collector may give it a smaller stack now. The world is stopped.
    pub fn stack_may_move(&self) -> bool {
        !matches!(self.top, Top::Results | Top::Async) && self.status() != Status::Syscall
    }
}
