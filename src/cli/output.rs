//! Reports in files (`--report FORMAT=FILE`), each written whole or not at all.
//!
//! Not here: how a report looks, and the one on standard output.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use super::args::{FormatArg, SharedArgs};
use super::message::Failure;
use crate::finding::Outcome;
use crate::report::{self, Format};
use crate::rule::RuleSet;

/// A report and the file it goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) format: Format,
    pub(super) path: PathBuf,
}

/// Reads `FORMAT=FILE`.
pub(super) fn parse_target(text: &str) -> Result<Target, String> {
    use clap::ValueEnum;
    let names = || {
        let all = FormatArg::value_variants().iter().map(|f| Format::from(*f).as_str());
        all.collect::<Vec<_>>().join(", ")
    };
    let Some((format, path)) = text.split_once('=') else {
        return Err(format!("write `FORMAT=FILE`, FORMAT being one of {}", names()));
    };
    let Ok(format) = FormatArg::from_str(format, false) else {
        return Err(format!("`{format}` is no format; there are {}", names()));
    };
    if path.is_empty() || path == "-" {
        return Err("name a file; `--format` is for standard output".to_owned());
    }
    Ok(Target { format: format.into(), path: PathBuf::from(path) })
}

/// Where a file is or will be, however it is named.
fn place_of(path: &Path) -> PathBuf {
    let folder = folder_of(path);
    let name = path.file_name().unwrap_or_default();
    folder.canonicalize().unwrap_or_else(|_| folder.to_owned()).join(name)
}

/// Says before the work what would keep a file from being written after it.
pub(super) fn check(args: &SharedArgs) -> Result<(), Failure> {
    let reports = args.report.iter().map(|target| &target.path);
    let paths: Vec<&PathBuf> = reports.chain(&args.replacements).collect();
    check_places(&paths)
}

/// The same for files, each of which is to be another one.
pub(super) fn check_places(paths: &[&PathBuf]) -> Result<(), Failure> {
    for (i, path) in paths.iter().enumerate() {
        let shown = path.display();
        if paths[..i].iter().any(|other| place_of(other) == place_of(path)) {
            return Err(Failure::new(format!("two reports go to `{shown}`"))
                .hint("give each report a file of its own"));
        }
        if path.is_dir() {
            return Err(
                Failure::new(format!("the report `{shown}` is a folder")).hint("name a file in it")
            );
        }
        let folder = folder_of(path);
        if !folder.is_dir() {
            let message = format!("the report `{shown}` has no folder to be written to");
            return Err(
                Failure::new(message).hint(format!("make the folder `{}` first", folder.display()))
            );
        }
    }
    Ok(())
}

/// Writes all files that were asked for.
pub(super) fn write(args: &SharedArgs, outcome: &Outcome, rules: &RuleSet) -> Result<(), Failure> {
    let show_suppressed = args.show_suppressed;
    let options = report::Options { show_suppressed, ..options(args.show_secrets) };
    for target in &args.report {
        let put = |out: &mut dyn Write| report::write(target.format, out, outcome, rules, &options);
        whole(&target.path, Readers::Owner, &put)
            .map_err(|error| unwritten(&target.path, &error))?;
    }
    let Some(path) = &args.replacements else { return Ok(()) };
    let put = |out: &mut dyn Write| report::replacements::write(out, outcome);
    whole(path, Readers::Owner, &put).map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("the report `{}` could not be written: {error}", path.display()))
        .hint("what was there before is unchanged; check the folder's rights and its disk")
}

/// When the program began.
static STARTED: OnceLock<u64> = OnceLock::new();

/// Notes the time, for the formats that ask when a scan began and ended.
pub(super) fn begin() {
    STARTED.get_or_init(now);
}

/// How a report in a file looks.
pub(super) fn options(show_secrets: bool) -> report::Options {
    let finished = now();
    let started = STARTED.get().copied().unwrap_or(finished);
    report::Options { show_secrets, started, finished, ..report::Options::default() }
}

/// Seconds since 1970; those that `SOURCE_DATE_EPOCH` sets, where a build must repeat.
pub(super) fn now() -> u64 {
    let set = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|text| text.parse().ok());
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
    set.unwrap_or_else(clock)
}

/// Who may read a new file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Readers {
    /// Its owner alone: mode 0600.
    Owner,
    /// Whoever the user lets read files; a file that is there keeps its mode.
    All,
}

/// Writes a file whole or not at all: beside its place first, then moved there. Pipes and devices
/// are written to as they are.
pub(super) fn whole(
    path: &Path,
    readers: Readers,
    put: &dyn Fn(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let place = match std::fs::metadata(path) {
        Ok(found) if found.is_file() => path.canonicalize()?,
        Ok(found) if found.is_dir() => return Err(io::Error::other("it is a folder")),
        Ok(_) => {
            let mut out = BufWriter::new(OpenOptions::new().write(true).open(path)?);
            put(&mut out)?;
            return out.flush();
        }
        Err(_) => path.to_owned(),
    };
    let folder = folder_of(&place);
    // Such a file is made with mode 0600, and is gone again if anything fails.
    let mut builder = tempfile::Builder::new();
    builder.prefix(".keytrawl-");
    #[cfg(unix)]
    if readers == Readers::All {
        use std::os::unix::fs::PermissionsExt;
        let old = std::fs::metadata(&place).map(|found| found.permissions());
        builder.permissions(old.unwrap_or_else(|_| PermissionsExt::from_mode(0o666)));
    }
    let mut file = builder.tempfile_in(folder)?;
    let mut out = BufWriter::new(file.as_file_mut());
    put(&mut out)?;
    out.flush()?;
    drop(out);
    file.as_file().sync_all()?;
    file.persist(&place).map_err(|error| error.error)?;
    // The name is safe once its folder is; some file systems cannot say so.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}
