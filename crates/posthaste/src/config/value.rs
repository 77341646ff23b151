use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use posthaste_model::Address;
use toml::de::DeValue;

/// What may be the type of a key: how it is read, how it is written, how it is called.
pub(super) trait Value: Sized {
    /// What may stand there, to follow "is not": `a port, 1 to 65535`.
    fn kind() -> String;
    /// Reads it. Relative paths begin at `base`. The error says what is wrong, and no more than that.
    fn read(value: &DeValue<'_>, base: &Path) -> Result<Self, String>;
    /// As it stands in a file; `None` if it is unset.
    fn show(&self) -> Option<String>;
}

/// "`found` is not `kind`".
pub(super) fn wrong<V: Value>(value: &DeValue<'_>) -> String {
    format!("{} is not {}", found(value), V::kind())
}

/// A value as a person would point at it; long ones are cut.
pub(super) fn found(value: &DeValue<'_>) -> String {
    match value {
        DeValue::String(text) if text.chars().count() > 60 => {
            format!("{:?}…", text.chars().take(60).collect::<String>())
        }
        DeValue::String(text) => format!("{text:?}"),
        DeValue::Integer(number) => number.to_string(),
        DeValue::Float(number) => number.to_string(),
        DeValue::Boolean(yes) => yes.to_string(),
        DeValue::Datetime(time) => time.to_string(),
        DeValue::Array(_) => "a list".to_owned(),
        DeValue::Table(_) => "a table".to_owned(),
    }
}

/// A TOML basic string.
pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// The integer of a value, if it is one.
pub(super) fn integer(value: &DeValue<'_>) -> Option<i64> {
    let number = value.as_integer()?;
    i64::from_str_radix(number.as_str(), number.radix()).ok()
}

impl<V: Value> Value for Option<V> {
    fn kind() -> String {
        V::kind()
    }

    fn read(value: &DeValue<'_>, base: &Path) -> Result<Self, String> {
        V::read(value, base).map(Some)
    }

    fn show(&self) -> Option<String> {
        self.as_ref().and_then(V::show)
    }
}

impl Value for String {
    fn kind() -> String {
        "text in quotes".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        match value.as_str() {
            Some("") => Err("it is empty".to_owned()),
            Some(text) if text.chars().any(char::is_control) => {
                Err("it holds a control character".to_owned())
            }
            Some(text) => Ok(text.to_owned()),
            None => Err(wrong::<Self>(value)),
        }
    }

    fn show(&self) -> Option<String> {
        Some(quoted(self))
    }
}

impl Value for bool {
    fn kind() -> String {
        "true or false".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        value.as_bool().ok_or_else(|| wrong::<Self>(value))
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

/// A port to connect to.
impl Value for u16 {
    fn kind() -> String {
        "a port, 1 to 65535".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        let port = integer(value).and_then(|number| Self::try_from(number).ok()).filter(|port| *port > 0);
        port.ok_or_else(|| wrong::<Self>(value))
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

/// A number of things; never none.
impl Value for usize {
    fn kind() -> String {
        "a whole number, 1 to 1000000".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        let number = integer(value).and_then(|number| Self::try_from(number).ok());
        number.filter(|number| (1..=1_000_000).contains(number)).ok_or_else(|| wrong::<Self>(value))
    }

    fn show(&self) -> Option<String> {
        Some(self.to_string())
    }
}

impl Value for PathBuf {
    fn kind() -> String {
        "a path in quotes".to_owned()
    }

    fn read(value: &DeValue<'_>, base: &Path) -> Result<Self, String> {
        match value.as_str() {
            Some("") => Err("it is empty".to_owned()),
            Some(text) if text.contains('\0') => Err("it holds a NUL".to_owned()),
            Some(text) => Ok(base.join(text)),
            None => Err(wrong::<Self>(value)),
        }
    }

    fn show(&self) -> Option<String> {
        Some(quoted(&self.to_string_lossy()))
    }
}

impl Value for Address {
    fn kind() -> String {
        "an e-mail address in quotes".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        let text = value.as_str().ok_or_else(|| wrong::<Self>(value))?;
        Self::parse(text).map_err(|error| error.to_string())
    }

    fn show(&self) -> Option<String> {
        Some(quoted(self.as_str()))
    }
}

/// Name servers: `ip:port`, or an address alone for port 53.
impl Value for Vec<SocketAddr> {
    fn kind() -> String {
        "a list of \"ip:port\"".to_owned()
    }

    fn read(value: &DeValue<'_>, _: &Path) -> Result<Self, String> {
        let items = value.as_array().ok_or_else(|| wrong::<Self>(value))?;
        let server = |item: &DeValue<'_>| {
            let text = item.as_str()?;
            text.parse().ok().or_else(|| Some(SocketAddr::new(text.parse::<IpAddr>().ok()?, 53)))
        };
        let read =
            |item: &DeValue<'_>| server(item).ok_or_else(|| format!("{} is not \"ip:port\"", found(item)));
        items.iter().map(|item| read(item.get_ref())).collect()
    }

    fn show(&self) -> Option<String> {
        let items: Vec<_> = self.iter().map(|server| quoted(&server.to_string())).collect();
        Some(format!("[{}]", items.join(", ")))
    }
}

/// Declares a type whose values are a few words.
macro_rules! choice {
    (
        $(#[$about:meta])+
        $name:ident { $($(#[doc = $doc:literal])+ $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum $name {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl $name {
            /// The word that stands for it in the file.
            pub(crate) const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl $crate::config::value::Value for $name {
            fn kind() -> String {
                let words = [$(concat!("\"", $word, "\"")),+];
                match words.split_last() {
                    Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
                    None => String::new(),
                }
            }

            fn read(value: &toml::de::DeValue<'_>, _: &std::path::Path) -> Result<Self, String> {
                match value.as_str() {
                    $(Some($word) => Ok(Self::$variant),)+
                    _ => Err($crate::config::value::wrong::<Self>(value)),
                }
            }

            fn show(&self) -> Option<String> {
                Some($crate::config::value::quoted(self.as_str()))
            }
        }
    };
}
pub(super) use choice;
