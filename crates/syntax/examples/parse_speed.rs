//! Parses the files named on the command line; prints lines per second and the errors of each file.

use std::time::Instant;

use mini_diagnostics::{SourceMap, render_all};
use mini_syntax::ast::NodeIds;

fn main() {
    let mut sources = SourceMap::new();
    let ids: Vec<_> = std::env::args()
        .skip(1)
        .filter_map(|name| {
            std::fs::read(&name)
                .ok()
                .map(|bytes| sources.add_bytes(name, bytes))
        })
        .collect();
    let lines: usize = sources
        .files()
        .map(|(_, file)| file.text.lines().count())
        .sum();
    let mut n_wrong = 0;
    let start = Instant::now();
    let mut results = Vec::new();
    for &file in &ids {
        let (mut node_ids, mut diagnostics) = (NodeIds::new(), Vec::new());
        let ast = mini_syntax::parse_file(file, &sources, &mut node_ids, &mut diagnostics);
        results.push((ast, diagnostics));
    }
    let elapsed = start.elapsed();
    for (_, diagnostics) in &results {
        n_wrong += usize::from(!diagnostics.is_empty());
        eprint!("{}", render_all(diagnostics.clone(), &sources, false).text);
    }
    println!(
        "{} files, {n_wrong} with errors, {lines} lines, {elapsed:?}, {:.0} lines/s",
        ids.len(),
        lines as f64 / elapsed.as_secs_f64()
    );
}
