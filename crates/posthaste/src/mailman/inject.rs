//! `mailman inject`

use std::io::Read;

use posthaste_mime::{Field, Message, mailboxes};
use posthaste_model::{ForwardPath, MailingList, ReversePath, SubAddress};
use posthaste_smtp::server::{Handler, Transaction};

use super::house::House;
use super::refusal::refuse;
use super::{tell, warn};
use crate::cli;
use crate::cli::output::Exit;
use crate::control::{Request, ask};

/// The queues of Mailman, and which of a list's addresses leads to what each does.
const QUEUES: [(&str, Option<SubAddress>); 12] = [
    ("archive", None),
    ("bad", None),
    ("bounces", Some(SubAddress::Bounces)),
    ("command", Some(SubAddress::Request)),
    ("digest", None),
    ("in", Some(SubAddress::Post)),
    ("nntp", None),
    ("out", None),
    ("pipeline", None),
    ("retry", None),
    ("shunt", None),
    ("virgin", None),
];

#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// Into which queue [default: in]
    #[arg(short, long, value_name = "QUEUE")]
    queue: Option<String>,
    /// Print the names of the queues
    #[arg(short, long)]
    show: bool,
    /// The message; `-` is standard input, as without it
    #[arg(short, long, value_name = "FILENAME")]
    filename: Option<String>,
    /// Has no effect: an entry has no dictionary of metadata
    #[arg(short, long, value_name = "KEY=VALUE")]
    metadata: Vec<String>,
    /// The list
    #[arg(value_name = "LISTSPEC")]
    listspec: Option<String>,
}

pub(super) async fn run(options: &Options, house: &House) -> anyhow::Result<Exit> {
    if options.show {
        tell("Available queues:")?;
        for (name, _) in QUEUES {
            tell(&format!("    {name}"))?;
        }
        return Ok(Exit::Done);
    }
    let Some(spec) = &options.listspec else { return refuse("Missing argument 'LISTSPEC'.") };
    let list = house.list(spec).await?;
    let queue = options.queue.as_deref().unwrap_or("in");
    let sub = match QUEUES.iter().find(|(name, _)| *name == queue) {
        None => return refuse(format!("No such queue: {queue}")),
        Some((_, None)) => {
            return refuse(format!(
                "Nothing can be put into the queue {queue} by hand here; in, command and bounces take messages"
            ));
        }
        Some((_, Some(sub))) => *sub,
    };
    if let Some(odd) = options.metadata.iter().find(|pair| !pair.contains('=')) {
        return refuse(format!("Invalid value for '--metadata': '{odd}' is not KEY=VALUE"));
    }
    if !options.metadata.is_empty() {
        warn("--metadata has no effect: an entry has no dictionary of metadata")?;
    }
    let mut text = vec![];
    match options.filename.as_deref().filter(|file| *file != "-") {
        None => std::io::stdin().read_to_end(&mut text).map(|_| ())?,
        Some(file) => match std::fs::read(file) {
            Ok(read) => text = read,
            Err(error) => return refuse(format!("Invalid value for '--filename': '{file}': {error}")),
        },
    }
    let (sender, message) = complete(&text, &list);
    let to = list.name.address(sub);
    if ask(&house.config.paths.state, &Request::Status).is_ok_and(|told| told.is_some()) {
        let wire = cli::inject::connect(&house.config.lmtp.listen)?;
        let reply = cli::inject::hand_over(wire, &sender, &to, &message)?;
        anyhow::ensure!(reply.starts_with('2'), "the server answered: {reply}");
    } else {
        put(house, &sender, &to, message).await?;
    }
    Ok(Exit::Done)
}

/// Adds the fields that every message must have; the sender is its author.
fn complete(text: &[u8], list: &MailingList) -> (String, Vec<u8>) {
    let mut message = Message::parse(posthaste_mime::crlf(text.to_vec().into()));
    if !message.head.has("Date") {
        message.head.append(Field::structured("Date", &posthaste_mime::rfc5322_date(cli::now())));
    }
    if !message.head.has("Message-ID") {
        let id = posthaste_mime::make_message_id(uuid::Uuid::new_v4().as_bytes(), list.name.host());
        message.head.append(Field::structured("Message-ID", &id));
    }
    let author = message.head.text("From").map(|from| mailboxes(&from)).unwrap_or_default();
    let sender = author.first().map(|author| author.address.as_str().to_owned()).unwrap_or_default();
    (sender, message.to_bytes().to_vec())
}

/// Puts it into the queue of a server that does not run, by the way mail takes that comes in.
async fn put(house: &House, sender: &str, to: &str, message: Vec<u8>) -> anyhow::Result<()> {
    let intake = crate::serve::intake(&house.config, house.tools().await?).await?;
    let transaction = Transaction {
        peer: "mailman inject".to_owned(),
        reverse_path: ReversePath::from(sender.to_owned()),
        forward_paths: vec![ForwardPath::parse(to)?],
        message: message.into(),
        smtputf8: false,
    };
    if let Err(reply) = intake.ready() {
        anyhow::bail!("{}", reply.text);
    }
    for reply in intake.data(transaction).await {
        anyhow::ensure!(reply.is_positive(), "{}", reply.text);
    }
    Ok(())
}
