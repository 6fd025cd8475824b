//! The text of the tables.

/// Cases that belong together.
pub(crate) struct Group {
    pub(crate) name: String,
    /// How many ids there have to be.
    pub(crate) count: usize,
    pub(crate) cases: Vec<Case>,
}

/// One line.
pub(crate) struct Case {
    pub(crate) ids: Vec<String>,
    pub(crate) setup: Vec<String>,
    /// What is done, and what comes of it.
    pub(crate) steps: Vec<(String, String)>,
}

/// Reads the groups of a table.
pub(crate) fn read(text: &str) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(head) = line.strip_prefix("group ") {
            let (name, count) = head.split_once(' ').expect("a group has a name and a count");
            let count = count.parse().expect("the count is a number");
            groups.push(Group { name: name.to_owned(), count, cases: Vec::new() });
        } else {
            groups.last_mut().expect("a case stands in a group").cases.push(case(line));
        }
    }
    groups
}

fn case(line: &str) -> Case {
    let [ids, setup, steps] = line.split('|').map(str::trim).collect::<Vec<_>>()[..] else {
        panic!("'{line}' has not three parts");
    };
    let list = |text: &str| text.split(';').map(|step| step.trim().to_owned()).filter(|step| !step.is_empty()).collect::<Vec<_>>();
    let steps = list(steps).into_iter().map(|step| {
        let (step, expected) = step.split_once(" => ").unwrap_or_else(|| panic!("'{step}' expects nothing"));
        (step.to_owned(), expected.to_owned())
    });
    let ids: Vec<String> = ids.split(' ').map(str::to_owned).collect();
    let is_id = |id: &String| id.strip_prefix('S').is_some_and(|number| number.parse::<u32>().is_ok());
    assert!(ids.iter().all(is_id), "'{line}' begins with something that is no id");
    Case { ids, setup: list(setup), steps: steps.collect() }
}
