//! Calls of every kind leak nothing.

use pyatoll::interpreter::SubInterpreter;
use pyatoll::prelude::*;

use crate::attributes::{Descriptor, TwoStage};
use crate::containers::Sequence;
use crate::iteration::Iterator;
use crate::memory::{Bytes, Node};
use crate::numbers::Number;
use crate::objects::{ByOperator, BySome, Plain};
use crate::slots::{Above, Static};
use crate::{names, run_with};

/// Set in the child process that runs only this test.
const ALONE: &str = "PYATOLL_TEST_LEAKS_ALONE";

/// Runs in a process of its own, since the counts are process-wide.
#[test]
fn references_and_memory_do_not_grow() {
    if std::env::var_os(ALONE).is_none() {
        let status = std::process::Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "leaks::references_and_memory_do_not_grow",
                "--nocapture",
            ])
            .env(ALONE, "1")
            .status()
            .unwrap();
        assert!(status.success(), "see above");
        return;
    }
    let sub = SubInterpreter::builder().build().unwrap();
    sub.attach(|py| {
        let names = names(py);
        names.set_item("plain", py.get_type::<Plain>()).unwrap();
        names.set_item("by_operator", py.get_type::<ByOperator>()).unwrap();
        names.set_item("by_some", py.get_type::<BySome>()).unwrap();
        names.set_item("number", py.get_type::<Number>()).unwrap();
        names.set_item("sequence", py.get_type::<Sequence>()).unwrap();
        names.set_item("attributes", py.get_type::<TwoStage>()).unwrap();
        names.set_item("descriptor", py.get_type::<Descriptor>()).unwrap();
        names.set_item("iterator", py.get_type::<Iterator>()).unwrap();
        names.set_item("buffer", py.get_type::<Bytes>()).unwrap();
        names.set_item("node", py.get_type::<Node>()).unwrap();
        names.set_item("above", py.get_type::<Above>()).unwrap();
        names.set_item("static", py.get_type::<Static>()).unwrap();
        run_with(
            py,
            &names,
            "
            import gc, sys

            class Holder:
                d = descriptor()

            def in_place():
                n = number(5)
                n += 1
                n -= number(1)
                n *= 2
                n ^= 1

            def cycle():
                n = node()
                n.refer(n)

            def set_and_delete():
                h = Holder()
                h.d = 5
                del h.d
                return h.d, Holder.d

            def items():
                s = sequence([1, 2])
                s[0] = 5
                del s[1]
                s += sequence([3])
                s *= 2
                return s[0], 3 in s, len(s), list(s), s + s, s * 2, raises(lambda: s[9])

            p, n, s, a = plain(1), number(6), by_some(1), attributes()
            calls = [
                lambda: (str(p), repr(p), hash(p), bool(p), int(p), float(p), f'{p:x}', plain(1)('a', x=1)),
                lambda: (raises(bool, plain(13)), raises(p, 1), raises(plain, 1, 2), raises(plain, 'x')),
                lambda: (by_operator(1) < by_operator(2), by_operator(1) == 5, raises(lambda: by_operator(13) == by_operator(1))),
                lambda: (s == s, s != s, s < 5, 5 > s, s == 'x'),
                lambda: (n + 1, 1 + n, n - n, n ** 2, pow(n, 2, 3), 2 ** n, -n, +n, divmod(n, 4)),
                lambda: (raises(lambda: n + 'x'), raises(lambda: 'x' + n), raises(lambda: n + n), raises(lambda: n / 0)),
                in_place, cycle, set_and_delete, items,
                lambda: (a.first, a.second, raises(lambda: a.third), raises(lambda: a.broken)),
                lambda: list(iterator(3)),
                lambda: bytes(buffer()),
                lambda: (above() == 5, raises(setattr, above(), 'x', 1), raises(above().__setitem__, 2, 3)),
                lambda: (len(static()), static()[1], repr(static()), static()(1)),
            ]

            def count():
                gc.collect()
                count = getattr(sys, 'gettotalrefcount', sys.getallocatedblocks)
                return count()

            # A leak shows in every round, a cache that fills up does not.
            for number_of_call, call in enumerate(calls):
                growths = []
                for _ in range(5):
                    before = count()
                    for _ in range(300):
                        call()
                    growths.append(count() - before)
                assert min(growths) < 100, (number_of_call, growths)
            ",
        );
    })
    .unwrap();
    sub.close().unwrap();
}
