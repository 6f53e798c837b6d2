// Stands between the conformance suite, which knows no tokens, and a server that asks for one: adds the token of a
// file to every request and passes everything else on as it is. Prints its own address.
import { readFileSync } from "node:fs";
import { createServer, request } from "node:http";

const [upstream, file] = process.argv.slice(2);
const { hostname, port } = new URL(upstream);
const token = readFileSync(file, "utf8").trim();

const proxy = createServer((from, to) => {
  const { url: path, method, headers } = from;
  const ask = request({ hostname, port, path, method, headers: { ...headers, authorization: `Bearer ${token}` } });
  ask.on("response", (answer) => {
    to.writeHead(answer.statusCode, answer.headers);
    to.flushHeaders();
    answer.pipe(to);
  });
  ask.on("error", () => to.destroy());
  to.on("close", () => ask.destroy());
  from.pipe(ask);
});
proxy.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${proxy.address().port}${new URL(upstream).pathname}`));
