//! The thread that watches the others, without a P: takes Ps away from long blocking calls, asks goroutines that ran for
//! 10 ms while others wait to give way, hands on signals, and asks for a collection if there was none for long.
//!
//! It looks every 20 µs while something happens, more and more rarely (to 10 ms) while nothing does, and sleeps while all Ps are
//! idle; whoever takes an idle P wakes it.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use super::m::Parker;
use super::*;

const MIN_DELAY: Duration = Duration::from_micros(20);
const MAX_DELAY: Duration = Duration::from_millis(10);
/// How long it sleeps while all Ps are idle.
const IDLE_DELAY: Duration = Duration::from_secs(10);
/// How often it looks when the last collection was, in nanoseconds.
const GC_CHECK_PERIOD: i64 = 1_000_000_000;
/// A time slice, in nanoseconds.
const SLICE: i64 = 10_000_000;

static SLEEPS: AtomicBool = AtomicBool::new(false);
static PARKER: Parker = Parker::new();
static STARTED: AtomicU32 = AtomicU32::new(0);

/// What was seen of a P.
#[derive(Clone, Copy, Default)]
struct Seen {
    tick: u32,
    since: i64,
    blocking_tick: u32,
    blocking_since: i64,
}

/// Starts the thread; the first call counts.
pub(super) fn start() {
    if STARTED.swap(1, Ordering::Relaxed) == 0 {
        let builder = std::thread::Builder::new()
            .name("sysmon".into())
            .stack_size(256 << 10);
        if builder.spawn(watch).is_err() {
            crate::fatal::throw("cannot start a thread");
        }
    }
}

/// Ends its sleep: something happens again.
#[inline]
pub(super) fn wake() {
    if SLEEPS.load(Ordering::Relaxed) {
        SLEEPS.store(false, Ordering::Relaxed);
        PARKER.wake();
    }
}

/// Ends its sleep, or keeps it from the next one. Safe in signal handlers.
pub(super) fn wake_in_handler() {
    PARKER.wake();
}

fn watch() {
    let mut seen = vec![Seen::default(); MAX_PROCS];
    let mut quiet = 0;
    let mut delay = MIN_DELAY;
    let mut next_gc_check = timer::now() + GC_CHECK_PERIOD;
    loop {
        let next_line = trace::print_when_due(timer::now());
        if quiet == 0 {
            delay = MIN_DELAY;
        } else if quiet > 50 {
            delay = (delay * 2).min(MAX_DELAY);
        }
        if delay >= Duration::from_millis(1) {
            // Whoever enters a blocking call or waits for a P ends this early.
            SLEEPS.store(true, Ordering::SeqCst);
            // Pairs with `Inner::take_idle_p`: either it sees that we sleep, or we see that a P is taken.
            let longest = match N_IDLE_PS.load(Ordering::SeqCst) == n_procs() {
                true => IDLE_DELAY,
                false => delay,
            };
            let until_line = Duration::from_nanos((next_line - timer::now()).max(0) as u64);
            PARKER.sleep(Some(longest.min(until_line)));
            SLEEPS.store(false, Ordering::SeqCst);
        } else {
            std::thread::sleep(delay);
        }
        notify::deliver();
        if timer::now() >= next_gc_check {
            next_gc_check = timer::now() + GC_CHECK_PERIOD;
            if crate::gc::request_if_idle_for_long() {
                GC_WANTED.store(true, Ordering::Release);
                run::wake_p();
            }
        }
        if STOP_WANTED.load(Ordering::Acquire) {
            continue;
        }
        if look(&mut seen) {
            quiet = 0;
        } else {
            quiet += 1;
        }
    }
}

/// True: there was something to do.
fn look(seen: &mut [Seen]) -> bool {
    let now = timer::now();
    let mut did = false;
    let someone_waits = N_GLOBAL.load(Ordering::Relaxed) > 0
        || N_WANT_P.load(Ordering::Relaxed) > 0
        || timer::next() <= now;
    if timer::next() <= now && N_IDLE_PS.load(Ordering::Relaxed) > 0 {
        run::wake_p();
    }
    for (p, seen) in all_ps().zip(seen) {
        let status = p.status.load(Ordering::Acquire);
        if status == p::RUNNING {
            let tick = p.tick.load(Ordering::Relaxed);
            if seen.tick != tick {
                *seen = Seen {
                    tick,
                    since: now,
                    ..*seen
                };
            } else if now - seen.since > SLICE && (someone_waits || !p.is_empty()) {
                let m = p.m.load(Ordering::Acquire);
                if !m.is_null() {
                    // SAFETY: Ms and Gs are never freed.
                    unsafe {
                        if let Some(g) = (*m).current.load(Ordering::Acquire).as_ref() {
                            g.slice_is_over.store(true, Ordering::Relaxed);
                        }
                        signal::preempt(m);
                    }
                }
                seen.since = now;
                did = true;
            }
        } else if status > 7 {
            let tick = p.blocking_tick.load(Ordering::Relaxed);
            if seen.blocking_tick != tick {
                *seen = Seen {
                    blocking_tick: tick,
                    blocking_since: now,
                    ..*seen
                };
                did = true;
                continue;
            }
            let others_idle =
                N_SPINNING.load(Ordering::Relaxed) + N_IDLE_PS.load(Ordering::Relaxed) > 0;
            if p.is_empty() && !someone_waits && others_idle && now - seen.blocking_since < SLICE {
                continue;
            }
            did |= retake(p, status);
        }
    }
    did
}

/// Takes the P of a thread in a blocking call, for others.
fn retake(p: &'static P, status: usize) -> bool {
    let mut inner = INNER.lock();
    if STOP_WANTED.load(Ordering::Acquire)
        || p.status
            .compare_exchange(status, p::RUNNING, Ordering::SeqCst, Ordering::SeqCst)
            .is_err()
    {
        return false;
    }
    let has_work =
        !p.is_empty() || N_GLOBAL.load(Ordering::Acquire) > 0 || timer::next() != i64::MAX;
    let p = std::ptr::from_ref(p).cast_mut();
    // SAFETY: we won the P, so it is ours to give.
    unsafe {
        if let Some(Shared(m)) = inner.want_p.pop_front() {
            N_WANT_P.fetch_sub(1, Ordering::SeqCst);
            run::attach(m, p);
            (*m).parker.wake();
        } else if has_work {
            run::start_m(&mut inner, p, false);
        } else {
            inner.put_idle_p(p);
        }
    }
    true
}
