//! `mailman notify`

use posthaste_lists::moderation::waiting_on;

use super::house::House;
use super::tell;
use crate::cli::output::Exit;
use crate::control::{HandRequest, Request};

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// Only this list; may be given more than once
    #[arg(short, long, value_name = "LISTSPEC")]
    list: Vec<String>,
    /// Send nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Say what is done
    #[arg(short, long)]
    verbose: bool,
}

pub(super) async fn run(options: &Options, house: &House) -> anyhow::Result<Exit> {
    for list in house.named_or_all(&options.list).await? {
        let count = waiting_on(house.store().await?, &list, crate::cli::now()).await?;
        if options.verbose {
            tell(&format!("The {} list has {count} moderation requests waiting.", list.name))?;
        }
        if count > 0 && !options.dry_run {
            house.have_done(Request::Hands { ask: HandRequest::Remind { list: list.name } }).await?;
        }
    }
    Ok(Exit::Done)
}
