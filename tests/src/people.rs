//! Users of a server, and clients that call as one of them.

use serde_json::json;

use crate::Client;

/// Every role.
pub const ROLES: [&str; 5] = [
    "super_admin",
    "admin",
    "user",
    "template_author",
    "security_reviewer",
];

impl Client {
    /// Makes a user of that role where there is none, and a client that calls as the user.
    #[must_use]
    pub fn as_user(&self, id: &str, role: &str) -> Self {
        let made = self.post("/api/admin/users", &json!({"id": id, "role": role}));
        assert!(matches!(made.status, 201 | 409), "{:#}", made.body);
        self.with_new_token(&json!({"user": id, "name": "a test"}))
    }

    /// Makes a token and a client that has it.
    #[must_use]
    pub fn with_new_token(&self, token: &serde_json::Value) -> Self {
        let made = self.post("/api/admin/tokens", token).expect(201);
        let secret = made.body["secret"].as_str().expect("a token");
        self.clone().with_token(secret)
    }
}
