//! When to collect, and the record of the cycles.
//!
//! With `GOGC=n` the next cycle comes when the heap has grown by n percent of what was live, roots included since they
//! are scanned too, but not below 4 MB (times n/100). A memory limit lowers the goal, down to a little above what is live: collecting without end would not help.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;

use super::{Cause, Report};
use crate::heap::HEAP_LIVE;
use crate::heap::pages::{HEAP_IN_USE, HEAP_RELEASED, HEAP_SYS, RECORD_BYTES};
use crate::heap::stats::MemStats;

/// The smallest goal at GOGC=100.
const MIN_HEAP: usize = 4 << 20;
/// Free memory that is never worth giving back.
const KEPT_FREE: usize = 16 << 20;
const RELEASE_DELAY: Duration = Duration::from_secs(1);
const N_PAUSES: usize = 256;

pub static PACER: Mutex<Pacer> = Mutex::new(Pacer::new());

/// Settings and history. Under [`PACER`]'s lock.
pub struct Pacer {
    /// `GOGC`; negative: off.
    percent: i64,
    /// `GOMEMLIMIT` in bytes; `i64::MAX`: none.
    limit: i64,
    is_tracing: bool,
    live: usize,
    roots: usize,
    start: Option<Instant>,
    /// When the last cycle ended.
    last: Option<Instant>,
    /// Since when there is more free memory than should be kept.
    excess_since: Option<Instant>,
    n_cycles: u32,
    n_forced: u32,
    pause_total: Duration,
    /// Of the last cycles, newest at `(n_cycles + 255) % 256`; (pause, end in ns since 1970).
    pauses: [(u64, u64); N_PAUSES],
    last_end: u64,
}

/// How long the parts of a cycle took.
pub struct Times {
    pub sweep: Duration,
    pub mark: Duration,
    pub termination: Duration,
    pub begin: Instant,
}

impl Pacer {
    const fn new() -> Pacer {
        Pacer {
            percent: 100,
            limit: i64::MAX,
            is_tracing: false,
            live: 0,
            roots: 0,
            start: None,
            last: None,
            excess_since: None,
            n_cycles: 0,
            n_forced: 0,
            pause_total: Duration::ZERO,
            pauses: [(0, 0); N_PAUSES],
            last_end: 0,
        }
    }

    /// Reads the variables; what cannot be read is as if it were not set.
    pub fn read_environment(&mut self) {
        self.start = Some(Instant::now());
        let text = |name| std::env::var(name).unwrap_or_default();
        match text("GOGC").as_str() {
            "off" => self.percent = -1,
            number => self.percent = number.parse().unwrap_or(self.percent),
        }
        if let Some(limit) = parse_limit(&text("GOMEMLIMIT")) {
            self.limit = limit;
        }
        self.is_tracing = crate::debug::go_debug("gctrace").is_some_and(|level| level > 0);
    }

    /// `debug.SetGCPercent`; the old value.
    pub fn set_percent(&mut self, percent: i64) -> i64 {
        std::mem::replace(&mut self.percent, percent.max(-1))
    }

    /// `debug.SetMemoryLimit`, a negative one only asks; the old value.
    pub fn set_limit(&mut self, limit: i64) -> i64 {
        let old = self.limit;
        if limit >= 0 {
            self.limit = limit;
        }
        old
    }

    /// When to begin: a little before the goal, as Go does, which marks beside the program. Otherwise a large object that just
    /// misses the goal lets the heap grow by one more of its size. (An eighth before it cost binary trees a tenth of their speed.)
    pub fn trigger(&self) -> usize {
        let goal = self.goal();
        let growth = goal.saturating_sub(self.live);
        // Zero would mean "not initialised".
        (goal - growth / 32).max(1)
    }

    /// The goal that follows from what the last cycle left alive.
    pub fn goal(&self) -> usize {
        let by_percent = usize::try_from(self.percent).map_or(usize::MAX, |percent| {
            let growth = (self.live + self.roots) as u128 * percent as u128 / 100;
            let least = MIN_HEAP as u128 * percent as u128 / 100;
            usize::try_from((self.live as u128 + growth).max(least)).unwrap_or(usize::MAX)
        });
        by_percent.min(self.goal_of_limit())
    }

    fn goal_of_limit(&self) -> usize {
        if self.limit == i64::MAX {
            return usize::MAX;
        }
        let in_use = HEAP_IN_USE.load(Ordering::Relaxed);
        let unused_in_spans = in_use.saturating_sub(HEAP_LIVE.load(Ordering::Relaxed));
        let beside = unused_in_spans + RECORD_BYTES.load(Ordering::Relaxed);
        let goal = usize::try_from(self.limit)
            .unwrap_or(0)
            .saturating_sub(beside);
        goal.max(self.live + self.live / 8 + (256 << 10))
    }

    /// Bytes that the last cycle found alive, roots included.
    pub fn live(&self) -> usize {
        self.live + self.roots
    }

    /// Takes in what a cycle found: bytes of live objects, and of pointers in roots.
    pub fn next_trigger(&mut self, live: usize, roots: usize) -> usize {
        self.live = live;
        self.roots = roots;
        self.trigger()
    }

    /// Keeps the record of a cycle, and prints it if `GODEBUG=gctrace=1`.
    pub fn end_cycle(&mut self, cause: Cause, report: &Report, times: &Times, n_workers: usize) {
        let pause = times.mark + times.termination;
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        self.last_end = now.as_nanos() as u64;
        self.last = Some(Instant::now());
        self.pauses[self.n_cycles as usize % N_PAUSES] = (pause.as_nanos() as u64, self.last_end);
        self.n_cycles += 1;
        self.n_forced += u32::from(cause == Cause::Forced);
        self.pause_total += pause;
        if self.is_tracing {
            eprintln!("{}", self.trace_line(cause, report, times, n_workers));
        }
    }

    fn trace_line(&self, cause: Cause, report: &Report, times: &Times, n_workers: usize) -> String {
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        let since_start = self.start.map_or(Duration::ZERO, |start| start.elapsed());
        let share = self.pause_total.as_secs_f64() / since_start.as_secs_f64().max(1e-9);
        let mark_cpu = times.mark * n_workers as u32;
        format!(
            "gc {} @{:.3}s {}%: {:.3}+{:.3}+{:.3} ms clock, {:.3}+0/{:.3}/0+{:.3} ms cpu, {}->{}->{} MB, {} MB goal, \
             {} MB stacks, 0 MB globals, {} P{}",
            self.n_cycles,
            (times.begin - self.start.unwrap_or(times.begin)).as_secs_f64(),
            (share * 100.0) as u32,
            ms(times.sweep),
            ms(times.mark),
            ms(times.termination),
            ms(times.sweep),
            ms(mark_cpu),
            ms(times.termination),
            report.heap_at_start >> 20,
            report.heap_at_start >> 20,
            report.live >> 20,
            self.goal() >> 20,
            crate::stack::pool::bytes_in_use() >> 20,
            n_workers,
            if cause == Cause::Forced {
                " (forced)"
            } else {
                ""
            },
        )
    }

    /// Fills the fields that tell of cycles.
    pub fn add_stats(&self, stats: &mut MemStats) {
        stats.last_gc = self.last_end;
        stats.pause_total_ns = self.pause_total.as_nanos() as u64;
        stats.n_gc = self.n_cycles;
        stats.n_forced_gc = self.n_forced;
        stats.pauses = self.pauses.to_vec();
        stats.is_enabled = self.percent >= 0;
        let since_start = self
            .start
            .map_or(0.0, |start| start.elapsed().as_secs_f64());
        stats.cpu_share = self.pause_total.as_secs_f64() / since_start.max(1e-9);
    }

    /// How much free memory should go back to the system now. Some is kept for the growth to the next goal; and it is given
    /// back a second after it was free at the earliest, so that programs whose use goes up and down are not slowed. Near
    /// the memory limit all of it goes at once.
    pub fn memory_to_release(&mut self) -> usize {
        let unused = crate::heap::unused_memory();
        if self.limit != i64::MAX {
            let used = HEAP_SYS.load(Ordering::Relaxed) - HEAP_RELEASED.load(Ordering::Relaxed);
            if used as i64 > self.limit / 10 * 9 {
                return unused;
            }
        }
        let goal = self.goal();
        let kept = (goal - self.live.min(goal)).saturating_add(goal / 10 + KEPT_FREE);
        if unused <= kept {
            self.excess_since = None;
            return 0;
        }
        let since = *self.excess_since.get_or_insert_with(Instant::now);
        if since.elapsed() < RELEASE_DELAY {
            return 0;
        }
        self.excess_since = None;
        unused - kept
    }

    /// Whether the last cycle (or the start) is longer ago than `period`.
    pub fn is_overdue(&self, period: Duration) -> bool {
        let last = self.last.or(self.start);
        self.percent >= 0 && last.is_some_and(|last| last.elapsed() > period)
    }
}

/// `GOMEMLIMIT`: a number of bytes with an optional unit.
fn parse_limit(text: &str) -> Option<i64> {
    if text == "off" {
        return Some(i64::MAX);
    }
    let units = [
        ("KiB", 10),
        ("MiB", 20),
        ("GiB", 30),
        ("TiB", 40),
        ("B", 0),
        ("", 0),
    ];
    let (digits, shift) = units
        .iter()
        .find_map(|&(unit, shift)| Some((text.strip_suffix(unit)?, shift)))?;
    digits.parse::<i64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_units() {
        assert_eq!(parse_limit("512MiB"), Some(512 << 20));
        assert_eq!(parse_limit("100"), Some(100));
        assert_eq!(parse_limit("100B"), Some(100));
        assert_eq!(parse_limit("off"), Some(i64::MAX));
        assert_eq!(parse_limit("1.5GiB"), None);
        assert_eq!(parse_limit(""), None);
    }

    #[test]
    fn the_goal_is_a_percentage_above_what_is_live() {
        let mut pacer = Pacer::new();
        assert_eq!(pacer.goal(), MIN_HEAP);
        assert_eq!(pacer.next_trigger(10 << 20, 0), (20 << 20) - (10 << 15));
        assert_eq!(pacer.goal(), 20 << 20);
        pacer.set_percent(50);
        assert_eq!(pacer.goal(), 15 << 20);
        pacer.next_trigger(10 << 20, 4 << 20);
        assert_eq!(pacer.goal(), 17 << 20);
        pacer.set_percent(-1);
        assert_eq!(pacer.goal(), usize::MAX);
        pacer.set_limit(12 << 20);
        assert!(pacer.trigger() <= pacer.goal() && pacer.goal() <= 12 << 20);
    }
}
