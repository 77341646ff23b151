use bytes::BytesMut;
use posthaste_model::ForwardPath;

use super::batch::{Attempt, Batch};
use super::capabilities::Capabilities;
use super::job::{Cause, Job};
use crate::Reply;

/// Drops the recipients that this relay cannot be asked about, with a verdict of our own; refuses the whole job
/// when the fault is in the message or its sender.
pub(crate) fn allowed(peer: &Capabilities, job: &mut Job, mut recipients: Vec<usize>) -> Vec<usize> {
    if job.batch.verp && !peer.xverp {
        job.fail(Cause::NotOffered);
        return Vec::new();
    }
    if let Some(reply) = refusal(peer, &job.batch) {
        job.fail(Cause::Refused(reply));
        return Vec::new();
    }
    recipients.retain(|&recipient| {
        let Some(path) = job.batch.recipients.get(recipient).map(ForwardPath::as_str) else { return false };
        let reply = if !is_safe(path) {
            Reply::new(553, (5, 1, 3), "This address cannot be sent over SMTP.")
        } else if !path.is_ascii() && !peer.smtputf8 {
            // RFC 6531 §3.5.
            Reply::new(550, (5, 6, 7), "The relay does not offer SMTPUTF8, which this address needs.")
        } else {
            return true;
        };
        job.decide(recipient, Attempt::Failed(reply));
        false
    });
    recipients
}

/// MAIL with its parameters.
pub(crate) fn mail(peer: &Capabilities, batch: &Batch, out: &mut BytesMut) {
    out.extend_from_slice(b"MAIL FROM:<");
    out.extend_from_slice(batch.reverse_path.as_str().as_bytes());
    out.extend_from_slice(b">");
    if peer.size {
        out.extend_from_slice(format!(" SIZE={}", batch.size()).as_bytes());
    }
    // To a relay without 8BITMIME an 8-bit message goes as it is: all of them pass it on unchanged, and a change
    // of encoding would break signatures. RFC 6152 §3 would have us convert it or give up.
    if peer.eightbit && batch.is_8bit() {
        out.extend_from_slice(b" BODY=8BITMIME");
    }
    if peer.smtputf8 && needs_smtputf8(batch) {
        out.extend_from_slice(b" SMTPUTF8");
    }
    if batch.verp {
        out.extend_from_slice(b" XVERP=+=");
    }
    out.extend_from_slice(b"\r\n");
}

/// RCPT.
pub(crate) fn rcpt(batch: &Batch, recipient: usize, out: &mut BytesMut) {
    let path = batch.recipients.get(recipient).map_or("", ForwardPath::as_str);
    out.extend_from_slice(b"RCPT TO:<");
    out.extend_from_slice(path.as_bytes());
    out.extend_from_slice(b">\r\n");
}

fn refusal(peer: &Capabilities, batch: &Batch) -> Option<Reply> {
    let sender = batch.reverse_path.as_str();
    if let Some(limit) = peer.max_size.filter(|&limit| batch.size() > limit) {
        let text = format!("The message has {} octets, the relay takes no more than {limit}.", batch.size());
        return Some(Reply::new(552, (5, 3, 4), text));
    }
    if !is_safe(sender) {
        return Some(Reply::new(553, (5, 1, 7), "The envelope sender cannot be sent over SMTP."));
    }
    (!sender.is_ascii() && !peer.smtputf8).then(|| {
        Reply::new(550, (5, 6, 7), "The relay does not offer SMTPUTF8, which the envelope sender needs.")
    })
}

/// RFC 6531 §3.4: declared when an address or the header is not ASCII.
fn needs_smtputf8(batch: &Batch) -> bool {
    !batch.reverse_path.as_str().is_ascii()
        || !batch.recipients.iter().all(|recipient| recipient.as_str().is_ascii())
        || batch.has_utf8_header()
}

/// Nothing in the path can end the command, or the path, early.
fn is_safe(path: &str) -> bool {
    // Nearly all of them.
    if path.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"@.+-_=".contains(&octet)) {
        return true;
    }
    let mut quoted = false;
    let mut escaped = false;
    for c in path.chars() {
        if c.is_control() || (!quoted && matches!(c, '<' | '>' | ' ')) {
            return false;
        }
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            _ => {}
        }
    }
    !quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_end_the_command() {
        for good in
            ["", "anne@example.org", "\"a b>\"@example.org", "\"a\\\"b c\"@example.org", "ü@example.org"]
        {
            assert!(is_safe(good), "{good:?}");
        }
        for bad in ["a@b> SIZE=0", "a\r\nRSET@b", "a b@c", "a@b>", "\"a@b", "a@b\u{0}", "\"a\"b >@c"] {
            assert!(!is_safe(bad), "{bad:?}");
        }
    }
}
