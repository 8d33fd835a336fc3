//! The desks: where things are made and changed. Their addresses are told apart here, in files that
//! come when somebody goes there.

use twin::asset::{Asset, Kind, Owner};

use crate::routes::Route;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Desk {
    /// A new twin out of what was collected.
    Compose,
    /// The files of an asset.
    Edit(Asset),
    /// What people want to change.
    Changes,
    /// One such wish.
    Change(Owner, i64),
    /// One's own workspace.
    Workspace,
    /// What twins of the instance use.
    Services,
    /// When twins of the instance run by themselves.
    Schedules,
    /// A federated twin, and one run of it.
    Federated(Owner, String, Option<String>),
}

impl Desk {
    /// From what comes behind the instance in an address.
    #[must_use]
    pub fn parse(rest: &str) -> Option<Self> {
        let words: Vec<&str> = rest.split('/').collect();
        Some(match words.as_slice() {
            ["compose"] => Self::Compose,
            ["edit", owner, kind, name] => Self::Edit(Asset { owner: Owner::of_word(owner)?, kind: Kind::of_folder(kind)?, name: (*name).to_owned() }),
            ["changes"] => Self::Changes,
            ["workspace"] => Self::Workspace,
            ["services"] => Self::Services,
            ["schedules"] => Self::Schedules,
            ["federated", owner, twin] => Self::Federated(Owner::of_word(owner)?, (*twin).to_owned(), None),
            ["federated", owner, twin, run] => Self::Federated(Owner::of_word(owner)?, (*twin).to_owned(), Some((*run).to_owned())),
            ["changes", owner, number] => Self::Change(Owner::of_word(owner)?, number.parse().ok()?),
            _ => return None,
        })
    }

    /// Its page on an instance.
    #[must_use]
    pub fn at(&self, instance: &str) -> Route {
        let rest = match self {
            Self::Compose => "compose".to_owned(),
            Self::Edit(asset) => format!("edit/{}/{}/{}", asset.owner.word(), asset.kind.folder(), asset.name),
            Self::Changes => "changes".to_owned(),
            Self::Workspace => "workspace".to_owned(),
            Self::Services => "services".to_owned(),
            Self::Schedules => "schedules".to_owned(),
            Self::Federated(owner, twin, None) => format!("federated/{}/{twin}", owner.word()),
            Self::Federated(owner, twin, Some(run)) => format!("federated/{}/{twin}/{run}", owner.word()),
            Self::Change(owner, number) => format!("changes/{}/{number}", owner.word()),
        };
        Route::Desk { instance: instance.to_owned(), rest }
    }
}

#[cfg(test)]
mod tests {
    use super::{Asset, Desk, Kind, Owner, Route};

    #[test]
    fn every_desk_is_read_back() {
        let asset = Asset { owner: Owner::Private, kind: Kind::Twin, name: "a b".to_owned() };
        let federated = |run: Option<&str>| Desk::Federated(Owner::Common, "a b".to_owned(), run.map(str::to_owned));
        for desk in [
            Desk::Compose,
            Desk::Edit(asset),
            Desk::Changes,
            Desk::Workspace,
            Desk::Services,
            Desk::Schedules,
            Desk::Change(Owner::Common, 7),
            federated(None),
            federated(Some("1")),
        ] {
            let address = desk.at("aarhus").to_string();
            let Some(Route::Desk { rest, .. }) = Route::find(&address) else { panic!("{address} is no desk") };
            assert_eq!(Desk::parse(&rest), Some(desk), "{address}");
        }
        assert_eq!(Desk::parse("edit/private/nothing/x"), None);
    }
}
