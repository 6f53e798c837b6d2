// A server as many are made: Express reads the body, decodes it as its charset says, and hands the message on.
// Node's search path names the directory in which Express is installed.
const { appendFileSync } = require('node:fs');
const express = require('express');

const app = express();
app.use(express.json());
app.post('/mcp', (request, response) => {
  const { id, method, params } = request.body;
  if (method === 'tools/call') appendFileSync(process.env.RAN, `${params.name}\n`);
  response.json({ jsonrpc: '2.0', id, result: { content: [] } });
});
const server = app.listen(0, '127.0.0.1', () => {
  console.error(`listening on http://127.0.0.1:${server.address().port}/mcp`);
});
