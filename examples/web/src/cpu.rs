//! [`Cpu`]: the CPU time that was used, by whom. Linux only.

use std::fs;
use std::ops::Sub;
use std::path::Path;
use std::time::Duration;

/// The fields of a line of `/proc/stat` that are idle time: idle, and waiting for a disk.
const IDLE_FIELDS: [usize; 2] = [3, 4];

/// The length of a tick in `/proc/stat`, on every architecture.
const TICK: Duration = Duration::from_millis(10);

/// CPU time of all cores together.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Cpu {
    /// That of this process's threads whose name begins with a given prefix.
    pub named: Duration,
    /// That of its other threads.
    pub unnamed: Duration,
    /// That of everything else on the machine, or, in a virtual machine, on its host.
    pub others: Duration,
}

impl Cpu {
    /// Returns the time used by the threads that exist now, and by the machine since its start, or
    /// `None` where the kernel does not tell.
    pub fn now(prefix: &str) -> Option<Self> {
        let mut cpu = Self {
            named: Duration::ZERO,
            unnamed: Duration::ZERO,
            others: Duration::ZERO,
        };
        // Not every kernel counts.
        on_cpu(&fs::read_to_string("/proc/self/schedstat").ok()?)?;
        for thread in fs::read_dir("/proc/self/task").ok()? {
            // A thread may end at any time.
            let Some((name, time)) = thread.ok().and_then(|thread| read(&thread.path())) else {
                continue;
            };
            match name.starts_with(prefix) {
                true => cpu.named += time,
                false => cpu.unnamed += time,
            }
        }
        let all = busy(&fs::read_to_string("/proc/stat").ok()?)?;
        cpu.others = all.saturating_sub(cpu.named + cpu.unnamed);
        Some(cpu)
    }
}

/// The time between two points. Zero, if rounding would make it negative.
impl Sub for Cpu {
    type Output = Self;

    fn sub(self, earlier: Self) -> Self {
        Self {
            named: self.named.saturating_sub(earlier.named),
            unnamed: self.unnamed.saturating_sub(earlier.unnamed),
            others: self.others.saturating_sub(earlier.others),
        }
    }
}

/// Reads the name and the time of a thread, unless it has ended.
fn read(folder: &Path) -> Option<(String, Duration)> {
    let name = fs::read_to_string(folder.join("comm")).ok()?;
    let time = on_cpu(&fs::read_to_string(folder.join("schedstat")).ok()?)?;
    Some((name, time))
}

/// Parses a thread's `schedstat`: the nanoseconds on a core come first.
fn on_cpu(schedstat: &str) -> Option<Duration> {
    let nanoseconds = schedstat.split_whitespace().next()?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// Parses `/proc/stat`: the sum of all cores' time comes first, in ticks per kind. The last two
/// kinds, time in guests, are parts of others.
fn busy(stat: &str) -> Option<Duration> {
    let line = stat.lines().next()?.strip_prefix("cpu ")?;
    let mut ticks: u32 = 0;
    for (index, field) in line.split_whitespace().take(8).enumerate() {
        if !IDLE_FIELDS.contains(&index) {
            ticks = ticks.checked_add(field.parse().ok()?)?;
        }
    }
    Some(TICK * ticks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_time_and_guests_do_not_count() {
        let stat = "cpu  100 20 30 5000 600 7 8 9 50 60\ncpu0 1 1 1 1\n";
        assert_eq!(busy(stat), Some(TICK * (100 + 20 + 30 + 7 + 8 + 9)));
        assert_eq!(busy("intr 5\n"), None);
        assert_eq!(busy("cpu  x\n"), None);
    }

    #[test]
    fn a_thread_has_the_first_number() {
        assert_eq!(on_cpu("1500 20 3\n"), Some(Duration::from_nanos(1500)));
        assert_eq!(on_cpu("\n"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_time_of_a_thread_counts_by_its_name() {
        let (used, is_used) = std::sync::mpsc::channel();
        let (done, is_done) = std::sync::mpsc::channel::<()>();
        let worker = std::thread::Builder::new().name("worker-0".into());
        let worker = worker.spawn(move || {
            let before = Cpu::now("worker-").unwrap().named;
            while Cpu::now("worker-").unwrap().named - before < Duration::from_millis(20) {}
            used.send(()).unwrap();
            is_done.recv().unwrap_err();
        });
        is_used.recv().unwrap();
        assert!(Cpu::now("worker-").unwrap().named >= Duration::from_millis(20));
        assert_eq!(Cpu::now("nobody-").unwrap().named, Duration::ZERO);
        drop(done);
        worker.unwrap().join().unwrap();
    }
}
