//! The memory of a server process, once it has come to rest.

use std::time::Duration;

const LOOKS: u32 = 60;
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// Resident memory in bytes, as Linux counts it (proc(5), `VmRSS`).
pub(crate) fn resident(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes << 10
}

/// Waits until the process has no more than `most` bytes resident, and returns how many it has; where it
/// keeps more, it returns that.
pub(crate) fn at_rest(process: u32, most: u64) -> u64 {
    for _ in 0..LOOKS {
        let bytes = resident(process);
        if bytes <= most {
            return bytes;
        }
        std::thread::sleep(LOOK_EVERY);
    }
    resident(process)
}
