//! `mailman delmembers`

use posthaste_model::{Address, MailingList, Role};
use posthaste_store::RollLine;
use serde_json::Value;
use uuid::Uuid;

use super::addmembers::{CHUNK, choice, outcomes};
use super::house::House;
use super::people::{self, NoAddress};
use super::refusal::refuse;
use super::warn;
use crate::cli::output::Exit;
use crate::control::{MembershipRequest, Request};

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// The list
    #[arg(short, long, value_name = "LISTSPEC")]
    list: Option<String>,
    /// A file with one person a line; `-` is standard input
    #[arg(short, long, value_name = "FILENAME")]
    file: Option<String>,
    /// Whose membership ends; may be given more than once
    #[arg(short, long, value_name = "ADDRESS")]
    member: Vec<String>,
    /// Everybody's
    #[arg(short, long)]
    all: bool,
    /// On every list
    #[arg(long)]
    fromall: bool,
    /// Say goodbye
    #[arg(short, long, overrides_with = "no_goodbye_msg")]
    goodbye_msg: bool,
    /// Do not
    #[arg(short = 'G', long, overrides_with = "goodbye_msg")]
    no_goodbye_msg: bool,
    /// Tell the owners
    #[arg(short = 'n', long, overrides_with = "no_admin_notify")]
    admin_notify: bool,
    /// Do not
    #[arg(short = 'N', long, overrides_with = "admin_notify")]
    no_admin_notify: bool,
}

/// Who hears of it.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) goodbye: Option<bool>,
    pub(super) tell_owners: Option<bool>,
}

pub(super) async fn run(options: Options, house: &House) -> anyhow::Result<Exit> {
    check(&options)?;
    let way = Way {
        goodbye: choice(options.goodbye_msg, options.no_goodbye_msg),
        tell_owners: choice(options.admin_notify, options.no_admin_notify),
    };
    let list = match &options.list {
        Some(spec) => Some(house.list(spec).await?),
        None => None,
    };
    let mut people = vec![];
    let lines = options.file.as_deref().map(people::read).transpose()?.unwrap_or_default();
    let typed = options.member.iter().map(|text| people::parse(text).ok_or_else(|| NoAddress(text.clone())));
    for line in lines.into_iter().chain(typed) {
        match line {
            Ok(mailbox) => people.push(mailbox.address),
            Err(NoAddress(line)) => warn(&format!("Member not subscribed (skipping): {line}"))?,
        }
    }
    match list {
        Some(list) if options.all => {
            let everybody = everybody(house, &list).await?;
            delete(house, &list, &everybody, way, false).await?;
        }
        Some(list) => delete(house, &list, &people, way, true).await?,
        None => from_all(house, &people, way).await?,
    }
    Ok(Exit::Done)
}

fn check(options: &Options) -> anyhow::Result<()> {
    let named = options.file.is_some() || !options.member.is_empty();
    if options.list.is_none() && !options.fromall {
        return refuse("Name a list with --list, or say --fromall");
    }
    if options.fromall && (options.list.is_some() || options.all) {
        return refuse("--fromall does not go with --list or --all");
    }
    if options.all && named {
        return refuse("--all does not go with --file or --member");
    }
    if !options.all && !named {
        return refuse("Name whom to delete with --member, --file or --all");
    }
    Ok(())
}

/// Every member of a list.
pub(super) async fn everybody(house: &House, list: &MailingList) -> anyhow::Result<Vec<Address>> {
    let store = house.store().await?;
    let (mut all, mut last): (Vec<Address>, Option<RollLine>) = (vec![], None);
    loop {
        let page = store.roll(list.id, &[Role::Member], last.as_ref(), 5_000).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page.iter().filter_map(|line| Address::parse(&line.address).ok()));
        last = page.last().cloned();
    }
}

async fn from_all(house: &House, people: &[Address], way: Way) -> anyhow::Result<()> {
    let store = house.store().await?;
    for summary in house.lists().await? {
        let mut here = vec![];
        for address in people {
            if store.member(summary.id, address, Role::Member).await?.is_some() {
                here.push(address.clone());
            }
        }
        if let (false, Some(list)) = (here.is_empty(), store.list_by_key(summary.id).await?) {
            delete(house, &list, &here, way, false).await?;
        }
    }
    Ok(())
}

/// Ends memberships; tells who had none, if that is `told`.
pub(super) async fn delete(
    house: &House,
    list: &MailingList,
    people: &[Address],
    way: Way,
    told: bool,
) -> anyhow::Result<()> {
    let id = Uuid::new_v4();
    let mut gone = vec![];
    for chunk in people.chunks(CHUNK) {
        let ask = MembershipRequest::Dismiss {
            list: list.name.to_string(),
            id,
            people: chunk.to_vec(),
            goodbye: way.goodbye,
            tell_owners: way.tell_owners,
            by: crate::cli::audit::on_the_command_line(),
        };
        let answer = house.have_done(Request::Memberships { ask }).await?;
        for (who, outcome) in chunk.iter().zip(outcomes(&answer)) {
            if outcome == "done" {
                gone.push(who);
            } else if told {
                warn(&format!("Member not subscribed (skipping): {who}"))?;
            }
        }
    }
    if !gone.is_empty() {
        let was = crate::cli::audit::people(gone.into_iter());
        house.note("remove", &list.list_id, "member", was, Value::Null).await?;
    }
    Ok(())
}
