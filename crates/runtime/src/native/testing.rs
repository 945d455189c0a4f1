//! Natives of package `testing`: the regular expressions of `-run`.

use super::call::{Call, natives};
use regex::bytes::{Regex, RegexBuilder};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

static EXIT_PANICS: AtomicBool = AtomicBool::new(false);

/// Whether os.Exit(0) panics, since tests run.
pub(super) fn exit_panics() -> bool {
    EXIT_PANICS.load(Ordering::Relaxed)
}

natives! {
    "testing.panicOnExit" => |c: &mut Call| EXIT_PANICS.store(c.word(0) & 1 != 0, Ordering::Relaxed);
    "testing.matches" => |c: &mut Call| {
        let is_match = with_regex(c.bytes(0), |regex| regex.is_match(c.bytes(2)));
        c.ret_bool(0, is_match.unwrap_or(false));
    };
    "testing.invalidPattern" => |c: &mut Call| {
        let why = with_regex(c.bytes(0), |_| ()).err().unwrap_or_default();
        super::runtime::return_string(c, 0, why.as_bytes());
    };
}

/// Every subtest is compared with the same few patterns.
static KNOWN: Mutex<Option<HashMap<Vec<u8>, Regex>>> = Mutex::new(None);

/// # Errors
/// What is wrong with the pattern, in the last line of the explanation.
fn with_regex<T>(pattern: &[u8], work: impl FnOnce(&Regex) -> T) -> Result<T, String> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let known = known.get_or_insert_default();
    if let Some(regex) = known.get(pattern) {
        return Ok(work(regex));
    }
    let text = String::from_utf8_lossy(pattern);
    // Go's classes (\d, \w) are those of ASCII.
    let regex = RegexBuilder::new(&text)
        .unicode(false)
        .build()
        .map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default();
            reason.trim_start_matches("error: ").to_string()
        })?;
    let result = work(&regex);
    known.insert(pattern.to_vec(), regex);
    Ok(result)
}
