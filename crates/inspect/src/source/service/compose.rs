//! Compose files: each service's container, and the ports that it opens to this host.

use std::time::Duration;

use sealbook_record::Severity;

use super::check::{Check, Container, Limits, What};
use super::config::{Said, Service};
use super::yaml::{At, read};

/// What a check may take where the file does not say it.
const USUAL: Duration = Duration::from_secs(5);

pub(super) fn services(text: &str, from: &str, directory: &str) -> Result<Said, String> {
    let value = read(text)?;
    let root = At::root(&value);
    // Compose names a project after its directory, in lower case and without what names cannot hold.
    let named = root.get("name").map(|at| at.text()).transpose()?;
    let plain = |name: &str| {
        let name = name.to_lowercase();
        name.chars().filter(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '_')).collect::<String>()
    };
    let project = named.unwrap_or_else(|| plain(directory));
    let mut said = Said::default();
    let Some(list) = root.get("services") else {
        return Err("there are no `services`".to_owned());
    };
    for (name, at) in list.map()? {
        let health = at.get("healthcheck").and_then(|at| at.get("timeout"));
        let most = health.and_then(|at| at.length().ok()).unwrap_or(USUAL);
        let mut service = Service { name: name.to_owned(), from: from.to_owned(), ..Service::default() };
        let check = |what| Check { what, most, slow: None, severity: Severity::Critical };
        let own = at.get("container_name").and_then(|at| at.text().ok());
        service.checks.push(check(What::Container(Container {
            project: own.is_none().then(|| project.clone()),
            name: own.unwrap_or_else(|| name.to_owned()),
            socket: None,
            limits: Limits::default(),
        })));
        for port in at.get("ports").map_or(Ok(Vec::new()), |at| at.list())? {
            match published(&port) {
                Published::At(host, port) => service.checks.push(check(What::Tcp { host, port })),
                Published::Anywhere => {}
                Published::Unread(why) => said.unread.push((format!("{from}#{}", port.path), "port_unread", why)),
            }
        }
        said.services.push(service);
    }
    Ok(said)
}

enum Published {
    /// TCP, on this host.
    At(String, u16),
    /// The runtime chooses the port, or it is UDP: nothing to connect to is known.
    Anywhere,
    Unread(String),
}

/// `8080:80`, `127.0.0.1:8080:80/tcp`, or a map with `published`.
fn published(at: &At<'_>) -> Published {
    let local =
        |host: &str| if matches!(host, "" | "0.0.0.0" | "::") { "127.0.0.1".to_owned() } else { host.to_owned() };
    let unread = |why: &str| Published::Unread(why.to_owned());
    if at.value.is_object() {
        let is_udp = at.get("protocol").is_some_and(|at| at.value == "udp");
        let Some(port) = at.get("published").filter(|_| !is_udp) else { return Published::Anywhere };
        let host = at.get("host_ip").and_then(|at| at.text().ok()).unwrap_or_default();
        return match port.text().ok().and_then(|text| text.parse().ok()) {
            Some(port) => Published::At(local(&host), port),
            None => unread("a range of ports, or a variable"),
        };
    }
    let Ok(text) = at.text() else { return unread("it is neither a text nor a map") };
    if text.contains('$') {
        return unread("it holds a variable, which only the runtime knows");
    }
    let (text, protocol) = text.split_once('/').unwrap_or((&text, "tcp"));
    let Some((outer, _)) = text.rsplit_once(':').filter(|_| protocol == "tcp") else { return Published::Anywhere };
    let (host, port) = outer.rsplit_once(':').unwrap_or(("", outer));
    match port.parse() {
        Ok(port) => Published::At(local(host.trim_matches(['[', ']'])), port),
        Err(_) => unread("a range of ports"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_and_open_ports_are_checked() {
        let text = "services:\n  db:\n    image: postgres\n    ports: ['5432', '127.0.0.1:6000:5432', '0.0.0.0:7:7/udp', \
                    '3000-3005:3000-3005', '${P}:1', {target: 80, published: 8080}]\n    healthcheck: {timeout: 3s}\n  \
                    web:\n    container_name: shop-web\n";
        let said = services(text, "compose.yaml", "Shop API").unwrap();
        let shown = |service: &Service| service.checks.iter().map(|it| it.what.name()).collect::<Vec<_>>();
        assert_eq!(shown(&said.services[0]), ["shopapi/db", "127.0.0.1:6000", "127.0.0.1:8080"]);
        assert_eq!(shown(&said.services[1]), ["shop-web"]);
        assert_eq!(said.services[0].checks[0].most, Duration::from_secs(3));
        assert_eq!(said.unread.len(), 2);
    }
}
