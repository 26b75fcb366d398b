//! What an application says about the interpreter it is in (`hosts/apps/exercise.py`).

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

/// The state of one application.
#[derive(Deserialize, Clone, Debug)]
pub struct State {
    /// The application's name.
    pub name: String,
    /// The process.
    pub pid: u32,
    interpreter: i64,
    owner: Option<String>,
    /// How often the application was loaded in this interpreter.
    pub loads: u64,
    class: u64,
    exception: u64,
    process_calls: u64,
    interpreter_calls: u64,
    /// Calls of background threads in the process.
    pub ticks: u64,
    /// Background threads in the process.
    pub tickers: u64,
    /// The library that the module is built with.
    pub built_with: String,
}

impl State {
    /// Reads the answer of the application `name`.
    pub fn read(json: &str, name: &str) -> Result<Self> {
        let state: Self =
            serde_json::from_str(json).with_context(|| format!("not the state: {json}"))?;
        state.check(name)?;
        Ok(state)
    }

    /// Fails if it is another application's, or if that application found another one's value.
    pub fn check(&self, name: &str) -> Result<()> {
        ensure!(
            self.name == name && self.owner.as_deref() == Some(name),
            "the application {name} answers as {}, and found what {:?} has stored",
            self.name,
            self.owner
        );
        Ok(())
    }
}

/// Returns what two applications in one process share and should not, or have of their own and
/// should share.
pub fn faults(one: &State, two: &State) -> Vec<String> {
    let mut faults = Vec::new();
    let mut differ = |what: &str, is_equal: bool| {
        if is_equal {
            faults.push(format!("the applications share {what}"));
        }
    };
    differ("their interpreter", one.interpreter == two.interpreter);
    differ("a class", one.class == two.class);
    differ("an exception", one.exception == two.exception);
    differ("their values", one.owner == two.owner);
    if one.pid != two.pid {
        faults.push("the applications are not in one process".to_owned());
    }
    // `two` was asked later, so its count for the process includes all calls before.
    if two.process_calls < one.interpreter_calls + two.interpreter_calls {
        faults.push(format!(
            "the process counted {} calls, but its interpreters {} and {}",
            two.process_calls, one.interpreter_calls, two.interpreter_calls
        ));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(name: &str, address: u64) -> State {
        State {
            name: name.to_owned(),
            pid: 1,
            interpreter: i64::try_from(address).expect("small"),
            owner: Some(name.to_owned()),
            loads: 1,
            class: address,
            exception: address + 1,
            process_calls: 7,
            interpreter_calls: 3,
            ticks: 0,
            tickers: 0,
            built_with: "c".to_owned(),
        }
    }

    #[test]
    fn whatever_applications_share_is_a_fault() {
        let (one, two) = (state("one", 10), state("two", 20));
        assert!(faults(&one, &two).is_empty());
        let same_class = State {
            class: one.class,
            ..two.clone()
        };
        assert_eq!(
            faults(&one, &same_class),
            ["the applications share a class"]
        );
        assert_eq!(faults(&one, &one.clone()).len(), 4);
        let elsewhere = State {
            pid: 2,
            process_calls: 3,
            ..two
        };
        assert_eq!(faults(&one, &elsewhere).len(), 2);
    }

    #[test]
    fn an_answer_of_another_application_is_refused() {
        assert!(state("one", 1).check("one").is_ok());
        assert!(state("one", 1).check("two").is_err());
        let mixed = State {
            owner: Some("two".to_owned()),
            ..state("one", 1)
        };
        let error = mixed.check("one").expect_err("mixed").to_string();
        assert!(error.contains("two"), "{error}");
    }
}
