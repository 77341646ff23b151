//! `mailman lists`

use super::house::House;
use super::tell;
use crate::cli::output::Exit;

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// Only lists that are shown in public overviews
    #[arg(short, long)]
    advertised: bool,
    /// With display names
    #[arg(short, long, overrides_with = "no_names")]
    names: bool,
    /// Without
    #[arg(short = 'N', long, overrides_with = "names")]
    no_names: bool,
    /// With descriptions
    #[arg(short, long, overrides_with = "no_descriptions")]
    descriptions: bool,
    /// Without
    #[arg(short = 'D', long, overrides_with = "descriptions")]
    no_descriptions: bool,
    /// Only the lists
    #[arg(short, long)]
    quiet: bool,
    /// Only lists of this mail host; may be given more than once
    #[arg(long, value_name = "DOMAIN")]
    domain: Vec<String>,
}

pub(super) async fn run(options: &Options, house: &House) -> anyhow::Result<Exit> {
    let domains: Vec<String> = options.domain.iter().map(|domain| domain.to_lowercase()).collect();
    let mut lists = house.lists().await?;
    lists.retain(|list| !options.advertised || list.advertised);
    lists.retain(|list| domains.is_empty() || domains.iter().any(|domain| domain == list.name.host()));
    if lists.is_empty() {
        if !options.quiet {
            tell("No matching mailing lists found")?;
        }
        return Ok(Exit::Done);
    }
    if !options.quiet {
        tell(&format!("{} matching mailing lists found:", lists.len()))?;
    }
    let names: Vec<String> = lists
        .iter()
        .map(|list| {
            if options.names {
                format!("{} [{}]", list.name, list.display_name)
            } else {
                list.name.to_string()
            }
        })
        .collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for (name, list) in names.iter().zip(&lists) {
        let line = if options.descriptions {
            format!("{name:width$} - {}", list.description).trim_end().to_owned()
        } else {
            name.clone()
        };
        text.push_str(&line.replace(char::is_control, " "));
        text.push('\n');
    }
    tell(text.trim_end_matches('\n'))?;
    Ok(Exit::Done)
}
