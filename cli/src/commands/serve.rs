//! `sandglass serve`: runs the service until it is told to stop.
//!
//! The API is served by the main runtime; guests run on threads of the sandbox's own, so that a busy
//! guest never slows an answer.

use std::{
    io::{self, Write as _},
    time::Duration,
};

use clap::Args;
use sandglass_api::{Starting, serve_starting};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    demo,
    failure::{Failure, OrFail as _},
    service::{Service, StopSignals, storage::own_clock},
    settings::{SettingArguments, Settings},
    telemetry,
};

/// How long tasks that are left may take when everything has ended.
const LEFTOVERS: Duration = Duration::from_secs(2);

/// How long answers may take that were begun before the service had started.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

const SERVING: &str = "serving the API";

/// How to run the service.
#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    #[command(flatten)]
    settings: SettingArguments,
    /// Where there is nothing yet, make collections and jobs to try things out with.
    #[arg(long)]
    demo: bool,
}

/// Runs the service until it is told to stop.
pub(crate) fn run(arguments: ServeArguments) -> Result<(), Failure> {
    let settings = Settings::load(arguments.settings)?;
    telemetry::start(settings.log_format, &settings.log_filter)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_name("api")
        .build()
        .or_fail("starting the runtime")?;
    let served = runtime.block_on(serve(&settings, arguments.demo));
    runtime.shutdown_timeout(LEFTOVERS);
    served
}

async fn serve(settings: &Settings, demo: bool) -> Result<(), Failure> {
    let mut signals = StopSignals::listen()?;
    let bound = TcpListener::bind(settings.listen).await;
    let listener = bound
        .or_fail(format!("listening on {}", settings.listen))
        .map_err(|failure| {
            failure.advise("choose another address with --listen; port 0 takes a free one")
        })?;
    let address = listener.local_addr().or_fail("asking for the address")?;
    tracing::info!(address = %address, "serve.starting");
    let (listener, meanwhile) = Meanwhile::answer(listener, settings).or_fail(SERVING)?;
    let service = tokio::select! {
        service = Service::start(settings, &meanwhile.waits_for) => service?,
        () = signals.next() => return Ok(()),
    };
    if demo {
        demo::fill(&service).await?;
    }
    meanwhile.end().await?;
    announce(&format!("listening on http://{address}"))?;
    let mut api = tokio::spawn(sandglass_api::serve(listener, service.api.clone()));
    tokio::select! {
        () = signals.next() => {}
        ended = &mut api => return ended.or_fail(SERVING)?.or_fail(SERVING),
    }
    tracing::info!("serve.draining");
    let stop = async {
        service.scheduler.drain(settings.drain).await;
        service.shutdown.cancel();
        api.await
    };
    tokio::select! {
        ended = stop => ended.or_fail(SERVING)?.or_fail(SERVING),
        () = signals.next() => end_at_once(),
    }
}

/// Who answers while the service starts.
struct Meanwhile {
    waits_for: watch::Sender<&'static str>,
    started: CancellationToken,
    served: JoinHandle<io::Result<()>>,
}

impl Meanwhile {
    /// Begins to answer on a socket, and gives back another hold on it.
    fn answer(listener: TcpListener, settings: &Settings) -> io::Result<(TcpListener, Self)> {
        let listener = listener.into_std()?;
        let lent = TcpListener::from_std(listener.try_clone()?)?;
        let (waits_for, receiver) = watch::channel("the store does not answer yet");
        let started = CancellationToken::new();
        let starting = Starting {
            waits_for: receiver,
            version: env!("CARGO_PKG_VERSION"),
            clock: own_clock(settings.clock_offset),
            started: started.clone(),
        };
        let meanwhile = Self {
            waits_for,
            started,
            served: tokio::spawn(serve_starting(lent, starting)),
        };
        Ok((TcpListener::from_std(listener)?, meanwhile))
    }

    /// Ends it. Whoever is half-way through a request is not waited for.
    async fn end(mut self) -> Result<(), Failure> {
        self.started.cancel();
        let Ok(ended) = tokio::time::timeout(LAST_ANSWERS, &mut self.served).await else {
            self.served.abort();
            return Ok(());
        };
        ended.or_fail(SERVING)?.or_fail(SERVING)
    }
}

/// Ends the process without waiting for anything: what was acknowledged is stored, and what was running
/// begins anew at the next start.
fn end_at_once() -> ! {
    eprintln!("error: told to stop twice; ended at once, and what was running begins anew");
    std::process::exit(1)
}

/// The first line on standard output.
fn announce(line: &str) -> Result<(), Failure> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")
        .and_then(|()| output.flush())
        .or_fail("writing to standard output")
}
