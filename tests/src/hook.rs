//! A small server on loopback that webhooks are sent to.

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
};

/// Makes an answer of a request.
type Answer = dyn Fn(&str) -> String + Send + Sync;

/// A server that keeps what it was sent. It lives as long as the process.
#[derive(Debug)]
pub struct HookServer {
    port: u16,
    requests: Arc<Mutex<Vec<String>>>,
}

impl HookServer {
    /// Starts a server that answers each request with the whole answer, head and body, that `answer`
    /// makes of it.
    #[must_use]
    pub fn start(answer: impl Fn(&str) -> String + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (kept, answer): (_, Arc<Answer>) = (requests.clone(), Arc::new(answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serve(stream, &kept, &*answer);
            }
        });
        Self { port, requests }
    }

    /// The URL of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The requests so far, as they came.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().expect("no test panics in it").clone()
    }
}

fn serve(mut stream: TcpStream, requests: &Mutex<Vec<String>>, answer: &Answer) {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    while !is_whole(&bytes) {
        match stream.read(&mut piece) {
            Ok(0) | Err(_) => return,
            Ok(length) => bytes.extend_from_slice(&piece[..length]),
        }
    }
    let request = String::from_utf8_lossy(&bytes).into_owned();
    let answer = answer(&request);
    requests.lock().expect("no test panics in it").push(request);
    stream.write_all(answer.as_bytes()).ok();
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let mut lines = head.lines();
    let length = lines.find_map(|line| line.strip_prefix("content-length: "));
    length.is_none_or(|length| body.len() >= length.parse().unwrap_or(0))
}
