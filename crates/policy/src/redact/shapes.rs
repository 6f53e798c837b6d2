//! Secrets that show by their prefix. Each shape is what its maker documents or secret scanners agree on;
//! the least length is a little below it, because a cut-off secret is one as well.

use super::span::{Set, Span, begins};

/// A prefix and the run of characters after it.
pub(crate) struct Shape {
    detector: &'static str,
    /// Compared case by case.
    pub(crate) prefix: &'static str,
    set: Set,
    /// Least length of the run.
    least: usize,
    need: Need,
}

#[derive(PartialEq, Eq)]
enum Need {
    /// The prefix says enough, wherever it stands.
    Nothing,
    /// Nothing that could be a name or a word may stand before it.
    Start,
    /// As `Start`, and the run has a digit: the prefix is also found in prose.
    Digit,
    /// As `Start`, and the run has exactly the least length.
    Exact,
}

const fn shape(detector: &'static str, prefix: &'static str, set: Set, least: usize, need: Need) -> Shape {
    Shape { detector, prefix, set, least, need }
}

/// How far a run is looked at before it is taken for a secret.
const LOOK_BYTES: usize = 128;

impl Shape {
    /// The secret whose prefix ends at `end`.
    pub(crate) fn check(&self, text: &[u8], start: usize, end: usize) -> Option<Span> {
        if &text[start..end] != self.prefix.as_bytes() || (self.need != Need::Nothing && !begins(text, start)) {
            return None;
        }
        let looked = self.set.run_within(text, end, LOOK_BYTES);
        let run = &text[end..looked];
        let fits = match self.need {
            Need::Exact => run.len() == self.least,
            Need::Digit => run.len() >= self.least && run.iter().any(u8::is_ascii_digit),
            Need::Nothing | Need::Start => run.len() >= self.least,
        };
        if !fits {
            return None;
        }
        let mut end = self.set.run(text, end);
        // A full stop or a dash that ends a sentence is not part of the secret.
        while matches!(text[end - 1], b'.' | b'-' | b',') {
            end -= 1;
        }
        (end - start > self.prefix.len() + self.least / 2).then_some(Span { start, end, detector: self.detector })
    }
}

use Need::{Digit, Exact, Nothing, Start};
use Set::{Alnum, Crypt, Dashed, Dotted, Hex, Token68, Upper, Word};

/// Every shape.
pub(crate) const SHAPES: &[Shape] = &[
    shape("aws_access_key", "AKIA", Upper, 16, Exact),
    shape("aws_access_key", "ASIA", Upper, 16, Exact),
    shape("aws_access_key", "ABIA", Upper, 16, Exact),
    shape("aws_access_key", "ACCA", Upper, 16, Exact),
    shape("aws_bedrock_key", "ABSK", Token68, 80, Start),
    shape("aws_mws_token", "amzn.mws.", Dashed, 32, Nothing),
    shape("google_api_key", "AIza", Dashed, 30, Start),
    shape("google_oauth_token", "ya29.", Dashed, 20, Start),
    shape("google_oauth_secret", "GOCSPX-", Dashed, 20, Nothing),
    shape("google_refresh_token", "1//0", Dashed, 30, Start),
    shape("github_token", "ghp_", Alnum, 30, Nothing),
    shape("github_token", "gho_", Alnum, 30, Nothing),
    shape("github_token", "ghu_", Alnum, 30, Nothing),
    shape("github_token", "ghs_", Dotted, 30, Nothing),
    shape("github_token", "ghr_", Alnum, 30, Nothing),
    shape("github_token", "github_pat_", Word, 22, Nothing),
    shape("gitlab_token", "glpat-", Dotted, 16, Nothing),
    shape("gitlab_token", "gldt-", Dashed, 16, Nothing),
    shape("gitlab_token", "glrt-", Dotted, 16, Nothing),
    shape("gitlab_token", "glcbt-", Dashed, 16, Nothing),
    shape("gitlab_token", "glptt-", Dashed, 16, Nothing),
    shape("gitlab_token", "glft-", Dashed, 16, Nothing),
    shape("gitlab_token", "glsoat-", Dashed, 16, Nothing),
    shape("gitlab_token", "glagent-", Dashed, 16, Nothing),
    shape("gitlab_token", "gloas-", Dashed, 16, Nothing),
    shape("bitbucket_token", "ATBB", Alnum, 24, Start),
    shape("atlassian_token", "ATATT3", Token68, 40, Nothing),
    shape("atlassian_token", "ATCTT3", Token68, 40, Nothing),
    shape("slack_token", "xoxb-", Dashed, 10, Nothing),
    shape("slack_token", "xoxp-", Dashed, 10, Nothing),
    shape("slack_token", "xoxa-", Dashed, 10, Nothing),
    shape("slack_token", "xoxr-", Dashed, 10, Nothing),
    shape("slack_token", "xoxs-", Dashed, 10, Nothing),
    shape("slack_token", "xoxc-", Dashed, 10, Nothing),
    shape("slack_token", "xoxd-", Token68, 10, Nothing),
    shape("slack_token", "xoxe.", Dotted, 10, Nothing),
    shape("slack_token", "xoxe-", Dashed, 10, Nothing),
    shape("slack_token", "xapp-", Dashed, 10, Digit),
    shape("stripe_key", "sk_live_", Alnum, 10, Nothing),
    shape("stripe_key", "sk_test_", Alnum, 10, Nothing),
    shape("stripe_key", "rk_live_", Alnum, 10, Nothing),
    shape("stripe_key", "rk_test_", Alnum, 10, Nothing),
    shape("stripe_webhook_secret", "whsec_", Token68, 20, Nothing),
    shape("anthropic_key", "sk-ant-", Dashed, 16, Start),
    shape("openai_key", "sk-proj-", Dashed, 16, Start),
    shape("openai_key", "sk-svcacct-", Dashed, 16, Start),
    shape("openai_key", "sk-admin-", Dashed, 16, Digit),
    shape("api_key", "sk-", Dashed, 18, Digit),
    shape("elevenlabs_key", "sk_", Hex, 40, Start),
    shape("huggingface_token", "hf_", Alnum, 30, Start),
    shape("replicate_token", "r8_", Alnum, 30, Start),
    shape("groq_key", "gsk_", Alnum, 40, Start),
    shape("xai_key", "xai-", Alnum, 40, Start),
    shape("perplexity_key", "pplx-", Alnum, 32, Start),
    shape("tavily_key", "tvly-", Dashed, 20, Start),
    shape("pinecone_key", "pcsk_", Word, 30, Start),
    shape("langsmith_key", "lsv2_", Word, 30, Start),
    shape("npm_token", "npm_", Alnum, 30, Start),
    shape("pypi_token", "pypi-AgE", Dashed, 16, Nothing),
    shape("pypi_token", "pypi-", Dashed, 60, Start),
    shape("rubygems_token", "rubygems_", Hex, 30, Nothing),
    shape("crates_io_token", "cio", Alnum, 32, Exact),
    shape("nuget_key", "oy2", Alnum, 43, Exact),
    shape("docker_token", "dckr_pat_", Dashed, 16, Nothing),
    shape("docker_token", "dckr_oat_", Dashed, 16, Nothing),
    shape("jfrog_key", "AKCp", Alnum, 60, Start),
    shape("jfrog_token", "cmVmdGtuOj", Alnum, 40, Start),
    shape("sendgrid_key", "SG.", Dotted, 32, Digit),
    shape("mailgun_key", "key-", Hex, 32, Exact),
    shape("twilio_key", "SK", Hex, 32, Exact),
    shape("brevo_key", "xkeysib-", Dashed, 32, Nothing),
    shape("brevo_key", "xsmtpsib-", Dashed, 32, Nothing),
    shape("shopify_token", "shpat_", Hex, 24, Nothing),
    shape("shopify_token", "shpss_", Hex, 24, Nothing),
    shape("shopify_token", "shpca_", Hex, 24, Nothing),
    shape("shopify_token", "shppa_", Hex, 24, Nothing),
    shape("square_token", "sq0atp-", Dashed, 20, Nothing),
    shape("square_token", "sq0csp-", Dashed, 20, Nothing),
    shape("square_token", "EAAAl", Dashed, 50, Start),
    shape("facebook_token", "EAACEdEose0cBA", Alnum, 8, Start),
    shape("paypal_token", "$production$", Word, 16, Nothing),
    shape("plaid_token", "access-sandbox-", Dashed, 30, Nothing),
    shape("plaid_token", "access-production-", Dashed, 30, Nothing),
    shape("flutterwave_key", "FLWSECK", Dashed, 16, Nothing),
    shape("easypost_key", "EZAK", Alnum, 50, Start),
    shape("easypost_key", "EZTK", Alnum, 50, Start),
    shape("shippo_token", "shippo_live_", Hex, 30, Nothing),
    shape("digitalocean_token", "dop_v1_", Hex, 40, Nothing),
    shape("digitalocean_token", "doo_v1_", Hex, 40, Nothing),
    shape("digitalocean_token", "dor_v1_", Hex, 40, Nothing),
    shape("heroku_key", "HRKU-", Dashed, 30, Start),
    shape("netlify_token", "nfp_", Alnum, 30, Start),
    shape("fly_token", "FlyV1 ", Token68, 40, Start),
    shape("fly_token", "fm2_", Token68, 60, Start),
    shape("supabase_key", "sbp_", Hex, 30, Start),
    shape("supabase_key", "sb_secret_", Dashed, 20, Start),
    shape("planetscale_token", "pscale_tkn_", Dotted, 30, Nothing),
    shape("planetscale_token", "pscale_pw_", Dotted, 30, Nothing),
    shape("planetscale_token", "pscale_oauth_", Dotted, 30, Nothing),
    shape("neon_key", "napi_", Alnum, 40, Start),
    shape("databricks_token", "dapi", Hex, 32, Start),
    shape("mongodb_secret", "mdb_sa_sk_", Dashed, 30, Nothing),
    shape("grafana_token", "glc_", Token68, 30, Start),
    shape("grafana_token", "glsa_", Word, 30, Start),
    shape("new_relic_key", "NRAK-", Alnum, 20, Start),
    shape("new_relic_key", "NRII-", Dashed, 24, Start),
    shape("sentry_token", "sntrys_", Token68, 30, Nothing),
    shape("sentry_token", "sntryu_", Hex, 40, Nothing),
    shape("honeycomb_key", "hcaik_", Alnum, 40, Nothing),
    shape("dynatrace_token", "dt0c01.", Dotted, 40, Nothing),
    shape("contentful_token", "CFPAT-", Dashed, 30, Start),
    shape("figma_token", "figd_", Dashed, 30, Start),
    shape("notion_token", "ntn_", Alnum, 30, Start),
    shape("notion_token", "secret_", Alnum, 43, Exact),
    shape("linear_key", "lin_api_", Alnum, 30, Nothing),
    shape("linear_key", "lin_oauth_", Alnum, 30, Nothing),
    shape("postman_key", "PMAK-", Dashed, 40, Nothing),
    shape("doppler_token", "dp.pt.", Alnum, 30, Start),
    shape("doppler_token", "dp.st.", Dotted, 30, Start),
    shape("doppler_token", "dp.ct.", Alnum, 30, Start),
    shape("vault_token", "hvs.", Dashed, 20, Start),
    shape("vault_token", "hvb.", Dashed, 20, Start),
    shape("vault_token", "hvr.", Dashed, 20, Start),
    shape("pulumi_token", "pul-", Hex, 40, Start),
    shape("onepassword_token", "ops_eyJ", Token68, 40, Start),
    shape("age_key", "AGE-SECRET-KEY-1", Upper, 40, Nothing),
    shape("tailscale_key", "tskey-", Dashed, 16, Nothing),
    shape("mapbox_token", "sk.eyJ", Dotted, 40, Start),
    shape("hubspot_token", "pat-na1-", Dashed, 30, Start),
    shape("hubspot_token", "pat-eu1-", Dashed, 30, Start),
    shape("typeform_token", "tfp_", Dotted, 40, Start),
    shape("buildkite_token", "bkua_", Alnum, 30, Start),
    shape("circleci_token", "CCIPAT_", Word, 30, Nothing),
    shape("sonar_token", "squ_", Hex, 40, Start),
    shape("sonar_token", "sqp_", Hex, 40, Start),
    shape("sonar_token", "sqa_", Hex, 40, Start),
    shape("prefect_key", "pnu_", Alnum, 30, Start),
    shape("duffel_token", "duffel_live_", Dashed, 30, Nothing),
    shape("readme_key", "rdme_", Alnum, 60, Start),
    shape("adobe_secret", "p8e-", Alnum, 32, Start),
    shape("alibaba_key", "LTAI", Alnum, 16, Start),
    shape("tencent_key", "AKID", Alnum, 32, Start),
    shape("render_key", "rnd_", Alnum, 28, Start),
    shape("resend_key", "re_", Word, 30, Digit),
    shape("clojars_token", "CLOJARS_", Hex, 50, Nothing),
    shape("password_hash", "$2a$", Crypt, 50, Nothing),
    shape("password_hash", "$2b$", Crypt, 50, Nothing),
    shape("password_hash", "$2y$", Crypt, 50, Nothing),
    shape("password_hash", "$6$", Crypt, 40, Nothing),
    shape("password_hash", "$5$", Crypt, 40, Nothing),
    shape("password_hash", "$y$", Crypt, 40, Nothing),
    shape("password_hash", "$argon2", Crypt, 40, Nothing),
];
