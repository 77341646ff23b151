//! `mailman help`

use super::tell;
use crate::cli::output::Exit;

pub(super) fn run(command: &mut clap::Command) -> anyhow::Result<Exit> {
    tell(command.render_help().to_string().trim_end())?;
    Ok(Exit::Done)
}
