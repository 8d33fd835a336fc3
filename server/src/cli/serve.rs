//! `twinport serve`.

use crate::State;
use crate::config::Config;
use crate::edge::{Door, Front, Listener};
use crate::workspaces::Gate;
use forge::admin::FIRST_USER;
use forge::runner::Sandbox;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;

use super::{Serve, say};

async fn bind(listen: std::net::SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(listen).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            format!("{listen} is in use by another program. Stop that one, or choose another address: --listen 127.0.0.1:{}", listen.port().wrapping_add(1))
        }
        std::io::ErrorKind::PermissionDenied => format!("this user may not listen on {listen}. Ports below 1024 need more rights: choose a higher one with --listen"),
        std::io::ErrorKind::AddrNotAvailable => format!("{} is no address of this machine. Listen on 127.0.0.1 or 0.0.0.0", listen.ip()),
        _ => format!("failed to listen on {listen}: {error}"),
    })
}

fn tls(config: &Config) -> Result<Option<tokio_rustls::TlsAcceptor>, String> {
    match (&config.server.certificate, &config.server.key) {
        (Some(certificate), Some(key)) => crate::edge::acceptor(certificate, key).map(Some),
        _ => Ok(None),
    }
}

async fn stopped() {
    let mut terminate = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(_) => return std::future::pending().await,
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Runs until it is told to stop.
pub async fn serve(arguments: Serve) -> Result<(), String> {
    let filter = EnvFilter::try_from_env("TWINPORT_LOG").unwrap_or_else(|_| EnvFilter::new("info,sqlx=warn,hyper=warn,tower_sessions=warn"));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false).init();
    let mut config = Config::load(arguments.place.config.as_deref()).map_err(|error| error.to_string())?;
    config.server.listen = arguments.listen.unwrap_or(config.server.listen);
    // The port first: it is the likeliest thing to be wrong, and nothing has been touched yet.
    let listener = bind(config.server.listen).await?;
    config.server.listen = listener.local_addr().map_err(|error| error.to_string())?;
    let mut listeners = vec![Listener { socket: listener, door: Door::Main, tls: tls(&config)? }];
    if listeners[0].tls.is_some() {
        // What this server asks itself needs no encryption, and no certificate for 127.0.0.1.
        let socket = bind(std::net::SocketAddr::from(([127, 0, 0, 1], 0))).await?;
        config.server.inside = Some(socket.local_addr().map_err(|error| error.to_string())?);
        listeners.push(Listener { socket, door: Door::Main, tls: None });
    }
    if let (Some(_), Some(address)) = (config.workspaces.driver, config.workspaces.listen) {
        listeners.push(Listener { socket: bind(address).await?, door: Door::Workspaces, tls: tls(&config)? });
    }
    let state = State::open(&config, arguments.place.data.clone()).await.map_err(|error| error.to_string())?;
    let stop = CancellationToken::new();
    let tidying = {
        let state = state.clone();
        tokio::spawn(async move { state.keep_tidy().await })
    };
    let jobs = state.forge.clone().map(|forge| {
        let stop = stop.clone();
        tokio::spawn(async move { forge.run_jobs(stop).await })
    });
    let trusted = config.trusted().unwrap_or_default();
    let front = Front { router: crate::router(&state), gate: Gate::of(&state), trusted: trusted.into(), main: tokio::runtime::Handle::current() };
    let server = tokio::spawn(crate::edge::serve(listeners, front, stop.clone()));
    let watching = tokio::spawn(crate::workspaces::watch(state.clone()));
    let _ = say(&format!("Twinport is ready at {}", config.public_url()));
    if let Some(forge) = state.forge.clone() {
        let link = forge.sign_in_link(FIRST_USER).await.map_err(|error| error.to_string())?;
        let _ = say(&format!("Sign in: {link}"));
        match &forge.runner.sandbox {
            Sandbox::Refused(reason) => tracing::warn!("{reason}; twins will not run until that is put right"),
            Sandbox::None => tracing::warn!("jobs run without a sandbox, with the rights of this server, as the configuration says"),
            Sandbox::Bubblewrap { .. } => {}
        }
        for reason in forge.runner.engines.iter().filter_map(|engine| engine.refused.as_ref()) {
            tracing::warn!("{reason}; jobs with its tags will not run until that is put right");
        }
        tokio::spawn(async move { forge.warm_up().await });
    }
    stopped().await;
    tracing::info!("stopping");
    stop.cancel();
    let _ = server.await;
    tidying.abort();
    watching.abort();
    if let Some(jobs) = jobs {
        let _ = jobs.await;
    }
    state.close().await;
    Ok(())
}
