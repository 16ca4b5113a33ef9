//! Long calculations that somebody waits for while webhooks must be answered as usual.

use std::{io, thread};

use tokio::sync::oneshot;

/// How far the thread gives way to all others of the program: the lowest priority is 19.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 19;

/// Runs a calculation on a thread of its own with low priority. Fails if no thread can be started, or if it panics.
pub async fn calculate<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
    let (done, result) = oneshot::channel();
    thread::Builder::new().name("background".to_owned()).spawn(move || {
        give_way();
        // Nobody may be waiting for it any more.
        let _ = done.send(work());
    })?;
    result.await.map_err(|_| io::Error::other("a calculation panicked"))
}

/// Linux applies a priority to the calling thread only. Elsewhere it would apply to the whole process.
fn give_way() {
    #[cfg(target_os = "linux")]
    // Without it, the calculation is only less polite.
    let _ = rustix::process::setpriority_process(None, NICENESS);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_calculation_returns_its_result_and_a_panic_is_an_error() {
        assert_eq!(calculate(|| 6 * 7).await.expect("it ends"), 42);
        let panicked = calculate(|| panic!("on purpose")).await;
        assert_eq!(
            panicked.map_err(|error: io::Error| error.to_string()),
            Err::<(), _>("a calculation panicked".to_owned())
        );
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn only_its_thread_gives_way() {
        let niceness = || rustix::process::getpriority_process(None).expect("readable");
        let before = niceness();
        assert_eq!(calculate(niceness).await.expect("it ends"), NICENESS);
        assert_eq!(niceness(), before);
    }
}
