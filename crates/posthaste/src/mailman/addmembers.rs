//! `mailman addmembers`

use posthaste_model::{Mailbox, MailingList};
use serde_json::Value;
use uuid::Uuid;

use super::house::House;
use super::people::{self, Delivery, NoAddress};
use super::warn;
use crate::cli::output::Exit;
use crate::control::{MembershipRequest, Request};

/// So many are asked for at once; a running server answers within its deadline.
pub(super) const CHUNK: usize = 50;

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// How they get the list's mail
    #[arg(short, long, value_enum, value_name = "KIND")]
    delivery: Option<Delivery>,
    /// Ask each of them first
    #[arg(short, long)]
    invite: bool,
    /// Say welcome
    #[arg(short, long, overrides_with = "no_welcome_msg")]
    welcome_msg: bool,
    /// Do not
    #[arg(short = 'W', long, overrides_with = "welcome_msg")]
    no_welcome_msg: bool,
    /// A file with one person a line; `-` is standard input
    #[arg(value_name = "FILENAME")]
    filename: String,
    /// The list
    #[arg(value_name = "LISTSPEC")]
    listspec: String,
}

/// How people become members.
#[derive(Clone, Copy)]
pub(super) struct Way {
    pub(super) delivery: Option<Delivery>,
    pub(super) invite: bool,
    pub(super) welcome: Option<bool>,
}

pub(super) async fn run(options: Options, house: &House) -> anyhow::Result<Exit> {
    let list = house.list(&options.listspec).await?;
    let people = readable(people::read(&options.filename)?)?;
    let welcome = choice(options.welcome_msg, options.no_welcome_msg);
    let way = Way { delivery: options.delivery, invite: options.invite, welcome };
    add(house, &list, &people, way).await?;
    Ok(Exit::Done)
}

/// What two switches that contradict each other say; `None` if neither is there.
pub(super) const fn choice(yes: bool, no: bool) -> Option<bool> {
    match (yes, no) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    }
}

/// Those lines that name somebody; the others are told.
pub(super) fn readable(lines: Vec<Result<Mailbox, NoAddress>>) -> anyhow::Result<Vec<Mailbox>> {
    let mut people = vec![];
    for line in lines {
        match line {
            Ok(mailbox) => people.push(mailbox),
            Err(NoAddress(line)) => {
                warn(&format!("Cannot parse as valid email address (skipping): {line}"))?;
            }
        }
    }
    Ok(people)
}

/// Makes them members, or invites them; tells who was left out, and why.
pub(super) async fn add(
    house: &House,
    list: &MailingList,
    people: &[Mailbox],
    way: Way,
) -> anyhow::Result<()> {
    let (mode, status) = way.delivery.map(Delivery::preferences).unzip();
    let id = Uuid::new_v4();
    let mut added = vec![];
    for chunk in people.chunks(CHUNK) {
        let ask = MembershipRequest::Enrol {
            list: list.name.to_string(),
            id,
            people: chunk.to_vec(),
            invite: way.invite,
            greet: way.welcome,
            mode,
            status: status.flatten(),
            by: crate::cli::audit::on_the_command_line(),
        };
        let told = house.have_done(Request::Memberships { ask }).await?;
        for (who, outcome) in chunk.iter().zip(outcomes(&told)) {
            let named = people::format(&who.name, who.address.as_str());
            match outcome {
                "done" => added.push(&who.address),
                "member" => warn(&format!("Already subscribed (skipping): {named}"))?,
                "banned" => warn(&format!("Membership is banned (skipping): {named}"))?,
                "waiting" => warn(&format!("Subscription already pending (skipping): {named}"))?,
                _ => warn(&format!("No mail may be sent there for this now (skipping): {named}"))?,
            }
        }
    }
    if !added.is_empty() {
        let became = crate::cli::audit::people(added.into_iter());
        let what = if way.invite { "invite" } else { "add" };
        house.note(what, &list.list_id, "member", Value::Null, became).await?;
    }
    Ok(())
}

/// A word for each person that was asked for.
pub(super) fn outcomes(told: &Value) -> impl Iterator<Item = &str> {
    let words = told.get("outcomes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    words.iter().map(|word| word.as_str().unwrap_or_default())
}
