//! Translation of one MIR body to CLIF: locals, blocks, statements, returns.
//!
//! # Locals
//!
//! | local | lives in |
//! | --- | --- |
//! | flat, address not taken | one Cranelift variable a scalar |
//! | address taken (decision: stack), or not flat | a stack slot |
//! | decision: heap | an object; a variable points to it |
//! | parameter that is not flat | the caller's copy; a variable points to it |
//! | result of a function with `defer` | a stack slot, since the landing pad reads it |
//!
//! Pointer scalars that are live across a safepoint have a home word in the frame: stored at every definition, named in the
//! safepoint's stack map, loaded again behind it ([`crate::safepoint`]).

use crate::alloc::{FirstArray, FrameObject, frame_objects};
use crate::jit::Jit;
use crate::layout::Convention;
use crate::link::Target;
use crate::liveness::{Flow, Named};
use crate::maps::MapUpdate;
use crate::prologue::{Location, Unit};
use crate::source_loc::Locations;
use crate::value::{Addr, Base, Scalars};
use cranelift_codegen::ir::types::{I8, I64};
use cranelift_codegen::ir::{
    Block, FuncRef, Function, InstBuilder, InstructionData, MemFlagsData, Opcode, SigRef,
    StackSlot, TrapCode, UserFuncName, Value, ValueDef,
};
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext, Switch, Variable};
use foldhash::HashMap;
use mini_abi::builtins::Builtin;
use mini_abi::func::{CompiledFunc, InlinedCall};
use mini_diagnostics::Pos;
use mini_mir::{
    BlockId, Body, BodyDecisions, FuncId, FuncKind, LocalId, Rvalue, SiteId, StatementKind,
    Storage, TerminatorKind, TyId, TyKind, TyTable,
};
use std::borrow::Cow;
use std::sync::Arc;

/// A load or store through a pointer that may be nil.
pub(crate) const TRAP_NIL: TrapCode = TrapCode::unwrap_user(1);
/// Behind calls that do not return.
pub(crate) const TRAP_UNREACHABLE: TrapCode = TrapCode::unwrap_user(2);

/// Where a local lives.
#[derive(Clone, Debug)]
pub(crate) enum Repr {
    /// One variable a scalar.
    Vars(Vec<Variable>),
    Slot(StackSlot),
    /// Through a pointer; `boxed`: an object of the heap, else memory in a caller's frame.
    Indirect {
        pointer: Variable,
        boxed: bool,
    },
}

/// The state of translating one function.
pub(crate) struct FuncCx<'a> {
    pub(crate) jit: &'a Jit,
    pub(crate) types: &'a TyTable,
    pub(crate) body: &'a Body,
    pub(crate) decisions: Cow<'a, BodyDecisions>,
    pub(crate) b: FunctionBuilder<'a>,
    pub(crate) locals: Vec<Repr>,
    /// Slot of each allocation site that is in the frame, made when first met.
    pub(crate) site_slots: Vec<Option<StackSlot>>,
    /// Of appends whose first array is none that grows as others.
    pub(crate) first_arrays: HashMap<SiteId, FirstArray>,
    pub(crate) flow: Flow,
    /// Slot that holds all home words, and the offset of each local's first one.
    pub(crate) homes: Option<StackSlot>,
    pub(crate) home_of: Vec<Option<u32>>,
    /// Whether there may be pointers to this frame's own slots.
    pub(crate) exposes_frame: bool,
    /// The address of the place at hand is taken.
    pub(crate) keeps_address: bool,
    /// What each site puts into the frame.
    pub(crate) frame_objects: Vec<FrameObject>,
    /// Home of the pointer to the caller's room for results.
    pub(crate) result_pointer: Option<(Variable, u32)>,
    pub(crate) results_in_memory: bool,
    /// What the next safepoints of the current statement must name.
    pub(crate) live: Option<Named>,
    /// Pointer words outside of locals that the safepoints of the current statement must name.
    pub(crate) roots: Vec<(StackSlot, u32)>,
    /// Pointer words of the current call's arguments in memory: the callee has pointers to that.
    pub(crate) passed: Vec<(StackSlot, u32)>,
    /// Slots that hold such arguments.
    pub(crate) passed_slots: Vec<StackSlot>,
    /// Slots for passing memory to calls: size, and whether the current statement uses it.
    pub(crate) scratch: Vec<(u32, StackSlot, bool)>,
    pub(crate) refs: HashMap<Target, FuncRef>,
    pub(crate) signatures: HashMap<TyId, SigRef>,
    pub(crate) pad: Option<Block>,
    pub(crate) blocks: Vec<Option<Block>>,
    /// Edges into each block that are still to come; zero: sealed.
    pub(crate) open_preds: Vec<u32>,
    locations: Locations<'a>,
}

/// CLIF of a function and what goes with it.
pub(crate) struct Translated {
    pub(crate) func: Function,
    pub(crate) unit: Unit,
    pub(crate) pad: Option<Block>,
}

/// Parameter types and result types of a function.
pub(crate) fn signature_of(types: &TyTable, sig: TyId) -> (&[TyId], &[TyId]) {
    match types.kind(sig) {
        TyKind::Func(sig) => (&sig.params, &sig.results),
        other => panic!("signature of {other:?}"),
    }
}

/// The record of a function before its code is known.
pub(crate) fn record(jit: &Jit, id: FuncId, unit: u32, convention: &Convention) -> CompiledFunc {
    let pointers = convention.entry_pointers();
    let func = &jit.program().funcs[id];
    CompiledFunc {
        name: func.name.to_string(),
        func_id: unit,
        stack_args_size: pointers.stack_bytes,
        pointer_args: pointers.registers,
        pointer_stack_args: pointers.stack_words,
        has_parameters: !signature_of(&jit.program().types, func.sig).0.is_empty(),
        is_wrapper: func.is_wrapper,
        ..CompiledFunc::default()
    }
}

/// Translates a function: a body, or the glue around a native function.
pub(crate) fn translate(jit: &Jit, id: FuncId) -> Translated {
    let declared = &jit.program().funcs[id];
    match &declared.kind {
        FuncKind::Body(body) => {
            let body = &*jit.optimized(body);
            let decisions = match jit.decisions().bodies.get(&id) {
                Some(decisions) => Cow::Borrowed(decisions),
                None => Cow::Owned(BodyDecisions::all_heap(body, &jit.program().types)),
            };
            translate_body(jit, id, body, decisions)
        }
        FuncKind::Native => {
            let body = Body::new(mini_diagnostics::Span::NONE);
            let decisions = Cow::Owned(BodyDecisions::all_heap(&body, &jit.program().types));
            translate_native(jit, id, &body, decisions)
        }
        FuncKind::Pending => panic!("{} was never lowered", declared.name),
    }
}

/// The thunk behind a top-level function used as a value: drops the closure context and goes on to the function.
pub(crate) fn translate_thunk(jit: &Jit, id: FuncId, unit: u32) -> Translated {
    let (params, results) = signature_of(&jit.program().types, jit.program().funcs[id].sig);
    let layouts = jit.layouts();
    let with = layouts.convention(params, results, true);
    let without = layouts.convention(params, results, false);
    let mut func =
        Function::with_name_signature(UserFuncName::user(0, unit), with.signature.clone());
    let mut builder_context = FunctionBuilderContext::new();
    let mut b = FunctionBuilder::new(&mut func, &mut builder_context);
    let entry = b.create_block();
    b.append_block_params_for_function_params(entry);
    b.switch_to_block(entry);
    b.seal_block(entry);
    let mut args: Vec<Value> = b.block_params(entry).to_vec();
    args.remove(usize::from(with.results_in_memory));
    let signature = b.import_signature(without.signature);
    let callee = import(&mut b, Target::Unit(id.0), signature);
    b.ins().return_call(callee, &args);
    b.finalize(jit.frontend_config());
    let mut record = record(jit, id, unit, &with);
    record.is_wrapper = true;
    Translated {
        func,
        unit: Unit {
            func: record,
            locations: vec![],
            pad_words: None,
            objects: vec![],
            is_glue: true,
        },
        pad: None,
    }
}

fn import(b: &mut FunctionBuilder<'_>, target: Target, signature: SigRef) -> FuncRef {
    let name = b.func.declare_imported_user_function(target.name());
    b.import_function(cranelift_codegen::ir::ExtFuncData {
        name: cranelift_codegen::ir::ExternalName::user(name),
        signature,
        colocated: true,
        patchable: false,
    })
}

fn translate_native(
    jit: &Jit,
    id: FuncId,
    body: &Body,
    decisions: Cow<'_, BodyDecisions>,
) -> Translated {
    let (params, results) = signature_of(&jit.program().types, jit.program().funcs[id].sig);
    let convention = jit.layouts().convention(params, results, false);
    let mut func =
        Function::with_name_signature(UserFuncName::user(0, id.0), convention.signature.clone());
    let mut builder_context = FunctionBuilderContext::new();
    let mut cx = FuncCx::new(jit, body, decisions, &mut func, &mut builder_context);
    let entry = cx.b.create_block();
    cx.b.append_block_params_for_function_params(entry);
    cx.b.switch_to_block(entry);
    cx.b.seal_block(entry);
    let words: Vec<Value> = cx.b.block_params(entry).to_vec();
    let room = convention.results_in_memory.then(|| words[0]);
    cx.set_position(jit.program().funcs[id].pos, 0);
    cx.live = Some(Named::default());
    if let Some(room) = room {
        // The room is in the caller's frame, and the native may park.
        cx.root(room);
    }
    let args = &words[usize::from(room.is_some())..];
    let out = cx.native(id, params, args, results);
    let loc = cx
        .locations
        .source_loc(jit.program().funcs[id].pos, 0, true);
    match room {
        None => {
            cx.b.set_srcloc(loc);
            cx.b.ins().return_(&out);
        }
        Some(_) => {
            let (slot, offset) = cx.roots[0];
            let room = cx.b.ins().stack_load(I64, I64, slot, offset as i32);
            let (offsets, _) = jit.layouts().sequence(results.iter().copied());
            let mut next = 0;
            for (&result, offset) in results.iter().zip(offsets) {
                let n = cx.word_count(result);
                let at = Addr::frame(Base::Value(room), offset as i64);
                cx.store_words(at, result, &out[next..next + n]);
                next += n;
            }
            cx.b.set_srcloc(loc);
            cx.b.ins().return_(&[]);
        }
    }
    let locations = cx.finish();
    let mut record = record(jit, id, id.0, &convention);
    record.files = locations.1;
    Translated {
        func,
        unit: Unit {
            func: record,
            locations: locations.0,
            pad_words: None,
            objects: vec![],
            is_glue: false,
        },
        pad: None,
    }
}

fn translate_body(
    jit: &Jit,
    id: FuncId,
    body: &Body,
    decisions: Cow<'_, BodyDecisions>,
) -> Translated {
    let params: Vec<TyId> = body.params.iter().map(|&p| body.locals[p].ty).collect();
    let results: Vec<TyId> = body.results.iter().map(|&r| body.locals[r].ty).collect();
    let convention = jit
        .layouts()
        .convention(&params, &results, body.context.is_some());
    let mut func =
        Function::with_name_signature(UserFuncName::user(0, id.0), convention.signature.clone());
    let mut builder_context = FunctionBuilderContext::new();
    let mut cx = FuncCx::new(jit, body, decisions, &mut func, &mut builder_context);
    cx.results_in_memory = convention.results_in_memory;
    cx.analyse();
    cx.enter();
    cx.body();
    let pad_words = cx.landing_pad();
    let objects = cx.named_objects();
    let pad = cx.pad;
    let mut record = record(jit, id, id.0, &convention);
    record.inlined = cx.inlined_calls();
    let (locations, files) = cx.finish();
    record.files = files;
    Translated {
        func,
        unit: Unit {
            func: record,
            locations,
            pad_words,
            objects,
            is_glue: false,
        },
        pad,
    }
}

impl<'a> FuncCx<'a> {
    fn new(
        jit: &'a Jit,
        body: &'a Body,
        decisions: Cow<'a, BodyDecisions>,
        func: &'a mut Function,
        builder_context: &'a mut FunctionBuilderContext,
    ) -> FuncCx<'a> {
        let types = &jit.program().types;
        FuncCx {
            jit,
            types,
            body,
            b: FunctionBuilder::new(func, builder_context),
            locals: vec![],
            site_slots: vec![None; body.sites.len()],
            first_arrays: HashMap::default(),
            flow: Flow::default(),
            homes: None,
            home_of: vec![None; body.locals.len()],
            exposes_frame: false,
            keeps_address: false,
            frame_objects: frame_objects(body, &decisions),
            result_pointer: None,
            results_in_memory: false,
            live: None,
            roots: vec![],
            passed: vec![],
            passed_slots: vec![],
            scratch: vec![],
            refs: HashMap::default(),
            signatures: HashMap::default(),
            pad: None,
            blocks: vec![None; body.blocks.len()],
            open_preds: vec![],
            locations: Locations::new(jit),
            decisions,
        }
    }

    fn finish(self) -> (Vec<Location>, Vec<Arc<str>>) {
        let config = self.jit.frontend_config();
        self.b.finalize(config);
        (self.locations.list, self.locations.files)
    }

    fn inlined_calls(&mut self) -> Vec<InlinedCall> {
        let body = self.body;
        let calls = body.inlined.iter().map(|call| {
            let (call_file, call_line) = self.locations.file_line(call.call_pos);
            InlinedCall {
                name: self.jit.program().funcs[call.func].name.to_string(),
                parent: call.parent as u16,
                call_file,
                call_line,
            }
        });
        calls.collect()
    }

    // --- blocks ---------------------------------------------------------------------------------

    fn body(&mut self) {
        let order = self.flow.order.clone();
        for block in order {
            let i = block.0 as usize;
            let clif = self.blocks[i].expect("reachable");
            self.b.switch_to_block(clif);
            if self.open_preds[i] == 0 && block == Body::ENTRY {
                self.b.seal_block(clif);
            }
            let safepoints = std::mem::take(&mut self.flow.safepoints[i]);
            let mut safepoints = safepoints.into_iter().peekable();
            let statements = &self.body.blocks[block].statements;
            let mut index = 0;
            while let Some(statement) = statements.get(index) {
                let update = self.map_update(&statements[index..]);
                if update.is_some() {
                    // Its one safepoint is that of the last of its statements.
                    index += MapUpdate::N_STATEMENTS - 1;
                }
                self.set_position(statement.pos, statement.inlined);
                self.live = safepoints
                    .next_if(|(at, _)| *at as usize == index)
                    .map(|(_, set)| set);
                match update {
                    Some(update) => self.update_map(&update),
                    None => self.statement(&statement.kind),
                }
                self.end_statement();
                index += 1;
            }
            self.terminator(block);
        }
    }

    fn end_statement(&mut self) {
        self.live = None;
        self.roots.clear();
        self.passed.clear();
        self.scratch.iter_mut().for_each(|s| s.2 = false);
    }

    /// The block of an edge's target, which is sealed when its last edge is made.
    fn target(&mut self, block: BlockId) -> Block {
        self.blocks[block.0 as usize].expect("a successor of a reachable block is reachable")
    }

    fn seal_targets(&mut self, block: BlockId) {
        for next in self.body.blocks[block].terminator.kind.successors() {
            let i = next.0 as usize;
            self.open_preds[i] -= 1;
            if self.open_preds[i] == 0 {
                let clif = self.blocks[i].expect("reachable");
                self.b.seal_block(clif);
            }
        }
    }

    fn terminator(&mut self, block: BlockId) {
        let terminator = &self.body.blocks[block].terminator;
        self.set_position(terminator.pos, terminator.inlined);
        match &terminator.kind {
            TerminatorKind::Goto(next) => {
                let next = self.target(*next);
                self.b.ins().jump(next, &[]);
            }
            TerminatorKind::If {
                cond,
                then,
                otherwise,
            } => {
                let cond = self.scalar(cond);
                let (then, otherwise) = (self.target(*then), self.target(*otherwise));
                self.b.ins().brif(cond, then, &[], otherwise, &[]);
            }
            TerminatorKind::Switch {
                value,
                targets,
                otherwise,
            } => {
                let bits = 8 * self.jit.layouts().of(self.operand_ty(value)).size as u32;
                let value = self.scalar(value);
                let mut switch = Switch::new();
                let mask = u128::MAX >> (128 - bits);
                let mut seen = foldhash::HashSet::default();
                for target in targets {
                    // The first of equal cases wins.
                    if seen.insert(target.value as u128 & mask) {
                        let block = self.target(target.target);
                        switch.set_entry(target.value as u128 & mask, block);
                    }
                }
                let otherwise = self.target(*otherwise);
                switch.emit(&mut self.b, value, otherwise);
            }
            TerminatorKind::Return => self.return_(terminator.pos, terminator.inlined),
            TerminatorKind::Panic(value) => {
                let words = self.scalars(value);
                self.go_panic(&words);
            }
            TerminatorKind::Unreachable => {
                self.b.ins().trap(TRAP_UNREACHABLE);
            }
        }
        self.seal_targets(block);
        self.end_statement();
    }

    /// Returns the values of the result locals.
    pub(crate) fn return_(&mut self, pos: Pos, inlined: u32) {
        let results = &self.body.results;
        let mut values = Scalars::new();
        if let Some((pointer, _)) = self.result_pointer {
            let tys: Vec<TyId> = results.iter().map(|&r| self.body.locals[r].ty).collect();
            let (offsets, _) = self.jit.layouts().sequence(tys.iter().copied());
            for ((&result, ty), offset) in results.iter().zip(tys).zip(offsets) {
                let room = self.b.use_var(pointer);
                let at = Addr::frame(Base::Value(room), offset as i64);
                let value = self.local_value(result);
                self.store_value(at, ty, &value);
            }
        } else {
            for &result in results {
                let value = self.local_value(result);
                values.extend(value.scalars());
            }
        }
        let loc = self.locations.source_loc(pos, inlined, true);
        self.b.set_srcloc(loc);
        self.b.ins().return_(&values);
    }

    pub(crate) fn set_position(&mut self, pos: Pos, inlined: u32) {
        let loc = self.locations.source_loc(pos, inlined, false);
        self.b.set_srcloc(loc);
    }

    // --- statements ---------------------------------------------------------------------------

    pub(crate) fn statement(&mut self, statement: &StatementKind) {
        match statement {
            StatementKind::Assign(place, rvalue) => self.assign(place, rvalue),
            StatementKind::StorageLive(local) => self.storage_live(*local),
            StatementKind::MapSet { map, key, value } => self.map_set(map, key, value),
            StatementKind::MapDelete { map, key } => self.map_delete(map, key),
            StatementKind::MapClear(map) => self.map_clear(map),
            StatementKind::SliceClear(slice) => self.slice_clear(slice),
            StatementKind::MapIterInit { iter, map } => self.map_iter_init(*iter, map),
            StatementKind::Send { chan, value } => self.send(chan, value),
            StatementKind::Close(chan) => {
                let chan = self.scalar(chan);
                self.builtin(Builtin::chan_close, &[chan]);
            }
            StatementKind::Go(closure) => {
                let closure = self.scalar(closure);
                self.root(closure);
                self.builtin(Builtin::go_start, &[closure]);
            }
            StatementKind::Defer(closure) => self.defer(closure, false),
            StatementKind::DeferList(list) => self.defer(list, true),
            StatementKind::RunDefers => self.run_defers(),
            StatementKind::NilCheck(pointer) => {
                let pointer = self.scalar(pointer);
                self.nil_probe(pointer);
            }
            StatementKind::BoundsCheck { index, len } => {
                let ty = self.operand_ty(index);
                let value = self.scalar(index);
                let index = self.extend(value, ty);
                let len = self.scalar(len);
                self.bounds_check(index, len, ty);
            }
            StatementKind::Print { args, newline } => self.print(args, *newline),
            StatementKind::Nop => {}
        }
    }

    fn storage_live(&mut self, local: LocalId) {
        if self.is_boxed(local) {
            let object = self.new_object(self.body.locals[local].ty);
            self.define_pointer(local, object);
        } else {
            self.zero_local(local);
        }
    }

    /// Whether executing the statement may run the collector or move the stack. Says yes at least where translation
    /// makes a call that is neither a leaf builtin nor one that does not return.
    pub(crate) fn is_safepoint(&self, statement: &StatementKind) -> bool {
        match statement {
            StatementKind::Assign(_, rvalue) => self.rvalue_is_safepoint(rvalue),
            StatementKind::StorageLive(local) => self.is_boxed(*local),
            StatementKind::MapSet { .. }
            | StatementKind::MapDelete { .. }
            | StatementKind::MapClear(_)
            | StatementKind::MapIterInit { .. }
            | StatementKind::Send { .. }
            | StatementKind::Close(_)
            | StatementKind::Go(_)
            | StatementKind::Defer(_)
            | StatementKind::DeferList(_)
            | StatementKind::RunDefers => true,
            StatementKind::SliceClear(_)
            | StatementKind::NilCheck(_)
            | StatementKind::BoundsCheck { .. }
            | StatementKind::Print { .. }
            | StatementKind::Nop => false,
        }
    }

    fn rvalue_is_safepoint(&self, rvalue: &Rvalue) -> bool {
        let on_heap = |site: &mini_mir::SiteId| self.decisions.sites[*site] == Storage::Heap;
        match rvalue {
            Rvalue::New(site) | Rvalue::MakeClosure { site, .. } => on_heap(site),
            Rvalue::MakeInterface { site, value, .. } => {
                on_heap(site) && !self.types.is_pointer_shaped(self.operand_ty(value))
            }
            Rvalue::Convert { site, kind, .. } => {
                use mini_mir::ConvertKind::*;
                site.is_some() || !matches!(kind, Same | Numeric | SliceToArrayPointer)
            }
            Rvalue::MakeSlice { .. }
            | Rvalue::MakeMap { .. }
            | Rvalue::MakeChan { .. }
            | Rvalue::Concat { .. }
            | Rvalue::Append { .. }
            | Rvalue::AppendSlice { .. }
            | Rvalue::MapEntry { .. }
            | Rvalue::MapIterNext { .. }
            | Rvalue::Receive { .. }
            | Rvalue::Select { .. }
            | Rvalue::Recover => true,
            Rvalue::Call(call) => match call.callee {
                mini_mir::Callee::Static(func) => !self.is_intrinsic(func),
                _ => true,
            },
            Rvalue::Use(_)
            | Rvalue::Unary(..)
            | Rvalue::Binary(..)
            | Rvalue::Ref(_)
            | Rvalue::Aggregate { .. }
            | Rvalue::Len(_)
            | Rvalue::Cap(_)
            | Rvalue::Slice { .. }
            | Rvalue::CopySlice { .. }
            | Rvalue::DecodeRune { .. }
            | Rvalue::MapGet { .. }
            | Rvalue::TypeAssert { .. }
            | Rvalue::TypeIs { .. }
            | Rvalue::Unbox { .. }
            | Rvalue::ConvertInterface { .. } => false,
        }
    }

    // --- small things -----------------------------------------------------------------------------

    /// The function reference for a direct call.
    pub(crate) fn func_ref(
        &mut self,
        target: Target,
        signature: impl FnOnce(&mut Self) -> SigRef,
    ) -> FuncRef {
        if let Some(&func) = self.refs.get(&target) {
            return func;
        }
        let signature = signature(self);
        let func = import(&mut self.b, target, signature);
        self.refs.insert(target, func);
        func
    }

    pub(crate) fn int(&mut self, value: i64) -> Value {
        self.b.ins().iconst(I64, value)
    }

    pub(crate) fn bool(&mut self, value: bool) -> Value {
        self.b.ins().iconst(I8, i64::from(value))
    }

    /// A field of the running goroutine.
    pub(crate) fn load_g(&mut self, offset: usize) -> Value {
        let g = self.b.ins().get_pinned_reg(I64);
        self.b
            .ins()
            .load(I64, MemFlagsData::trusted(), g, offset as i32)
    }

    /// Stores a word in the running goroutine's header.
    pub(crate) fn store_g(&mut self, offset: usize, value: Value) {
        let g = self.b.ins().get_pinned_reg(I64);
        let flags = MemFlagsData::trusted();
        self.b.ins().store(flags, value, g, offset as i32);
    }

    /// A new block that is not on the hot path.
    pub(crate) fn cold_block(&mut self) -> Block {
        let block = self.b.create_block();
        self.b.set_cold_block(block);
        block
    }

    /// The integer that a value always is, if it is a constant here.
    pub(crate) fn known_int(&self, value: Value) -> Option<i64> {
        let dfg = &self.b.func.dfg;
        let ValueDef::Result(inst, _) = dfg.value_def(dfg.resolve_aliases(value)) else {
            return None;
        };
        match dfg.insts[inst] {
            InstructionData::UnaryImm {
                opcode: Opcode::Iconst,
                imm,
            } => Some(imm.bits()),
            _ => None,
        }
    }

    /// Goes on in a block whose edges are all made.
    pub(crate) fn continue_in(&mut self, block: Block) {
        self.b.switch_to_block(block);
        self.b.seal_block(block);
    }
}
