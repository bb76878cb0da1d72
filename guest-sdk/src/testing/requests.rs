//! Requests that go nowhere.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};

use crate::{Request, Response};

/// What was sent, what is answered, and which secrets there are.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pub(super) sent: RefCell<Vec<Request>>,
    pub(super) answers: RefCell<VecDeque<Response>>,
    pub(super) secrets: BTreeSet<String>,
}

impl Requests {
    /// Keeps a request and gives the next answer; 204 where there is none left.
    pub(super) fn send(&self, request: &Request) -> Response {
        self.sent.borrow_mut().push(request.clone());
        let next = self.answers.borrow_mut().pop_front();
        next.unwrap_or(Response {
            status: 204,
            headers: Vec::new(),
            body: Vec::new(),
        })
    }
}

/// What the grant is asked for: the method and the URL without its query.
pub(super) fn target(request: &Request) -> String {
    let url = request.url.split(['?', '#']).next().unwrap_or_default();
    format!("{} {url}", request.method)
}
