//! Finds a profile by its name: a seller's own file overrides a built-in profile.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
};

use super::Opened;
use crate::domain::{
    payout_file::{Profile, profile::BUILT_IN},
    toml_text::Problem,
};

/// A profile, and where it is from.
#[derive(Debug)]
pub struct Found {
    /// Its name, under which choices of columns are remembered.
    pub name: String,
    /// Its file; `None` if it is built in.
    pub file: Option<PathBuf>,
    /// What it says.
    pub profile: Profile,
}

/// Why there is no profile.
#[derive(Debug, thiserror::Error)]
pub enum NotFound {
    /// There is none with this name; the built-in ones are named.
    #[error("there is no profile {0:?}; there are {names}, or name a file that ends with .toml", names = BUILT_IN.map(|(name, _)| name).join(", "))]
    Unknown(String),
    /// Its file cannot be read.
    #[error("the profile {} cannot be read: {}", .0.display(), .1)]
    Unreadable(PathBuf, io::Error),
    /// Its file has errors.
    #[error("the profile {} has errors", .0.display())]
    Wrong(PathBuf, Vec<Problem>),
}

/// The profile with this name: the file, if the name ends with `.toml`; else NAME.toml in this folder, which is the
/// settings file's; else the built-in one.
pub fn find(name: &str, folder: &Path) -> Result<Found, NotFound> {
    if Path::new(name).extension().is_some_and(|ending| ending == "toml") {
        let file = PathBuf::from(name);
        let text = std::fs::read_to_string(&file).map_err(|error| NotFound::Unreadable(file.clone(), error))?;
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        return parsed(&name, file, &text);
    }
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '-' | '_');
    if !name.is_empty() && name.chars().all(is_name) {
        let file = folder.join(format!("{name}.toml"));
        match std::fs::read_to_string(&file) {
            Ok(text) => return parsed(name, file, &text),
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(NotFound::Unreadable(file, error)),
            Err(_) => {}
        }
    }
    let text = built_in(name).ok_or_else(|| NotFound::Unknown(name.to_owned()))?;
    let profile = Profile::parse(name, text).expect("the built-in profiles are tested");
    Ok(Found { name: name.to_owned(), file: None, profile })
}

/// The names of all profiles: the built-in ones, then those of a seller's own files in this folder.
pub fn names(folder: &Path) -> Vec<String> {
    let name = |file: &Path| {
        let is_profile = file.extension().is_some_and(|ending| ending == "toml");
        let name = file.file_stem()?.to_str().filter(|name| is_profile && built_in(name).is_none())?;
        find(name, folder).ok().map(|found| found.name)
    };
    // A folder that cannot be read has no profiles.
    let files = std::fs::read_dir(folder_or_here(folder)).into_iter().flatten().flatten();
    let mut own: Vec<_> = files.filter_map(|file| name(&file.path())).collect();
    own.sort();
    BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).chain(own).collect()
}

/// An empty path is the working directory.
fn folder_or_here(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// How files of each source call an amount, by the source and the amount's name: the headings, or what rows call it.
pub fn names_of_amounts(folder: &Path) -> BTreeMap<(String, String), Vec<String>> {
    let mut all = BTreeMap::<_, Vec<String>>::new();
    for found in names(folder).into_iter().filter_map(|name| find(&name, folder).ok()) {
        let Profile { source, amounts, fees, .. } = found.profile;
        let headings = amounts.iter().flat_map(|one| one.headings.iter().map(|heading| (&one.fee, heading)));
        for (name, written) in headings.chain(fees.iter().map(|(written, name)| (name, written))) {
            let names = all.entry((source.clone(), name.clone())).or_default();
            if name != written && !names.contains(written) {
                names.push(written.clone());
            }
        }
    }
    all
}

/// The profile whose headings a file has, if it names more of them than the one that was chosen.
pub fn resembling(opened: &Opened, chosen: &Profile, folder: &Path) -> Option<Found> {
    let profiles = names(folder).into_iter().filter_map(|name| find(&name, folder).ok());
    let named = profiles.map(|found| (opened.named_by(&found.profile), found));
    let (most, found) = named.max_by_key(|(named, _)| *named)?;
    (most > opened.named_by(chosen)).then_some(found)
}

/// The text of a built-in profile, to copy and edit.
pub fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(one, _)| *one == name).map(|(_, text)| *text)
}

fn parsed(name: &str, file: PathBuf, text: &str) -> Result<Found, NotFound> {
    match Profile::parse(&file.display().to_string(), text) {
        Ok(profile) => Ok(Found { name: name.to_owned(), file: Some(file), profile }),
        Err(problems) => Err(NotFound::Wrong(file, problems)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_beside_the_settings_overrides_a_built_in_profile() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(find("lazada", folder.path()).expect("built in").file, None);
        let own = built_in("lazada").expect("built in").replace("source = \"lazada\"", "source = \"lazada-2\"");
        let file = folder.path().join("lazada.toml");
        std::fs::write(&file, own).expect("written");
        for name in ["lazada", &file.display().to_string()] {
            let found = find(name, folder.path()).expect("a file");
            assert_eq!((found.name.as_str(), found.profile.source.as_str()), ("lazada", "lazada-2"));
            assert_eq!(found.file.as_ref(), Some(&file));
        }
        std::fs::write(&file, "rows = 1").expect("written");
        assert!(matches!(find("lazada", folder.path()), Err(NotFound::Wrong(..))));
        assert!(matches!(find("../lazada", folder.path()), Err(NotFound::Unknown(_))));
        assert!(matches!(find("absent.toml", folder.path()), Err(NotFound::Unreadable(..))));
    }

    #[test]
    fn a_profile_under_a_name_of_its_own_is_offered_and_other_files_are_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let built_in_names: Vec<_> = BUILT_IN.iter().map(|(name, _)| *name).collect();
        assert_eq!(names(folder.path()), built_in_names);
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).expect("written");
        write("toko-kami.toml", built_in("lazada").expect("built in"));
        write("lazada.toml", built_in("lazada").expect("built in"));
        write("settings.toml", include_str!("../../../settings.example.toml"));
        write("mapping.toml", include_str!("../../../mapping.example.toml"));
        write("notes.txt", built_in("lazada").expect("built in"));
        assert_eq!(names(folder.path()), [built_in_names, vec!["toko-kami"]].concat());
    }
}
