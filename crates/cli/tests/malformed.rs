//! Malformed source never panics the compiler and never hangs it.
//!
//! Every program of `tests/programs` is truncated at 50 places, and has random bytes changed, with a fixed
//! seed; each variant is checked in this process.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

fn programs(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).expect("tests/programs") {
        let path = entry.expect("directory entry").path();
        if path.is_dir() {
            programs(&path, out);
        } else if path.extension().is_some_and(|e| e == "mini") {
            out.push(path);
        }
    }
}

/// xorshift64: the seed is part of the test.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

fn check_survives(path: &Path, what: &str, source: Vec<u8>) {
    let start = Instant::now();
    let text = source.clone();
    let outcome = std::panic::catch_unwind(move || mini_driver::check_source("prog.mini", text));
    let spent = start.elapsed();
    assert!(
        outcome.is_ok() && spent < Duration::from_secs(10),
        "{} {what}: {} after {spent:?}\n{}",
        path.display(),
        if outcome.is_ok() { "slow" } else { "panicked" },
        String::from_utf8_lossy(&source)
    );
}

fn all_programs() -> Vec<(PathBuf, Vec<u8>)> {
    let mut paths = vec![];
    programs(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/programs"),
        &mut paths,
    );
    paths.sort();
    paths
        .into_iter()
        .map(|p| (p.clone(), std::fs::read(p).expect("program")))
        .collect()
}

#[test]
fn truncated_programs_are_refused_with_errors() {
    for (path, source) in all_programs() {
        for i in 0..50 {
            let end = source.len() * i / 50;
            check_survives(
                &path,
                &format!("truncated to {end} bytes"),
                source[..end].to_vec(),
            );
        }
    }
}

#[test]
fn damaged_programs_are_refused_with_errors() {
    let mut random = Random(0x5eed_0123_4567_89ab);
    for (path, source) in all_programs() {
        for round in 0..20 {
            let mut damaged = source.clone();
            for _ in 0..=random.below(8) {
                let at = random.below(damaged.len());
                match random.below(4) {
                    0 => damaged[at] = random.below(256) as u8,
                    1 => {
                        damaged.remove(at);
                    }
                    2 => damaged.insert(at, b"(){}[];,.:=*&<-\"'`\n"[random.below(19)]),
                    _ => {
                        let from = random.below(damaged.len());
                        let byte = damaged[from];
                        damaged[at] = byte;
                    }
                }
            }
            check_survives(&path, &format!("damaged in round {round}"), damaged);
        }
    }
}
