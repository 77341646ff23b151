//! `mailman remove`

use serde_json::Value;

use super::house::House;
use super::tell;
use crate::cli::output::Exit;

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// Say nothing
    #[arg(short, long)]
    quiet: bool,
    /// The list
    #[arg(value_name = "LISTSPEC")]
    listspec: String,
}

pub(super) async fn run(options: &Options, house: &House) -> anyhow::Result<Exit> {
    let spec = &options.listspec;
    let told = match house.look_up(spec).await? {
        None => format!("No such list matching spec: {spec}"),
        Some(list) => {
            house.store().await?.remove_list(list.id).await?;
            house.refresh();
            house.note("remove", &list.list_id, "list", Value::Null, Value::Null).await?;
            format!("Removed list: {spec}")
        }
    };
    if !options.quiet {
        tell(&told)?;
    }
    Ok(Exit::Done)
}
