//! `MINIDEBUG`: the verification modes, parsed in one place.
//!
//! | word | what it does |
//! | --- | --- |
//! | `stackmove` | every prologue check moves the stack to fresh memory, the old one becomes inaccessible |
//! | `gcstress`, `gcstress=N` | a collection at every (N-th) allocation |
//! | `heapall` | all escape decisions are "heap" (read by the driver) |
//! | `timing` | the phases of the start, in microseconds (read by the driver) |
//! | `seed=N` | scheduling and select order follow the seed, on one P |
//! | `perfmap` | `/tmp/perf-PID.map` names compiled functions (read by the driver) |

use std::sync::OnceLock;

/// The modes that are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    pub stack_move: bool,
    /// Zero: off.
    pub gc_stress: u64,
    pub heap_all: bool,
    pub timing: bool,
    pub seed: Option<u64>,
    pub perf_map: bool,
}

static FLAGS: OnceLock<Flags> = OnceLock::new();
static STACK_MOVE_OFF: Flags = Flags {
    stack_move: false,
    gc_stress: 0,
    heap_all: false,
    timing: false,
    seed: None,
    perf_map: false,
};

/// The modes of this process. Before [`set_flags`], none is on.
#[inline]
pub fn flags() -> &'static Flags {
    FLAGS.get().unwrap_or(&STACK_MOVE_OFF)
}

/// Fixes the modes; the first call counts.
pub fn set_flags(flags: Flags) {
    let _ = FLAGS.set(flags);
}

/// The number behind `name=` in `GODEBUG`, Go's variable.
pub fn go_debug(name: &str) -> Option<i64> {
    let text = std::env::var("GODEBUG").ok()?;
    let value = |word: &str| {
        word.trim()
            .strip_prefix(name)?
            .strip_prefix('=')?
            .parse()
            .ok()
    };
    text.split(',').rev().find_map(value)
}

/// Reads the words of `MINIDEBUG`, separated by commas. The error names the word that is not known.
pub fn parse(text: &str) -> Result<Flags, String> {
    let mut flags = Flags::default();
    for word in text
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
    {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        let number = || -> Result<u64, String> {
            value
                .unwrap_or("1")
                .parse()
                .map_err(|_| format!("MINIDEBUG: {word}: not a number"))
        };
        match name {
            "stackmove" => flags.stack_move = number()? != 0,
            "gcstress" => flags.gc_stress = number()?,
            "heapall" => flags.heap_all = number()? != 0,
            "timing" => flags.timing = number()? != 0,
            "perfmap" => flags.perf_map = number()? != 0,
            "seed" => flags.seed = Some(number()?),
            _ => return Err(format!("MINIDEBUG: unknown word {name}")),
        }
    }
    Ok(flags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_values_are_read() {
        let flags = parse("stackmove, seed=7,gcstress=3").unwrap();
        assert!(flags.stack_move && !flags.heap_all);
        assert_eq!((flags.gc_stress, flags.seed), (3, Some(7)));
    }

    #[test]
    fn unknown_words_are_refused() {
        assert!(parse("stackmoves").is_err());
        assert!(parse("seed=x").is_err());
    }
}
