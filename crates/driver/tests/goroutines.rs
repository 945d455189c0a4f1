//! Goroutines, channels, semaphores and timers: programs in hand-made MIR on the real runtime.
//!
//! A program ends its process, so each test starts this executable again for every mode and looks at what comes out.

use std::process::{Command, Stdio};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use mini_abi::panics::LangItem;
use mini_codegen::Jit;
use mini_mir::testing::Builder;
use mini_mir::*;

/// Says in the child which program to run.
const PROGRAM: &str = "MINI_TEST_PROGRAM";

/// Standard error and exit status of a program under one mode.
fn run(name: &str, debug: &str, procs: &str) -> (String, i32) {
    let mut child = Command::new(std::env::current_exe().expect("our own path"))
        .args(["--exact", "child", "--nocapture"])
        .env(PROGRAM, name)
        .env("MINIDEBUG", debug)
        .env("GOMAXPROCS", procs)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a child process");
    let start = Instant::now();
    while child.try_wait().expect("a child's status").is_none() {
        if start.elapsed() > Duration::from_secs(60) {
            child.kill().expect("a child that runs");
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let output = child.wait_with_output().expect("a child's output");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (text, output.status.code().unwrap_or(-1))
}

/// Every mode and number of Ps gives the same.
fn check(name: &str, expected: &str) {
    for debug in [
        "",
        "stackmove",
        "gcstress=5",
        "seed=7",
        "stackmove,gcstress=3",
    ] {
        for procs in ["1", "4"] {
            let (text, status) = run(name, debug, procs);
            assert_eq!(
                (text.as_str(), status),
                (expected, 0),
                "{name}, MINIDEBUG={debug}, GOMAXPROCS={procs}"
            );
        }
    }
}

#[test]
fn elements_arrive_once_and_select_finds_them() {
    check("pipes", "79600\n");
}

#[test]
fn a_semaphore_is_released_after_a_sleep() {
    check("semaphore", "1\n");
}

#[test]
fn a_waiting_sender_panics_when_its_channel_is_closed() {
    // Our `raise` prints the code and goes on.
    check("closed", "16 0 0\n");
}

#[test]
fn nothing_can_run() {
    let (text, status) = run("deadlock", "", "2");
    let expected = "fatal error: all goroutines are asleep - deadlock!\n\n\
                    goroutine 1 [chan receive (nil chan)]:\n";
    assert!(text.starts_with(expected), "{text}");
    assert_eq!(status, 2);
}

/// Not a test of its own: the child of one.
#[test]
fn child() {
    let Ok(name) = std::env::var(PROGRAM) else {
        return;
    };
    let mut b = Builder::new();
    let main = match name.as_str() {
        "pipes" => pipes(&mut b),
        "semaphore" => semaphore(&mut b),
        "closed" => closed(&mut b),
        "deadlock" => deadlock(&mut b),
        _ => panic!("no program {name}"),
    };
    start(b, main);
}

static JIT: OnceLock<Jit> = OnceLock::new();

extern "C" fn compile(unit: u32) -> usize {
    JIT.get().expect("a program").compile_unit(unit)
}

/// Runs the program; it ends the process.
fn start(mut b: Builder, main: FuncId) {
    let codes = ["code", "a", "b"].map(|name| b.param(name, TyId::INT));
    println(&mut b, codes.map(Operand::local).to_vec());
    let raise = b.finish("raise");
    let fatal_panic = b.finish("fatalPanic");
    b.program.lang_items = vec![raise, fatal_panic];
    b.program.entry = Some(main);
    let problems = verify::program(&b.program);
    assert!(problems.is_empty(), "{problems:?}");
    // Everything on the heap, as no decision says otherwise.
    let jit = Jit::new(
        Arc::new(b.program),
        Arc::new(Decisions::default()),
        mini_runtime::vtable(),
        mini_codegen::Options::default(),
    );
    let jit = JIT.get_or_init(|| jit.expect("a supported machine"));
    let debug = std::env::var("MINIDEBUG").unwrap_or_default();
    mini_runtime::start(mini_runtime::Config {
        main_closure: jit.entry_closure().expect("an entry"),
        compile_hook: compile,
        reflect: mini_abi::ReflectHooks::NONE,
        lang_items: [LangItem::Raise, LangItem::FatalPanic]
            .map(|item| jit.lang_item(item).expect("a lang item")),
        args: vec![],
        debug: mini_runtime::debug::parse(&debug).expect("known modes"),
    })
}

// --- building blocks ------------------------------------------------------------------------------

fn int(n: i64) -> Operand {
    Operand::int(n)
}

fn println(b: &mut Builder, args: Vec<Operand>) {
    b.push(StatementKind::Print {
        args,
        newline: true,
    });
}

fn chan_of(b: &mut Builder, elem: TyId) -> TyId {
    b.program.types.intern(TyKind::Chan(ChanDir::Both, elem))
}

fn make_chan(b: &mut Builder, ty: TyId, size: i64) -> LocalId {
    let site = b.site(SiteKind::MakeChan, ty, "make(chan)");
    let size = int(size);
    b.eval(ty, Rvalue::MakeChan { site, ty, size })
}

/// The context of a literal that captures values of these types; its captures.
fn captures<const N: usize>(b: &mut Builder, types: [TyId; N]) -> [Operand; N] {
    let closure = b.program.types.intern(TyKind::Closure(types.into()));
    let context_ty = b.pointer(closure);
    let context = b.local("", context_ty, LocalKind::Context);
    std::array::from_fn(|i| {
        let captured = Place::local(context).project(Proj::Deref { non_nil: true });
        Operand::Copy(captured.field(i as u32 + 1))
    })
}

/// `go` of a literal with these captures.
fn go(b: &mut Builder, func: FuncId, values: &[(LocalId, TyId)]) {
    let types: Vec<TyId> = values.iter().map(|value| value.1).collect();
    let closure = b.program.types.intern(TyKind::Closure(types.into()));
    let site = b.site(SiteKind::FuncLiteral, closure, "func literal");
    let captures = values.iter().map(|value| value.0.into()).collect();
    let ty = TyId::FUNC;
    let f = b.eval(
        ty,
        Rvalue::MakeClosure {
            site,
            ty,
            func,
            captures,
        },
    );
    b.push(StatementKind::Go(f.into()));
}

/// A library function without a body.
fn native(b: &mut Builder, name: &str, params: &[TyId]) -> FuncId {
    let sig = FuncSig {
        params: params.to_vec(),
        results: vec![],
        variadic: false,
    };
    let sig = b.program.types.intern(TyKind::Func(sig));
    let like = b.finish("unused");
    let func = Func {
        name: name.into(),
        sig,
        kind: FuncKind::Native,
        is_library: true,
        ..b.program.funcs[like].clone()
    };
    b.program.funcs.push(func)
}

/// Pointer to a new int with the value.
fn boxed(b: &mut Builder, value: Operand) -> LocalId {
    let p = b.new_object(SiteKind::New, TyId::INT, "new(int)");
    b.assign(Place::local(p).deref(), Rvalue::Use(value));
    p
}

// --- programs -------------------------------------------------------------------------------------

const N_ELEMENTS: i64 = 200;

/// Four goroutines send pointers on two channels, one with a buffer; main selects and adds up what they point at.
fn pipes(b: &mut Builder) -> FuncId {
    let elem = b.pointer(TyId::INT);
    let chan = chan_of(b, elem);

    // func() { for i := 0; i < N; i++ { c <- &i' }; c <- &-1 }
    let [c] = captures(b, [chan]);
    let i = b.var("i", TyId::INT);
    let (head, body, end) = (b.block(), b.block(), b.block());
    b.goto(head);
    let more = b.binary(BinOp::Lt, TyId::BOOL, i, int(N_ELEMENTS));
    b.branch(more, body, end);
    let p = boxed(b, i.into());
    b.push(StatementKind::Send {
        chan: c.clone(),
        value: p.into(),
    });
    let next = b.binary(BinOp::Add, TyId::INT, i, int(1));
    b.copy(i, next);
    b.goto(head);
    b.switch_to(end);
    let p = boxed(b, int(-1));
    b.push(StatementKind::Send {
        chan: c,
        value: p.into(),
    });
    b.terminate(TerminatorKind::Return);
    let producer = b.finish("main.func1");

    let c = make_chan(b, chan, 0);
    let d = make_chan(b, chan, 3);
    for from in [c, c, d, d] {
        go(b, producer, &[(from, chan)]);
    }
    let left = b.var("left", TyId::INT);
    b.assign(left, Rvalue::Use(int(4)));
    let sum = b.var("sum", TyId::INT);
    let v = b.var("v", elem);
    let (head, body, end) = (b.block(), b.block(), b.block());
    let (first, second, got) = (b.block(), b.block(), b.block());
    let (finished, value) = (b.block(), b.block());
    b.goto(head);
    let more = b.binary(BinOp::Gt, TyId::BOOL, left, int(0));
    b.branch(more, body, end);
    let (x, y) = (b.temp(elem), b.temp(elem));
    let cases = [(c, x), (d, y)]
        .map(|(chan, dest)| SelectCase::Receive {
            chan: chan.into(),
            dest: Some(dest),
        })
        .to_vec();
    let pair = b.program.types.tuple(&[TyId::INT, TyId::BOOL]);
    let has_default = false;
    let chosen = b.eval(pair, Rvalue::Select { cases, has_default });
    let index = Operand::Copy(Place::local(chosen).field(0));
    let is_first = b.binary(BinOp::Eq, TyId::BOOL, index, int(0));
    b.branch(is_first, first, second);
    b.copy(v, x);
    b.goto(got);
    b.switch_to(second);
    b.copy(v, y);
    b.goto(got);
    let n = b.eval(
        TyId::INT,
        Rvalue::Use(Operand::Copy(Place::local(v).deref())),
    );
    let is_end = b.binary(BinOp::Lt, TyId::BOOL, n, int(0));
    b.branch(is_end, finished, value);
    let fewer = b.binary(BinOp::Sub, TyId::INT, left, int(1));
    b.copy(left, fewer);
    b.terminate(TerminatorKind::Goto(head));
    b.switch_to(value);
    let more = b.binary(BinOp::Add, TyId::INT, sum, n);
    b.copy(sum, more);
    b.terminate(TerminatorKind::Goto(head));
    b.switch_to(end);
    println(b, vec![sum.into()]);
    b.terminate(TerminatorKind::Return);
    b.finish("main")
}

/// A goroutine sleeps, then releases what main waits for.
fn semaphore(b: &mut Builder) -> FuncId {
    let word = b.pointer(TyId::UINT32);
    let sleep = native(b, "time.Sleep", &[TyId::INT64]);
    let acquire = native(b, "sync.acquire", &[word, TyId::BOOL, TyId::INT]);
    let release = native(b, "sync.release", &[word, TyId::BOOL]);

    let [s] = captures(b, [word]);
    let duration = b.eval(
        TyId::INT64,
        Rvalue::Convert {
            kind: ConvertKind::Numeric,
            value: int(2_000_000),
            ty: TyId::INT64,
            site: None,
        },
    );
    b.call(sleep, vec![duration.into()]);
    b.call(release, vec![s, Operand::bool(true)]);
    b.terminate(TerminatorKind::Return);
    let waker = b.finish("main.func1");

    let s = b.new_object(SiteKind::New, TyId::UINT32, "new(uint32)");
    go(b, waker, &[(s, word)]);
    b.call(acquire, vec![s.into(), Operand::bool(false), int(0)]);
    println(b, vec![int(1)]);
    b.terminate(TerminatorKind::Return);
    b.finish("main")
}

/// Main waits to send on a channel that another goroutine closes.
fn closed(b: &mut Builder) -> FuncId {
    let chan = chan_of(b, TyId::INT);
    let [c] = captures(b, [chan]);
    b.push(StatementKind::Close(c));
    b.terminate(TerminatorKind::Return);
    let closer = b.finish("main.func1");
    let c = make_chan(b, chan, 0);
    go(b, closer, &[(c, chan)]);
    b.push(StatementKind::Send {
        chan: c.into(),
        value: int(1),
    });
    b.terminate(TerminatorKind::Return);
    b.finish("main")
}

/// Main receives from a nil channel.
fn deadlock(b: &mut Builder) -> FuncId {
    let chan = chan_of(b, TyId::INT);
    let c = b.var("c", chan);
    let value = Rvalue::Receive {
        chan: c.into(),
        comma_ok: false,
    };
    b.eval(TyId::INT, value);
    b.terminate(TerminatorKind::Return);
    b.finish("main")
}
