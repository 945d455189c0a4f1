//! How long the passes take on a large made-up program.
use mini_mir::testing::Builder;
use mini_mir::*;
use std::time::Instant;

fn main() {
    let mut b = Builder::new();
    let ints = b.slice(TyId::INT);
    let pointer = b.pointer(TyId::INT);
    let mut callee = None;
    for f in 0..1000 {
        let s = b.param("s", ints);
        let p = b.param("p", pointer);
        let r = b.result(pointer);
        for k in 0..4 {
            let i = b.var("i", TyId::INT);
            b.assign(i, Rvalue::Use(Operand::int(0)));
            let [head, inside, exit] = [b.block(), b.block(), b.block()];
            b.goto(head);
            let n = b.eval(TyId::INT, Rvalue::Len(s.into()));
            let cond = b.binary(BinOp::Lt, TyId::BOOL, i, n);
            b.branch(cond, inside, exit);
            for _ in 0..2 {
                let elem = b.eval(
                    TyId::INT,
                    Rvalue::Use(Operand::Copy(Place::local(s).index(i))),
                );
                b.assign(Place::local(p).deref(), Rvalue::Use(elem.into()));
            }
            b.assign(i, Rvalue::Binary(BinOp::Add, i.into(), Operand::int(1)));
            b.terminate(TerminatorKind::Goto(head));
            b.switch_to(exit);
            let x = b.var("x", pointer);
            let object = b.new_object(SiteKind::New, TyId::INT, "new(int)");
            b.copy(x, object);
            if let Some(callee) = callee
                && k == 1
            {
                let t = b.call(callee, vec![s.into(), x.into()]);
                b.copy(r, t);
            }
        }
        callee = Some(b.finish(&format!("f{f}")));
    }
    let count = |p: &Program| -> usize {
        p.funcs
            .ids()
            .filter_map(|f| p.body(f))
            .flat_map(|b| b.blocks.iter())
            .map(|b| b.statements.len())
            .sum()
    };
    let mut p = b.program;
    println!("{} statements", count(&p));
    let t = Instant::now();
    opt::run_before_escape(
        &mut p,
        &opt::Options {
            inline: true,
            level: 0,
        },
    );
    println!("before {:?}, {} statements", t.elapsed(), count(&p));
    let t = Instant::now();
    let (d, _) = mini_escape::analyse(&p, &mini_escape::Options { level: 0 });
    println!("escape {:?}", t.elapsed());
    let t = Instant::now();
    opt::run_after_escape(&mut p, &d);
    println!("after {:?}", t.elapsed());
}
