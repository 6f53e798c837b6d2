//! Which names are names of secrets: read word by word, so that `author`, `keyboard` and `token_count` stay
//! while `apikey`, `x-api-key`, `clientSecret` and `DB_PASSWD` go.

/// A function that tells whether a word is one of a list.
macro_rules! word_list {
    ($(#[$meta:meta])* $name:ident: $($word:literal)+) => {
        $(#[$meta])*
        fn $name(word: &[u8]) -> bool {
            matches!(word, $($word)|+)
        }
    };
}

pub(crate) use word_list;

/// How much a name says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sensitivity {
    /// A name that only secrets have: `password`, `client_secret`, `private_key`.
    Strong,
    /// A name that prose and code use for other things as well: `token`, `auth`, `cookie`.
    Weak,
    /// Several of something: figures and records of that name stay, texts and lists go.
    Plural,
    /// Secret only where the value is a text: `db_pass`.
    Text,
    /// A password or a working directory: `pwd`.
    Directory,
}

/// What a name says, or `None` where it is no name of a secret.
///
/// Of a path the last part counts, and hides texts only: `/prod/db/password` names a parameter, `src/token.rs`
/// a file and `/auth/token` an endpoint.
pub(crate) fn classify(name: &[u8]) -> Option<Sensitivity> {
    let Some(slash) = name.iter().rposition(|byte| matches!(byte, b'/' | b'\\')) else { return classify_name(name) };
    if is_system_file(&name[..slash], &name[slash + 1..]) {
        return None;
    }
    classify_name(&name[slash + 1..]).map(|_| Sensitivity::Text)
}

fn classify_name(name: &[u8]) -> Option<Sensitivity> {
    if is_file_name(name) {
        return None;
    }
    if name.len() <= NAME_BYTES_MAX {
        return classify_words(&Words::split(name));
    }
    // Of an overlong name both ends are read: a secret's name stands at one of them.
    let tail = classify_words(&Words::split(&name[name.len() - NAME_BYTES_MAX..]));
    tail.or_else(|| classify_words(&Words::split(&name[..NAME_BYTES_MAX])))
}

/// `/etc/passwd`, which holds no password, `/etc/pam.d/passwd`, `/usr/bin/passwd`.
pub(crate) fn is_system_file(directory: &[u8], name: &[u8]) -> bool {
    const DIRECTORIES: [&[u8]; 4] = [b"etc", b"pam.d", b"bin", b"sbin"];
    let above = directory.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    matches!(name, b"passwd" | b"passwd-") && DIRECTORIES.contains(&above)
}

/// `token.rs` is a file, `spring.token` is not.
fn is_file_name(name: &[u8]) -> bool {
    name.iter().rposition(|byte| *byte == b'.').is_some_and(|dot| dot > 0 && is_file_ending(&name[dot + 1..]))
}

word_list! {
    is_file_ending:
    b"rs" b"py" b"js" b"mjs" b"cjs" b"ts" b"tsx" b"jsx" b"go" b"java" b"kt" b"swift" b"c" b"h" b"cc" b"cpp" b"hpp" b"cs"
    b"rb" b"php" b"pl" b"lua" b"sh" b"ps1" b"md" b"rst" b"txt" b"json" b"jsonl" b"yml" b"yaml" b"toml" b"lock" b"ini"
    b"cfg" b"conf" b"env" b"xml" b"html" b"htm" b"css" b"scss" b"sql" b"csv" b"tsv" b"log" b"proto" b"snap" b"svg" b"png"
    b"jpg" b"gif" b"pdf" b"vue" b"svelte" b"ex" b"exs" b"erl" b"scala" b"gradle" b"tf" b"pem" b"crt" b"pub" b"gpg" b"asc"
}

const NAME_BYTES_MAX: usize = 96;
const WORDS_MAX: usize = 16;

/// A name in lower case, cut into words at everything that is no letter and where a capital begins a word.
struct Words {
    lower: [u8; NAME_BYTES_MAX],
    ranges: [(u8, u8); WORDS_MAX],
    count: usize,
}

impl Words {
    fn split(name: &[u8]) -> Self {
        let mut words = Self { lower: [0; NAME_BYTES_MAX], ranges: [(0, 0); WORDS_MAX], count: 0 };
        let mut start = 0;
        for (at, &byte) in name.iter().enumerate() {
            words.lower[at] = byte.to_ascii_lowercase();
            if !is_letter(byte) {
                words.push(start, at);
                start = at + 1;
            } else if begins_word(name, at) {
                words.push(start, at);
                start = at;
            }
        }
        words.push(start, name.len());
        words
    }

    fn push(&mut self, start: usize, end: usize) {
        if start < end && self.count < WORDS_MAX {
            self.ranges[self.count] = (start as u8, end as u8);
            self.count += 1;
        }
    }

    fn word(&self, index: usize) -> &[u8] {
        let (start, end) = self.ranges[index];
        &self.lower[usize::from(start)..usize::from(end)]
    }

    fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.count).map(|index| self.word(index))
    }

    fn last(&self) -> &[u8] {
        self.word(self.count - 1)
    }
}

/// Letters of other scripts count as letters, digits as gaps.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte >= 0x80
}

/// `aB` and the last capital of `ABc` begin a word.
fn begins_word(name: &[u8], at: usize) -> bool {
    if at == 0 || !name[at].is_ascii_uppercase() {
        return false;
    }
    let before = name[at - 1];
    before.is_ascii_lowercase() || (before.is_ascii_uppercase() && name.get(at + 1).is_some_and(u8::is_ascii_lowercase))
}

fn classify_words(words: &Words) -> Option<Sensitivity> {
    if words.count == 0 {
        return None;
    }
    if words.count > 1 && is_harmless_tail(words.last()) && !is_pair(words, (b"secret", b"id")) {
        return None;
    }
    if words.iter().any(is_strong) || has_pair(words) {
        return Some(Sensitivity::Strong);
    }
    if words.iter().any(|word| word == b"pwd") {
        return Some(if words.count == 1 { Sensitivity::Directory } else { Sensitivity::Strong });
    }
    if is_login_pass(words) {
        return Some(Sensitivity::Text);
    }
    token(words).or_else(|| is_weak(words).then_some(Sensitivity::Weak))
}

fn is_strong(word: &[u8]) -> bool {
    is_strong_word(word)
        || STRONG_ENDINGS.iter().any(|ending| word.ends_with(ending))
        || word.starts_with(b"passwordh")
        || word.starts_with(b"contrase")
        || word.starts_with(b"passwordconfirm")
}

fn has_pair(words: &Words) -> bool {
    (1..words.count).any(|index| {
        let (first, second) = (words.word(index - 1), words.word(index));
        (matches!(second, b"key" | b"keys") && qualifies_key(first)) || is_strong_pair(first, second)
    })
}

fn is_pair(words: &Words, pair: (&[u8], &[u8])) -> bool {
    words.count >= 2 && (words.word(words.count - 2), words.last()) == pair
}

/// `pass` alone, or after something one logs in to.
fn is_login_pass(words: &Words) -> bool {
    if matches!(words.last(), b"pw" | b"mdp") {
        return true;
    }
    words.last() == b"pass" && (words.count == 1 || is_login_place(words.word(words.count - 2)))
}

fn token(words: &Words) -> Option<Sensitivity> {
    let ends_with = |ending: &[u8]| words.iter().any(|word| word.ends_with(ending));
    if words.iter().any(counts_tokens) {
        return None;
    }
    if ends_with(b"token") {
        return Some(Sensitivity::Weak);
    }
    ends_with(b"tokens").then_some(Sensitivity::Plural)
}

fn is_weak(words: &Words) -> bool {
    if words.iter().any(|word| matches!(word, b"jwt" | b"jwts")) {
        return true;
    }
    let last = words.last();
    let before = (words.count >= 2).then(|| words.word(words.count - 2));
    let carries = matches!(last, b"header" | b"headers" | b"data" | b"value" | b"code" | b"jar" | b"string" | b"pass");
    let is_word = |word: &[u8]| matches!(word, b"auth" | b"authorization" | b"cookie" | b"cookies" | b"bearer");
    match before {
        Some(b"o") if last == b"auth" => false,
        Some(before) if carries && is_word(before) => true,
        _ => is_word(last),
    }
}

word_list! {
    /// Words that make any name a secret's.
    is_strong_word:
    b"password" b"passwords" b"passwd" b"passphrase" b"passcode" b"secret" b"secrets"
    b"passwort" b"kennwort" b"passwoerter" b"motdepasse" b"senhas" b"passord" b"salasana" b"heslo" b"haslo" b"sifre"
    b"jelszo"
    b"credential" b"credentials" b"creds" b"apikey" b"apikeys" b"mnemonic" b"senha" b"authkey" b"keypass"
    b"storepass" b"dbpass" b"sshpass" b"userpass" b"smtppass" b"pincode" b"phpsessid" b"jsessionid" b"cvv" b"cvc" b"otp" b"totp"
}

/// Names written in one: `dbpassword`, `clientsecret`, `awssecretkey`.
const STRONG_ENDINGS: &[&[u8]] = &[
    b"password",
    b"passwd",
    b"passphrase",
    b"secret",
    b"apikey",
    b"accesskey",
    b"secretkey",
    b"privatekey",
    b"sshkey",
    b"signingkey",
    b"encryptionkey",
    b"masterkey",
    b"accountkey",
    b"privkey",
    b"seckey",
    b"passwort",
    b"kennwort",
    b"wachtwoord",
    b"losenord",
    b"adgangskode",
    "lösenord".as_bytes(),
    "hasło".as_bytes(),
    "jelszó".as_bytes(),
    "şifre".as_bytes(),
    "ароль".as_bytes(),
    "АРОЛЬ".as_bytes(),
    "密码".as_bytes(),
    "密碼".as_bytes(),
    "パスワード".as_bytes(),
    "비밀번호".as_bytes(),
];

fn is_strong_pair(first: &[u8], second: &[u8]) -> bool {
    match second {
        b"word" => first == b"pass",
        b"passe" => first == b"de",
        b"phrase" => matches!(first, b"pass" | b"recovery" | b"seed"),
        b"data" => first == b"encrypted",
        b"code" | b"codes" => matches!(first, b"recovery" | b"backup" | b"pin" | b"security"),
        b"pin" => matches!(first, b"card" | b"user"),
        _ => false,
    }
}

word_list! {
    /// What makes a `key` a secret. `public`, `primary`, `foreign`, `sort`, `cache`, `idempotency` do not.
    qualifies_key:
    b"api" b"access" b"secret" b"private" b"priv" b"signing" b"encryption" b"decryption" b"master" b"ssh" b"gpg" b"pgp"
    b"service" b"account" b"shared" b"auth" b"session" b"crypto" b"rsa" b"dsa" b"ecdsa" b"ed" b"hmac" b"aes"
    b"webhook" b"license" b"licence" b"deploy" b"admin" b"root" b"client" b"subscription" b"consumer" b"app"
    b"application" b"function" b"ssl" b"tls" b"wrapping" b"symmetric" b"wallet" b"recovery"
}

word_list! {
    /// Endings that say something *about* a secret.
    is_harmless_tail:
    b"count" b"counts" b"counter" b"limit" b"limits" b"max" b"min" b"total" b"usage" b"used" b"budget" b"length"
    b"len" b"size" b"type" b"types" b"kind" b"index" b"idx" b"offset" b"position" b"ratio" b"rate" b"expiry"
    b"expires" b"expiration" b"expired" b"ttl" b"name" b"names" b"id" b"ids" b"url" b"urls" b"uri" b"endpoint"
    b"path" b"paths" b"file" b"filename" b"dir" b"policy" b"policies" b"required" b"enabled" b"disabled" b"valid"
    b"invalid" b"status" b"version" b"arn" b"ref" b"refs" b"provider" b"method" b"mode" b"algorithm" b"alg"
    b"fingerprint" b"created" b"updated" b"changed" b"rotated" b"at" b"age" b"strength" b"sync" b"access" b"create"
    b"delete" b"update" b"error" b"errors" b"failed" b"failures" b"attempts" b"scanning" b"scanner" b"scan"
    b"detected" b"detection" b"found" b"rotation" b"manager" b"store" b"format" b"schema" b"scope" b"scopes"
    b"audience" b"issuer" b"location" b"reset" b"service" b"module" b"plugin" b"level" b"lifetime" b"validity"
    b"exists" b"present" b"set" b"redacted"
}

word_list! {
    /// Words beside which a `token` is a piece of text or a progress mark.
    counts_tokens:
    b"max" b"min" b"num" b"total" b"count" b"prompt" b"completion" b"input" b"output" b"cached" b"reasoning"
    b"remaining" b"used" b"avg" b"progress" b"eos" b"bos" b"pad" b"unk" b"sep" b"cls" b"mask" b"special" b"stop"
    b"per" b"unexpected" b"audio" b"prediction" b"thinking" b"budget"
}

word_list! {
    is_login_place:
    b"db" b"database" b"user" b"usr" b"smtp" b"imap" b"mail" b"email" b"mysql" b"pg" b"postgres" b"postgresql"
    b"redis" b"admin" b"root" b"ftp" b"sftp" b"ssh" b"http" b"https" b"proxy" b"login" b"my" b"app" b"account"
    b"svc" b"service" b"ldap" b"bind" b"keystore" b"truststore" b"key" b"store" b"ca" b"cert" b"wifi" b"wpa" b"vpn"
    b"mongo" b"mongodb" b"rabbitmq" b"amqp" b"jdbc" b"sql" b"web" b"api" b"basic" b"auth" b"client" b"server"
    b"default" b"old" b"new" b"current" b"confirm" b"repeat" b"sudo"
}

#[cfg(test)]
mod tests {
    use super::classify;

    #[test]
    fn names_of_secrets_go() {
        let names = "password passwd PASSWORD userPassword db_password DB_PASSWD dbPass pgpassword passWord passphrase \
            api_key apikey apiKey x-api-key X-API-KEY APIKey OPENAI_API_KEY private_key privateKey sshPrivateKey \
            clientSecret client_secret secret SECRET_KEY aws_secret_access_key accessKey account_key AccountKey \
            SharedAccessKey token auth_token accessToken access_token GITHUB_TOKEN figma_token authToken sessiontoken \
            csrfmiddlewaretoken X-Auth-Token auth authorization Authorization Proxy-Authorization HTTP_AUTHORIZATION \
            cookie Set-Cookie credential credentials creds encrypted_data jwt otp cvv cvv2 refreshToken id_token \
            _authToken signing_key encryptionKey webhook_secret recovery_codes seed_phrase password_hash pwd MYSQL_PWD \
            secret_id app_key authorization_code auth_header basic_auth token1 tokens password2 passwort privkey priv_key ssh_privkey PrivKey \
            mot_de_passe motDePasse MOT_DE_PASSE motdepasse mdp Kennwort benutzerpasswort contrasena contraseña senha \
            wachtwoord db_wachtwoord lösenord losenord passord salasana heslo haslo hasło şifre пароль Пароль ПАРОЛЬ 密码 \
            パスワード 비밀번호";
        for name in names.split_whitespace() {
            assert!(classify(name.as_bytes()).is_some(), "{name} is the name of a secret");
        }
    }

    #[test]
    fn names_that_only_look_like_it_stay() {
        let names = "author authority authors authored_at authentic token_count max_tokens maxOutputTokens total_tokens \
            prompt_tokens completion_tokens_details input_tokens token_type token_limit tokenizer tokenize tokenization \
            keyboard monkey donkey key keys key_id keyId public_key publicKey primary_key foreign_key sort_key cache_key \
            partition_key idempotency_key secretary passenger bypass passed passing compass pass_count pass_rate \
            password_policy password_length passwordless password_changed_at secret_name secret_arn credential_type \
            credential_access credential_create credential_delete token_sync auth_type auth_method auth_url oauth OAuth \
            oauth2 authentication access_key_id private_key_id api_key_id cookie_consent cookies_enabled session \
            session_id sessionId progressToken eos_token signature hash sha256 user name keystroke hotkey turkey tokens_used \
            secrets_found secret_scanning first_pass pass_through desenhada pinned spinning mapping passe passeport impasse \
            senhora desenho hasLoaded hasLock private privilege de_passage mot_de_fin";
        for name in names.split_whitespace() {
            assert_eq!(classify(name.as_bytes()), None, "{name} is harmless");
        }
    }

    #[test]
    fn paths_are_names_of_files_or_of_parameters() {
        for name in [
            "/etc/passwd",
            "etc/passwd-",
            "/usr/bin/passwd",
            "src/token.rs",
            "password.md",
            "config/secrets.yml",
            "src/auth/mod.rs",
            "secrets/README",
            "api-key.pem",
        ] {
            assert_eq!(classify(name.as_bytes()), None, "{name}");
        }
        for name in ["/prod/db/password", "/run/secrets/db_password", "/prod/passwd", "auth/token", "C:\\\\api_key"] {
            assert_eq!(classify(name.as_bytes()), Some(super::Sensitivity::Text), "{name}");
        }
    }

    #[test]
    fn an_overlong_name_is_read_at_both_ends() {
        let filler = "x".repeat(200);
        assert!(classify(format!("{filler}_password").as_bytes()).is_some());
        assert!(classify(format!("password_{filler}").as_bytes()).is_some());
    }
}
