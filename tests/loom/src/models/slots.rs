//! Models of the slot table.

use std::ffi::c_void;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

use super::slots::{SlotKey, Slots};

pub(crate) const MODELS: &[(&str, fn())] = &[
    ("a_reader_sees_what_the_maker_did", a_reader_sees_what_the_maker_did),
    ("the_first_value_stays", the_first_value_stays),
    ("two_keys_have_two_slots", two_keys_have_two_slots),
    ("a_key_means_one_slot_in_two_interpreters", a_key_means_one_slot_in_two_interpreters),
    ("a_clear_drops_each_value_once", a_clear_drops_each_value_once),
];

/// Stands in for a value: its content is ordinary memory.
struct Value {
    number: UnsafeCell<usize>,
    drops: Arc<AtomicUsize>,
}

impl Value {
    fn make(number: usize, drops: &Arc<AtomicUsize>) -> *mut c_void {
        let value = Box::new(Value {
            number: UnsafeCell::new(0),
            drops: drops.clone(),
        });
        // SAFETY: loom fails here if another thread has access.
        value.number.with_mut(|place| unsafe { *place = number });
        Box::into_raw(value).cast()
    }

    /// Returns the number of a value that was read, which stays until the table is cleared.
    fn number(value: *mut c_void) -> usize {
        // SAFETY: the models clear their tables after all threads are done.
        let value = unsafe { &*value.cast::<Value>() };
        // SAFETY: loom fails here if another thread has access for writing.
        value.number.with(|place| unsafe { *place })
    }
}

/// Drops a value: the `drop_value` for [`Slots::set`].
unsafe fn drop_value(value: *mut c_void) {
    // SAFETY: created by `Value::make`, and dropped once.
    let value = unsafe { Box::from_raw(value.cast::<Value>()) };
    value.drops.fetch_add(1, Ordering::Relaxed);
}

/// Sets a value, and returns the number of the one that is then stored.
fn set(slots: &Slots, key: &SlotKey, number: usize, drops: &Arc<AtomicUsize>) -> usize {
    let value = Value::make(number, drops);
    // SAFETY: `drop_value` is right for it, and the model's threads count as attached.
    match unsafe { slots.set(key, value, drop_value) } {
        Ok(()) => number,
        Err(first) => {
            // SAFETY: it was not stored, so nothing else drops it.
            unsafe { drop_value(value) };
            Value::number(first)
        }
    }
}

fn get(slots: &Slots, key: &SlotKey) -> Option<usize> {
    let value = slots.get(key);
    (!value.is_null()).then(|| Value::number(value))
}

fn clear(slots: &Slots) {
    // SAFETY: the model's other threads are done.
    unsafe { slots.clear() };
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
