//! `async fn` as Python functions and methods.

#![cfg(feature = "experimental-async")]

mod arguments;
#[path = "../everywhere/mod.rs"]
mod everywhere;
mod futures;
mod protocol;
mod wakers;

use std::sync::Once;

use arguments::argued;
use protocol::driven;
use wakers::awaited;

/// Makes the modules importable, before the runtime starts.
fn append() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        pyatoll::append_to_inittab!(argued);
        pyatoll::append_to_inittab!(driven);
        pyatoll::append_to_inittab!(awaited);
    });
}
