//! `posthaste inject`: hands a message to a list over LMTP, as an MTA would.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use clap::Args;
use posthaste_mime::{Field, Message, mailboxes};
use posthaste_model::{Address, ListName};

use super::output::{BadInput, Exit, Out};
use crate::config::{Config, Listen};

#[derive(Args, Debug)]
pub(crate) struct Options {
    /// LIST@DOMAIN
    list: String,
    /// The message; standard input without it. Fields that are missing (From, To, Date, Message-ID) are added
    file: Option<String>,
    /// The envelope sender, and From if the message has none [default: the message's From]
    #[arg(long, value_name = "ADDRESS")]
    from: Option<String>,
}

pub(crate) trait Wire: Read + Write {}
impl<T: Read + Write> Wire for T {}

pub(crate) fn run(options: &Options, config: &Config, out: &Out) -> anyhow::Result<Exit> {
    let list = ListName::parse(&options.list).map_err(BadInput::from_error)?;
    let from = options.from.as_deref().map(Address::parse).transpose().map_err(BadInput::from_error)?;
    let mut text = vec![];
    match &options.file {
        Some(file) => {
            let mut file_in =
                std::fs::File::open(file).map_err(|e| BadInput::new(format!("cannot read {file}: {e}")))?;
            file_in.read_to_end(&mut text)?
        }
        None => std::io::stdin().read_to_end(&mut text)?,
    };
    let (sender, message) = complete(&text, &list, from.as_ref())?;
    let wire = match connect(&config.lmtp.listen) {
        Ok(wire) => wire,
        Err(error) => {
            let told = format!(
                "no server answers on {}: {error}; start one with: posthaste serve",
                config.lmtp.listen
            );
            out.problem(&told)?;
            return Ok(Exit::NotRunning);
        }
    };
    let reply = hand_over(wire, &sender, &list.to_string(), &message)?;
    if reply.starts_with('2') {
        out.done(&reply, &serde_json::json!({ "reply": reply }))?;
        Ok(Exit::Done)
    } else {
        anyhow::bail!("the server answered: {reply}")
    }
}

/// Adds what a message must have, and finds its envelope sender.
fn complete(text: &[u8], list: &ListName, from: Option<&Address>) -> anyhow::Result<(String, Vec<u8>)> {
    let mut message = Message::parse(posthaste_mime::crlf(text.to_vec().into()));
    let mut add = |name: &str, value: &str| {
        if !message.head.has(name) {
            message.head.append(Field::structured(name, value));
        }
    };
    if let Some(from) = from {
        add("From", from.as_str());
    }
    add("To", &list.to_string());
    add("Date", &posthaste_mime::rfc5322_date(super::now()));
    add("Message-ID", &posthaste_mime::make_message_id(uuid::Uuid::new_v4().as_bytes(), list.host()));
    let Some(author) = message.head.text("From") else {
        return Err(BadInput::new("the message has no From; add one, or say --from ADDRESS").into());
    };
    let sender = match from {
        Some(from) => from.as_str().to_owned(),
        None => mailboxes(&author).first().map(|m| m.address.as_str().to_owned()).unwrap_or_default(),
    };
    Ok((sender, message.to_bytes().to_vec()))
}

/// A connection to where mail comes in.
pub(crate) fn connect(listen: &Listen) -> std::io::Result<Box<dyn Wire>> {
    const LONGEST: Option<Duration> = Some(Duration::from_mins(1));
    Ok(match listen {
        Listen::Tcp(address) => {
            let stream = TcpStream::connect(address)?;
            stream.set_read_timeout(LONGEST)?;
            Box::new(stream)
        }
        Listen::Unix(path) => {
            let stream = std::os::unix::net::UnixStream::connect(path)?;
            stream.set_read_timeout(LONGEST)?;
            Box::new(stream)
        }
    })
}

/// One LMTP transaction (RFC 2033); the reply for the one recipient.
pub(crate) fn hand_over(wire: Box<dyn Wire>, from: &str, to: &str, message: &[u8]) -> anyhow::Result<String> {
    let mut wire = BufReader::new(wire);
    let greeting = reply(&mut wire)?;
    anyhow::ensure!(greeting.starts_with('2'), "the server answered: {greeting}");
    let utf8 = if from.is_ascii() && message.is_ascii() { "" } else { " SMTPUTF8" };
    for line in
        ["LHLO posthaste-inject".to_owned(), format!("MAIL FROM:<{from}>{utf8}"), format!("RCPT TO:<{to}>")]
    {
        write!(wire.get_mut(), "{line}\r\n")?;
        let answer = reply(&mut wire)?;
        if !answer.starts_with('2') {
            return Ok(answer);
        }
    }
    write!(wire.get_mut(), "DATA\r\n")?;
    let answer = reply(&mut wire)?;
    if !answer.starts_with('3') {
        return Ok(answer);
    }
    let mut dotted = Vec::with_capacity(message.len() + 8);
    for line in message.split_inclusive(|b| *b == b'\n') {
        if line.starts_with(b".") {
            dotted.push(b'.');
        }
        dotted.extend_from_slice(line);
    }
    dotted.extend_from_slice(b".\r\n");
    wire.get_mut().write_all(&dotted)?;
    let answer = reply(&mut wire)?;
    let _ = write!(wire.get_mut(), "QUIT\r\n");
    Ok(answer)
}

/// One reply, the last line of several.
fn reply(wire: &mut impl BufRead) -> anyhow::Result<String> {
    loop {
        let mut line = String::new();
        if wire.read_line(&mut line)? == 0 {
            anyhow::bail!("the server closed the connection");
        }
        if line.as_bytes().get(3) != Some(&b'-') {
            return Ok(line.trim_end().to_owned());
        }
    }
}
