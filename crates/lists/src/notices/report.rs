//! Our own report of failed recipients, in the form every mail server sends (RFC 3464), so that one way of reading
//! bounces is enough.

use bytes::Bytes;
use posthaste_mime::{make_message_id, rfc5322_date};
use posthaste_model::{EntryId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::delivery::Plan;
use crate::site::Site;

/// A recipient that failed for good, as it stands in the note [`crate::notes::FAILED`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FailedRecipient {
    /// The address.
    pub address: String,
    /// The membership's key; nil for who is no member.
    pub member: uuid::Uuid,
    /// What the relay said.
    pub reply: String,
}

/// The report as a message. `id` is its own entry's.
pub fn undelivered_report(
    site: &Site,
    id: EntryId,
    plan: &Plan,
    failed: &[FailedRecipient],
    at: Timestamp,
) -> Bytes {
    let (host, boundary) = (&site.hostname, id.to_string());
    let mut text = format!(
        "From: MAILER-DAEMON@{host}\r\nTo: {}\r\nSubject: Undelivered: post refused for {} recipients\r\nDate: {}\r\n\
         Message-ID: {}\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status;\r\n boundary=\"{boundary}\"\r\n\r\n\
         --{boundary}\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\
         The mail server refused these recipients of {} for good.\r\n\r\n\
         --{boundary}\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; {host}\r\nArrival-Date: {}\r\n",
        plan.sender,
        failed.len(),
        rfc5322_date(at),
        make_message_id(id.uuid().as_bytes(), host),
        plan.message_id,
        rfc5322_date(at),
    );
    for recipient in failed {
        text.push_str(&format!(
            "\r\nFinal-Recipient: rfc822; {}\r\nAction: failed\r\nStatus: {}\r\nDiagnostic-Code: smtp; {}\r\n",
            recipient.address,
            status(&recipient.reply),
            recipient.reply.replace(['\r', '\n'], " "),
        ));
    }
    text.push_str(&format!("\r\n--{boundary}--\r\n"));
    Bytes::from(text)
}

/// The enhanced status (RFC 3463) of a reply; without one, the general failure of its class.
fn status(reply: &str) -> String {
    let enhanced = reply.split_whitespace().nth(1).filter(|word| {
        let parts: Vec<_> = word.split('.').collect();
        parts.len() == 3 && parts.iter().all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()))
    });
    enhanced.unwrap_or(if reply.starts_with('4') { "4.0.0" } else { "5.0.0" }).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses() {
        for (reply, wanted) in
            [("550 5.1.1 No such user", "5.1.1"), ("550 No such user", "5.0.0"), ("450 4.2.0 x", "4.2.0")]
        {
            assert_eq!(status(reply), wanted);
        }
    }
}
