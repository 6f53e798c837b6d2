//! Words by which a secret is told from what stands for one.

use std::sync::LazyLock;

/// A list of words.
pub(super) type Words = LazyLock<Vec<&'static str>>;

/// Words that nobody has in a secret that is meant to be one.
pub(super) static PLACEHOLDERS: Words = LazyLock::new(|| {
    "\
    example changeme change-me change_me placeholder your- your_ yourpass yoursecret yourtoken insert replace \
    dummy redacted notreal not-a- fake sample xxxxx todo fixme < > ${ {{ }} %( %s $( ... **** #### \
    secret_key_here here lorem foobar undefined qwerty letmein asdfgh test-key test_key testkey mysecret \
    my-secret my_secret mytoken my-token my_token mypassword my-password supersecret super-secret topsecret \
    p4ssw0rd deadbeef cafebabe 0000000 1111111"
        .split_whitespace()
        .collect()
});

/// Runs that fingers make, not chance.
pub(super) static SEQUENCES: Words = LazyLock::new(|| {
    "\
    01234567 12345678 23456789 abcdefgh bcdefghi 98765432 87654321 aabbccdd a1b2c3d4 1a2b3c4d abc123abc abcd1234"
        .split_whitespace()
        .collect()
});

/// What stands before a value that is made elsewhere.
pub(super) static REFERENCES: Words = LazyLock::new(|| {
    "\
    process.env os.environ os.getenv getenv env. env[ env: config. config[ settings. self. this. secrets. vault: \
    vault( ssm: arn: ref: file: var. local. data. params. req. request. response. args. options. opts. ctx. \
    event. props. state. input. module. session. user. random generate uuid new null none nil true false string \
    str( bytes base64 sha256 md5 argon2 pbkdf2 $2a$ $2b$ $2y$ $argon $6$ $5$ $1$ {cipher} enc[ !vault aqicahd"
        .split_whitespace()
        .collect()
});

/// Parts of a name that make it the name of something about a secret.
pub(super) static ABOUT: Words = LazyLock::new(|| {
    "\
    _id -id .id _name -name .name _path -path .path _file -file _dir _url -url .url _uri -uri _type -type .type \
    _count _length _len _size _field _hash -hash _label _expir _ttl _format _policy _version _prefix _suffix \
    _arn -arn _ref -ref _hint _placeholder _regex _pattern _min _max _limit _column _class _endpoint -endpoint \
    _host _user _email _algorithm _alg _issuer _audience _scope _index _offset _status _message _error _text \
    _title _description _desc _help _env _var _header -header _digest _checksum _fingerprint _salt_len _rotation \
    _required _enabled _valid _provider _store _manager _service _source _selector _kind _rule _usage _key_name \
    public publish tokeniz tokenis _tokens csrf xsrf nextpage next_page page_token pagetoken continuation \
    cancellationtoken secretary keyboard passwordless accesskeyid keyid secretname tokentype tokenurl secretref \
    secretkeyref continue_token sync_token synctoken locale i18n translation"
        .split_whitespace()
        .collect()
});
