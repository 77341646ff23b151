//! `mailman members`

use std::io::Write;
use std::path::Path;

use posthaste_model::{DeliveryMode, DeliveryStatus, MailingList, Role};
use posthaste_store::RollLine;

use super::house::House;
use super::people;
use super::refusal::refuse;
use crate::cli::output::Exit;

/// So many are read at once.
const PAGE: u64 = 5_000;

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// Where to write; `-` is standard output
    #[arg(short, long, value_name = "FILENAME")]
    output: Option<String>,
    /// Whom [default: member]
    #[arg(short = 'R', long, value_enum, value_name = "ROLE")]
    role: Option<Who>,
    /// Only those who get each post
    #[arg(short, long)]
    regular: bool,
    /// Only those who get digests
    #[arg(short, long, value_enum, value_name = "KIND")]
    digest: Option<Kind>,
    /// Only those whose delivery stands so
    #[arg(short, long, value_enum, value_name = "WHY")]
    nomail: Option<Why>,
    /// Addresses without names
    #[arg(short, long)]
    email_only: bool,
    /// How many there are, whatever else is asked
    #[arg(short, long)]
    count_only: bool,
    /// Has no effect
    #[arg(short = 'N', long)]
    no_change: bool,
    /// Gone: mailman addmembers
    #[arg(short, long, hide = true, value_name = "FILENAME")]
    add: Option<String>,
    /// Gone: mailman delmembers
    #[arg(short = 'x', long, hide = true, value_name = "FILENAME")]
    delete: Option<String>,
    /// Gone: mailman syncmembers
    #[arg(short, long, hide = true, value_name = "FILENAME")]
    sync: Option<String>,
    /// The list
    #[arg(value_name = "LISTSPEC")]
    listspec: String,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum, Debug)]
enum Who {
    Any,
    Owner,
    Moderator,
    Nonmember,
    Member,
    Administrator,
}

#[derive(Clone, Copy, clap::ValueEnum, Debug)]
enum Kind {
    Any,
    Plaintext,
    Mime,
}

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum, Debug)]
enum Why {
    Enabled,
    Any,
    Unknown,
    Byadmin,
    Byuser,
    Bybounces,
}

impl Options {
    fn roles(&self) -> &'static [Role] {
        use people::Roster;
        match self.role.unwrap_or(Who::Member) {
            Who::Any => &Role::ALL,
            Who::Owner => Roster::Owner.roles(),
            Who::Moderator => Roster::Moderator.roles(),
            Who::Nonmember => Roster::Nonmember.roles(),
            Who::Member => Roster::Member.roles(),
            Who::Administrator => Roster::Administrator.roles(),
        }
    }

    fn check(&self) -> anyhow::Result<()> {
        for (gone, instead) in
            [(&self.add, "addmembers"), (&self.delete, "delmembers"), (&self.sync, "syncmembers")]
        {
            if gone.is_some() {
                return refuse(format!("This option is gone; use: mailman {instead}"));
            }
        }
        if self.role == Some(Who::Any) && (self.regular || self.digest.is_some() || self.nomail.is_some()) {
            return refuse("--regular, --digest and --nomail do not go with --role any");
        }
        if self.email_only && self.count_only {
            return refuse("--email-only does not go with --count-only");
        }
        Ok(())
    }

    fn wants(&self, line: &RollLine) -> bool {
        use DeliveryMode::{MimeDigests, PlaintextDigests, Regular, SummaryDigests};
        let mode = line.mode;
        let digest = match self.digest {
            None => false,
            Some(Kind::Any) => mode != Regular,
            Some(Kind::Plaintext) => mode == PlaintextDigests,
            Some(Kind::Mime) => mode == MimeDigests || mode == SummaryDigests,
        };
        let by_mode = (!self.regular && self.digest.is_none()) || (self.regular && mode == Regular) || digest;
        let by_status = match self.nomail {
            None => true,
            Some(Why::Enabled) => line.status == DeliveryStatus::Enabled,
            Some(Why::Any) => line.status != DeliveryStatus::Enabled,
            Some(Why::Unknown) => line.status == DeliveryStatus::Unknown,
            Some(Why::Byadmin) => line.status == DeliveryStatus::ByModerator,
            Some(Why::Byuser) => line.status == DeliveryStatus::ByUser,
            Some(Why::Bybounces) => line.status == DeliveryStatus::ByBounces,
        };
        by_mode && by_status
    }
}

pub(super) async fn run(options: &Options, house: &House) -> anyhow::Result<Exit> {
    options.check()?;
    let list = house.list(&options.listspec).await?;
    match options.output.as_deref().filter(|file| *file != "-") {
        None => {
            let mut to = std::io::BufWriter::new(std::io::stdout());
            match write(options, house, &list, &mut to).await {
                Err(error) if is_broken_pipe(&error) => {}
                written => written?,
            }
        }
        Some(file) => whole(Path::new(file), options, house, &list).await?,
    }
    Ok(Exit::Done)
}

/// Writes beside and renames: whoever reads the file finds all of it.
async fn whole(file: &Path, options: &Options, house: &House, list: &MailingList) -> anyhow::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = file.with_file_name(name);
    let made = std::fs::File::create(&beside);
    let Ok(made) = made else { return refuse(format!("Could not open file: {}", file.display())) };
    let mut to = std::io::BufWriter::new(made);
    let written = match write(options, house, list, &mut to).await {
        Ok(()) => to.get_ref().sync_all().and_then(|()| std::fs::rename(&beside, file)).map_err(Into::into),
        failed => failed,
    };
    if written.is_err() {
        let _ = std::fs::remove_file(&beside);
    }
    written
}

async fn write(
    options: &Options,
    house: &House,
    list: &MailingList,
    to: &mut impl Write,
) -> anyhow::Result<()> {
    let store = house.store().await?;
    let (mut last, mut all): (Option<RollLine>, u64) = (None, 0);
    loop {
        let page = store.roll(list.id, options.roles(), last.as_ref(), PAGE).await?;
        if page.is_empty() {
            break;
        }
        for line in page {
            // Who has several roles is one of those on the roster, not several.
            let again = last.as_ref().is_some_and(|last| last.key == line.key);
            all += u64::from(!again);
            if !again && !options.count_only && options.wants(&line) {
                let name = if options.email_only { "" } else { &line.name };
                writeln!(to, "{}", people::format(name, &line.address))?;
            }
            last = Some(line);
        }
    }
    if options.count_only {
        writeln!(to, "{all}")?;
    } else if all == 0 {
        writeln!(to, "{} has no members", list.list_id)?;
    }
    Ok(to.flush()?)
}

fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
}
