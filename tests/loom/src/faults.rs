//! The faults that the models must find: for each, the part, the text and its replacement.

/// One fault.
pub struct Fault {
    /// Its name, as a Rust identifier.
    pub name: &'static str,
    /// The file that it changes.
    pub part: &'static str,
    /// The text that it replaces, which occurs once.
    pub right: &'static str,
    /// The text with the fault.
    pub wrong: &'static str,
}

/// All faults.
pub const FAULTS: &[Fault] = &[
    Fault {
        name: "queue_push_does_not_say_so",
        part: "queue",
        right: "self.has_some.store(true, Ordering::Relaxed);",
        wrong: "",
    },
    Fault {
        name: "queue_says_so_after_the_push",
        part: "queue",
        right: "state.items.push(item);",
        wrong: "state.items.push(item);
        drop(state);",
    },
    Fault {
        name: "queue_drains_in_two_steps",
        part: "queue",
        right: "let mut items = self.take(&mut self.state());",
        wrong: "let mut items = self.take(&mut self.state());
        self.has_some.store(false, Ordering::Relaxed);",
    },
    Fault {
        name: "queue_leaves_in_place_what_it_releases",
        part: "queue",
        right: "state.items.capacity() == 0",
        wrong: "true",
    },
    Fault {
        name: "queue_closes_in_two_steps",
        part: "queue",
        right: "        state.is_closed = true;
        let items = self.take(&mut state);
        drop(state);",
        wrong: "        let items = self.take(&mut state);
        drop(state);
        self.state().is_closed = true;",
    },
    Fault {
        name: "queue_takes_more_after_its_end",
        part: "queue",
        right: "if state.is_closed {",
        wrong: "if false {",
    },
    Fault {
        name: "queue_looks_whether_it_is_closed_before_it_has_the_lock",
        part: "queue",
        right: "        let mut state = self.state();
        if state.is_closed {
            return Err(item);
        }",
        wrong: "        if self.state().is_closed {
            return Err(item);
        }
        let mut state = self.state();",
    },
    Fault {
        name: "slots_read_a_key_relaxed",
        part: "slots",
        right: "unpack(key.place.load(Ordering::Acquire))",
        wrong: "unpack(key.place.load(Ordering::Relaxed))",
    },
    Fault {
        name: "slots_publish_a_key_relaxed",
        part: "slots",
        right: "self.place.store(pack(segment, place), Ordering::Release);",
        wrong: "self.place.store(pack(segment, place), Ordering::Relaxed);",
    },
    Fault {
        name: "slots_free_an_index_before_its_values_are_withdrawn",
        part: "slots",
        right: "let mut keys = keys();
            while let",
        wrong: "keys().free.push(index);
            let mut keys = keys();
            while let",
    },
    Fault {
        name: "slots_keep_the_value_of_a_dropped_key",
        part: "slots",
        right: "slot.store(null_mut(), Ordering::Release);",
        wrong: "",
    },
    Fault {
        name: "slots_clear_a_value_that_was_seen_earlier",
        part: "slots",
        right: "let mut keys = keys();
        let Some(newest) = NonNull::new(self.newest(lasts).load(Ordering::Relaxed)) else {
            return false;
        };",
        wrong: "let Some(newest) = NonNull::new(self.newest(lasts).load(Ordering::Relaxed)) else {
            return false;
        };
        let mut keys = keys();",
    },
    Fault {
        name: "slots_publish_a_segment_relaxed",
        part: "slots",
        right: "self.segments[segment].store(fresh, Ordering::Release);",
        wrong: "self.segments[segment].store(fresh, Ordering::Relaxed);",
    },
    Fault {
        name: "slots_publish_a_value_relaxed",
        part: "slots",
        right: "slot.store(place, Ordering::Release);",
        wrong: "slot.store(place, Ordering::Relaxed);",
    },
    Fault {
        name: "slots_set_in_two_steps",
        part: "slots",
        right: "if !first.is_null() {
            return Err(first);
        }",
        wrong: "if !first.is_null() {
            return Err(first);
        }
        drop(keys);
        let mut keys = self::keys();",
    },
    Fault {
        name: "slots_read_a_value_relaxed",
        part: "slots",
        right: "(*slots.add(place)).load(Ordering::Acquire)",
        wrong: "(*slots.add(place)).load(Ordering::Relaxed)",
    },
    Fault {
        name: "registry_is_published_relaxed",
        part: "registry",
        right: "self.table.store(pointer, Ordering::Release);",
        wrong: "self.table.store(pointer, Ordering::Relaxed);",
    },
    Fault {
        name: "registry_is_published_before_it_is_filled",
        part: "registry",
        right: "registry.keys = table.map_or(0, |table| copy(table, grown));
            let pointer = std::ptr::from_ref(grown).cast_mut();
            self.table.store(pointer, Ordering::Release);",
        wrong: "let pointer = std::ptr::from_ref(grown).cast_mut();
            self.table.store(pointer, Ordering::Release);
            registry.keys = table.map_or(0, |table| copy(table, grown));",
    },
    Fault {
        name: "registry_state_is_relaxed",
        part: "registry",
        right: "entry.state.store(pointer, Ordering::Release);",
        wrong: "entry.state.store(pointer, Ordering::Relaxed);",
    },
    Fault {
        name: "registry_only_is_relaxed",
        part: "registry",
        right: "self.only.store(pointer, Ordering::Release);",
        wrong: "self.only.store(pointer, Ordering::Relaxed);",
    },
    Fault {
        name: "registry_only_is_kept_until_the_second_can_be_found",
        part: "registry",
        right: "            registry.many = true;
            self.only.store(null_mut(), Ordering::Release);
        }
",
        wrong: "            registry.many = true;
        }
        let _cleared_late = ClearedLate((!is_first).then_some(&self.only));
        struct ClearedLate<'a, L>(Option<&'a AtomicPtr<L>>);
        impl<L> Drop for ClearedLate<'_, L> {
            fn drop(&mut self) {
                self.0.map(|only| only.store(null_mut(), Ordering::Release));
            }
        }
",
    },
    Fault {
        name: "gate_lets_in_without_the_lock",
        part: "gate",
        right: "if !state.open {
            return None;
        }
",
        wrong: "if !state.open {
            return None;
        }
        drop(state);
        let mut state = self.state();
",
    },
    Fault {
        name: "gate_tells_nobody_who_left",
        part: "gate",
        right: "self.gate.left.notify_all();",
        wrong: "",
    },
    Fault {
        name: "gate_tells_nobody_when_only_one_waits",
        part: "gate",
        right: "if state.waiting > 0 {",
        wrong: "if state.waiting > 1 {",
    },
    Fault {
        name: "gate_waits_for_one_only",
        part: "gate",
        right: "while !is_over && !is_called_off() {",
        wrong: "if !is_over && !is_called_off() {",
    },
    Fault {
        name: "gate_stays_closed_once_it_was",
        part: "gate",
        right: "state.open = true;",
        wrong: "state.open |= false;",
    },
    Fault {
        name: "gate_lets_back_in_who_was_left_behind",
        part: "gate",
        right: "self.holder.exchange(AWAY, INSIDE)",
        wrong: "{ let was = self.is_away(); self.holder.state.store(INSIDE, Ordering::Release); was }",
    },
    Fault {
        name: "gate_leaves_guards_set_aside_when_it_closes",
        part: "gate",
        right: "WITHDRAWN | (state & CHANGE)",
        wrong: "state",
    },
    Fault {
        name: "gate_lets_guards_be_set_aside_after_it_closed",
        part: "gate",
        right: "state | LAST",
        wrong: "state",
    },
    Fault {
        name: "gate_forgets_a_guard_that_is_taken_up_as_it_closes",
        part: "gate",
        right: "let before = holder.update(|state| Some(closed(state)));",
        wrong: "let before = Ok::<_, u8>(holder.state());
            let _ = holder.update(|state| Some(closed(state)));",
    },
    Fault {
        name: "gate_does_not_see_what_was_done_before_a_guard_was_set_aside",
        part: "gate",
        right: ".compare_exchange(before, after, Ordering::SeqCst, Ordering::Acquire)",
        wrong: ".compare_exchange(before, after, Ordering::Relaxed, Ordering::Relaxed)",
    },
    Fault {
        name: "gate_forgets_a_guard_whose_holder_is_leaving_as_it_closes",
        part: "gate",
        right: "state & !CHANGE != SET_ASIDE || holder.is_changing_in(state)",
        wrong: "state & !CHANGE != SET_ASIDE",
    },
    Fault {
        name: "gate_takes_a_holder_that_is_leaving_for_gone",
        part: "gate",
        right: "is_aside(state) && !self.is_changing_in(state)",
        wrong: "is_aside(state)",
    },
    Fault {
        name: "gate_does_not_see_what_was_done_before_a_holder_had_left",
        part: "gate",
        right: "self.holder.changed.store(begun, Ordering::Release);",
        wrong: "self.holder.changed.store(begun, Ordering::Relaxed);",
    },
    Fault {
        name: "gate_takes_a_holder_that_stays_for_gone",
        part: "gate",
        right: "holder.is_changing_in(state))",
        wrong: "holder.is_changing_in(holder.state.load(Ordering::SeqCst)))",
    },
    Fault {
        name: "gate_loses_the_thread_state_of_a_guard_that_is_withdrawn",
        part: "gate",
        right: "stays || holder.kept().is_some()",
        wrong: "stays",
    },
    Fault {
        name: "gate_loses_a_thread_state_that_is_handed_over",
        part: "gate",
        right: "self.holder.release();",
        wrong: "",
    },
    Fault {
        name: "gate_loses_a_released_thread_state_with_the_guard",
        part: "gate",
        right: "if !self.holder.is_released() {",
        wrong: "{",
    },
    Fault {
        name: "gate_has_a_thread_state_deleted_that_its_thread_uses",
        part: "gate",
        right: "self.holder.exchange_exactly(SET_ASIDE, INSIDE, 0)",
        wrong: "true",
    },
    Fault {
        name: "gate_lets_go_of_a_holder_that_stays",
        part: "gate",
        right: "(INSIDE | last | (state & CHANGE)) ^ CHANGE",
        wrong: "(if is_withdrawn { WITHDRAWN } else { INSIDE } | (state & CHANGE)) ^ CHANGE",
    },
    Fault {
        name: "gate_forgets_that_it_was_closed_twice",
        part: "gate",
        right: "let last = if is_withdrawn { LAST } else { state & LAST };",
        wrong: "let last = if state & !CHANGE == WITHDRAWN { LAST } else { 0 };",
    },
    Fault {
        name: "gate_goes_on_without_seeing_what_was_done_before_leaving",
        part: "gate",
        right: "state.fetch_update(Ordering::AcqRel, Ordering::Acquire, new)",
        wrong: "state.fetch_update(Ordering::Relaxed, Ordering::Relaxed, new)",
    },
    Fault {
        name: "append_list_publishes_a_record_relaxed",
        part: "append_list",
        right: ".compare_exchange(newest, node, Ordering::AcqRel, Ordering::Acquire)",
        wrong: ".compare_exchange(newest, node, Ordering::Relaxed, Ordering::Relaxed)",
    },
    Fault {
        name: "append_list_is_read_relaxed",
        part: "append_list",
        right: "let newest = node(self.newest.load(Ordering::Acquire));",
        wrong: "let newest = node(self.newest.load(Ordering::Relaxed));",
    },
    Fault {
        name: "append_list_looks_at_the_newest_after_the_search",
        part: "append_list",
        right: "// SAFETY: not shared until the exchange succeeds;",
        wrong: "let newest = self.newest.load(Ordering::Acquire);
            // SAFETY: not shared until the exchange succeeds;",
    },
    Fault {
        name: "waiters_look_at_the_list_without_a_fence",
        part: "waiters",
        right: "// Between the change and the look.
        fence(Ordering::SeqCst);",
        wrong: "",
    },
    Fault {
        name: "waiters_look_at_the_object_without_a_fence",
        part: "waiters",
        right: "// Between that and the thread's last look at the object.
        fence(Ordering::SeqCst);",
        wrong: "",
    },
    Fault {
        name: "waiters_sleep_without_a_last_look",
        part: "waiters",
        right: "match attempt() {
                Ok(None) => {}",
        wrong: "match Ok(None) {
                Ok(None) => {}",
    },
    Fault {
        name: "waiters_are_woken_without_a_mark",
        part: "waiters",
        right: "waiter.is_woken.store(true, Ordering::Release);",
        wrong: "",
    },
    Fault {
        name: "waiters_are_marked_after_they_left_the_list",
        part: "waiters",
        right: "            woken
        };
        for waiter in woken {
",
        wrong: "            for waiter in &woken {
                waiter.is_woken.store(false, Ordering::Release);
            }
            woken
        };
        for waiter in woken {
            waiter.is_woken.store(true, Ordering::Release);
",
    },
    Fault {
        name: "waiters_keep_to_themselves_what_they_were_woken_for",
        part: "waiters",
        right: "// What it was woken for is there for another one.
                        self.wake_one();",
        wrong: "",
    },
    Fault {
        name: "waiters_stay_in_the_list_when_they_give_up",
        part: "waiters",
        right: "// Here, since the thread may not be able to return from `pause`.
                self.remove(&waiter);",
        wrong: "",
    },
    Fault {
        name: "channel_is_closed_while_items_are_added",
        part: "channel",
        right: "pass_all();",
        wrong: "",
    },
    Fault {
        name: "channel_adds_an_item_after_a_look_outside_the_gate",
        part: "channel",
        right: "            let _gate = Gate::enter();
            if self.state.load(Ordering::SeqCst) != OPEN {
                return Err(IsClosed);
            }
",
        wrong: "            if self.state.load(Ordering::SeqCst) != OPEN {
                return Err(IsClosed);
            }
            let _gate = Gate::enter();
",
    },
    Fault {
        name: "channel_looks_whether_it_is_closed_after_the_items",
        part: "channel",
        right: "None if state == CLOSED => Err(IsClosed),",
        wrong: "None if self.state.load(Ordering::SeqCst) == CLOSED => Err(IsClosed),",
    },
    Fault {
        name: "channel_is_closed_at_once",
        part: "channel",
        right: ".compare_exchange(OPEN, CLOSING, order, order);",
        wrong: ".compare_exchange(OPEN, CLOSED, order, order);",
    },
    Fault {
        name: "channel_ends_without_telling_takers",
        part: "channel",
        right: "self.takers.wake_all();",
        wrong: "",
    },
    Fault {
        name: "channel_ends_without_telling_adders",
        part: "channel",
        right: "self.adders.wake_all();",
        wrong: "",
    },
    Fault {
        name: "channel_tells_nobody_of_an_item",
        part: "channel",
        right: "self.takers.wake_one();",
        wrong: "",
    },
    Fault {
        name: "channel_tells_nobody_of_room",
        part: "channel",
        right: "self.adders.wake_one();",
        wrong: "",
    },
    Fault {
        name: "channel_does_not_count_an_item_out",
        part: "channel",
        right: "count.fetch_sub(1, Ordering::SeqCst);
                Some(item)",
        wrong: "Some(item)",
    },
];
