//! What `-m` prints of the inliner: what it can do, what it does, and why not.

use super::{Inliner, outermost};
use crate::body::{Body, StatementKind};
use crate::call_text;
use crate::ids::FuncId;
use crate::opt::OptDiagnostic;
use crate::opt::devirtualise::Change;
use crate::program::{FuncKind, Program};
use crate::rvalue::{Callee, Rvalue};
use mini_diagnostics::Pos;
use std::collections::HashMap;
use std::sync::Arc;

impl Inliner<'_> {
    /// What is said about a function.
    pub(super) fn verdict(
        &self,
        func: FuncId,
        cost: &Result<u32, String>,
    ) -> Option<OptDiagnostic> {
        let data = &self.program.funcs[func];
        // `init` without a number is the compiler's: it initialises variables.
        if data.is_library || data.is_wrapper || &*data.short_name == "init" {
            return None;
        }
        let name = &data.short_name;
        let message = match (self.level, cost) {
            (0, _) | (1, Err(_)) => return None,
            (1, Ok(_)) => format!("can inline {name}"),
            (_, Ok(cost)) => match self.program.sources.get(&func) {
                Some(source) => format!("can inline {name} with cost {cost} as: {source}"),
                None => format!("can inline {name} with cost {cost}"),
            },
            (_, Err(reason)) => format!("cannot inline {name}: {reason}"),
        };
        Some(OptDiagnostic {
            pos: data.pos,
            message,
        })
    }

    pub(super) fn report(&mut self, caller: FuncId, callee: FuncId, pos: Pos) {
        if self.level == 0 || self.program.funcs[caller].is_library {
            return;
        }
        let data = &self.program.funcs[callee];
        if data.is_wrapper {
            return;
        }
        let message = format!("inlining call to {}", self.qualified(caller, callee));
        self.inlined.push((caller, OptDiagnostic { pos, message }));
    }

    /// A function's name as another package sees it.
    fn qualified(&self, from: FuncId, func: FuncId) -> String {
        let data = &self.program.funcs[func];
        if data.package == self.program.funcs[from].package {
            return data.short_name.to_string();
        }
        let package = data.package.rsplit('/').next().unwrap_or_default();
        format!("{package}.{}", data.short_name)
    }

    /// Calls that are left alone since they are in a copy of what they call.
    pub(super) fn report_cycles(&mut self, caller: FuncId, body: &Body) {
        if self.level < 2 || self.program.funcs[caller].is_library {
            return;
        }
        for block in body.blocks.iter() {
            for statement in &block.statements {
                let StatementKind::Assign(_, Rvalue::Call(call)) = &statement.kind else {
                    continue;
                };
                if let Callee::Static(callee) = call.callee
                    && self.cost[callee].is_some()
                    && self.is_inlined_in(body, statement.inlined, callee)
                {
                    let line = OptDiagnostic {
                        pos: outermost(body, statement.inlined, statement.pos),
                        message: format!(
                            "cannot inline {} into {}: repeated recursive cycle",
                            self.qualified(caller, callee),
                            self.program.funcs[caller].short_name
                        ),
                    };
                    if !self.inlined.contains(&(caller, line.clone())) {
                        self.inlined.push((caller, line));
                    }
                }
            }
        }
    }

    pub(super) fn report_devirtualised(
        &mut self,
        caller: FuncId,
        body: &Body,
        changes: Vec<Change>,
    ) {
        if self.level == 0 || self.program.funcs[caller].is_library {
            return;
        }
        // Wrappers of the compiler have no text.
        for change in changes.into_iter().filter(|c| !c.call.is_empty()) {
            let pos = outermost(body, change.inlined, change.pos);
            let name = crate::print::type_name(&self.program.types, change.ty);
            let message = format!(
                "devirtualizing {} to {}",
                change.call,
                name.replace("main.", "")
            );
            self.inlined.push((caller, OptDiagnostic { pos, message }));
        }
    }
}

/// Puts the results of inlined calls into the texts of allocation sites.
pub(super) fn resolve_texts(program: &mut Program, results: &HashMap<Pos, Arc<str>>) {
    for func in program.funcs.iter_mut() {
        let FuncKind::Body(body) = &mut func.kind else {
            continue;
        };
        for site in body.sites.iter_mut() {
            if let Some(text) = call_text::resolve(&site.text, results) {
                site.text = text.into();
            }
        }
    }
}
