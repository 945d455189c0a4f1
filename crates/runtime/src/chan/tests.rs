//! Channels without a scheduler: goroutines that all "run" on the testing thread, one operation at a time.

use std::ptr::null_mut;

use mini_abi::panics::PanicCode;
use mini_abi::types::{Kind, SelectCase, TypeDesc};

use super::*;
use crate::g::WaitReason;
use crate::heap::testing::{self, goroutine, number, words};

/// Stands in for the scheduler: notes what is asked of it.
pub(super) mod sched {
    use std::cell::RefCell;

    use mini_abi::panics::PanicCode;

    use crate::g::{G, Hook, WaitReason};

    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(in crate::chan) enum Event {
        Park(*mut G, WaitReason),
        Ready(*mut G),
        Raise(*mut G, PanicCode),
    }

    thread_local! {
        pub(in crate::chan) static EVENTS: RefCell<Vec<Event>> = const { RefCell::new(Vec::new()) };
    }

    fn note(event: Event) {
        EVENTS.with_borrow_mut(|events| events.push(event));
    }

    pub(in crate::chan) unsafe fn park(g: *mut G, reason: WaitReason) {
        note(Event::Park(g, reason));
    }

    pub(in crate::chan) unsafe fn park_then(g: *mut G, reason: WaitReason, hook: Hook) {
        // SAFETY: a goroutine of the test.
        unsafe { (*g).hook = Some(hook) };
        note(Event::Park(g, reason));
    }

    pub(in crate::chan) unsafe fn ready(g: *mut G) {
        note(Event::Ready(g));
    }

    pub(in crate::chan) unsafe fn raise(g: *mut G, code: PanicCode, _: i64, _: i64) {
        note(Event::Raise(g, code));
    }
}

use sched::Event::{self, Park, Raise, Ready};

fn events() -> Vec<Event> {
    sched::EVENTS.with_borrow_mut(std::mem::take)
}

/// What the scheduler does when a goroutine that was made ready runs: its results.
fn resume(g: *mut G) -> [u64; 2] {
    // SAFETY: a goroutine of the test; hooks are as given to `park_then`.
    unsafe {
        if let Some(hook) = (*g).hook.take() {
            hook(g);
        }
        assert!((*g).sudogs.is_null());
        (*g).header.resume_values
    }
}

fn chan_of(elem: &'static TypeDesc) -> TypeDesc {
    TypeDesc {
        kind: Kind::Chan,
        elem,
        ..words(1, 1)
    }
}

fn int() -> &'static TypeDesc {
    number(Kind::Int, 8)
}

/// A channel with collections off, as nothing here is rooted.
fn new_chan(g: *mut G, elem: &'static TypeDesc, cap: i64) -> *mut Chan {
    gc::configure(|pacer| pacer.set_percent(-1));
    // SAFETY: the goroutine is this thread's.
    unsafe { make(g, &chan_of(elem), cap) }
}

fn put(g: *mut G, chan: *mut Chan, value: &mut u64) {
    // SAFETY: channels of one-word elements, which stay where they are.
    unsafe { send(g, chan, (&raw mut *value).cast()) };
}

fn take(g: *mut G, chan: *mut Chan, value: &mut u64) -> bool {
    // SAFETY: as in `put`.
    unsafe { receive(g, chan, (&raw mut *value).cast()) }
}

fn case(chan: *mut Chan, elem: &mut u64, is_send: bool) -> SelectCase {
    SelectCase {
        chan: chan.cast(),
        elem: (&raw mut *elem).cast(),
        is_send: u64::from(is_send),
    }
}

fn choose(g: *mut G, cases: &[SelectCase], block: bool) -> (isize, bool) {
    // SAFETY: as in `put`.
    unsafe { select(g, cases.as_ptr(), cases.len(), block) }
}

fn shut(g: *mut G, chan: *mut Chan) {
    // SAFETY: as in `put`.
    unsafe { close(g, chan) };
}

fn len_cap(chan: *mut Chan) -> [usize; 2] {
    // SAFETY: the first words of a channel, as compiled code reads them.
    unsafe { *chan.cast::<[usize; 2]>() }
}

#[test]
fn buffer_is_a_ring() {
    for elem in [int(), testing::leak(words(1, 1))] {
        let g = goroutine();
        let chan = new_chan(g, elem, 3);
        let (mut next_in, mut next_out) = (0, 0);
        for n in [3, 1, 2, 3, 2, 1, 3, 3] {
            for _ in 0..n {
                put(g, chan, &mut (next_in * 8).clone());
                next_in += 1;
            }
            assert_eq!(len_cap(chan), [n, 3]);
            for _ in 0..n {
                let mut value = 99;
                assert!(take(g, chan, &mut value));
                assert_eq!(value, next_out * 8);
                next_out += 1;
            }
        }
        assert_eq!(events(), []);
    }
}

#[test]
fn elements_of_any_size() {
    let g = goroutine();
    for size in [0usize, 1, 2, 24, 600] {
        let elem = testing::leak(TypeDesc {
            size,
            align: 1,
            ..words(1, 0)
        });
        let chan = new_chan(g, elem, 2);
        for round in 0..5u8 {
            let mut value = vec![round; size.max(1)];
            // SAFETY: the vectors have room for an element.
            unsafe {
                send(g, chan, value.as_mut_ptr());
                value.fill(77);
                assert!(receive(g, chan, value.as_mut_ptr()));
            }
            assert!(size == 0 || value == vec![round; size]);
        }
    }
    assert_eq!(events(), []);
}

#[test]
fn size_is_checked() {
    let g = goroutine();
    assert!(new_chan(g, int(), -1).is_null());
    assert!(new_chan(g, int(), 1 << 50).is_null());
    let raised = Raise(g, PanicCode::MakeChanSize);
    assert_eq!(events(), [raised, raised]);
}

#[test]
fn receiver_waits_for_sender() {
    let (a, b) = (goroutine(), goroutine());
    let chan = new_chan(a, int(), 0);
    let mut got = 0;
    take(a, chan, &mut got);
    assert_eq!(events(), [Park(a, WaitReason::ChanReceive)]);
    put(b, chan, &mut 5);
    assert_eq!(events(), [Ready(a)]);
    assert_eq!((resume(a)[0], got), (1, 5));
}

#[test]
fn sender_waits_for_receiver_and_keeps_the_order() {
    let (a, b, c) = (goroutine(), goroutine(), goroutine());
    let chan = new_chan(a, int(), 1);
    put(a, chan, &mut 1);
    let (mut second, mut third) = (2, 3);
    put(a, chan, &mut second);
    put(b, chan, &mut third);
    assert_eq!(
        events(),
        [Park(a, WaitReason::ChanSend), Park(b, WaitReason::ChanSend)]
    );
    let mut got = [0; 3];
    for value in &mut got {
        assert!(take(c, chan, value));
    }
    assert_eq!(got, [1, 2, 3]);
    assert_eq!(events(), [Ready(a), Ready(b)]);
    resume(a);
    resume(b);
    assert_eq!(events(), []);
    assert_eq!(len_cap(chan), [0, 1]);
}

#[test]
fn close_wakes_all() {
    let (a, b, c) = (goroutine(), goroutine(), goroutine());
    let chan = new_chan(a, int(), 0);
    let (mut x, mut y) = (7, 7);
    take(a, chan, &mut x);
    take(b, chan, &mut y);
    events();
    shut(c, chan);
    assert_eq!(events(), [Ready(a), Ready(b)]);
    assert_eq!((resume(a)[0], resume(b)[0], x, y), (0, 0, 0, 0));
    x = 7;
    assert!(!take(a, chan, &mut x));
    assert_eq!(x, 0);
    put(a, chan, &mut x);
    shut(a, chan);
    shut(a, null_mut());
    assert_eq!(
        events(),
        [
            Raise(a, PanicCode::SendClosed),
            Raise(a, PanicCode::CloseClosed),
            Raise(a, PanicCode::CloseNil)
        ]
    );
}

#[test]
fn closed_channel_still_has_its_elements() {
    let g = goroutine();
    let chan = new_chan(g, int(), 2);
    put(g, chan, &mut 4);
    shut(g, chan);
    let mut got = 0;
    assert!(take(g, chan, &mut got) && got == 4);
    assert!(!take(g, chan, &mut got) && got == 0);
}

#[test]
fn waiting_sender_panics_when_the_channel_is_closed() {
    let (a, b) = (goroutine(), goroutine());
    let chan = new_chan(a, int(), 0);
    put(a, chan, &mut 1);
    shut(b, chan);
    assert_eq!(events(), [Park(a, WaitReason::ChanSend), Ready(a)]);
    resume(a);
    assert_eq!(events(), [Raise(a, PanicCode::SendClosed)]);
}

#[test]
fn nil_channels_block() {
    let g = goroutine();
    let mut value = 0;
    put(g, null_mut(), &mut value);
    take(g, null_mut(), &mut value);
    choose(g, &[], true);
    choose(g, &[case(null_mut(), &mut value, false)], true);
    let reasons = [
        WaitReason::ChanSendNil,
        WaitReason::ChanReceiveNil,
        WaitReason::SelectNoCases,
        WaitReason::ChanReceiveNil,
    ];
    assert_eq!(events(), reasons.map(|reason| Park(g, reason)));
    let nil = case(null_mut(), &mut value, true);
    assert_eq!(choose(g, &[nil], false), (NONE, false));
}

const NONE: isize = -1;

#[test]
fn select_takes_what_is_ready() {
    let g = goroutine();
    let (full, empty) = (new_chan(g, int(), 1), new_chan(g, int(), 1));
    put(g, full, &mut 6);
    let (mut x, mut y, mut z) = (0, 1, 2);
    let nil = case(null_mut(), &mut z, false);
    let receive_empty = case(empty, &mut x, false);
    let send_full = case(full, &mut y, true);
    assert_eq!(
        choose(g, &[receive_empty, send_full, nil], false),
        (NONE, false)
    );
    let receive_full = case(full, &mut x, false);
    let receive_empty = case(empty, &mut x, false);
    assert_eq!(choose(g, &[receive_empty, receive_full], true), (1, true));
    assert_eq!(x, 6);
    shut(g, empty);
    let receive_empty = case(empty, &mut x, false);
    assert_eq!(choose(g, &[receive_empty], false), (0, false));
    let send_empty = case(empty, &mut x, true);
    choose(g, &[send_empty], false);
    assert_eq!(events(), [Raise(g, PanicCode::SendClosed)]);
}

#[test]
fn select_is_fair() {
    let g = goroutine();
    let chans = [(); 4].map(|()| new_chan(g, int(), 1));
    let mut counts = [0; 4];
    for _ in 0..4000 {
        let mut value = 1;
        for chan in chans {
            if len_cap(chan)[0] == 0 {
                put(g, chan, &mut value);
            }
        }
        let cases = chans.map(|chan| case(chan, &mut value, false));
        counts[choose(g, &cases, true).0 as usize] += 1;
    }
    assert!(counts.iter().all(|n| (850..1150).contains(n)), "{counts:?}");
}

#[test]
fn waiting_select_leaves_the_queues_of_those_who_lost() {
    let (a, b) = (goroutine(), goroutine());
    let (one, two) = (new_chan(a, int(), 0), new_chan(a, int(), 0));
    let (mut x, mut y, mut z) = (0, 50, 0);
    // The same channel twice, once for each direction.
    let cases = [
        case(one, &mut x, false),
        case(two, &mut y, true),
        case(two, &mut z, false),
    ];
    choose(a, &cases, true);
    assert_eq!(events(), [Park(a, WaitReason::Select)]);
    let mut got = 0;
    assert!(take(b, two, &mut got));
    assert_eq!((got, events()), (50, vec![Ready(a)]));
    // It has been won but does not run yet: nobody else gets it.
    put(b, one, &mut got);
    assert_eq!(events(), [Park(b, WaitReason::ChanSend)]);
    assert_eq!(resume(a), [1, 1]);
    assert!(take(a, one, &mut x));
    assert_eq!((x, events()), (50, vec![Ready(b)]));
    resume(b);
    for chan in [one, two] {
        // SAFETY: a channel that nobody else uses.
        unsafe { assert!((*chan).senders.is_empty() && (*chan).receivers.is_empty()) };
    }
}

#[test]
fn waiting_select_is_woken_by_close() {
    let (a, b) = (goroutine(), goroutine());
    let (one, two) = (new_chan(a, int(), 0), new_chan(a, int(), 0));
    let (mut x, mut y) = (9, 9);
    choose(
        a,
        &[case(one, &mut x, false), case(two, &mut y, true)],
        true,
    );
    shut(b, one);
    assert_eq!((resume(a), x), ([0, 0], 0));
    let three = new_chan(a, int(), 0);
    choose(
        a,
        &[case(three, &mut x, false), case(two, &mut y, true)],
        true,
    );
    events();
    shut(b, two);
    assert_eq!(events(), [Ready(a)]);
    resume(a);
    assert_eq!(events(), [Raise(a, PanicCode::SendClosed)]);
}

#[test]
fn roots_of_a_waiting_goroutine() {
    let g = goroutine();
    let elem = testing::leak(words(2, 0b10));
    let (one, two) = (new_chan(g, elem, 0), new_chan(g, elem, 0));
    let (mut x, mut y) = ([0x10u64, 0x20], [0x30u64, 0x40]);
    let cases = [
        case(one, &mut x[0], true),
        case(two, &mut y[0], false),
        case(null_mut(), &mut y[0], false),
    ];
    choose(g, &cases, true);
    let mut roots = Vec::new();
    // SAFETY: the goroutine waits, and nobody else is there.
    unsafe { waitq::for_each_root(g, &mut |word| roots.push(word)) };
    roots.retain(|&word| word != 0);
    roots.sort_unstable();
    let mut expected = vec![0x20, one.addr(), two.addr()];
    expected.sort_unstable();
    assert_eq!(roots, expected);
    events();
}
