//! Natives of packages `math/rand` and `math/rand/v2`.

use super::call::{Call, natives};
use super::rand_tables::{COOKED, EXP_F, EXP_K, EXP_W, NORMAL_F, NORMAL_K, NORMAL_W};
use crate::hash;

natives! {
    "rand.seedState" => |c: &mut Call| seed_state(c.words_mut(0), c.int(3));
    "rand.random" => |c: &mut Call| c.ret(0, hash::random());
    "rand.seedIsMeant" => |c: &mut Call| {
        let (settings, _) = super::os::variable(b"GODEBUG");
        let mut values = settings.rsplit(|&b| b == b',').filter_map(|word| word.strip_prefix(b"randseednop="));
        c.ret_bool(0, values.next() == Some(b"0"));
    };
    "v2.random" => |c: &mut Call| c.ret(0, hash::random());
    "rand.normalRow" => normal_row;
    "rand.expRow" => exp_row;
    "v2.normalRow" => normal_row;
    "v2.expRow" => exp_row;
}

fn normal_row(call: &mut Call) {
    let i = call.word(0) as usize;
    row(call, NORMAL_K[i], NORMAL_W[i], NORMAL_F[i]);
}

fn exp_row(call: &mut Call) {
    let i = call.word(0) as usize;
    row(call, EXP_K[i], EXP_W[i], EXP_F[i]);
}

fn row(call: &mut Call, k: u32, w: f32, f: f32) {
    call.ret(0, k.into());
    call.ret(1, w.to_bits().into());
    call.ret(2, f.to_bits().into());
}

/// Fills the state of the additive generator from a seed, by a linear congruential one.
fn seed_state(state: &mut [u64], seed: i64) {
    const MODULUS: i64 = (1 << 31) - 1;
    let mut x = seed.rem_euclid(MODULUS);
    if x == 0 {
        x = 89482311;
    }
    let mut next = || {
        x = x * 48271 % MODULUS;
        x
    };
    for _ in 0..20 {
        next();
    }
    for (word, cooked) in state.iter_mut().zip(COOKED) {
        let u = next() << 40;
        let u = u ^ next() << 20;
        *word = (u ^ next() ^ cooked) as u64;
    }
}
