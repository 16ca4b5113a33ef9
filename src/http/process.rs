//! CPU, memory, threads and open files of this process, under the names that are usual in Prometheus.

use std::fmt::Write;

use rustix::{
    param::{clock_ticks_per_second, page_size},
    process::{Resource, getrlimit},
};

/// Fields of `/proc/self/stat` behind the name of the program, which may hold anything (proc(5)): from the third on.
const FIRST_FIELD: usize = 3;

/// Appends the metrics of this process, as far as the machine provides them.
pub(super) fn append(text: &mut String) {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/{name}")).unwrap_or_default();
    let files = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
    for (name, kind, help, value) in metrics(&read("self/stat"), &read("stat"), files) {
        // Writing into a text cannot fail.
        let _ = write!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n\n");
    }
}

/// Name, kind, help and value of each.
type Metric = (&'static str, &'static str, &'static str, f64);

fn metrics(of_process: &str, of_machine: &str, files: usize) -> Vec<Metric> {
    let fields: Vec<_> = of_process.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let field = |nth: usize| fields.get(nth - FIRST_FIELD)?.parse::<f64>().ok();
    let second = clock_ticks_per_second() as f64;
    let booted_at = of_machine.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse::<f64>().ok());
    let all = [
        (
            "process_start_time_seconds",
            "gauge",
            "When this process started, in seconds since 1970",
            booted_at.zip(field(22)).map(|(booted_at, ticks)| booted_at + ticks / second),
        ),
        (
            "process_cpu_seconds_total",
            "counter",
            "Seconds of CPU that this process has used",
            field(14).zip(field(15)).map(|(user, system)| (user + system) / second),
        ),
        (
            "process_resident_memory_bytes",
            "gauge",
            "Memory that this process holds",
            field(24).map(|pages| pages * page_size() as f64),
        ),
        ("process_virtual_memory_bytes", "gauge", "Address space that this process has reserved", field(23)),
        ("process_threads", "gauge", "Threads of this process", field(20)),
        ("process_open_fds", "gauge", "Files and connections that this process has open", Some(files as f64)),
        (
            "process_max_fds",
            "gauge",
            "Files and connections that this process may have open",
            getrlimit(Resource::Nofile).current.map(|most| most as f64),
        ),
    ];
    all.into_iter().filter_map(|(name, kind, help, value)| Some((name, kind, help, value?))).collect()
}

#[cfg(test)]
mod tests {
    use super::metrics;

    #[test]
    fn fields_are_counted_behind_a_name_with_spaces_and_brackets() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 4 0 1000 9999 3 18446744073709551615";
        let found = metrics(stat, "cpu 1 2\nbtime 1700000000\n", 9);
        let second = rustix::param::clock_ticks_per_second() as f64;
        let of_kernel = found.iter().filter(|(name, ..)| *name != "process_max_fds");
        let values: Vec<_> = of_kernel.map(|(name, _, _, value)| (*name, *value)).collect();
        assert_eq!(
            values,
            [
                ("process_start_time_seconds", 1_700_000_000.0 + 1000.0 / second),
                ("process_cpu_seconds_total", 300.0 / second),
                ("process_resident_memory_bytes", 3.0 * rustix::param::page_size() as f64),
                ("process_virtual_memory_bytes", 9999.0),
                ("process_threads", 4.0),
                ("process_open_fds", 9.0),
            ]
        );
        let unknown = metrics("", "", 1);
        assert!(unknown.iter().all(|(name, ..)| name.ends_with("_fds")), "{unknown:?}");
    }
}
