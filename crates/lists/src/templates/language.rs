//! Which languages are tried, one after the other.

/// Other names of languages we have: Mailman's folders, and what comes close.
const KIN: &[(&str, &str)] = &[("zh_Hans", "zh_CN"), ("zh", "zh_CN"), ("pt", "pt_BR")];

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
        assert_eq!(wish(["en"]).join(" "), "en");
    }
}
