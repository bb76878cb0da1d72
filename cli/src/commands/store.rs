//! `sandglass store`: what is done with a store as a whole, while no service uses it.

pub(crate) mod copy;
mod place;
