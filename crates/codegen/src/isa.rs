//! The two instruction-set descriptions that a function passes through.
//!
//! Optimisation (the e-graph) runs with `opt_level=speed`; lowering and register allocation run with
//! `opt_level=none`, since lowering at `speed` would merge the addresses that [`crate::unshare`] has just taken apart.
//! Everything else is equal: r15 is pinned (the running goroutine), frame pointers are kept (the runtime walks them), there is
//! neither unwind information nor stack probing (prologues check the goroutine's limit themselves).

use cranelift_codegen::isa::OwnedTargetIsa;
use cranelift_codegen::settings::{self, Configurable};

/// The pair of instruction sets.
pub(crate) struct Isas {
    /// For the e-graph pass.
    pub(crate) optimize: OwnedTargetIsa,
    /// For lowering and register allocation.
    pub(crate) lower: OwnedTargetIsa,
}

impl Isas {
    /// Describes the machine that this process runs on.
    ///
    /// # Errors
    /// The machine is not one that compiled code can run on.
    pub(crate) fn host() -> Result<Isas, String> {
        if !cfg!(target_arch = "x86_64") {
            return Err("this machine is not supported: code is generated for x86-64 only".into());
        }
        #[cfg(target_arch = "x86_64")]
        if !(std::arch::is_x86_feature_detected!("sse4.2")
            && std::arch::is_x86_feature_detected!("popcnt"))
        {
            // Without SSE4.1 rounding would become library calls, which must not run on a goroutine's stack.
            return Err(
                "this machine is not supported: its processor lacks SSE 4.2 or POPCNT".into(),
            );
        }
        Ok(Isas {
            optimize: isa("speed")?,
            lower: isa("none")?,
        })
    }
}

fn isa(opt_level: &str) -> Result<OwnedTargetIsa, String> {
    let mut flags = settings::builder();
    for (name, value) in [
        ("opt_level", opt_level),
        ("enable_pinned_reg", "true"),
        ("preserve_frame_pointers", "true"),
        ("is_pic", "false"),
        (
            "enable_verifier",
            if cfg!(debug_assertions) {
                "true"
            } else {
                "false"
            },
        ),
        ("unwind_info", "false"),
        ("enable_probestack", "false"),
        ("enable_alias_analysis", "true"),
    ] {
        flags.set(name, value).map_err(|e| e.to_string())?;
    }
    cranelift_native::builder()?
        .finish(settings::Flags::new(flags))
        .map_err(|e| e.to_string())
}
