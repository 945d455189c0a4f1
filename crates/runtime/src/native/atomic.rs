//! Natives of package `sync/atomic`.
//!
//! Code generation makes instructions of these; the natives behind them serve calls through function values.

use std::sync::atomic::{AtomicI32, AtomicU32, AtomicU64, Ordering::SeqCst};

use super::call::{Call, natives};

natives! {
    "atomic.LoadInt32" => |c: &mut Call| load_i32(c);
    "atomic.StoreInt32" => |c: &mut Call| store_i32(c);
    "atomic.AddInt32" => |c: &mut Call| add_i32(c);
    "atomic.SwapInt32" => |c: &mut Call| swap_i32(c);
    "atomic.CompareAndSwapInt32" => |c: &mut Call| compare_and_swap_i32(c);
    "atomic.AndInt32" => |c: &mut Call| and_i32(c);
    "atomic.OrInt32" => |c: &mut Call| or_i32(c);
    "atomic.LoadInt64" => |c: &mut Call| load_64(c);
    "atomic.StoreInt64" => |c: &mut Call| store_64(c);
    "atomic.AddInt64" => |c: &mut Call| add_64(c);
    "atomic.SwapInt64" => |c: &mut Call| swap_64(c);
    "atomic.CompareAndSwapInt64" => |c: &mut Call| compare_and_swap_64(c);
    "atomic.AndInt64" => |c: &mut Call| and_64(c);
    "atomic.OrInt64" => |c: &mut Call| or_64(c);
    "atomic.LoadUint32" => |c: &mut Call| load_32(c);
    "atomic.StoreUint32" => |c: &mut Call| store_32(c);
    "atomic.AddUint32" => |c: &mut Call| add_32(c);
    "atomic.SwapUint32" => |c: &mut Call| swap_32(c);
    "atomic.CompareAndSwapUint32" => |c: &mut Call| compare_and_swap_32(c);
    "atomic.AndUint32" => |c: &mut Call| and_32(c);
    "atomic.OrUint32" => |c: &mut Call| or_32(c);
    "atomic.LoadUint64" => |c: &mut Call| load_64(c);
    "atomic.StoreUint64" => |c: &mut Call| store_64(c);
    "atomic.AddUint64" => |c: &mut Call| add_64(c);
    "atomic.SwapUint64" => |c: &mut Call| swap_64(c);
    "atomic.CompareAndSwapUint64" => |c: &mut Call| compare_and_swap_64(c);
    "atomic.AndUint64" => |c: &mut Call| and_64(c);
    "atomic.OrUint64" => |c: &mut Call| or_64(c);
    "atomic.LoadUintptr" => |c: &mut Call| load_64(c);
    "atomic.StoreUintptr" => |c: &mut Call| store_64(c);
    "atomic.AddUintptr" => |c: &mut Call| add_64(c);
    "atomic.SwapUintptr" => |c: &mut Call| swap_64(c);
    "atomic.CompareAndSwapUintptr" => |c: &mut Call| compare_and_swap_64(c);
    "atomic.AndUintptr" => |c: &mut Call| and_64(c);
    "atomic.OrUintptr" => |c: &mut Call| or_64(c);
}

macro_rules! operations {
    ($atomic:ty, $word:ty, $wide:ty, $at:ident, $load:ident, $store:ident, $add:ident, $swap:ident, $cas:ident, $and:ident, $or:ident) => {
        fn $at<'a>(call: &Call<'a>) -> &'a $atomic {
            let pointer = call.pointer(0).cast::<$word>();
            if pointer.is_null() {
                // Go faults here; the null pointer is caught the same way.
                super::raise_nil(call);
                static NOWHERE: $atomic = <$atomic>::new(0);
                return &NOWHERE;
            }
            // SAFETY: the first argument points at a word of this size, which is alive during the call; all use of it
            // at the same time is atomic, or the program has a race.
            unsafe { <$atomic>::from_ptr(pointer) }
        }

        fn $load(call: &mut Call) {
            let value = $at(call).load(SeqCst);
            call.ret(0, value as $wide as u64);
        }

        fn $store(call: &mut Call) {
            $at(call).store(call.word(1) as $word, SeqCst);
        }

        fn $add(call: &mut Call) {
            let delta = call.word(1) as $word;
            let value = $at(call).fetch_add(delta, SeqCst).wrapping_add(delta);
            call.ret(0, value as $wide as u64);
        }

        fn $swap(call: &mut Call) {
            let value = $at(call).swap(call.word(1) as $word, SeqCst);
            call.ret(0, value as $wide as u64);
        }

        fn $cas(call: &mut Call) {
            let (old, new) = (call.word(1) as $word, call.word(2) as $word);
            let done = $at(call).compare_exchange(old, new, SeqCst, SeqCst).is_ok();
            call.ret_bool(0, done);
        }

        fn $and(call: &mut Call) {
            let value = $at(call).fetch_and(call.word(1) as $word, SeqCst);
            call.ret(0, value as $wide as u64);
        }

        fn $or(call: &mut Call) {
            let value = $at(call).fetch_or(call.word(1) as $word, SeqCst);
            call.ret(0, value as $wide as u64);
        }
    };
}

operations!(
    AtomicI32,
    i32,
    i64,
    at_i32,
    load_i32,
    store_i32,
    add_i32,
    swap_i32,
    compare_and_swap_i32,
    and_i32,
    or_i32
);
operations!(
    AtomicU32,
    u32,
    u64,
    at_32,
    load_32,
    store_32,
    add_32,
    swap_32,
    compare_and_swap_32,
    and_32,
    or_32
);
operations!(
    AtomicU64,
    u64,
    u64,
    at_64,
    load_64,
    store_64,
    add_64,
    swap_64,
    compare_and_swap_64,
    and_64,
    or_64
);
