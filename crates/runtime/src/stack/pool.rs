//! Where stacks come from.
//!
//! Sizes are powers of two. Small ones (2 to 16 KiB) are cut from chunks and kept in lists, one set per P
//! without a lock and one for all; larger ones are mapped one by one, and a few of each size are kept. In a free small stack
//! the first word links to the next.
//!
//! Under `MINIDEBUG=stackmove` nothing is reused: every stack is fresh memory at the upper end of its pages, and becomes
//! inaccessible when it is freed, so that a pointer which was not adjusted faults.

use std::ops::Range;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

use mini_abi::g::STACK_MIN;
use parking_lot::Mutex;

use crate::fatal;

/// Number of small sizes: 2, 4, 8, 16 KiB.
const N_SMALL: usize = 4;
/// Small stacks are cut from chunks of this size, the granule of `mmap` calls for them.
const CHUNK: usize = 256 << 10;
/// What a P keeps of one size, and half of it is what it fetches or gives back: 32 stacks of 2 KiB are what a burst of
/// goroutines uses without touching the lock.
const P_KEEPS: usize = 64;
/// Stacks that were never used are fetched in smaller numbers: each touches memory.
const FRESH: usize = 8;
/// What is kept of one large size.
const LARGE_KEEPS: usize = 8;
const N_LARGE: usize = 32;

/// Memory for a stack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stack {
    pub lo: usize,
    pub size: usize,
}

impl Stack {
    pub fn hi(self) -> usize {
        self.lo + self.size
    }
}

/// Free stacks linked through their first words.
#[derive(Debug)]
struct List {
    first: *mut usize,
    len: usize,
}

// SAFETY: a list owns its stacks; who has the list has them.
unsafe impl Send for List {}

impl List {
    const EMPTY: List = List {
        first: null_mut(),
        len: 0,
    };

    fn push(&mut self, lo: usize) {
        // SAFETY: the stack is free and ours, and its first word is mapped.
        unsafe { *(lo as *mut usize) = self.first as usize };
        self.first = lo as *mut usize;
        self.len += 1;
    }

    fn pop(&mut self) -> Option<usize> {
        if self.first.is_null() {
            return None;
        }
        let lo = self.first;
        // SAFETY: stacks in the list hold the link in their first word.
        self.first = unsafe { *lo as *mut usize };
        self.len -= 1;
        Some(lo as usize)
    }
}

/// Small free stacks of a P.
#[derive(Debug)]
pub struct PerP([List; N_SMALL]);

impl Default for PerP {
    fn default() -> Self {
        PerP([List::EMPTY; N_SMALL])
    }
}

/// What all Ps fetch from.
#[derive(Debug)]
struct Common {
    free: List,
    /// The part of the last chunk that was never used: its pages are not even touched.
    unused: Range<usize>,
}

static SMALL: [Mutex<Common>; N_SMALL] = [const {
    Mutex::new(Common {
        free: List::EMPTY,
        unused: 0..0,
    })
}; N_SMALL];
static LARGE: [Mutex<Vec<usize>>; N_LARGE] = [const { Mutex::new(Vec::new()) }; N_LARGE];
/// Bytes in stacks that are in use.
static IN_USE: AtomicUsize = AtomicUsize::new(0);

/// Bytes in stacks that are in use, caches of the Ps included.
pub fn bytes_in_use() -> usize {
    IN_USE.load(Ordering::Relaxed)
}

fn small_class(size: usize) -> Option<usize> {
    let class = (size / STACK_MIN).trailing_zeros() as usize;
    (class < N_SMALL).then_some(class)
}

impl PerP {
    /// A stack of `size` bytes, a power of two of at least [`STACK_MIN`]. Its contents are arbitrary.
    pub fn new_stack(&mut self, size: usize) -> Stack {
        debug_assert!(size.is_power_of_two() && size >= STACK_MIN);
        let lo = if crate::debug::flags().stack_move {
            IN_USE.fetch_add(size, Ordering::Relaxed);
            fresh::map(size)
        } else if let Some(class) = small_class(size) {
            let list = &mut self.0[class];
            match list.pop() {
                Some(lo) => lo,
                None => {
                    refill(list, class);
                    list.pop().expect("a refill gives stacks")
                }
            }
        } else {
            IN_USE.fetch_add(size, Ordering::Relaxed);
            let kept = LARGE[size.trailing_zeros() as usize].lock().pop();
            kept.unwrap_or_else(|| map(size))
        };
        Stack { lo, size }
    }

    /// Takes a stack back.
    pub fn free_stack(&mut self, stack: Stack) {
        if crate::debug::flags().stack_move {
            IN_USE.fetch_sub(stack.size, Ordering::Relaxed);
            fresh::make_inaccessible(stack);
        } else if let Some(class) = small_class(stack.size) {
            let list = &mut self.0[class];
            list.push(stack.lo);
            if list.len > P_KEEPS {
                give_back(list, class);
            }
        } else {
            IN_USE.fetch_sub(stack.size, Ordering::Relaxed);
            let mut kept = LARGE[stack.size.trailing_zeros() as usize].lock();
            if kept.len() < LARGE_KEEPS && stack.size <= 1 << 20 {
                kept.push(stack.lo);
            } else {
                drop(kept);
                unmap(stack);
            }
        }
    }
}

/// Moves stacks from the common list, or from a new chunk, to a P's.
#[cold]
fn refill(list: &mut List, class: usize) {
    let size = STACK_MIN << class;
    let mut common = SMALL[class].lock();
    for n in 0..P_KEEPS / 2 {
        let lo = match common.free.pop() {
            Some(lo) => lo,
            None if n >= FRESH => break,
            None => {
                if common.unused.is_empty() {
                    let chunk = map(CHUNK);
                    common.unused = chunk..chunk + CHUNK;
                }
                common.unused.start += size;
                common.unused.start - size
            }
        };
        list.push(lo);
        IN_USE.fetch_add(size, Ordering::Relaxed);
    }
}

#[cold]
fn give_back(list: &mut List, class: usize) {
    let size = STACK_MIN << class;
    let mut common = SMALL[class].lock();
    while list.len > P_KEEPS / 2 {
        let lo = list.pop().expect("the length says so");
        common.free.push(lo);
        IN_USE.fetch_sub(size, Ordering::Relaxed);
    }
}

fn map(size: usize) -> usize {
    // SAFETY: a new anonymous mapping touches nothing that exists.
    let address = unsafe {
        libc::mmap(
            null_mut(),
            size,
            libc::PROT_READ | libc::PROT_WRITE,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
            -1,
            0,
        )
    };
    if address == libc::MAP_FAILED {
        fatal::throw("out of memory (stack allocation)");
    }
    address as usize
}

fn unmap(stack: Stack) {
    // SAFETY: the stack was mapped by `map` with this size and nobody uses it.
    unsafe { libc::munmap(stack.lo as *mut libc::c_void, stack.size) };
}

/// Stacks that are never used twice.
mod fresh {
    use super::*;

    /// Address space that is taken at a time, and the part of it that is made accessible at a time.
    const REGION: usize = 64 << 30;
    const STEP: usize = 4 << 20;
    const PAGE: usize = 4096;
    /// The kernel allows some 65,000 mappings; the rest is for the heap and the threads.
    const MAX_HOLES: usize = 20_000;

    struct Region {
        next: usize,
        accessible: usize,
        end: usize,
        /// Inaccessible ranges, at most: neighbours that were joined count twice until [`Region::count_holes`].
        holes: usize,
    }

    static CURRENT: Mutex<Region> = Mutex::new(Region {
        next: 0,
        accessible: 0,
        end: 0,
        holes: 0,
    });

    impl Region {
        /// Asks the kernel how many mappings there are.
        fn count_holes(&mut self) {
            self.holes = std::fs::read("/proc/self/maps").map_or(MAX_HOLES, |maps| {
                memchr::memchr_iter(b'\n', &maps).count() / 2
            });
        }
    }

    fn round(size: usize) -> usize {
        (size + PAGE - 1) & !(PAGE - 1)
    }

    fn protect(lo: usize, size: usize, protection: i32) -> bool {
        // SAFETY: the range is in a region of ours, not in use, or about to be used by who asked for it.
        unsafe { libc::mprotect(lo as *mut libc::c_void, size, protection) == 0 }
    }

    pub(super) fn map(size: usize) -> usize {
        let pages = round(size);
        let mut region = CURRENT.lock();
        if region.end - region.next < pages {
            // SAFETY: a new inaccessible mapping touches nothing that exists.
            let address = unsafe {
                libc::mmap(
                    null_mut(),
                    REGION,
                    libc::PROT_NONE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                    -1,
                    0,
                )
            };
            if address == libc::MAP_FAILED {
                fatal::throw("out of address space (MINIDEBUG=stackmove)");
            }
            region.next = address as usize;
            region.accessible = region.next;
            region.end = region.next + REGION;
        }
        let lo = region.next;
        region.next += pages;
        if region.next > region.accessible {
            let more = (region.next - region.accessible).next_multiple_of(STEP);
            let more = more.min(region.end - region.accessible);
            if !protect(region.accessible, more, libc::PROT_READ | libc::PROT_WRITE) {
                fatal::throw("out of memory (MINIDEBUG=stackmove)");
            }
            region.accessible += more;
        }
        lo + pages - size
    }

    pub(super) fn make_inaccessible(stack: Stack) {
        let lo = stack.lo & !(PAGE - 1);
        let pages = stack.hi() - lo;
        let mut region = CURRENT.lock();
        region.holes += 1;
        if region.holes.is_multiple_of(MAX_HOLES) {
            region.count_holes();
        }
        // SAFETY: the pages were handed out by `map` for this stack alone; a new mapping in their place gives the memory
        // back. With too many holes the old stack stays accessible, all zero.
        unsafe {
            if region.holes < MAX_HOLES {
                libc::mmap(
                    lo as *mut libc::c_void,
                    pages,
                    libc::PROT_NONE,
                    libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED,
                    -1,
                    0,
                );
            } else {
                libc::madvise(lo as *mut libc::c_void, pages, libc::MADV_DONTNEED);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stacks_in_use_are_disjoint() {
        let mut pool = PerP::default();
        let mut stacks: Vec<Stack> = (0..300)
            .map(|i| pool.new_stack(STACK_MIN << (i % 6)))
            .collect();
        stacks.sort_by_key(|stack| stack.lo);
        assert!(stacks.windows(2).all(|pair| pair[0].hi() <= pair[1].lo));
        for stack in stacks {
            pool.free_stack(stack);
        }
        assert!(pool.0.iter().all(|list| list.len <= P_KEEPS));
    }
}
