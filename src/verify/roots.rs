//! The authorities whose certificates count: the system's, and those of files that the user names.

use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use ureq::tls::{Certificate, RootCerts};

use super::Error;

/// A set of authorities.
#[derive(Clone, Debug)]
pub struct Roots(RootCerts);

impl Roots {
    /// The authorities of the system (Mozilla's, where the system has none) and those of `files`, in
    /// PEM.
    ///
    /// # Errors
    /// If a file cannot be read, or holds no certificate that is one.
    pub fn load<P: AsRef<Path>>(files: &[P]) -> Result<Self, Error> {
        let mut all: Vec<CertificateDer<'static>> = rustls_native_certs::load_native_certs().certs;
        if all.is_empty() {
            all.extend(webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().cloned());
        }
        for file in files {
            all.append(&mut read(file.as_ref())?);
        }
        let owned = all.iter().map(|c| Certificate::from_der(c).to_owned());
        Ok(Self(RootCerts::Specific(Arc::new(owned.collect()))))
    }

    pub(super) fn certificates(&self) -> RootCerts {
        self.0.clone()
    }
}

fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let wrong = |why: String| Error::Certificates { path: path.display().to_string(), why };
    let text = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let found = parsed.map_err(|_| wrong("it is no PEM".to_owned()))?;
    if found.is_empty() {
        return Err(wrong("it holds no certificate in PEM".to_owned()));
    }
    let mut store = rustls::RootCertStore::empty();
    for certificate in &found {
        store
            .add(certificate.clone())
            .map_err(|_| wrong("it holds a certificate that is none".to_owned()))?;
    }
    Ok(found)
}
