//! `sandglass:job/random`: random numbers from the host's generator.

use rand::RngExt as _;

use crate::{bindings::sandglass::job::random::Host, journal::Function, state::RunState};

/// The most bytes that one call gives.
const MAX_BYTES: u32 = 65_536;

impl Host for RunState {
    async fn bytes(&mut self, length: u32) -> wasmtime::Result<Vec<u8>> {
        self.begin(Function::RandomBytes, "", &[&u64::from(length)])?;
        let length = usize::try_from(length.min(MAX_BYTES)).unwrap_or_default();
        let mut bytes = vec![0; length];
        rand::rng().fill(bytes.as_mut_slice());
        self.answer(bytes)
    }

    async fn number(&mut self) -> wasmtime::Result<u64> {
        self.begin(Function::RandomNumber, "", &[])?;
        let number: u64 = rand::random();
        self.answer(number)
    }
}
