//! Stopping the world: no goroutine runs until the [`World`] is dropped.
//!
//! 1. `STOP_WANTED` is set. Ps that are idle or in blocking calls are marked stopped at once.
//! 2. Goroutines that run get a poisoned guard, and a signal for loops without calls; this is repeated until
//! 3. every thread has given up its P in [`stop_this_thread`], at the top of its loop, and sleeps.
//!
//! Starting again makes all Ps idle, serves threads that wait for one, and wakes as many as there are queues with work.

use std::ptr::null_mut;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::*;

/// Proof that the world is stopped; starts it again when dropped. Belongs to the thread that stopped it.
#[derive(Debug)]
pub struct World {
    m: *mut M,
}

impl World {
    /// The P of the thread that stopped the world.
    pub(crate) fn p(&self) -> *mut P {
        // SAFETY: our own M, which keeps its P.
        unsafe { (*self.m).p }
    }
}

/// Stops all goroutines at safepoints. Called in a hook (see [`at_safepoint`]) or in [`crate::gc::poll`]. If another thread
/// does the same, it goes first.
pub fn stop_the_world(_reason: &'static str) -> World {
    let m = current_m();
    assert!(!m.is_null(), "only the scheduler's threads stop the world");
    // SAFETY: our own M, with a P, and no goroutine running on it.
    unsafe {
        loop {
            {
                let mut inner = INNER.lock();
                if !STOP_WANTED.load(Ordering::Acquire) {
                    begin(&mut inner, m);
                    break;
                }
                give_up_p(&mut inner, m);
                // We may hold a goroutine, in a hook: it is not enough to be woken when there is work.
                inner.want_p.push_back(Shared(m));
                N_WANT_P.fetch_add(1, Ordering::SeqCst);
            }
            run::wait_for_p(m);
        }
        let mut wait = Duration::from_micros(20);
        loop {
            if INNER.lock().stop_wait == 0 {
                break;
            }
            // The last one to stop wakes us; the timeout repeats requests that were lost in a switch.
            request_all(m);
            (*m).parker.sleep(Some(wait));
            wait = (wait * 2).min(Duration::from_millis(1));
        }
        let mut inner = INNER.lock();
        inner.stopper = Shared(null_mut());
        drop(inner);
    }
    let world = World { m };
    crate::funcs::reclaim(&world);
    world
}

/// Stops the world for the last words of the program: for a while tries to stop all other threads, and never starts them
/// again. Behind [`crate::fatal::begin_dying`], on any thread. The goroutines that ran before, whether they have stopped or not.
pub(crate) fn freeze() -> Vec<*mut G> {
    const TRIES: u32 = 400;
    let own = current_m();
    let others = || {
        all_ps().filter(|p| {
            let m = p.m.load(Ordering::Acquire);
            p.status.load(Ordering::SeqCst) == p::RUNNING && !m.is_null() && !std::ptr::eq(m, own)
        })
    };
    {
        let mut inner = INNER.lock();
        STOP_WANTED.store(true, Ordering::SeqCst);
        // Nobody waits for the last one to stop.
        inner.stop_wait = usize::MAX / 2;
        inner.stopper = Shared(null_mut());
    }
    let running = others()
        // SAFETY: Ms are never freed.
        .map(|p| unsafe {
            (*p.m.load(Ordering::Acquire))
                .current
                .load(Ordering::Acquire)
        })
        .filter(|g| !g.is_null())
        .collect();
    for _ in 0..TRIES {
        if others().next().is_none() {
            break;
        }
        // SAFETY: Ms are never freed.
        unsafe { request_all(own) };
        std::thread::sleep(Duration::from_micros(500));
    }
    running
}

unsafe fn begin(inner: &mut Inner, m: *mut M) {
    STOP_WANTED.store(true, Ordering::SeqCst);
    inner.stopper = Shared(m);
    inner.stop_wait = 0;
    // SAFETY: our own M and P; idle Ps are under the lock, those in blocking calls are won by compare-and-swap.
    unsafe {
        let own = (*m).p;
        for p in all_ps() {
            if std::ptr::eq(p, own) {
                continue;
            }
            let status = p.status.load(Ordering::SeqCst);
            let stopped = match status {
                p::IDLE => {
                    p.status.store(p::STOPPED, Ordering::SeqCst);
                    true
                }
                p::RUNNING | p::STOPPED => false,
                blocking => {
                    let won = p
                        .status
                        .compare_exchange(blocking, p::STOPPED, Ordering::SeqCst, Ordering::SeqCst)
                        .is_ok();
                    if won {
                        p.m.store(null_mut(), Ordering::Release);
                    }
                    won
                }
            };
            if !stopped {
                inner.stop_wait += 1;
            }
        }
        inner.idle_ps.clear();
        N_IDLE_PS.store(0, Ordering::SeqCst);
    }
}

/// Asks the goroutines that run to stop, and takes Ps that went into blocking calls meanwhile.
unsafe fn request_all(own: *mut M) {
    for p in all_ps() {
        let status = p.status.load(Ordering::SeqCst);
        if status & 7 == p::BLOCKING && status > 7 {
            let mut inner = INNER.lock();
            if p.status
                .compare_exchange(status, p::STOPPED, Ordering::SeqCst, Ordering::SeqCst)
                .is_ok()
            {
                p.m.store(null_mut(), Ordering::Release);
                inner.stop_wait -= 1;
            }
        } else if status == p::RUNNING {
            let m = p.m.load(Ordering::Acquire);
            if !m.is_null() && !std::ptr::eq(m, own) {
                // SAFETY: Ms are never freed.
                unsafe { signal::preempt(m) };
            }
        }
    }
}

/// Gives up the P because the world is being stopped, and sleeps until there is one again.
///
/// # Safety
/// `m` is this thread's, holds a P and runs no goroutine.
pub(super) unsafe fn stop_this_thread(m: *mut M) {
    // SAFETY: our own M and P.
    unsafe {
        {
            let mut inner = INNER.lock();
            if !STOP_WANTED.load(Ordering::Acquire) {
                return;
            }
            give_up_p(&mut inner, m);
        }
        run::sleep(m);
    }
}

/// Marks this thread's P as stopped, and tells who stops the world if it is the last one.
///
/// # Safety
/// `m` is this thread's and holds a P; the world is being stopped by another.
unsafe fn give_up_p(inner: &mut Inner, m: *mut M) {
    // SAFETY: our own M and P; the stopper lives for ever.
    unsafe {
        if (*m).spinning {
            (*m).spinning = false;
            N_SPINNING.fetch_sub(1, Ordering::SeqCst);
        }
        let p = std::mem::replace(&mut (*m).p, null_mut());
        (*p).m.store(null_mut(), Ordering::Release);
        (*p).status.store(p::STOPPED, Ordering::SeqCst);
        inner.stop_wait -= 1;
        if inner.stop_wait == 0 && !inner.stopper.0.is_null() {
            (*inner.stopper.0).parker.wake();
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        if crate::fatal::is_dying() {
            // The world may be frozen.
            loop {
                std::thread::park();
            }
        }
        let mut inner = INNER.lock();
        STOP_WANTED.store(false, Ordering::SeqCst);
        let own = self.p();
        for p in all_ps() {
            if !std::ptr::eq(p, own) {
                inner.put_idle_p(std::ptr::from_ref(p).cast_mut());
            }
        }
        // SAFETY: Ps taken from the list are ours to give; waiting threads look at `p` when they were woken.
        unsafe {
            while let Some(Shared(m)) = inner.want_p.pop_front() {
                let Some(p) = inner.take_idle_p() else {
                    inner.want_p.push_front(Shared(m));
                    break;
                };
                N_WANT_P.fetch_sub(1, Ordering::SeqCst);
                run::attach(m, p);
                (*m).parker.wake();
            }
            let (busy, idle): (Vec<_>, Vec<_>) = std::mem::take(&mut inner.idle_ps)
                .into_iter()
                .partition(|p| !(*p.0).is_empty());
            inner.idle_ps = idle;
            N_IDLE_PS.store(inner.idle_ps.len(), Ordering::SeqCst);
            for Shared(p) in busy {
                run::start_m(&mut inner, p, false);
            }
        }
        drop(inner);
        run::wake_p();
    }
}

/// Calls `visit` with each P; the world is stopped, so the caller may use all their parts.
pub fn for_each_p(_world: &World, visit: &mut dyn FnMut(*mut P)) {
    for p in &PS {
        let p = p.load(Ordering::Acquire);
        if p.is_null() {
            break;
        }
        visit(p);
    }
}

/// Changes GOMAXPROCS.
pub(crate) fn set_max_procs(world: &World, n: usize) {
    let n = n.clamp(1, MAX_PROCS);
    let old = n_procs();
    spawn::make_ps(n);
    // SAFETY: the world is stopped: all Ps and their queues are ours.
    unsafe {
        let mut inner = INNER.lock();
        for place in &PS[n.min(old)..old] {
            let p = place.load(Ordering::Acquire);
            while let Some((g, _)) = (*p).pop() {
                inner.push_global(g);
            }
            (*p).status.store(p::STOPPED, Ordering::SeqCst);
        }
        N_PROCS.store(n, Ordering::SeqCst);
        if (*world.p()).id as usize >= n {
            let p = PS[0].load(Ordering::Acquire);
            (*world.m).p = null_mut();
            run::attach(world.m, p);
        }
    }
}
