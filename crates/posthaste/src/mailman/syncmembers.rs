//! `mailman syncmembers`

use std::collections::{BTreeMap, BTreeSet};

use posthaste_model::{Address, Mailbox, Role};
use posthaste_store::RollLine;

use super::addmembers::{self, choice, readable};
use super::house::House;
use super::people::{self, Delivery};
use super::{delmembers, tell};
use crate::cli::output::Exit;

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// How new members get the list's mail
    #[arg(short, long, value_enum, value_name = "KIND")]
    delivery: Option<Delivery>,
    /// Say welcome
    #[arg(short, long, overrides_with = "no_welcome_msg")]
    welcome_msg: bool,
    /// Do not
    #[arg(short = 'W', long, overrides_with = "welcome_msg")]
    no_welcome_msg: bool,
    /// Say goodbye
    #[arg(short, long, overrides_with = "no_goodbye_msg")]
    goodbye_msg: bool,
    /// Do not
    #[arg(short = 'G', long, overrides_with = "goodbye_msg")]
    no_goodbye_msg: bool,
    /// Tell the owners who left
    #[arg(short, long, overrides_with = "no_admin_notify")]
    admin_notify: bool,
    /// Do not
    #[arg(short = 'A', long, overrides_with = "admin_notify")]
    no_admin_notify: bool,
    /// Only say what would be done
    #[arg(short, long)]
    no_change: bool,
    /// A file with one person a line; `-` is standard input
    #[arg(value_name = "FILENAME")]
    filename: String,
    /// The list
    #[arg(value_name = "LISTSPEC")]
    listspec: String,
}

pub(super) async fn run(options: Options, house: &House) -> anyhow::Result<Exit> {
    let list = house.list(&options.listspec).await?;
    let wanted = readable(people::read(&options.filename)?)?;
    let wanted: BTreeMap<String, Mailbox> =
        wanted.into_iter().map(|mailbox| (mailbox.address.key().to_owned(), mailbox)).collect();
    let (mut present, mut surplus) = (BTreeSet::new(), vec![]);
    let mut last: Option<RollLine> = None;
    loop {
        let page = house.store().await?.roll(list.id, &[Role::Member], last.as_ref(), 5_000).await?;
        if page.is_empty() {
            break;
        }
        last = page.last().cloned();
        for line in page {
            if wanted.contains_key(&line.key) {
                present.insert(line.key);
            } else {
                surplus.push(line);
            }
        }
    }
    let missing: Vec<Mailbox> =
        wanted.into_iter().filter(|(key, _)| !present.contains(key)).map(|(_, mailbox)| mailbox).collect();
    for mailbox in &missing {
        tell(&format!("[ADD] {}", people::format(&mailbox.name, mailbox.address.as_str())))?;
    }
    for line in &surplus {
        tell(&format!("[DEL] {}", people::format(&line.name, &line.address)))?;
    }
    if missing.is_empty() && surplus.is_empty() {
        tell("Nothing to do")?;
    }
    if options.no_change {
        return Ok(Exit::Done);
    }
    let way = addmembers::Way {
        delivery: options.delivery,
        invite: false,
        welcome: choice(options.welcome_msg, options.no_welcome_msg),
    };
    addmembers::add(house, &list, &missing, way).await?;
    let gone: Vec<Address> = surplus.iter().filter_map(|line| Address::parse(&line.address).ok()).collect();
    let way = delmembers::Way {
        goodbye: choice(options.goodbye_msg, options.no_goodbye_msg),
        tell_owners: choice(options.admin_notify, options.no_admin_notify),
    };
    delmembers::delete(house, &list, &gone, way, true).await?;
    Ok(Exit::Done)
}
