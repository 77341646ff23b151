//! SHA-crypt (`$5$`, `$6$`): what Mailman 3 keeps. Written down by Ulrich Drepper in "Unix crypt using SHA-256 and SHA-512";
//! the numbers in the comments are those of its steps.

use sha2::{Digest, Sha256, Sha512};

const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const DEFAULT_ROUNDS: u32 = 5_000;
/// The description allows a thousand times more; Mailman writes about 100,000.
const MOST_ROUNDS: u32 = 1_000_000;

/// The hash of `password` with the salt and rounds of `like`, in the same form; `None` if that is no such hash.
pub(super) fn hash(password: &str, like: &str) -> Option<String> {
    let (kind, rest) = like.strip_prefix('$')?.split_once('$')?;
    let (rounds, rest) = match rest.strip_prefix("rounds=") {
        Some(rest) => {
            let (rounds, rest) = rest.split_once('$')?;
            (Some(rounds.parse::<u32>().ok()?.max(1_000)), rest)
        }
        None => (None, rest),
    };
    let (salt, _) = rest.split_once('$')?;
    let salt = salt.get(..salt.len().min(16))?;
    let count = rounds.unwrap_or(DEFAULT_ROUNDS);
    if count > MOST_ROUNDS {
        return None;
    }
    let encoded = match kind {
        "5" => encode(&digest::<Sha256>(password.as_bytes(), salt.as_bytes(), count), 10, &[31, 30]),
        "6" => encode(&digest::<Sha512>(password.as_bytes(), salt.as_bytes(), count), 21, &[63]),
        _ => return None,
    };
    let rounds = rounds.map(|n| format!("rounds={n}$")).unwrap_or_default();
    Some(format!("${kind}${rounds}{salt}${encoded}"))
}

#[expect(clippy::many_single_char_names, reason = "the names of the algorithm's own description")]
fn digest<H: Digest>(password: &[u8], salt: &[u8], rounds: u32) -> Vec<u8> {
    // 4 to 8.
    let b = H::new().chain_update(password).chain_update(salt).chain_update(password).finalize().to_vec();
    // 1 to 3, 9 to 12.
    let mut a = H::new().chain_update(password).chain_update(salt);
    a.update(cycled(&b, password.len()));
    let mut length = password.len();
    while length > 0 {
        a.update(if length & 1 == 1 { b.as_slice() } else { password });
        length >>= 1;
    }
    let mut a = a.finalize().to_vec();
    // 13 to 16.
    let mut dp = H::new();
    for _ in 0..password.len() {
        dp.update(password);
    }
    let p = cycled(&dp.finalize(), password.len());
    // 17 to 20.
    let mut ds = H::new();
    for _ in 0..16 + usize::from(a.first().copied().unwrap_or_default()) {
        ds.update(salt);
    }
    let s = cycled(&ds.finalize(), salt.len());
    // 21.
    for round in 0..rounds {
        let odd = round % 2 == 1;
        let mut c = H::new();
        c.update(if odd { &p } else { &a });
        if round % 3 != 0 {
            c.update(&s);
        }
        if round % 7 != 0 {
            c.update(&p);
        }
        c.update(if odd { &a } else { &p });
        a = c.finalize().to_vec();
    }
    a
}

/// `length` bytes of `bytes`, again and again.
fn cycled(bytes: &[u8], length: usize) -> Vec<u8> {
    bytes.iter().copied().cycle().take(length).collect()
}

/// 22: groups of three bytes, `third` apart, each group beginning one byte on, and the rest.
fn encode(digest: &[u8], third: usize, rest: &[usize]) -> String {
    let byte = |at: usize| u32::from(digest.get(at).copied().unwrap_or_default());
    let mut out = String::new();
    let mut write = |mut word: u32, count: usize| {
        for _ in 0..count {
            out.push(char::from(ALPHABET.get(word as usize & 63).copied().unwrap_or_default()));
            word >>= 6;
        }
    };
    for at in 0..third {
        // The three thirds change places from group to group: forward for SHA-512, backward for SHA-256.
        let turn = if third == 21 { at % 3 } else { (3 - at % 3) % 3 };
        let place = |n: usize| at + third * ((n + turn) % 3);
        write(byte(place(0)) << 16 | byte(place(1)) << 8 | byte(place(2)), 4);
    }
    match rest {
        [high, low] => write(byte(*high) << 8 | byte(*low), 3),
        [last] => write(byte(*last), 2),
        _ => {}
    }
    out
}
