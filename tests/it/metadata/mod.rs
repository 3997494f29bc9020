//! Authorization server metadata: where it is looked up, and which documents are accepted.

mod discovery;
mod document;
mod issuer;
