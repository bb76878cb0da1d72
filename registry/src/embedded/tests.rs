//! What the files on the disk go through: opening, refusing, and being left behind by a killed
//! process.

mod crash;
mod opening;
mod plans;
mod upgrading;
