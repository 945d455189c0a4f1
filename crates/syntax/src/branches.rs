//! Labels and jumps: `break`, `continue`, `goto` and `fallthrough` inside one function body.
//!
//! All of it follows from the form of the body, so it is checked as soon as a body is built; a body nested in a function
//! literal is a body of its own. The rules:
//!
//! * `break` and `continue` stand inside of what they leave or continue, and so does their label's statement.
//! * `goto` does not jump into a block, and not over a variable declaration of the block that holds the label.
//! * `fallthrough` ends a clause of an expression switch that is not the last one.
//! * A label is defined once and used.

use mini_diagnostics::{Code, Diagnostic, Diagnostics, Pos, SourceFile};

use crate::Symbol;
use crate::ast::*;

/// Checks one body; nested function literals are not entered.
pub(crate) fn check(body: &Block, source: &SourceFile, diagnostics: &mut Diagnostics) {
    let mut checker = Checker {
        source,
        diagnostics,
        labels: Vec::new(),
        blocks: Vec::new(),
    };
    let pending = checker.block(None, Targets::default(), None, body.lbrace, &body.stmts);
    for goto in pending {
        checker.unresolved(goto);
    }
    for label in std::mem::take(&mut checker.labels) {
        if !label.is_used {
            let message = format!("label {} defined and not used", label.ident.name);
            checker.error(Code::UnusedLabel, label.ident.pos, message);
        }
    }
}

struct Checker<'a> {
    source: &'a SourceFile,
    diagnostics: &'a mut Diagnostics,
    labels: Vec<Label>,
    blocks: Vec<BlockInfo>,
}

struct Label {
    ident: Ident,
    /// Index of the block that holds the labelled statement.
    block: usize,
    target: Target,
    is_used: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Target {
    Loop,
    SwitchOrSelect,
    Other,
}

struct BlockInfo {
    parent: Option<usize>,
    start: Pos,
    /// The label of the statement that this block is a part of.
    label: Option<usize>,
}

/// What the enclosing statements allow.
#[derive(Clone, Copy, Default)]
struct Targets {
    can_break: bool,
    can_continue: bool,
    clause: Clause,
}

/// What `fallthrough` would do at the end of the block.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Clause {
    #[default]
    OutOfPlace,
    TypeSwitch,
    LastOfSwitch,
    OfSwitch,
}

/// A `goto` whose label has not been seen.
#[derive(Clone, Copy)]
struct Goto {
    label: Ident,
    /// A variable that was declared behind it in the block at hand, and where.
    jumps_over: Option<(Symbol, Pos)>,
}

impl Checker<'_> {
    /// Checks the statements of a block; returns the `goto`s that have found no label in it.
    fn block(
        &mut self,
        parent: Option<usize>,
        targets: Targets,
        label: Option<usize>,
        start: Pos,
        stmts: &[Stmt],
    ) -> Vec<Goto> {
        let block = self.blocks.len();
        self.blocks.push(BlockInfo {
            parent,
            start,
            label,
        });
        let mut pending: Vec<Goto> = Vec::new();
        for (index, outer) in stmts.iter().enumerate() {
            let mut stmt = outer;
            let mut label = None;
            while let StmtKind::Labeled {
                label: ident,
                stmt: inner,
            } = &stmt.kind
            {
                if !ident.name.is_blank() {
                    label = Some(self.declare(block, *ident, inner, &mut pending));
                }
                stmt = inner;
            }
            if let Some(declared) = declared_variable(stmt) {
                pending
                    .iter_mut()
                    .for_each(|goto| goto.jumps_over = Some(declared));
            }
            let is_last = index + 1 == stmts.len();
            self.stmt(stmt, block, targets, label, is_last, &mut pending);
        }
        pending
    }

    fn stmt(
        &mut self,
        stmt: &Stmt,
        block: usize,
        targets: Targets,
        label: Option<usize>,
        is_last: bool,
        pending: &mut Vec<Goto>,
    ) {
        // In a type switch `fallthrough` has a message of its own, however deep it stands in blocks.
        let plain = Targets {
            clause: match targets.clause {
                Clause::TypeSwitch => Clause::TypeSwitch,
                _ => Clause::OutOfPlace,
            },
            ..targets
        };
        let breakable = Targets {
            can_break: true,
            clause: Clause::OutOfPlace,
            ..targets
        };
        let looping = Targets {
            can_continue: true,
            ..breakable
        };
        let mut inner = |checker: &mut Self, targets, start, stmts: &[Stmt]| {
            let gotos = checker.block(Some(block), targets, label, start, stmts);
            // From here on, what they jump over is counted in this block.
            pending.extend(gotos.into_iter().map(|goto| Goto {
                jumps_over: None,
                ..goto
            }));
        };
        match &stmt.kind {
            StmtKind::Branch { kind, label } => {
                if let Some(goto) = self.branch(stmt, *kind, *label, block, targets, is_last) {
                    pending.push(goto);
                }
            }
            StmtKind::Block(body) => inner(self, plain, body.lbrace, &body.stmts),
            StmtKind::If(stmt) => {
                inner(self, plain, stmt.then.lbrace, &stmt.then.stmts);
                if let Some(els) = &stmt.els {
                    inner(self, plain, els.pos, std::slice::from_ref(els));
                }
            }
            StmtKind::For(stmt) => inner(self, looping, stmt.body.lbrace, &stmt.body.stmts),
            StmtKind::Range(stmt) => inner(self, looping, stmt.body.lbrace, &stmt.body.stmts),
            StmtKind::Switch(stmt) => {
                for (index, clause) in stmt.body.iter().enumerate() {
                    let is_last = index + 1 == stmt.body.len();
                    let kind = if is_last {
                        Clause::LastOfSwitch
                    } else {
                        Clause::OfSwitch
                    };
                    let targets = Targets {
                        clause: kind,
                        ..breakable
                    };
                    inner(self, targets, clause.pos, &clause.body);
                }
            }
            StmtKind::TypeSwitch(stmt) => {
                let targets = Targets {
                    clause: Clause::TypeSwitch,
                    ..breakable
                };
                for clause in &stmt.body {
                    inner(self, targets, clause.pos, &clause.body);
                }
            }
            StmtKind::Select(stmt) => {
                for clause in &stmt.body {
                    inner(self, breakable, clause.pos, &clause.body);
                }
            }
            _ => {}
        }
    }

    /// Enters a label and resolves the `goto`s that wait for it.
    fn declare(
        &mut self,
        block: usize,
        ident: Ident,
        stmt: &Stmt,
        pending: &mut Vec<Goto>,
    ) -> usize {
        let index = match self.find(ident.name) {
            Some(earlier) => {
                let place = self.place(self.labels[earlier].ident.pos);
                let message = format!("label {} already defined at {place}", ident.name);
                self.error(Code::DuplicateLabel, ident.pos, message);
                earlier
            }
            None => {
                let target = match &stmt.kind {
                    StmtKind::For(_) | StmtKind::Range(_) => Target::Loop,
                    StmtKind::Switch(_) | StmtKind::TypeSwitch(_) | StmtKind::Select(_) => {
                        Target::SwitchOrSelect
                    }
                    _ => Target::Other,
                };
                self.labels.push(Label {
                    ident,
                    block,
                    target,
                    is_used: false,
                });
                self.labels.len() - 1
            }
        };
        let (resolved, waiting) = pending
            .iter()
            .partition(|goto| goto.label.name == ident.name);
        *pending = waiting;
        let resolved: Vec<Goto> = resolved;
        for goto in resolved {
            self.labels[index].is_used = true;
            if let Some((variable, pos)) = goto.jumps_over {
                let (name, place) = (goto.label.name, self.place(pos));
                let message =
                    format!("goto {name} jumps over declaration of {variable} at {place}");
                self.error(Code::JumpOverDecl, goto.label.pos, message);
            }
        }
        index
    }

    /// Checks a jump; returns it if it is a `goto` whose label has not been seen.
    fn branch(
        &mut self,
        stmt: &Stmt,
        kind: BranchKind,
        label: Option<Ident>,
        block: usize,
        targets: Targets,
        is_last: bool,
    ) -> Option<Goto> {
        match (kind, label) {
            (BranchKind::Break, None) if !targets.can_break => {
                let message = "break is not in a loop, switch, or select";
                self.error(Code::MisplacedBreak, stmt.pos, message);
            }
            (BranchKind::Continue, None) if !targets.can_continue => {
                self.error(
                    Code::MisplacedContinue,
                    stmt.pos,
                    "continue is not in a loop",
                );
            }
            (BranchKind::Break, Some(label)) => match self.enclosing(label.name, block) {
                None => self.undefined("break label", label),
                Some(Target::Loop | Target::SwitchOrSelect) => {}
                Some(Target::Other) => self.misplaced("break", label),
            },
            (BranchKind::Continue, Some(label)) => match self.enclosing(label.name, block) {
                None => self.undefined("continue label", label),
                Some(Target::Loop) => {}
                Some(_) => self.misplaced("continue", label),
            },
            (BranchKind::Fallthrough, _) => {
                let message = match targets.clause {
                    Clause::TypeSwitch => "cannot fallthrough in type switch",
                    Clause::LastOfSwitch if is_last => "cannot fallthrough final case in switch",
                    Clause::OfSwitch if is_last => return None,
                    _ => "fallthrough statement out of place",
                };
                self.error(Code::MisplacedFallthrough, stmt.pos, message);
            }
            (BranchKind::Goto, Some(label)) if !self.is_reachable(label.name, block) => {
                return Some(Goto {
                    label,
                    jumps_over: None,
                });
            }
            _ => {}
        }
        None
    }

    fn find(&self, name: Symbol) -> Option<usize> {
        self.labels
            .iter()
            .position(|label| label.ident.name == name)
    }

    /// The block and those around it.
    fn outwards(&self, block: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(block), |&block| self.blocks[block].parent)
    }

    /// Whether a label that was seen is in the block or around it; uses it in any case.
    fn is_reachable(&mut self, name: Symbol, block: usize) -> bool {
        let Some(index) = self.find(name) else {
            return false;
        };
        self.labels[index].is_used = true;
        self.outwards(block)
            .any(|outer| outer == self.labels[index].block)
    }

    /// What the label labels, if that is around the block; [`Target::Other`] if it is elsewhere.
    fn enclosing(&mut self, name: Symbol, block: usize) -> Option<Target> {
        let index = self.find(name)?;
        self.labels[index].is_used = true;
        let is_around = self
            .outwards(block)
            .any(|outer| self.blocks[outer].label == Some(index));
        Some(if is_around {
            self.labels[index].target
        } else {
            Target::Other
        })
    }

    /// A `goto` that found no label in its block or around it.
    fn unresolved(&mut self, goto: Goto) {
        let Ident { name, pos, .. } = goto.label;
        match self.find(name) {
            Some(index) => {
                self.labels[index].is_used = true;
                let place = self.place(self.blocks[self.labels[index].block].start);
                let message = format!("goto {name} jumps into block starting at {place}");
                self.error(Code::JumpIntoBlock, pos, message);
            }
            None => self.error(
                Code::UndeclaredLabel,
                pos,
                format!("label {name} not defined"),
            ),
        }
    }

    fn undefined(&mut self, what: &str, label: Ident) {
        let message = format!("{what} not defined: {}", label.name);
        self.error(Code::UndeclaredLabel, label.pos, message);
    }

    fn misplaced(&mut self, what: &str, label: Ident) {
        let message = format!("invalid {what} label {}", label.name);
        self.error(Code::MisplacedLabel, label.pos, message);
    }

    fn error(&mut self, code: Code, pos: Pos, message: impl Into<String>) {
        self.diagnostics
            .push(Diagnostic::error(code, pos.span(), message));
    }

    fn place(&self, pos: Pos) -> String {
        let (line, col) = self.source.line_col((pos.0 - self.source.base.0) as usize);
        format!("{}:{line}:{col}", self.source.name)
    }
}

/// The first variable that a statement declares, and where Go says that it does.
fn declared_variable(stmt: &Stmt) -> Option<(Symbol, Pos)> {
    match &stmt.kind {
        StmtKind::Decl(decl) => match &**decl {
            Decl::Var(decl) => decl
                .specs
                .first()
                .map(|spec| (spec.names[0].name, spec.span.start)),
            _ => None,
        },
        // Shown as the whole left side.
        StmtKind::Define { lhs, .. } => Some((Symbol::intern(&crate::print::list(lhs)), stmt.pos)),
        _ => None,
    }
}
