//! Reading what test programs print.

/// Returns the tests that passed (`true`) or failed, from libtest's lines (`test name ... ok`).
pub fn verdicts(output: &str) -> impl Iterator<Item = (&str, bool)> {
    output.lines().filter_map(|line| {
        let (name, verdict) = line.strip_prefix("test ")?.split_once(" ... ")?;
        let name = name.strip_suffix(" - should panic").unwrap_or(name);
        match verdict {
            "ok" => Some((name, true)),
            "FAILED" => Some((name, false)),
            _ => None,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_intact_lines_give_a_verdict() {
        let output = "running 4 tests\ntest a ... ok\ntest m::b ... FAILED\n\
            test c - should panic ... ok\ntest d ... hello ok\ntest result: FAILED. 1 passed";
        let expected = [("a", true), ("m::b", false), ("c", true)];
        assert!(verdicts(output).eq(expected));
    }
}
