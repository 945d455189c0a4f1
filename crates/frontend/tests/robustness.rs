//! Malformed programs give errors, never a panic: every program of `tests/programs` cut short and with bytes changed.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mini_diagnostics::SourceMap;
use mini_frontend::PackageSource;

/// Where each program is cut, and how often bytes are changed. `ROBUSTNESS=n` multiplies both.
const N_CUTS: usize = 4;
const N_CHANGES: usize = 4;

#[test]
fn malformed_programs_do_not_panic() {
    let thread = std::thread::Builder::new().stack_size(256 << 20).spawn(run);
    thread
        .expect("a thread starts")
        .join()
        .expect("no program makes the checker panic");
}

fn run() {
    let factor = std::env::var("ROBUSTNESS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(1);
    let folder = std::env::var("ROBUSTNESS_FOLDER").map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/programs"),
        PathBuf::from,
    );
    let mut files = Vec::new();
    collect(&folder, &mut files);
    files.sort();
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for path in files {
        let Ok(text) = std::fs::read(&path) else {
            continue;
        };
        for _ in 0..N_CUTS * factor {
            let cut = random.below(text.len() + 1);
            check(&path, &text[..cut]);
        }
        for _ in 0..N_CHANGES * factor {
            let mut changed = text.clone();
            for _ in 0..1 + random.below(3) {
                change(&mut changed, &mut random);
            }
            check(&path, &changed);
        }
    }
}

/// Replaces a byte, drops some, or repeats some elsewhere.
fn change(text: &mut Vec<u8>, random: &mut Random) {
    if text.is_empty() {
        return;
    }
    let at = random.below(text.len());
    let end = (at + 1 + random.below(20)).min(text.len());
    match random.below(4) {
        0 => text[at] = b"(){}[]*&:=.,;\"'`0x_ \n<-+/!|^%~@"[random.below(31)],
        1 => text[at] = random.below(256) as u8,
        2 => {
            text.drain(at..end);
        }
        _ => {
            let piece = text[at..end].to_vec();
            let to = random.below(text.len());
            text.splice(to..to, piece);
        }
    }
}

fn check(path: &Path, text: &[u8]) {
    let mut sources = SourceMap::new();
    let text = String::from_utf8_lossy(text).into_owned();
    let copy = text.clone();
    let file = sources.add(path.display().to_string(), text);
    let mut loader = |import: &str| {
        mini_stdlib::package(import).map(|files| PackageSource {
            files: files
                .iter()
                .map(|(name, text)| (format!("{import}/{name}"), Arc::from(*text)))
                .collect(),
        })
    };
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        mini_frontend::check(&[file], &mut loader, &mut sources)
    }));
    if result.is_err() {
        let kept = std::env::temp_dir().join("mini-frontend-panic.mini");
        let _ = std::fs::write(&kept, copy);
        panic!("{}: see {}", path.display(), kept.display());
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if path
            .extension()
            .is_some_and(|extension| extension == "mini" || extension == "go")
        {
            files.push(path);
        }
    }
}

/// xorshift: the same changes in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}
