//! What the kernel says about a process (proc(5)).

use std::{collections::BTreeMap, fs, time::Duration};

/// Ticks a second in `/proc/<pid>/stat`: `USER_HZ`, 100 on every Linux that Rust runs on.
const TICKS_PER_SECOND: u64 = 100;

/// Processor time that a process has used, in user mode and in the kernel.
pub(crate) fn processor_time(process: u32) -> Duration {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).expect("the process runs");
    // The second field is the name in parentheses, which may hold blanks; the 14th and 15th count.
    let (_, fields) = stat.rsplit_once(')').expect("a name in parentheses");
    let ticks = fields.split_ascii_whitespace().skip(11).take(2);
    let ticks: u64 = ticks.map(|it| it.parse::<u64>().expect("ticks")).sum();
    Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)
}

/// The most memory that a process has had resident, in MiB.
pub(crate) fn peak_memory_mib(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("the process runs");
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB"))
        .expect("the kernel says VmHWM");
    peak.trim().parse::<f64>().expect("a number") / 1024.0
}

/// Processor time by the name of the threads that used it, of the threads that a process has now.
pub(crate) fn time_by_thread(process: u32) -> BTreeMap<String, Duration> {
    let mut times = BTreeMap::new();
    let tasks = fs::read_dir(format!("/proc/{process}/task")).expect("the process runs");
    for task in tasks.filter_map(Result::ok) {
        let read = |name: &str| fs::read_to_string(task.path().join(name)).ok();
        // A thread may end between the listing and the reading.
        let (Some(name), Some(times_of_task)) = (read("comm"), read("schedstat")) else {
            continue;
        };
        let on_processor = times_of_task.split(' ').next().map(str::parse);
        let nanoseconds = on_processor.expect("a time").expect("nanoseconds");
        let name = name
            .trim_end()
            .trim_end_matches(|it: char| it.is_ascii_digit());
        *times.entry(name.to_owned()).or_default() += Duration::from_nanos(nanoseconds);
    }
    times
}
