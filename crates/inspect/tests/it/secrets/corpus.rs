//! Labelled texts: secrets of known formats where people write them, and what only looks like them. All of it is put
//! together here, from a seed, so that no file of this repository holds anything that looks like a secret.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// One file of the corpus.
pub(crate) struct Sample {
    pub(crate) path: String,
    pub(crate) text: String,
    /// What it is a sample of.
    pub(crate) label: String,
    pub(crate) is_secret: bool,
}

pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn bits(&mut self) -> u64 {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: usize) -> usize {
        (self.bits() % most as u64) as usize
    }

    pub(crate) fn of(&mut self, letters: &str, length: usize) -> String {
        let letters: Vec<char> = letters.chars().collect();
        (0..length).map(|_| letters[self.below(letters.len())]).collect()
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.bits() as u8).collect()
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len())]
    }

    fn uuid(&mut self) -> String {
        let hex = self.of(HEX, 32);
        format!("{}-{}-4{}-a{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..])
    }
}

pub(crate) const HEX: &str = "0123456789abcdef";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const UPPER: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
pub(crate) const BASE62: &str = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE32: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const DIGITS: &str = "0123456789";

/// A piece of a token: text, or so many letters of a set.
enum Piece {
    T(&'static str),
    R(&'static str, usize),
}
use Piece::{R, T};

/// Formats by name, a word that a person writes beside the token, and pieces.
const FORMATS: &[(&str, &str, &[Piece])] = &[
    ("GitHub fine-grained", "github_token", &[T("github"), T("_pat_"), R(BASE62, 22), T("_"), R(BASE62, 59)]),
    ("GitLab", "gitlab_token", &[T("gl"), T("pat-"), R(URL64, 20)]),
    ("GitLab deploy", "deploy_token", &[T("gl"), T("dt-"), R(URL64, 20)]),
    ("GitLab runner", "runner_token", &[T("gl"), T("rt-"), R(URL64, 20)]),
    ("Bitbucket", "bitbucket", &[T("AT"), T("BB"), R(BASE62, 24), R("0123456789ABCDEF", 8)]),
    ("PyPI", "twine", &[T("pypi"), T("-AgEIcHlwaS5vcmc"), R(URL64, 150)]),
    ("RubyGems", "gem_host", &[T("ruby"), T("gems_"), R(HEX, 48)]),
    ("crates", "cargo_registry_token", &[T("ci"), T("o"), R(BASE62, 32)]),
    ("Docker Hub", "docker", &[T("dckr"), T("_pat_"), R(URL64, 27)]),
    ("Clojars", "clojars", &[T("CLO"), T("JARS_"), R(LOWER, 60)]),
    ("Sonar", "sonar_token", &[T("sq"), T("p_"), R(HEX, 40)]),
    ("Postman", "postman", &[T("PM"), T("AK-"), R(HEX, 24), T("-"), R(HEX, 34)]),
    ("Sentry", "sentry", &[T("sntry"), T("u_"), R(HEX, 64)]),
    ("Linear", "linear", &[T("lin"), T("_api_"), R(BASE62, 40)]),
    ("Notion", "notion", &[T("nt"), T("n_"), R(DIGITS, 11), R(BASE62, 35)]),
    ("Figma", "figma", &[T("fi"), T("gd_"), R(URL64, 40)]),
    ("Airtable", "airtable", &[T("pa"), T("t"), R(BASE62, 14), T("."), R(HEX, 64)]),
    ("AWS key id", "aws_access_key_id", &[T("AK"), T("IA"), R(BASE32, 16)]),
    ("AWS session key id", "key_id", &[T("AS"), T("IA"), R(BASE32, 16)]),
    ("AWS secret", "aws_secret_access_key", &[R(BASE62, 20), R(BASE64, 20)]),
    ("Google API", "google_api_key", &[T("AI"), T("za"), R(URL64, 34), R(BASE62, 1)]),
    ("Google OAuth secret", "client_secret", &[T("GOC"), T("SPX-"), R(URL64, 27), R(BASE62, 1)]),
    ("Azure client secret", "client_secret", &[R(BASE62, 3), R(DIGITS, 1), T("Q"), T("~"), R(BASE62, 34)]),
    ("DigitalOcean", "do_token", &[T("do"), T("p_v1_"), R(HEX, 64)]),
    ("Vault", "vault_token", &[T("hv"), T("s."), R(BASE62, 95)]),
    ("Terraform Cloud", "tfe_token", &[R(BASE62, 14), T(".atlas"), T("v1."), R(BASE62, 67)]),
    ("Databricks", "databricks", &[T("da"), T("pi"), R(HEX, 32)]),
    ("PlanetScale", "planetscale", &[T("psc"), T("ale_tkn_"), R(BASE62, 43)]),
    ("Supabase", "supabase", &[T("sb"), T("p_"), R(HEX, 40)]),
    ("Netlify", "netlify", &[T("nf"), T("p_"), R(BASE62, 36)]),
    ("Pulumi", "pulumi", &[T("pu"), T("l-"), R(HEX, 40)]),
    ("Doppler", "doppler", &[T("dp."), T("pt."), R(BASE62, 43)]),
    ("Tailscale", "tailscale", &[T("ts"), T("key-auth-"), R(BASE62, 12), T("-"), R(BASE62, 32)]),
    ("Dynatrace", "dynatrace", &[T("dt"), T("0c01."), R(BASE32, 24), T("."), R(BASE32, 64)]),
    ("New Relic", "newrelic", &[T("NR"), T("AK-"), R(UPPER, 27)]),
    ("Grafana", "grafana", &[T("gl"), T("sa_"), R(BASE62, 32), T("_"), R(HEX, 8)]),
    ("Datadog", "datadog_api_key", &[R(HEX, 32)]),
    ("OpenAI", "openai", &[T("sk-"), R(BASE62, 20), T("T3Blbk"), T("FJ"), R(BASE62, 20)]),
    (
        "OpenAI project",
        "openai",
        &[T("sk-"), T("proj-"), R(URL64, 74), T("T3Blbk"), T("FJ"), R(URL64, 73), R(BASE62, 1)],
    ),
    ("Anthropic", "anthropic", &[T("sk-"), T("ant-api03-"), R(URL64, 93), T("AA")]),
    ("Hugging Face", "hf_token", &[T("h"), T("f_"), R(LETTERS, 34)]),
    ("Replicate", "replicate", &[T("r"), T("8_"), R(BASE62, 37)]),
    ("Groq", "groq", &[T("gs"), T("k_"), R(BASE62, 52)]),
    ("Perplexity", "perplexity", &[T("pp"), T("lx-"), R(BASE62, 48)]),
    ("xAI", "xai", &[T("xa"), T("i-"), R(BASE62, 80)]),
    ("Stripe live", "stripe", &[T("sk"), T("_live_"), R(BASE62, 24)]),
    ("Stripe restricted", "stripe", &[T("rk"), T("_live_"), R(BASE62, 24)]),
    ("Stripe webhook", "webhook", &[T("wh"), T("sec_"), R(BASE62, 32)]),
    ("Slack bot", "slack", &[T("xo"), T("xb-"), R(DIGITS, 12), T("-"), R(DIGITS, 12), T("-"), R(BASE62, 24)]),
    ("Slack app", "slack", &[T("xa"), T("pp-1-A0"), R(UPPER, 9), T("-"), R(DIGITS, 13), T("-"), R(HEX, 64)]),
    ("Telegram", "telegram_bot", &[R("123456789", 10), T(":A"), T("A"), R(URL64, 32), R(BASE62, 1)]),
    ("Twilio", "twilio_api_key", &[T("S"), T("K"), R(HEX, 32)]),
    ("SendGrid", "sendgrid", &[T("S"), T("G."), R(URL64, 22), T("."), R(URL64, 42), R(BASE62, 1)]),
    ("Mailchimp", "mailchimp", &[R(HEX, 32), T("-us"), R("123456789", 1)]),
    ("Mailgun", "mailgun", &[T("ke"), T("y-"), R(HEX, 32)]),
    ("Brevo", "brevo", &[T("xkey"), T("sib-"), R(HEX, 64), T("-"), R(BASE62, 16)]),
    ("Shopify", "shopify", &[T("sh"), T("pat_"), R(HEX, 32)]),
    ("Square", "square", &[T("sq0"), T("atp-"), R(URL64, 21), R(BASE62, 1)]),
    ("EasyPost", "easypost", &[T("EZ"), T("AK"), R(BASE62, 54)]),
    ("Shippo", "shippo", &[T("shippo"), T("_live_"), R(HEX, 40)]),
    ("Duffel", "duffel", &[T("duf"), T("fel_live_"), R(URL64, 42), R(BASE62, 1)]),
    ("OpenRouter", "openrouter", &[T("sk-"), T("or-v1-"), R(HEX, 64)]),
];

/// Every secret and every look-alike.
pub(crate) fn all() -> Vec<Sample> {
    let mut dice = Dice::new(20_26);
    let mut samples = Vec::new();
    for (label, name, pieces) in FORMATS {
        for place in 0..4 {
            let token = join(&mut dice, pieces);
            samples.push(secret(label, name, &token, place));
        }
    }
    for (label, name, prefix) in [
        ("GitHub", "token", ["gh", "p_"]),
        ("GitHub server", "GITHUB_TOKEN", ["gh", "s_"]),
        ("npm", "npm_token", ["np", "m_"]),
    ] {
        for place in 0..4 {
            let token = with_checksum(&mut dice, &prefix.concat());
            samples.push(secret(label, name, &token, place));
        }
    }
    others(&mut dice, &mut samples);
    look_alikes(&mut dice, &mut samples);
    for (at, sample) in samples.iter_mut().enumerate() {
        let kind = if sample.is_secret { "s" } else { "n" };
        sample.path = format!("{kind}{at:03}/{}", sample.path);
    }
    samples
}

fn join(dice: &mut Dice, pieces: &[Piece]) -> String {
    pieces
        .iter()
        .map(|piece| match piece {
            T(text) => (*text).to_owned(),
            R(letters, length) => dice.of(letters, *length),
        })
        .collect()
}

/// Thirty letters and their CRC-32 in base 62, as GitHub and npm make them.
pub(crate) fn with_checksum(dice: &mut Dice, prefix: &str) -> String {
    let random = dice.of(BASE62, 30);
    let mut sum = u64::from(crc32(random.as_bytes()));
    let mut digits = Vec::new();
    for _ in 0..6 {
        digits.push(BASE62.as_bytes()[(sum % 62) as usize]);
        sum /= 62;
    }
    digits.reverse();
    format!("{prefix}{random}{}", String::from_utf8(digits).unwrap())
}

fn crc32(data: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in data {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
        }
    }
    !crc
}

/// A token where people leave it: in an environment, in code, in a configuration, in a script.
fn secret(label: &str, name: &str, token: &str, place: usize) -> Sample {
    let upper = name.to_uppercase();
    let (path, text) = match place {
        0 => (".env".to_owned(), format!("PORT=8080\n{upper}={token}\nLOG_LEVEL=info\n")),
        1 => ("settings.py".to_owned(), format!("import client\n\n{upper} = \"{token}\"\nclient.connect({upper})\n")),
        2 => (
            "config.yaml".to_owned(),
            format!("service:\n  url: https://api.service.net\n  {name}: {token}\n  retries: 3\n"),
        ),
        _ => {
            ("deploy.js".to_owned(), format!("const options = {{ region: 'eu', {name}: '{token}' }};\nrun(options);\n"))
        }
    };
    Sample { path, text, label: label.to_owned(), is_secret: true }
}

fn others(dice: &mut Dice, samples: &mut Vec<Sample>) {
    let mut add = |label: &str, path: &str, text: String| {
        samples.push(Sample { path: path.to_owned(), text, label: label.to_owned(), is_secret: true });
    };
    for (label, kind) in [("RSA key", "RSA "), ("PKCS #8 key", ""), ("EC key", "EC "), ("OpenSSH key", "OPENSSH ")] {
        for _ in 0..3 {
            let body = STANDARD.encode(dice.bytes(600));
            let lines: Vec<&str> = body.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
            let dashes = "-".repeat(5);
            let key = format!(
                "{dashes}BEGIN {kind}PRIVATE KEY{dashes}\n{}\n{dashes}END {kind}PRIVATE KEY{dashes}\n",
                lines.join("\n")
            );
            add(label, "server.pem", key);
        }
    }
    for _ in 0..6 {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        let claims = URL_SAFE_NO_PAD.encode(format!(
            r#"{{"sub":"{}","iss":"shop","iat":17{}}}"#,
            dice.of(HEX, 12),
            dice.of(DIGITS, 8)
        ));
        let token = format!("{header}.{claims}.{}", dice.of(URL64, 43));
        add("JWT", "client.ts", format!("const session = '{token}';\n"));
    }
    for scheme in ["postgres", "mysql", "mongodb", "redis", "amqp", "https"] {
        let password = dice.of("abcdefghjkmnpqrstuvwxyzABCDEFGHJKMNP23456789", 16);
        add(
            "URL with a password",
            "database.ini",
            format!("url = {scheme}://app:{password}@db.internal.shop.net/main\n"),
        );
    }
    for (path, shape) in [
        ("app.properties", "spring.datasource.password=@\n"),
        ("settings.py", "DATABASES = {'default': {'USER': 'shop', 'PASSWORD': '@'}}\n"),
        ("config.json", "{\"smtp\": {\"user\": \"mailer\", \"password\": \"@\"}}\n"),
        ("values.yaml", "auth:\n  adminPassword: \"@\"\n"),
        ("main.go", "var apiSecret = \"@\"\n"),
        ("Config.java", "    private static final String DB_PASSWORD = \"@\";\n"),
        ("config.rb", "config.secret_token = '@'\n"),
        ("web.config", "<add key=\"ApiKey\" value=\"x\" /><password>@</password>\n"),
    ] {
        for _ in 0..3 {
            let value = format!(
                "{}{}{}",
                dice.of("abcdefghjkmnpqrstuvwxyz", 3),
                dice.of("ABCDEFGHJKMNPQ23456789", 7),
                dice.of("!#%+=?_-", 1)
            ) + &dice.of(BASE62, 8);
            add("written-out password", path, shape.replace('@', &value));
        }
    }
    for _ in 0..4 {
        let key = STANDARD.encode(dice.bytes(64));
        let text = format!(
            "conn = \"DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={key};EndpointSuffix=core.windows.net\"\n"
        );
        add("Azure storage", "blob.cs", text);
    }
    for _ in 0..3 {
        let text = format!(
            "curl -X POST https://hooks.{}/services/T{}/B{}/{}\n",
            "slack.com",
            dice.of(UPPER, 9),
            dice.of(UPPER, 10),
            dice.of(BASE62, 24)
        );
        add("Slack webhook", "notify.sh", text);
    }
    for _ in 0..3 {
        let pair = STANDARD.encode(format!("deploy:{}", dice.of(BASE62, 18)));
        add(
            "basic authorization",
            "fetch.sh",
            format!("curl -H \"Authorization: Basic {pair}\" https://registry.shop.net/v2/\n"),
        );
    }
}

#[expect(clippy::too_many_lines, reason = "a list")]
fn look_alikes(dice: &mut Dice, samples: &mut Vec<Sample>) {
    let mut add = |label: &str, path: &str, text: String| {
        samples.push(Sample { path: path.to_owned(), text, label: label.to_owned(), is_secret: false });
    };
    for _ in 0..12 {
        let (a, b) = (dice.uuid(), dice.uuid());
        add(
            "UUID",
            "ids.json",
            format!("{{\"token_id\": \"{a}\", \"request\": \"{b}\", \"secret_id\": \"{}\"}}\n", dice.uuid()),
        );
        add("UUID in code", "consts.py", format!("CLIENT_ID = \"{a}\"\nSESSION = uuid.UUID('{b}')\n"));
        add("digest", "SHA256SUMS", format!("{}  app.tar.gz\n{}  app.zip\n", dice.of(HEX, 64), dice.of(HEX, 64)));
        add(
            "git ids",
            "pins.yaml",
            format!("uses: actions/checkout@{}\nkey: cache-{}\n", dice.of(HEX, 40), dice.of(HEX, 40)),
        );
        let image = STANDARD.encode(dice.bytes(900));
        add("image in base64", "logo.html", format!("<img src=\"data:image/png;base64,{image}\">\n"));
        let integrity = STANDARD.encode(dice.bytes(64));
        add(
            "integrity of a lock file",
            "package-lock.json",
            format!(
                "{{\"node_modules/token-types\": {{\"version\": \"6.0.0\", \"integrity\": \"sha512-{integrity}\"}}}}\n"
            ),
        );
        add(
            "integrity in a page",
            "page.html",
            format!("<script src=\"/a.js\" integrity=\"sha384-{}\"></script>\n", STANDARD.encode(dice.bytes(48))),
        );
        let certificate = STANDARD.encode(dice.bytes(700));
        let dashes = "-".repeat(5);
        add(
            "certificate",
            "ca.pem",
            format!("{dashes}BEGIN CERTIFICATE{dashes}\n{certificate}\n{dashes}END CERTIFICATE{dashes}\n"),
        );
        add(
            "public key",
            "deploy.pub",
            format!(
                "{dashes}BEGIN PUBLIC KEY{dashes}\n{}\n{dashes}END PUBLIC KEY{dashes}\nssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{} ann@shop\n",
                STANDARD.encode(dice.bytes(270)),
                dice.of(BASE64, 43)
            ),
        );
        add(
            "ULID",
            "events.log",
            format!("event=01{} token={} done\n", dice.of("0123456789ABCDEFGHJKMNPQRSTVWXYZ", 24), "none"),
        );
        let tokens = [
            "${API_TOKEN}",
            "<your-api-key>",
            "{{ secrets.DB_PASSWORD }}",
            "process.env.SECRET_KEY",
            "os.environ[\"API_KEY\"]",
            "%(password)s",
            "$(cat /run/secrets/db)",
            "changeme123!",
            "xxxxxxxxxxxxxxxx",
            "REPLACE_WITH_YOUR_KEY_1",
        ];
        let (x, y) = (dice.pick(&tokens), dice.pick(&tokens));
        add("placeholder", "compose.yaml", format!("environment:\n  API_KEY: \"{x}\"\n  DB_PASSWORD: '{y}'\n"));
        let words = ["user", "token", "secret", "password", "name", "key", "access", "refresh", "session", "value"];
        let name = format!("{}_{}_{}_{}", dice.pick(&words), dice.pick(&words), dice.pick(&words), dice.below(9));
        add(
            "name in code",
            "store.ts",
            format!(
                "const secretKey = \"{name}\";\nconst tokenType = 'access_token_v{}';\nlet passwordField = \"#login-password-input{}\";\n",
                dice.below(9),
                dice.below(9)
            ),
        );
        let mini: String = (0..60)
            .map(|_| {
                format!(
                    "var {}=function({}){{return {}.token||\"{}\"}};",
                    dice.of(LETTERS, 2),
                    dice.of(LETTERS, 1),
                    dice.of(LETTERS, 1),
                    dice.of(BASE62, 20)
                )
            })
            .collect();
        add("minified code", "bundle.min.js", mini + "\n");
        let made_up = [
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "AKIAIOSFODNN7EXAMPLE",
            "sk_test_1234567890abcdefghijklmn",
            "xoxb-your-token-here-000000000000",
            "AIzaSyXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
            "glpat-xxxxxxxxxxxxxxxxxxxx",
            "hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "SG.xxxxxxxxxxxxxxxxxxxxxx.xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ];
        add("sample of the documentation", "README.md", format!("Set `TOKEN={}` and start it.\n", dice.pick(&made_up)));
        let wrong = format!("gh{}{}", "p_", dice.of(BASE62, 36));
        add("GitHub form, wrong checksum", "parser_cases.rs", format!("    assert!(parse(\"{wrong}\").is_err());\n"));
        add(
            "fingerprint",
            "known_hosts.txt",
            format!(
                "SHA256:{} host.shop.net (ED25519)\nMD5:{}\n",
                dice.of(BASE64, 43),
                (0..16).map(|_| dice.of(HEX, 2)).collect::<Vec<_>>().join(":")
            ),
        );
        add(
            "password hash",
            "users.sql",
            format!("INSERT INTO users (name, password_hash) VALUES ('ann', '$2b$12${}');\n", dice.of(BASE62, 53)),
        );
        add(
            "query parameters",
            "pagination.py",
            format!(
                "next_page_token = \"{}\"\nparams = {{'csrf_token': token, 'etag': '{}'}}\n",
                dice.of(BASE62, 24),
                dice.of(HEX, 32)
            ),
        );
        add(
            "build hashes",
            "manifest.json",
            format!(
                "{{\"main.js\": \"/static/main.{}.js\", \"token.css\": \"/static/token.{}.css\"}}\n",
                dice.of(HEX, 20),
                dice.of(HEX, 20)
            ),
        );
        add(
            "trace",
            "trace.log",
            format!(
                "traceparent=00-{}-{}-01 secret_version=projects/shop/secrets/db/versions/{}\n",
                dice.of(HEX, 32),
                dice.of(HEX, 16),
                dice.below(40)
            ),
        );
        add(
            "URL without a password",
            "links.md",
            format!(
                "See https://git.shop.net/app/commit/{} and ssh://git@git.shop.net:2222/app.git\n",
                dice.of(HEX, 40)
            ),
        );
        let jwt = format!(
            "{}.{}.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c",
            URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#),
            URL_SAFE_NO_PAD.encode(r#"{"sub":"1234567890","name":"John Doe","iat":1516239022}"#)
        );
        add("the JWT of every tutorial", "jwt.md", format!("```\n{jwt}\n```\n{}\n", dice.below(1_000)));
        add(
            "test vectors",
            "vectors.txt",
            format!("key = {}\nmsg = {}\nmac = {}\n", dice.of(HEX, 64), dice.of(HEX, 128), dice.of(HEX, 64)),
        );
        add(
            "URL with a placeholder",
            "db.md",
            format!(
                "postgres://user:{}@localhost:5432/app\n",
                dice.pick(&["password", "${DB_PASSWORD}", "<password>", "postgres", "changeme"])
            ),
        );
        add(
            "ids of clouds",
            "main.tf",
            format!(
                "kms_key_arn = \"arn:aws:kms:eu-west-1:{}:key/{}\"\nami = \"ami-{}\"\nsecret_name = \"shop/db-{}\"\n",
                dice.of(DIGITS, 12),
                dice.uuid(),
                dice.of(HEX, 17),
                dice.below(50)
            ),
        );
        add(
            "texts for people",
            "de.json",
            format!(
                "{{\"password\": \"Passwort\", \"token.expired\": \"Das Token ist abgelaufen ({})\", \"secret_hint\": \"Mindestens 12 Zeichen\"}}\n",
                dice.below(90)
            ),
        );
    }
}
