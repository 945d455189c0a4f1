//! Checks files against the embedded library and prints the errors: `check [-all] FILE…`, each file a program of its
//! own. With `-all`, library functions are checked too.

use std::sync::Arc;

use mini_diagnostics::{SourceMap, render_plain, sort_and_dedup};
use mini_frontend::{FuncId, PackageSource};

fn main() {
    let thread = std::thread::Builder::new().stack_size(1 << 30).spawn(run);
    if let Ok(thread) = thread {
        let _ = thread.join();
    }
}

fn run() {
    let mut check_all = false;
    for name in std::env::args().skip(1) {
        if name == "-all" {
            check_all = true;
            continue;
        }
        let text = match std::fs::read(&name) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                eprintln!("{name}: {error}");
                continue;
            }
        };
        let mut sources = SourceMap::new();
        let file = sources.add(name.as_str(), text);
        let start = std::time::Instant::now();
        let (mut program, mut diagnostics) = mini_frontend::check(&[file], &mut load, &mut sources);
        if check_all {
            for index in 1..program.funcs.len() {
                program.check_body(FuncId(index as u32));
            }
            diagnostics.extend(program.take_diagnostics());
        }
        let elapsed = start.elapsed();
        sort_and_dedup(&mut diagnostics, &sources);
        for diagnostic in &diagnostics {
            print!("{}", render_plain(diagnostic, &sources));
        }
        eprintln!("{name}: {} diagnostics, {elapsed:?}", diagnostics.len());
    }
}

fn load(path: &str) -> Option<PackageSource> {
    let files = mini_stdlib::package(path)?;
    Some(PackageSource {
        files: files
            .iter()
            .map(|(name, text)| (format!("{path}/{name}"), Arc::from(*text)))
            .collect(),
    })
}
