//! The sandbox in this process, with its limits on.

use forstok_accurate::sandbox::{Options, Running, Sandbox};
use tokio::runtime::{Builder, Runtime};

/// The sandbox, on its own thread.
pub(crate) struct Accurate {
    running: Running,
    _runtime: Runtime,
}

impl Accurate {
    /// All masters of the sample orders, 8 calls a second, 8 in flight, no delay.
    pub(crate) fn start() -> Self {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime can be made");
        let sandbox = Sandbox::new(Options::with_sample_masters());
        let running = runtime.block_on(sandbox.start(([127, 0, 0, 1], 0).into())).expect("a port is free");
        Self { running, _runtime: runtime }
    }

    pub(crate) fn url(&self) -> String {
        self.running.url()
    }

    pub(crate) fn sandbox(&self) -> &Sandbox {
        self.running.sandbox()
    }
}
