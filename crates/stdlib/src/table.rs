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
        files!("bytes": "buffer.mini", "bytes.mini", "native.mini", "reader.mini"),
    ),
    ("container/heap", files!("container/heap": "heap.mini")),
    ("container/list", files!("container/list": "list.mini")),
    ("context", files!("context": "context.mini")),
    ("errors", files!("errors": "errors.mini")),
    (
        "fmt",
        files!("fmt": "errors.mini", "format.mini", "native.mini", "print.mini", "scan.mini", "scanvalue.mini", "value.mini"),
    ),
    ("internal/rtype", files!("internal/rtype": "rtype.mini")),
    ("internal/ucd", files!("internal/ucd": "ucd.mini")),
    ("io", files!("io": "io.mini", "pipe.mini", "wrap.mini")),
    ("io/fs", files!("io/fs": "fs.mini")),
    ("log", files!("log": "log.mini")),
    ("math", files!("math": "math.mini")),
    ("math/bits", files!("math/bits": "bits.mini")),
    ("math/rand", files!("math/rand": "rand.mini")),
    ("math/rand/v2", files!("math/rand/v2": "rand.mini")),
    (
        "os",
        files!("os": "file.mini", "native.mini", "path.mini", "proc.mini"),
    ),
    (
        "runtime",
        files!("runtime": "error.mini", "extern.mini", "native.mini", "panic.mini"),
    ),
    ("runtime/debug", files!("runtime/debug": "debug.mini")),
    (
        "sort",
        files!("sort": "pdq.mini", "pdq_func.mini", "search.mini", "sort.mini"),
    ),
    (
        "strconv",
        files!("strconv": "float.mini", "int.mini", "native.mini", "quote.mini", "strconv.mini"),
    ),
    (
        "strings",
        files!("strings": "builder.mini", "map.mini", "native.mini", "reader.mini", "replacer.mini", "search.mini", "split.mini"),
    ),
    (
        "sync",
        files!("sync": "cond.mini", "map.mini", "mutex.mini", "native.mini", "pool.mini", "rwmutex.mini", "waitgroup.mini"),
    ),
    (
        "sync/atomic",
        files!("sync/atomic": "funcs.mini", "types.mini"),
    ),
    ("syscall", files!("syscall": "syscall.mini")),
    (
        "time",
        files!("time": "duration.mini", "format.mini", "native.mini", "time.mini", "timer.mini"),
    ),
    ("unicode", files!("unicode": "tables.mini", "unicode.mini")),
    ("unicode/utf8", files!("unicode/utf8": "utf8.mini")),
];
