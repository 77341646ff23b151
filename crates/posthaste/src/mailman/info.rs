//! `mailman info`

use super::house::House;
use super::{conf, sections, version};
use crate::cli::output::Exit;

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// Where to write; `-` is standard output
    #[arg(short, long, value_name = "FILENAME")]
    output: Option<String>,
    /// With the paths that are used
    #[arg(short, long)]
    verbose: bool,
}

pub(super) fn run(options: &Options, house: &House) -> anyhow::Result<Exit> {
    let config = &house.config;
    let url = config.database_url().map(|url| url.as_str().to_owned()).unwrap_or_default();
    let root = match &config.rest.listen {
        None => "(not served: rest.listen is unset)".to_owned(),
        Some(listen) => {
            let (host, port) = sections::host_and_port(listen);
            format!("http://{host}:{port}/3.1/")
        }
    };
    let mut lines = vec![
        version::line(),
        "Python: none, Posthaste is one program".to_owned(),
        format!("config file: {}", house.file.display()),
        format!("db url: {}", sections::without_password(&url)),
        "devmode: DISABLED".to_owned(),
        format!("REST root url: {root}"),
        format!("REST credentials: {}:***", config.rest.user),
    ];
    if options.verbose {
        lines.push("File system paths:".to_owned());
        let state = &config.paths.state;
        let templates = config.paths.templates.clone().unwrap_or_else(|| state.join("templates"));
        let mut paths = [
            ("BIN_DIR", std::env::current_exe()?.parent().map(ToOwned::to_owned).unwrap_or_default()),
            ("CFG_FILE", house.file.clone()),
            ("MESSAGES_DIR", state.join("history")),
            ("PID_FILE", crate::control::pid_file(state)),
            ("QUEUE_DIR", state.join("spool")),
            ("TEMPLATE_DIR", templates),
            ("VAR_DIR", state.clone()),
        ];
        paths.sort();
        lines.extend(paths.iter().map(|(name, path)| format!("    {name} = {}", path.display())));
    }
    conf::output(options.output.as_deref(), &lines.join("\n"))?;
    Ok(Exit::Done)
}
