//! Sub-commands that cannot be here what they are there, and say what to do instead.

use std::path::PathBuf;

use super::house::House;
use super::refusal::refuse;
use crate::cli::output::Exit;

/// The news runner of Mailman sets it for its child.
const CALLED_BY_RUNNER: &str = "_MAILMAN_GATENEWS_NNTP";

#[derive(clap::Args, Debug)]
pub(super) struct Shell {
    /// Everything Mailman takes here.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGS")]
    _args: Vec<String>,
}

#[derive(clap::Args, Debug)]
pub(super) struct Import21 {
    /// The charset of its texts
    #[arg(short, long, default_value = "utf-8", value_name = "CHARSET")]
    charset: String,
    /// The list
    #[arg(value_name = "LISTSPEC")]
    listspec: String,
    /// Its `config.pck`
    #[arg(value_name = "PICKLE_FILE")]
    pickle_file: PathBuf,
}

/// There is no Python to run.
pub(super) fn shell() -> anyhow::Result<Exit> {
    refuse(
        "Posthaste runs no Python, so there is no shell with live objects. A setting of a list is read and changed with \
         `posthaste list show LIST [SETTING]` and `posthaste list set LIST SETTING VALUE`, held posts with `posthaste \
         moderate`, bans with `posthaste ban`; a script reaches everything with mailmanclient over REST",
    )
}

/// The server fetches by itself.
pub(super) fn gatenews() -> anyhow::Result<Exit> {
    if std::env::var_os(CALLED_BY_RUNNER).is_none() {
        return refuse(
            "This is not meant to be run by hand, and nothing need run it: the server fetches news by itself ([news])",
        );
    }
    Ok(Exit::Done)
}

/// Looks whether it could be one.
pub(super) async fn import21(options: &Import21, house: &House) -> anyhow::Result<Exit> {
    house.list(&options.listspec).await?;
    let file = options.pickle_file.display();
    let Ok(bytes) = std::fs::read(&options.pickle_file) else {
        return refuse(format!("Invalid value for 'PICKLE_FILE': '{file}': No such file or directory"));
    };
    // Every pickle ends in its STOP; a dictionary in the form without a header begins with a mark or an empty one.
    let begins = matches!(bytes.first(), Some(0x80 | b'(' | b'}'));
    if !begins || bytes.last() != Some(&b'.') {
        return refuse(format!("Not a Mailman 2.1 configuration file: {file}"));
    }
    anyhow::bail!(
        "lists of Mailman 2.1 ({}) cannot be imported by this version of Posthaste yet",
        options.charset
    )
}
