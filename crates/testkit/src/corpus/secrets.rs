//! Secrets that show by themselves.

use super::join;

const HEX32: &str = "0123456789abcdef0a1b2c3d4e5f6071";
const HEX40: &str = "0123456789abcdef0a1b2c3d4e5f60718293a4b5";
const HEX64: &str = "0123456789abcdef0a1b2c3d4e5f60718293a4b5c6d7e8f90123456789abcdef";
const ALNUM20: &str = "a1B2c3D4e5F6g7H8i9J0";
const ALNUM36: &str = "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ";
const ALNUM48: &str = "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ0123456789ab";

/// Every kind by its name. Each is recognised wherever it stands, whatever it is called.
pub fn secrets() -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String)> = SIMPLE.iter().map(|(kind, pieces)| (*kind, join(pieces))).collect();
    for (kind, label) in [
        ("RSA key in PEM", "RSA PRIVATE KEY"),
        ("PKCS #8 key in PEM", "PRIVATE KEY"),
        ("OpenSSH key", "OPENSSH PRIVATE KEY"),
        ("PGP key", "PGP PRIVATE KEY BLOCK"),
    ] {
        let dashes = "-".repeat(5);
        let body = format!("MIIEow{ALNUM48}\n{ALNUM48}\n{ALNUM20}==");
        all.push((kind, format!("{dashes}BEGIN {label}{dashes}\n{body}\n{dashes}END {label}{dashes}")));
    }
    all
}

/// What shows by its prefix, in pieces, so that no scanner takes this file for a leak.
const SIMPLE: &[(&str, &[&str])] = &[
    ("AWS access key", &["AK", "IAIOSFODNN7EXAMPLE"]),
    ("AWS session access key", &["AS", "IAIOSFODNN7EXAMPL2"]),
    ("Google API key", &["AI", "zaSyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q"]),
    ("Google OAuth token", &["ya", "29.", ALNUM48]),
    ("Google OAuth secret", &["GOCS", "PX-", "a1B2c3D4e5F6g7H8i9J0kLmNoPqR"]),
    ("Google refresh token", &["1/", "/0g", ALNUM48]),
    ("Azure client secret", &["abc8", "Q~", "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwX"]),
    ("GitHub personal token", &["gh", "p_", ALNUM36]),
    ("GitHub token, percent-encoded", &["gh", "p%5F", ALNUM36]),
    (
        "JWE with a key of its own",
        &["ey", "JhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0", "..48V1ALb6US04U3b.5eym8TWc8SuK0lt.XFBoMYUZodetZdv"],
    ),
    ("card number in wide groups", &["4111\u{a0}1111", "\u{a0}1111\u{a0}1111"]),
    ("GitHub OAuth token", &["gh", "o_", ALNUM36]),
    ("GitHub app token", &["gh", "s_", ALNUM36]),
    ("GitHub refresh token", &["gh", "r_", ALNUM36]),
    ("GitHub fine-grained token", &["github", "_pat_", ALNUM20, "ab_", ALNUM48]),
    ("GitLab token", &["gl", "pat-", ALNUM20]),
    ("GitLab deploy token", &["gl", "dt-", ALNUM20]),
    ("GitLab runner token", &["gl", "rt-", ALNUM20]),
    ("Bitbucket token", &["AT", "BB", "a1B2c3D4e5F6g7H8i9J0kLmN12345678"]),
    ("Atlassian token", &["AT", "ATT3xFfGF0", ALNUM48, "=1A2B3C4D"]),
    ("Slack bot token", &["xo", "xb-", "123456789012-1234567890123-", ALNUM20]),
    ("Slack user token", &["xo", "xp-", "123456789012-1234567890123-", ALNUM20]),
    ("Slack app token", &["xa", "pp-", "1-A0123456789-1234567890123-", HEX32]),
    ("Stripe live key", &["sk_", "live_", ALNUM20, "abcd"]),
    ("Stripe test key", &["sk_", "test_", ALNUM20, "abcd"]),
    ("Stripe restricted key", &["rk_", "live_", ALNUM20, "abcd"]),
    ("Stripe webhook secret", &["wh", "sec_", ALNUM36]),
    ("OpenAI key", &["sk", "-", ALNUM48]),
    ("OpenAI project key", &["sk", "-proj-", ALNUM48, "_", ALNUM20]),
    ("Anthropic key", &["sk", "-ant-api03-", ALNUM48, "-", ALNUM36, "AA"]),
    ("OpenRouter key", &["sk", "-or-v1-", HEX64]),
    ("Hugging Face token", &["hf", "_", "abcdefghijklmnopqrstuvwxyzABCDEFGH"]),
    ("Replicate token", &["r8", "_", ALNUM36, "a"]),
    ("Groq key", &["gs", "k_", ALNUM48, "abcd"]),
    ("xAI key", &["xa", "i-", ALNUM48]),
    ("Perplexity key", &["pp", "lx-", ALNUM48]),
    ("npm token", &["np", "m_", ALNUM36]),
    ("PyPI token", &["pypi-", "AgEIcHlwaS5vcmc", ALNUM48]),
    ("RubyGems token", &["ruby", "gems_", HEX40, "01234567"]),
    ("crates.io token", &["ci", "o", "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuV"]),
    ("NuGet key", &["oy", "2", "a1b2c3d4e5f6g7h8i9j0klmnopqrstuvwxyz0123456"]),
    ("Docker token", &["dckr", "_pat_", ALNUM20, "-_abcde"]),
    ("JFrog key", &["AK", "Cp", ALNUM48, ALNUM20]),
    ("SendGrid key", &["S", "G.", "a1B2c3D4e5F6g7H8i9J0kL", ".", "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ0123456"]),
    ("Mailgun key", &["ke", "y-", HEX32]),
    ("Twilio key", &["S", "K", HEX32]),
    ("Brevo key", &["xkey", "sib-", HEX64, "-a1B2c3D4e5F6g7H8"]),
    ("Shopify token", &["shp", "at_", HEX32]),
    ("Square token", &["sq0", "atp-", ALNUM20, "ab"]),
    ("DigitalOcean token", &["do", "p_v1_", HEX64]),
    ("Heroku key", &["HR", "KU-", "AA01234567-89ab-cdef-0123-456789abcdef01"]),
    ("Netlify token", &["nf", "p_", ALNUM36, "abcd"]),
    ("Supabase key", &["sb", "p_", HEX40]),
    ("PlanetScale token", &["pscale", "_tkn_", ALNUM36, "abcdefg"]),
    ("Databricks token", &["da", "pi", HEX32]),
    ("Grafana token", &["gl", "sa_", "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuV_12345678"]),
    ("New Relic key", &["NR", "AK-", "ABCDEFGHIJKLMNOPQRSTUVWXYZ0"]),
    ("Sentry token", &["sn", "tryu_", HEX64]),
    ("Figma token", &["fi", "gd_", ALNUM36, "-_ab"]),
    ("Notion token", &["nt", "n_", ALNUM48]),
    ("Linear key", &["lin", "_api_", ALNUM36, "abcd"]),
    ("Postman key", &["PM", "AK-", "0123456789abcdef01234567-", HEX32, "01"]),
    ("Doppler token", &["dp.", "pt.", ALNUM36, "abcdefg"]),
    ("Vault token", &["hv", "s.", "CAESI", ALNUM48]),
    ("Pulumi token", &["pu", "l-", HEX40]),
    ("age key", &["AGE-SECRET", "-KEY-1", "QQQQPPPPZZZZRRRRYYYYQQQQPPPPZZZZRRRRYYYYQQQQPPPPZZZZ0123AB"]),
    ("Tailscale key", &["ts", "key-auth-", ALNUM20, "-abcdef012345"]),
    ("HubSpot token", &["pat", "-na1-", "01234567-89ab-cdef-0123-456789abcdef"]),
    ("Alibaba key", &["LT", "AI", ALNUM20]),
    ("bcrypt hash", &["$2", "b$12$", "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ0123456789abcdefg"]),
    ("Argon2 hash", &["$arg", "on2id$v=19$m=65536,t=3,p=4$", ALNUM20, "ab$", ALNUM36]),
    ("Telegram token", &["123456789", ":AA", "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVw"]),
    (
        "JWT",
        &[
            "ey",
            "JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.",
            "eyJzdWIiOiIxMjM0NTY3ODkwIn0.",
            "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U",
        ],
    ),
    ("Visa card", &["4111", "1111", "1111", "1111"]),
    ("Visa card with blanks", &["4111 ", "1111 ", "1111 ", "1111"]),
    ("Mastercard with dashes", &["5555-", "5555-", "5555-", "4444"]),
    ("American Express card", &["3782", "822463", "10005"]),
    ("Discover card", &["6011", "1111", "1111", "1117"]),
    ("JCB card", &["3530", "1113", "3330", "0000"]),
];
