//! Channels.
use crate::g::G;

/// A goroutine waiting on a channel.
#[derive(Debug)]
pub struct Sudog {
    pub g: *mut G,
}
