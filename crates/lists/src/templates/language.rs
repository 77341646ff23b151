//! Which languages are tried, one after the other.

/// Other names of languages we have: Mailman's folders, and what comes close.
const KIN: &[(&str, &str)] = &[("zh_Hans", "zh_CN"), ("zh", "zh_CN"), ("pt", "pt_BR")];

/// The languages people can have, by code and name.
const NAMES: &[(&str, &str)] = &[
    ("ar", "Arabic"),
    ("ast", "Asturian"),
    ("bg", "Bulgarian"),
    ("ca", "Catalan"),
    ("cs", "Czech"),
    ("da", "Danish"),
    ("de", "German"),
    ("el", "Greek"),
    ("en", "English"),
    ("es", "Spanish"),
    ("et", "Estonian"),
    ("eu", "Basque"),
    ("fi", "Finnish"),
    ("fr", "French"),
    ("gl", "Galician"),
    ("he", "Hebrew"),
    ("hr", "Croatian"),
    ("hu", "Hungarian"),
    ("ia", "Interlingua"),
    ("it", "Italian"),
    ("ja", "Japanese"),
    ("ko", "Korean"),
    ("lt", "Lithuanian"),
    ("nl", "Dutch"),
    ("no", "Norwegian"),
    ("pl", "Polish"),
    ("pt", "Portuguese"),
    ("pt_BR", "Portuguese (Brazil)"),
    ("ro", "Romanian"),
    ("ru", "Russian"),
    ("sk", "Slovak"),
    ("sl", "Slovenian"),
    ("sr", "Serbian"),
    ("sv", "Swedish"),
    ("tr", "Turkish"),
    ("uk", "Ukrainian"),
    ("vi", "Vietnamese"),
    ("zh_CN", "Chinese (China)"),
    ("zh_TW", "Chinese (Taiwan)"),
];

/// A language by its name, as `$user_language` shows it; a code nobody knows is its own name.
pub(crate) fn name_of(code: &str) -> &str {
    NAMES.iter().find(|(known, _)| *known == code).map_or(code, |(_, name)| name)
}

/// The code as we write it: `pt-br` is `pt_BR`.
pub(crate) fn normal(code: &str) -> String {
    match code.trim().replace('-', "_").split_once('_') {
        Some((language, region)) if region.len() == 2 => {
            format!("{}_{}", language.to_ascii_lowercase(), region.to_ascii_uppercase())
        }
        Some((language, region)) => format!("{}_{region}", language.to_ascii_lowercase()),
        None => code.trim().to_ascii_lowercase(),
    }
}

/// The languages to look in, best first: those wished, each with its kin, then English. None stands twice.
pub(crate) fn chain<'a>(wished: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut chain: Vec<String> = vec![];
    for code in wished.into_iter().chain(["en"]).map(normal).filter(|code| !code.is_empty()) {
        let kin = KIN.iter().filter(|(a, b)| *a == code || *b == code);
        let kin = kin.map(|(a, b)| if *a == code { *b } else { *a }.to_owned());
        for one in [code.clone()].into_iter().chain(kin) {
            if !chain.contains(&one) {
                chain.push(one);
            }
        }
    }
    chain
}

/// The language a reader wishes, with its kin.
pub(crate) fn wish<'a>(wished: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let first = wished.into_iter().find(|code| !code.trim().is_empty()).unwrap_or("en");
    let mut wish = chain([first]);
    if normal(first) != "en" {
        wish.retain(|code| code != "en");
    }
    wish
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains() {
        for (wished, wanted) in [
            (vec!["", "", ""], "en"),
            (vec!["de", "fr", "de"], "de fr en"),
            (vec!["pt-br"], "pt_BR pt en"),
            (vec!["zh_Hans"], "zh_Hans zh_CN en"),
            (vec!["EN"], "en"),
        ] {
            assert_eq!(chain(wished).join(" "), wanted);
        }
        assert_eq!(wish(["", "pt", "de"]).join(" "), "pt pt_BR");
        assert_eq!((name_of("pt_BR"), name_of("tlh")), ("Portuguese (Brazil)", "tlh"));
        assert_eq!(wish(["en"]).join(" "), "en");
    }
}
