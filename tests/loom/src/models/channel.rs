//! Models of the channel.

use loom::sync::Arc;
use loom::thread;

use super::channel::{Channel, IsClosed};
use crate::{LONG, check_bounded};

pub(crate) const MODELS: &[(&str, fn())] = &[
    ("items_arrive_in_order", items_arrive_in_order),
    ("a_full_channel_has_room_again", a_full_channel_has_room_again),
    ("a_full_channel_that_counts_has_room_again", a_full_channel_that_counts_has_room_again),
    ("what_was_added_before_the_end_is_taken", what_was_added_before_the_end_is_taken),
    ("threads_that_wait_learn_of_the_end", threads_that_wait_learn_of_the_end),
];

/// Takes an item, waiting for one; `None` once the channel is closed and has none left.
fn take(channel: &Channel<u32>) -> Option<u32> {
    let result = channel.takers().wait(
        &mut || channel.take(),
        &mut |sleep| Ok(sleep(LONG)),
        &|| false,
    );
    result.ok().map(|item| item.expect("it waits without a limit"))
}

/// Adds an item, waiting for room. Returns whether it was added.
fn add(channel: &Channel<u32>, item: u32) -> bool {
    let mut item = Some(item);
    let result = channel.adders().wait(
        &mut || Ok::<_, IsClosed>(channel.add(&mut item)?.then_some(())),
        &mut |sleep| Ok(sleep(LONG)),
        &|| false,
    );
    result.is_ok()
}

/// Passes two items through a channel with these limits.
fn pass_two_items(maxsize: usize, allocated: usize) {
    check_bounded(2, move || {
        let channel = Arc::new(Channel::new(maxsize, allocated));
        let taker = thread::spawn({
            let channel = channel.clone();
            move || [take(&channel), take(&channel)]
        });
        assert!(add(&channel, 1));
        assert!(add(&channel, 2));
        assert_eq!(taker.join().unwrap(), [Some(1), Some(2)]);
    });
}

fn items_arrive_in_order() {
    pass_two_items(0, 0);
}

fn a_full_channel_has_room_again() {
    pass_two_items(1, 1);
}

fn a_full_channel_that_counts_has_room_again() {
    pass_two_items(1, 0);
}

fn what_was_added_before_the_end_is_taken() {
    check_bounded(3, || {
        let channel = Arc::new(Channel::new(0, 0));
        let adder = thread::spawn({
            let channel = channel.clone();
            move || add(&channel, 1)
        });
        let taker = thread::spawn({
            let channel = channel.clone();
            move || std::iter::from_fn(|| take(&channel)).count()
        });
        channel.close();
        let added = usize::from(adder.join().unwrap());
        assert_eq!(taker.join().unwrap(), added);
        assert_eq!(channel.len(), 0);
    });
}

fn threads_that_wait_learn_of_the_end() {
    check_bounded(2, || {
        let (empty, full) = (Channel::new(1, 1), Channel::new(1, 1));
        assert!(add(&full, 1));
        let channels = Arc::new((empty, full));
        let taker = thread::spawn({
            let channels = channels.clone();
            move || take(&channels.0)
        });
        let adder = thread::spawn({
            let channels = channels.clone();
            move || add(&channels.1, 2)
        });
        channels.0.close();
        channels.1.close();
        assert_eq!(taker.join().unwrap(), None);
        assert!(!adder.join().unwrap());
    });
}
