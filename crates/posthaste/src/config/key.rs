use super::read::Reader;

/// What it takes for a changed key to take effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// A reload (SIGHUP).
    Live,
    /// A restart.
    Restart,
}

/// A key as it is declared: what the reference says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key {
    /// The section without its brackets.
    pub(crate) section: &'static str,
    /// The key in the section.
    pub(crate) name: &'static str,
    /// The lines of its doc comment.
    pub(crate) docs: &'static [&'static str],
    /// What may stand there.
    pub(crate) kind: String,
    /// The default as TOML; `None` if it is unset.
    pub(crate) default: Option<String>,
    /// A value as TOML, for keys without a default.
    pub(crate) example: Option<&'static str>,
    /// When a change takes effect.
    pub(crate) change: Change,
}

impl Key {
    /// `section.key`.
    pub(crate) fn full(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// `key = value` as one may write it: the default, or the example.
    pub(crate) fn line(&self) -> String {
        let value = self.default.as_deref().or(self.example).unwrap_or("\"\"");
        format!("{} = {value}", self.name)
    }
}

/// A section of the file. Made by [`section!`](super::key::section), never by hand.
pub(super) trait Section {
    /// Its name without brackets.
    fn name(&self) -> &'static str;
    /// The lines of its doc comment.
    fn about(&self) -> &'static [&'static str];
    /// Its keys, in the order of their declaration, with the present values as defaults.
    fn keys(&self) -> Vec<Key>;
    /// Takes the keys that the file has.
    fn read(&mut self, reader: &mut Reader<'_>);
}

/// Declares a section: each key once, with its doc comment, when a change takes effect, type and default.
///
/// ```text
/// section! {
///     /// What the section is for.
///     Relay in "relay" {
///         /// What the key is for.
///         live host: Host = Host::loopback();
///         /// One without a default.
///         live user: Option<String> = None, example "\"posthaste\"";
///     }
/// }
/// ```
macro_rules! section {
    (@live) => { $crate::config::key::Change::Live };
    (@restart) => { $crate::config::key::Change::Restart };
    (@example) => { None };
    (@example $example:literal) => { Some($example) };
    (
        $(#[doc = $about:literal])+
        $section:ident in $name:literal {
            $($(#[doc = $doc:literal])+ $change:ident $key:ident: $type:ty = $default:expr $(, example $example:literal)?;)+
        }
    ) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq)]
        pub(crate) struct $section {
            $($(#[doc = $doc])+ pub(crate) $key: $type,)+
        }

        impl Default for $section {
            fn default() -> Self {
                Self { $($key: $default,)+ }
            }
        }

        impl $crate::config::key::Section for $section {
            fn name(&self) -> &'static str {
                $name
            }

            fn about(&self) -> &'static [&'static str] {
                &[$($about),+]
            }

            fn keys(&self) -> Vec<$crate::config::key::Key> {
                vec![$($crate::config::key::Key {
                    section: $name,
                    name: stringify!($key),
                    docs: &[$($doc),+],
                    kind: <$type as $crate::config::value::Value>::kind(),
                    default: $crate::config::value::Value::show(&self.$key),
                    example: $crate::config::key::section!(@example $($example)?),
                    change: $crate::config::key::section!(@$change),
                }),+]
            }

            fn read(&mut self, reader: &mut $crate::config::read::Reader<'_>) {
                $(reader.key(stringify!($key), &mut self.$key);)+
            }
        }
    };
}
pub(super) use section;
