//! Secrets that show by what they are called, or by what stands around them.

use super::{Planted, join, quoted};

/// Nothing tells this one from a word but its name.
const PLAIN: &str = "tr0ub4dor and three";
/// The same where no blank may be.
const WORD: &str = "tr0ub4dor-3!";

/// Every named secret.
pub fn named() -> Vec<Planted> {
    let mut all = under_names();
    all.extend(in_texts());
    all.extend(in_structures());
    all
}

fn under_names() -> Vec<Planted> {
    const NAMES: &[&str] = &[
        "password",
        "Password",
        "PASSWORD",
        "passwd",
        "user_password",
        "userPassword",
        "db-password",
        "PGPASSWORD",
        "passphrase",
        "pass_phrase",
        "apikey",
        "api_key",
        "apiKey",
        "APIKey",
        "x-api-key",
        "X-API-KEY",
        "API Key",
        "OPENAI_API_KEY",
        "private_key",
        "privateKey",
        "ssh_private_key",
        "clientSecret",
        "client_secret",
        "secret",
        "SECRET_KEY",
        "aws_secret_access_key",
        "AccountKey",
        "SharedAccessKey",
        "token",
        "auth_token",
        "accessToken",
        "refresh_token",
        "id_token",
        "figma_token",
        "GITHUB_TOKEN",
        "_authToken",
        "csrfmiddlewaretoken",
        "auth",
        "authorization",
        "Authorization",
        "Proxy-Authorization",
        "cookie",
        "Set-Cookie",
        "credential",
        "credentials",
        "encrypted_data",
        "signing_key",
        "webhook_secret",
        "jwt",
        "otp",
        "cvv",
        "db_pass",
        "pwd",
        "recovery_code",
        "/prod/db/password",
        "config/api_key",
        "spring.datasource.password",
        "privkey",
        "priv_key",
        "mot_de_passe",
        "motDePasse",
        "passwort",
        "Benutzerpasswort",
        "kennwort",
        "contrasena",
        "contraseña",
        "senha",
        "wachtwoord",
        "lösenord",
        "hasło",
        "пароль",
        "密码",
        "pass\\u0077ord",
        "\\u0070assword",
    ];
    let text = quoted(PLAIN);
    let mut all = Vec::new();
    for name in NAMES {
        for (place, json) in [
            ("with a text", format!(r#"{{"{name}": {text}}}"#)),
            ("nested", format!(r#"{{"a":[[{{"b":{{"{name}":{text}}}}}]]}}"#)),
            ("given twice", format!(r#"{{"{name}":"***REDACTED***","{name}":{text}}}"#)),
        ] {
            all.push(Planted { what: format!("{name} {place}"), json, secret: PLAIN.to_owned() });
        }
    }
    for name in ["password", "api_key", "clientSecret", "auth", "credentials"] {
        for (place, json) in [
            ("with a map", format!(r#"{{"{name}":{{"x":{text},"y":[1,2]}},"z":1}}"#)),
            ("with a list", format!(r#"{{"{name}":["a",[{text}]],"z":1}}"#)),
        ] {
            all.push(Planted { what: format!("{name} {place}"), json, secret: PLAIN.to_owned() });
        }
        let json = format!(r#"{{"{name}":81726354,"z":1}}"#);
        all.push(Planted { what: format!("{name} with a number"), json, secret: "81726354".to_owned() });
    }
    all
}

/// In blocks of YAML, percent-encoded, in other languages.
const WRITTEN_OTHERWISE: &[&str] = &[
    "{\"passw\\u006frd\":\"@\"}",
    "{\"a\":{\"api\\u005fkey\" : \"@\"}}",
    "password:\n  @\nhost: x",
    "db:\n  password:\n    \"@\"\n",
    "password\u{a0}: @",
    "password:\u{a0}@",
    "password\u{ff1a}@",
    "curl -ubob:@ https://h",
    "curl -s '-ubob:@' https://h",
    "password: |\n  @",
    "db:\n  password: >-\n    @\n  host: x",
    "- secret: |2\n      @\n      @\n  b: 1",
    "https://h/p?api%5Fkey=@&b=1",
    "https://h/p?b=1&%70assword=@",
    "a=1&client%2Dsecret=@",
    "https://h/?next=https%3A%2F%2Fi%2F%3Faccess_token%3D@%26b%3D1",
    "mot_de_passe=@",
    "Wachtwoord: @",
    "privkey=@",
    "пароль: @",
];

fn in_texts() -> Vec<Planted> {
    let basic = join(&["dXNlcjp0", "cjB1YjRkb3ItMw=="]);
    let bearer = join(&["a1B2c3D4", "e5F6g7H8"]);
    let webhook = join(&["T01234567/", "B01234567/", "a1B2c3D4e5F6g7H8i9J0"]);
    let signature = join(&["AbCdEf0123456789", "AbCdEf0123456789", "%3D"]);
    let texts: Vec<(String, &str)> = [
        "mysql --password=@ -u root",
        "mysql --password @ -u root",
        "deploy --api-key=@ --region eu",
        "deploy --api-key @",
        "run --token @",
        "PASSWORD=@ make",
        "export DB_PASSWORD=@",
        "export DB_PASSWORD='@'",
        "API_KEY=\"@\" ./run",
        "curl -H 'X-Api-Key: @' https://h",
        "login failed with password=@",
        "login failed with password: @",
        "login failed: password '@' is wrong",
        "connect host=db user=u password=@ dbname=x",
        "Server=db;Database=x;User Id=u;Password=@;",
        "Server=db;Pwd=@;Uid=u",
        "password = @",
        "db:\n  password: @\n  host: x",
        "password: \"@\"",
        "{'user': 'u', 'password': '@'}",
        "{\"password\": \"@\"}",
        "{\\\"password\\\": \\\"@\\\"}",
        "<password>@</password>",
        "<user password=\"@\"/>",
        "CREATE USER u WITH PASSWORD '@'",
        "CREATE USER u IDENTIFIED BY '@'",
        "client_secret=@&grant_type=x",
        "grant_type=password&username=u&password=@",
        "https://h/p?access_token=@&b=1",
        "https://h/p?b=1&api_key=@",
        "postgres://user:@@db.example.org:5432/x",
        "https://user:@@example.org/path",
        "redis://:@@cache:6379/0",
        "mongodb+srv://u:@@c.example.net/?w=1",
        "amqp://u:@@mq/v",
        "jdbc:postgresql://h/db?user=u&password=@",
        "ftp://u:@@files/x",
        "git clone https://u:@@host/r.git failed",
        "machine h login u password @",
        "config['password'] = '@'",
        "let api_key = \"@\";",
        "os.environ[\"SECRET_KEY\"] = \"@\"",
        "smtp_pass=@",
        "passphrase is set: passphrase=@",
        "secret: '@'",
        "API Key: @",
        "spring.datasource.password=@",
        "error: invalid value for --client-secret=@ given",
        "Enter-Secret:@",
        "PGPASSWORD=@ psql",
        "Content-Disposition: form-data; name=\"password\"\r\n\r\n@\r\n--b",
        "sshpass -p @ ssh h",
        "mysql -u root -p@ db",
        "docker login -u bob -p @ registry",
        "redis-cli -a @ ping",
        "curl -u bob:@ https://h",
        "curl --user 'bob:@' https://h",
        "jdbc:oracle:thin:scott/@@//h:1521/x",
        "the password is @",
        "login of bob with password @ failed",
        "ENV API_TOKEN @",
        "<add key=\"ApiKey\" value=\"@\" />",
        "curl https://h -H \"X-API-Key: @\"",
        "https://x-access-token:@@github.com/a/b",
        "\tpassword=@\tnext",
    ]
    .iter()
    .chain(WRITTEN_OTHERWISE)
    .map(|text| ((*text).replace('@', "\0").replace("\0\0", "\0@").replace('\0', WORD), WORD))
    .collect();
    let mut all: Vec<Planted> = texts
        .into_iter()
        .enumerate()
        .flat_map(|(index, (text, secret))| in_places(&format!("text {index}"), &text, secret))
        .collect();
    for (what, text, secret) in [
        ("basic header", format!("Authorization: Basic {basic}"), &basic),
        ("basic in prose", format!("sent Basic {basic} and got 401"), &basic),
        ("bearer header", format!("Authorization: Bearer {bearer}"), &bearer),
        ("bearer in prose", format!("the header was bearer {bearer}, refused"), &bearer),
        ("bearer in curl", format!("curl -H \"Authorization: Bearer {bearer}\" https://h"), &bearer),
        ("token header", format!("authorization: token {bearer}"), &bearer),
        ("cookie header", format!("GET / HTTP/1.1\r\nCookie: sid={bearer}; b=1\r\nHost: h"), &bearer),
        ("Slack webhook", format!("https://hooks.slack.com/services/{webhook}"), &webhook),
        ("Azure signature", format!("https://a.blob.core.windows.net/c?sv=2022&sig={signature}"), &signature),
        ("AWS signature", format!("https://b.s3.amazonaws.com/k?X-Amz-Signature={signature}"), &signature),
        ("Google Maps key", format!("https://maps.example.org/api?key={bearer}&q=1"), &bearer),
        ("npmrc", format!("//registry.example.org/:_authToken={bearer}"), &bearer),
    ] {
        all.extend(in_places(what, &text, secret));
    }
    all
}

fn in_places(what: &str, text: &str, secret: &str) -> Vec<Planted> {
    let quoted_text = quoted(text);
    [
        ("as a value", format!(r#"{{"text":{quoted_text}}}"#)),
        ("as the whole part", quoted_text.clone()),
        ("in lists", format!(r#"[["a",[{quoted_text}]]]"#)),
        ("escaped", format!(r#"{{"text":{}}}"#, super::wholly_escaped(text))),
        ("with escaped slashes", format!(r#"{{"text":{}}}"#, quoted_text.replace('/', "\\/"))),
    ]
    .into_iter()
    .map(|(place, json)| Planted { what: format!("{what} {place}: {text}"), json, secret: secret.to_owned() })
    .collect()
}

fn in_structures() -> Vec<Planted> {
    let text = quoted(WORD);
    let dashes = "-".repeat(5);
    let lines = format!(r#"["{dashes}BEGIN RSA PRIVATE KEY{dashes}",{text},"{dashes}END RSA PRIVATE KEY{dashes}"]"#);
    let bytes = join(&["BINARY\u{1}", "ghp", "_a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ"]);
    let base64 = base64_of(bytes.as_bytes());
    [
        ("arguments", format!(r#"{{"argv":["mysql","--password",{text},"-u","root"]}}"#), WORD),
        ("a flag with its value", format!(r#"{{"argv":["mysql","--password={WORD}"]}}"#), WORD),
        ("a login after a flag", format!(r#"{{"argv":["curl","-u","bob:{WORD}","https://h"]}}"#), WORD),
        ("a password joined to its flag", format!(r#"{{"argv":["mysql","-p{WORD}"]}}"#), WORD),
        ("a password after its flag", format!(r#"{{"argv":["/usr/bin/sshpass","-p",{text},"ssh"]}}"#), WORD),
        ("a header pair", format!(r#"{{"headers":[["Accept","*/*"],["Authorization",{text}]]}}"#), WORD),
        ("raw headers", format!(r#"{{"rawHeaders":["Accept","*/*","X-Api-Key",{text}]}}"#), WORD),
        ("a pair in lists of lists", format!(r#"[[["user","bob"],["password",{text}]]]"#), WORD),
        ("a pair alone", format!(r#"["password",{text}]"#), WORD),
        ("a pair under a name", format!(r#"{{"pair":[ "api_key" , {text} ]}}"#), WORD),
        ("a pair whose value is a word", r#"{"pair":["password","correcthorse"]}"#.to_owned(), "correcthorse"),
        ("a header in a map", format!(r#"{{"headers":[{{"h":["X-Auth-Token",{text}]}}]}}"#), WORD),
        ("name and value", format!(r#"{{"env":[{{"name":"DB_PASSWORD","value":{text}}}]}}"#), WORD),
        ("value and name", format!(r#"{{"env":[{{"value":{text},"name":"DB_PASSWORD"}}]}}"#), WORD),
        ("key and map", format!(r#"[{{"key":"client_secret","value":{{"a":[{text}]}}}}]"#), WORD),
        ("an environment", format!(r#"{{"env":["PATH=/bin","DB_PASSWORD={WORD}"]}}"#), WORD),
        ("a key in lines", lines, WORD),
        ("bytes that are no text", format!(r#"{{"out":{{"b64":"{base64}"}}}}"#), base64.as_str()),
        ("arguments of docker", format!(r#"{{"argv":["docker","login","-u","bob","-p",{text},"h"]}}"#), WORD),
        ("arguments without a name", format!(r#"["docker","login","-p",{text}]"#), WORD),
        ("a path as a name", format!(r#"{{"/run/secrets/db_password":{text}}}"#), WORD),
        ("a pair whose name is a path", format!(r#"["/prod/db/password",{text}]"#), WORD),
        ("a password of a path", r#"["/prod/db/password","a8F/k2Dx9Qw4"]"#.to_owned(), "a8F/k2Dx9Qw4"),
        ("name and a word", r#"{"name":"token","value":"identifier"}"#.to_owned(), "identifier"),
        ("a card as a number", r#"{"card":4111111111111111,"n":0.10}"#.to_owned(), "4111111111111111"),
        ("a card in a list", r"[1,[4111111111111111],1e400]".to_owned(), "4111111111111111"),
    ]
    .into_iter()
    .map(|(what, json, secret)| Planted { what: what.to_owned(), json, secret: secret.to_owned() })
    .collect()
}

fn base64_of(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    bytes
        .chunks(3)
        .flat_map(|chunk| {
            let group =
                chunk.iter().fold(0_u32, |value, byte| (value << 8) | u32::from(*byte)) << (8 * (3 - chunk.len()));
            let letters = [18, 12, 6, 0].map(|shift| char::from(ALPHABET[(group >> shift) as usize & 63]));
            let padding = ['='; 2];
            let kept = chunk.len() + 1;
            letters.into_iter().take(kept).chain(padding.into_iter().take(4 - kept))
        })
        .collect()
}
