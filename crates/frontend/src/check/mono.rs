//! Instances without end: a function that calls itself with ever larger type arguments has no finite set of instances.
//!
//! A graph over type parameters: an edge leads from a parameter to one that it, or a type made of it, is an argument for;
//! the latter weighs one. A local type depends on the parameters of the function around it, and is a vertex, too. A
//! cycle with weight means instances without end: it is found as a path that is as long as there are vertices.

use std::collections::HashMap;

use foldhash::fast::FixedState;
use mini_diagnostics::{Code, Diagnostic, Pos};

use super::Checker;
use super::instantiate::Instantiation;
use crate::object::ObjId;
use crate::types::{NamedId, Type, TypeId, TypeParamId};

#[derive(Debug, Default)]
pub(crate) struct Growth {
    /// The parameter of a type that a receiver's parameter stands for.
    canonical: HashMap<TypeParamId, TypeParamId, FixedState>,
    vertices: Vec<Vertex>,
    edges: Vec<Edge>,
    of_object: HashMap<ObjId, usize, FixedState>,
}

#[derive(Debug)]
struct Vertex {
    /// A type parameter's name or a local type's.
    obj: ObjId,
    is_type: bool,
    /// The heaviest known path here: its weight, its last edge, its length.
    weight: u32,
    last: usize,
    length: usize,
}

#[derive(Debug)]
struct Edge {
    from: usize,
    to: usize,
    weight: u32,
    pos: Pos,
    ty: TypeId,
}

impl Growth {
    fn vertex(&mut self, obj: ObjId, is_type: bool) -> usize {
        *self.of_object.entry(obj).or_insert_with(|| {
            self.vertices.push(Vertex {
                obj,
                is_type,
                weight: 0,
                last: 0,
                length: 0,
            });
            self.vertices.len() - 1
        })
    }

    /// A vertex that a path of as many edges as there are vertices leads to.
    fn endless(&mut self) -> Option<usize> {
        let n_vertices = self.vertices.len();
        let mut is_changed = true;
        while is_changed {
            is_changed = false;
            for (index, edge) in self.edges.iter().enumerate() {
                let from = &self.vertices[edge.from];
                let (weight, length) = (from.weight + edge.weight, from.length + 1);
                let to = &mut self.vertices[edge.to];
                if weight <= to.weight {
                    continue;
                }
                (to.last, to.length) = (index, length);
                if length == n_vertices {
                    return Some(edge.to);
                }
                to.weight = weight;
                is_changed = true;
            }
        }
        None
    }

    /// The cycle that leads to a vertex, backwards.
    fn cycle_before(&self, mut vertex: usize) -> Vec<usize> {
        let mut path = Vec::new();
        while !path.contains(&vertex) {
            path.push(vertex);
            vertex = self.edges[self.vertices[vertex].last].from;
        }
        let start = path.iter().position(|&v| v == vertex).unwrap_or(0);
        path.split_off(start)
    }
}

impl<'a> Checker<'a> {
    /// The parameter `param` of a receiver is the type's own parameter `of`.
    pub(super) fn same_type_param(&mut self, param: TypeParamId, of: TypeParamId) {
        self.prog.state.growth.canonical.insert(param, of);
    }

    /// Notes what the arguments of an instantiation are made of.
    pub(super) fn record_growth(&mut self, at: &Instantiation<'a>) {
        for (index, (&param, &arg)) in at.params.iter().zip(&at.args).enumerate() {
            let pos = at.exprs.get(index).map_or(at.pos, |expr| expr.start_pos());
            // Templates are no arguments, so that cycles lie within a package.
            let param_pkg = self.object(self.types().type_param(param).obj).pkg;
            if param_pkg == self.env.pkg && self.types().has_type_params(arg) {
                self.flows(arg, arg, param, pos);
            }
        }
    }

    /// `part` is a part of `arg`, which is an argument for `param`.
    fn flows(&mut self, part: TypeId, arg: TypeId, param: TypeParamId, pos: Pos) {
        if !self.types().has_type_params(part) {
            return;
        }
        let part = self.types().unalias(part);
        let mut parts: Vec<TypeId> = Vec::new();
        match self.types().get(part).clone() {
            Type::TypeParam(from) => {
                let from = self.param_vertex(from);
                self.add_growth(from, part, arg, param, pos);
            }
            Type::Named(id) => {
                if let Some(from) = self.local_type_vertex(id) {
                    self.add_growth(from, part, arg, param, pos);
                }
                parts.extend(self.types().named(id).own_type_args());
            }
            Type::Pointer(elem) | Type::Slice(elem) => parts.push(elem),
            Type::Array { elem, .. } | Type::Chan { elem, .. } => parts.push(elem),
            Type::Map { key, value } => parts.extend([key, value]),
            Type::Struct(ty) => parts.extend(ty.fields.iter().map(|field| field.ty)),
            Type::Func(sig) => parts.extend(sig.param_types().chain(sig.result_types())),
            Type::Interface(_) => {
                let methods = self.types().methods_of_interface(part);
                parts.extend(methods.iter().map(|method| method.sig));
            }
            _ => {}
        }
        for inner in parts {
            self.flows(inner, arg, param, pos);
        }
    }

    fn add_growth(&mut self, from: usize, part: TypeId, arg: TypeId, param: TypeParamId, pos: Pos) {
        let to = self.param_vertex(param);
        self.prog.state.growth.edges.push(Edge {
            from,
            to,
            weight: u32::from(part != self.types().unalias(arg)),
            pos,
            ty: arg,
        });
    }

    fn param_vertex(&mut self, param: TypeParamId) -> usize {
        let growth = &self.prog.state.growth;
        let param = growth.canonical.get(&param).copied().unwrap_or(param);
        let obj = self.types().type_param(param).obj;
        self.prog.state.growth.vertex(obj, false)
    }

    fn local_type_vertex(&mut self, id: NamedId) -> Option<usize> {
        let origin = self.types().named(self.types().origin(id));
        let around = origin.type_params[..origin.n_implicit as usize].to_vec();
        let obj = origin.obj;
        if around.is_empty() {
            return None;
        }
        if let Some(&known) = self.prog.state.growth.of_object.get(&obj) {
            return Some(known);
        }
        let vertex = self.prog.state.growth.vertex(obj, true);
        let pos = self.object(obj).pos;
        for param in around {
            let from = self.param_vertex(param);
            let ty = self.types().type_param(param).id;
            self.prog.state.growth.edges.push(Edge {
                from,
                to: vertex,
                weight: 1,
                pos,
                ty,
            });
        }
        Some(vertex)
    }

    /// Reports instances without end, once.
    pub(super) fn check_growth(&mut self) {
        let Some(vertex) = self.prog.state.growth.endless() else {
            return;
        };
        let growth = &self.prog.state.growth;
        let cycle = growth.cycle_before(vertex);
        let first = self.object(growth.vertices[cycle[0]].obj).clone();
        let span = self.name_span(first.pos, first.name);
        let mut diagnostic =
            Diagnostic::error(Code::InvalidInstanceCycle, span, "instantiation cycle");
        diagnostic.message.push(':');
        for vertex in cycle {
            let vertex = &growth.vertices[vertex];
            let edge = &growth.edges[vertex.last];
            let name = self.object(vertex.obj).name;
            let ty = self.type_text(edge.ty);
            let text = match vertex.is_type {
                true => format!("{name} implicitly parameterized by {ty}"),
                false => format!("{name} instantiated as {ty}"),
            };
            diagnostic = diagnostic.also(edge.pos.span(), text);
        }
        self.push(diagnostic);
    }
}
