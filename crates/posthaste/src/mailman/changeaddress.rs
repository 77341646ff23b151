//! `mailman changeaddress`

use posthaste_model::Address;
use posthaste_store::Readdressed;

use super::house::House;
use super::refusal::refuse;
use super::tell;
use crate::cli::output::Exit;

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// As it is
    #[arg(value_name = "OLD")]
    old: String,
    /// As it is to be
    #[arg(value_name = "NEW")]
    new: String,
}

pub(super) async fn run(options: &Options, house: &House) -> anyhow::Result<Exit> {
    let Options { old, new } = options;
    let Ok(from) = Address::parse(old) else { return refuse(format!("Address {old} not found.")) };
    let Ok(to) = Address::parse(new) else {
        return refuse(format!("Address {new} is not a valid email address."));
    };
    if from.as_str() == to.as_str() {
        return refuse("Addresses are not different.  Nothing to change.");
    }
    let store = house.store().await?;
    match store.readdress(&from, &to).await? {
        Readdressed::Absent => refuse(format!("Address {old} not found.")),
        Readdressed::Taken => refuse(format!("Address {new} already exists; can't change.")),
        Readdressed::Done => {
            let (was, became) = (from.as_str().into(), to.as_str().into());
            crate::cli::audit::note(store, "readdress", "", "address", was, became).await;
            tell(&format!("Address changed from {old} to {new}."))?;
            Ok(Exit::Done)
        }
    }
}
