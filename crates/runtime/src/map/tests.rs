//! Maps against the standard library's, and the rules of iteration.

use std::collections::{HashMap, HashSet};

use mini_abi::types::{Iface, Kind, MapIter, Str, TypeDesc};

use super::*;
use crate::heap::testing::{self, any, array, goroutine, number, string};

/// A goroutine, with collections off: nothing here is rooted.
fn start() -> *mut G {
    gc::configure(|pacer| pacer.set_percent(-1));
    goroutine()
}

fn new_map(g: *mut G, key: &'static TypeDesc, value: &'static TypeDesc, hint: i64) -> *mut u8 {
    // SAFETY: the goroutine is this thread's.
    unsafe { make(g, testing::map(key, value), hint) }
}

struct Walk {
    iter: MapIter,
}

impl Walk {
    fn new(map: *mut u8) -> Self {
        let mut walk = Walk {
            // SAFETY: pointers and integers may be zero.
            iter: unsafe { std::mem::zeroed() },
        };
        // SAFETY: a map and a zeroed iterator.
        unsafe { iter::init(map, &mut walk.iter) };
        walk
    }
    /// Key and value as eight bytes each.
    fn next(&mut self) -> Option<(u64, u64)> {
        if self.iter.key.is_null() {
            return None;
        }
        // SAFETY: the entry of a map with such keys and values.
        let entry = unsafe { (*self.iter.key.cast::<u64>(), *self.iter.value.cast::<u64>()) };
        // SAFETY: begun above.
        unsafe { iter::next(&mut self.iter) };
        Some(entry)
    }
}

fn count(map: *mut u8) -> usize {
    // SAFETY: a map.
    unsafe { (*map.cast::<Map>()).count }
}

/// The same random operations on a map of ours and one of std's; `key_of` makes the key in memory.
fn compare_with_std<K>(
    key_type: &'static TypeDesc,
    value_type: &'static TypeDesc,
    n_keys: u64,
    key_of: impl Fn(u64) -> K,
) {
    let g = start();
    let map_type = testing::map(key_type, value_type);
    // SAFETY: keys and values are what the types say; the goroutine is this thread's.
    unsafe {
        let map = make(g, map_type, 0);
        let mut model = HashMap::new();
        for step in 0..40_000u64 {
            let random = hash::random();
            let (number, operation) = (random % n_keys, random >> 40 & 7);
            let key = key_of(number);
            let address = (&raw const key).cast();
            match operation {
                0..=3 => {
                    let value = set_any(g, map, address).cast::<u64>();
                    let old = model.insert(number, step);
                    assert_eq!(*value, old.unwrap_or(0), "a new value is zero");
                    *value = step;
                }
                4..=6 => {
                    delete(g, map_type, map, address);
                    model.remove(&number);
                }
                _ if step % 5000 == 7 => {
                    clear(g, map);
                    model.clear();
                }
                _ => {
                    let value = get_any(g, map_type, map, address).cast::<u64>();
                    assert_eq!(value.as_ref(), model.get(&number));
                }
            }
            assert_eq!(count(map), model.len());
            if step % 1000 == 0 {
                for number in 0..n_keys {
                    let key = key_of(number);
                    let value = get_any(g, map_type, map, (&raw const key).cast()).cast::<u64>();
                    assert_eq!(value.as_ref(), model.get(&number));
                }
                let mut walk = Walk::new(map);
                let mut values = HashSet::new();
                while !walk.iter.key.is_null() {
                    assert!(values.insert(*walk.iter.value.cast::<u64>()));
                    iter::next(&mut walk.iter);
                }
                assert_eq!(values, model.values().copied().collect());
            }
        }
    }
}

#[test]
fn integer_keys_behave_as_in_std() {
    let (int64, int32) = (number(Kind::Int64, 8), number(Kind::Int32, 4));
    for n_keys in [6, 12, 300, 5000] {
        compare_with_std(int64, int64, n_keys, |n| n);
        compare_with_std(int32, int64, n_keys, |n| n as u32);
    }
    compare_with_std(number(Kind::Uint16, 2), int64, 300, |n| n as u16);
    compare_with_std(number(Kind::Uint8, 1), int64, 250, |n| n as u8);
}

#[test]
fn string_keys_behave_as_in_std() {
    let texts: Vec<String> = (0..3000)
        .map(|n| format!("{n}{}", "x".repeat(n % 40)))
        .collect();
    for n_keys in [6, 3000] {
        compare_with_std(string(), number(Kind::Int64, 8), n_keys, |n| {
            let text = texts[n as usize].as_bytes();
            Str {
                ptr: text.as_ptr(),
                len: text.len(),
            }
        });
    }
}

#[test]
fn large_keys_and_values_behave_as_in_std() {
    compare_with_std(array(17), number(Kind::Int64, 8), 400, |n| [n; 17]);
    compare_with_std(array(3), array(40), 400, |n| [n, 7, n]);
}

#[test]
fn interface_and_struct_keys_behave_as_in_std() {
    let (int, text) = (number(Kind::Int, 8), string());
    let numbers: &'static [u64] = Vec::leak((0..500).collect());
    compare_with_std(any(), int, 500, |n| Iface {
        word: std::ptr::from_ref(int).cast(),
        data: (&raw const numbers[n as usize]).cast_mut().cast(),
    });
    let pair = testing::structure(&[("a", int), ("_", int), ("s", text)]);
    // The blank field differs and does not count.
    compare_with_std(pair, int, 500, |n| {
        (n, hash::random(), Str::from_static("tail"))
    });
}

#[test]
fn zeros_are_one_key_and_each_nan_is_another() {
    let g = start();
    let (float, int) = (number(Kind::Float64, 8), number(Kind::Int, 8));
    let map_type = testing::map(float, int);
    // SAFETY: keys and values are what the types say; the goroutine is this thread's.
    unsafe {
        let map = make(g, map_type, 0);
        for (key, value) in [(0.0f64, 1u64), (-0.0, 2), (f64::NAN, 3), (f64::NAN, 4)] {
            *set_any(g, map, (&raw const key).cast()).cast::<u64>() = value;
        }
        assert_eq!(count(map), 3);
        let nan = f64::NAN;
        assert!(get_any(g, map_type, map, (&raw const nan).cast()).is_null());
        let mut values: Vec<_> = std::iter::from_fn({
            let mut walk = Walk::new(map);
            move || walk.next()
        })
        .collect();
        values.sort_by_key(|entry| entry.1);
        assert_eq!(
            values.iter().map(|entry| entry.1).collect::<Vec<_>>(),
            [2, 3, 4]
        );
        // The key was updated to the zero stored last.
        assert_eq!(values[0].0, (-0.0f64).to_bits());
        clear(g, map);
        assert_eq!(count(map), 0);
        assert!(Walk::new(map).next().is_none());
    }
}

#[test]
fn a_walk_sees_each_entry_once_while_the_map_grows_and_shrinks() {
    let g = start();
    let int = number(Kind::Int, 8);
    for n_entries in [1, 5, 8, 9, 100, 1000] {
        for _ in 0..20 {
            let map = new_map(g, int, int, 0);
            // SAFETY: keys and values are integers; the goroutine is this thread's.
            unsafe {
                let map_type = testing::map(int, int);
                for key in 0..n_entries {
                    *set_64(g, map, key).cast::<u64>() = key;
                }
                let (mut seen, mut deleted) = (HashSet::new(), HashSet::new());
                let mut walk = Walk::new(map);
                let mut next_new = 1_000_000;
                while let Some((key, _)) = walk_and_check(&mut walk, &mut seen, &deleted) {
                    // Adds entries, and deletes the one that was just seen and another.
                    for _ in 0..3 {
                        if next_new < 1_000_000 + 4 * n_entries {
                            set_64(g, map, next_new);
                            next_new += 1;
                        }
                    }
                    for victim in [key, hash::random() % n_entries] {
                        delete(g, map_type, map, (&raw const victim).cast());
                        deleted.insert(victim);
                    }
                }
                let missing =
                    (0..n_entries).filter(|key| !seen.contains(key) && !deleted.contains(key));
                assert_eq!(missing.count(), 0);
            }
        }
    }
}

/// The current entry, which must not have been seen or deleted before; then goes on.
fn walk_and_check(
    walk: &mut Walk,
    seen: &mut HashSet<u64>,
    deleted: &HashSet<u64>,
) -> Option<(u64, u64)> {
    if !std::mem::replace(&mut walk.iter.state[5], 1).eq(&0) {
        // SAFETY: begun by `Walk::new`; the step comes after what the loop's body did.
        unsafe { iter::next(&mut walk.iter) };
    }
    if walk.iter.key.is_null() {
        return None;
    }
    // SAFETY: an entry of integers.
    let entry = unsafe { (*walk.iter.key.cast::<u64>(), *walk.iter.value.cast::<u64>()) };
    assert!(!deleted.contains(&entry.0), "deleted");
    assert!(seen.insert(entry.0), "seen before");
    Some(entry)
}

#[test]
fn a_walk_ends_after_clear_even_in_an_old_table() {
    let g = start();
    let int = number(Kind::Int, 8);
    for grows in [false, true] {
        let map = new_map(g, int, int, 0);
        // SAFETY: keys and values are integers; the goroutine is this thread's.
        unsafe {
            for key in 0..8 {
                set_64(g, map, key);
            }
            let mut walk = Walk::new(map);
            if grows {
                for key in 8..100 {
                    set_64(g, map, key);
                }
            }
            clear(g, map);
            iter::next(&mut walk.iter);
            assert!(walk.iter.key.is_null());
        }
    }
}

#[test]
fn walks_begin_anywhere() {
    let g = start();
    let int = number(Kind::Int, 8);
    for n_entries in [4, 50] {
        let map = new_map(g, int, int, 0);
        for key in 0..n_entries {
            // SAFETY: keys and values are integers; the goroutine is this thread's.
            unsafe { set_64(g, map, key) };
        }
        let firsts: HashSet<_> = (0..2000).filter_map(|_| Walk::new(map).next()).collect();
        assert_eq!(firsts.len() as u64, n_entries);
    }
}

#[test]
fn sets_have_no_room_for_values_and_hints_avoid_growing() {
    let g = start();
    let int = number(Kind::Int, 8);
    let nothing = testing::leak(TypeDesc {
        size: 0,
        align: 1,
        ..testing::words(1, 0)
    });
    let map = new_map(g, int, nothing, 1000);
    // SAFETY: keys are integers; the goroutine is this thread's.
    unsafe {
        let table = (*map.cast::<Map>()).groups;
        for key in 0..1000 {
            assert!(!set_64(g, map, key).is_null());
        }
        assert_eq!((*map.cast::<Map>()).groups, table);
        assert_eq!((*map.cast::<Map>()).info.slot_size, 8);
    }
}
