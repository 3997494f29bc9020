//! Every check there is, with its stable id and what it means.

/// A check.
#[derive(Debug)]
pub struct Entry {
    /// Stable: scripts rely on it.
    pub id: &'static str,
    /// What is checked, and what makes it warn or fail.
    pub meaning: &'static str,
}

const fn entry(id: &'static str, meaning: &'static str) -> Entry {
    Entry { id, meaning }
}

/// All checks, in the order of a report.
pub const CHECKS: &[Entry] = &[
    entry(
        "config.settings",
        "required settings are there and well-formed, URLs are https, no placeholder or unexpanded variable is left; else fail",
    ),
    entry("config.scope", "the scope has no placeholder, comma, Markdown or stray `/`; else warn"),
    entry(
        "secret.source",
        "the client secret can be read and is not empty, else fail; loose permissions or edge white space warn",
    ),
    entry("secret.expiry", "`secret_expires` is further away than --warn-before; else warn, fail once it has passed"),
    entry("server.connection", "name, connection and TLS of the authorization server work; else fail"),
    entry("server.certificate", "no certificate of the servers ends within 14 days; else warn"),
    entry("server.clock", "the server's clock and ours differ by 30 s at most; else warn"),
    entry(
        "discovery.document",
        "the metadata is there, well-formed, and names the expected issuer and a usable token endpoint; else fail",
    ),
    entry("discovery.auth_method", "the metadata lists the client's authentication method; else warn"),
    entry("token.grant", "the token endpoint grants a token; else fail, with the cause"),
    entry("token.latency", "the grant takes 5 s at most; else warn"),
    entry(
        "token.type",
        "the token is a Bearer token; a missing `token_type` warns, another one fails unless `bearer_token_types` names it",
    ),
    entry("token.syntax", "the token fits a header, else fail; characters beyond RFC 6750 and more than 8 KiB warn"),
    entry(
        "token.lifetime",
        "`expires_in` is a number above zero, else warn; so does more than 30 days; below --min-ttl, or unknown with it, fail",
    ),
    entry(
        "token.scope",
        "every --require-scope is granted, else fail, or warn where nobody says; less granted than asked warns",
    ),
    entry("token.extras", "no refresh token or ID token comes along; else warn"),
    entry("token.response", "the response is JSON and marked `no-store`; else warn"),
    entry("token.quota", "more than a tenth of the quota that the server tells is left; else warn"),
    entry("token.negative", "with --negative: a scope that does not exist is not granted; else warn"),
    entry(
        "jwt.claims",
        "issuer, client and expiry in a JWT agree with the settings and the response; else warn; `alg: none` fails",
    ),
    entry("jwt.audience", "a JWT names every --require-aud, else fail; the configured audience, else warn"),
    entry("jwt.signature", "a key of the issuer signed the JWT; wrong fails, an unknown key warns"),
    entry("jwt.binding", "a token bound to a certificate (`cnf`) is bound to ours; else fail"),
    entry(
        "api.probe",
        "with --api, --cpf or --login: the API accepts the token; else fail, with the cause; an HTML page warns",
    ),
];
