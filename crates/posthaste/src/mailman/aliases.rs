//! `mailman aliases`

use std::path::PathBuf;

use super::house::House;
use super::refusal::refuse;
use crate::cli::output::Exit;
use crate::config::Maps;
use crate::mta::write;

#[derive(clap::Args, Debug, Default)]
pub(super) struct Options {
    /// Into this folder
    #[arg(short, long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
}

pub(super) async fn run(options: &Options, house: &House) -> anyhow::Result<Exit> {
    let mut config = house.config.clone();
    if let Some(folder) = &options.directory {
        if !folder.is_dir() {
            return refuse(format!("Invalid value for '--directory': '{}' is no folder", folder.display()));
        }
        config.mta.maps_folder = Some(folder.clone());
        if config.mta.maps == Maps::None {
            config.mta.maps = Maps::Texthash;
        }
    }
    // The tables that are made are those of these lists.
    house.store().await?;
    let names = crate::cli::mta::names(&config).await?;
    let (_, problems) = write::write(&config, &names);
    anyhow::ensure!(problems.is_empty(), problems.join("\n"));
    Ok(Exit::Done)
}
