//! The OAuth provider: PKCE, rotation, revocation, consent.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use forge::oauth::applications::NewApplication;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::actor::{Actor, World};

const VERIFIER: &str = "ks02i3jdikdo2k0dkfodf3m39rjfjsdk0wk349rj3jrhf";
const REDIRECT: &str = "https://portal.test/callback";

async fn application(world: &World, trusted: bool) -> String {
    let new =
        NewApplication { name: "Portal".into(), redirect_uris: REDIRECT.into(), scopes: "api openid profile email".into(), confidential: false, trusted, uid: None, owner: None };
    world.forge.create_application(&new).await.expect("it is registered").1
}

async fn sign_in(world: &World) -> String {
    world.forge.add_user("alice", Some("a good password"), false).await.expect("the name is free");
    let form = "username=alice&password=a+good+password";
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    let answer = world.anonymous().send("POST", "!/users/sign_in", &headers, form).await.expect(303);
    let cookie = answer.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
    cookie.split(';').next().unwrap_or_default().to_owned()
}

fn authorize(client: &str, scope: &str) -> String {
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER));
    format!("!/oauth/authorize?client_id={client}&redirect_uri={REDIRECT}&response_type=code&scope={scope}&state=s1&code_challenge={challenge}&code_challenge_method=S256&nonce=n1")
}

fn code_of(location: &str) -> String {
    assert!(location.starts_with(REDIRECT) && location.contains("state=s1"), "{location}");
    location.split("code=").nth(1).and_then(|rest| rest.split('&').next()).unwrap_or_default().to_owned()
}

async fn token(actor: &Actor, form: String) -> (u16, Value) {
    let answer = actor.send("POST", "!/oauth/token", &[("content-type", "application/x-www-form-urlencoded")], form).await;
    (answer.status.as_u16(), answer.json())
}

#[tokio::test]
async fn code_with_pkce_then_rotation_that_kills_both_old_tokens() {
    let world = World::new().await;
    let (client, cookie, nobody) = (application(&world, true).await, sign_in(&world).await, world.anonymous());
    let code = code_of(nobody.send("GET", &authorize(&client, "api+openid"), &[("cookie", &cookie)], "").await.expect(303).header("location"));
    let grant = |code: &str, verifier: &str| format!("grant_type=authorization_code&client_id={client}&code={code}&redirect_uri={REDIRECT}&code_verifier={verifier}");
    let (status, wrong) = token(&nobody, grant(&code, "another-verifier-another-verifier-another-verif")).await;
    assert_eq!((status, wrong["error"].as_str()), (400, Some("invalid_grant")));
    let (status, first) = token(&nobody, grant(&code, VERIFIER)).await;
    assert_eq!((status, first["expires_in"].as_i64(), first["token_type"].as_str()), (200, Some(7200), Some("Bearer")));
    let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
    assert_eq!((text(&first, "access_token").len(), text(&first, "refresh_token").len()), (64, 64));
    let payload = text(&first, "id_token").split('.').nth(1).and_then(|part| URL_SAFE_NO_PAD.decode(part).ok()).unwrap_or_default();
    let claims: Value = serde_json::from_slice(&payload).unwrap_or_default();
    assert_eq!((claims["nonce"].as_str(), claims["preferred_username"].as_str(), claims["iss"].as_str()), (Some("n1"), Some("alice"), Some("http://forge.test/forge")));
    world.with_token(&text(&first, "access_token")).get("/user").await.expect(200);
    let refresh = |token: &str| format!("grant_type=refresh_token&client_id={client}&refresh_token={token}");
    let (status, second) = token(&nobody, refresh(&text(&first, "refresh_token"))).await;
    assert_eq!(status, 200);
    let dead = world.with_token(&text(&first, "access_token")).get("/user").await.expect(401).json();
    assert_eq!(dead["error"], "invalid_token");
    assert_eq!(token(&nobody, refresh(&text(&first, "refresh_token"))).await.0, 400);
    world.clock.advance(7201);
    let old = world.with_token(&text(&second, "access_token")).get("/user").await.expect(401).json();
    assert!(text(&old, "error_description").starts_with("Token is expired"), "{old}");
    // A code that comes back was stolen: what it gave is taken away.
    assert_eq!(token(&nobody, grant(&code, VERIFIER)).await.0, 400);
}

#[tokio::test]
async fn strangers_are_asked_for_consent_and_wrong_addresses_are_not_gone_to() {
    let world = World::new().await;
    let (client, cookie, nobody) = (application(&world, false).await, sign_in(&world).await, world.anonymous());
    let page = nobody.send("GET", &authorize(&client, "api"), &[("cookie", &cookie)], "").await.expect(200);
    assert!(page.text().contains("Allow Portal?") && page.header("content-security-policy").contains("frame-ancestors 'none'"));
    let elsewhere = authorize(&client, "api").replace("portal.test", "evil.test");
    let refused = nobody.send("GET", &elsewhere, &[("cookie", &cookie)], "").await.expect(400);
    assert_eq!(refused.header("location"), "");
    let too_much = nobody.send("GET", &authorize(&client, "read_repository"), &[("cookie", &cookie)], "").await.expect(303);
    assert!(too_much.header("location").contains("error=invalid_scope"));
    let unsigned = nobody.get(&authorize(&client, "api")).await.expect(303);
    assert!(unsigned.header("location").contains("/users/sign_in?then="));
    let form = authorize(&client, "api").split_once('?').map(|(_, query)| format!("{query}&consent=yes")).unwrap_or_default();
    let post = async |site: &'static str| {
        nobody.send("POST", "!/oauth/authorize", &[("cookie", &cookie), ("sec-fetch-site", site), ("content-type", "application/x-www-form-urlencoded")], form.clone()).await
    };
    post("cross-site").await.expect(403);
    code_of(post("same-origin").await.expect(303).header("location"));
}

#[tokio::test]
async fn a_sign_in_link_works_once() {
    let world = World::new().await;
    let link = world.forge.sign_in_link("admin").await.expect("admin is there");
    let path = format!("!{}", link.strip_prefix("http://forge.test/forge").unwrap_or_default());
    world.anonymous().get(&path).await.expect(303);
    assert!(world.anonymous().get(&path).await.expect(410).text().contains("has been used"));
}

#[tokio::test]
async fn guessing_is_slowed_down() {
    let world = World::new().await;
    sign_in(&world).await;
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("sec-fetch-site", "same-origin")];
    let guess = async || world.anonymous().send("POST", "!/users/sign_in", &headers, "username=alice&password=wrong+wrong").await.status.as_u16();
    for _ in 0..10 {
        assert_eq!(guess().await, 422);
    }
    assert_eq!(guess().await, 429);
    world.clock.advance(301);
    assert_eq!(guess().await, 422);
}
