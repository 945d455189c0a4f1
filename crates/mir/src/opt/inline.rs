//! Inlining: puts the bodies of small functions in place of calls, callees first.
//!
//! A function is inlined if its cost (Go's count of syntax nodes, from lowering) is at most [`MAX_COST`], for a literal twice
//! that or, if it is called at one place only, [`MAX_COST_ONCE`], and it neither defers, recovers, starts or waits for
//! goroutines, nor is recursive. A call counts if its callee is static, a literal that is made in the same function, or a
//! method of an interface value whose dynamic type is known ([`devirtualise`]). What is inlined may reveal the callees of
//! further calls (a function parameter that is a literal here), so a function is worked on in rounds until nothing changes.
//!
//! Parameters that the callee does not change become temporaries: names of the arguments. A literal's captures are replaced
//! by what the closure object was made of. Literals that the callee makes are cloned, so that each has one place where it is
//! made. Statements remember the call they came from ([`crate::body::InlinedCall`]); sites and variables are where the
//! outermost call is, as `-m` shows them.
//!
//! Precondition: none. The pass keeps every id of the caller and adds new ones behind them.

use super::call_graph;
use super::defs::{Defs, Origin, Point};
use super::devirtualise::{self, Change};
use super::forward_refs;
use super::{Context, OptDiagnostic, Options};
use crate::body::{
    Block, Body, InlinedCall, LocalKind, Statement, StatementKind, Terminator, TerminatorKind,
};
use crate::cfg::Cfg;
use crate::ids::{BlockId, FuncId, IndexVec, LocalId, SiteId};
use crate::place::{Operand, Place, PlaceBase, Proj};
use crate::program::{Func, FuncKind, Program};
use crate::rvalue::{Callee, Rvalue};
use crate::types::TyKind;
use crate::visit;
use std::collections::{HashMap, HashSet};

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
        verbose: options.level >= 1,
        inlines: options.inline,
        inlined: vec![],
    };
    let mut can = vec![];
    for component in &components {
        for &func in component {
            let cost = inliner.cost_of(func, component.len() > 1);
            inliner.cost[func] = cost;
            let data = &inliner.program.funcs[func];
            if cost.is_some() && inliner.verbose && !data.is_library && !data.is_wrapper {
                can.push(OptDiagnostic {
                    pos: data.pos,
                    message: format!("can inline {}", data.short_name),
                });
            }
        }
        for &func in component {
            inliner.func(func);
        }
    }
    // Callers in the order of the source, literals behind the function around them.
    let Inliner {
        program,
        mut inlined,
        ..
    } = inliner;
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
    verbose: bool,
    /// Off: calls become static only.
    inlines: bool,
    inlined: Vec<(FuncId, OptDiagnostic)>,
}

impl Inliner<'_> {
    /// The cost of a function; `None`: it cannot be inlined.
    fn cost_of(&self, id: FuncId, is_recursive: bool) -> Option<u32> {
        let func = &self.program.funcs[id];
        let body = self.program.body(id)?;
        if !self.inlines || is_recursive || func.no_inline || body.has_defer || body.has_recover {
            return None;
        }
        let mut cost = 0;
        for block in body.blocks.iter() {
            for statement in &block.statements {
                cost += match &statement.kind {
                    StatementKind::Go(_)
                    | StatementKind::Defer(_)
                    | StatementKind::DeferList(_)
                    | StatementKind::RunDefers
                    | StatementKind::Assign(_, Rvalue::Select { .. } | Rvalue::Recover) => {
                        return None;
                    }
                    StatementKind::Assign(_, Rvalue::Call(call)) => {
                        if call.callee == Callee::Static(id) {
                            return None;
                        }
                        59 + call.args.len() as u32
                    }
                    StatementKind::StorageLive(_) | StatementKind::Nop => 0,
                    _ => 2,
                };
            }
            cost += 1;
        }
        if let Some(context) = body.context
            && !context_is_only_read(body, context)
        {
            return None;
        }
        let cost = match func.inline_cost {
            u32::MAX => cost,
            known => known,
        };
        let limit = match func.parent {
            Some(_) => MAX_COST_ONCE,
            None => MAX_COST,
        };
        (cost <= limit).then_some(cost)
    }

    fn func(&mut self, caller: FuncId) {
        let FuncKind::Body(body) = &mut self.program.funcs[caller].kind else {
            return;
        };
        let mut body = std::mem::replace(&mut **body, Body::new(mini_diagnostics::Span::NONE));
        let mut dead_literals = HashSet::new();
        let mut changed = false;
        for _ in 0..MAX_ROUNDS {
            let changes = devirtualise::run(&mut body, self.program);
            self.report_devirtualised(caller, &body, changes);
            let sites = self.sites(caller, &body);
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
        let fits = |callee: FuncId| {
            callee != caller && self.cost[callee].is_some_and(|cost| cost <= limit)
        };
        let may_be_site = |statement: &Statement| match &statement.kind {
            StatementKind::Assign(_, Rvalue::Call(call)) => match call.callee {
                Callee::Static(callee) => fits(callee),
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
                        if fits(*callee)
                            && self
                                .program
                                .body(*callee)
                                .is_some_and(|b| b.context.is_none()) =>
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
                            && *func != caller
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
            .program
            .body(site.callee)
            .expect("has a cost, so has a body")
            .clone();
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
        // What starts the program is none of its functions: literals in main.main keep their names.
        let keeps_name = self.program.entry == Some(caller) || from.name == to.name;
        let rename = |name: &str, from_name: &str, to_name: &str| {
            if keeps_name {
                return name.to_string();
            }
            let tail = name.strip_prefix(from_name).unwrap_or(name);
            format!("{to_name}.{}{tail}", from.short_name)
        };
        let mut clone = Func {
            name: rename(&original.name, &from.name, &to.name).into(),
            short_name: rename(&original.short_name, &from.short_name, &to.short_name).into(),
            parent: Some(caller),
            is_library: to.is_library && original.is_library,
            ..original.clone()
        };
        let body = std::mem::replace(&mut clone.kind, FuncKind::Pending);
        let id = self.program.funcs.push(clone);
        self.cost.push(self.cost[literal]);
        let mut kind = body;
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

    // ---- Lines of -m ----

    fn report(&mut self, caller: FuncId, callee: FuncId, pos: mini_diagnostics::Pos) {
        if !self.verbose || self.program.funcs[caller].is_library {
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

    fn report_devirtualised(&mut self, caller: FuncId, body: &Body, changes: Vec<Change>) {
        if !self.verbose || self.program.funcs[caller].is_library {
            return;
        }
        for change in changes {
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

/// Where the outermost call of a chain of inlined ones is.
fn outermost(
    body: &Body,
    mut inlined: u32,
    mut pos: mini_diagnostics::Pos,
) -> mini_diagnostics::Pos {
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

/// How ids of the callee are changed.
struct Copy {
    locals: u32,
    blocks: u32,
    sites: u32,
    marks: u32,
    /// Mark of the call itself, index plus one.
    inlined: u32,
    context: Option<LocalId>,
    captures: Option<Vec<Operand>>,
    to: BlockId,
}

impl Copy {
    fn local(&self, local: LocalId) -> LocalId {
        LocalId(local.0 + self.locals)
    }

    fn block(&self, block: BlockId) -> BlockId {
        BlockId(block.0 + self.blocks)
    }

    fn mark(&self, inlined: u32) -> u32 {
        match inlined {
            0 => self.inlined,
            nested => nested + self.marks,
        }
    }

    fn statement(&mut self, statement: &mut Statement) {
        visit::statement_operands_mut(statement, &mut |operand| self.operand(operand));
        if let StatementKind::Assign(place, value) = &mut statement.kind {
            self.place(place);
            match value {
                Rvalue::Ref(place) => self.place(place),
                Rvalue::New(site)
                | Rvalue::MakeSlice { site, .. }
                | Rvalue::MakeClosure { site, .. }
                | Rvalue::MakeInterface { site, .. }
                | Rvalue::MakeMap { site, .. }
                | Rvalue::MakeChan { site, .. }
                | Rvalue::Concat { site, .. }
                | Rvalue::Append { site, .. }
                | Rvalue::AppendSlice { site, .. }
                | Rvalue::Convert {
                    site: Some(site), ..
                } => *site = SiteId(site.0 + self.sites),
                _ => {}
            }
        }
        visit::whole_locals_mut(statement, &mut |local, _| *local = self.local(*local));
        statement.inlined = self.mark(statement.inlined);
    }

    fn terminator(&mut self, terminator: &mut Terminator) {
        visit::terminator_operands_mut(terminator, &mut |operand| self.operand(operand));
        if terminator.kind == TerminatorKind::Return {
            terminator.kind = TerminatorKind::Goto(self.to);
        } else {
            super::simplify_cfg::targets_mut(&mut terminator.kind, &mut |target| {
                *target = self.block(*target);
            });
        }
        terminator.inlined = self.mark(terminator.inlined);
    }

    fn operand(&self, operand: &mut Operand) {
        let Operand::Copy(place) = operand else {
            return;
        };
        if let Some(Operand::Const(constant)) = self.capture(place) {
            *operand = Operand::Const(constant.clone());
            return;
        }
        self.place(place);
    }

    /// What a place that begins with a capture stands for.
    fn capture(&self, place: &Place) -> Option<&Operand> {
        match place.proj[..] {
            [Proj::Deref { .. }, Proj::Field(field @ 1..), ..]
                if self
                    .context
                    .is_some_and(|c| place.base == PlaceBase::Local(c)) =>
            {
                self.captures.as_ref()?.get(field as usize - 1)
            }
            _ => None,
        }
    }

    fn place(&self, place: &mut Place) {
        for step in &mut place.proj {
            if let Proj::Index { index, .. } = step {
                *index = self.local(*index);
            }
        }
        if let Some(Operand::Copy(outer)) = self.capture(place) {
            let mut whole = outer.clone();
            whole.proj.extend(place.proj[2..].iter().copied());
            *place = whole;
            return;
        }
        if let PlaceBase::Local(local) = &mut place.base {
            *local = self.local(*local);
        }
    }
}
