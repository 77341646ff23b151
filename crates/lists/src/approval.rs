//! `Approved: password`, in the header or as the first line of the text, by which a moderator's post goes to the list at once.
//!
//! The password is taken out before anything else sees the message, so that it reaches neither members, archive nor notices.

mod guesses;
mod password;

use posthaste_mime::{ContentType, Field, Message};
use regex::{NoExpand, RegexBuilder};

pub(crate) use self::guesses::Guesses;
pub use self::password::{hash_password, is_password_hash, verify_password};
use crate::parts;

/// The fields that may bear it, the most important first.
const NAMES: [&str; 4] = ["Approve", "Approved", "X-Approve", "X-Approved"];

/// Takes a moderator's password out of a message, wherever it stands, and gives it.
pub fn take_password(message: &mut Message) -> Option<String> {
    let found = NAMES.iter().find_map(|name| message.head.text(name));
    message.head.retain(|field: &Field| !NAMES.iter().any(|name| field.is(name)));
    if let Some(password) = found {
        return Some(password.trim().to_owned());
    }
    let text = parts::first_text(message)?;
    let (name, password) = first_line(&text)?;
    remove_everywhere(message, name, &password);
    Some(password)
}

/// The field's name and the password, if that is what the first line that is not blank says.
fn first_line(text: &str) -> Option<(&'static str, String)> {
    let line = text.lines().find(|l| !l.trim().is_empty())?;
    let (name, value) = line.split_once(':')?;
    let name = NAMES.into_iter().find(|n| name.trim().eq_ignore_ascii_case(n))?;
    Some((name, value.trim().to_owned()))
}

/// In text/plain its line goes; in all other texts, HTML twins above all, name and password go from where they stand.
fn remove_everywhere(message: &mut Message, name: &str, password: &str) {
    let name = regex::escape(name);
    let blanks = r"(?:\s|&nbsp;|&#160;)*";
    let secret = regex::escape(password);
    let anywhere =
        RegexBuilder::new(&format!("(?:{name}){blanks}:{blanks}{secret}")).case_insensitive(true).build();
    let Ok(anywhere) = anywhere else { return };
    let mut first = true;
    parts::change_leaves(message, &mut |part| {
        let Some(mut text) = parts::read(part) else { return false };
        let before = text.content.len();
        let plain = ContentType::of(&part.head).kind() == "text/plain";
        if first && plain && first_line(&text.content).is_some() {
            first = false;
            let blank: usize =
                text.content.split_inclusive('\n').take_while(|l| l.trim().is_empty()).map(str::len).sum();
            let line = text
                .content
                .get(blank..)
                .and_then(|t| t.split_inclusive('\n').next())
                .unwrap_or_default()
                .len();
            text.content.replace_range(blank..blank + line, "");
        }
        // Markup may write the password with entities; what stands there in plain is found.
        let cleaned = anywhere.replace_all(&text.content, NoExpand("")).into_owned();
        text.content = cleaned;
        if text.content.len() == before {
            return false;
        }
        text.write(part);
        true
    });
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn taken(raw: &str) -> (Option<String>, String) {
        let mut message = Message::parse(Bytes::from(raw.to_owned()));
        let password = take_password(&mut message);
        (password, String::from_utf8_lossy(&message.to_bytes()).into_owned())
    }

    #[test]
    fn in_the_header_all_four_go() {
        let raw = "X-Approved: second\r\nSubject: x\r\nApproved:  s3cret \r\n\r\nApproved: s3cret\r\n";
        let wanted = "Subject: x\r\n\r\nApproved: s3cret\r\n";
        assert_eq!(taken(raw), (Some("s3cret".into()), wanted.into()));
    }

    #[test]
    fn in_the_text_its_line_goes() {
        for (raw, wanted) in [
            ("\r\n\r\n\r\nAPPROVED : pass word\r\nHello\r\n", "\r\n\r\n\r\nHello\r\n"),
            ("A: 1\r\n\r\nx-approve:pass word", "A: 1\r\n\r\n"),
        ] {
            assert_eq!(taken(raw), (Some("pass word".into()), wanted.into()), "{raw:?}");
        }
        for raw in [
            "\r\nHello\r\nApproved: x\r\n",
            "\r\nApprovedly: x\r\n",
            "\r\n",
            "Content-Type: image/png\r\n\r\nApproved: x",
        ] {
            assert_eq!(taken(raw), (None, raw.into()), "{raw:?}");
        }
    }

    #[test]
    fn in_the_html_twin_it_goes_too_and_encodings_stay() {
        let raw = "Content-Type: multipart/alternative; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=utf-8\r\n\
            Content-Transfer-Encoding: base64\r\n\r\nQXBwcm92ZWQ6IHMzKGNyZXQKSGkgw7wK\r\n--x\r\nContent-Type: text/html\r\n\
            Content-Transfer-Encoding: quoted-printable\r\n\r\n<p>Approved:&nbsp; s3(cret</p><p>Hi =3D</p>\r\n--x--\r\n";
        let (password, out) = taken(raw);
        assert_eq!(password.as_deref(), Some("s3(cret"));
        assert!(!out.contains("s3(cret") && !out.contains("QXBw"), "{out}");
        assert!(out.contains("<p></p><p>Hi =3D</p>"), "{out}");
        assert!(out.contains("Content-Transfer-Encoding: base64\r\n\r\nSGkgw7wK\r\n\r\n--x\r\n"), "{out}");
    }

    #[test]
    fn in_a_charset_nobody_knows_it_goes_all_the_same() {
        let (password, out) =
            taken("Content-Type: text/plain; charset=klingon\r\n\r\nApproved: abc\r\n\u{fc}\r\n");
        assert_eq!(password.as_deref(), Some("abc"));
        assert!(!out.contains("abc") && out.contains("charset=utf-8"), "{out}");
    }
}
