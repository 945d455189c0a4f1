//! Source locations: Cranelift carries a number through to the machine code; here stands what it means.
//!
//! Each return has a location of its own, by which [`crate::prologue`] finds its epilogue.

use crate::jit::Jit;
use crate::prologue::Location;
use cranelift_codegen::ir::SourceLoc;
use foldhash::HashMap;
use mini_diagnostics::Pos;
use std::sync::Arc;

/// Source locations handed out, and the files and inlined calls that they name.
pub(crate) struct Locations<'a> {
    jit: &'a Jit,
    pub(crate) list: Vec<Location>,
    known: HashMap<(Pos, u32, bool), u32>,
    pub(crate) files: Vec<Arc<str>>,
}

impl<'a> Locations<'a> {
    pub(crate) fn new(jit: &'a Jit) -> Locations<'a> {
        Locations {
            jit,
            list: vec![],
            known: HashMap::default(),
            files: vec![],
        }
    }

    pub(crate) fn file_line(&mut self, pos: Pos) -> (u16, u32) {
        let found = self.jit.locate(pos);
        let (name, line) = found.unwrap_or_else(|| (Arc::from("?"), 0));
        let file = match self.files.iter().position(|f| *f == name) {
            Some(i) => i,
            None => {
                self.files.push(name);
                self.files.len() - 1
            }
        };
        (file as u16, line)
    }

    pub(crate) fn source_loc(&mut self, pos: Pos, inlined: u32, is_return: bool) -> SourceLoc {
        if !is_return && let Some(&bits) = self.known.get(&(pos, inlined, is_return)) {
            return SourceLoc::new(bits);
        }
        let (file, line) = self.file_line(pos);
        self.list.push(Location {
            file,
            line,
            inlined: inlined as u16,
            is_return,
        });
        let bits = self.list.len() as u32;
        self.known.insert((pos, inlined, is_return), bits);
        SourceLoc::new(bits)
    }
}
