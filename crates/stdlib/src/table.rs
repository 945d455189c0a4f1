//! The table of packages and their files, sorted by import path.

use crate::File;

/// `files!("dir": "a.mini", …)`: each file's name and embedded text.
macro_rules! files {
    ($dir:literal: $($file:literal),+ $(,)?) => {
        &[$(($file, include_str!(concat!($dir, "/", $file)))),+]
    };
}

pub(crate) static PACKAGES: &[(&str, &[File])] = &[
    (
        "bufio",
        files!("bufio": "reader.mini", "scan.mini", "writer.mini"),
    ),
    (
        "bytes",
        files!("bytes": "buffer.mini", "bytes.mini", "iter.mini", "more.mini", "native.mini", "reader.mini"),
    ),
    ("cmp", files!("cmp": "cmp.mini")),
    ("container/heap", files!("container/heap": "heap.mini")),
    ("container/list", files!("container/list": "list.mini")),
    ("container/ring", files!("container/ring": "ring.mini")),
    ("context", files!("context": "context.mini")),
    ("crypto/hmac", files!("crypto/hmac": "hmac.mini")),
    ("crypto/md5", files!("crypto/md5": "md5.mini")),
    ("crypto/rand", files!("crypto/rand": "rand.mini")),
    ("crypto/sha1", files!("crypto/sha1": "sha1.mini")),
    ("crypto/sha256", files!("crypto/sha256": "sha256.mini")),
    ("crypto/sha512", files!("crypto/sha512": "sha512.mini")),
    ("crypto/subtle", files!("crypto/subtle": "subtle.mini")),
    ("encoding", files!("encoding": "encoding.mini")),
    (
        "encoding/ascii85",
        files!("encoding/ascii85": "ascii85.mini"),
    ),
    ("encoding/base32", files!("encoding/base32": "base32.mini")),
    ("encoding/base64", files!("encoding/base64": "base64.mini")),
    (
        "encoding/binary",
        files!("encoding/binary": "binary.mini", "varint.mini"),
    ),
    ("encoding/csv", files!("encoding/csv": "csv.mini")),
    ("encoding/hex", files!("encoding/hex": "hex.mini")),
    (
        "encoding/json",
        files!("encoding/json": "decode.mini", "encode.mini", "fields.mini", "scan.mini", "stream.mini"),
    ),
    ("encoding/pem", files!("encoding/pem": "pem.mini")),
    ("errors", files!("errors": "errors.mini")),
    ("flag", files!("flag": "flag.mini", "values.mini")),
    (
        "fmt",
        files!("fmt": "errors.mini", "format.mini", "native.mini", "print.mini", "scan.mini", "scanvalue.mini", "value.mini"),
    ),
    ("hash", files!("hash": "hash.mini")),
    ("hash/adler32", files!("hash/adler32": "adler32.mini")),
    ("hash/crc32", files!("hash/crc32": "crc32.mini")),
    ("hash/crc64", files!("hash/crc64": "crc64.mini")),
    ("hash/fnv", files!("hash/fnv": "fnv.mini")),
    ("hash/maphash", files!("hash/maphash": "maphash.mini")),
    ("html", files!("html": "escape.mini")),
    (
        "index/suffixarray",
        files!("index/suffixarray": "sort.mini", "store.mini", "suffixarray.mini"),
    ),
    (
        "internal/blockhash",
        files!("internal/blockhash": "blockhash.mini"),
    ),
    (
        "internal/oserror",
        files!("internal/oserror": "oserror.mini"),
    ),
    ("internal/rtype", files!("internal/rtype": "rtype.mini")),
    ("internal/stdio", files!("internal/stdio": "stdio.mini")),
    ("internal/ucd", files!("internal/ucd": "ucd.mini")),
    ("io", files!("io": "io.mini", "pipe.mini", "wrap.mini")),
    ("io/fs", files!("io/fs": "fs.mini", "walk.mini")),
    ("io/ioutil", files!("io/ioutil": "ioutil.mini")),
    ("iter", files!("iter": "iter.mini")),
    ("log", files!("log": "log.mini")),
    ("log/internal", files!("log/internal": "internal.mini")),
    (
        "log/slog",
        files!("log/slog": "handler.mini", "level.mini", "logger.mini", "record.mini", "value.mini"),
    ),
    ("maps", files!("maps": "maps.mini")),
    ("math", files!("math": "math.mini")),
    (
        "math/big",
        files!("math/big": "float.mini", "floatconv.mini", "int.mini", "intconv.mini", "mode.mini", "nat.mini", "rat.mini"),
    ),
    ("math/bits", files!("math/bits": "bits.mini")),
    (
        "math/cmplx",
        files!("math/cmplx": "circular.mini", "cmplx.mini", "inverse.mini"),
    ),
    ("math/rand", files!("math/rand": "rand.mini", "zipf.mini")),
    (
        "math/rand/v2",
        files!("math/rand/v2": "chacha8.mini", "dist.mini", "rand.mini"),
    ),
    (
        "net/url",
        files!("net/url": "address.mini", "escape.mini", "parse.mini", "resolve.mini", "url.mini", "values.mini"),
    ),
    (
        "os",
        files!("os": "dir.mini", "file.mini", "native.mini", "path.mini", "poll.mini", "proc.mini", "process.mini", "root.mini", "stat.mini"),
    ),
    ("os/exec", files!("os/exec": "exec.mini", "lookpath.mini")),
    ("os/signal", files!("os/signal": "signal.mini")),
    ("os/user", files!("os/user": "user.mini")),
    ("path", files!("path": "path.mini")),
    ("path/filepath", files!("path/filepath": "filepath.mini")),
    (
        "reflect",
        files!("reflect": "call.mini", "chan.mini", "convert.mini", "deepequal.mini", "list.mini", "make_type.mini", "map.mini", "method.mini", "native.mini", "relation.mini", "seq.mini", "set.mini", "struct.mini", "struct_type.mini", "type.mini", "value.mini"),
    ),
    ("regexp", files!("regexp": "regexp.mini")),
    ("regexp/syntax", files!("regexp/syntax": "syntax.mini")),
    (
        "runtime",
        files!("runtime": "error.mini", "extern.mini", "finalizer.mini", "memstats.mini", "native.mini", "panic.mini", "pinner.mini", "symtab.mini", "unsafe.mini"),
    ),
    (
        "runtime/debug",
        files!("runtime/debug": "build.mini", "debug.mini", "parse.mini"),
    ),
    (
        "slices",
        files!("slices": "edit.mini", "iter.mini", "pdq.mini", "pdq_func.mini", "slices.mini", "sort.mini"),
    ),
    (
        "sort",
        files!("sort": "pdq.mini", "pdq_func.mini", "search.mini", "sort.mini"),
    ),
    (
        "strconv",
        files!("strconv": "complex.mini", "float.mini", "int.mini", "native.mini", "quote.mini", "strconv.mini"),
    ),
    (
        "strings",
        files!("strings": "builder.mini", "iter.mini", "map.mini", "native.mini", "reader.mini", "replacer.mini", "search.mini", "special.mini", "split.mini"),
    ),
    (
        "sync",
        files!("sync": "cond.mini", "map.mini", "mutex.mini", "native.mini", "once.mini", "pool.mini", "rwmutex.mini", "waitgroup.mini"),
    ),
    (
        "sync/atomic",
        files!("sync/atomic": "funcs.mini", "pointer.mini", "types.mini"),
    ),
    (
        "syscall",
        files!("syscall": "calls.mini", "errno.mini", "native.mini", "process.mini", "signal.mini", "syscall.mini"),
    ),
    (
        "testing",
        files!("testing": "benchmark.mini", "common.mini", "example.mini", "fuzz.mini", "main.mini", "match.mini", "native.mini", "t.mini"),
    ),
    (
        "testing/fstest",
        files!("testing/fstest": "folders.mini", "mapfs.mini", "testfs.mini"),
    ),
    (
        "testing/iotest",
        files!("testing/iotest": "check.mini", "iotest.mini"),
    ),
    (
        "testing/quick",
        files!("testing/quick": "quick.mini", "value.mini"),
    ),
    (
        "text/scanner",
        files!("text/scanner": "literal.mini", "scanner.mini"),
    ),
    ("text/tabwriter", files!("text/tabwriter": "tabwriter.mini")),
    (
        "text/template",
        files!("text/template": "compare.mini", "escape.mini", "eval.mini", "exec.mini", "files.mini", "funcs.mini", "range.mini", "template.mini"),
    ),
    (
        "text/template/parse",
        files!("text/template/parse": "copy.mini", "lex.mini", "node.mini", "number.mini", "parse.mini", "print.mini"),
    ),
    (
        "time",
        files!("time": "duration.mini", "format.mini", "marshal.mini", "native.mini", "time.mini", "timer.mini", "zone.mini"),
    ),
    (
        "unicode",
        files!("unicode": "cases.mini", "names.mini", "special.mini", "tables.mini", "unicode.mini"),
    ),
    ("unicode/utf16", files!("unicode/utf16": "utf16.mini")),
    ("unicode/utf8", files!("unicode/utf8": "utf8.mini")),
    ("unique", files!("unique": "unique.mini")),
];
