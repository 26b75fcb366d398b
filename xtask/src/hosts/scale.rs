//! How much each host has to do.

/// The amounts of a run.
#[derive(Clone, Copy)]
pub struct Scale {
    /// Requests in steady state.
    pub requests: usize,
    /// Restarts and reloads, each under load.
    pub restarts: usize,
    /// Interpreters that a host creates and ends one after another.
    pub interpreters: usize,
}

/// Some seconds for each host: what CI runs.
pub const SHORT: Scale = Scale {
    requests: 1_000,
    restarts: 4,
    interpreters: 40,
};

/// Long enough to see whether memory grows.
pub const LONG: Scale = Scale {
    requests: 30_000,
    restarts: 20,
    interpreters: 400,
};

impl Scale {
    /// Returns the requests before memory is measured for the first time: by then the allocators of
    /// all threads are in use.
    pub fn warm_up(&self) -> usize {
        self.requests / 4
    }
}

/// Clients, or threads, that work at once.
pub const PARALLEL: usize = 8;
