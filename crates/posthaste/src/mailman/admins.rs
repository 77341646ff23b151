//! `mailman admins`

use posthaste_model::{Address, Role};
use serde_json::Value;

use super::house::House;
use super::people;
use super::refusal::refuse;
use super::warn;
use crate::cli::output::Exit;

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// Who is to have the role, as in `Anne <anne@example.com>`; may be given more than once
    #[arg(short, long, value_name = "ADDRESS")]
    add: Vec<String>,
    /// Who is not to have it any more; may be given more than once
    #[arg(short, long, value_name = "ADDRESS")]
    delete: Vec<String>,
    /// Which role
    #[arg(short, long, value_enum, ignore_case = true, default_value = "owner", value_name = "ROLE")]
    role: Which,
    /// The list
    #[arg(value_name = "LISTSPEC")]
    listspec: String,
}

#[derive(Clone, Copy, clap::ValueEnum, Debug)]
enum Which {
    Owner,
    Moderator,
}

pub(super) async fn run(options: Options, house: &House) -> anyhow::Result<Exit> {
    if options.add.is_empty() && options.delete.is_empty() {
        return refuse("Nothing to do: name somebody with --add or --delete");
    }
    let list = house.list(&options.listspec).await?;
    let role = match options.role {
        Which::Owner => Role::Owner,
        Which::Moderator => Role::Moderator,
    };
    let mut wanted = vec![];
    for text in &options.add {
        match people::parse(text) {
            Some(mailbox) => wanted.push(mailbox),
            None => return refuse(format!("Invalid email address: {text}")),
        }
    }
    let mut unwanted = vec![];
    for text in &options.delete {
        match Address::parse(text) {
            Ok(address) => unwanted.push(address),
            Err(_) => return refuse(format!("Invalid email address: {text}")),
        }
    }
    let (store, name) = (house.store().await?, role.name());
    for mailbox in wanted {
        let added =
            store.add_members(list.id, role, std::slice::from_ref(&mailbox), crate::cli::now()).await?;
        if added.added > 0 {
            house.note("add", &list.list_id, name, Value::Null, mailbox.address.as_str().into()).await?;
        } else if added.banned.is_empty() {
            warn(&format!("{} is already a {name} of {}", mailbox.address, list.name))?;
        } else {
            warn(&format!("Membership is banned (skipping): {}", mailbox.address))?;
        }
    }
    for address in unwanted {
        if store.remove_members(list.id, role, std::slice::from_ref(&address)).await? > 0 {
            house.note("remove", &list.list_id, name, address.as_str().into(), Value::Null).await?;
        } else {
            warn(&format!("{address} is not a {name} of {}", list.name))?;
        }
    }
    Ok(Exit::Done)
}
