//! The verifiers that share no code with this one, each run on many bundles in one process: `python/verify_bundle.py`,
//! and the one that reports carry for browsers, in Node.

use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::Value;

pub(crate) const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../python/verify_bundle.py");
const BROWSERS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../report/src/html/verify.js");

/// Reads frames: a line of JSON with a length and arguments, then so many bytes; answers each with a line.
const PYTHON: &str = r#"
import io, json, sys
sys.path.insert(0, sys.argv[1])
import verify_bundle as v
while line := sys.stdin.buffer.readline():
    ask = json.loads(line)
    data = sys.stdin.buffer.read(ask["bytes"])
    try:
        if "key" in ask:
            try:
                answer = v.holds(v.public_key(bytes.fromhex(ask["key"])), data, bytes.fromhex(ask["sig"]))
            except ValueError:
                answer = "refused"
        else:
            trusted = [v.public_key(bytes.fromhex(key)) for key in ask["trusted"]]
            answer = v.verify(io.BytesIO(data), None, trusted)[1]
    except (*v.BAD, IndexError):
        answer = "unusable"
    print(json.dumps(answer), flush=True)
"#;

/// The same. With an argument more, the platform has no Ed25519 of its own.
const NODE: &str = r#"
const fs = require("node:fs"), { subtle } = require("node:crypto").webcrypto;
const poor = { digest: subtle.digest.bind(subtle), importKey: () => Promise.reject(new Error("no Ed25519")) };
const make = new Function(`${fs.readFileSync(process.argv[1], "utf8")}; return sealbookVerifier;`)();
const v = make(process.argv[2] ? poor : subtle);
const bytes = (hex) => new Uint8Array(Buffer.from(hex, "hex"));
const numbers = (name, value) => (typeof value === "bigint" ? JSON.rawJSON?.(String(value)) ?? Number(value) : value);
const answer = async (ask, data) => {
  if (!("key" in ask)) return (await v.verify(data, ask.trusted.map(bytes)))?.faults ?? "unusable";
  try { v.publicKey(bytes(ask.key)); } catch { return "refused"; }
  return v.holds(bytes(ask.key), data, bytes(ask.sig));
};
(async () => {
  let held = Buffer.alloc(0);
  for await (const chunk of process.stdin) {
    held = Buffer.concat([held, chunk]);
    for (let feed = held.indexOf(10); feed >= 0; feed = held.indexOf(10)) {
      const ask = JSON.parse(held.subarray(0, feed));
      if (held.length < feed + 1 + ask.bytes) break;
      const data = new Uint8Array(held.subarray(feed + 1, feed + 1 + ask.bytes));
      held = held.subarray(feed + 1 + ask.bytes);
      process.stdout.write(`${JSON.stringify(await answer(ask, data), numbers)}\n`);
    }
  }
})();
"#;

/// All of them.
pub(crate) struct Others(Vec<Other>);

impl Others {
    pub(crate) fn start() -> Self {
        Self(vec![Other::python(), Other::node(&[])])
    }

    /// The one for browsers, where the platform knows no Ed25519.
    pub(crate) fn without_a_platform() -> Self {
        Self(vec![Other::node(&["poor"])])
    }

    /// The faults of a bundle by each, or none where it is unusable.
    pub(crate) fn verify(&mut self, bundle: &[u8], trusted: &[[u8; 32]]) -> Vec<(&'static str, Option<Vec<Value>>)> {
        let trusted: Vec<String> = trusted.iter().map(|key| hex(key)).collect();
        let ask = serde_json::json!({ "bytes": bundle.len(), "trusted": trusted });
        self.0.iter_mut().map(|other| (other.name, other.ask(&ask, bundle).as_array().cloned())).collect()
    }

    /// Whether a signature holds by each; none where the key is refused.
    pub(crate) fn holds(&mut self, key: &[u8], message: &[u8], sig: &[u8]) -> Vec<(&'static str, Option<bool>)> {
        let ask = serde_json::json!({ "bytes": message.len(), "key": hex(key), "sig": hex(sig) });
        self.0.iter_mut().map(|other| (other.name, other.ask(&ask, message).as_bool())).collect()
    }
}

struct Other {
    name: &'static str,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Other {
    fn python() -> Self {
        let home = Path::new(SCRIPT).parent().unwrap();
        Self::start("python", Command::new("python3").args(["-B", "-c", PYTHON]).arg(home))
    }

    fn node(arguments: &[&str]) -> Self {
        Self::start("node", Command::new("node").args(["-e", NODE, BROWSERS]).args(arguments))
    }

    fn start(name: &'static str, command: &mut Command) -> Self {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it runs the other verifier");
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { name, child, input, output }
    }

    fn ask(&mut self, ask: &Value, data: &[u8]) -> Value {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{ask}").unwrap();
        input.write_all(data).unwrap();
        input.flush().unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the other verifier answers every question")
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}
