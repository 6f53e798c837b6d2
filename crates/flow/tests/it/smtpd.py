"""A mail server that keeps what it gets: one JSON line for each mail. What stands before the `@` of the first
recipient says how it behaves: `later` is put off, `never` is refused, `gone` loses the connection after the mail."""

import asyncio
import json
import sys

from aiosmtpd.smtp import SMTP


class Keeper:
    async def handle_RCPT(self, server, session, envelope, address, options):
        known = {"later": "451 4.3.0 Try again later", "never": "550 5.1.1 No such user"}
        answer = known.get(address.split("@")[0])
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "data": envelope.content.decode("utf-8")}
        print(json.dumps(mail), flush=True)
        if envelope.rcpt_tos[0].startswith("gone@"):
            server.transport.abort()
            return None
        return "250 Kept"


async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Keeper(), hostname="127.0.0.1"), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
