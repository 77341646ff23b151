//! `mailman conf`

use std::path::Path;

use super::house::House;
use super::refusal::refuse;
use super::{sections, tell};
use crate::cli::output::Exit;

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// Where to write; `-` is standard output
    #[arg(short, long, value_name = "FILENAME")]
    output: Option<String>,
    /// Only this section
    #[arg(short, long, value_name = "SECTION")]
    section: Option<String>,
    /// Only this key
    #[arg(short, long, value_name = "KEY")]
    key: Option<String>,
}

pub(super) fn run(options: &Options, house: &House) -> anyhow::Result<Exit> {
    let all = sections::sections(&house.config, &house.file);
    let mut lines = vec![];
    let mut met = false;
    for (section, keys) in all {
        if options.section.as_ref().is_some_and(|wanted| *wanted != section) {
            continue;
        }
        met = true;
        for (key, value) in keys {
            if options.key.as_ref().is_some_and(|wanted| *wanted != key) {
                continue;
            }
            // Secrets are told to who asks for just that, not to a log somebody sends around.
            let alone = options.section.is_some() && options.key.is_some();
            lines.push(match (alone, sections::is_secret(&key)) {
                (true, _) => value,
                (false, true) if !value.is_empty() => format!("[{section}] {key}: ***"),
                (false, _) => format!("[{section}] {key}: {}", sections::without_password(&value)),
            });
        }
    }
    match (&options.section, &options.key) {
        (Some(section), _) if !met => return refuse(format!("No such section: {section}")),
        (Some(section), Some(key)) if lines.is_empty() => {
            return refuse(format!("Section {section}: No such key: {key}"));
        }
        _ => {}
    }
    output(options.output.as_deref(), &lines.join("\n"))?;
    Ok(Exit::Done)
}

/// Writes the lines to a file, or to standard output; nothing if there are none.
pub(super) fn output(file: Option<&str>, text: &str) -> anyhow::Result<()> {
    match file.filter(|file| *file != "-") {
        None if text.is_empty() => Ok(()),
        None => tell(text),
        Some(file) => {
            let file = Path::new(file);
            let beside = file.with_added_extension(format!("{}.new", std::process::id()));
            let written =
                std::fs::write(&beside, format!("{text}\n")).and_then(|()| std::fs::rename(&beside, file));
            match written {
                Ok(()) => Ok(()),
                Err(error) => refuse(format!("Could not open file: {}: {error}", file.display())),
            }
        }
    }
}
