#!/usr/bin/env python3
"""Compares what the library's packages export with what Go's export, by name and by type.

    tests/go_api.py [--go PATH] [--write] [-v] [PACKAGE ...]

Prints, for every package of crates/stdlib/src, how many of Go's exported names it has, the names that are missing, those that
Go does not have, and those whose declarations differ. `--write` puts the table into docs/stdlib.md; without it the table there is
compared, and a difference is status 1. Methods, and fields of structs, count as names: `Reader.Read`. Says "skipped" where Go is missing.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
LIBRARY = ROOT / "crates/stdlib/src"
DOCUMENT = ROOT / "docs/stdlib.md"
MANY = 200  # a list of more missing names than this is only counted
BEGIN, END = "<!-- table of tests/go_api.py -->", "<!-- end of table -->"

# Reads folders named on standard input, `go:PATH` by Go's build rules and `mini:PATH` all .mini files; prints, as JSON, for each the exported
# names with their declarations. The Go parser reads both.
LISTER = r"""
package main

import (
	"bufio"
	"encoding/json"
	"go/ast"
	"go/build"
	"go/parser"
	"go/printer"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

var fset = token.NewFileSet()

func text(n any) string {
	var b strings.Builder
	printer.Fprint(&b, fset, n)
	return strings.Join(strings.Fields(b.String()), " ")
}

// signature is a function's type without the names of parameters.
func signature(t *ast.FuncType) string {
	list := func(fields *ast.FieldList) string {
		var parts []string
		if fields != nil {
			for _, f := range fields.List {
				for i := 0; i < max(1, len(f.Names)); i++ {
					parts = append(parts, spell(f.Type))
				}
			}
		}
		return "(" + strings.Join(parts, ", ") + ")"
	}
	generic := ""
	if t.TypeParams != nil {
		generic = "[...]"
	}
	return "func" + generic + list(t.Params) + list(t.Results)
}

func spell(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.FuncType:
		return signature(t)
	case *ast.StarExpr:
		return "*" + spell(t.X)
	case *ast.ArrayType:
		if t.Len == nil {
			return "[]" + spell(t.Elt)
		}
		return "[" + text(t.Len) + "]" + spell(t.Elt)
	case *ast.Ellipsis:
		return "..." + spell(t.Elt)
	case *ast.MapType:
		return "map[" + spell(t.Key) + "]" + spell(t.Value)
	case *ast.InterfaceType:
		if t.Methods.NumFields() == 0 {
			return "any"
		}
	case *ast.SelectorExpr:
		return t.Sel.Name
	case *ast.Ident:
		return t.Name
	case *ast.ParenExpr:
		return spell(t.X)
	}
	return text(t)
}

func base(t ast.Expr) string {
	switch t := t.(type) {
	case *ast.StarExpr:
		return base(t.X)
	case *ast.IndexExpr:
		return base(t.X)
	case *ast.IndexListExpr:
		return base(t.X)
	case *ast.Ident:
		return t.Name
	}
	return ""
}

func names(files []*ast.File) map[string]string {
	out := map[string]string{}
	structs := map[string]*ast.StructType{}
	var methods []*ast.FuncDecl
	for _, f := range files {
		for _, d := range f.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv != nil {
					methods = append(methods, d)
				} else if d.Name.IsExported() {
					out[d.Name.Name] = signature(d.Type)
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					switch s := s.(type) {
					case *ast.ValueSpec:
						for _, n := range s.Names {
							if n.IsExported() {
								out[n.Name] = d.Tok.String()
							}
						}
					case *ast.TypeSpec:
						if st, ok := s.Type.(*ast.StructType); ok {
							structs[s.Name.Name] = st
						}
						if !s.Name.IsExported() {
							continue
						}
						switch t := s.Type.(type) {
						case *ast.StructType:
							out[s.Name.Name] = "type struct"
							for _, f := range t.Fields.List {
								for _, n := range f.Names {
									if n.IsExported() {
										out[s.Name.Name+"."+n.Name] = "field " + spell(f.Type)
									}
								}
								if len(f.Names) == 0 {
									if n := base(f.Type); ast.IsExported(n) {
										out[s.Name.Name+"."+n] = "field " + spell(f.Type)
									} else if sel, ok := f.Type.(*ast.SelectorExpr); ok {
										out[s.Name.Name+"."+sel.Sel.Name] = "field " + spell(f.Type)
									}
								}
							}
						case *ast.InterfaceType:
							out[s.Name.Name] = "type interface"
							for _, f := range t.Methods.List {
								for _, n := range f.Names {
									if n.IsExported() {
										out[s.Name.Name+"."+n.Name] = spell(f.Type)
									}
								}
							}
						default:
							out[s.Name.Name] = "type " + spell(s.Type)
							if s.Assign != 0 {
								out[s.Name.Name] = "type alias"
							}
						}
					}
				}
			}
		}
	}
	owners := map[string][]string{} // method holder -> exported types that show its methods
	var show func(owner, holder string)
	seen := map[string]bool{}
	show = func(owner, holder string) {
		if seen[owner+" "+holder] {
			return
		}
		seen[owner+" "+holder] = true
		owners[holder] = append(owners[holder], owner)
		if st := structs[holder]; st != nil {
			for _, f := range st.Fields.List {
				if len(f.Names) == 0 {
					if n := base(f.Type); n != "" && !ast.IsExported(n) {
						show(owner, n)
					}
				}
			}
		}
	}
	for n := range out {
		if !strings.Contains(n, ".") && strings.HasPrefix(out[n], "type") {
			show(n, n)
		}
	}
	for _, d := range methods {
		if d.Name.IsExported() && len(d.Recv.List) == 1 {
			for _, owner := range owners[base(d.Recv.List[0].Type)] {
				if _, has := out[owner+"."+d.Name.Name]; !has {
					out[owner+"."+d.Name.Name] = signature(d.Type)
				}
			}
		}
	}
	return out
}

func main() {
	all := map[string]map[string]string{}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		kind, dir, _ := strings.Cut(lines.Text(), ":")
		var paths []string
		if kind == "go" {
			p, err := build.ImportDir(dir, 0)
			if err != nil {
				continue
			}
			for _, name := range p.GoFiles {
				paths = append(paths, filepath.Join(dir, name))
			}
		} else {
			paths, _ = filepath.Glob(filepath.Join(dir, "*.mini"))
		}
		var files []*ast.File
		for _, path := range paths {
			src, err := os.ReadFile(path)
			if err != nil {
				panic(err)
			}
			f, err := parser.ParseFile(fset, path, src, parser.SkipObjectResolution)
			if err != nil {
				panic(err)
			}
			files = append(files, f)
		}
		all[lines.Text()] = names(files)
	}
	json.NewEncoder(os.Stdout).Encode(all)
}
"""


def packages():
    """Import paths of the library that programs may import."""
    found = {str(p.parent.relative_to(LIBRARY)) for p in LIBRARY.rglob("*.mini")}
    return sorted(p for p in found if "internal" not in p.split("/"))


def listing(go, folders):
    """Exported names of folders given as `go:PATH` or `mini:PATH`."""
    with tempfile.TemporaryDirectory() as directory:
        source = pathlib.Path(directory) / "main.go"
        source.write_text(LISTER)
        environment = dict(os.environ, GO111MODULE="off", GOFLAGS="")
        done = subprocess.run([go, "run", source], input="\n".join(folders), env=environment, text=True, capture_output=True)
    if done.returncode != 0:
        sys.exit(done.stderr)
    return json.loads(done.stdout)


def compare(theirs, ours):
    """Missing, extra and different names; a missing type stands for its methods and fields."""
    missing = sorted(n for n in theirs if n not in ours)
    missing = [n for n in missing if "." not in n or n.split(".")[0] in ours]
    extra = sorted(n for n in ours if n not in theirs)
    different = sorted(n for n in ours if n in theirs and ours[n] != theirs[n])
    return missing, extra, different


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--go", default=os.environ.get("MINI_GO") or shutil.which("go"))
    parser.add_argument("--write", action="store_true", help="rewrite the table of docs/stdlib.md")
    parser.add_argument("-v", action="store_true", help="show how declarations differ")
    parser.add_argument("package", nargs="*")
    options = parser.parse_args()
    if not options.go:
        print("skipped: no Go")
        return 0
    root = pathlib.Path(subprocess.run([options.go, "env", "GOROOT"], capture_output=True, text=True).stdout.strip())
    chosen = options.package or packages()
    names = listing(options.go, [f"{kind}:{base / p}" for p in chosen for kind, base in (("go", root / "src"), ("mini", LIBRARY))])
    rows = []
    for package in chosen:
        theirs = names.get(f"go:{root / 'src' / package}", {})
        ours = names.get(f"mini:{LIBRARY / package}", {})
        missing, extra, different = compare(theirs, ours)
        n_all, n_have = len(theirs), sum(n in ours for n in theirs)
        print(f"{package}: {n_have} of {n_all}")
        for what, list_of in (("missing", missing), ("not in Go", extra)):
            if list_of and len(list_of) > MANY:
                print(f"  {what}: {len(list_of)} names")
            elif list_of:
                print(f"  {what}: {' '.join(list_of)}")
        for name in different:
            if options.v or theirs[name].split("(")[0] != ours[name].split("(")[0] or ours[name].startswith("func"):
                print(f"  differs: {name}: Go {theirs[name]}, Mini {ours[name]}")
        shown = f"{len(missing)} names" if len(missing) > MANY else ", ".join(f"`{n}`" for n in missing)
        rows.append(f"| `{package}` | {n_have} of {n_all} | {shown} |")
    if options.package:
        return 0
    table = "\n".join([BEGIN, "", "| package | exported names | missing |", "| --- | --- | --- |", *rows, "", END])
    text = DOCUMENT.read_text()
    new = re.sub(re.escape(BEGIN) + ".*?" + re.escape(END), lambda _: table, text, flags=re.S)
    if options.write:
        DOCUMENT.write_text(new)
    elif new != text:
        print("docs/stdlib.md is out of date: run tests/go_api.py --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
