"""Radicale with one user (ann, whose password is `secret`) and one empty calendar, /ann/shop/, kept in a directory of
its own. Prints its port first. Where an argument is given, that many answers to changes get lost: what was asked is
done, and the connection ends without an answer."""

import base64
import http.client
import sys
import tempfile
import threading
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from radicale import Application, config

lost = int(sys.argv[1]) if len(sys.argv) > 1 else 0


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


class Threads(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def handle_error(self, *_):
        pass


def losing(application):
    def answer(environ, start):
        global lost
        chunks = application(environ, start)
        if lost and environ["REQUEST_METHOD"] in ("PUT", "DELETE"):
            lost -= 1
            raise ConnectionAbortedError
        return chunks

    return answer


with tempfile.TemporaryDirectory() as folder:
    users = folder + "/users"
    with open(users, "w") as file:
        file.write("ann:secret\n")
    configuration = config.load()
    configuration.update(
        {
            "auth": {"type": "htpasswd", "htpasswd_filename": users, "htpasswd_encryption": "plain", "delay": "0"},
            "storage": {"filesystem_folder": folder + "/kept"},
            "logging": {"level": "critical"},
        },
        "test",
    )
    server = make_server("127.0.0.1", 0, losing(Application(configuration)), Threads, Quiet)
    port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    login = {"Authorization": "Basic " + base64.b64encode(b"ann:secret").decode()}
    client = http.client.HTTPConnection("127.0.0.1", port)
    client.request("MKCALENDAR", "/ann/shop/", headers=login)
    answer = client.getresponse()
    assert answer.status == 201, answer.status
    client.close()
    print(port, flush=True)
    sys.stdin.read()
