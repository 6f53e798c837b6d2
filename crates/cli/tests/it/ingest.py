"""Spans and log records by the exporters that programs in Python use.

Arguments: the server's address, a token, how bodies are packed (none, gzip).
"""

import logging
import sys

from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LoggingHandler
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode

address, token, packing = sys.argv[1:]
how = {
    "headers": {"authorization": f"Bearer {token}"},
    "compression": Compression.Gzip if packing == "gzip" else Compression.NoCompression,
}
resource = Resource.create({"service.name": "shop-agent"})

spans = TracerProvider(resource=resource)
spans.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{address}/v1/traces", **how)))
tracer = spans.get_tracer("shop", "1.2")

with tracer.start_as_current_span("invoke_agent buyer") as agent:
    agent.set_attributes({"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "buyer"})
    with tracer.start_as_current_span("chat m-1", kind=SpanKind.CLIENT) as chat:
        chat.set_attributes({
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": "acme",
            "gen_ai.request.model": "m-1",
            "gen_ai.usage.input_tokens": 1200,
            "gen_ai.usage.output_tokens": 34,
            "gen_ai.conversation.id": "c-7",
            "gen_ai.input.messages": '[{"role": "user", "parts": [{"type": "text", "content": "buy tea"}]}]',
        })
    with tracer.start_as_current_span("execute_tool order") as tool:
        tool.set_attributes({
            "gen_ai.operation.name": "execute_tool",
            "gen_ai.agent.name": "buyer",
            "gen_ai.tool.name": "order",
            "gen_ai.tool.call.id": "call-1",
            "gen_ai.tool.call.arguments": '{"sort": "green", "password": "hunter2hunter2"}',
        })
        tool.record_exception(ValueError("sold out"))
        tool.set_status(Status(StatusCode.ERROR, "sold out"))
    with tracer.start_as_current_span("GET /tea", kind=SpanKind.CLIENT):
        pass
spans.shutdown()

logs = LoggerProvider(resource=resource)
logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter(f"{address}/v1/logs", **how)))
logger = logging.getLogger("shop")
logger.setLevel(logging.INFO)
logger.addHandler(LoggingHandler(logger_provider=logs))
logger.warning("the shelf is empty", extra={"event.name": "shelf.empty", "shelf": 3})
logger.error("no tea")
logs.shutdown()
