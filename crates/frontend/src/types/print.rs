//! Types as text: the form of error messages and the form of run time (`%T`, panics).

use std::fmt::Write;

use super::{
    Basic, ChanDir, Interface, Param, Signature, Struct, Term, Type, TypeId, TypeParamId, Types,
};
use crate::program::PkgId;

/// How names of declared types are qualified.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Qualifier {
    /// In messages about a package: its own names stand alone, others follow their package's name.
    RelativeTo(PkgId),
    /// At run time: always the package's name, no aliases, no parameter names, spaces inside `struct { }`.
    RunTime,
    /// The same with the package's path: inside the brackets of an instance.
    RunTimePath,
    /// As for run time but with the package's path: different types have different texts.
    Unique,
}

impl Types {
    /// The type as messages about `pkg` show it.
    pub fn display(&self, id: TypeId, pkg: PkgId) -> String {
        self.to_string(id, Qualifier::RelativeTo(pkg))
    }

    /// The type as `%T` shows it.
    pub fn run_time_name(&self, id: TypeId) -> String {
        self.to_string(id, Qualifier::RunTime)
    }

    pub fn to_string(&self, id: TypeId, qualifier: Qualifier) -> String {
        let mut printer = Printer {
            types: self,
            qualifier,
            out: String::new(),
            depth: 0,
        };
        printer.ty(id);
        printer.out
    }

    /// A signature without `func`: `(x int) string`.
    pub fn signature_text(&self, sig: &Signature, qualifier: Qualifier) -> String {
        let mut printer = Printer {
            types: self,
            qualifier,
            out: String::new(),
            depth: 0,
        };
        printer.signature(sig);
        printer.out
    }

    /// Parameters or results with their names: `(n int, err error)`.
    pub fn params_text(&self, params: &[Param], qualifier: Qualifier) -> String {
        let mut printer = Printer {
            types: self,
            qualifier,
            out: String::new(),
            depth: 0,
        };
        printer.params(params, false);
        printer.out
    }
}

/// Types nest without bound only in hostile programs: beyond this depth `...` stands for the rest.
const MAX_DEPTH: u32 = 60;

struct Printer<'a> {
    types: &'a Types,
    qualifier: Qualifier,
    out: String,
    depth: u32,
}

impl Printer<'_> {
    fn is_run_time(&self) -> bool {
        !matches!(self.qualifier, Qualifier::RelativeTo(_))
    }

    fn ty(&mut self, id: TypeId) {
        if self.depth > MAX_DEPTH {
            self.out.push_str("...");
            return;
        }
        self.depth += 1;
        match self.types.get(id) {
            Type::Basic(basic) => {
                let basic = match basic {
                    Basic::Byte if self.is_run_time() => Basic::Uint8,
                    Basic::Rune if self.is_run_time() => Basic::Int32,
                    &basic => basic,
                };
                self.out.push_str(basic.name());
            }
            &Type::Named(named) => {
                let named = self.types.named(named);
                self.package(named.pkg);
                self.out.push_str(named.name.as_str());
                match self.is_run_time() {
                    true => self.type_args(&named.type_args, named.n_implicit as usize),
                    false => self.type_args(named.own_type_args(), 0),
                }
                if self.tells_apart() && named.local_index > 0 {
                    let _ = write!(self.out, "·{}", named.local_index);
                }
                if !self.is_run_time() {
                    self.type_params(named.own_type_params());
                }
            }
            &Type::Alias(alias) => {
                let alias = self.types.alias(alias);
                if self.is_run_time() {
                    self.ty(alias.actual);
                } else {
                    self.package(alias.pkg);
                    self.out.push_str(alias.name.as_str());
                    self.type_args(&alias.type_args, 0);
                    self.type_params(&alias.type_params);
                }
            }
            &Type::Pointer(elem) => self.prefixed("*", elem),
            &Type::Slice(elem) => self.prefixed("[]", elem),
            &Type::Array { elem, len } => {
                let _ = write!(self.out, "[{len}]");
                self.ty(elem);
            }
            &Type::Map { key, value } => {
                self.prefixed("map[", key);
                self.prefixed("]", value);
            }
            &Type::Chan { dir, elem } => self.chan(dir, elem),
            Type::Struct(ty) => self.structure(ty),
            Type::Func(sig) => {
                self.out.push_str("func");
                self.signature(sig);
            }
            Type::Interface(interface) => self.interface(id, interface),
            Type::Tuple(parts) => {
                self.out.push('(');
                for (i, &part) in parts.iter().enumerate() {
                    self.separate(i, ", ");
                    self.ty(part);
                }
                self.out.push(')');
            }
            &Type::TypeParam(param) => {
                let param = self.types.type_param(param);
                self.out.push_str(param.name.as_str());
                if let Some(pos) = param.shadows {
                    let place = crate::check::place(pos);
                    let _ = write!(self.out, " /* with {} declared at {place} */", param.name);
                }
            }
            Type::Union(terms) => {
                for (i, term) in terms.iter().enumerate() {
                    self.separate(i, " | ");
                    self.term(*term);
                }
            }
        }
        self.depth -= 1;
    }

    fn term(&mut self, term: Term) {
        if term.has_tilde {
            self.out.push('~');
        }
        self.ty(term.ty);
    }

    /// Whether types that are different must have different texts.
    fn tells_apart(&self) -> bool {
        matches!(self.qualifier, Qualifier::Unique | Qualifier::RunTimePath)
    }

    /// `[int,string]`; at run time a semicolon stands behind those for the parameters of the function around.
    fn type_args(&mut self, args: &[TypeId], n_implicit: usize) {
        if args.is_empty() {
            return;
        }
        // At run time, arguments are told apart by the paths of their packages.
        let outer = self.qualifier;
        if outer == Qualifier::RunTime {
            self.qualifier = Qualifier::RunTimePath;
        }
        self.out.push('[');
        for (i, &arg) in args.iter().enumerate() {
            let separator = match self.is_run_time() {
                true if i == n_implicit => ";",
                true => ",",
                false => ", ",
            };
            self.separate(i, separator);
            self.ty(arg);
        }
        self.out.push(']');
        self.qualifier = outer;
    }

    /// `[K comparable, V, W any]`
    fn type_params(&mut self, params: &[TypeParamId]) {
        if params.is_empty() {
            return;
        }
        self.out.push('[');
        let mut last = None;
        for (i, &param) in params.iter().enumerate() {
            let param = self.types.type_param(param);
            if i > 0 {
                if last != Some(param.constraint) {
                    self.constraint(last);
                }
                self.out.push_str(", ");
            }
            last = Some(param.constraint);
            self.out.push_str(param.name.as_str());
        }
        self.constraint(last);
        self.out.push(']');
    }

    fn constraint(&mut self, constraint: Option<TypeId>) {
        if let Some(constraint) = constraint {
            self.prefixed(" ", constraint);
        }
    }

    fn package(&mut self, pkg: PkgId) {
        if pkg == PkgId::UNIVERSE || self.qualifier == Qualifier::RelativeTo(pkg) {
            return;
        }
        if let Qualifier::RelativeTo(own) = self.qualifier
            && self.types.shows_path(pkg, own)
        {
            if let Some((_, path)) = self.types.package_name(pkg) {
                quote(&mut self.out, path.as_str());
                self.out.push('.');
            }
            return;
        }
        if let Some((name, path)) = self.types.package_name(pkg) {
            let text = match self.qualifier {
                // The program itself, whatever its folder.
                Qualifier::RunTimePath if name == "main" => name,
                Qualifier::Unique | Qualifier::RunTimePath => path,
                _ => name,
            };
            self.out.push_str(text.as_str());
            self.out.push('.');
        }
    }

    fn prefixed(&mut self, prefix: &str, id: TypeId) {
        self.out.push_str(prefix);
        self.ty(id);
    }

    fn separate(&mut self, index: usize, separator: &str) {
        if index > 0 {
            self.out.push_str(separator);
        }
    }

    fn chan(&mut self, dir: ChanDir, elem: TypeId) {
        self.out.push_str(match dir {
            ChanDir::Both => "chan ",
            ChanDir::SendOnly => "chan<- ",
            ChanDir::RecvOnly => "<-chan ",
        });
        let is_ambiguous = dir != ChanDir::SendOnly
            && matches!(
                self.types.get(elem),
                Type::Chan {
                    dir: ChanDir::RecvOnly,
                    ..
                }
            );
        if is_ambiguous && dir == ChanDir::Both {
            self.prefixed("(", elem);
            self.out.push(')');
        } else {
            self.ty(elem);
        }
    }

    fn structure(&mut self, ty: &Struct) {
        let is_run_time = self.is_run_time();
        self.out
            .push_str(match (is_run_time, ty.fields.is_empty()) {
                (true, true) => "struct {",
                (true, false) => "struct { ",
                _ => "struct{",
            });
        for (i, field) in ty.fields.iter().enumerate() {
            self.separate(i, "; ");
            if !field.is_embedded {
                if self.tells_apart() && !field.name.is_exported() {
                    self.package(ty.pkg);
                }
                self.out.push_str(field.name.as_str());
                self.out.push(' ');
            }
            self.ty(field.ty);
            if let Some(tag) = field.tag {
                self.out.push(' ');
                quote(&mut self.out, tag.as_str());
            }
        }
        self.out
            .push_str(match is_run_time && !ty.fields.is_empty() {
                true => " }",
                false => "}",
            });
    }

    fn interface(&mut self, id: TypeId, interface: &Interface) {
        if self.is_run_time() {
            let methods = self.types.methods_of_interface(id);
            if methods.is_empty() {
                self.out.push_str("interface {}");
                return;
            }
            self.out.push_str("interface { ");
            for (i, method) in methods.iter().enumerate() {
                self.separate(i, "; ");
                if !method.name.is_exported() {
                    self.package(method.pkg);
                }
                self.method(method.name.as_str(), method.sig);
            }
            self.out.push_str(" }");
            return;
        }
        if interface.is_implicit
            && let ([], [embed]) = (interface.methods.as_slice(), interface.embeds.as_slice())
        {
            self.ty(*embed);
            return;
        }
        self.out.push_str("interface{");
        for (i, method) in interface.methods.iter().enumerate() {
            self.separate(i, "; ");
            self.method(method.name.as_str(), method.sig);
        }
        for (i, &embed) in interface.embeds.iter().enumerate() {
            self.separate(i + interface.methods.len(), "; ");
            self.ty(embed);
        }
        self.out.push('}');
    }

    fn method(&mut self, name: &str, sig: TypeId) {
        self.out.push_str(name);
        match self.types.get(sig) {
            Type::Func(sig) => self.signature(sig),
            _ => self.out.push_str("()"),
        }
    }

    fn signature(&mut self, sig: &Signature) {
        self.type_params(&sig.type_params);
        self.params(&sig.params, sig.is_variadic);
        match sig.results.as_slice() {
            [] => {}
            [result] if result.name.is_none() || self.is_run_time() => {
                self.out.push(' ');
                self.ty(result.ty);
            }
            results => {
                self.out.push(' ');
                self.params(results, false);
            }
        }
    }

    fn params(&mut self, params: &[Param], is_variadic: bool) {
        self.out.push('(');
        for (i, param) in params.iter().enumerate() {
            self.separate(i, ", ");
            if let Some(name) = param.name
                && !self.is_run_time()
            {
                self.out.push_str(name.as_str());
                self.out.push(' ');
            }
            match *self.types.get(param.ty) {
                Type::Slice(elem) if is_variadic && i + 1 == params.len() => {
                    self.prefixed("...", elem);
                }
                // `append([]byte, string...)` is the one variadic parameter that is no slice.
                _ if is_variadic && i + 1 == params.len() => {
                    self.ty(param.ty);
                    self.out.push_str("...");
                }
                _ => self.ty(param.ty),
            }
        }
        self.out.push(')');
    }
}

/// A Go string literal.
pub(crate) fn quote(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
}
