//! Any octets at all: the session bears them, and how they are cut does not matter.

use posthaste_smtp::server::fuzz_session;
use proptest::prelude::*;

/// Lines that get far, and lines that do not.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let whole = proptest::sample::select(vec![
        "LHLO c\r\n",
        "EHLO c\r\n",
        "HELO c\r\n",
        "MAIL FROM:<a@b>\r\n",
        "MAIL FROM:<> SIZE=100 BODY=8BITMIME SMTPUTF8\r\n",
        "MAIL FROM:<@x:\"q\\\"\"@[1.2.3.4]> SIZE=999\r\n",
        "RCPT TO:<dev@l>\r\n",
        "RCPT TO:<unknown@l>\r\n",
        "RCPT TO:<grüße@l>\r\n",
        "DATA\r\n",
        "DATA\r\nx\r\n..\r\n\r\n.\r\n",
        ".\r\n",
        "..\r\n",
        "\r\n",
        "\r",
        "\n",
        ".",
        "BDAT 3\r\nabc",
        "BDAT 2\r\n\r\n",
        "BDAT 6 LAST\r\nQUIT\r\n",
        "BDAT 0 LAST\r\n",
        "BDAT 300\r\n",
        "BDAT 999999 LAST\r\n",
        "BDAT\r\n",
        "RSET\r\n",
        "NOOP\r\n",
        "HELP\r\n",
        "VRFY x\r\n",
        "QUIT\r\n",
        "POST / HTTP/1.1\r\n",
    ]);
    prop_oneof![
        8 => whole.prop_map(|line| line.as_bytes().to_vec()),
        1 => "[ -~]{0,100}\r\n".prop_map(String::into_bytes),
        1 => proptest::collection::vec(any::<u8>(), 0..20),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, ..ProptestConfig::default() })]

    #[test]
    fn any_octets(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        fuzz_session(&octets);
    }

    #[test]
    fn any_conversation(seed in any::<u8>(), lines in proptest::collection::vec(line(), 0..30)) {
        let hello: &[u8] = if seed & 1 == 0 { b"LHLO c\r\n" } else { b"EHLO c\r\n" };
        let begin = b"MAIL FROM:<a@b>\r\nRCPT TO:<dev@l>\r\n".to_vec();
        let parts: Vec<Vec<u8>> = [vec![seed], hello.to_vec(), begin].into_iter().chain(lines).collect();
        fuzz_session(&parts.concat());
    }
}

#[test]
fn a_long_line_cut_anywhere() {
    for length in [60, 61, 62, 63, 64, 65, 65_530, 65_535, 65_536, 65_537, 70_000] {
        for seed in [0, 1, 2, 3, 61, 255] {
            let mut input = vec![seed];
            input.extend("N".repeat(length).as_bytes());
            input.extend(b"\r\nNOOP\r\n");
            fuzz_session(&input);
        }
    }
}
