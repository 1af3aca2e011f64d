//! Signs requests to S3 (AWS Signature Version 4, as described in "Authenticating Requests: Using the Authorization
//! Header" of the Amazon S3 API Reference). A crate for this would cost more compile time than the rest of the client.

use std::time::SystemTime;

use chrono::{DateTime, Utc};

use crate::digest::Digest;

/// Credentials.
pub(super) struct Account {
    /// The access key's id.
    pub key: String,
    /// The secret.
    pub secret: String,
    /// The session token of temporary credentials.
    pub token: Option<String>,
    /// The bucket's region: `eu-central-1`.
    pub region: String,
}

/// A request to sign.
pub(super) struct Unsigned<'a> {
    pub method: &'a str,
    pub host: &'a str,
    /// Percent-encoded, with a leading slash.
    pub path: &'a str,
    /// The digest of the body.
    pub content: Digest,
}

/// The headers that authenticate a request at the time `now`, besides `Host`. `more` are signed as well; their names
/// must sort between `host` and `x-amz-content-sha256`.
pub(super) fn headers(
    asked: &Unsigned<'_>,
    more: &[(&'static str, String)],
    account: &Account,
    now: SystemTime,
) -> Vec<(&'static str, String)> {
    let time = stamp(now);
    let day = &time[..8];
    let mut headers = more.to_vec();
    headers.push(("x-amz-content-sha256", asked.content.to_string()));
    headers.push(("x-amz-date", time.clone()));
    headers.extend(account.token.clone().map(|token| ("x-amz-security-token", token)));
    let names: Vec<&str> = ["host"].into_iter().chain(headers.iter().map(|(name, _)| *name)).collect();
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names = names.join(";");
    let Unsigned { method, host, path, content } = asked;
    let request = format!("{method}\n{path}\n\nhost:{host}\n{lines}\n{names}\n{content}");
    let scope = format!("{day}/{}/s3/aws4_request", account.region);
    let text = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{}", Digest::of(request));
    let first = Digest::signature(format!("AWS4{}", account.secret).as_bytes(), day);
    let key = [account.region.as_str(), "s3", "aws4_request"]
        .iter()
        .fold(first, |key, word| Digest::signature(key.bytes(), word));
    let signature = Digest::signature(key.bytes(), &text);
    let credential = format!("{}/{scope}", account.key);
    let authorization =
        format!("AWS4-HMAC-SHA256 Credential={credential},SignedHeaders={names},Signature={signature}");
    headers.push(("authorization", authorization));
    headers
}

/// A time as `20130524T000000Z`.
fn stamp(now: SystemTime) -> String {
    DateTime::<Utc>::from(now).format("%Y%m%dT%H%M%SZ").to_string()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn signs_as_the_published_example_says() {
        let account = Account {
            key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
            token: None,
            region: "us-east-1".to_owned(),
        };
        let asked = Unsigned {
            method: "GET",
            host: "examplebucket.s3.amazonaws.com",
            path: "/test.txt",
            content: Digest::of(""),
        };
        let now = UNIX_EPOCH + Duration::from_secs(1_369_353_600);
        let headers = headers(&asked, &[("range", "bytes=0-9".to_owned())], &account, now);
        let (_, authorization) = headers.last().unwrap();
        assert!(
            authorization
                .ends_with("Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
            "{authorization}"
        );
    }

    #[test]
    fn dates() {
        let at = |seconds| stamp(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(0), "19700101T000000Z");
        assert_eq!(at(951_868_799), "20000229T235959Z");
        assert_eq!(at(1_735_689_599), "20241231T235959Z");
        assert_eq!(at(4_107_542_400), "21000301T000000Z");
    }
}
