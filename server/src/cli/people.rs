//! `twinport user …` and `twinport token …`; they work while the server runs, too.

use std::io::Read;

use crate::config::Config;
use crate::state::forge_config;
use forge::Forge;
use forge::clock::Clock;

use super::{Place, UserCommand, say};

/// The forge in the data folder; with `fresh`, made if there is none.
async fn open(place: &Place, fresh: bool) -> Result<Forge, String> {
    let config = Config::load(place.config.as_deref()).map_err(|error| error.to_string())?;
    if !config.forge_enabled() {
        return Err("this configuration has no embedded backend: people are made on its GitLab".to_owned());
    }
    let mut config = forge_config(&config, &place.data);
    // A running server has written down where it is reached.
    let database = config.folder.join("forge.db");
    if !database.exists() && !fresh {
        return Err(format!("there is no Twinport in {}: choose its folder with --data", place.data.display()));
    }
    if database.exists()
        && let Ok(pool) = forge::store::open(&database).await
    {
        if let Ok(Some(url)) = forge::store::setting(&pool, "url").await {
            config.url = url.trim_end_matches('/').to_owned();
        }
        pool.close().await;
    }
    let forge = Forge::open(config, Clock::default()).await.map_err(|error| format!("{error}"))?;
    forge.bootstrap().await.map_err(|error| error.to_string())?;
    Ok(forge)
}

fn password() -> Result<String, String> {
    let mut text = String::new();
    std::io::stdin().take(4096).read_to_string(&mut text).map_err(|error| format!("failed to read the password from standard input: {error}"))?;
    let text = text.trim_end_matches(['\r', '\n']).to_owned();
    if text.is_empty() { Err("no password came from standard input: try `printf %s PASSWORD | twinport …`".to_owned()) } else { Ok(text) }
}

/// `twinport user …`
pub async fn user(command: UserCommand) -> Result<(), String> {
    match command {
        UserCommand::Add { name, place, password_stdin, admin } => {
            let password = if password_stdin { Some(password()?) } else { None };
            let forge = open(&place, true).await?;
            let user = forge.add_user(&name, password.as_deref(), admin).await.map_err(|error| error.to_string())?;
            say(&format!("Made {} with the project dtaas/{}.", user.username, user.username.to_lowercase()))?;
            if password.is_none() {
                say(&format!("Sign in once at {}", forge.sign_in_link(&name).await.map_err(|error| error.to_string())?))?;
            }
            Ok(())
        }
        UserCommand::Password { name, place } => {
            let password = password()?;
            open(&place, false).await?.set_password(&name, &password).await.map_err(|error| error.to_string())
        }
        UserCommand::Link { name, place } => {
            say(&open(&place, false).await?.sign_in_link(&name).await.map_err(|error| error.to_string())?)?;
            Ok(())
        }
        UserCommand::List { place } => {
            let forge = open(&place, false).await?;
            let users = forge::store::identity::users(&forge.db, None, None).await.map_err(|error| error.to_string())?;
            users.iter().rev().try_for_each(|user| say(&user.username))?;
            Ok(())
        }
    }
}

/// `twinport token create`
pub async fn token(place: &Place, name: &str, scopes: &[String], days: Option<i64>) -> Result<(), String> {
    let forge = open(place, false).await?;
    say(&forge.create_token(name, "command line", scopes, days).await.map_err(|error| error.to_string())?)?;
    Ok(())
}
