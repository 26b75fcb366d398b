//! Models of the slot table.

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::slots::{SlotKey, Slots};

pub(crate) const MODELS: &[(&str, fn())] = &[
    ("a_reader_sees_what_the_maker_did", a_reader_sees_what_the_maker_did),
    ("a_reader_sees_a_value_of_a_known_key", a_reader_sees_a_value_of_a_known_key),
    ("the_first_value_stays", the_first_value_stays),
    ("two_keys_have_two_slots", two_keys_have_two_slots),
    ("a_key_means_one_slot_in_two_interpreters", a_key_means_one_slot_in_two_interpreters),
    ("a_clear_drops_each_value_once", a_clear_drops_each_value_once),
    ("a_key_never_has_a_value_of_another", a_key_never_has_a_value_of_another),
    ("a_reused_index_is_empty_everywhere", a_reused_index_is_empty_everywhere),
    ("a_drop_and_a_clear_share_the_values", a_drop_and_a_clear_share_the_values),
];

/// Stands in for a value: its content is ordinary memory.
struct Value {
    number: UnsafeCell<usize>,
    drops: Arc<AtomicUsize>,
}

impl Value {
    fn make(number: usize, drops: &Arc<AtomicUsize>) -> Self {
        let value = Value {
            number: UnsafeCell::new(0),
            drops: drops.clone(),
        };
        // SAFETY: loom fails here if another thread has access.
        value.number.with_mut(|place| unsafe { *place = number });
        value
    }

    /// Returns the number of a value that was read.
    fn number(value: *mut Value) -> usize {
        // SAFETY: each model drops a value only when no thread reads it.
        let value = unsafe { &*value };
        // SAFETY: loom fails here if another thread has access for writing.
        value.number.with(|place| unsafe { *place })
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        // SAFETY: loom fails here if another thread has access.
        self.number.with_mut(|place| unsafe { *place = usize::MAX });
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

/// Sets a value, and returns the number of the one that is then stored.
fn set(slots: &Slots, key: &SlotKey, number: usize, drops: &Arc<AtomicUsize>) -> usize {
    // SAFETY: all keys have values of this type, and the model's threads count as attached.
    match unsafe { slots.set(key, Value::make(number, drops)) } {
        Ok(value) => Value::number(value),
        Err((first, _)) => Value::number(first),
    }
}

fn get(slots: &Slots, key: &SlotKey) -> Option<usize> {
    let value = slots.get(key).cast::<Value>();
    (!value.is_null()).then(|| Value::number(value))
}

fn clear(slots: &Slots) {
    // SAFETY: the model's other threads are done with the table.
    unsafe { slots.clear() };
}

/// Drops a key and its values.
fn drop_key(key: &mut SlotKey) {
    for value in key.withdraw() {
        value.drop_value();
    }
}

fn a_reader_sees_what_the_maker_did() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let shared = Arc::new((Slots::new(), [(); 3].map(|()| SlotKey::new())));
        let reader = thread::spawn({
            let shared = shared.clone();
            move || {
                let (slots, keys) = &*shared;
                assert!(matches!(get(slots, &keys[2]), None | Some(2)));
                assert!(matches!(get(slots, &keys[0]), None | Some(0)));
            }
        });
        let (slots, keys) = &*shared;
        // The last two are in another segment than the first.
        for (number, key) in keys.iter().enumerate() {
            assert_eq!(set(slots, key, number, &drops), number);
        }
        reader.join().unwrap();
        for (number, key) in keys.iter().enumerate() {
            assert_eq!(get(slots, key), Some(number));
        }
        clear(slots);
        assert_eq!(drops.load(Ordering::Relaxed), 3);
    });
}

/// Nothing but the slot tells the reader of the value.
fn a_reader_sees_a_value_of_a_known_key() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let tables = Arc::new([Slots::new(), Slots::new()]);
        let keys = Arc::new([(); 3].map(|()| SlotKey::new()));
        for (number, key) in keys.iter().enumerate() {
            assert_eq!(set(&tables[0], key, number, &drops), number);
        }
        // In the same segment as the one to be read.
        assert_eq!(set(&tables[1], &keys[1], 1, &drops), 1);
        let reader = thread::spawn({
            let (tables, keys) = (tables.clone(), keys.clone());
            move || assert!(matches!(get(&tables[1], &keys[2]), None | Some(3)))
        });
        assert_eq!(set(&tables[1], &keys[2], 3, &drops), 3);
        reader.join().unwrap();
        tables.iter().for_each(clear);
        assert_eq!(drops.load(Ordering::Relaxed), 5);
    });
}

fn the_first_value_stays() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let shared = Arc::new((Slots::new(), SlotKey::new()));
        let other = thread::spawn({
            let (shared, drops) = (shared.clone(), drops.clone());
            move || set(&shared.0, &shared.1, 1, &drops)
        });
        let (slots, key) = &*shared;
        let mine = set(slots, key, 2, &drops);
        let others = other.join().unwrap();
        assert_eq!(mine, others);
        assert_eq!(get(slots, key), Some(mine));
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        clear(slots);
        assert_eq!(drops.load(Ordering::Relaxed), 2);
    });
}

fn two_keys_have_two_slots() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let shared = Arc::new((Slots::new(), SlotKey::new(), SlotKey::new()));
        let other = thread::spawn({
            let (shared, drops) = (shared.clone(), drops.clone());
            move || set(&shared.0, &shared.1, 1, &drops)
        });
        let (slots, first, second) = &*shared;
        assert_eq!(set(slots, second, 2, &drops), 2);
        assert_eq!(other.join().unwrap(), 1);
        assert_eq!(get(slots, first), Some(1));
        assert_eq!(get(slots, second), Some(2));
        clear(slots);
    });
}

fn a_key_means_one_slot_in_two_interpreters() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let shared = Arc::new(([Slots::new(), Slots::new()], SlotKey::new()));
        let other = thread::spawn({
            let (shared, drops) = (shared.clone(), drops.clone());
            move || {
                assert_eq!(set(&shared.0[0], &shared.1, 1, &drops), 1);
                assert_eq!(get(&shared.0[0], &shared.1), Some(1));
            }
        });
        let ([first, second], key) = &*shared;
        assert_eq!(set(second, key, 2, &drops), 2);
        assert_eq!(get(second, key), Some(2));
        other.join().unwrap();
        assert_eq!(get(first, key), Some(1));
        assert_eq!(get(second, key), Some(2));
        clear(first);
        assert_eq!(drops.load(Ordering::Relaxed), 1);
        assert_eq!(get(second, key), Some(2));
        clear(second);
    });
}

fn a_clear_drops_each_value_once() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let shared = Arc::new((Slots::new(), [SlotKey::new(), SlotKey::new()]));
        let threads = [0, 1].map(|place| {
            let (shared, drops) = (shared.clone(), drops.clone());
            thread::spawn(move || set(&shared.0, &shared.1[place], place, &drops))
        });
        for thread in threads {
            thread.join().unwrap();
        }
        clear(&shared.0);
        assert_eq!(drops.load(Ordering::Relaxed), 2);
        clear(&shared.0);
        assert_eq!(drops.load(Ordering::Relaxed), 2);
        assert_eq!(get(&shared.0, &shared.1[0]), None);
    });
}

/// Keys come and go in two threads, each in a table of its own.
fn a_key_never_has_a_value_of_another() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let tables = Arc::new([Slots::new(), Slots::new()]);
        let come_and_go = |table: usize, tables: &[Slots; 2], drops: &Arc<AtomicUsize>| {
            for number in 0..2 {
                let mut key = SlotKey::new();
                assert_eq!(get(&tables[table], &key), None);
                assert_eq!(set(&tables[table], &key, 2 * table + number, drops), 2 * table + number);
                assert_eq!(get(&tables[1 - table], &key), None);
                drop_key(&mut key);
                assert_eq!(get(&tables[table], &key), None);
            }
        };
        let other = thread::spawn({
            let (tables, drops) = (tables.clone(), drops.clone());
            move || come_and_go(1, &tables, &drops)
        });
        come_and_go(0, &tables, &drops);
        other.join().unwrap();
        assert_eq!(drops.load(Ordering::Relaxed), 4);
        tables.iter().for_each(clear);
        assert_eq!(drops.load(Ordering::Relaxed), 4);
    });
}

/// One thread drops a key that had values in both tables and uses a new one in the first; another
/// uses the new one in the second, whose value it is not told of otherwise.
fn a_reused_index_is_empty_everywhere() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let tables = Arc::new([Slots::new(), Slots::new()]);
        let mut old = SlotKey::new();
        for (number, slots) in tables.iter().enumerate() {
            assert_eq!(set(slots, &old, number, &drops), number);
        }
        let new = Arc::new(SlotKey::new());
        let reader = thread::spawn({
            let (tables, new) = (tables.clone(), new.clone());
            move || {
                assert_eq!(get(&tables[1], &new), None, "the old key's");
                assert!(matches!(get(&tables[0], &new), None | Some(2)));
            }
        });
        drop_key(&mut old);
        assert_eq!(set(&tables[0], &new, 2, &drops), 2);
        reader.join().unwrap();
        assert_eq!(drops.load(Ordering::Relaxed), 2);
        tables.iter().for_each(clear);
        assert_eq!(drops.load(Ordering::Relaxed), 3);
    });
}

/// A key is dropped while an interpreter ends that has a value of it.
fn a_drop_and_a_clear_share_the_values() {
    loom::model(|| {
        let drops = Arc::new(AtomicUsize::new(0));
        let tables = Arc::new([Slots::new(), Slots::new()]);
        let mut key = SlotKey::new();
        for (number, slots) in tables.iter().enumerate() {
            assert_eq!(set(slots, &key, number, &drops), number);
        }
        let ending = thread::spawn({
            let tables = tables.clone();
            move || clear(&tables[0])
        });
        drop_key(&mut key);
        ending.join().unwrap();
        assert_eq!(drops.load(Ordering::Relaxed), 2);
        clear(&tables[1]);
        assert_eq!(drops.load(Ordering::Relaxed), 2);
    });
}
