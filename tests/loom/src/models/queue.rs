//! Models of the drop queue.

use std::ptr::NonNull;

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::queue::DropQueue;

pub(crate) const MODELS: &[(&str, fn())] = &[
    ("what_is_pushed_is_released_once", what_is_pushed_is_released_once),
    ("two_drains_share_what_is_there", two_drains_share_what_is_there),
    ("an_entry_that_sees_a_push_finds_it", an_entry_that_sees_a_push_finds_it),
    ("a_close_leaves_nothing_behind", a_close_leaves_nothing_behind),
    ("a_closed_queue_stays_closed", a_closed_queue_stays_closed),
];

/// Stands in for a Python object: loom checks the order of accesses to it.
struct Object(UnsafeCell<State>);

#[derive(Clone, Copy, PartialEq, Debug)]
enum State {
    Alive,
    Used,
    Released,
}

// SAFETY: loom checks that accesses do not overlap.
unsafe impl Send for Object {}
// SAFETY: loom checks that accesses do not overlap.
unsafe impl Sync for Object {}

impl Object {
    fn new() -> Arc<Self> {
        Arc::new(Self(UnsafeCell::new(State::Alive)))
    }

    /// Moves from one state to the next.
    fn turn(&self, from: State, to: State) {
        self.0.with_mut(|state| {
            // SAFETY: loom fails here if another thread has access.
            let state = unsafe { &mut *state };
            assert_eq!(*state, from);
            *state = to;
        });
    }

    fn state(&self) -> State {
        // SAFETY: loom fails here if another thread has access for writing.
        self.0.with(|state| unsafe { *state })
    }
}

/// Uses an object for the last time and drops the handle.
fn give_up(queue: &DropQueue<NonNull<Object>>, object: &Arc<Object>) -> bool {
    object.turn(State::Alive, State::Used);
    queue.push(NonNull::from(&**object)).is_ok()
}

fn release(object: NonNull<Object>) {
    // SAFETY: each model keeps its objects until it ends.
    unsafe { object.as_ref() }.turn(State::Used, State::Released);
}

fn what_is_pushed_is_released_once() {
    loom::model(|| {
        let queue = Arc::new(DropQueue::new());
        let objects = [Object::new(), Object::new()];
        let drainer = thread::spawn({
            let queue = queue.clone();
            move || queue.drain(release)
        });
        let pusher = thread::spawn({
            let (queue, object) = (queue.clone(), objects[1].clone());
            move || assert!(give_up(&queue, &object))
        });
        assert!(give_up(&queue, &objects[0]));
        drainer.join().unwrap();
        pusher.join().unwrap();
        queue.drain(release);
        assert!(!queue.has_some());
        for object in objects {
            assert_eq!(object.state(), State::Released);
        }
    });
}

fn two_drains_share_what_is_there() {
    loom::model(|| {
        let queue = Arc::new(DropQueue::new());
        let objects = [Object::new(), Object::new()];
        assert!(give_up(&queue, &objects[0]));
        let other = thread::spawn({
            let queue = queue.clone();
            move || queue.drain(release)
        });
        assert!(give_up(&queue, &objects[1]));
        queue.drain(release);
        other.join().unwrap();
        queue.drain(release);
        for object in objects {
            assert_eq!(object.state(), State::Released);
        }
    });
}

/// The drains of the interpreter's entries, which look before they take the lock.
fn drain_if_some(queue: &DropQueue<NonNull<Object>>) {
    if queue.has_some() {
        queue.drain(release);
    }
}

fn an_entry_that_sees_a_push_finds_it() {
    loom::model(|| {
        let queue = Arc::new(DropQueue::new());
        let objects = [Object::new(), Object::new()];
        let drainer = thread::spawn({
            let queue = queue.clone();
            move || drain_if_some(&queue)
        });
        for object in &objects {
            assert!(give_up(&queue, object));
        }
        drainer.join().unwrap();
        // An entry after all pushes.
        drain_if_some(&queue);
        for object in objects {
            assert_eq!(object.state(), State::Released);
        }
    });
}

fn a_close_leaves_nothing_behind() {
    loom::model(|| {
        let queue = Arc::new(DropQueue::new());
        let objects = [Object::new(), Object::new()];
        let closer = thread::spawn({
            let queue = queue.clone();
            move || queue.close(release)
        });
        let taken = objects.each_ref().map(|object| give_up(&queue, object));
        closer.join().unwrap();
        for (object, taken) in objects.iter().zip(taken) {
            let expected = if taken { State::Released } else { State::Used };
            assert_eq!(object.state(), expected);
        }
        assert!(!queue.has_some());
    });
}

fn a_closed_queue_stays_closed() {
    loom::model(|| {
        let queue = Arc::new(DropQueue::new());
        queue.close(release);
        let object = Object::new();
        let pusher = thread::spawn({
            let (queue, object) = (queue.clone(), object.clone());
            move || give_up(&queue, &object)
        });
        queue.drain(release);
        queue.close(release);
        assert!(!pusher.join().unwrap());
        assert_eq!(object.state(), State::Used);
    });
}
