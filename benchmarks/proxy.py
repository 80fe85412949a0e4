"""The floor: a proxy in FastAPI that passes a question on to the model and stores nothing.

`python -m benchmarks.proxy URL PORT` serves on loopback until standard input ends.
"""

import sys
from collections.abc import AsyncIterator

import httpx2
import uvloop
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse

from benchmarks.serving import serve

app = FastAPI(openapi_url=None)
client = httpx2.AsyncClient(limits=httpx2.Limits(max_connections=None), timeout=60, trust_env=False)


@app.post("/v1/chat/completions")
async def complete(request: Request) -> StreamingResponse:
    """Pass the body on, and the answer back as it comes."""
    upstream = client.build_request(
        "POST",
        f"{sys.argv[1]}/chat/completions",
        content=await request.body(),
        headers={"Content-Type": "application/json", "Authorization": "Bearer benchmark"},
    )
    response = await client.send(upstream, stream=True)

    async def parts() -> AsyncIterator[bytes]:
        try:
            async for part in response.aiter_raw():
                yield part
        finally:
            await response.aclose()

    return StreamingResponse(parts(), response.status_code, media_type="text/event-stream")


if __name__ == "__main__":
    uvloop.run(serve(app, int(sys.argv[2])))
