//! Reads a JUnit report as strictly as the schema that Jenkins, GitLab and others share (junit-10.xsd): which elements and
//! attributes there may be, in which order, and that the counts are right.

/// A `testsuite`.
#[derive(Debug)]
pub struct Suite {
    pub name: String,
    pub cases: Vec<Case>,
}

/// A `testcase`, with the name, the `message` and the text of each element in it.
#[derive(Debug)]
pub struct Case {
    pub name: String,
    pub children: Vec<(String, String)>,
}

/// A report.
pub struct Junit;

impl Suite {
    /// The cases that ended with this element.
    pub fn outcomes(&self, element: &str) -> Vec<&str> {
        let ended = |case: &&Case| case.children.iter().any(|(name, _)| name == element);
        self.cases.iter().filter(ended).map(|case| case.name.as_str()).collect()
    }

    /// The message of a case.
    pub fn message(&self, case: &str) -> &str {
        let case = self.cases.iter().find(|known| known.name == case).expect("a case of this name");
        &case.children[0].1
    }
}

impl Junit {
    /// Parses and validates a report.
    #[track_caller]
    pub fn parse(text: &str) -> Vec<Suite> {
        let body = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n").expect("an XML declaration");
        assert!(!body.contains("<!"), "no CDATA, comment or DOCTYPE is needed");
        let document = Element::parse(body);
        document.is("testsuites", &["name", "tests", "failures", "errors", "time"], &["testsuite"]);
        let suites: Vec<Suite> = document.children.iter().map(suite).collect();
        document.counts(&document.children.iter().flat_map(|suite| &suite.children).collect::<Vec<_>>());
        suites
    }
}

fn suite(element: &Element) -> Suite {
    element.is("testsuite", &["name", "tests", "failures", "errors", "time", "skipped"], &["testcase"]);
    let cases: Vec<&Element> = element.children.iter().collect();
    element.counts(&cases);
    let skipped = cases.iter().filter(|case| case.children[0].name == "skipped").count();
    assert_eq!(element.attribute("skipped"), skipped.to_string());
    Suite { name: element.attribute("name").to_owned(), cases: element.children.iter().map(case).collect() }
}

fn case(element: &Element) -> Case {
    element.is("testcase", &["name", "classname", "time"], &["skipped", "error", "failure", "system-out"]);
    assert_eq!(element.children.len(), 1, "{element:?}");
    let children = element.children.iter().map(|child| {
        let attributes: &[&str] = match child.name.as_str() {
            "skipped" => &["message"],
            "system-out" => &[],
            _ => &["message", "type"],
        };
        child.is(&child.name.clone(), attributes, &[]);
        let words = if attributes.is_empty() { child.text.as_str() } else { child.attribute("message") };
        (child.name.clone(), words.to_owned())
    });
    Case { name: element.attribute("name").to_owned(), children: children.collect() }
}

/// An element of XML, as far as reports need it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    children: Vec<Element>,
    text: String,
}

impl Element {
    fn parse(text: &str) -> Self {
        let mut open = vec![Self::default()];
        for part in text.split('<').skip(1) {
            let (tag, after) = part.split_once('>').expect("a tag ends");
            if let Some(name) = tag.strip_prefix('/') {
                let done = open.pop().expect("an open element");
                assert_eq!(done.name, name, "elements are nested");
                open.last_mut().expect("a parent").children.push(done);
            } else {
                let (tag, empty) = tag.strip_suffix('/').map_or((tag, false), |tag| (tag, true));
                let element = Self::start(tag);
                if empty {
                    open.last_mut().expect("a parent").children.push(element);
                } else {
                    open.push(element);
                }
            }
            open.last_mut().expect("an element").text.push_str(&unescaped(after));
        }
        assert_eq!(open.len(), 1, "every element ends");
        let mut root = open.remove(0);
        assert_eq!(root.children.len(), 1, "one root");
        root.children.remove(0)
    }

    fn start(tag: &str) -> Self {
        let (name, mut rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut element = Self { name: name.to_owned(), ..Self::default() };
        while let Some((key, after)) = rest.trim_start().split_once("=\"") {
            let (value, after) = after.split_once('"').expect("an attribute ends");
            assert!(element.attributes.iter().all(|(known, _)| known != key), "{key} twice");
            element.attributes.push((key.to_owned(), unescaped(value)));
            rest = after;
        }
        element
    }

    fn is(&self, name: &str, attributes: &[&str], children: &[&str]) {
        assert_eq!(self.name, name);
        let found: Vec<&str> = self.attributes.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(found, attributes, "of {name}");
        assert!(self.children.iter().all(|child| children.contains(&child.name.as_str())), "{self:?}");
        assert!(self.children.is_empty() || self.text.trim().is_empty(), "no text between elements: {self:?}");
        if let Some((_, time)) = self.attributes.iter().find(|(key, _)| key == "time") {
            assert!(time.parse::<f64>().is_ok_and(|secs| secs >= 0.0), "{time}");
        }
    }

    fn attribute(&self, name: &str) -> &str {
        let found = self.attributes.iter().find(|(key, _)| key == name);
        &found.unwrap_or_else(|| panic!("no {name}: {self:?}")).1
    }

    fn counts(&self, cases: &[&Self]) {
        let ended = |element: &str| cases.iter().filter(|case| case.children[0].name == element).count().to_string();
        assert_eq!(self.attribute("tests"), cases.len().to_string());
        assert_eq!(self.attribute("failures"), ended("failure"));
        assert_eq!(self.attribute("errors"), ended("error"));
    }
}

/// Text without entities. Panics on a character that XML 1.0 cannot hold, and on `&` that begins none of the five.
fn unescaped(text: &str) -> String {
    assert!(text.chars().all(|c| c >= ' ' || c == '\n'), "control characters: {text:?}");
    assert!(!text.contains("]]>") && !text.contains(['\u{fffe}', '\u{ffff}']), "{text:?}");
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (entity, rest) = part.split_once(';').expect("an entity ends");
        out.push(match entity {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            _ => panic!("an entity that XML does not define: {entity}"),
        });
        out.push_str(rest);
    }
    out
}

#[test]
fn what_the_schema_excludes_is_noticed() {
    let good = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"n\" tests=\"1\" failures=\"0\" errors=\"0\" \
                time=\"0.1\"><testsuite name=\"s\" tests=\"1\" failures=\"0\" errors=\"0\" time=\"0.1\" skipped=\"1\">\
                <testcase name=\"c\" classname=\"k\" time=\"0.1\"><skipped message=\"a &lt; b\"/></testcase></testsuite></testsuites>\n";
    assert_eq!(Junit::parse(good)[0].message("c"), "a < b");
    for (right, wrong) in [
        ("tests=\"1\"", "tests=\"2\""),
        ("skipped=\"1\"", "skipped=\"0\""),
        ("time=\"0.1\"", "time=\"soon\""),
        ("&lt;", "&nbsp;"),
        ("&lt;", "&"),
        ("skipped message", "warning message"),
        ("</testsuite>", ""),
        ("classname=\"k\"", "class=\"k\""),
        ("a &lt;", "\u{1}"),
    ] {
        let bad = good.replacen(right, wrong, 1);
        assert!(std::panic::catch_unwind(|| Junit::parse(&bad)).is_err(), "{bad}");
    }
}
