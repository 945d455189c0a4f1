//! Times allocation, maps and marking, for a look before and after a change. Prints ns per operation.

use std::hint::black_box;
use std::time::Instant;

use mini_abi::types::{Kind, Str};
use mini_runtime::builtins::heap as builtins;
use mini_runtime::g::G;
use mini_runtime::gc::{self, mark::Roots};
use mini_runtime::heap::{central, stats, testing};

struct Words(Vec<usize>);

impl Roots for Words {
    fn n_parts(&self) -> usize {
        self.0.len()
    }
    fn scan_part(&self, part: usize, visit: &mut dyn FnMut(usize)) {
        visit(self.0[part]);
    }
}

fn time(name: &str, n: usize, mut run: impl FnMut()) {
    let mut best = f64::MAX;
    for _ in 0..5 {
        let begin = Instant::now();
        run();
        best = best.min(begin.elapsed().as_secs_f64());
    }
    println!("{name:32} {:8.2} ns", best * 1e9 / n as f64);
}

fn collect(g: *mut G, roots: Vec<usize>, n_workers: usize) -> gc::Report {
    // SAFETY: nothing is allocated meanwhile.
    stats::flush_one(unsafe { testing::part(g) });
    gc::collect_stopped(&Words(roots), n_workers)
}

fn main() {
    gc::configure(|pacer| pacer.set_percent(-1));
    let g = testing::goroutine();
    let header = g.cast();
    let n = 100_000;
    for (name, words, mask) in [
        ("new 16 B noscan", 2, 0),
        ("new 16 B pointers", 2, 1),
        ("new 24 B pointers", 3, 0b101),
        ("new 64 B pointers", 8, 0b101),
        ("new 128 B pointers", 16, 0b101),
    ] {
        let ty = testing::leak(testing::words(words, mask));
        time(name, n, || {
            for _ in 0..n {
                // SAFETY: the goroutine is this thread's.
                black_box(unsafe { builtins::new_object(header, ty) });
            }
            collect(g, vec![], 1);
        });
    }
    let int = testing::number(Kind::Int, 8);
    time("new 8 B noscan (tiny)", n, || {
        for _ in 0..n {
            // SAFETY: the goroutine is this thread's.
            black_box(unsafe { builtins::new_object(header, int) });
        }
        collect(g, vec![], 1);
    });

    let texts: Vec<String> = (0..1_000_000).map(|i| format!("key{i}")).collect();
    for n_keys in [8usize, 100, 10_000, 1_000_000] {
        let ty = testing::map(int, int);
        let n = 1_000_000.max(n_keys);
        let keys: Vec<u64> = (0..n)
            .map(|i| (i.wrapping_mul(0x9e37_79b1) % n_keys) as u64)
            .collect();
        // SAFETY: maps of integers and strings as the types say.
        unsafe {
            let map = builtins::make_map(header, ty, 0);
            time(&format!("map[int]int insert {n_keys}"), n_keys, || {
                builtins::map_clear(header, ty, map);
                for key in 0..n_keys as u64 {
                    *builtins::map_set_64(header, ty, map, key).cast::<u64>() = key;
                }
            });
            time(&format!("map[int]int grow {n_keys}"), n_keys, || {
                let map = builtins::make_map(header, ty, 0);
                for key in 0..n_keys as u64 {
                    *builtins::map_set_64(header, ty, map, key).cast::<u64>() = key;
                }
            });
            time(&format!("map[int]int get {n_keys}"), n, || {
                for &key in &keys {
                    black_box(builtins::map_get_64(header, ty, map, key));
                }
            });
            time(&format!("map[int]int range {n_keys}"), n_keys, || {
                let mut iter: mini_abi::types::MapIter = std::mem::zeroed();
                builtins::map_iter_init(header, ty, map, &mut iter);
                while !iter.key.is_null() {
                    black_box(iter.value);
                    builtins::map_iter_next(header, &mut iter);
                }
            });
            let ty = testing::map(testing::string(), int);
            let map = builtins::make_map(header, ty, 0);
            for text in &texts[..n_keys] {
                builtins::map_set_string(header, ty, map, text.as_ptr(), text.len());
            }
            time(&format!("map[string]int get {n_keys}"), n, || {
                for &key in &keys {
                    let text = &texts[key as usize];
                    black_box(builtins::map_get_string(
                        header,
                        ty,
                        map,
                        text.as_ptr(),
                        text.len(),
                    ));
                }
            });
        }
        collect(g, vec![], 1);
    }
    let a = Str::from_static("hello, ");
    let b = Str::from_static("world and all");
    time("concat 20 B", n, || {
        for _ in 0..n {
            let parts = [a, b];
            // SAFETY: two strings.
            black_box(unsafe {
                builtins::concat_strings(header, parts.as_ptr(), 2, std::ptr::null_mut())
            });
        }
        collect(g, vec![], 1);
    });

    // A binary tree of 2^20 - 1 nodes {left, right *T; int}.
    let node = testing::leak(testing::words(3, 0b011));
    fn tree(g: *mut G, ty: &'static mini_abi::types::TypeDesc, depth: u32) -> *mut usize {
        // SAFETY: the goroutine is this thread's; a node has three words.
        unsafe {
            let node = builtins::new_object(g.cast(), ty).cast::<usize>();
            if depth > 0 {
                *node = tree(g, ty, depth - 1).expose_provenance();
                *node.add(1) = tree(g, ty, depth - 1).expose_provenance();
            }
            node
        }
    }
    let n_nodes = (1 << 20) - 1;
    let begin = Instant::now();
    let root = tree(g, node, 19).expose_provenance();
    println!(
        "{:32} {:8.2} ns",
        "tree: allocate a node",
        begin.elapsed().as_secs_f64() * 1e9 / n_nodes as f64
    );
    for n_workers in [1, 2] {
        let cpu = || {
            // SAFETY: a plain system call that fills the struct.
            unsafe {
                let mut time = std::mem::zeroed::<libc::timespec>();
                libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time);
                time.tv_sec as f64 * 1e9 + time.tv_nsec as f64
            }
        };
        let begin = cpu();
        time(
            &format!("tree: mark a node, {n_workers} workers"),
            n_nodes,
            || {
                collect(g, vec![root], n_workers);
                central::finish_sweep();
            },
        );
        println!(
            "{:32} {:8.2} ns",
            "  in CPU time",
            (cpu() - begin) / 5.0 / n_nodes as f64
        );
    }

    // Two million nodes, each pointing at two others anywhere.
    let n_nodes = 2_000_000;
    let mut random = 1u64;
    // SAFETY: the goroutine is this thread's; a node has three words, the table has room.
    let table = unsafe {
        let pointer = testing::leak(testing::words(1, 1));
        let table = mini_runtime::heap::new_array(g, pointer, n_nodes).cast::<*mut usize>();
        for i in 0..n_nodes {
            *table.add(i) = builtins::new_object(header, node).cast();
        }
        for i in 0..n_nodes {
            for field in 0..2 {
                random = random
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(1);
                let other = (random >> 33) as usize % n_nodes;
                *(*table.add(i)).add(field) = (*table.add(other)).expose_provenance();
            }
        }
        (*table).expose_provenance()
    };
    for n_workers in [1, 2] {
        time(
            &format!("graph: mark a node, {n_workers} workers"),
            n_nodes,
            || {
                collect(g, vec![table], n_workers);
                central::finish_sweep();
            },
        );
    }
}
