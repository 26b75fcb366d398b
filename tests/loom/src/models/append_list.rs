//! Models of the list of records that binaries share.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::append_list::{AppendList, Node};

pub(crate) const MODELS: &[(&str, fn())] = &[
    ("a_record_that_is_found_is_complete", a_record_that_is_found_is_complete),
    ("of_the_same_records_one_is_added", of_the_same_records_one_is_added),
    ("different_records_are_all_added", different_records_are_all_added),
];

/// A record: loom checks the order of accesses to its content.
struct Record {
    key: u32,
    content: UnsafeCell<u32>,
}

// SAFETY: loom checks that accesses do not overlap.
unsafe impl Send for Record {}
// SAFETY: loom checks that accesses do not overlap.
unsafe impl Sync for Record {}

impl Record {
    fn new(key: u32, content: u32) -> Box<Node<Self>> {
        let node = Node::new(Self {
            key,
            content: UnsafeCell::new(0),
        });
        // SAFETY: loom fails here if another thread has access.
        node.record
            .content
            .with_mut(|place| unsafe { *place = content });
        node
    }

    fn content(&self) -> u32 {
        // SAFETY: loom fails here if another thread has access for writing.
        self.content.with(|place| unsafe { *place })
    }
}

/// The list, which frees its records at its end.
struct List(AppendList<Record>);

impl List {
    fn new() -> Arc<Self> {
        Arc::new(Self(AppendList::new()))
    }

    /// Adds a record, and returns the content of the one that counts.
    fn add(&self, key: u32, content: u32) -> u32 {
        match self.0.add(Record::new(key, content), |other| other.key == key) {
            Ok(added) => added.content(),
            Err((first, _)) => first.content(),
        }
    }

    fn contents(&self) -> Vec<u32> {
        self.0.iter().map(Record::content).collect()
    }
}

impl Drop for List {
    fn drop(&mut self) {
        for node in self.0.take_all() {
            // SAFETY: `add` took it out of a box, and nobody uses the list any longer.
            drop(unsafe { Box::from_raw(node.as_ptr()) });
        }
    }
}

fn a_record_that_is_found_is_complete() {
    loom::model(|| {
        let list = List::new();
        let reader = thread::spawn({
            let list = list.clone();
            move || {
                for content in list.contents() {
                    assert!(content == 1 || content == 2);
                }
            }
        });
        assert_eq!(list.add(1, 1), 1);
        assert_eq!(list.add(2, 2), 2);
        reader.join().unwrap();
        assert_eq!(list.contents(), [2, 1]);
    });
}

fn of_the_same_records_one_is_added() {
    loom::model(|| {
        let list = List::new();
        let other = thread::spawn({
            let list = list.clone();
            move || list.add(1, 10)
        });
        let own = list.add(1, 20);
        assert_eq!(other.join().unwrap(), own);
        assert_eq!(list.contents(), [own]);
    });
}

fn different_records_are_all_added() {
    loom::model(|| {
        let list = List::new();
        let other = thread::spawn({
            let list = list.clone();
            move || list.add(1, 1)
        });
        assert_eq!(list.add(2, 2), 2);
        assert_eq!(other.join().unwrap(), 1);
        let mut contents = list.contents();
        contents.sort();
        assert_eq!(contents, [1, 2]);
    });
}
