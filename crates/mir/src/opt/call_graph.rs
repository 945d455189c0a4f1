//! Strongly connected components of the static call graph, callees first (Tarjan, without recursion).

use crate::body::StatementKind;
use crate::ids::{FuncId, IndexVec};
use crate::program::Program;
use crate::rvalue::{Callee, Rvalue};

/// Functions with bodies, in components: each behind those it calls.
pub(super) fn components(program: &Program) -> Vec<Vec<FuncId>> {
    let callees: IndexVec<FuncId, Vec<FuncId>> =
        program.funcs.ids().map(|f| callees(program, f)).collect();
    let mut state = Tarjan {
        callees: &callees,
        index: IndexVec::from_elem(0, program.funcs.len()),
        low: IndexVec::from_elem(0, program.funcs.len()),
        on_stack: IndexVec::from_elem(false, program.funcs.len()),
        stack: vec![],
        next: 1,
        components: vec![],
    };
    for func in program.funcs.ids() {
        if program.body(func).is_some() && state.index[func] == 0 {
            state.visit(func);
        }
    }
    state.components
}

/// Functions with bodies that a body calls or makes closures of.
fn callees(program: &Program, func: FuncId) -> Vec<FuncId> {
    let mut found = vec![];
    let Some(body) = program.body(func) else {
        return found;
    };
    for block in body.blocks.iter() {
        for statement in &block.statements {
            let callee = match &statement.kind {
                StatementKind::Assign(_, Rvalue::Call(call)) => match call.callee {
                    Callee::Static(callee) => callee,
                    _ => continue,
                },
                StatementKind::Assign(_, Rvalue::MakeClosure { func, .. }) => *func,
                _ => continue,
            };
            if program.body(callee).is_some() {
                found.push(callee);
            }
        }
    }
    found
}

struct Tarjan<'a> {
    callees: &'a IndexVec<FuncId, Vec<FuncId>>,
    /// Number in order of discovery, from 1.
    index: IndexVec<FuncId, u32>,
    low: IndexVec<FuncId, u32>,
    on_stack: IndexVec<FuncId, bool>,
    stack: Vec<FuncId>,
    next: u32,
    components: Vec<Vec<FuncId>>,
}

impl Tarjan<'_> {
    fn discover(&mut self, func: FuncId) {
        self.index[func] = self.next;
        self.low[func] = self.next;
        self.next += 1;
        self.stack.push(func);
        self.on_stack[func] = true;
    }

    fn visit(&mut self, root: FuncId) {
        let mut calls = vec![(root, 0)];
        self.discover(root);
        while let Some(&mut (func, ref mut next)) = calls.last_mut() {
            if let Some(&callee) = self.callees[func].get(*next) {
                *next += 1;
                if self.index[callee] == 0 {
                    self.discover(callee);
                    calls.push((callee, 0));
                } else if self.on_stack[callee] {
                    self.low[func] = self.low[func].min(self.index[callee]);
                }
                continue;
            }
            calls.pop();
            if let Some(&(caller, _)) = calls.last() {
                self.low[caller] = self.low[caller].min(self.low[func]);
            }
            if self.low[func] == self.index[func] {
                let mut component = vec![];
                loop {
                    let member = self.stack.pop().expect("the root is on the stack");
                    self.on_stack[member] = false;
                    component.push(member);
                    if member == func {
                        break;
                    }
                }
                component.reverse();
                self.components.push(component);
            }
        }
    }
}
