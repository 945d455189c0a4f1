//! The loop of a thread: find a goroutine, run it, see why it came back.
//!
//! Runs on: system stack. A thread in [`find_runnable`] holds a P except while it sleeps in [`idle`].

use std::ptr::null_mut;
use std::sync::atomic::{Ordering, fence};
use std::time::Duration;

use mini_abi::g::Action;

use super::*;
use crate::arch;

/// Every so many rounds the global queue comes first, so that a full local one cannot starve it. A prime, as in Go, to stay out
/// of step with periodic programs.
const GLOBAL_EVERY: u32 = 61;
/// Rounds over all Ps before a thread that steals gives up.
const STEAL_ROUNDS: u32 = 4;

/// Runs goroutines for ever.
///
/// # Safety
/// `m` is this thread's and holds a P.
pub(super) unsafe fn run(m: *mut M) -> ! {
    loop {
        // SAFETY: the caller's promise, which both keep.
        unsafe {
            let (g, same_slice) = find_runnable(m);
            execute(m, g, same_slice);
        }
    }
}

/// Runs `g` until it leaves the thread, and sees to what it left for.
///
/// # Safety
/// As for [`run`]; `g` is runnable and in no queue.
unsafe fn execute(m: *mut M, g: *mut G, same_slice: bool) {
    // SAFETY: the goroutine is ours until it has left; so is the P.
    unsafe {
        if !same_slice {
            let tick = &(*(*m).p).tick;
            tick.store(
                tick.load(Ordering::Relaxed).wrapping_add(1),
                Ordering::Relaxed,
            );
            (*g).slice_is_over.store(false, Ordering::Relaxed);
        }
        loop {
            if let Some(hook) = (*g).hook.take() {
                hook(g);
            }
            (*g).m = m;
            (*g).set_status(Status::Running);
            (*m).current.store(g, Ordering::Release);
            if (*g).preempt.load(Ordering::Relaxed) {
                (*g).clear_preempt();
            }
            if STOP_WANTED.load(Ordering::Acquire) {
                // Who stops the world may have looked before `current` was set.
                (*g).request_preempt();
            }
            arch::resume(g);
            (*m).current.store(null_mut(), Ordering::Release);
            if (*g).header.action == Action::Park as u64 {
                (*g).header.action = Action::Return as u64;
            }
            match (*g).leave {
                Leave::Wait => {
                    if (*g).transition(Status::Running, Status::Waiting) {
                        return;
                    }
                    // Woken already.
                    (*g).set_status(Status::Runnable);
                    (*(*m).p).push_next(g);
                    return;
                }
                Leave::Yield => {
                    (*g).set_status(Status::Runnable);
                    (*(*m).p).push(g);
                    return;
                }
                Leave::Preempt => {
                    if (*g).top == Top::Async {
                        keep_registers(m, g);
                        (*g).clear_preempt();
                    }
                    (*g).wait_reason = WaitReason::Preempted;
                    (*g).set_status(Status::Runnable);
                    let slice_is_over = (*g).slice_is_over.swap(false, Ordering::Relaxed);
                    let is_wanted =
                        GC_WANTED.load(Ordering::Acquire) || STOP_WANTED.load(Ordering::Acquire);
                    if is_wanted && !slice_is_over {
                        // It did nothing wrong: it goes on first when the work is done.
                        (*(*m).p).push_next(g);
                    } else {
                        INNER.lock().push_global(g);
                    }
                    return;
                }
                Leave::Safepoint => (*g).set_status(Status::Runnable),
                Leave::Exit => {
                    spawn::bury(m, g);
                    return;
                }
            }
        }
    }
}

/// Hands the registers that the signal handler saved to the goroutine, and gives the thread a new box.
unsafe fn keep_registers(m: *mut M, g: *mut G) {
    // SAFETY: the goroutine has left by the signal handler of this thread, which used the thread's box.
    unsafe {
        let fresh = Box::into_raw((*g).extra().registers.take().unwrap_or_default());
        let used = (*m).registers.swap(fresh, Ordering::AcqRel);
        (*g).extra().registers = Some(Box::from_raw(used));
        (*g).header.morestack_entry = used as usize;
    }
}

/// A goroutine to run, and whether it goes on in the time slice of the previous one.
unsafe fn find_runnable(m: *mut M) -> (*mut G, bool) {
    loop {
        // SAFETY: the thread holds a P at the start of each round.
        unsafe {
            if STOP_WANTED.load(Ordering::Acquire) {
                world::stop_this_thread(m);
                continue;
            }
            if GC_WANTED.load(Ordering::Relaxed) && GC_WANTED.swap(false, Ordering::AcqRel) {
                crate::gc::poll();
                continue;
            }
            if N_WANT_P.load(Ordering::Relaxed) > 0 && give_p_away(m) {
                continue;
            }
            timer::run_due();
            let p = &*(*m).p;
            if let Some((g, same_slice)) = find_local(p) {
                if (*m).spinning {
                    stop_spinning(m);
                }
                return (g, same_slice);
            }
            if let Some(g) = take_from_global(p) {
                if (*m).spinning {
                    stop_spinning(m);
                }
                return (g, false);
            }
            if let Some(g) = steal_work(m, p) {
                if (*m).spinning {
                    stop_spinning(m);
                }
                return (g, false);
            }
            // Nothing to run: what the collector left to sweep is done while nobody waits for it.
            if !crate::gc::sweep_when_idle() {
                idle(m);
            }
        }
    }
}

fn find_local(p: &P) -> Option<(*mut G, bool)> {
    let rounds = p.rounds.get().wrapping_add(1);
    p.rounds.set(rounds);
    if rounds.is_multiple_of(GLOBAL_EVERY) && N_GLOBAL.load(Ordering::Relaxed) > 0 {
        // The lock is free again behind this line: a full queue gives half of itself to the global one.
        let global = INNER.lock().pop_global();
        if let Some(g) = global {
            // Else whoever stops for one collection after the other goes on first each time, in slices that never end.
            p.demote_next();
            return Some((g, false));
        }
    }
    if crate::debug::flags().seed.is_some() {
        // Not more than fit: what overflows goes back to the global queue.
        while p.len() < 128 {
            let Some(g) = INNER.lock().pop_global() else {
                break;
            };
            p.push(g);
        }
        return p.pop_random().map(|g| (g, false));
    }
    p.pop()
}

/// Takes this P's share of the global queue.
fn take_from_global(p: &P) -> Option<*mut G> {
    if N_GLOBAL.load(Ordering::Acquire) == 0 {
        return None;
    }
    let mut inner = INNER.lock();
    let share = (N_GLOBAL.load(Ordering::Relaxed) / n_procs() + 1).min(128);
    let first = inner.pop_global()?;
    for _ in 1..share {
        match inner.pop_global() {
            Some(g) => p.push(g),
            None => break,
        }
    }
    Some(first)
}

unsafe fn steal_work(m: *mut M, p: &P) -> Option<*mut G> {
    let n = n_procs();
    if n == 1 {
        return None;
    }
    // SAFETY: our own M.
    unsafe {
        if !(*m).spinning {
            // No more searchers than half of those who work.
            let busy = n - N_IDLE_PS.load(Ordering::Relaxed);
            if 2 * N_SPINNING.load(Ordering::Relaxed) >= busy {
                return None;
            }
            (*m).spinning = true;
            N_SPINNING.fetch_add(1, Ordering::SeqCst);
        }
    }
    for round in 0..STEAL_ROUNDS {
        let last = round + 1 == STEAL_ROUNDS;
        let start = p.random() as usize;
        for i in 0..n {
            if STOP_WANTED.load(Ordering::Relaxed) || GC_WANTED.load(Ordering::Relaxed) {
                return None;
            }
            // SAFETY: the first n places are filled, and Ps are never freed.
            let victim = unsafe { &*PS[(start + i) % n].load(Ordering::Acquire) };
            if std::ptr::eq(victim, p) {
                continue;
            }
            if let Some(g) = p.steal(victim, false) {
                return Some(g);
            }
            if last && !victim.run_next.load(Ordering::Relaxed).is_null() {
                // Its thread has just made it ready and will most likely run it itself in a moment, as soon as
                // the goroutine that did so parks. Stealing it then only moves it to a cold cache.
                let before = victim.tick.load(Ordering::Relaxed);
                let next = victim.run_next.load(Ordering::Relaxed);
                wait_a_little();
                if victim.tick.load(Ordering::Relaxed) == before
                    && std::ptr::eq(victim.run_next.load(Ordering::Relaxed), next)
                    && let Some(g) = p.steal(victim, true)
                {
                    return Some(g);
                }
            }
        }
    }
    None
}

/// About three microseconds.
fn wait_a_little() {
    for _ in 0..100 {
        std::hint::spin_loop();
    }
}

/// A searching thread has found something: another may search now, for there may be more.
unsafe fn stop_spinning(m: *mut M) {
    // SAFETY: our own M.
    unsafe { (*m).spinning = false };
    if N_SPINNING.fetch_sub(1, Ordering::SeqCst) == 1 {
        wake_p();
    }
}

/// Gives the P back and sleeps until there is one again.
///
/// # Safety
/// `m` is this thread's and holds a P; afterwards it holds one too.
unsafe fn idle(m: *mut M) {
    // SAFETY: our own M and P.
    unsafe {
        {
            let mut inner = INNER.lock();
            if STOP_WANTED.load(Ordering::Acquire)
                || GC_WANTED.load(Ordering::Acquire)
                || N_GLOBAL.load(Ordering::Acquire) > 0
                || !(*(*m).p).is_empty()
                // A thread that came out of a blocking call since we looked: it sleeps until it is given a P.
                || !inner.want_p.is_empty()
            {
                return;
            }
            let p = std::mem::replace(&mut (*m).p, null_mut());
            inner.put_idle_p(p);
        }
        if (*m).spinning {
            (*m).spinning = false;
            N_SPINNING.fetch_sub(1, Ordering::SeqCst);
            // Work that was queued while we counted as searching woke nobody: look again. Pairs with the fence
            // in `wake_p`.
            fence(Ordering::SeqCst);
            let found = all_ps().any(|p| !p.is_empty())
                || N_GLOBAL.load(Ordering::SeqCst) > 0
                || GC_WANTED.load(Ordering::SeqCst);
            if found && let Some(p) = INNER.lock().take_idle_p() {
                attach(m, p);
                (*m).spinning = true;
                N_SPINNING.fetch_add(1, Ordering::SeqCst);
                return;
            }
        }
        sleep(m);
    }
}

/// Sleeps until another thread hands over a P, or a timer is due and a P is free.
///
/// # Safety
/// `m` is this thread's and holds no P; afterwards it holds one.
pub(super) unsafe fn sleep(m: *mut M) {
    // SAFETY: our own M; its list entry and `timer_m` are under the lock.
    unsafe {
        loop {
            let timeout = {
                let mut inner = INNER.lock();
                if !(*m).is_idle {
                    if !(*m).p.is_null() {
                        return;
                    }
                    (*m).is_idle = true;
                    inner.idle_ms.push(Shared(m));
                }
                if let Some(text) = deadlock(&inner) {
                    drop(inner);
                    crate::fatal::throw_all(text);
                }
                let next = timer::next();
                if next == i64::MAX || !inner.timer_m.0.is_null() {
                    None
                } else {
                    inner.timer_m = Shared(m);
                    Some(Duration::from_nanos((next - timer::now()).max(0) as u64))
                }
            };
            (*m).parker.sleep(timeout);
            let mut inner = INNER.lock();
            if std::ptr::eq(inner.timer_m.0, m) {
                inner.timer_m = Shared(null_mut());
            }
            if !(*m).is_idle {
                // Someone took us from the list and gave us a P.
                debug_assert!(!(*m).p.is_null());
                return;
            }
            if timer::next() <= timer::now() {
                if let Some(p) = inner.take_idle_p() {
                    inner.idle_ms.retain(|idle| !std::ptr::eq(idle.0, m));
                    (*m).is_idle = false;
                    drop(inner);
                    attach(m, p);
                    return;
                }
                // All Ps are busy, and their threads will fire the timer; do not wake up for it again and again.
                drop(inner);
                std::thread::sleep(Duration::from_micros(50));
            }
        }
    }
}

/// Connects a thread with a P it may use.
///
/// # Safety
/// `m` has no P and is ours or idle; `p` is ours.
pub(super) unsafe fn attach(m: *mut M, p: *mut P) {
    // SAFETY: the caller's promise.
    unsafe {
        (*m).p = p;
        (*p).status.store(p::RUNNING, Ordering::SeqCst);
        (*p).m.store(m, Ordering::Release);
    }
}

/// Puts a runnable goroutine into this thread's queue, or the global one, and sees that someone runs it.
///
/// # Safety
/// `g` is runnable and in no queue.
pub(super) unsafe fn enqueue(g: *mut G, next: bool) {
    let m = current_m();
    // SAFETY: a thread's M is its own; the P may be missing on threads that only call from outside.
    unsafe {
        if m.is_null() || (*m).p.is_null() {
            INNER.lock().push_global(g);
        } else if next {
            (*(*m).p).push_next(g);
        } else {
            (*(*m).p).push(g);
        }
    }
    wake_p();
}

/// Wakes a thread to search for work, if there is a P for it and nobody searches.
#[inline]
pub(super) fn wake_p() {
    // Pairs with the fence in `idle`: either the searcher sees our work, or we see that it has stopped searching.
    fence(Ordering::SeqCst);
    if N_IDLE_PS.load(Ordering::Relaxed) == 0 || N_SPINNING.load(Ordering::Relaxed) != 0 {
        return;
    }
    wake_p_slow();
}

#[cold]
fn wake_p_slow() {
    if N_SPINNING
        .compare_exchange(0, 1, Ordering::SeqCst, Ordering::SeqCst)
        .is_err()
    {
        return;
    }
    let mut inner = INNER.lock();
    match inner.take_idle_p() {
        // SAFETY: the P was taken from the list, so it is ours to give.
        Some(p) => unsafe { start_m(&mut inner, p, true) },
        None => {
            N_SPINNING.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// Has a thread run goroutines with `p`: an idle one, or a new one.
///
/// # Safety
/// `p` is ours.
pub(super) unsafe fn start_m(inner: &mut Inner, p: *mut P, spinning: bool) {
    // SAFETY: threads in the list sleep or are about to, and look at `p` and `spinning` only after they were woken; a
    // new thread is not known to anyone.
    unsafe {
        if let Some(Shared(m)) = inner.idle_ms.pop() {
            (*m).is_idle = false;
            (*m).spinning = spinning;
            attach(m, p);
            (*m).parker.wake();
            return;
        }
        let m = spawn::new_m();
        (*m).spinning = spinning;
        attach(m, p);
        spawn::start_thread(m);
    }
}

/// The first timer changed: a sleeping thread must know, or someone must sleep for it.
pub(super) fn timer_came_first() {
    if N_IDLE_PS.load(Ordering::SeqCst) == 0 {
        return;
    }
    let timer_m = INNER.lock().timer_m.0;
    if timer_m.is_null() {
        wake_p();
    } else {
        // SAFETY: Ms are never freed.
        unsafe { (*timer_m).parker.wake() };
    }
}

/// At the end of a blocking call whose P was taken away: waits for another.
///
/// # Safety
/// `m` is this thread's.
pub(super) unsafe fn reacquire_p(m: *mut M) {
    // SAFETY: our own M.
    unsafe {
        (*m).p = null_mut();
        {
            let mut inner = INNER.lock();
            if let Some(p) = inner.take_idle_p() {
                attach(m, p);
                return;
            }
            inner.want_p.push_back(Shared(m));
            N_WANT_P.fetch_add(1, Ordering::SeqCst);
        }
        sysmon::wake();
        wait_for_p(m);
    }
}

/// Sleeps until this thread, which stands in `want_p`, was given a P.
///
/// # Safety
/// `m` is this thread's.
pub(super) unsafe fn wait_for_p(m: *mut M) {
    // SAFETY: our own M.
    unsafe {
        while (*m).p.is_null() {
            (*m).parker.sleep(None);
            // Pairs with the lock under which the P was handed over.
            drop(INNER.lock());
        }
    }
}

/// Gives the P to a thread that waits for one in a blocking call, if there is one; then sleeps.
unsafe fn give_p_away(m: *mut M) -> bool {
    // SAFETY: our own M and P; the waiting thread reads its `p` after it was woken.
    unsafe {
        {
            let mut inner = INNER.lock();
            let Some(Shared(other)) = inner.want_p.pop_front() else {
                return false;
            };
            N_WANT_P.fetch_sub(1, Ordering::SeqCst);
            if (*m).spinning {
                (*m).spinning = false;
                N_SPINNING.fetch_sub(1, Ordering::SeqCst);
            }
            let p = std::mem::replace(&mut (*m).p, null_mut());
            attach(other, p);
            (*other).parker.wake();
        }
        sleep(m);
    }
    true
}

/// What to say of a program in which nothing can ever happen again. All Ps idle means no thread runs or searches.
fn deadlock(inner: &Inner) -> Option<&'static str> {
    if inner.idle_ps.len() < n_procs()
        || STOP_WANTED.load(Ordering::SeqCst)
        || N_GLOBAL.load(Ordering::SeqCst) > 0
        || N_BLOCKING.load(Ordering::SeqCst) > 0
        || timer::next() != i64::MAX
        || GC_WANTED.load(Ordering::SeqCst)
        || notify::is_listening()
        || poll::has_waiters()
        || crate::fatal::is_dying()
    {
        return None;
    }
    Some(match n_goroutines() {
        0 => "no goroutines (main called runtime.Goexit) - deadlock!",
        _ => "all goroutines are asleep - deadlock!",
    })
}
