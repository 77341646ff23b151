//! `mailman digests`

use posthaste_model::MailingList;
use serde_json::json;

use super::house::House;
use super::{tell, warn};
use crate::cli::output::Exit;
use crate::control::Request;

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// Only this list; may be given more than once
    #[arg(short, long, value_name = "LISTSPEC")]
    list: Vec<String>,
    /// Send what was collected
    #[arg(short, long)]
    send: bool,
    /// Begin a new volume
    #[arg(short, long)]
    bump: bool,
    /// Send what was collected, for lists with `digest_send_periodic`
    #[arg(short, long)]
    periodic: bool,
    /// Only say what would be done
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Say what is done
    #[arg(short, long)]
    verbose: bool,
}

pub(super) async fn run(options: &Options, house: &House) -> anyhow::Result<Exit> {
    if options.send && options.periodic {
        warn("--send and --periodic do not go together")?;
        return Ok(Exit::Failed);
    }
    for mut list in house.named_or_all(&options.list).await? {
        say(options, &list, "is at")?;
        if options.bump {
            bump(options, house, &mut list).await?;
        }
        if options.send || (options.periodic && list.settings.digest_send_periodic) {
            say(options, &list, "sent")?;
            if !options.dry_run {
                house.have_done(Request::SendDigests { list: Some(list.name.clone()) }).await?;
            }
        }
    }
    Ok(Exit::Done)
}

async fn bump(options: &Options, house: &House, list: &mut MailingList) -> anyhow::Result<()> {
    let before = json!(list.volume);
    (list.volume, list.next_digest_number) = if options.dry_run {
        (list.volume + 1, 1)
    } else {
        house.store().await?.renumber_digests(list.id, |stands| (stands.volume + 1, 1)).await?
    };
    if !options.dry_run {
        house.note("bump", &list.list_id, "digest volume", before, json!(list.volume)).await?;
    }
    say(options, list, "bumped to")
}

fn say(options: &Options, list: &MailingList, what: &str) -> anyhow::Result<()> {
    if !options.verbose {
        return Ok(());
    }
    tell(&format!("{} {what} volume {}, number {}", list.list_id, list.volume, list.next_digest_number))
}
