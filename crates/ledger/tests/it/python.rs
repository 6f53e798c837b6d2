//! The second verifier, `python/verify_bundle.py`, run on many bundles in one process.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::Value;

pub(crate) const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../python/verify_bundle.py");

/// Reads frames: a line of JSON with a length and arguments, then so many bytes; answers each with a line.
const DRIVER: &str = r#"
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

pub(crate) struct Python {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Python {
    pub(crate) fn start() -> Self {
        let home = std::path::Path::new(SCRIPT).parent().unwrap();
        let mut child = Command::new("python3")
            .args(["-B", "-c", DRIVER])
            .arg(home)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3 runs the second verifier");
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    /// The faults of a bundle, or none where it is unusable.
    pub(crate) fn verify(&mut self, bundle: &[u8], trusted: &[[u8; 32]]) -> Option<Vec<Value>> {
        let trusted: Vec<String> = trusted.iter().map(|key| hex(key)).collect();
        let answer = self.ask(&serde_json::json!({ "bytes": bundle.len(), "trusted": trusted }), bundle);
        answer.as_array().cloned()
    }

    /// Whether a signature holds; none where the key is refused.
    pub(crate) fn holds(&mut self, key: &[u8], message: &[u8], sig: &[u8]) -> Option<bool> {
        let ask = serde_json::json!({ "bytes": message.len(), "key": hex(key), "sig": hex(sig) });
        self.ask(&ask, message).as_bool()
    }

    fn ask(&mut self, ask: &Value, data: &[u8]) -> Value {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{ask}").unwrap();
        input.write_all(data).unwrap();
        input.flush().unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).expect("the second verifier answers every question")
    }
}

impl Drop for Python {
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
