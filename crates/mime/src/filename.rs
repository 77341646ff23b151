use crate::{ContentType, Field, Head, word};

/// Every name this header gives to a file: `filename` of Content-Disposition first, then `name` of Content-Type; decoded
/// both the proper way (RFC 2231) and the common one (RFC 2047).
///
/// A part may say one thing in one place and another in the other, and programs differ in whom they believe.
pub fn file_names(head: &Head) -> Vec<String> {
    let mut names: Vec<String> = vec![];
    for (field, parameter) in [("Content-Disposition", "filename"), ("Content-Type", "name")] {
        for value in head.all(field).map(Field::unfolded) {
            let parameters = ContentType::parameters_of(&value);
            let Some(name) = parameters.parameter(parameter) else { continue };
            let name = word::decode(name).trim().to_owned();
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::Message;

    #[test]
    fn every_way_to_write_a_name() {
        for (head, wanted) in [
            ("Content-Disposition: attachment; filename=a.pdf", vec!["a.pdf"]),
            ("Content-Disposition: attachment; filename=\"my a.pdf\"; size=1", vec!["my a.pdf"]),
            ("Content-Type: application/pdf; name=b.pdf", vec!["b.pdf"]),
            (
                "Content-Type: text/plain; name=good.txt\r\nContent-Disposition: inline; filename=\"bad.exe\"",
                vec!["bad.exe", "good.txt"],
            ),
            ("Content-Disposition: attachment; filename*=utf-8''%C3%A4.txt", vec!["ä.txt"]),
            ("Content-Disposition: attachment; filename*0=\"a\"; filename*1=\"b.txt\"", vec!["ab.txt"]),
            (
                "Content-Disposition: attachment; filename*0*=iso-8859-1''%E4; filename*1=\".txt\"",
                vec!["ä.txt"],
            ),
            ("Content-Disposition: attachment; filename=\"=?utf-8?q?=C3=A4=2Etxt?=\"", vec!["ä.txt"]),
            ("Content-Disposition: attachment;\r\n filename=\"a;b.txt\"", vec!["a;b.txt"]),
            ("Content-Disposition: attachment", vec![]),
            ("Content-Disposition: filename=x", vec![]),
            ("Subject: x", vec![]),
        ] {
            let message = Message::parse(Bytes::from(format!("{head}\r\n\r\n")));
            assert_eq!(file_names(&message.head), wanted, "{head}");
        }
    }
}
