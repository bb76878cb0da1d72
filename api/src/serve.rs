//! Serving the API on a socket until it shall end.

use std::{net::SocketAddr, time::Duration};

use tokio::net::TcpListener;

use crate::{router, state::ApiState};

/// How long requests that are being answered may take after the API was told to end.
const GRACE: Duration = Duration::from_secs(10);

/// Serves the API until its state's `shutdown` is cancelled and the requests of that moment are
/// answered, which may take up to ten seconds.
///
/// # Errors
/// Where the socket cannot be used.
pub async fn serve(listener: TcpListener, state: ApiState) -> std::io::Result<()> {
    let shutdown = state.shutdown.clone();
    let ended = shutdown.clone().cancelled_owned();
    let service = router(state).into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(ended);
    tokio::select! {
        served = server => served,
        () = async {
            shutdown.cancelled().await;
            tokio::time::sleep(GRACE).await;
        } => {
            tracing::warn!("serve.requests.abandoned");
            Ok(())
        }
    }
}
