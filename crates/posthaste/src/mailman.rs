//! The command line of Mailman 3 core, for the scripts, timers and packages that know it: same sub-commands, same options,
//! same lines, same exit codes. A link called `mailman` to this program is one; so is `posthaste mailman`. What is
//! different is told in docs/migrate/commands.md.

mod addmembers;
mod admins;
mod aliases;
mod changeaddress;
mod conf;
mod create;
mod delmembers;
mod digests;
mod findmember;
mod gone;
mod help;
mod house;
mod info;
mod inject;
mod lists;
mod master;
mod members;
mod notify;
mod people;
mod qfile;
mod refusal;
mod remove;
mod running;
mod sections;
mod start;
mod status;
mod syncmembers;
mod unshunt;
mod version;

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::{Args, CommandFactory, Parser, Subcommand};

use self::house::House;
use self::refusal::{Refused, refuse};
use crate::cli::output::Exit;

/// What stands behind `posthaste mailman`.
#[derive(Args, Debug)]
pub(crate) struct Words {
    /// A sub-command of Mailman with its options, as in: members -e dev@lists.example.org
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "WORDS")]
    words: Vec<OsString>,
}

impl Words {
    /// With the name in front that a program is called by.
    pub(crate) fn with_name(self) -> Vec<OsString> {
        std::iter::once(OsString::from("mailman")).chain(self.words).collect()
    }
}

/// The words, if this program was called by a name Mailman has.
pub(crate) fn called(mut words: impl Iterator<Item = OsString>) -> Option<Vec<OsString>> {
    let name = words.next()?;
    let name = Path::new(&name).file_name()?.to_str()?.to_owned();
    match name.as_str() {
        "mailman" => Some(std::iter::once(name.into()).chain(words).collect()),
        "master" => Some(
            ["mailman".into(), "--run-as-root".into(), "master".into()].into_iter().chain(words).collect(),
        ),
        _ => None,
    }
}

#[derive(Parser, Debug)]
#[command(
    name = "mailman",
    bin_name = "mailman",
    about = "The command line of Mailman 3, as Posthaste has it",
    disable_help_subcommand = true,
    max_term_width = 110
)]
struct Line {
    /// The configuration: a posthaste.toml [default: the variable `MAILMAN_CONFIG_FILE`, else `POSTHASTE_CONFIG`, else ./posthaste.toml,
    /// else /etc/posthaste/posthaste.toml]
    #[arg(short = 'C', long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Let root run this
    #[arg(long)]
    run_as_root: bool,
    /// Print the version
    #[arg(long)]
    version: bool,
    #[command(subcommand)]
    verb: Option<Verb>,
}

#[derive(Subcommand, Debug)]
enum Verb {
    /// Make people in a file members of a list
    Addmembers(addmembers::Options),
    /// Add or delete owners and moderators of a list
    Admins(admins::Options),
    /// Write the tables of the mail server again
    Aliases(aliases::Options),
    /// Change the address of somebody everywhere
    Changeaddress(changeaddress::Options),
    /// Print the configuration under Mailman's names
    Conf(conf::Options),
    /// Make a list
    Create(create::Options),
    /// End memberships
    Delmembers(delmembers::Options),
    /// Send digests, or begin a volume
    Digests(digests::Options),
    /// Find the memberships of people
    Findmember(findmember::Options),
    /// Nothing: the server fetches news by itself
    Gatenews,
    /// Print this help
    Help,
    /// Import a list of Mailman 2.1
    Import21(gone::Import21),
    /// What this installation is
    Info(info::Options),
    /// Hand a message to a list
    Inject(inject::Options),
    /// Print the lists
    Lists(lists::Options),
    /// Run the server in the foreground
    #[command(hide = true)]
    Master(master::Options),
    /// Print the members of a list
    Members(members::Options),
    /// Remind moderators of what waits
    Notify(notify::Options),
    /// Print an entry of the queue
    Qfile(qfile::Options),
    /// Remove a list
    Remove(remove::Options),
    /// Read configuration and tables again
    Reopen(running::Quiet),
    /// Read configuration and tables again
    Restart(running::Quiet),
    /// Not here: it runs Python
    #[command(alias = "withlist")]
    Shell(gone::Shell),
    /// Start the server in the background
    Start(start::Options),
    /// Whether the server runs
    Status(status::Options),
    /// Stop the server
    Stop(running::Quiet),
    /// Make the members of a list those in a file
    Syncmembers(syncmembers::Options),
    /// Take everything back from quarantine
    Unshunt(unshunt::Options),
    /// Print the version
    Version,
}

/// Does what the words say, and says on standard error what was wrong with them. `file` is the configuration, if it was
/// named before them.
pub(crate) fn run(words: Vec<OsString>, file: Option<PathBuf>) -> Exit {
    // Mailman 3.3 has this one misspelled, and scripts that found out write it so.
    let words = words.into_iter().map(|word| if word == "-no-notify" { "--no-notify".into() } else { word });
    let words: Vec<OsString> = words.collect();
    let line = match Line::try_parse_from(&words) {
        Ok(line) => line,
        Err(error) => return refusal::unparsed(&error, &words),
    };
    let name = line.verb.as_ref().map(|_| words.clone());
    match act(line, file) {
        Ok(exit) => exit,
        Err(error) => match error.downcast::<Refused>() {
            Ok(refused) => refusal::usage(name.as_deref().unwrap_or_default(), &refused.to_string()),
            Err(error) => refusal::failed(&error),
        },
    }
}

fn act(line: Line, file: Option<PathBuf>) -> anyhow::Result<Exit> {
    if line.version {
        return version::run();
    }
    let Some(verb) = line.verb else { return help::run(&mut Line::command()) };
    if rustix::process::getuid().is_root() && !line.run_as_root {
        return refuse(
            "root should not run this: what it writes would not be readable for the server. Run it as the \
             server's user, or say --run-as-root",
        );
    }
    let file = line.config.or(file).or_else(|| std::env::var_os("MAILMAN_CONFIG_FILE").map(PathBuf::from));
    let file = file.or_else(|| std::env::var_os("POSTHASTE_CONFIG").map(PathBuf::from));
    match verb {
        Verb::Version => return version::run(),
        Verb::Help => return help::run(&mut Line::command()),
        Verb::Shell(_) => return gone::shell(),
        Verb::Gatenews => return gone::gatenews(),
        Verb::Master(options) => return master::run(options, file),
        _ => {}
    }
    let house = House::open(file)?;
    match verb {
        Verb::Start(options) => start::run(&options, &house),
        Verb::Stop(options) => running::stop(&options, &house),
        Verb::Restart(options) => running::reload(&options, &house, "Restarting the Mailman runners"),
        Verb::Reopen(options) => running::reload(&options, &house, "Reopening the Mailman runners"),
        Verb::Status(options) => status::run(&options, &house),
        Verb::Info(options) => info::run(&options, &house),
        Verb::Conf(options) => conf::run(&options, &house),
        Verb::Qfile(options) => qfile::run(&options, &house),
        verb => crate::serve::runtime()?.block_on(work(verb, &house)),
    }
}

/// What needs the database or the queue.
async fn work(verb: Verb, house: &House) -> anyhow::Result<Exit> {
    match verb {
        Verb::Addmembers(options) => addmembers::run(options, house).await,
        Verb::Admins(options) => admins::run(options, house).await,
        Verb::Aliases(options) => aliases::run(&options, house).await,
        Verb::Changeaddress(options) => changeaddress::run(&options, house).await,
        Verb::Create(options) => create::run(options, house).await,
        Verb::Delmembers(options) => Box::pin(delmembers::run(options, house)).await,
        Verb::Digests(options) => digests::run(&options, house).await,
        Verb::Findmember(options) => findmember::run(&options, house).await,
        Verb::Import21(options) => gone::import21(&options, house).await,
        Verb::Inject(options) => inject::run(&options, house).await,
        Verb::Lists(options) => lists::run(&options, house).await,
        Verb::Members(options) => members::run(&options, house).await,
        Verb::Notify(options) => notify::run(&options, house).await,
        Verb::Remove(options) => remove::run(&options, house).await,
        Verb::Syncmembers(options) => syncmembers::run(options, house).await,
        Verb::Unshunt(options) => unshunt::run(&options, house).await,
        _ => Ok(Exit::Done),
    }
}

/// A line on standard output. That nobody reads on is no fault.
fn tell(text: &str) -> anyhow::Result<()> {
    write_line(std::io::stdout().lock(), text)
}

/// A line on standard error.
fn warn(text: &str) -> anyhow::Result<()> {
    write_line(std::io::stderr().lock(), text)
}

fn write_line(mut to: impl Write, text: &str) -> anyhow::Result<()> {
    match writeln!(to, "{text}").and_then(|()| to.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn names_of_mailman_are_known() {
        let called = |text: &str| called(words(text).into_iter()).map(|w| w.join(" ".as_ref()));
        assert_eq!(called("/usr/bin/mailman lists -q"), Some("mailman lists -q".into()));
        assert_eq!(called("./master -C x"), Some("mailman --run-as-root master -C x".into()));
        assert_eq!(called("/usr/bin/posthaste mailman lists"), None);
    }

    #[test]
    fn the_definition_is_sound() {
        Line::command().debug_assert();
    }

    #[test]
    fn options_are_those_of_mailman() {
        for line in [
            "mailman -C x.toml --run-as-root lists -a -n -d -q --domain x.org --domain y.org",
            "mailman lists --advertised --no-names --no-descriptions",
            "mailman create --language de -o a@b.c --owner d@e.f --style-name legacy-default -n -q -D ant@example.com",
            "mailman create -N -d ant@example.com",
            "mailman remove -q ant@example.com",
            "mailman members -o - -R any -e ant.example.com",
            "mailman members -r -d any -n byadmin -N ant.example.com",
            "mailman addmembers -d mime -i -w - ant.example.com",
            "mailman addmembers --no-welcome-msg f ant.example.com",
            "mailman delmembers -l ant.example.com -f - -m a@b.c --member d@e.f -G -N",
            "mailman delmembers --fromall -m a@b.c -g -n",
            "mailman syncmembers -w -g -a -n f ant.example.com",
            "mailman syncmembers -W -G -A --no-change f ant.example.com",
            "mailman admins -a a@b.c -d d@e.f -r Moderator ant.example.com",
            "mailman findmember -r all ^a",
            "mailman start -f -g -u -q",
            "mailman stop --quiet",
            "mailman info -v -o -",
            "mailman conf -o - -s mailman -k site_owner",
            "mailman aliases -d /tmp",
            "mailman digests -l a.b.c -l d.e.f -s -b -n -v",
            "mailman digests --periodic",
            "mailman notify -l a.b.c -n -v",
            "mailman inject -q in -f x -m a=b -m c=d ant.example.com",
            "mailman inject -s ant.example.com",
            "mailman unshunt -d",
            "mailman qfile -n -i x",
            "mailman import21 -c utf-8 ant.example.com config.pck",
            "mailman shell -i -r x.y -l ant.example.com --details a b",
            "mailman withlist -l ant.example.com",
            "mailman master -C x -n -f -r in -r rest:1:2 -v",
        ] {
            if let Err(error) = Line::try_parse_from(words(line)) {
                panic!("{line}: {error}");
            }
        }
    }
}
