//! The people the API knows. All of them are made up; none of this knows HTTP.

pub(crate) mod cpf;
pub(crate) mod directory;
pub(crate) mod participant;
