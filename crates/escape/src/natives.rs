//! What functions without a body do with their pointers.
//!
//! A native reads and writes memory through its arguments while it runs and forgets them when it returns; a result with
//! pointers may be a part of any argument. The table holds the exceptions: natives that keep a pointer, or store one in
//! memory that another argument points to.

use crate::leaks::{FuncTags, Leaks};
use mini_mir::{FuncId, Program, TyKind};

/// Natives that keep arguments: name and which parameters (bit i: parameter i).
///
/// * The semaphores know their waiters by the address of the word, which must not move while one waits.
/// * What is stored in the target of a reflective assignment is as good as stored in the heap.
/// * Finalizers and cleanups, and what they belong to.
/// * What is hashed by its address must not move.
/// * Texts that the panic machinery or the environment keep.
const KEEPERS: &[(&str, u32)] = &[
    ("sync.acquire", 0b1),
    ("sync.release", 0b1),
    ("hash/maphash.hashValue", 0b10),
    ("internal/rtype.Assign", 0b10),
    ("internal/rtype.SetString", 0b10),
    ("internal/rtype.SetBytes", 0b10),
    ("internal/rtype.MapEntries", 0b1),
    ("runtime.setPanicText", 0b10),
    ("runtime.setFinalizer", 0b11),
    ("runtime.addCleanup", 0b111),
    ("sync/atomic.storePointer[...]", 0b10),
    ("sync/atomic.swapPointer[...]", 0b10),
    ("sync/atomic.compareAndSwapPointer[...]", 0b100),
    ("os.setenv", 0b11),
];

/// Packages all of whose natives are taken to keep what they are given: they talk to the scheduler and its timers, or store values
/// wherever others point.
const KEEPING_PACKAGES: &[&str] = &["time", "context", "internal/poll", "net", "reflect"];

/// Natives that return an argument and hide it: what they return is only compared, and kept where the argument itself is.
const HIDING: &[&str] = &["strings.itself"];

/// Tags of a function without a body.
pub(crate) fn tags(program: &Program, func: FuncId) -> FuncTags {
    let data = &program.funcs[func];
    let TyKind::Func(sig) = program.types.kind(data.sig) else {
        return FuncTags::default();
    };
    let kept = KEEPERS
        .iter()
        .find(|(name, _)| *name == &*data.name)
        .map_or(0, |&(_, kept)| kept);
    let all_kept = KEEPING_PACKAGES.contains(&&*data.package);
    let params = sig
        .params
        .iter()
        .enumerate()
        .map(|(index, &ty)| {
            if !program.types.has_pointers(ty) {
                return Leaks::default();
            }
            if all_kept || kept & (1 << index) != 0 {
                return Leaks::to_heap();
            }
            let mut leaks = Leaks::default();
            leaks.add_mutator(0);
            leaks.add_callee(0);
            for (result, &ty) in sig.results.iter().enumerate() {
                if HIDING.contains(&&*data.name) {
                    break;
                }
                if program.types.has_pointers(ty) {
                    leaks.add_result(result, 0);
                }
            }
            leaks
        })
        .collect();
    FuncTags {
        params,
        context: Leaks::to_heap(),
    }
}
