//! `--emit`: the stages of the compilation, printed to standard output.

use crate::pipeline::Compiled;
use crate::{Session, Stage, run};
use mini_codegen::Emit;
use mini_diagnostics::{Diagnostics, FileId, SourceMap};
use mini_mir::{FuncId, FuncKind};
use mini_syntax::ast;
use std::io::Write;

/// Prints text, and takes a closed pipe for the end of interest.
pub(crate) fn print(text: &str) {
    let _ = std::io::stdout().write_all(text.as_bytes());
}

/// One token a line: position, kind, text.
pub(crate) fn tokens(sources: &SourceMap, files: &[FileId], diagnostics: &mut Diagnostics) {
    for &file in files {
        let mut out = String::new();
        for token in mini_syntax::lexer::lex(sources.file(file), diagnostics).tokens {
            let place = sources
                .locate(token.span.start)
                .map(|l| l.to_string())
                .unwrap_or_default();
            out += &format!(
                "{place}: {:?} {:?}\n",
                token.tok.kind,
                sources.text(token.span)
            );
        }
        print(&out);
    }
}

/// The tree, one line a statement.
pub(crate) fn ast(files: &[ast::File]) {
    for file in files {
        print(&mini_syntax::dump::dump(file));
    }
}

/// MIR, CLIF or assembly of the user's functions.
pub(crate) fn program(stage: Stage, compiled: Compiled, session: &mut Session) {
    let Compiled {
        mut program,
        decisions,
    } = compiled;
    let own: Vec<FuncId> = program
        .funcs
        .iter_enumerated()
        .filter(|(_, func)| !func.is_library && matches!(func.kind, FuncKind::Body(_)))
        .map(|(id, _)| id)
        .collect();
    let what = match stage {
        Stage::Clif => Emit::Clif,
        Stage::Asm => Emit::Asm,
        Stage::Tokens | Stage::Ast | Stage::Mir => {
            mini_mir::opt::run_after_escape(&mut program, &decisions);
            for id in own {
                print(&mini_mir::print::func(&program, id));
                print("\n");
            }
            return;
        }
    };
    let names: Vec<_> = own
        .iter()
        .map(|&id| program.funcs[id].name.clone())
        .collect();
    match run::jit(program, decisions, session) {
        Ok(jit) => {
            for (id, name) in own.into_iter().zip(names) {
                print(&format!("; {name}\n{}\n", jit.emit(id, what)));
            }
        }
        Err(message) => eprintln!("mini: {message}"),
    }
}
