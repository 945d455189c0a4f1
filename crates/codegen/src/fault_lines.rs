//! Gives what uses a load that may fault the load's source location.
//!
//! Lowering folds a load into its only user, across lines: of `v := *p` and `sink = int64(v)` one instruction remains, and it has the
//! user's location. When it faults, traces shall name the line of the load. A user that neither faults nor calls is named by no
//! trace, so it can have the load's location whether it takes the load in or not. A comparison is folded in turn into
//! the branch or selection that asks for it.
//!
//! Runs behind [`crate::unshare`]; changes no code.

use crate::func::TRAP_NIL;
use cranelift_codegen::entity::SecondaryMap;
use cranelift_codegen::ir::{Function, InstructionData, Opcode, SourceLoc, Value};

/// Runs the pass.
pub(crate) fn keep_fault_lines(func: &mut Function) {
    // Locations of loads, and of comparisons that hold one.
    let mut loaded_at: SecondaryMap<Value, SourceLoc> = SecondaryMap::new();
    let mut block = func.layout.entry_block();
    while let Some(current) = block {
        let mut next = func.layout.first_inst(current);
        while let Some(inst) = next {
            next = func.layout.next_inst(inst);
            let data = func.dfg.insts[inst];
            if let InstructionData::Load { flags, .. } = data {
                let flags = func.dfg.mem_flags[flags];
                if flags.trap_code() == Some(TRAP_NIL) {
                    loaded_at[func.dfg.first_result(inst)] = func.srcloc(inst);
                }
                continue;
            }
            let opcode = data.opcode();
            let has_line = opcode.is_call()
                || opcode.can_trap()
                || opcode.can_load()
                || opcode.can_store()
                || opcode.is_terminator() && opcode != Opcode::Brif;
            if has_line {
                continue;
            }
            let args = func.dfg.inst_args(inst).iter();
            let found = args
                .map(|&arg| loaded_at[func.dfg.resolve_aliases(arg)])
                .find(|at| !at.is_default());
            if let Some(at) = found {
                func.set_srcloc(inst, at);
                if matches!(opcode, Opcode::Icmp | Opcode::Fcmp) {
                    loaded_at[func.dfg.first_result(inst)] = at;
                }
            }
        }
        block = func.layout.next_block(current);
    }
}
