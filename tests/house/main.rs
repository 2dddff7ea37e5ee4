//! The plan of the house, held by tests: which room may look into which.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What each room may import. A room may always import itself and the foundation.
const FOUNDATION: [&str; 7] = ["curvature", "digest", "error", "lanes", "random", "text", "units"];
const ROOMS: [(&str, &[&str]); 18] = [
    ("system", &[]),
    ("io", &["system"]),
    ("neighbors", &["system"]),
    ("descriptors", &["neighbors", "system"]),
    ("potential", &["descriptors", "neighbors", "system"]),
    ("compute", &["potential", "descriptors", "neighbors", "system"]),
    ("md", &["compute", "potential", "neighbors", "system"]),
    ("relax", &["compute", "potential", "neighbors", "system"]),
    ("observe", &["md", "compute", "potential", "neighbors", "io", "system"]),
    ("train", &["compute", "potential", "descriptors", "neighbors", "io", "system"]),
    ("analysis", &["io", "neighbors", "system"]),
    ("report", &["analysis", "io", "system"]),
    ("bridge", &["compute", "potential", "neighbors", "system"]),
    (
        "input",
        &[
            "analysis",
            "compute",
            "descriptors",
            "io",
            "md",
            "neighbors",
            "observe",
            "potential",
            "relax",
            "report",
            "system",
            "train",
        ],
    ),
    (
        "workflow",
        &[
            "analysis",
            "bridge",
            "compute",
            "descriptors",
            "input",
            "io",
            "md",
            "neighbors",
            "observe",
            "potential",
            "relax",
            "report",
            "system",
            "train",
        ],
    ),
    (
        "cli",
        &[
            "analysis",
            "bridge",
            "compute",
            "descriptors",
            "input",
            "io",
            "md",
            "neighbors",
            "observe",
            "potential",
            "relax",
            "report",
            "system",
            "train",
            "workflow",
        ],
    ),
    ("lib", &[]),
    ("main", &["cli"]),
];

/// Every Rust file below a folder.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable entry").path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn sources() -> Vec<(String, PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    rust_files(&src)
        .into_iter()
        .map(|path| {
            let inside = path.strip_prefix(&src).expect("below src");
            let room = inside.components().next().expect("a name").as_os_str().to_string_lossy();
            let text = fs::read_to_string(&path).expect("UTF-8 source");
            (room.trim_end_matches(".rs").to_string(), path, text)
        })
        .collect()
}

/// The rooms that a line of code mentions as `crate::room`, comments left out.
fn mentioned(line: &str) -> Vec<&str> {
    let code = line.split("//").next().unwrap_or_default();
    code.match_indices("crate::")
        .map(|(at, word)| {
            let rest = &code[at + word.len()..];
            &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())]
        })
        .collect()
}

#[test]
fn imports_run_one_way() {
    let rooms: BTreeMap<&str, &[&str]> = ROOMS.into_iter().collect();
    let mut wrong = Vec::new();
    for (room, path, text) in sources() {
        if room == "lib" {
            continue;
        }
        let foundation = FOUNDATION.contains(&room.as_str());
        let allowed = rooms.get(room.as_str()).copied().unwrap_or_default();
        assert!(foundation || rooms.contains_key(room.as_str()), "the plan does not know the room `{room}`");
        for (number, line) in text.lines().enumerate() {
            for target in mentioned(line) {
                let known = FOUNDATION.contains(&target) || rooms.contains_key(target);
                if known && target != room && !FOUNDATION.contains(&target) && !allowed.contains(&target) {
                    wrong.push(format!("{}:{}: {room} looks into {target}", path.display(), number + 1));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the plan:\n{}", wrong.join("\n"));
}

#[test]
fn heavy_crates_stay_in_their_rooms() {
    let mut wrong = Vec::new();
    for (room, path, text) in sources() {
        let inside = path.to_string_lossy().replace('\\', "/");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            let violates = (code.contains("burn::") && room != "train")
                || (code.contains("wgpu::") && !inside.contains("/compute/gpu"))
                || (code.contains("unsafe_code") && !["compute", "bridge"].contains(&room.as_str()));
            if violates {
                wrong.push(format!("{inside}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "outside their rooms:\n{}", wrong.join("\n"));
}

#[test]
fn files_can_be_read_in_one_sitting() {
    let long: Vec<String> = sources()
        .into_iter()
        .map(|(_, path, text)| (text.lines().count(), path))
        .filter(|(lines, _)| *lines > 500)
        .map(|(lines, path)| format!("{lines}  {}", path.display()))
        .collect();
    assert!(long.is_empty(), "files to split:\n{}", long.join("\n"));
}

#[test]
fn the_scanner_sees_imports() {
    assert_eq!(mentioned("use crate::io::Frame; // crate::cli"), ["io"]);
    assert_eq!(mentioned("    crate::system::formula(x) + crate::units::BOHR"), ["system", "units"]);
}

/// Licences that may be linked into a program under MIT or Apache-2.0 without further duties than a notice.
const PERMISSIVE: [&str; 12] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "CC0-1.0",
    "Unicode-3.0",
    "Unlicense",
    "BSL-1.0",
];

/// Is a licence expression satisfied by permissive licences? Only AND, OR, `/` and parentheses occur.
fn is_permissive(expression: &str) -> bool {
    let flat = expression.replace(['(', ')'], " ").replace('/', " OR ");
    // Without nesting AND binds stronger; with it, requiring one permissive alternative everywhere is stricter
    // than the expression or equal to it.
    flat.split(" AND ").all(|part| part.split(" OR ").any(|licence| PERMISSIVE.contains(&licence.trim())))
}

/// What else is linked in, with its licence: the Mozilla licence binds the files of its own crate only, which stay as the
/// registry has them; a notice says where their source is.
const TOLERATED: [(&str, &str); 1] = [("colored", "MPL-2.0")];

/// All that is built by default on this platform, tests included: `cargo metadata` would list what no feature asks for.
#[test]
fn dependencies_are_permissive_and_from_the_registry() {
    let output = std::process::Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--edges", "normal,build,dev", "--prefix", "none"])
        .args(["--format", "{p}|{l}|"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs: it runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let tree = String::from_utf8(output.stdout).expect("text");
    let mut packages: Vec<(&str, &str)> = tree
        .lines()
        .filter_map(|line| line.split_once('|'))
        .map(|(package, rest)| {
            (package.trim_end_matches(" (proc-macro)"), rest.split('|').next().unwrap_or(""))
        })
        .collect();
    packages.sort_unstable();
    packages.dedup();
    assert!(packages.len() > 20, "the tree lists the dependencies");
    let mut wrong = Vec::new();
    for (package, licence) in packages {
        // `name version`, and in parentheses where it is if that is not the registry.
        let (name, elsewhere) = (package.split(' ').next().unwrap_or(""), package.contains('('));
        let fine = is_permissive(licence) || TOLERATED.contains(&(name, licence));
        if (elsewhere && name != env!("CARGO_PKG_NAME")) || !fine {
            wrong.push(format!("{package}: {licence}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn licence_expressions_are_understood() {
    assert!(is_permissive("MIT OR Apache-2.0") && is_permissive("(MIT OR GPL-3.0) AND Unicode-3.0"));
    assert!(is_permissive("Unlicense/MIT"));
    assert!(!is_permissive("GPL-3.0") && !is_permissive("MIT AND GPL-3.0"));
}
