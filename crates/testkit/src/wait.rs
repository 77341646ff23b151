//! Waiting for what another process does, which nothing but looking can tell.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Asks `done` again and again until it says yes; an error naming `what` after `within`.
pub async fn until<F>(what: &str, within: Duration, mut done: impl FnMut() -> F) -> Result<()>
where
    F: Future<Output = Result<bool>>,
{
    let began = Instant::now();
    while !done().await? {
        if began.elapsed() > within {
            bail!("waited {within:?} in vain for {what}");
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}
