//! The heap and the collector without a scheduler: caches, roots and cycles made by hand.
//!
//! These tests share one heap and free what is not rooted, so they take turns and have a process of their own.

use std::collections::HashSet;
use std::sync::{Mutex, MutexGuard};

use mini_abi::types::{Kind, Str, TypeDesc};
use mini_runtime::gc::{self, mark::Roots};
use mini_runtime::heap::cache::Outcome;
use mini_runtime::heap::{HEAP_LIVE, PerP, central, find_object, release_free_memory, stats};

static TURN: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    gc::init();
    TURN.lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A type of `words` words of which `pointers` (one bit each) are pointers.
fn type_of(words: usize, pointers: u64) -> &'static TypeDesc {
    let bitmap: &'static mut [u8] = Box::leak(vec![0; words.div_ceil(8).max(8)].into_boxed_slice());
    bitmap[..8].copy_from_slice(&pointers.to_le_bytes());
    Box::leak(Box::new(TypeDesc {
        pointer_bytes: (64 - pointers.leading_zeros() as usize) * 8,
        pointer_bitmap: bitmap.as_ptr(),
        bitmap_words: words,
        name: Str::from_static("T"),
        ..TypeDesc::bare(Kind::Struct, words * 8, 8)
    }))
}

struct Words(Vec<usize>);

impl Roots for Words {
    fn n_parts(&self) -> usize {
        self.0.len()
    }
    fn scan_part(&self, part: usize, visit: &mut dyn FnMut(usize)) {
        visit(self.0[part]);
    }
}

fn collect(parts: &mut [&mut PerP], roots: &[usize], n_workers: usize) {
    for part in parts {
        stats::flush_one(part);
    }
    gc::collect_stopped(&Words(roots.to_vec()), n_workers);
}

fn new(part: &mut PerP, ty: &'static TypeDesc) -> *mut usize {
    let cache = part.cache();
    let object = match cache.try_new_object(ty) {
        Some(object) => object,
        None => cache.new_object(ty, &mut Outcome::Done),
    };
    object.cast()
}

#[test]
fn objects_are_zeroed_distinct_and_found_from_inside() {
    let _turn = turn();
    let mut part = PerP::default();
    for words in [1, 2, 3, 5, 7, 8, 11, 40, 64] {
        let ty = type_of(words, 1);
        let mut seen = HashSet::new();
        for _ in 0..3000 {
            let object = new(&mut part, ty);
            assert!(seen.insert(object));
            for word in 0..words {
                // SAFETY: a word of a fresh object.
                unsafe {
                    assert_eq!(*object.add(word), 0);
                    *object.add(word) = usize::MAX;
                }
            }
            let found = find_object(object.addr() + words * 8 - 1).unwrap();
            assert_eq!(found.span.object(found.index), object.addr());
            // SAFETY: as above; a stale word must not be followed by a later collection.
            unsafe { object.write_bytes(0, words) };
        }
    }
    stats::flush_one(&mut part);
}

#[test]
fn a_cycle_keeps_what_is_reachable_and_frees_the_rest() {
    let _turn = turn();
    let mut part = PerP::default();
    // {next *T; value int}
    let ty = type_of(2, 0b01);
    let mut head = std::ptr::null_mut::<usize>();
    for value in 0..20_000 {
        new(&mut part, ty);
        let node = new(&mut part, ty);
        // SAFETY: a fresh object of two words.
        unsafe {
            *node = head.addr();
            *node.add(1) = value;
        }
        head = node;
    }
    for n_workers in [1, 2] {
        collect(&mut [&mut part], &[head.addr() + 8], n_workers);
        central::finish_sweep();
        assert_eq!(
            HEAP_LIVE.load(std::sync::atomic::Ordering::Relaxed),
            20_000 * 16
        );
        let (mut node, mut n) = (head, 20_000);
        while !node.is_null() {
            n -= 1;
            // SAFETY: the list is reachable.
            unsafe {
                assert_eq!(*node.add(1), n);
                node = std::ptr::with_exposed_provenance_mut(*node);
            }
        }
        assert_eq!(n, 0);
        assert_eq!(stats::read().heap_objects, 20_000);
        // What was freed is used again, zeroed.
        for _ in 0..5000 {
            // SAFETY: a fresh object.
            assert_eq!(unsafe { *new(&mut part, ty).add(1) }, 0);
        }
    }
    collect(&mut [&mut part], &[], 1);
    central::finish_sweep();
    assert_eq!(stats::read().heap_objects, 0);
    assert_eq!(stats::read().alloc, 0);
}

#[test]
fn typed_and_large_objects_are_scanned_precisely() {
    let _turn = turn();
    let mut part = PerP::default();
    let leaf = type_of(4, 0b1000);
    // Pairs {int, *leaf}.
    let pair = type_of(2, 0b10);
    for n in [20, 100, 1000, 3000, 100_000] {
        let array = part
            .cache()
            .new_array(pair, n, &mut Outcome::Done)
            .cast::<usize>();
        let mut leaves = Vec::new();
        for i in 0..n {
            let (kept, dropped) = (new(&mut part, leaf), new(&mut part, leaf));
            // SAFETY: inside the array.
            unsafe {
                *array.add(2 * i) = dropped.addr();
                *array.add(2 * i + 1) = kept.addr();
            }
            leaves.push((kept.addr(), dropped.addr()));
        }
        for n_workers in [1, 2] {
            collect(&mut [&mut part], &[array.addr()], n_workers);
            central::finish_sweep();
            assert_eq!(stats::read().heap_objects as usize, n + 1);
            for &(kept, dropped) in &leaves {
                assert!(find_object(kept).is_some() && find_object(dropped).is_none());
            }
        }
        collect(&mut [&mut part], &[], 1);
        central::finish_sweep();
        assert_eq!(stats::read().heap_objects, 0);
    }
}

#[test]
fn types_of_more_than_64_words_are_scanned_by_their_bitmap() {
    let _turn = turn();
    let mut part = PerP::default();
    let leaf = type_of(4, 0b1000);
    let mut ty = std::mem::ManuallyDrop::new(type_of(64, 1));
    let bitmap: &'static mut [u8] = Box::leak(vec![0; 13].into_boxed_slice());
    bitmap[0] = 0b10;
    bitmap[12] = 0b1000;
    // SAFETY: a copy of a plain descriptor.
    let mut wide = unsafe { std::ptr::read(*ty) };
    (wide.size, wide.bitmap_words, wide.pointer_bytes) = (800, 100, 800);
    wide.pointer_bitmap = bitmap.as_ptr();
    *ty = Box::leak(Box::new(wide));
    let object = new(&mut part, &ty);
    let leaves: Vec<_> = (0..100).map(|_| new(&mut part, leaf)).collect();
    for (word, leaf) in leaves.iter().enumerate() {
        // SAFETY: inside the object.
        unsafe { *object.add(word) = leaf.addr() };
    }
    collect(&mut [&mut part], &[object.addr()], 1);
    central::finish_sweep();
    for (word, leaf) in leaves.iter().enumerate() {
        assert_eq!(
            find_object(leaf.addr()).is_some(),
            word == 1 || word == 99,
            "{word}"
        );
    }
    collect(&mut [&mut part], &[], 1);
}

#[test]
fn tiny_values_share_blocks_and_are_counted() {
    let _turn = turn();
    let mut part = PerP::default();
    collect(&mut [&mut part], &[], 1);
    let before = stats::read();
    let mut addresses = HashSet::new();
    for i in 0..1000u32 {
        let place = part
            .cache()
            .new_noscan(4, 4, true, &mut Outcome::Done)
            .cast::<u32>();
        // SAFETY: four fresh bytes.
        unsafe {
            assert_eq!(*place, 0);
            *place = i;
        }
        assert!(addresses.insert(place));
    }
    stats::flush_one(&mut part);
    let after = stats::read();
    assert_eq!(after.mallocs - before.mallocs, 1000);
    assert_eq!(after.total_alloc - before.total_alloc, 250 * 16);
    collect(&mut [&mut part], &[], 1);
}

#[test]
fn caches_of_several_threads_never_hand_out_the_same_slot() {
    let _turn = turn();
    let types = [type_of(2, 1), type_of(2, 2), type_of(6, 5)];
    let threads: Vec<_> = (0..4)
        .map(|_| {
            std::thread::spawn(move || {
                let mut part = PerP::default();
                let mut mine = Vec::new();
                for i in 0..30_000 {
                    mine.push(new(&mut part, types[i % 3]).addr());
                }
                stats::flush_one(&mut part);
                mine
            })
        })
        .collect();
    let all: Vec<_> = threads
        .into_iter()
        .flat_map(|t| t.join().unwrap())
        .collect();
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), all.len());
    collect(&mut [], &[], 2);
    central::finish_sweep();
    assert_eq!(stats::read().heap_objects, 0);
}

#[test]
fn released_memory_is_zero_and_usable() {
    let _turn = turn();
    let mut part = PerP::default();
    for round in 0..3 {
        let size = 3 << 20;
        let place = part.cache().new_noscan(size, 8, true, &mut Outcome::Done);
        // SAFETY: the bytes of the object.
        unsafe {
            assert!((0..size).step_by(4096).all(|i| *place.add(i) == 0));
            place.write_bytes(round + 1, size);
        }
        collect(&mut [&mut part], &[], 1);
        central::finish_sweep();
        if round == 1 {
            assert!(release_free_memory() >= size);
        }
    }
}

#[test]
fn maps_live_through_collections() {
    use mini_runtime::heap::testing;
    let _turn = turn();
    gc::configure(|pacer| pacer.set_percent(-1));
    let g = testing::goroutine();
    let text = testing::string();
    let ty = testing::map(text, testing::array(20));
    // SAFETY: the goroutine is this thread's; keys are strings, values are arrays.
    unsafe {
        let map = mini_runtime::map::make(g, ty, 0);
        for n in 0..3000u64 {
            let key = mini_runtime::string::new(g, format!("key number {n}").as_bytes());
            let value = mini_runtime::map::set_string(g, map, key).cast::<[u64; 20]>();
            *value = [n; 20];
            if n % 500 == 499 {
                collect(&mut [testing::part(g)], &[map.addr()], 1);
                central::finish_sweep();
            }
        }
        for n in 0..3000u64 {
            let name = format!("key number {n}");
            let key = Str {
                ptr: name.as_ptr(),
                len: name.len(),
            };
            let value = mini_runtime::map::get_string(g, ty, map, key).cast::<[u64; 20]>();
            assert_eq!(*value, [n; 20]);
        }
        // The map, its table, and a key and a value for each entry.
        assert_eq!(stats::read().heap_objects, 2 + 2 * 3000);
        collect(&mut [testing::part(g)], &[], 1);
    }
    central::finish_sweep();
    assert_eq!(stats::read().heap_objects, 0);
}

/// Threads build lists of numbered nodes, stop together for a cycle, and go on while the spans are swept by whoever
/// needs one.
#[test]
fn threads_allocate_and_sweep_side_by_side() {
    use std::sync::Barrier;
    const N_THREADS: usize = 4;
    const N_ROUNDS: usize = 12;
    let _turn = turn();
    gc::configure(|pacer| pacer.set_percent(-1));
    // {number; next *T; spare ...}, of several shapes and sizes.
    let types = [(2, 0b10), (3, 0b10), (8, 0b1000_0010), (70, 0b10)]
        .map(|(words, mask)| type_of(words, mask));
    let barrier = Barrier::new(N_THREADS);
    let roots = Mutex::new(Vec::new());
    let run = |thread: usize| {
        let mut part = PerP::default();
        let mut lists: Vec<(*mut usize, usize)> = Vec::new();
        for round in 0..N_ROUNDS {
            for list in 0..20 {
                let mut head = std::ptr::null_mut::<usize>();
                let len = 50 + (list * 37 + round * 11 + thread) % 400;
                for number in 0..len {
                    new(&mut part, types[(number + 1) % 4]);
                    let node = new(&mut part, types[(number + list) % 4]);
                    // SAFETY: a fresh node of at least two words.
                    unsafe {
                        assert_eq!((*node, *node.add(1)), (0, 0));
                        *node = number;
                        *node.add(1) = head.expose_provenance();
                    }
                    head = node;
                }
                lists.push((head, len));
            }
            let n_kept = lists.len() * 2 / 3;
            lists.rotate_left(thread + 1);
            lists.truncate(n_kept);
            stats::flush_one(&mut part);
            roots
                .lock()
                .unwrap()
                .extend(lists.iter().map(|list| list.0.addr()));
            if barrier.wait().is_leader() {
                gc::collect_stopped(&Words(std::mem::take(&mut roots.lock().unwrap())), 2);
            }
            barrier.wait();
            for &(head, len) in &lists {
                let (mut node, mut n) = (head, len);
                while !node.is_null() {
                    n -= 1;
                    // SAFETY: the list was a root.
                    unsafe {
                        assert_eq!(*node, n);
                        node = std::ptr::with_exposed_provenance_mut(*node.add(1));
                    }
                }
                assert_eq!(n, 0);
            }
        }
        stats::flush_one(&mut part);
    };
    std::thread::scope(|scope| {
        for thread in 0..N_THREADS {
            let run = &run;
            scope.spawn(move || run(thread));
        }
    });
    collect(&mut [], &[], 1);
    central::finish_sweep();
    assert_eq!(stats::read().heap_objects, 0);
}

#[test]
fn the_barrier_keeps_what_is_overwritten_and_what_is_stored() {
    use mini_runtime::gc::{Phase, barrier, set_phase};
    use mini_runtime::heap::testing;
    let _turn = turn();
    gc::configure(|pacer| pacer.set_percent(-1));
    let g = testing::goroutine();
    let ty = type_of(3, 0b011);
    // SAFETY: the goroutine is this thread's, the objects have three words.
    unsafe {
        let [holder, old, new_value, below, dropped] =
            std::array::from_fn(|_| mini_runtime::heap::new_object(g, ty).cast::<*mut u8>());
        *holder = old.cast();
        *old = below.cast();
        stats::flush_one(testing::part(g));
        set_phase(Phase::Mark);
        barrier::store(g, holder, new_value.cast());
        let born_black = mini_runtime::heap::new_object(g, ty);
        assert_eq!(*holder, new_value.cast());
        // No roots: what survives does so by the barrier, or because it is new.
        collect(&mut [testing::part(g)], &[], 1);
        central::finish_sweep();
        for kept in [old, new_value, below, born_black.cast()] {
            assert!(find_object(kept.addr()).is_some());
        }
        for gone in [holder, dropped] {
            assert!(find_object(gone.addr()).is_none());
        }
    }
    collect(&mut [], &[], 1);
    central::finish_sweep();
    assert_eq!(stats::read().heap_objects, 0);
}
