use crate::Reply;

/// One command line, taken apart (RFC 5321 §4.1.1, RFC 2033, RFC 3030).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Command<'a> {
    /// LHLO, with the client's name.
    Lhlo,
    Ehlo,
    Helo,
    /// What follows `MAIL FROM:`.
    Mail(&'a str),
    /// What follows `RCPT TO:`.
    Rcpt(&'a str),
    Data,
    /// The size of a chunk, and whether it is the last.
    Bdat(u64, bool),
    Rset,
    Noop,
    Help,
    Vrfy,
    Quit,
    /// A chunk of a size we cannot read: nobody knows where the next command begins.
    BadBdat,
    /// Not mail at all, but a web browser led here to speak for someone else.
    Http,
}

impl<'a> Command<'a> {
    /// Reads a line without its CRLF. `Err` is the answer to a bad one.
    pub(super) fn parse(line: &'a [u8]) -> Result<Self, Reply> {
        let line = std::str::from_utf8(line)
            .ok()
            .filter(|line| !line.chars().any(|c| c.is_control() && c != '\t'))
            .ok_or_else(|| {
                Reply::new(500, (5, 5, 2), "A command is UTF-8 text without control characters")
            })?;
        let line = line.trim_end_matches([' ', '\t']);
        let (verb, argument) = line.split_once([' ', '\t']).unwrap_or((line, ""));
        let argument = argument.trim_start_matches([' ', '\t']);
        match verb.to_ascii_uppercase().as_str() {
            "LHLO" => named(Self::Lhlo, verb, argument),
            "EHLO" => named(Self::Ehlo, verb, argument),
            "HELO" => named(Self::Helo, verb, argument),
            "MAIL" => after(argument, "FROM:").map(Self::Mail).ok_or_else(|| syntax("MAIL FROM:<address>")),
            "RCPT" => after(argument, "TO:").map(Self::Rcpt).ok_or_else(|| syntax("RCPT TO:<address>")),
            "DATA" => alone(Self::Data, verb, argument),
            "BDAT" => Ok(chunk(argument).unwrap_or(Self::BadBdat)),
            "RSET" => alone(Self::Rset, verb, argument),
            "QUIT" => alone(Self::Quit, verb, argument),
            "NOOP" => Ok(Self::Noop),
            "HELP" => Ok(Self::Help),
            "VRFY" if argument.is_empty() => Err(syntax("VRFY address")),
            "VRFY" => Ok(Self::Vrfy),
            "EXPN" | "AUTH" | "STARTTLS" | "ETRN" | "TURN" | "SEND" | "SOML" | "SAML" => {
                Err(Reply::new(502, (5, 5, 1), format!("{} is not offered here", verb.to_ascii_uppercase())))
            }
            "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "OPTIONS" | "CONNECT" | "PATCH" | "HOST:" => {
                Ok(Self::Http)
            }
            _ => Err(Reply::new(500, (5, 5, 1), "Unknown command")),
        }
    }
}

fn syntax(form: &str) -> Reply {
    Reply::new(501, (5, 5, 4), format!("Write {form}"))
}

fn named<'a>(command: Command<'a>, verb: &str, argument: &str) -> Result<Command<'a>, Reply> {
    if argument.is_empty() {
        return Err(syntax(&format!("{} and your host name", verb.to_ascii_uppercase())));
    }
    Ok(command)
}

fn alone<'a>(command: Command<'a>, verb: &str, argument: &str) -> Result<Command<'a>, Reply> {
    if !argument.is_empty() {
        return Err(syntax(&format!("{} alone", verb.to_ascii_uppercase())));
    }
    Ok(command)
}

/// The argument after its keyword, whose case is free; some clients put a space after the colon.
fn after<'a>(argument: &'a str, keyword: &str) -> Option<&'a str> {
    let (head, rest) = argument.split_at_checked(keyword.len())?;
    head.eq_ignore_ascii_case(keyword).then(|| rest.trim_start_matches(' '))
}

/// RFC 3030 §2: `chunk-size [ "LAST" ]`.
fn chunk<'a>(argument: &str) -> Option<Command<'a>> {
    let mut words = argument.split_ascii_whitespace();
    let size = number(words.next()?)?;
    let last = match words.next() {
        None => false,
        Some(word) if word.eq_ignore_ascii_case("LAST") => true,
        Some(_) => return None,
    };
    words.next().is_none().then_some(Command::Bdat(size, last))
}

/// Digits only, at most 20 (RFC 1870 §5); what exceeds 64 bits is `u64::MAX`.
pub(super) fn number(text: &str) -> Option<u64> {
    let good = !text.is_empty() && text.len() <= 20 && text.bytes().all(|b| b.is_ascii_digit());
    good.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Command<'_>, u16> {
        Command::parse(line.as_bytes()).map_err(|reply| reply.code)
    }

    #[test]
    fn commands() {
        assert_eq!(parse("lhlo x"), Ok(Command::Lhlo));
        assert_eq!(parse("EHLO"), Err(501));
        assert_eq!(parse("mail from:<a@b> SIZE=1"), Ok(Command::Mail("<a@b> SIZE=1")));
        assert_eq!(parse("MAIL FROM: <a@b>  "), Ok(Command::Mail("<a@b>")));
        assert_eq!(parse("MAIL <a@b>"), Err(501));
        assert_eq!(parse("MAIL FROM :<a@b>"), Err(501));
        assert_eq!(parse("RCPT TO:<a@b>"), Ok(Command::Rcpt("<a@b>")));
        assert_eq!(parse("DATA"), Ok(Command::Data));
        assert_eq!(parse("DATA now"), Err(501));
        assert_eq!(parse("NOOP whatever"), Ok(Command::Noop));
        assert_eq!(parse("EXPN staff"), Err(502));
        assert_eq!(parse(""), Err(500));
        assert_eq!(parse("NO\u{0}OP"), Err(500));
        assert_eq!(Command::parse(b"NOOP \xff").map_err(|r| r.code), Err(500));
    }

    #[test]
    fn chunks() {
        assert_eq!(parse("BDAT 0"), Ok(Command::Bdat(0, false)));
        assert_eq!(parse("BDAT 86 last"), Ok(Command::Bdat(86, true)));
        assert_eq!(parse("BDAT 99999999999999999999 LAST"), Ok(Command::Bdat(u64::MAX, true)));
        for bad in [
            "BDAT",
            "BDAT x",
            "BDAT -1",
            "BDAT +1",
            "BDAT 1 LAST 2",
            "BDAT 1 FIRST",
            "BDAT LAST",
            "BDAT 1LAST",
        ] {
            assert_eq!(parse(bad), Ok(Command::BadBdat), "{bad}");
        }
    }
}
