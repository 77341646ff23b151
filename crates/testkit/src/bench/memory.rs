//! How much memory the server holds.

use anyhow::Result;

use super::figure::Figure;
use super::options::Options;
use super::stand::Stand;

const LIST: &str = "memory@example.org";

pub(super) async fn run(options: &Options) -> Result<Vec<Figure>> {
    let members = options.pick(100_000, 2_000);
    let mut stand = Stand::new(options).await?;
    stand.list(LIST, members).await?;
    stand.server.restart().await?;
    let idle = stand.memory("VmRSS")?;
    let mut figures = vec![Figure::single("memory", "idle after a start", "MB", idle).at_most(60.0)];
    for (mode, personal) in [("bulk", false), ("VERP", true)] {
        stand.server.restart().await?;
        stand.personalize(LIST, personal).await?;
        stand.forget_peak()?;
        stand.deliver(LIST, members).await?;
        let peak = stand.memory("VmHWM")?;
        let case = format!("most during one post to {members} members, {mode}");
        figures.push(Figure::single("memory", &case, "MB", peak).at_most(150.0));
        let after = stand.memory("VmRSS")?;
        figures.push(Figure::single("memory", &format!("after it, {mode}"), "MB", after));
    }
    Ok(figures)
}
