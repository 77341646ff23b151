//! `mailman unshunt`

use super::house::House;
use super::warn;
use crate::cli::output::Exit;
use crate::control::{Request, Which};

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// Drop it instead
    #[arg(short, long)]
    discard: bool,
}

pub(super) async fn run(options: &Options, house: &House) -> anyhow::Result<Exit> {
    let peek = posthaste_spool::Spool::peek(&house.config.paths.state.join("spool"));
    // A spool that was never made holds nothing.
    let Ok(peek) = peek else { return Ok(Exit::Done) };
    let readable: Vec<_> = peek.list()?.into_iter().filter(|s| s.quarantined).map(|s| s.id).collect();
    for aside in peek.quarantined()? {
        if !options.discard && !readable.contains(&aside.id) {
            warn(&format!("Cannot unshunt message {}, skipping:\n{}", aside.id, aside.why))?;
        }
    }
    let which = Which { quarantined: true, ..Which::default() };
    let request = if options.discard { Request::RemoveMany { which } } else { Request::RetryMany { which } };
    house.have_done(request).await?;
    Ok(Exit::Done)
}
