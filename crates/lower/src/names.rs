//! Symbols, as Go forms them.
//!
//! `main.f`, `main.(*T).M`, `main.T.M`, instances `main.f[...]` and `main.(*T[...]).M`, literals `main.f.func1` and
//! inside them `main.f.func1.2`, wrappers `main.f.gowrap1` and `main.f.deferwrap2` (one count for both), method values
//! `main.T.M-fm`.

use mini_frontend::{FuncId, FuncOrigin, PkgId, Program, TypeId};
use mini_mir as mir;

use crate::context::Context;

/// The package's path as types and names know it: that of the program is `main`, whatever its folder.
pub(crate) fn path(prog: &Program, pkg: PkgId) -> String {
    let package = prog.package(pkg);
    if pkg == prog.main && package.name == "main" {
        return "main".to_string();
    }
    package.path.to_string()
}

/// The package with this [`path`].
pub(crate) fn package(prog: &Program, path: &str) -> Option<PkgId> {
    if prog.package(prog.main).name == "main" && path == "main" {
        return Some(prog.main);
    }
    prog.package_by_path(path)
}

/// A package's path as it stands in symbols: dots behind the last slash, and characters that could be taken for a
/// symbol's own, are written as `%2e`.
pub(crate) fn escaped(path: &str) -> String {
    let last = path.rfind('/').map_or(0, |slash| slash + 1);
    let is_plain = |at: usize, byte: u8| {
        (byte > b' ' && byte < 0x7f && byte != b'%' && byte != b'"') && (byte != b'.' || at < last)
    };
    let mut out = String::with_capacity(path.len());
    for (at, byte) in path.bytes().enumerate() {
        match is_plain(at, byte) {
            true => out.push(byte as char),
            false => out += &format!("%{byte:02x}"),
        }
    }
    out
}

/// The symbol of a declared function. The functions `init` are numbered from 0 in source order.
pub(crate) fn declared(prog: &Program, func: FuncId) -> String {
    let pkg = prog.func(func).pkg;
    let name = local(prog, func, "...", "...");
    format!("{}.{name}", escaped(&path(prog, pkg)))
}

/// The same without the package but with the type arguments, as escape messages name it.
pub(crate) fn short(prog: &Program, func: FuncId, args: &[TypeId]) -> String {
    let list = |args: &[TypeId]| {
        let names: Vec<String> = args
            .iter()
            .map(|&arg| prog.types.run_time_name(arg))
            .collect();
        names.join(",")
    };
    let n_own = prog
        .types
        .signature(prog.func(func).sig)
        .map_or(0, |sig| sig.type_params.len());
    let (of_recv, own) = args.split_at(args.len() - n_own.min(args.len()));
    local(prog, func, &list(of_recv), &list(own))
}

/// The name in its package. The texts stand for the type arguments of the receiver and of the function.
fn local(prog: &Program, func: FuncId, recv_args: &str, args: &str) -> String {
    let decl = prog.func(func);
    let n_own = prog
        .types
        .signature(decl.sig)
        .map_or(0, |sig| sig.type_params.len());
    let brackets = |is_generic: bool, args: &str| match is_generic {
        true => format!("[{args}]"),
        false => String::new(),
    };
    let FuncOrigin::Decl { obj, .. } = decl.origin else {
        return "func literal".to_string();
    };
    let name = format!("{}{}", prog.object(obj).name, brackets(n_own > 0, args));
    if let Some(recv) = decl.recv {
        let (base, is_pointer) = prog.types.deref(prog.object(recv).ty);
        let base = prog
            .types
            .as_named(base)
            .map_or("?", |named| named.name.as_str());
        let base = format!(
            "{base}{}",
            brackets(decl.type_params.len() > n_own, recv_args)
        );
        return if is_pointer {
            format!("(*{base}).{name}")
        } else {
            format!("{base}.{name}")
        };
    }
    if let Some(index) = prog
        .package(decl.pkg)
        .inits
        .iter()
        .position(|&init| init == func)
    {
        return format!("init.{index}");
    }
    name
}

/// Why a function is made inside another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Inner {
    Literal,
    Go,
    Defer,
    /// Of a loop over a function.
    LoopBody,
}

impl Context<'_> {
    /// Symbol and short name of a new function inside `outer`.
    pub(crate) fn inner_name(&mut self, outer: mir::FuncId, why: Inner) -> (String, String) {
        let generation = self.generations.entry(outer).or_default();
        let count = match why {
            Inner::Literal => &mut generation.literals,
            Inner::Go | Inner::Defer => &mut generation.go_defer,
            Inner::LoopBody => &mut generation.loop_bodies,
        };
        *count += 1;
        let outer = &self.funcs[outer];
        let suffix = match why {
            // A literal in a literal has the number alone.
            Inner::Literal if outer.parent.is_some() => format!(".{count}"),
            Inner::Literal => format!(".func{count}"),
            Inner::Go => format!(".gowrap{count}"),
            Inner::Defer => format!(".deferwrap{count}"),
            Inner::LoopBody => format!("-range{count}"),
        };
        (
            format!("{}{suffix}", outer.name),
            format!("{}{suffix}", outer.short_name),
        )
    }
}
