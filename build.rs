//! Writes the list of the rule files that become part of the program: all of `rules/`, by name.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=rules");
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
    let mut names: Vec<String> = fs::read_dir(root.join("rules"))
        .expect("the folder `rules` can be read")
        .map(|entry| entry.expect("an entry can be read").file_name())
        .map(|name| name.into_string().expect("names of rule files are UTF-8"))
        .filter(|name| name.ends_with(".toml"))
        .collect();
    names.sort();
    let mut list = String::from("&[\n");
    for name in &names {
        let path = root.join("rules").join(name);
        let path = path.to_str().expect("the path of the package is UTF-8");
        writeln!(list, "    ({:?}, include_str!({path:?})),", format!("rules/{name}"))
            .expect("a string can be written to");
    }
    list.push_str("]\n");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets it"));
    fs::write(Path::new(&out).join("rules.rs"), list).expect("the list can be written");
}
