//! TLS for both roles, with rustls; certificates come from the files that the benchmark names.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::{TlsAcceptor, TlsConnector, rustls};

/// The stream that the libraries use: TCP, with TLS or without.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

pub fn acceptor(certificate: &str, key: &str) -> io::Result<TlsAcceptor> {
    let certificates = vec![CertificateDer::from_pem_file(certificate).map_err(io::Error::other)?];
    let key = PrivateKeyDer::from_pem_file(key).map_err(io::Error::other)?;
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .map_err(io::Error::other)?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Connects to a server whose authority is in the file that `SSL_CERT_FILE` names.
pub async fn connect(stream: TcpStream) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let file = std::env::var("SSL_CERT_FILE").map_err(io::Error::other)?;
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(file).map_err(io::Error::other)?)
        .map_err(io::Error::other)?;
    let config = ClientConfig::builder()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").map_err(io::Error::other)?;
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}
