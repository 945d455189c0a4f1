//! From source text to MIR, for the tests.

use mini_diagnostics::{Diagnostic, SourceMap, render_plain};
use mini_frontend::PackageSource;
use mini_lower::Options;

/// Lowers a program; the messages if that fails.
pub(crate) fn lower(name: &str, text: &str) -> Result<mini_mir::Program, String> {
    let mut sources = SourceMap::new();
    let file = sources.add(name, text);
    let mut loader = |path: &str| {
        let files = mini_stdlib::package(path)?;
        Some(PackageSource {
            files: files
                .iter()
                .map(|(name, text)| (format!("{path}/{name}"), (*text).into()))
                .collect(),
        })
    };
    let (mut program, diagnostics) = mini_frontend::check(&[file], &mut loader, &mut sources);
    if diagnostics.iter().any(Diagnostic::is_error) {
        return Err(render(&diagnostics, &sources));
    }
    mini_lower::lower(&mut program, Options::default()).map_err(|list| render(&list, &sources))
}

fn render(diagnostics: &[Diagnostic], sources: &SourceMap) -> String {
    diagnostics
        .iter()
        .map(|d| render_plain(d, sources))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Lowers a program that must be right and verifies all of its bodies.
pub(crate) fn verified(name: &str, text: &str) -> mini_mir::Program {
    let program = lower(name, text).unwrap_or_else(|messages| panic!("{name}:\n{messages}"));
    let errors = mini_mir::verify::program(&program);
    assert!(errors.is_empty(), "{name}:\n{}", errors.join("\n"));
    program
}
