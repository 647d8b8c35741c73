//! The stream that wtx reads and writes. wtx has streams for TCP and TLS of its own, but never flushes them. With TLS the
//! end of a message can then stay in the buffer of rustls for ever, so this one flushes after every write.

use crate::secure::Stream;
use std::io::IoSlice;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use wtx::stream::{StreamReader, StreamWriter};

/// Most slices that wtx writes at once.
const MAX_SLICES: usize = 8;

pub struct WtxStream<S>(pub S);

impl<S: Stream> StreamReader for WtxStream<S> {
    async fn read(&mut self, bytes: &mut [u8]) -> wtx::Result<usize> {
        Ok(self.0.read(bytes).await?)
    }
}

impl<S: Stream> StreamWriter for WtxStream<S> {
    async fn write_all(&mut self, bytes: &[u8]) -> wtx::Result<()> {
        self.0.write_all(bytes).await?;
        Ok(self.0.flush().await?)
    }

    async fn write_all_vectored(&mut self, bytes: &[&[u8]]) -> wtx::Result<()> {
        let mut slices = [IoSlice::new(&[]); MAX_SLICES];
        for (slice, bytes) in slices.iter_mut().zip(bytes) {
            *slice = IoSlice::new(bytes);
        }
        let mut rest = &mut slices[..bytes.len()];
        while !rest.is_empty() {
            match self.0.write_vectored(rest).await? {
                0 => return Err(wtx::Error::UnexpectedStreamWriteEOF),
                written => IoSlice::advance_slices(&mut rest, written),
            }
        }
        Ok(self.0.flush().await?)
    }
}
