//! Describes the machine on which the figures were measured, and measures the memory of a process.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use super::report::{largest, median, millis};

/// How often a process's memory is read.
const POLL_INTERVAL: Duration = Duration::from_millis(100);

/// How long the cores are watched for stalls before the benchmark.
const WATCHED: Duration = Duration::from_secs(2);

/// Processor, cores, kernel, disk, and the time of one sync, which determines most figures.
pub(crate) fn describe() -> String {
    let processor = line_after("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    format!(
        "{processor}, {cores} cores, Linux {}, {}, one fdatasync {:.2} ms, load before {load}, {}",
        kernel.trim(),
        file_system(&folder()),
        millis_of_a_sync(),
        stalls(cores)
    )
}

/// The folder for the benchmarks' databases: in Cargo's target folder, which is on a real disk.
pub(crate) fn folder() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../bench-data");
    fs::create_dir_all(&folder).expect("the target folder takes folders");
    folder.canonicalize().expect("it was just made")
}

/// The value of a line `name : value` in a file of `/proc`.
fn line_after(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// Type and device of the file system that contains a folder.
fn file_system(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
    let mount = mounts
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            let (device, place, kind) = (words.next()?, words.next()?, words.next()?);
            folder.starts_with(place).then(|| (place.len(), format!("{kind} on {device}")))
        })
        .max();
    mount.map_or_else(|| "unknown file system".to_owned(), |(_, name)| name)
}

/// The median time of appending a page and syncing it, as a commit does, in milliseconds.
fn millis_of_a_sync() -> f64 {
    let mut file = tempfile::tempfile_in(folder()).expect("the folder takes files");
    let times: Vec<_> = (0..100)
        .map(|_| {
            let started = Instant::now();
            file.write_all(&[1; 4096]).and_then(|()| file.sync_data()).expect("the disk takes a page");
            millis(started.elapsed())
        })
        .collect();
    median(&times)
}

/// How often, and for how long at most, a core stops running a busy thread. Other virtual machines share the cores, and
/// the delays that they cause in the slowest hundredth of answers are not the service's.
fn stalls(cores: usize) -> String {
    let spin = || {
        let (started, mut before, mut gaps) = (Instant::now(), Instant::now(), Vec::new());
        while started.elapsed() < WATCHED {
            let now = Instant::now();
            gaps.extend(Some(millis(now - before)).filter(|gap| *gap >= 1.0));
            before = now;
        }
        gaps
    };
    let spinning: Vec<_> = (0..cores).map(|_| std::thread::spawn(spin)).collect();
    let gaps: Vec<_> = spinning.into_iter().flat_map(|thread| thread.join().expect("it only spins")).collect();
    let most = if gaps.is_empty() { 0.0 } else { largest(&gaps) };
    format!("cores stood still {} times in {WATCHED:?}, for {most:.1} ms at most", gaps.len())
}

/// Processor time that a process has used, in seconds.
pub(crate) fn processor_seconds(process: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // After the name, which may contain anything: user and system time in hundredths of a second (proc_pid_stat(5)).
    let (_, fields) = stat.rsplit_once(") ")?;
    let times = fields.split(' ').skip(11).take(2).map(str::parse::<f64>);
    Some(times.sum::<Result<f64, _>>().ok()? / 100.0)
}

/// Reads a process's resident memory, now and at its peak.
pub(crate) fn memory(process: u32) -> Option<Memory> {
    let file = format!("/proc/{process}/status");
    let mebibytes = |name| {
        let value = line_after(&file, name)?;
        Some(value.split(' ').next()?.parse::<f64>().ok()? / 1024.0)
    };
    Some(Memory { now: mebibytes("VmRSS")?, most: mebibytes("VmHWM")? })
}

/// Resident memory of a process in MiB.
#[derive(Clone, Copy)]
pub(crate) struct Memory {
    pub(crate) now: f64,
    pub(crate) most: f64,
}

/// Reads a process's memory repeatedly, on its own thread.
pub(crate) struct MemoryWatch {
    stop: Arc<AtomicBool>,
    polling: JoinHandle<Vec<Memory>>,
}

impl MemoryWatch {
    pub(crate) fn start(process: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let polling = std::thread::spawn(move || {
            let mut seen = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                seen.extend(memory(process));
                std::thread::sleep(POLL_INTERVAL);
            }
            seen.extend(memory(process));
            seen
        });
        Self { stop, polling }
    }

    /// Stops; returns the median of the readings, and the peak that the kernel recorded.
    pub(crate) fn end(self) -> Memory {
        self.stop.store(true, Ordering::Relaxed);
        let seen = self.polling.join().expect("polling does not fail");
        let most = seen.last().expect("it was looked at once at least").most;
        Memory { now: median(&seen.iter().map(|memory| memory.now).collect::<Vec<_>>()), most }
    }
}
