//! The machine that the figures hold for, and the memory of a process on it.

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

/// How often a process' memory is looked at.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// For how long the cores are watched before anything is measured.
const WATCHED: Duration = Duration::from_secs(2);

/// Processor, cores, kernel, disk and what one sync of it costs: the last decides most of what is measured.
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

/// Where the databases of the benchmarks lie: in Cargo's target folder, which is on a real disk.
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

/// Kind and device of the file system that holds a folder.
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

/// Appends a page and syncs it, as a commit does; the median of many.
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

/// How often and for how long a core does nothing for a thread that has nothing to wait for: a virtual machine's
/// cores are other people's as well, and what it costs the slowest hundredth of answers is not ours.
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
    // After the name, which may hold anything: its user and system time, in hundredths (proc_pid_stat(5)).
    let (_, fields) = stat.rsplit_once(") ")?;
    let times = fields.split(' ').skip(11).take(2).map(str::parse::<f64>);
    Some(times.sum::<Result<f64, _>>().ok()? / 100.0)
}

/// Resident memory of a process in MiB, as the kernel counts it: now, and the most there ever was.
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

/// Looks at a process' memory until it is asked what it saw.
pub(crate) struct MemoryWatch {
    stop: Arc<AtomicBool>,
    looking: JoinHandle<Vec<Memory>>,
}

impl MemoryWatch {
    pub(crate) fn start(process: u32) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let looking = std::thread::spawn(move || {
            let mut seen = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                seen.extend(memory(process));
                std::thread::sleep(BETWEEN_LOOKS);
            }
            seen.extend(memory(process));
            seen
        });
        Self { stop, looking }
    }

    /// The median of what was seen, and the most that the kernel saw.
    pub(crate) fn end(self) -> Memory {
        self.stop.store(true, Ordering::Relaxed);
        let seen = self.looking.join().expect("looking does not fail");
        let most = seen.last().expect("it was looked at once at least").most;
        Memory { now: median(&seen.iter().map(|memory| memory.now).collect::<Vec<_>>()), most }
    }
}
