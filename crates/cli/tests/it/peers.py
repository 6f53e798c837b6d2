"""Works an MCP server with the official Python client, and prints everything it was told, one JSON per line."""

import asyncio
import json
import sys
from contextlib import asynccontextmanager

from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

command, calls = sys.argv[1:-1], json.loads(sys.argv[-1])


def tell(what, value):
    value = value.model_dump(mode="json", by_alias=True) if hasattr(value, "model_dump") else str(value)
    print(json.dumps([what, value], sort_keys=True))


async def ask(what, awaitable):
    try:
        tell(what, await awaitable)
    except Exception as error:  # The error's text is what is compared.
        tell(what, error)


@asynccontextmanager
async def connected():
    """A program that is run, or a URL and its token."""
    if command[0].startswith("http://"):
        headers = {"Authorization": f"Bearer {command[1]}"}
        async with create_mcp_http_client(headers) as client:
            async with streamable_http_client(command[0], http_client=client) as ends:
                yield ends[:2]
    else:
        async with stdio_client(StdioServerParameters(command=command[0], args=command[1:])) as ends:
            yield ends


async def main():
    async with connected() as (read, write), ClientSession(read, write) as session:
        await ask("initialize", session.initialize())
        await ask("tools", session.list_tools())
        await ask("resources", session.list_resources())
        await ask("prompts", session.list_prompts())
        for name, arguments in calls:
            await ask(name, session.call_tool(name, arguments))


asyncio.run(main())
