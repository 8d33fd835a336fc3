//! `twinport federation run`: a federated run without a browser, for those who leave, and for CI jobs of the
//! managing twin. It uses the tokens that it is given and nothing else.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::config::{Config, Instance};
use clap::Args;
use federation::journal::{Journal, VERSION, Wish};
use federation::lead::{Hands, Lead, Reached, Seen};
use federation::lookup::{self, Known};
use federation::manifest::{FILE, Whereabouts};
use federation::plan::{Found, Home, Place, Plan};
use federation::reach::{record, sentence};
use federation::standing::Whole;
use gitlab::endpoint::ask;
use gitlab::{Error, Request, Response, Transport};

use super::say;

/// Seconds between two looks at members.
const PACE: f64 = 5.0;
/// Seconds that a run may wait for a person, whom nobody can ask here.
const PATIENCE: f64 = 60.0;

/// What is to be run.
#[derive(Debug, Args)]
pub struct Run {
    /// The configuration, which says where instances are.
    #[arg(long)]
    config: Option<PathBuf>,
    /// The instance of the federated twin.
    #[arg(long)]
    instance: String,
    /// The project of the federated twin, by its full path.
    #[arg(long)]
    project: String,
    /// The federated twin: a folder in `digital_twins` with a `federation.yml`.
    twin: String,
    /// Go on with a run, or stop it, instead of beginning one.
    #[arg(long)]
    run: Option<String>,
    /// Stop all members in order instead of starting them; needs `--run`.
    #[arg(long, requires = "run")]
    stop: bool,
}

/// Requests to one backend with a token.
#[derive(Clone)]
struct Http {
    client: reqwest::Client,
    base: String,
    token: String,
    /// An answer may take so long; the client's own time when absent.
    seconds: Option<f64>,
}

impl Transport for Http {
    async fn send(&self, request: Request) -> Result<Response, Error> {
        let method = reqwest::Method::from_bytes(request.method.as_str().as_bytes()).unwrap_or_default();
        let mut asked = self.client.request(method, format!("{}/api{}", self.base, request.url())).header("PRIVATE-TOKEN", &self.token);
        if let Some(from) = request.from_byte {
            asked = asked.header("Range", format!("bytes={from}-"));
        }
        if let Some(body) = &request.body {
            asked = asked.json(body);
        }
        if let Some(seconds) = self.seconds {
            asked = asked.timeout(Duration::from_secs_f64(seconds.max(0.1) + 10.0));
        }
        let failed = |error: reqwest::Error| if error.is_timeout() { Error::TimedOut } else { Error::Unreachable };
        let answer = asked.send().await.map_err(failed)?;
        let status = answer.status().as_u16();
        let headers = answer.headers().iter().map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect();
        Ok(Response { status, headers, body: answer.bytes().await.map_err(failed)?.to_vec() })
    }
}

struct Program {
    config: Config,
    http: reqwest::Client,
    home: Http,
    began: Instant,
    names: Vec<String>,
    said: RefCell<Vec<String>>,
    last: RefCell<Seen>,
    /// Since when a person is waited for.
    waits: Cell<Option<f64>>,
}

/// The variable that a backend's token is in.
fn variable(backend: &str) -> String {
    format!("TWINPORT_TOKEN_{}", backend.to_uppercase().replace('-', "_"))
}

fn reach(config: &Config, http: &reqwest::Client, instance: &Instance) -> Result<Http, String> {
    let name = variable(&instance.gitlab);
    let token = std::env::var(&name).map_err(|_| format!("no token for {}: put one of the scope api into the environment variable {name}", instance.name))?;
    let base = config
        .gitlab
        .iter()
        .find(|gitlab| gitlab.id == instance.gitlab)
        .map_or_else(|| format!("{}/forge", config.public_url()), |gitlab| gitlab.url.trim_end_matches('/').to_owned());
    Ok(Http { client: http.clone(), base, token, seconds: None })
}

impl Hands for Program {
    type Transport = Http;

    fn reach(&self, instance: &str) -> Option<Reached<Http>> {
        let instance = self.config.instance.iter().find(|known| known.id == instance)?;
        let transport = reach(&self.config, &self.http, instance).ok()?;
        Some(Reached { transport, branch: instance.branch.clone(), tag: instance.runner_tag.clone() })
    }

    fn home(&self) -> Http {
        self.home.clone()
    }

    fn now(&self) -> f64 {
        self.began.elapsed().as_secs_f64()
    }

    async fn sleep(&self, milliseconds: u32) {
        tokio::time::sleep(Duration::from_millis(u64::from(milliseconds))).await;
    }

    fn spawn(&self, work: impl Future<Output = ()> + 'static) {
        tokio::task::spawn_local(work);
    }

    fn pace(&self, _leads: bool) -> Option<f64> {
        Some(PACE)
    }

    fn hurry(&self, transport: Http, seconds: f64) -> Http {
        Http { seconds: Some(seconds), ..transport }
    }

    fn wrote(&self, _run: &str) {}

    /// A line for each change, and the end when all is over or somebody else leads.
    fn show(&self, seen: Seen) -> bool {
        let mut said = self.said.borrow_mut();
        said.resize(seen.seats.len(), String::new());
        for (place, (standing, why, pipeline, _)) in seen.seats.iter().enumerate() {
            let run = pipeline.map(|pipeline| format!(" (run {pipeline})")).unwrap_or_default();
            let line = format!("{}: {}{run} {why}", self.names[place], standing.word());
            if said[place] != line {
                let _ = say(line.trim_end());
                said[place] = line;
            }
        }
        if seen.trouble != self.last.borrow().trouble
            && let Some(why) = &seen.trouble
        {
            let _ = say(&format!("the record of this run cannot be reached: {why}"));
        }
        // Whoever started this has nobody to ask: what waits for a person ends it, after a while in which an
        // instance may come back.
        let waits = matches!(seen.whole, Some(Whole::Held | Whole::Paused));
        self.waits.set(if waits { self.waits.get().or_else(|| Some(self.now())) } else { None });
        let stuck = self.waits.get().is_some_and(|since| self.now() - since > PATIENCE);
        let deposed = self.last.borrow().leads && !seen.leads;
        let over = seen.settled || deposed || stuck;
        *self.last.borrow_mut() = seen;
        !over
    }
}

async fn look(config: &Config, http: &reqwest::Client, place: &Place) -> Found {
    let Some(instance) = config.instance.iter().find(|known| known.id == place.instance) else { return Found::Broken(format!("no instance has the id {}", place.instance)) };
    let branch = place.branch.clone().or(instance.branch.clone()).unwrap_or_else(|| "HEAD".to_owned());
    match reach(config, http, instance) {
        Ok(transport) => lookup::at(&transport, place, &branch).await.unwrap_or_else(|error| Found::Broken(sentence(&error))),
        Err(why) => Found::Broken(why),
    }
}

fn home(config: &Config, place: &Whereabouts) -> Result<Home, String> {
    let known = config.instance.iter().map(|known| Known { id: &known.id, common: (&known.group, &known.common_project), card: known.card.as_deref() });
    lookup::home(known, &config.public_url(), place)
}

async fn planned(config: &Config, http: &reqwest::Client, root: &Place) -> Result<Plan, String> {
    let manifest = match look(config, http, root).await {
        Found::Federated(manifest) => manifest,
        Found::Plain => return Err(format!("{} has no {FILE}: it is no federated twin", root.twin)),
        Found::Broken(why) => return Err(format!("{} cannot be read: {why}", root.twin)),
    };
    let look = async |place: Place| look(config, http, &place).await;
    lookup::planned(root.clone(), manifest, |place| home(config, place), look).await.map_err(|why| why.join(" "))
}

/// Leads a run to its end; an error unless it ended well.
pub async fn run(wish: Run) -> Result<(), String> {
    let config = Config::load(wish.config.as_deref()).map_err(|error| error.to_string())?;
    let http = reqwest::ClientBuilder::new().timeout(Duration::from_secs(15)).build().map_err(|error| error.to_string())?;
    let instance = config.instance.iter().find(|known| known.id == wish.instance).ok_or_else(|| format!("the configuration has no instance {}", wish.instance))?.clone();
    let own = reach(&config, &http, &instance)?;
    let root = Place { instance: instance.id.clone(), project: wish.project.clone(), twin: wish.twin.clone(), branch: None };
    // A run that was begun goes on by the plan that it began with.
    let plan = match &wish.run {
        Some(run) => record::plan(&own, &wish.project, &wish.twin, run).await?.again(planned(&config, &http, &root).await.ok().as_ref()),
        None => planned(&config, &http, &root).await?,
    };
    let me = format!("program-{}-{:08x}", std::process::id(), rand::random::<u32>());
    let id = match wish.run.clone() {
        Some(run) => run,
        None => {
            let (stamp, begun) = (chrono::Utc::now().format("%Y%m%d%H%M%S").to_string(), chrono::Utc::now().format("%Y-%m-%dT%H:%M:%SZ").to_string());
            let id = format!("{stamp}-{:04x}", rand::random::<u16>());
            let by = ask(&own, &gitlab::users::CurrentUser).await.map(|user| user.username).map_err(|error| sentence(&error))?;
            let journal = Journal { version: VERSION, id: id.clone(), twin: wish.twin.clone(), by, begun, leader: me.clone(), ..Journal::default() };
            record::begin(&own, &wish.project, &journal, &plan).await.map_err(|why| why.sentence().to_owned())?;
            id
        }
    };
    let read = record::read(&own, &wish.project, &wish.twin, &id).await?;
    say(&format!("run {id} of {}: {} members", wish.twin, plan.seats.len()))?;
    let shown = id.clone();
    let names = plan.seats.iter().map(|seat| seat.name.clone()).collect();
    let program = Program { home: own, http, config, began: Instant::now(), names, said: RefCell::default(), last: RefCell::default(), waits: Cell::new(None) };
    tokio::task::LocalSet::new()
        .run_until(async move {
            let lead = Lead::take_up(program, wish.project, plan, read, me, true);
            if wish.stop {
                lead.wish(Wish::Stop);
            }
            let end = lead.clone();
            lead.run().await;
            let seen = end.hands().last.borrow().clone();
            match seen.whole {
                Some(whole) if !seen.leads => Err(format!("somebody else leads this run now; it is {}", whole.word().to_lowercase())),
                Some(Whole::Done) => say("Done"),
                Some(Whole::Stopped) if wish.stop => say("Stopped"),
                Some(Whole::Held | Whole::Paused) => {
                    Err(format!("this run waits for a person to decide; open it in a browser and lead it on, or stop it with --run {shown} --stop"))
                }
                Some(whole) => Err(format!("the federated run ended as {}", whole.word().to_lowercase())),
                None => Err("nothing is known of the run".to_owned()),
            }
        })
        .await
}
