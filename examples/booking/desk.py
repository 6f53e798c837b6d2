"""Stands in for a language model (OpenAI's chat completions) that sorts, schedules and replies by simple rules, and for
the clinic's own service of opening hours and tickets. Prints its port first, then a JSON line for each change of its
tickets; ends with its input. `desk.py STEP` lets one step fail: router, schedule, reply or create_ticket."""

import hashlib
import json
import re
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

fails = sys.argv[1] if len(sys.argv) > 1 else ""
tickets = {}


def router(task):
    if re.search(r"appointment|book", task, re.I):
        return {"intent": "book"}
    if re.search(r"broken|error|does not work", task, re.I):
        return {"intent": "support"}
    return {"intent": "question"}


def schedule(task, hours):
    day = re.search(r"\d{4}-\d{2}-\d{2}", task)
    hour = re.search(r"\d{2}:\d{2}", task)
    if not day or not hour:
        return {"has_appointment": False, "why": "Which day, and at which time?"}, None
    if hours is None:
        return None, {"date": day[0]}
    if not hours["open"] <= hour[0] < hours["close"]:
        return {"has_appointment": False, "why": f"We are open from {hours['open']} to {hours['close']}."}, None
    what = re.search(r"botox|massage|check-up", task, re.I)
    treatment = what[0].capitalize() if what else "Consultation"
    return {"has_appointment": True, "date": day[0], "time": hour[0], "treatment": treatment}, None


def turn(messages):
    task = next(it["content"] for it in messages if it["role"] == "user")
    step = next(name for name, words in
                (("router", "the router"), ("schedule", "the schedule agent"), ("reply", "the front desk"))
                if words in task)
    if step == fails:
        return None
    if step == "router":
        return {"content": json.dumps(router(task.split("message: ")[1]))}
    if step == "reply":
        return {"content": "Your appointment is booked; the mail says when. See you soon!"}
    told = [it for it in messages if it["role"] == "tool"]
    hours = json.loads(told[-1]["content"])["body"] if told else None
    answer, wish = schedule(task.split("message: ")[1], hours)
    if wish is None:
        return {"content": json.dumps(answer)}
    function = {"name": "opening_hours", "arguments": json.dumps(wish)}
    return {"content": None, "tool_calls": [{"id": "call_1", "type": "function", "function": function}]}


class Desk(BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def say(self, status, value):
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.say(200, {"date": self.path.rsplit("/", 1)[1], "open": "08:00", "close": "18:00"})

    def do_DELETE(self):
        ticket = self.path.rsplit("/", 1)[1]
        found = tickets.pop(ticket, None) is not None
        print(json.dumps({"closed": ticket, "found": found}), flush=True)
        self.say(200, {"found": found})

    def do_POST(self):
        given = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path == "/tickets":
            if fails == "create_ticket":
                return self.say(400, {"error": "no tickets today"})
            # The same key is the same ticket.
            ticket = "T-" + hashlib.sha256(self.headers["idempotency-key"].encode()).hexdigest()[:8]
            tickets[ticket] = given
            print(json.dumps({"opened": ticket, "text": given["text"]}), flush=True)
            return self.say(201, {"id": ticket})
        message = turn(given["messages"])
        if message is None:
            return self.say(400, {"error": {"type": "invalid_request_error"}})
        kind = "tool_calls" if "tool_calls" in message else "stop"
        choice = {"index": 0, "finish_reason": kind, "message": {"role": "assistant", **message}}
        usage = {"prompt_tokens": 100, "completion_tokens": 20}
        return self.say(200, {"model": "double", "choices": [choice], "usage": usage})


server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
