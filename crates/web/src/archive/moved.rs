//! Addresses of other archives, and of older ones, that lead here.

use axum::response::Response;
use posthaste_mime::message_id_hash;

use super::{Page, ROOT, answer, gone_to, library, nothing, reader, trouble};
use crate::answer::see;
use crate::call::Call;

/// An address of `HyperKitty`: the same below another root. Whether there is something, it does not tell.
pub(crate) fn hyperkitty(call: &Call) -> Response {
    let rest = call.path.strip_prefix("/hyperkitty/").unwrap_or_default();
    gone_to(call, &format!("{ROOT}/{}{}", rest.trim_start_matches('/'), query(call)))
}

/// An address whose last slash is missing.
pub(crate) fn slash(call: &Call) -> Response {
    if call.path.ends_with('/') || call.path.contains("//") {
        return nothing(call);
    }
    gone_to(call, &format!("{}/{}", call.path, query(call)))
}

fn query(call: &Call) -> String {
    let text: Vec<String> =
        call.fields.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    if text.is_empty() { String::new() } else { format!("?{}", text.join("&")) }
}

fn encoded(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

/// A post by its Message-ID, in whichever list has it.
pub(crate) async fn by_message_id(call: Call) -> Response {
    answer(found(&call).await)
}

async fn found(call: &Call) -> Page {
    let library = library(call)?;
    let id = call.nth(0).trim_matches(['<', '>', ' ']);
    let hash = message_id_hash(&format!("<{id}>"));
    let opened = library.open_with(&hash, reader(call)).await.map_err(|error| trouble(call, &error))?;
    match opened {
        Some(opened) => Ok(see(&call.site, &format!("{ROOT}/list/{}/message/{hash}/", opened.list().name))),
        None => Err(Box::new(nothing(call))),
    }
}

/// A list of Mailman 2, by the part of its address before the `@`.
pub(crate) async fn listinfo(call: Call) -> Response {
    answer(list_named(&call, "").await)
}

/// The same in its archive.
pub(crate) async fn pipermail(call: Call) -> Response {
    answer(list_named(&call, "").await)
}

/// A month of that archive: `2005-December`, `2005-December/thread.html`, `2005-December.txt.gz`.
pub(crate) async fn pipermail_page(call: Call) -> Response {
    let rest = call.nth(1);
    let name = rest.split(['/', '.']).next().unwrap_or_default();
    let Some((year, month)) = name.split_once('-') else { return nothing(&call) };
    let months = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let place = months.iter().position(|one| *one == month.to_lowercase());
    match (year.parse::<u16>(), place) {
        (Ok(year), Some(place)) => answer(list_named(&call, &format!("{year}/{}/", place + 1)).await),
        _ => nothing(&call),
    }
}

/// Only archives that everybody may read are found so, and only if one alone has this name.
async fn list_named(call: &Call, rest: &str) -> Page {
    let library = library(call)?;
    let lists = library.lists().await.map_err(|error| trouble(call, &error))?;
    let name = call.nth(0).to_lowercase();
    let fits: Vec<_> =
        lists.iter().filter(|list| list.name.local() == name || list.name.to_string() == name).collect();
    match fits.as_slice() {
        [one] => Ok(gone_to(call, &format!("{ROOT}/list/{}/{rest}", one.name))),
        _ => Err(Box::new(nothing(call))),
    }
}
