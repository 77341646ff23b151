//! What a post says, as text alone.

use posthaste_mime::{ContentType, Field, Message, Part, decode_charset_lossy, file_names, html_to_text};

use super::Digest;

/// Between the pieces of a post.
const NEXT: &str = "-------------- next part --------------";

/// Types of text that people read as they are.
const READABLE: [&str; 4] = ["text/plain", "text/markdown", "text/x-diff", "text/x-patch"];

/// The text of a post: its texts one after the other, HTML turned into text where there is nothing else, and a note in the
/// place of everything else.
pub(super) fn text(digest: &Digest<'_>, post: &Message) -> String {
    let part = Part::of(post);
    let link = post.head.text("Archived-At").map(|link| link.trim_matches(['<', '>', ' ']).to_owned());
    let mut pieces = vec![];
    collect(digest, &part, link.as_deref(), &mut pieces);
    let pieces: Vec<_> =
        pieces.iter().map(|piece| piece.trim_end()).filter(|piece| !piece.is_empty()).collect();
    pieces.join(&format!("\n{NEXT}\n"))
}

fn collect(digest: &Digest<'_>, part: &Part, link: Option<&str>, pieces: &mut Vec<String>) {
    if part.kind() == "multipart/alternative" {
        // The same said several times: once is enough.
        let best =
            part.parts().iter().find(|p| readable(p)).or_else(|| part.parts().iter().find(|p| has_html(p)));
        if let Some(best) = best {
            return collect(digest, best, link, pieces);
        }
    }
    if !part.parts().is_empty() {
        for inner in part.parts() {
            if part.is_message() {
                pieces.push(forwarded(inner));
            }
            collect(digest, inner, link, pieces);
        }
        return;
    }
    pieces.push(leaf(digest, part, link));
}

fn leaf(digest: &Digest<'_>, part: &Part, link: Option<&str>) -> String {
    let text = |bytes: &[u8]| {
        let content_type = ContentType::of(part.head());
        let charset = content_type.parameter("charset").unwrap_or("us-ascii").to_owned();
        decode_charset_lossy(&charset, bytes).replace("\r\n", "\n").replace('\r', "\n")
    };
    match part.decoded() {
        Some(bytes) if READABLE.contains(&part.kind()) => text(&bytes),
        Some(bytes) if part.kind() == "text/html" => html_to_text(&text(&bytes)),
        decoded => note(digest, part, decoded.map_or(part.body().len(), |bytes| bytes.len()), link),
    }
}

/// True if there is text to read in it.
fn readable(part: &Part) -> bool {
    let mut found = false;
    part.walk(&mut |p| found |= p.parts().is_empty() && READABLE.contains(&p.kind()));
    found
}

fn has_html(part: &Part) -> bool {
    let mut found = false;
    part.walk(&mut |p| found |= p.kind() == "text/html");
    found
}

/// The head of a message within a message.
fn forwarded(message: &Part) -> String {
    let line = |name: &str| message.head().text(name).map(|value| format!("{name}: {value}\n"));
    ["From", "Date", "Subject"].iter().filter_map(|name| line(name)).collect()
}

/// What stands for something that is no text.
fn note(digest: &Digest<'_>, part: &Part, size: usize, link: Option<&str>) -> String {
    let unknown = || digest.say("digest.not_available");
    let name = file_names(part.head()).into_iter().next().unwrap_or_else(unknown);
    let description = part.head().get("Content-Description").map_or_else(unknown, Field::text);
    let size = size.to_string();
    let vars =
        [("name", name.as_str()), ("type", part.kind()), ("size", &size), ("description", &description)];
    let mut note = (digest.phrase)("digest.scrubbed", &vars);
    if let Some(link) = link {
        note.push('\n');
        note.push_str(&(digest.phrase)("digest.scrubbed_link", &[("url", link)]));
    }
    note
}
