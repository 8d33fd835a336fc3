//! D5: wherever somebody wants to go after signing in, it is a page of ours. What is tried is the product of the ways to begin
//! an address, to write a host, and to go on after it, of which the public collections of open redirects are made.

use super::mock::{Browser, HOST, Mock, portal};

/// Ways into an address: schemes, slashes of every kind and number, what browsers drop or turn, and paths that climb out.
const WAYS: [&str; 40] = [
    "",
    "/",
    "//",
    "///",
    "////",
    "/////",
    "\\",
    "\\\\",
    "/\\",
    "\\/",
    "/\\/\\/",
    "\\/\\/",
    "/%09/",
    "//%09/",
    "///%09/",
    "/\t/",
    "\t//",
    "/\n/",
    "/\r\n/",
    "/%5c",
    "//%5c",
    "/%2f%2f",
    "/%2f%5c%2f",
    "%2f%2f",
    "/..//",
    "/i/x/../../..//",
    "/./\\",
    "/<>//",
    "<>//",
    " //",
    "\u{0}//",
    "\u{2028}//",
    "\u{ff0f}\u{ff0f}",
    "http:",
    "https:",
    "http://",
    "https:///",
    "/https://",
    "/https:/%5c",
    "//https:///",
];
/// Hosts, and what only looks like ours.
const HOSTS: [&str; 22] = [
    "evil.test",
    "portal.test@evil.test",
    "evil.test\\@portal.test",
    "evil.test#@portal.test/",
    "evil.test:80?@portal.test/",
    "portal.test+&@evil.test#+@portal.test/",
    "portal.test:80%40evil.test",
    "portal.test%2eevil.test",
    "portal.test.evil.test",
    "evil.test%00.portal.test",
    "evil%E3%80%82test",
    "evil\u{3002}test",
    "evil.test%23.portal.test",
    "evil.test%2f%2f.portal.test",
    "\\;@evil.test",
    ";@evil.test",
    "%65%76%69%6c%2e%74%65%73%74",
    "3627734734",
    "0xd83ad6ce",
    "[::ffff:216.58.214.206]",
    "javascript:alert(1)",
    "data:text/html;base64,PHNjcmlwdD4=",
];
/// What follows.
const ENDS: [&str; 6] = ["", "/", "//", "/%2e%2e", "/%2f..", "?x=//evil.test#//evil.test"];
/// What fits no pattern.
const OTHERS: [&str; 9] = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)//https://portal.test",
    "\\152\\141\\166\\141:alert(1)",
    "/x:1/:///%01javascript:alert(document.cookie)/",
    "/auth/done@evil.test",
    "/auth/x",
    "/library?x=//evil.test",
    "///////",
    "/.evil.test",
];

/// Where a browser on a page of ours goes with this `Location`, and that it is not ambiguous on the way.
fn judge(then: &str, location: &str) {
    let ours = url::Url::parse(&format!("https://{HOST}/auth/x/callback")).expect("it is an address");
    let there = ours.join(location).unwrap_or_else(|error| panic!("{then:?} led to {location:?}: {error}"));
    assert_eq!(there.origin(), ours.origin(), "{then:?} led to {location:?}");
    let clean = location.starts_with('/') && !location.starts_with("//") && location.chars().all(|c| c.is_ascii_graphic() && c != '\\');
    assert!(clean && !there.path().contains("evil") && !there.path().contains("//"), "{then:?} led to {location:?}");
}

#[tokio::test]
async fn nothing_leads_out() {
    let mock = Mock::default();
    let url = mock.start().await;
    let portal = portal(&[("x", &url)], "").await;
    let mut browser = Browser::of(&portal);
    let product = WAYS.iter().flat_map(|way| HOSTS.iter().flat_map(move |host| ENDS.iter().map(move |end| format!("{way}{host}{end}"))));
    let all: Vec<String> = product.chain(OTHERS.map(str::to_owned)).collect();
    assert!(all.len() > 5_000);
    // All of them through what decides, and every seventh the whole way over the backend and back.
    for (turn, then) in all.iter().enumerate() {
        judge(then, &app::routes::Route::safe(then));
        if turn % 7 == 0 {
            let (state, _) = browser.begin("x", then).await;
            judge(then, &browser.get(&format!("/auth/x/callback?code=c&state={state}")).await.location());
        }
    }
}
