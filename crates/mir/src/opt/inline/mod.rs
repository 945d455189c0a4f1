//! Inlining: puts the bodies of small functions in place of calls, callees first.
//!
//! A function is inlined if its cost (Go's count of syntax nodes, from lowering) is at most [`MAX_COST`], for a literal twice
//! that or, if it is called at one place only, [`MAX_COST_ONCE`], and it neither defers, recovers nor starts goroutines.
//! A recursive function is inlined, but not into a copy of itself. A call counts if its callee is static, a literal that is made in the same function, or a
//! method of an interface value whose dynamic type is known ([`devirtualise`]). What is inlined may reveal the callees of
//! further calls (a function parameter that is a literal here), so a function is worked on in rounds until nothing changes.
//!
//! Parameters that the callee does not change become temporaries: names of the arguments. A literal's captures are replaced
//! by what the closure object was made of. Literals that the callee makes are cloned, so that each has one place where it is
//! made. Statements remember the call they came from ([`crate::body::InlinedCall`]); sites and variables are where the
//! outermost call is, as `-m` shows them.
//!
//! Precondition: none. The pass keeps every id of the caller and adds new ones behind them.

mod copy;
mod report;

use copy::Copy;
use report::resolve_texts;

use super::call_graph;
use super::defs::{Defs, Origin, Point};
use super::devirtualise;
use super::forward_refs;
use super::{Context, OptDiagnostic, Options};
use crate::body::{
    Block, Body, InlinedCall, LocalKind, Statement, StatementKind, Terminator, TerminatorKind,
};
use crate::cfg::Cfg;
use crate::ids::{BlockId, FuncId, IndexVec, LocalId};
use crate::place::{Operand, Place, PlaceBase, Proj};
use crate::program::{Func, FuncKind, InlineCost, Program};
use crate::rvalue::{Callee, Rvalue};
use crate::types::TyKind;
use crate::visit;
use mini_diagnostics::Pos;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Largest cost of a function that is inlined.
const MAX_COST: u32 = 80;
/// Largest cost of a literal that is called at one place only: the body of a loop over a function, above all.
const MAX_COST_ONCE: u32 = 10 * MAX_COST;
/// Largest cost of one that is inlined into a big function.
const MAX_COST_IN_BIG: u32 = 20;
/// Statements from which on a function is big.
const BIG: usize = 5_000;
/// Statements from which on nothing is inlined any more.
const ENORMOUS: usize = 20_000;
const MAX_ROUNDS: usize = 12;

/// Inlines throughout a program.
pub(super) fn run(program: &mut Program, options: &Options) -> Vec<OptDiagnostic> {
    let components = call_graph::components(program);
    let mut inliner = Inliner {
        cost: IndexVec::from_elem(None, program.funcs.len()),
        program,
        level: options.level,
        inlined: vec![],
        results: HashMap::new(),
        itself: None,
        originals: HashMap::new(),
    };
    let mut can = vec![];
    for component in &components {
        for &func in component.iter().filter(|_| options.inline) {
            let cost = inliner.cost_of(func);
            can.extend(inliner.verdict(func, &cost));
            inliner.cost[func] = cost.ok();
        }
        for &func in component {
            inliner.func(func, component.len() > 1);
        }
    }
    // Callers in the order of the source, literals behind the function around them.
    let Inliner {
        program,
        mut inlined,
        results,
        ..
    } = inliner;
    if options.level > 0 {
        resolve_texts(program, &results);
    }
    inlined.sort_by_key(|(caller, _)| {
        let mut root = *caller;
        while let Some(parent) = program.funcs[root].parent {
            root = parent;
        }
        (program.funcs[root].pos, *caller)
    });
    can.extend(inlined.into_iter().map(|(_, diagnostic)| diagnostic));
    can
}

/// A call to be replaced.
struct Site {
    at: Point,
    callee: FuncId,
    /// What a literal's captures are.
    captures: Option<Vec<Operand>>,
}

struct Inliner<'a> {
    program: &'a mut Program,
    /// Cost of the functions that can be inlined.
    cost: IndexVec<FuncId, Option<u32>>,
    /// Of `-m`.
    level: u8,
    inlined: Vec<(FuncId, OptDiagnostic)>,
    /// What Go calls the results of the calls that were inlined, by the positions of those.
    results: HashMap<Pos, Arc<str>>,
    /// The function that is worked on as it was before, for copies of it inside itself.
    itself: Option<(FuncId, Body)>,
    /// Literals that are copies, and of which.
    originals: HashMap<FuncId, FuncId>,
}

impl Inliner<'_> {
    /// The cost of a function that can be inlined, else the reason why not, in Go's words.
    fn cost_of(&self, id: FuncId) -> Result<u32, String> {
        let func = &self.program.funcs[id];
        let Some(body) = self.program.body(id) else {
            return Err("no function body".into());
        };
        if func.no_inline {
            return Err("marked go:noinline".into());
        }
        let cost = match func.inline_cost {
            InlineCost::Never(reason) => return Err(reason.into()),
            InlineCost::Nodes(nodes) => Some(nodes),
            InlineCost::Unknown => None,
        };
        if body.has_defer {
            return Err("unhandled op DEFER".into());
        }
        if body.has_recover {
            return Err("call to recover".into());
        }
        let counted = self.count(id, body)?;
        if let Some(context) = body.context
            && !context_is_only_read(body, context)
        {
            return Err("changes what it captured".into());
        }
        let cost = cost.unwrap_or(counted);
        let limit = match func.parent {
            Some(_) => MAX_COST_ONCE,
            None => MAX_COST,
        };
        match cost <= limit {
            true => Ok(cost),
            false => Err(format!(
                "function too complex: cost {cost} exceeds budget {limit}"
            )),
        }
    }

    /// The cost of statements, for functions that lowering did not count.
    fn count(&self, id: FuncId, body: &Body) -> Result<u32, String> {
        let is_counted = self.program.funcs[id].inline_cost != InlineCost::Unknown;
        let mut cost = 0;
        for block in body.blocks.iter() {
            for statement in &block.statements {
                cost += match &statement.kind {
                    StatementKind::Go(_) => return Err("unhandled op GO".into()),
                    StatementKind::Defer(_)
                    | StatementKind::DeferList(_)
                    | StatementKind::RunDefers => return Err("unhandled op DEFER".into()),
                    StatementKind::Assign(_, Rvalue::Recover) => {
                        return Err("call to recover".into());
                    }
                    StatementKind::Assign(_, Rvalue::Call(call)) => {
                        if call.callee == Callee::Static(id) && !is_counted {
                            return Err("recursive".into());
                        }
                        59 + call.args.len() as u32
                    }
                    StatementKind::StorageLive(_) | StatementKind::Nop => 0,
                    _ => 2,
                };
            }
            cost += 1;
        }
        Ok(cost)
    }

    /// Inlines into a function. `is_cycle`: others that call it may be inlined in turn.
    fn func(&mut self, caller: FuncId, is_cycle: bool) {
        let FuncKind::Body(body) = &mut self.program.funcs[caller].kind else {
            return;
        };
        let mut body = std::mem::replace(&mut **body, Body::new(mini_diagnostics::Span::NONE));
        self.itself = (is_cycle || names_statically(&body, caller)).then(|| (caller, body.clone()));
        let mut dead_literals = HashSet::new();
        let mut changed = false;
        for _ in 0..MAX_ROUNDS {
            let changes = devirtualise::run(&mut body, self.program);
            self.report_devirtualised(caller, &body, changes);
            let sites = self.sites(caller, &body);
            self.report_cycles(caller, &body);
            if sites.is_empty() {
                break;
            }
            changed = true;
            for site in &sites {
                if site.captures.is_some() {
                    dead_literals.insert(site.callee);
                }
            }
            self.splice_all(caller, &mut body, sites);
            forward_refs::run(&mut body);
        }
        if changed {
            let cx = Context::new(self.program);
            super::simplify_cfg::run(&mut body, cx);
            forward_refs::drop_dead(&mut body, &|func| dead_literals.contains(&func));
        }
        if let FuncKind::Body(slot) = &mut self.program.funcs[caller].kind {
            **slot = body;
        }
    }

    fn original(&self, func: FuncId) -> FuncId {
        self.originals.get(&func).copied().unwrap_or(func)
    }

    /// Whether a call is in a copy of a function.
    fn is_inlined_in(&self, body: &Body, mut inlined: u32, func: FuncId) -> bool {
        let func = self.original(func);
        while inlined != 0 {
            let call = &body.inlined[inlined as usize - 1];
            if self.original(call.func) == func {
                return true;
            }
            inlined = call.parent;
        }
        false
    }

    /// What is put in place of calls of a function.
    fn body_of(&self, callee: FuncId) -> Option<&Body> {
        match &self.itself {
            Some((func, body)) if *func == callee => Some(body),
            _ => self.program.body(callee),
        }
    }

    /// Calls of a body that can be replaced now.
    fn sites(&self, caller: FuncId, body: &Body) -> Vec<Site> {
        let size: usize = body.blocks.iter().map(|b| b.statements.len()).sum();
        if size > ENORMOUS {
            return vec![];
        }
        let limit = if size > BIG {
            MAX_COST_IN_BIG
        } else {
            MAX_COST
        };
        // A function is not inlined into a copy of itself.
        let fits = |callee: FuncId, inlined: u32| {
            (callee != caller || self.itself.is_some())
                && self.cost[callee].is_some_and(|cost| cost <= limit)
                && !self.is_inlined_in(body, inlined, callee)
        };
        let may_be_site = |statement: &Statement| match &statement.kind {
            StatementKind::Assign(_, Rvalue::Call(call)) => match call.callee {
                Callee::Static(callee) => fits(callee, statement.inlined),
                Callee::Value(_) => true,
                _ => false,
            },
            _ => false,
        };
        if !body
            .blocks
            .iter()
            .any(|block| block.statements.iter().any(may_be_site))
        {
            return vec![];
        }
        let cfg = Cfg::new(body);
        let defs = Defs::new(body);
        let mut sites = vec![];
        for &block in &cfg.order {
            for (index, statement) in body.blocks[block].statements.iter().enumerate() {
                let StatementKind::Assign(_, Rvalue::Call(call)) = &statement.kind else {
                    continue;
                };
                let at = Point {
                    block,
                    statement: index as u32,
                };
                match &call.callee {
                    Callee::Static(callee)
                        if fits(*callee, statement.inlined)
                            && self.body_of(*callee).is_some_and(|b| b.context.is_none()) =>
                    {
                        sites.push(Site {
                            at,
                            callee: *callee,
                            captures: None,
                        });
                    }
                    Callee::Value(value) => {
                        if let Some(Origin::Value(Rvalue::MakeClosure { func, captures, .. }, _)) =
                            defs.origin(body, &cfg, value, at)
                            && self.original(*func) != self.original(caller)
                            && !self.is_inlined_in(body, statement.inlined, *func)
                            && self.cost[*func].is_some()
                            && captures.iter().all(|c| is_stable(body, &defs, c))
                        {
                            sites.push(Site {
                                at,
                                callee: *func,
                                captures: Some(captures.clone()),
                            });
                        }
                    }
                    _ => {}
                }
            }
        }
        // Literals may cost more, those that are called once much more.
        let mut n_calls: HashMap<FuncId, u32> = HashMap::new();
        for site in &sites {
            *n_calls.entry(site.callee).or_default() += 1;
        }
        sites.retain(|site| {
            let max = match site.captures {
                None => limit,
                Some(_) if n_calls[&site.callee] == 1 => limit.max(MAX_COST_ONCE),
                Some(_) => 2 * limit,
            };
            self.cost[site.callee].is_some_and(|cost| cost <= max)
        });
        sites
    }

    /// Replaces calls, which are in order of block and statement within a block.
    fn splice_all(&mut self, caller: FuncId, body: &mut Body, sites: Vec<Site>) {
        let depths = Cfg::new(body).loop_depths(body);
        let mut sites = sites.into_iter().peekable();
        while let Some(block) = sites.peek().map(|site| site.at.block) {
            let depth = depths[block] + 1;
            let statements = std::mem::take(&mut body.blocks[block].statements);
            let last = body.blocks[block].terminator.clone();
            let mut current = block;
            for (index, statement) in statements.into_iter().enumerate() {
                let is_site = sites
                    .peek()
                    .is_some_and(|s| s.at.block == block && s.at.statement == index as u32);
                if !is_site {
                    body.blocks[current].statements.push(statement);
                    continue;
                }
                let site = sites.next().expect("just seen");
                let next = body.blocks.push(Block {
                    statements: vec![],
                    terminator: last.clone(),
                });
                self.splice(caller, body, current, next, depth, statement, site);
                current = next;
            }
            body.blocks[current].terminator = last;
        }
    }

    /// Puts the callee between two blocks.
    #[expect(clippy::too_many_arguments, reason = "all of one splice")]
    fn splice(
        &mut self,
        caller: FuncId,
        body: &mut Body,
        from: BlockId,
        to: BlockId,
        depth: u32,
        statement: Statement,
        site: Site,
    ) {
        let StatementKind::Assign(dest, Rvalue::Call(call)) = statement.kind else {
            unreachable!("sites are calls");
        };
        let mut depth = depth;
        let locals = call.args.iter().filter_map(Operand::as_local);
        for local in locals.chain(dest.as_local()) {
            if body.locals[local].kind == LocalKind::Temp {
                depth = depth.max(body.locals[local].loop_depth);
            }
        }
        let outermost = outermost(body, statement.inlined, statement.pos);
        let mark = InlinedCall {
            func: site.callee,
            parent: statement.inlined,
            call_pos: statement.pos,
        };
        body.inlined.push(mark);
        let inlined = body.inlined.len() as u32;
        self.report(caller, site.callee, outermost);

        let inner = self
            .body_of(site.callee)
            .expect("has a cost, so has a body")
            .clone();
        if self.level > 0
            && let [result] = inner.results[..]
        {
            let name = Arc::clone(&inner.locals[result].name);
            self.results.insert(statement.pos, name);
        }
        for nested in &inner.inlined {
            self.report(caller, nested.func, outermost);
        }
        let mut copy = Copy {
            locals: body.locals.len() as u32,
            blocks: body.blocks.len() as u32,
            sites: body.sites.len() as u32,
            marks: body.inlined.len() as u32,
            inlined,
            context: inner.context,
            captures: site.captures,
            to,
        };
        for nested in &inner.inlined {
            body.inlined.push(InlinedCall {
                func: nested.func,
                parent: copy.mark(nested.parent),
                call_pos: nested.call_pos,
            });
        }
        let written = written(&inner);
        for (id, local) in inner.locals.iter_enumerated() {
            let mut local = local.clone();
            local.loop_depth = local.loop_depth.max(1) - 1 + depth;
            if local.kind != LocalKind::Temp {
                local.pos = outermost;
            }
            local.kind = match local.kind {
                LocalKind::Param | LocalKind::Context if !local.addr_taken && !written[id] => {
                    LocalKind::Temp
                }
                LocalKind::Result if !local.addr_taken && local.name.starts_with('~') => {
                    LocalKind::Temp
                }
                LocalKind::Temp => LocalKind::Temp,
                _ => LocalKind::Var,
            };
            body.locals.push(local);
        }
        for site in inner.sites.iter() {
            let mut site = site.clone();
            site.loop_depth = site.loop_depth.max(1) - 1 + depth;
            site.pos = outermost;
            body.sites.push(site);
        }

        // Parameters.
        let push = |body: &mut Body, block: BlockId, kind: StatementKind| {
            body.blocks[block].statements.push(Statement {
                kind,
                pos: statement.pos,
                inlined: statement.inlined,
            });
        };
        let is_var = |body: &Body, local: LocalId| body.locals[local].kind == LocalKind::Var;
        for (&param, arg) in inner.params.iter().zip(call.args) {
            let param = copy.local(param);
            if is_var(body, param) {
                push(body, from, StatementKind::StorageLive(param));
            }
            push(
                body,
                from,
                StatementKind::Assign(param.into(), Rvalue::Use(arg)),
            );
        }
        for &result in &inner.results {
            let result = copy.local(result);
            if is_var(body, result) {
                push(body, from, StatementKind::StorageLive(result));
            }
        }
        body.blocks[from].terminator = Terminator {
            kind: TerminatorKind::Goto(copy.block(Body::ENTRY)),
            pos: statement.pos,
            inlined: statement.inlined,
        };

        // The body.
        for block in inner.blocks.raw() {
            let mut block = block.clone();
            for statement in &mut block.statements {
                copy.statement(statement);
                if let StatementKind::Assign(_, Rvalue::MakeClosure { func, .. }) =
                    &mut statement.kind
                {
                    *func = self.clone_literal(*func, site.callee, caller);
                }
            }
            copy.terminator(&mut block.terminator);
            body.blocks.push(block);
        }

        // Results.
        let results: Vec<Operand> = inner
            .results
            .iter()
            .map(|&result| Operand::local(copy.local(result)))
            .collect();
        let value = match <[Operand; 1]>::try_from(results) {
            Ok([only]) => Rvalue::Use(only),
            Err(parts) => {
                let ty = dest
                    .as_local()
                    .map(|local| body.locals[local].ty)
                    .filter(|&ty| matches!(self.program.types.kind(ty), TyKind::Tuple(_)));
                match ty {
                    Some(ty) if !parts.is_empty() => Rvalue::Aggregate { ty, parts },
                    _ => return,
                }
            }
        };
        push(body, to, StatementKind::Assign(dest, value));
    }

    /// A copy of a literal for its copy in another function; functions that are not inside another stay one.
    fn clone_literal(&mut self, literal: FuncId, callee: FuncId, caller: FuncId) -> FuncId {
        let original = &self.program.funcs[literal];
        if original.parent.is_none() {
            return literal;
        }
        let (from, to) = (&self.program.funcs[callee], &self.program.funcs[caller]);
        let in_literal = to.parent.is_some();
        let rename = |name: &str, from: &str| literal_name(name, from, in_literal);
        let mut clone = Func {
            name: rename(&original.name, &from.name).into(),
            short_name: rename(&original.short_name, &from.short_name).into(),
            parent: Some(caller),
            is_library: to.is_library && original.is_library,
            ..original.clone()
        };
        let mut kind = std::mem::replace(&mut clone.kind, FuncKind::Pending);
        if let Some((func, body)) = &self.itself
            && *func == literal
        {
            kind = FuncKind::Body(Box::new(body.clone()));
        }
        let id = self.program.funcs.push(clone);
        self.cost.push(self.cost[literal]);
        self.originals.insert(id, self.original(literal));
        if let FuncKind::Body(body) = &mut kind {
            for block in body.blocks.iter_mut() {
                for statement in &mut block.statements {
                    if let StatementKind::Assign(_, Rvalue::MakeClosure { func, .. }) =
                        &mut statement.kind
                    {
                        *func = self.clone_literal(*func, literal, id);
                    }
                }
            }
        }
        self.program.funcs[id].kind = kind;
        id
    }
}

/// The name of a literal's copy: that of the function where it is written, and a number, as in literals without `func`.
/// (`closureName` in Go's `ir/func.go`.)
fn literal_name(name: &str, written_in: &str, in_literal: bool) -> String {
    let number = name
        .strip_prefix(written_in)
        .and_then(|tail| tail.strip_prefix('.'))
        .map(|tail| tail.strip_prefix("func").unwrap_or(tail))
        .filter(|number| number.bytes().all(|b| b.is_ascii_digit()));
    match number {
        Some(number) if in_literal => format!("{written_in}.{number}"),
        Some(number) => format!("{written_in}.func{number}"),
        None => name.to_string(),
    }
}

/// Whether a body calls a function by name.
fn names_statically(body: &Body, func: FuncId) -> bool {
    body.blocks.iter().any(|block| {
        block.statements.iter().any(|statement| {
            matches!(&statement.kind, StatementKind::Assign(_, Rvalue::Call(call))
                if call.callee == Callee::Static(func))
        })
    })
}

/// Where the outermost call of a chain of inlined ones is.
fn outermost(body: &Body, mut inlined: u32, mut pos: Pos) -> Pos {
    while inlined != 0 {
        let call = &body.inlined[inlined as usize - 1];
        pos = call.call_pos;
        inlined = call.parent;
    }
    pos
}

/// Locals that a body assigns to, other than through pointers.
fn written(body: &Body) -> IndexVec<LocalId, bool> {
    let mut written = IndexVec::from_elem(false, body.locals.len());
    for block in body.blocks.iter() {
        for statement in &block.statements {
            visit::statement_places(statement, &mut |place, access| {
                if let PlaceBase::Local(local) = place.base
                    && access == visit::Access::Write
                    && !matches!(place.proj.first(), Some(Proj::Deref { .. }))
                {
                    written[local] = true;
                }
            });
            visit::whole_locals(statement, &mut |&local, access| {
                written[local] |= access == visit::Access::Write;
            });
        }
    }
    written
}

/// Whether a capture still has its value wherever the closure is called: a constant, a temporary that is written once, a
/// variable (captured by value, it does not change any more), a capture of the function itself.
fn is_stable(body: &Body, defs: &Defs, capture: &Operand) -> bool {
    let Operand::Copy(place) = capture else {
        return true;
    };
    let PlaceBase::Local(local) = place.base else {
        return false;
    };
    if place.proj.is_empty() {
        return match body.locals[local].kind {
            LocalKind::Temp => defs.only(body, local).is_some(),
            _ => !body.locals[local].addr_taken,
        };
    }
    Some(local) == body.context && matches!(place.proj[..], [Proj::Deref { .. }, Proj::Field(1..)])
}

/// Whether a literal uses its context for nothing but its captures, and writes none of them.
fn context_is_only_read(body: &Body, context: LocalId) -> bool {
    let mut fine = true;
    let mut check = |place: &Place, access: visit::Access| {
        if place.base == PlaceBase::Local(context) {
            fine &= match place.proj[..] {
                [Proj::Deref { .. }, Proj::Field(1..)] => access == visit::Access::Read,
                [Proj::Deref { .. }, Proj::Field(1..), ..] => true,
                _ => false,
            };
        }
    };
    for block in body.blocks.iter() {
        for statement in &block.statements {
            visit::statement_places(statement, &mut check);
        }
        visit::terminator_places(&block.terminator, &mut check);
    }
    fine
}
