//! The whole program: batches of mutually recursive functions, callees first.
//!
//! A function literal is always in the batch of the function around it, so that what flows through captured variables and
//! into literals that are called where they are made is seen.

use crate::build::{Builder, FuncState, Map, Meaning, SiteFacts, is_silent};
use crate::explain::Explainer;
use crate::graph::Graph;
use crate::leaks::{FuncTags, Leaks};
use crate::location::{Attrs, LocId};
use crate::solve::Solver;
use crate::texts::Texts;
use crate::{EscapeDiagnostic, Options};
use mini_mir::{
    Callee, ConstValue, Decisions, FuncId, IndexVec, LocalId, LocalKind, Operand, Program, Rvalue,
    SiteKind, StatementKind, Storage, TyKind,
};
use petgraph::graph::{DiGraph, NodeIndex};

/// Analyses a program.
pub fn analyse(program: &Program, options: &Options) -> (Decisions, Vec<EscapeDiagnostic>) {
    let mut analysis = Analysis {
        program,
        options,
        tags: Map::default(),
        decisions: Decisions::default(),
        diagnostics: vec![],
    };
    for batch in batches(program) {
        analysis.batch(&batch);
    }
    (analysis.decisions, analysis.diagnostics)
}

/// Strongly connected components of the call graph, callees first; inside one and among the independent by position.
pub(crate) fn batches(program: &Program) -> Vec<Vec<FuncId>> {
    let mut bodies: Vec<FuncId> = program
        .funcs
        .ids()
        .filter(|&func| program.body(func).is_some())
        .collect();
    bodies.sort_by_key(|&func| program.funcs[func].pos.0);
    let mut graph = DiGraph::<FuncId, ()>::with_capacity(bodies.len(), bodies.len() * 4);
    let mut nodes: IndexVec<FuncId, Option<NodeIndex>> =
        IndexVec::from_elem(None, program.funcs.len());
    for &func in &bodies {
        nodes[func] = Some(graph.add_node(func));
    }
    // A literal without captures is a function like any other.
    let family = |func: FuncId| {
        let captures = program.body(func).is_some_and(|b| !b.captures.is_empty());
        program.funcs[func].parent.filter(|_| captures)
    };
    for &func in &bodies {
        let mut targets = references(program, func);
        targets.extend(family(func));
        // Neighbours come out last edge first.
        for target in targets.into_iter().rev() {
            if let (Some(from), Some(to)) = (nodes[func], nodes[target]) {
                graph.add_edge(from, to, ());
                if family(target) == Some(func) {
                    graph.add_edge(to, from, ());
                }
            }
        }
        if let Some(parent) = family(func)
            && let (Some(from), Some(to)) = (nodes[parent], nodes[func])
        {
            graph.add_edge(from, to, ());
        }
    }
    let mut batches: Vec<Vec<FuncId>> = petgraph::algo::tarjan_scc(&graph)
        .into_iter()
        .map(|component| component.into_iter().map(|node| graph[node]).collect())
        .collect();
    for batch in &mut batches {
        batch.sort_by_key(|&func| program.funcs[func].pos.0);
    }
    batches
}

/// Functions that a body names.
fn references(program: &Program, func: FuncId) -> Vec<FuncId> {
    let mut found = vec![];
    let Some(body) = program.body(func) else {
        return found;
    };
    for block in body.blocks.iter() {
        for statement in &block.statements {
            if let StatementKind::Assign(_, value) = &statement.kind {
                match value {
                    Rvalue::Call(call) => {
                        if let Callee::Static(callee) = call.callee {
                            found.push(callee);
                        }
                    }
                    Rvalue::MakeClosure { func, .. } => found.push(*func),
                    _ => {}
                }
            }
            mini_mir::visit::statement_operands(statement, &mut |operand| {
                if let Operand::Const(constant) = operand
                    && let ConstValue::Func(func) = constant.value
                {
                    found.push(func);
                }
            });
        }
    }
    found
}

struct Analysis<'a> {
    program: &'a Program,
    options: &'a Options,
    tags: Map<FuncId, FuncTags>,
    decisions: Decisions,
    diagnostics: Vec<EscapeDiagnostic>,
}

impl<'a> Analysis<'a> {
    fn batch(&mut self, batch: &[FuncId]) {
        let program: &'a Program = self.program;
        let mut builder = Builder::new(program, &self.tags, batch);
        builder.build();
        let mut graph = std::mem::replace(&mut builder.graph, Graph::new());
        let mut literals = std::mem::take(&mut builder.literals);
        let mut explainer = Explainer {
            texts: Texts::new(&builder),
            enabled: self.options.level >= 2,
            out: vec![],
        };
        if self.options.level >= 1 {
            explainer.self_assigns(&builder.self_assigns);
        }
        explainer.early(&graph);
        Solver {
            program: self.program,
            graph: &mut graph,
            literals: &mut literals,
            observer: &mut explainer,
        }
        .walk_all();
        self.diagnostics.append(&mut explainer.out);

        let funcs = builder.funcs;
        let mut tags = vec![];
        for state in &funcs {
            let tag = self.tag(state, &mut graph);
            if self.reports(state.id) {
                self.report_params(state, &graph, &tag);
            }
            tags.push((state.id, tag));
            self.decide(state, &graph);
        }
        self.tags.extend(tags);
        if self.options.level >= 1 {
            for state in &funcs {
                if self.reports(state.id) {
                    self.report_locals(state, &graph);
                }
            }
            for state in &funcs {
                let is_inside = self.program.funcs[state.id]
                    .parent
                    .is_some_and(|parent| funcs.iter().any(|f| f.id == parent));
                if !is_inside {
                    self.report_sites(state, &funcs, &graph);
                }
            }
        }
    }

    fn reports(&self, func: FuncId) -> bool {
        self.options.level >= 1 && !self.program.funcs[func].is_library
    }

    // ---- Results ----

    fn tag(&self, state: &FuncState<'_>, graph: &mut Graph) -> FuncTags {
        let mut leaks_of = |local: LocalId| match state.locals[local] {
            Meaning::Location(loc) => {
                let leaks = &mut graph.locations[loc].leaks;
                leaks.optimize();
                leaks.clone()
            }
            _ => Leaks::default(),
        };
        FuncTags {
            params: state.body.params.iter().map(|&p| leaks_of(p)).collect(),
            context: state.body.context.map(leaks_of).unwrap_or_default(),
        }
    }

    fn decide(&mut self, state: &FuncState<'_>, graph: &Graph) {
        let storage = |escapes: bool| {
            if escapes {
                Storage::Heap
            } else {
                Storage::Stack
            }
        };
        let decisions = mini_mir::BodyDecisions {
            locals: state
                .locals
                .iter()
                .map(|meaning| match meaning {
                    Meaning::Location(loc) => storage(graph.locations[*loc].escapes()),
                    Meaning::Name(_) | Meaning::Nothing => Storage::Stack,
                })
                .collect(),
            sites: state
                .sites
                .iter()
                .map(|facts| match facts.loc {
                    Some(loc) => storage(facts.only_heap || graph.locations[loc].escapes()),
                    // Never reached, or never an object.
                    None => Storage::Heap,
                })
                .collect(),
            read_only: state
                .sites
                .iter_enumerated()
                .filter(|(_, facts)| is_zero_copy(facts, graph))
                .map(|(site, _)| site)
                .collect(),
        };
        self.decisions.bodies.insert(state.id, decisions);
    }

    // ---- Lines of -m ----

    fn line(&mut self, pos: mini_diagnostics::Pos, message: String) {
        self.diagnostics.push(EscapeDiagnostic {
            pos,
            message,
            at: None,
        });
    }

    fn report_params(&mut self, state: &FuncState<'_>, graph: &Graph, tags: &FuncTags) {
        let func = &self.program.funcs[state.id];
        // Wrappers and instances of generic functions say nothing.
        if func.is_wrapper || func.short_name.contains('[') {
            return;
        }
        for (&param, leaks) in state.body.params.iter().zip(&tags.params) {
            let data = &state.body.locals[param];
            let is_named = !data.name.is_empty() && &*data.name != "_";
            if !is_named || !self.program.types.has_pointers(data.ty) {
                continue;
            }
            if let Meaning::Location(loc) = state.locals[param]
                && graph.locations[loc].escapes()
            {
                continue;
            }
            let name = &data.name;
            let mut lines = vec![];
            match leaks.heap {
                Some(0) => lines.push(format!("leaking param: {name}")),
                Some(_) => lines.push(format!("leaking param content: {name}")),
                None => {}
            }
            for (index, level) in leaks.to_results() {
                let result = &state.body.locals[state.body.results[index]].name;
                let result = match &**result {
                    "" => format!("~r{index}"),
                    "_" => format!("~b{index}"),
                    name => name.to_string(),
                };
                lines.push(format!(
                    "leaking param: {name} to result {result} level={level}"
                ));
            }
            if lines.is_empty() {
                lines.push(format!("{name} does not escape"));
            }
            let pos = data.pos;
            for line in lines {
                self.line(pos, line);
            }
        }
    }

    fn report_locals(&mut self, state: &FuncState<'_>, graph: &Graph) {
        for (local, data) in state.body.locals.iter_enumerated() {
            if let Meaning::Location(loc) = state.locals[local]
                && graph.locations[loc].escapes()
                && !data.name.is_empty()
                && matches!(
                    data.kind,
                    LocalKind::Var | LocalKind::Param | LocalKind::Result
                )
            {
                self.line(data.pos, format!("moved to heap: {}", data.name));
            }
        }
    }

    /// Sites in order; those of a literal behind the literal's.
    fn report_sites(&mut self, state: &FuncState<'_>, funcs: &[FuncState<'_>], graph: &Graph) {
        for (site, facts) in state.sites.iter_enumerated() {
            let Some(loc) = facts.loc else { continue };
            if self.reports(state.id) {
                let func = &self.program.funcs[state.id];
                self.report_site(
                    &state.body.sites[site],
                    &*func.short_name == "init" && func.name.ends_with(".init"),
                    is_zero_copy(facts, graph),
                    graph,
                    loc,
                );
            }
            if let Some(literal) = graph.locations[loc].closure
                && self.program.funcs[literal].parent == Some(state.id)
                && let Some(inner) = funcs.iter().find(|f| f.id == literal)
            {
                self.report_sites(inner, funcs, graph);
            }
        }
    }

    /// Pointers, and structs and arrays of one.
    fn is_one_pointer(&self, ty: mini_mir::TyId) -> bool {
        let types = &self.program.types;
        match types.kind(ty) {
            TyKind::Struct(fields) => fields.len() == 1 && self.is_one_pointer(fields[0].ty),
            TyKind::Array(elem, 1) => self.is_one_pointer(*elem),
            _ => types.is_pointer_shaped(ty),
        }
    }

    fn report_site(
        &mut self,
        site: &mini_mir::Site,
        is_package_init: bool,
        is_zero_copy: bool,
        graph: &Graph,
        loc: LocId,
    ) {
        if is_silent(&site.kind) || site.text.is_empty() {
            return;
        }
        // Package variables are laid out as data where that can be done.
        let is_data = matches!(
            site.kind,
            SiteKind::CompositePointer | SiteKind::SliceLiteral
        );
        if is_data && is_package_init {
            return;
        }
        // Go puts these into interfaces without a box.
        if site.kind == SiteKind::Interface && self.is_one_pointer(site.ty) {
            return;
        }
        let location = &graph.locations[loc];
        let text = match site.kind {
            SiteKind::Append => "append",
            _ => &*site.text,
        };
        let verdict = if location.escapes() {
            "escapes to heap"
        } else {
            "does not escape"
        };
        self.line(site.pos, format!("{text} {verdict}"));
        if is_zero_copy {
            let message = "zero-copy string->[]byte conversion".to_string();
            self.line(site.pos, message);
        }
    }
}

/// A conversion of a string to bytes to which nobody writes.
fn is_zero_copy(facts: &SiteFacts, graph: &Graph) -> bool {
    facts.is_string_to_bytes
        && facts
            .loc
            .is_some_and(|loc| !graph.locations[loc].attrs.has(Attrs::MUTATES))
}
