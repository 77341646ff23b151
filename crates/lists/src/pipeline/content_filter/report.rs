use posthaste_mime::{Message, Text};

use super::{Removed, text_body};
use crate::pipeline::enclose::{Around, TextPart, enclose, flatten};
use crate::templates::phrase;

/// Says at the end of the message what was taken out of it.
pub(super) fn add(message: &mut Message, removed: &[Removed], language: &str) {
    let mut text = format!("{}\n{}\n", "_".repeat(47), phrase("filter.report", &[language], &[]));
    for part in removed {
        text.push_str(&format!("\nContent-Type: {}\n", part.kind));
        if let Some(name) = &part.name {
            text.push_str(&format!("    Name: {}\n", name.replace(char::is_control, " ")));
        }
    }
    let text = String::from_utf8_lossy(&text_body(&text)).into_owned();
    if let Ok(mut plain) = Text::read(message) {
        if !plain.content.is_empty() && !plain.content.ends_with('\n') {
            plain.content.push_str("\r\n");
        }
        plain.content.push_str(&text);
        plain.write(message);
        return;
    }
    let text = TextPart { text, differs: false };
    let segments = enclose(message, Around { before: None, behind: Some(&text) });
    message.body = flatten(&segments);
}
