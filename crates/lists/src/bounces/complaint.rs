//! Complaints of people who pressed "this is spam" (ARF, RFC 5965).

use posthaste_mime::Message;

use super::address;
use super::parts::Part;
use super::reading::Complaint;
use super::returned::Returned;

/// The complaint; `None` if there is no feedback report.
pub(super) fn read(parts: &[Part], returned: &Returned) -> Option<Complaint> {
    let report = parts.iter().find(|p| p.kind == "message/feedback-report")?;
    let head = Message::parse(bytes::Bytes::from(format!("{}\r\n\r\n", report.text.trim()))).head;
    let all = |name: &str| {
        head.all(name).map(|f| f.text().trim().to_owned()).filter(|v| !v.is_empty()).collect::<Vec<_>>()
    };
    let kind = head.text("Feedback-Type").unwrap_or_default().trim().to_ascii_lowercase();
    let mut recipients: Vec<String> =
        all("Original-Rcpt-To").iter().filter_map(|v| address::any(v)).collect();
    recipients.extend(all("Removal-Recipient").iter().filter_map(|v| address::any(v)));
    recipients.dedup();
    let mut senders: Vec<String> = all("Original-Mail-From").iter().filter_map(|v| address::any(v)).collect();
    senders.extend(returned.senders.iter().cloned());
    senders.dedup();
    Some(Complaint {
        kind,
        recipients,
        senders,
        links: returned.links.clone(),
        about: returned.message_id.clone(),
    })
}
