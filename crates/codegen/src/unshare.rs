//! Takes shared stack addresses apart, so that none lives across a call.
//!
//! A goroutine's stack moves at calls, so the address of a slot must be computed anew after each. `stack_addr` is pure, so the
//! e-graph merges equal ones and hoists them out of loops, across calls. This pass runs behind it and undoes that: every use of a
//! stack address, or of arithmetic over one, gets a copy right before the user; so does the frame pointer. Copies are shared only inside a block up to the
//! next call. Lowering behind it does no value numbering, so the copies stay where they are and fold into addressing modes.
//!
//! Landing pads get more: nothing but explicit slots survives on the way to one, so constants that the e-graph placed before the
//! `try_call` are copied too, and any other value from outside is a bug that is reported here rather than seen as a wild pointer.
//!
//! Precondition: no stack address is a block parameter (translation never passes one along an edge).

use cranelift_codegen::ir::{Block, Function, Inst, Opcode, Value, ValueDef};
use foldhash::{HashMap, HashSet};

/// Runs the pass. `pad`: the landing pad's block, if it has one.
pub(crate) fn unshare(func: &mut Function, pad: Option<Block>) {
    let mut pass = Unshare {
        func,
        rooted: HashMap::default(),
    };
    if pad.is_some() || !pass.func.sized_stack_slots.is_empty() {
        let blocks: Vec<Block> = pass.func.layout.blocks().collect();
        for block in blocks {
            pass.block(block);
        }
    }
    if let Some(pad) = pad
        && pass.func.layout.is_block_inserted(pad)
    {
        pass.isolate(pad);
    }
}

struct Unshare<'a> {
    func: &'a mut Function,
    /// Whether a value is an address in the stack or computed from one.
    rooted: HashMap<Value, bool>,
}

impl Unshare<'_> {
    fn is_rooted(&mut self, value: Value) -> bool {
        if let Some(&known) = self.rooted.get(&value) {
            return known;
        }
        self.rooted.insert(value, false);
        let ValueDef::Result(inst, 0) = self.func.dfg.value_def(value) else {
            return false;
        };
        let result = match self.func.dfg.insts[inst].opcode() {
            Opcode::StackAddr | Opcode::GetFramePointer => true,
            Opcode::Iadd | Opcode::Isub | Opcode::Select | Opcode::Bor | Opcode::Band
                if self.func.dfg.value_type(value).bits() == 64 =>
            {
                let args: Vec<Value> = self.func.dfg.inst_args(inst).to_vec();
                args.into_iter().any(|arg| {
                    let arg = self.func.dfg.resolve_aliases(arg);
                    self.is_rooted(arg)
                })
            }
            _ => false,
        };
        self.rooted.insert(value, result);
        result
    }

    /// A copy of the tree of address arithmetic under `value`, before `at`.
    fn copy(&mut self, at: Inst, value: Value, copies: &mut HashMap<Value, Value>) -> Value {
        if let Some(&copy) = copies.get(&value) {
            return copy;
        }
        let original = self.func.dfg.value_def(value).unwrap_inst();
        let clone = self.func.dfg.clone_inst(original);
        let args: Vec<Value> = self.func.dfg.inst_args(clone).to_vec();
        for (i, arg) in args.into_iter().enumerate() {
            let arg = self.func.dfg.resolve_aliases(arg);
            if self.is_rooted(arg) {
                let arg = self.copy(at, arg, copies);
                self.func.dfg.inst_args_mut(clone)[i] = arg;
            }
        }
        self.func.layout.insert_inst(clone, at);
        let copy = self.func.dfg.first_result(clone);
        copies.insert(value, copy);
        copy
    }

    fn block(&mut self, block: Block) {
        let mut copies = HashMap::default();
        let insts: Vec<Inst> = self.func.layout.block_insts(block).collect();
        for inst in insts {
            let values: Vec<Value> = self.func.dfg.inst_values(inst).collect();
            let mut changed = false;
            let mut out = Vec::with_capacity(values.len());
            for value in values {
                let value = self.func.dfg.resolve_aliases(value);
                if self.is_rooted(value) {
                    changed = true;
                    out.push(self.copy(inst, value, &mut copies));
                } else {
                    out.push(value);
                }
            }
            if changed {
                self.func.dfg.overwrite_inst_values(inst, out.into_iter());
            }
            if self.func.dfg.insts[inst].opcode().is_call() {
                copies.clear();
            }
        }
    }

    /// Makes the blocks that only the landing pad reaches independent of everything outside.
    fn isolate(&mut self, pad: Block) {
        let mut region = vec![pad];
        let mut inside = HashSet::from_iter([pad]);
        while let Some(block) = region.pop() {
            let last = self
                .func
                .layout
                .last_inst(block)
                .expect("block has a terminator");
            let successors: Vec<Block> = self.func.dfg.insts[last]
                .branch_destination(&self.func.dfg.jump_tables, &self.func.dfg.exception_tables)
                .iter()
                .map(|call| call.block(&self.func.dfg.value_lists))
                .collect();
            region.extend(successors.into_iter().filter(|b| inside.insert(*b)));
        }
        for &block in &inside {
            let insts: Vec<Inst> = self.func.layout.block_insts(block).collect();
            for inst in insts {
                let values: Vec<Value> = self.func.dfg.inst_values(inst).collect();
                let out: Vec<Value> = values
                    .into_iter()
                    .map(|value| self.local_copy(value, inst, &inside))
                    .collect();
                self.func.dfg.overwrite_inst_values(inst, out.into_iter());
            }
        }
    }

    fn local_copy(&mut self, value: Value, at: Inst, inside: &HashSet<Block>) -> Value {
        let value = self.func.dfg.resolve_aliases(value);
        let block = match self.func.dfg.value_def(value) {
            ValueDef::Result(inst, _) => self.func.layout.inst_block(inst),
            ValueDef::Param(block, _) => Some(block),
            ValueDef::Union(..) => None,
        };
        if block.is_some_and(|b| inside.contains(&b)) {
            return value;
        }
        let inst = self.func.dfg.value_def(value).inst();
        let is_constant = inst.is_some_and(|inst| {
            matches!(
                self.func.dfg.insts[inst].opcode(),
                Opcode::Iconst | Opcode::F32const | Opcode::F64const | Opcode::Vconst
            )
        });
        assert!(
            is_constant,
            "landing pad of {} uses {value} from outside:\n{}",
            self.func.name, self.func
        );
        let clone = self
            .func
            .dfg
            .clone_inst(inst.expect("constants are instructions"));
        self.func.layout.insert_inst(clone, at);
        self.func.dfg.first_result(clone)
    }
}
