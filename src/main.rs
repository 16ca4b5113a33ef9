//! The binary: limits how much memory the allocator may keep, reads the command line and leaves the rest to the
//! library.

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    start_with_one_arena();
    forstok_accurate::cli::run()
}

/// Starts the program again in its own place, once, with a single one of glibc's memory arenas.
///
/// glibc gives nearly every thread an arena of its own, and memory that one arena keeps is of no use to the others.
/// Work moves between threads, so all of them grow: with one arena the service needs a third of the memory and is no
/// slower, because small pieces come from each thread's own cache. glibc reads this variable only when a process
/// starts, and the function that does the same (`mallopt`) is unsafe code.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn start_with_one_arena() {
    use std::os::unix::process::CommandExt;

    const ARENAS: &str = "MALLOC_ARENA_MAX";
    let mut arguments = std::env::args_os();
    let (None, Ok(program), Some(name)) = (std::env::var_os(ARENAS), std::env::current_exe(), arguments.next()) else {
        return;
    };
    // Returns only if this fails; then the program only needs more memory.
    let _ = std::process::Command::new(program).arg0(name).args(arguments).env(ARENAS, "1").exec();
}
