//! A client of the REST API that shows answers as they come, whatever their status.

use std::{
    io::{BufRead as _, BufReader},
    time::Duration,
};

use serde_json::{Value, json};
use ureq::{Agent, http};

/// How long a test waits for something that takes the server a moment.
const PATIENCE: Duration = Duration::from_secs(90);
/// How often it looks meanwhile.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Speaks to one server.
#[derive(Debug, Clone)]
pub struct Client {
    agent: Agent,
    address: String,
    token: Option<String>,
}

/// An answer of the server.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body, as JSON where it is.
    pub body: Value,
    /// The body as bytes.
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The value of a header, or nothing.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    /// This answer, which must have that status.
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        let body = String::from_utf8_lossy(&self.bytes);
        assert_eq!(self.status, status, "{body}");
        self
    }
}

impl Client {
    /// A client of the server at `http://…`.
    #[must_use]
    pub fn new(address: &str, token: Option<&str>) -> Self {
        Self {
            agent: agent(PATIENCE * 2),
            address: address.to_owned(),
            token: token.map(str::to_owned),
        }
    }

    /// The same client, which waits so long for each answer at the most.
    #[must_use]
    pub fn with_patience(mut self, patience: Duration) -> Self {
        self.agent = agent(patience);
        self
    }

    /// The same client with another token.
    #[must_use]
    pub fn with_token(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    /// Its token.
    #[must_use]
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Sends a request.
    #[must_use]
    pub fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let answer = self.try_send(method, path, headers, body);
        answer.expect("the server answers")
    }

    /// Sends a request to a server that may be gone.
    ///
    /// # Errors
    /// Where no whole answer comes.
    pub fn try_send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Result<Answer, ureq::Error> {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.address));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_vec()).expect("a request");
        let mut response = self.agent.run(request)?;
        let bytes = response
            .body_mut()
            .with_config()
            .limit(1 << 30)
            .read_to_vec()?;
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: serde_json::from_slice(&bytes).unwrap_or(Value::Null),
            bytes,
        })
    }

    /// `GET` of a server that may be gone.
    ///
    /// # Errors
    /// Where no whole answer comes.
    pub fn try_get(&self, path: &str) -> Result<Answer, ureq::Error> {
        self.try_send("GET", path, &[], b"")
    }

    /// `POST` with a JSON body to a server that may be gone.
    ///
    /// # Errors
    /// Where no whole answer comes.
    pub fn try_post(&self, path: &str, body: &Value) -> Result<Answer, ureq::Error> {
        self.try_send("POST", path, &[JSON], body.to_string().as_bytes())
    }

    /// `GET`.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        self.send("GET", path, &[], b"")
    }

    /// `POST` with a JSON body.
    #[must_use]
    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, &[JSON], body.to_string().as_bytes())
    }

    /// `PUT` with a JSON body.
    #[must_use]
    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send("PUT", path, &[JSON], body.to_string().as_bytes())
    }

    /// `DELETE`.
    #[must_use]
    pub fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, &[], b"")
    }

    /// Creates a job and returns its id.
    #[must_use]
    pub fn create_job(&self, job: &Value) -> String {
        let answer = self.post("/api/admin/scheduler-jobs", job).expect(201);
        answer.body["job"]["_id"]
            .as_str()
            .expect("an id")
            .to_owned()
    }

    /// Creates a job that only runs by hand and returns its id.
    #[must_use]
    pub fn create_manual_job(&self, template: &str, parameters: &Value) -> String {
        self.create_job(&json!({
            "name": format!("A {template} job"), "template_type": template,
            "parameters": parameters, "schedule": {"type": "manual"}
        }))
    }

    /// Asks for a run of a job, and returns the id of its execution.
    #[must_use]
    pub fn start_job(&self, job: &str, body: &Value) -> String {
        let path = format!("/api/admin/scheduler-jobs/{job}/run");
        let answer = self.post(&path, body).expect(202);
        let id = answer.body["execution_id"].as_str();
        id.expect("an execution").to_owned()
    }

    /// Runs a job by hand and returns the execution once it has ended.
    #[must_use]
    pub fn run_job(&self, job: &str, body: &Value) -> Value {
        self.ended(&self.start_job(job, body))
    }

    /// An execution, once it has ended.
    #[must_use]
    pub fn ended(&self, execution: &str) -> Value {
        self.until(&format!("/api/admin/job-executions/{execution}"), |body| {
            let status = body["execution"]["status"].as_str().unwrap_or_default();
            !matches!(status, "queued" | "running")
        })["execution"]
            .clone()
    }

    /// Asks again and again until the body of the answer is as it should be.
    #[must_use]
    pub fn until(&self, path: &str, is_right: impl Fn(&Value) -> bool) -> Value {
        let looks = PATIENCE.as_millis() / LOOK_EVERY.as_millis();
        let mut last = Value::Null;
        for _ in 0..looks {
            last = self.get(path).expect(200).body;
            if is_right(&last) {
                return last;
            }
            std::thread::sleep(LOOK_EVERY);
        }
        panic!("{path} did not become what was expected; it is {last:#}");
    }

    /// Waits until the server, which may not have come up yet, says that it takes work.
    pub fn until_ready(&self) {
        self.until_health("/readyz", 200);
    }

    /// Waits until the server, which may not have come up yet, answers a question after its health with
    /// that status.
    pub fn until_health(&self, path: &str, status: u16) {
        let looks = PATIENCE.as_millis() / LOOK_EVERY.as_millis();
        let mut last = String::new();
        for _ in 0..looks {
            match self.try_get(path) {
                Ok(answer) if answer.status == status => return,
                Ok(answer) => last = format!("{} {}", answer.status, answer.body),
                Err(error) => last = error.to_string(),
            }
            std::thread::sleep(LOOK_EVERY);
        }
        panic!("{path} did not answer with {status}; it says {last}");
    }

    /// The events of a stream, as (event, id, data), until the server ends it.
    #[must_use]
    pub fn events(&self, path: &str, headers: &[(&str, &str)]) -> Vec<(String, String, Value)> {
        let mut request = self.agent.get(format!("{}{path}", self.address));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.call().expect("the server answers");
        assert_eq!(response.status(), 200);
        let mut events = Vec::new();
        let (mut event, mut id, mut data) = (String::new(), String::new(), String::new());
        for line in BufReader::new(response.into_body().into_reader()).lines() {
            let line = line.expect("a line of the stream");
            match line.split_once(':') {
                Some(("event", value)) => event = value.trim().to_owned(),
                Some(("id", value)) => id = value.trim().to_owned(),
                Some(("data", value)) => data.push_str(value.trim()),
                _ if line.is_empty() && !event.is_empty() => {
                    let data = serde_json::from_str(&std::mem::take(&mut data));
                    let event = std::mem::take(&mut event);
                    events.push((event, std::mem::take(&mut id), data.unwrap_or_default()));
                }
                _ => {}
            }
        }
        events
    }
}

fn agent(patience: Duration) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .max_redirects(0)
        .timeout_global(Some(patience))
        .build()
        .into()
}

const JSON: (&str, &str) = ("content-type", "application/json");
