//! Natives of package `math/big`: the kernels over magnitudes, which are slices of 64-bit words, the lowest first, without leading zeros.
//!
//! Short operands are multiplied and divided here; what is long, or rare, is left to `num-bigint`.

use std::cell::Cell;

use num_bigint::BigUint;
use num_traits::Zero;

use super::call::{Call, natives};

natives! {
    "big.addWords" => |c: &mut Call| {
        let carry = add(c.cells(0), c.cells(3), c.cells(6));
        c.ret(0, carry);
    };
    "big.subWords" => |c: &mut Call| {
        sub(c.cells(0), c.cells(3), c.cells(6));
    };
    "big.mulWords" => |c: &mut Call| {
        let (z, x, y) = (c.words_mut(0), c.words(3), c.words(6));
        multiply(z, x, y);
    };
    "big.divWords" => |c: &mut Call| {
        let (q, r, x, y) = (c.words_mut(0), c.words_mut(3), c.words(6), c.words(9));
        divide(q, r, x, y);
    };
    "big.powMod" => |c: &mut Call| {
        let (z, x, y, m) = (c.words_mut(0), c.words(3), c.words(6), c.words(9));
        store(z, &number(x).modpow(&number(y), &number(m)));
    };
    "big.sqrtWords" => |c: &mut Call| {
        let (z, x) = (c.words_mut(0), c.words(3));
        store(z, &number(x).sqrt());
    };
    "big.formatWords" => |c: &mut Call| {
        let base = c.word(3) as u32;
        let mut out = c.out(4);
        out.push(&digits(&number(c.words(0)), base));
        c.ret_int(0, out.answer());
    };
    "big.parseWords" => |c: &mut Call| {
        // The digits were checked: below the base, one a byte.
        let (z, base) = (c.words_mut(0), c.word(5) as u32);
        store(z, &BigUint::from_radix_be(c.bytes(3), base).unwrap_or_default());
    };
}

fn number(words: &[u64]) -> BigUint {
    let halves = words
        .iter()
        .flat_map(|&word| [word as u32, (word >> 32) as u32]);
    BigUint::new(halves.collect())
}

/// Writes a number that fits, zeros above it.
fn store(words: &mut [u64], number: &BigUint) {
    words.fill(0);
    for (word, digit) in words.iter_mut().zip(number.iter_u64_digits()) {
        *word = digit;
    }
}

/// `z = x + y` for the longer `x`, whose length `z` has; the carry. `z` may be `x` or `y`.
fn add(z: &[Cell<u64>], x: &[Cell<u64>], y: &[Cell<u64>]) -> u64 {
    let mut carry = false;
    for i in 0..x.len() {
        let (sum, over) = x[i].get().overflowing_add(y.get(i).map_or(0, Cell::get));
        let (sum, over2) = sum.overflowing_add(u64::from(carry));
        z[i].set(sum);
        carry = over | over2;
    }
    u64::from(carry)
}

/// `z = x - y` for `x >= y`; `z` has the length of `x`, and may be `x` or `y`.
fn sub(z: &[Cell<u64>], x: &[Cell<u64>], y: &[Cell<u64>]) {
    let mut borrow = false;
    for i in 0..x.len() {
        let (rest, under) = x[i].get().overflowing_sub(y.get(i).map_or(0, Cell::get));
        let (rest, under2) = rest.overflowing_sub(u64::from(borrow));
        z[i].set(rest);
        borrow = under | under2;
    }
}

/// Operands with fewer words are multiplied word by word.
const LONG: usize = 40;

/// `z = x * y`; `z` has as many words as both together and is neither.
fn multiply(z: &mut [u64], x: &[u64], y: &[u64]) {
    if x.len().min(y.len()) >= LONG {
        return store(z, &(number(x) * number(y)));
    }
    z.fill(0);
    for (i, &x) in x.iter().enumerate() {
        let mut carry = 0;
        for (j, &y) in y.iter().enumerate() {
            let sum = u128::from(x) * u128::from(y) + u128::from(z[i + j]) + carry;
            z[i + j] = sum as u64;
            carry = sum >> 64;
        }
        z[i + y.len()] = carry as u64;
    }
}

/// `q = x / y`, `r = x % y`; `q` has as many words as `x`, `r` as `y`.
fn divide(q: &mut [u64], r: &mut [u64], x: &[u64], y: &[u64]) {
    if let [y] = y {
        let mut rest = 0;
        for (q, &x) in q.iter_mut().zip(x).rev() {
            let part = rest << 64 | u128::from(x);
            *q = (part / u128::from(*y)) as u64;
            rest = part % u128::from(*y);
        }
        r[0] = rest as u64;
        return;
    }
    let (quotient, rest) = num_integer::Integer::div_rem(&number(x), &number(y));
    store(q, &quotient);
    store(r, &rest);
}

/// The digits of a number, letters for those from ten on: small ones, then large ones.
fn digits(number: &BigUint, base: u32) -> Vec<u8> {
    if number.is_zero() {
        return b"0".to_vec();
    }
    let mut digits = number.to_radix_be(base);
    for digit in &mut digits {
        *digit += match *digit {
            0..10 => b'0',
            10..36 => b'a' - 10,
            _ => b'A' - 36,
        };
    }
    digits
}
