use std::path::PathBuf;

use posthaste_smtp::server::{Limits, Options, Protocol, Transaction};

/// One file of `transcripts/`.
pub(crate) struct Script {
    pub(crate) name: String,
    pub(crate) options: Options,
    pub(crate) unready: Option<u16>,
    pub(crate) parts: Vec<(usize, Part)>,
}

/// What happens next.
pub(crate) enum Part {
    /// The client sends these octets: all consecutive `C:` and `c:` lines.
    Send(Vec<u8>),
    /// The server answers a line like this.
    Answer(String),
    Close,
    /// The handler gets this.
    Message {
        envelope: String,
        message: Vec<u8>,
    },
}

impl Script {
    pub(crate) fn all() -> Vec<Self> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
        let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|e| e == "txt"))
            .collect();
        files.sort();
        files.iter().map(Self::read).collect()
    }

    fn read(path: &PathBuf) -> Self {
        let mut options = Options::new(Protocol::Lmtp, "host.example");
        let mut script = Self {
            name: path.file_name().unwrap().to_string_lossy().into_owned(),
            options: options.clone(),
            unready: None,
            parts: Vec::new(),
        };
        let text = std::fs::read_to_string(path).unwrap();
        for (n, line) in text.lines().enumerate() {
            let at = n + 1;
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (kind, rest) = line.split_at(2);
            let argument = rest.strip_prefix(' ').unwrap_or(rest);
            match kind {
                "C:" => script.send(at, [octets(argument), b"\r\n".to_vec()].concat()),
                "c:" => script.send(at, octets(argument)),
                "S:" if argument == "<close>" => script.parts.push((at, Part::Close)),
                "S:" => script.parts.push((at, Part::Answer(argument.to_owned()))),
                "H:" => {
                    let envelope = String::from_utf8(octets(argument)).unwrap();
                    script.parts.push((at, Part::Message { envelope, message: Vec::new() }));
                }
                "H|" => match script.parts.last_mut() {
                    Some((_, Part::Message { message, .. })) => {
                        message.extend(octets(argument));
                        message.extend(b"\r\n");
                    }
                    _ => panic!("{}:{at}: H| without H:", script.name),
                },
                "H." => {}
                _ => directive(line, &mut options, &mut script.unready),
            }
        }
        script.options = options;
        script
    }

    fn send(&mut self, at: usize, octets: Vec<u8>) {
        match self.parts.last_mut() {
            Some((_, Part::Send(before))) => before.extend(octets),
            _ => self.parts.push((at, Part::Send(octets))),
        }
    }
}

fn directive(line: &str, options: &mut Options, unready: &mut Option<u16>) {
    let words: Vec<&str> = line.split(' ').collect();
    match words[..] {
        ["@protocol", "smtp"] => options.protocol = Protocol::Smtp,
        ["@unready", code] => *unready = Some(code.parse().unwrap()),
        ["@limit", name, number] => {
            let number: usize = number.parse().unwrap();
            let Limits { message_size, overrun, message_line, header, recipients, bad_commands, .. } =
                &mut options.limits;
            match name {
                "message_size" => *message_size = number,
                "overrun" => *overrun = number,
                "message_line" => *message_line = number,
                "header" => *header = number,
                "recipients" => *recipients = number,
                "bad_commands" => *bad_commands = u32::try_from(number).unwrap(),
                _ => panic!("no such limit here: {line}"),
            }
        }
        _ => panic!("not a line of the transcript language: {line}"),
    }
}

/// Escapes and repetitions.
fn octets(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&octet, after)) = rest.split_first() {
        rest = after;
        match (octet, after) {
            (b'\\', [b'x', high, low, ..]) => {
                out.push(u8::from_str_radix(std::str::from_utf8(&[*high, *low]).unwrap(), 16).unwrap());
                rest = &after[3..];
            }
            (b'\\', [escape, ..]) => {
                out.push(match escape {
                    b'r' => b'\r',
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'0' => 0,
                    b'\\' => b'\\',
                    _ => panic!("unknown escape in {text}"),
                });
                rest = &after[1..];
            }
            (b'{', _) => {
                let end = after.iter().position(|b| *b == b'}').expect("a closing brace");
                let (what, times) = std::str::from_utf8(&after[..end]).unwrap().rsplit_once('*').unwrap();
                out.extend(octets(what).repeat(times.parse().unwrap()));
                rest = &after[end + 1..];
            }
            _ => out.push(octet),
        }
    }
    out
}

/// A line of the server against a line of the transcript.
pub(crate) fn matches(pattern: &str, line: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == line, |start| line.starts_with(start))
}

/// An envelope as `H:` writes it.
pub(crate) fn envelope(transaction: &Transaction) -> String {
    let mut words = vec![transaction.reverse_path.to_string()];
    words.extend(transaction.forward_paths.iter().map(ToString::to_string));
    words.extend(transaction.smtputf8.then(|| "utf8".to_owned()));
    words.join(" ")
}
