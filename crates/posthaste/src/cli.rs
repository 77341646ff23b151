//! The command line: noun, verb. One noun a file.

mod alerts;
mod archive;
mod ask;
pub(crate) mod audit;
mod ban;
mod bounce;
mod canary;
pub(crate) mod check;
mod config;
mod db;
mod depends;
mod digest;
mod dkim;
mod doctor;
mod domain;
mod drift;
mod header_match;
mod incident;
pub(crate) mod inject;
mod ledger;
mod list;
mod maintenance;
mod member;
mod moderate;
pub(crate) mod mta;
mod ops;
pub(crate) mod output;
mod queue;
mod request;
mod status;
mod template;
mod token;
mod trace;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use self::output::{Exit, Out};
use crate::config::Config;

/// A mailing-list server.
///
/// Exit codes: 0 done; 1 failed; 2 bad input or usage; 3 no server is running where one is needed; 4 something
/// Posthaste depends on (database, disk) is away.
#[derive(Parser, Debug)]
#[command(name = "posthaste", version, propagate_version = true, max_term_width = 110)]
pub(crate) struct Cli {
    /// The configuration file [default: ./posthaste.toml, else /etc/posthaste/posthaste.toml]
    #[arg(long, global = true, env = "POSTHASTE_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// Answer in JSON instead of tables
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Run the server in the foreground
    Serve(crate::serve::Options),
    /// Try Posthaste: everything embedded, a list to post to, a mailbox page
    Dev(crate::dev::Options),
    /// Mail domains
    #[command(subcommand)]
    Domain(domain::Verb),
    /// Mailing lists
    #[command(subcommand)]
    List(list::Verb),
    /// Members, owners, moderators of a list
    #[command(subcommand)]
    Member(member::Verb),
    /// Digests: what waits for them, and sending them now
    #[command(subcommand)]
    Digest(digest::Verb),
    /// The archive: what it holds, bringing in and taking out
    #[command(subcommand)]
    Archive(archive::Verb),
    /// Who may neither write nor join
    #[command(subcommand)]
    Ban(ban::Verb),
    /// What a list watches for in header fields
    #[command(subcommand)]
    HeaderMatch(header_match::Verb),
    /// The texts that people get
    #[command(subcommand)]
    Template(template::Verb),
    /// Posts that wait for a moderator, over all lists
    #[command(subcommand)]
    Moderate(moderate::Verb),
    /// What people did: who, what, when, what was there before and after
    #[command(subcommand)]
    Audit(audit::Verb),
    /// Who asked to join or leave, and waits for a moderator
    #[command(subcommand)]
    Request(request::Verb),
    /// Mail that failed, and the members it failed for
    #[command(subcommand)]
    Bounce(bounce::Verb),
    /// Hand a message to a list, as an MTA would
    Inject(inject::Options),
    /// The mail that waits
    #[command(subcommand)]
    Queue(queue::Verb),
    /// Every state of a post, with times
    Trace(trace::Options),
    /// How the server is
    Status,
    /// Check something, as a plugin of Nagios or Icinga: one line, exit code 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN
    Check(check::Options),
    /// What is wrong, and the one command to run
    Doctor,
    /// What the mail server in front needs
    #[command(subcommand)]
    Mta(mta::Verb),
    /// The keys that sign what is sent
    #[command(subcommand)]
    Dkim(dkim::Verb),
    /// What this server needs of others, and whether it is to be reached
    Depends,
    /// Whether every accepted post is accounted for
    Ledger(ledger::Options),
    /// The post that goes round and round to prove that mail moves
    #[command(subcommand)]
    Canary(canary::Verb),
    /// The operations pages
    #[command(subcommand)]
    Ops(ops::Verb),
    /// Break a scratch instance on purpose, and see that what is promised holds
    #[cfg(feature = "drill")]
    Drill(crate::drill::Options),
    /// What is wrong, who is told, who has it
    #[command(subcommand)]
    Alerts(alerts::Verb),
    /// Planned work: foretold, announced, and not mistaken for trouble
    #[command(subcommand)]
    Maintenance(maintenance::Verb),
    /// What happened
    #[command(subcommand)]
    Incident(incident::Verb),
    /// The command line of Mailman (docs/migrate/commands.md); also what a link called `mailman` does
    #[command(disable_help_flag = true, disable_version_flag = true)]
    Mailman(crate::mailman::Words),
    /// What lets programs use the REST interface
    #[command(subcommand)]
    Token(token::Verb),
    /// The database's tables
    #[command(subcommand)]
    Db(db::Verb),
    /// The configuration file
    #[command(subcommand)]
    Config(config::Verb),
}

impl Cli {
    /// Does what was asked.
    pub(crate) fn run(self) -> anyhow::Result<Exit> {
        let out = Out::new(self.json);
        let file = self.config;
        match self.verb {
            Verb::Serve(options) => crate::serve::run(&options, &config_file(file)?),
            Verb::Dev(options) => crate::dev::run(&options),
            Verb::Config(verb) => config::run(verb, file, &out),
            Verb::Check(options) => check::run(&options, file, &out),
            Verb::Doctor => doctor::run(&load(file)?, &out),
            Verb::Mta(verb) => block_on(mta::run(verb, &load(file)?, &out)),
            Verb::Dkim(verb) => dkim::run(verb, &load(file)?, &out),
            Verb::Depends => depends::run(&load(file)?, &out),
            Verb::Ledger(options) => ledger::run(&options, &load(file)?, &out),
            Verb::Status => status::run(&load(file)?, &out),
            Verb::Alerts(verb) => alerts::run(verb, &load(file)?, &out),
            Verb::Maintenance(verb) => maintenance::run(verb, &load(file)?, &out),
            Verb::Incident(verb) => incident::run(&verb, &load(file)?, &out),
            Verb::Canary(verb) => canary::run(&verb, &load(file)?, &out),
            #[cfg(feature = "drill")]
            Verb::Drill(options) => crate::drill::run(&options, &out),
            Verb::Trace(options) => trace::run(&options, &load(file)?, &out),
            Verb::Inject(options) => inject::run(&options, &load(file)?, &out),
            Verb::Queue(verb) => queue::run(&verb, &load(file)?, &out),
            Verb::Mailman(words) => Ok(crate::mailman::run(words.with_name(), file)),
            Verb::Ops(verb) => ops::run(&verb, &load(file)?, &out),
            Verb::Db(verb) => block_on(db::run(verb, &load(file)?, &out)),
            Verb::Domain(verb) => block_on(domain::run(verb, &load(file)?, &out)),
            Verb::Moderate(verb) => block_on(moderate::run(verb, &load(file)?, &out)),
            Verb::Audit(verb) => block_on(audit::run(verb, &load(file)?, &out)),
            Verb::Token(verb) => block_on(token::run(verb, &load(file)?, &out)),
            Verb::Ban(verb) => block_on(ban::run(verb, &load(file)?, &out)),
            Verb::HeaderMatch(verb) => block_on(header_match::run(verb, &load(file)?, &out)),
            Verb::List(verb) => block_on(list::run(verb, &load(file)?, &out)),
            Verb::Archive(verb) => block_on(archive::run(verb, &load(file)?, &out)),
            Verb::Digest(verb) => block_on(digest::run(verb, &load(file)?, &out)),
            Verb::Template(verb) => block_on(template::run(verb, &load(file)?, &out)),
            Verb::Request(verb) => block_on(request::run(verb, &load(file)?, &out)),
            Verb::Bounce(verb) => block_on(bounce::run(verb, &load(file)?, &out)),
            Verb::Member(verb) => block_on(member::run(verb, &load(file)?, &out)),
        }
    }
}

/// The file that was named, or the first that is there of those looked for.
pub(crate) fn config_file(named: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    if let Some(file) = named {
        return Ok(file);
    }
    let places = [PathBuf::from("posthaste.toml"), PathBuf::from("/etc/posthaste/posthaste.toml")];
    places.into_iter().find(|p| p.exists()).ok_or_else(|| {
        output::BadInput::new(
            "no configuration: there is no ./posthaste.toml and no /etc/posthaste/posthaste.toml; name one with \
             --config FILE, or write one with: posthaste config explain > posthaste.toml",
        )
        .into()
    })
}

pub(crate) fn load(named: Option<PathBuf>) -> anyhow::Result<Config> {
    let file = config_file(named)?;
    Config::load(&file).map_err(|problems| output::BadInput::problems(&problems).into())
}

fn block_on<F: Future<Output = anyhow::Result<Exit>>>(work: F) -> anyhow::Result<Exit> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// The database of this configuration. An empty one gets its tables; those of another version are refused.
pub(crate) async fn store(config: &Config) -> anyhow::Result<posthaste_store::Store> {
    let store = crate::serve::connect(config).await?;
    if store.schema().await?.found == 0 {
        store.migrate().await?;
    }
    store.check().await?;
    Ok(store)
}

/// Tells a running server that lists or domains changed. That none runs is no fault.
pub(crate) fn refresh(config: &Config) {
    let _ = crate::control::ask(&config.paths.state, &crate::control::Request::Refresh);
}

/// Now, on the system's clock.
pub(crate) fn now() -> posthaste_model::Timestamp {
    use posthaste_model::Clock;
    crate::clock::SystemClock::new().now()
}
