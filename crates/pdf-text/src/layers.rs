//! Optional content: the parts of a page that a reader may switch off (ISO 32000-2, 8.11). What is
//! off when the document is opened is not read.

use hayro_syntax::object::{Array, Dict, Name, ObjectIdentifier};
use hayro_syntax::page::Resources;
use hayro_syntax::xref::XRef;
use std::collections::HashSet;

/// The groups of optional content that are off.
#[derive(Debug, Default)]
pub(crate) struct Layers {
    off: HashSet<ObjectIdentifier>,
}

impl Layers {
    /// Reads the default configuration of the document.
    pub(crate) fn new(xref: &XRef) -> Self {
        let mut layers = Self::default();
        let Some(properties) = xref
            .get::<Dict<'_>>(xref.root_id())
            .and_then(|catalog| catalog.get::<Dict<'_>>("OCProperties"))
        else {
            return layers;
        };
        let Some(configuration) = properties.get::<Dict<'_>>("D") else {
            return layers;
        };
        if configuration.get::<Name<'_>>("BaseState").as_deref() == Some(b"OFF") {
            layers.off.extend(groups(&properties, "OCGs"));
            for group in groups(&configuration, "ON") {
                layers.off.remove(&group);
            }
        }
        layers.off.extend(groups(&configuration, "OFF"));
        layers
    }

    /// Whether content marked with this name of the resources is on.
    pub(crate) fn shows_named(&self, name: &Name<'_>, resources: &Resources<'_>) -> bool {
        self.shows_entry(&resources.properties, name)
    }

    /// Whether content marked with these properties is on.
    pub(crate) fn shows(&self, properties: &Dict<'_>) -> bool {
        self.shows_entry(properties, b"OC")
    }

    fn shows_entry(&self, dict: &Dict<'_>, key: impl AsRef<[u8]>) -> bool {
        if self.off.is_empty() {
            return true;
        }
        let key = key.as_ref();
        let Some(id) = dict.get_ref(key) else {
            return true;
        };
        let entry = dict.get::<Dict<'_>>(key).unwrap_or_default();
        if entry.get::<Name<'_>>("Type").as_deref() == Some(b"OCMD") {
            self.shows_members(&entry)
        } else {
            !self.off.contains(&id.into())
        }
    }

    /// Whether a membership dictionary says that its content is on.
    fn shows_members(&self, membership: &Dict<'_>) -> bool {
        let mut members = groups(membership, "OCGs");
        members.extend(membership.get_ref("OCGs").map(ObjectIdentifier::from));
        if members.is_empty() {
            return true;
        }
        let is_off = |group: &ObjectIdentifier| self.off.contains(group);
        match membership.get::<Name<'_>>("P").as_deref() {
            Some(b"AllOn") => !members.iter().any(is_off),
            Some(b"AnyOff") => members.iter().any(is_off),
            Some(b"AllOff") => members.iter().all(is_off),
            _ => !members.iter().all(is_off),
        }
    }
}

/// The groups that an array names.
fn groups(dict: &Dict<'_>, key: &str) -> Vec<ObjectIdentifier> {
    let array = dict.get::<Array<'_>>(key).unwrap_or_default();
    array.raw_iter().filter_map(|item| item.as_obj_ref()).map(ObjectIdentifier::from).collect()
}
