"""A mail server on loopback for tests: aiosmtpd, which writes down what it takes, one JSON object a line.

Arguments: the file to write to, then `plain`, or a certificate and its key for STARTTLS with a login. The first mails
are answered with the codes in REPLIES, where there are some. It says its port, and ends with its standard input.
"""
import asyncio, email, email.policy, json, os, ssl, sys

from aiosmtpd.smtp import SMTP, AuthResult


class Keeper:
    replies = [reply for reply in os.environ.get("REPLIES", "").split(",") if reply]

    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        files = [
            {"name": part.get_filename(), "type": part.get_content_type(), "bytes": len(part.get_payload(decode=True)),
             "begins": part.get_payload(decode=True)[:15].decode()}
            for part in message.iter_attachments()
        ]
        reply = self.replies.pop(0) if self.replies else "250 taken"
        with open(sys.argv[1], "a", encoding="utf-8") as out:
            print(json.dumps({
                "reply": reply, "from": envelope.mail_from, "to": envelope.rcpt_tos, "tls": session.ssl is not None,
                "login": session.authenticated, "headers": [[name, str(value)] for name, value in message.items()],
                "text": message.get_body(("plain",)).get_content(), "files": files,
            }), file=out)
        return reply


def login(server, session, envelope, mechanism, data):
    is_right = (data.login, data.password) == (b"ann", b"corr3ct horse")
    return AuthResult(success=is_right, handled=False)


options = {}
if sys.argv[2] != "plain":
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    options |= {"tls_context": context, "require_starttls": True, "authenticator": login, "auth_required": True}



async def main():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Keeper(), **options), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
    server.close()


asyncio.run(main())
