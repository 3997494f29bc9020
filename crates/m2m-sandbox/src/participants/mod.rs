//! The participants of the API, all of them fictional. HTTP is in `crate::api`.

pub(crate) mod cpf;
pub(crate) mod directory;
pub(crate) mod participant;
