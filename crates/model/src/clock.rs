use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use crate::Timestamp;

/// Time: the system's, or the test's that one turns by hand.
///
/// Wall time may jump (NTP, an operator, a virtual machine that slept); it is for what people and files read.
/// Waiting is by `monotonic` alone, so a jump neither fires nor sticks a timer (P19).
pub trait Clock: Send + Sync + 'static {
    /// Wall time, UTC.
    fn now(&self) -> Timestamp;
    /// Time since some fixed moment; never steps back or forward.
    fn monotonic(&self) -> Duration;
    /// Completes when `monotonic` has advanced by `for_`.
    fn sleep(&self, for_: Duration) -> Pin<Box<dyn Future<Output = ()> + Send>>;
}
