//! `mailman qfile`

use std::path::PathBuf;

use posthaste_lists::Trace;
use posthaste_model::EntryId;
use posthaste_spool::Spool;

use super::house::House;
use super::refusal::refuse;
use super::tell;
use crate::cli::output::Exit;

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// Print it; this is the default
    #[arg(short, long, overrides_with = "no_print")]
    print: bool,
    /// Do not
    #[arg(short, long, overrides_with = "print")]
    no_print: bool,
    /// Not here: there is no Python
    #[arg(short, long)]
    interactive: bool,
    /// A file of the spool, or the id of an entry
    #[arg(value_name = "QFILE")]
    qfile: PathBuf,
}

pub(super) fn run(options: &Options, house: &House) -> anyhow::Result<Exit> {
    if options.interactive {
        return refuse(
            "Posthaste runs no Python, so there is no --interactive; without it the entry is printed",
        );
    }
    let file = options.qfile.display();
    let name = options.qfile.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let Ok(id) = name.parse::<EntryId>() else {
        return refuse(format!("Invalid value for 'QFILE': '{file}' is no entry of the queue"));
    };
    let spool = house.config.paths.state.join("spool");
    let entry = match Spool::peek(&spool).and_then(|peek| peek.show(id)) {
        Ok(entry) => entry,
        Err(error) => return refuse(format!("Invalid value for 'QFILE': '{file}': {error}")),
    };
    if options.no_print {
        return Ok(Exit::Done);
    }
    let trace = serde_json::to_string_pretty(&Trace::of(&entry))?;
    let message = String::from_utf8_lossy(&entry.message).replace("\r\n", "\n");
    tell("[----- start pickle -----]")?;
    tell(&format!("<----- start object 1 ----->\n{}", message.trim_end_matches('\n')))?;
    tell(&format!("<----- start object 2 ----->\n{trace}"))?;
    tell("[----- end pickle -----]")?;
    Ok(Exit::Done)
}
