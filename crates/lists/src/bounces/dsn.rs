//! Delivery status notifications (RFC 3464, internationalised by RFC 6533).

use posthaste_model::Address;

use super::parts::Part;
use super::reading::{Failure, Reading};
use super::status;

/// Recipients of one report that are looked at.
const MOST: usize = 2_000;

/// What the message/delivery-status parts say; `None` if there are none that speak of a recipient.
pub(super) fn read(parts: &[Part]) -> Option<Reading> {
    let mut reading = Reading { format: "dsn", ..Reading::default() };
    let reports = parts
        .iter()
        .filter(|p| matches!(p.kind.as_str(), "message/delivery-status" | "message/global-delivery-status"));
    let mut spoken = false;
    for recipient in reports.flat_map(|part| recipients(&part.text)).take(MOST) {
        let Some(action) = recipient.action() else { continue };
        spoken = true;
        let Some(address) = recipient.address() else { continue };
        let failure = Failure { address, status: recipient.status(), diagnostic: recipient.diagnostic() };
        let told = match action {
            Action::Failed => &mut reading.failed,
            Action::Delayed => &mut reading.delayed,
            Action::Other => continue,
        };
        if !told.iter().any(|f| f.address.eq_ignore_ascii_case(&failure.address)) {
            told.push(failure);
        }
    }
    spoken.then_some(reading)
}

#[derive(PartialEq)]
enum Action {
    Failed,
    Delayed,
    /// Delivered, relayed, expanded.
    Other,
}

/// The fields of one recipient: names in lower case, values unfolded.
#[derive(Default)]
struct Recipient<'a> {
    fields: Vec<(String, std::borrow::Cow<'a, str>)>,
}

/// Recipients are apart by an empty line; some servers forget it, so a field that comes again begins the next one too.
fn recipients(text: &str) -> Vec<Recipient<'_>> {
    let (mut all, mut now) = (vec![], Recipient::default());
    for line in text.lines() {
        if line.trim().is_empty() {
            all.push(std::mem::take(&mut now));
            continue;
        }
        if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = now.fields.last_mut() {
                let joined = format!("{value} {}", line.trim());
                *value = joined.into();
            }
            continue;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        let name = name.trim().to_ascii_lowercase();
        if matches!(name.as_str(), "final-recipient" | "original-recipient" | "action")
            && now.get(&name).is_some()
        {
            all.push(std::mem::take(&mut now));
        }
        now.fields.push((name, value.trim().into()));
    }
    all.push(now);
    all
}

impl Recipient<'_> {
    fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_ref())
    }

    /// `None` if this is not about a recipient.
    fn action(&self) -> Option<Action> {
        let named = self.get("final-recipient").is_some() || self.get("original-recipient").is_some();
        let Some(action) = self.get("action") else {
            // Some leave it out; the class of the status says the same (RFC 3463 §2).
            return (named && self.get("status")?.starts_with('5')).then_some(Action::Failed);
        };
        let action = action.to_ascii_lowercase();
        Some(if action.starts_with("fail") || action.starts_with("error") {
            Action::Failed
        } else if action.starts_with("delay") {
            Action::Delayed
        } else {
            Action::Other
        })
    }

    /// Whom we wrote to: the original recipient rather than whom it was forwarded to.
    fn address(&self) -> Option<String> {
        let fields = ["original-recipient", "final-recipient", "x-actual-recipient"];
        fields.iter().find_map(|name| typed(self.get(name)?))
    }

    fn status(&self) -> String {
        let given = self.get("status").and_then(status::enhanced);
        given.or_else(|| self.get("diagnostic-code").and_then(status::enhanced)).unwrap_or_default()
    }

    fn diagnostic(&self) -> String {
        let code = self.get("diagnostic-code").unwrap_or_default();
        // `smtp; 550 no such user`
        let said =
            code.split_once(';').filter(|(kind, _)| !kind.contains(' ')).map_or(code, |(_, said)| said);
        status::short(said)
    }
}

/// `rfc822; anne@example.com`, `utf-8; …` (RFC 6533 §3); without a type an address in angle brackets will do.
fn typed(value: &str) -> Option<String> {
    let (kind, rest) = value.split_once(';').unwrap_or(("", value));
    let kind = kind.trim().to_ascii_lowercase();
    if kind.starts_with("x400") || kind.starts_with("x.400") {
        return None;
    }
    // A comment may follow the address (RFC 822 §3.4.3).
    let mut text = rest.trim();
    if let Some((inner, _)) = text.split_once('<').and_then(|(_, tail)| tail.split_once('>')) {
        text = inner;
    } else if kind.is_empty() {
        return None;
    }
    let text = text.split(" (").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
    let text = if kind == "utf-8" { unescape(text) } else { text.to_owned() };
    [text.clone(), xtext(&text)]
        .into_iter()
        .find(|t| t.matches('@').count() == 1 && Address::parse(t).is_ok())
}

/// Undoes `\x{E4}` (RFC 6533 §3, utf-8-addr-xtext).
fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once("\\x{") {
        out.push_str(before);
        let decoded = tail
            .split_once('}')
            .and_then(|(hex, after)| Some((char::from_u32(u32::from_str_radix(hex, 16).ok()?)?, after)));
        let Some((c, after)) = decoded else {
            out.push_str("\\x{");
            rest = tail;
            continue;
        };
        out.push(c);
        rest = after;
    }
    out + rest
}

/// Undoes `+40` (RFC 3461 §4), which servers ought to have undone themselves.
fn xtext(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once('+') {
        out.push_str(before);
        let decoded =
            tail.get(..2).and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(u8::is_ascii_graphic);
        if let Some(byte) = decoded {
            out.push(char::from(byte));
            rest = tail.get(2..).unwrap_or_default();
        } else {
            out.push('+');
            rest = tail;
        }
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipients_have_many_spellings() {
        for (value, wanted) in [
            ("rfc822;anne@example.com", Some("anne@example.com")),
            ("RFC822; <Anne@Example.com>", Some("Anne@Example.com")),
            ("rfc822;anne@example.com (Anne)", Some("anne@example.com")),
            ("<anne@example.com>", Some("anne@example.com")),
            ("anne@example.com", None),
            ("rfc822;anne", None),
            ("rfc822;anne+40example.com", Some("anne@example.com")),
            ("rfc822;anne+lists@example.com", Some("anne+lists@example.com")),
            ("utf-8;j\\x{F6}rg@b\\x{FC}cher.example", Some("jörg@bücher.example")),
            ("utf-8;jörg@bücher.example", Some("jörg@bücher.example")),
            ("x400;/G=anne/@example.com", None),
            ("", None),
            (";", None),
        ] {
            assert_eq!(typed(value).as_deref(), wanted, "{value}");
        }
    }

    #[test]
    fn escapes_that_are_none_stay() {
        assert_eq!(unescape("a\\x{zz}\\x{41}\\x{"), "a\\x{zz}A\\x{");
        assert_eq!(xtext("a+lists+2B+"), "a+lists++");
    }

    #[test]
    fn a_block_without_empty_lines_is_several_recipients() {
        let text = "Reporting-MTA: dns; x\nFinal-Recipient: rfc822;a@x.org\nAction: failed\nStatus: 5.1.1\n\
                    Final-Recipient: rfc822;b@x.org\nAction: delayed\nDiagnostic-Code: smtp;\n 450 later\n";
        let part = Part { kind: "message/delivery-status".into(), text: text.into() };
        let reading = read(&[part]).unwrap();
        assert_eq!(
            reading.failed.iter().map(|f| (f.address.as_str(), f.status.as_str())).collect::<Vec<_>>(),
            [("a@x.org", "5.1.1")]
        );
        assert_eq!(reading.delayed.iter().map(|f| f.diagnostic.as_str()).collect::<Vec<_>>(), ["450 later"]);
    }
}
