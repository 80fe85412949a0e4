"""The page: one document with a fresh nonce, assets that never change, no path outside them."""

import re

import pytest
from fastapi import FastAPI

from pantheon.api.problems import handle_problems
from pantheon.api.routes.page import add_page
from tests.api.conftest import client_of

HTML = '<html><head><meta property="csp-nonce" nonce="" /></head><body>page</body></html>'


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text(HTML)
    (folder / "assets" / "main-abc.js").write_text("1")
    (tmp_path / "secret.js").write_text("secret")
    return folder


@pytest.fixture
async def client(folder):
    app = FastAPI()
    handle_problems(app)
    add_page(app, folder)
    async with client_of(app) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/login", "/s/01a2", "/rooms/x", "/settings/models"])
async def test_every_path_of_the_page_is_the_document_with_its_policy(client, path):
    answer = await client.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    nonce = re.search(r'<meta property="csp-nonce" nonce="([\w-]{16,})"', answer.text)
    assert nonce is not None
    assert answer.headers["content-security-policy"] == (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce[1]}';"
        " img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none';"
        " form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    )
    assert nonce[1] not in (await client.get(path)).text


async def test_assets_are_kept_by_browsers_for_good(client):
    answer = await client.get("/assets/main-abc.js")
    assert (answer.status_code, answer.text) == (200, "1")
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/assets/none.js"),
        ("GET", "/assets/..%2f..%2fsecret.js"),
        ("GET", "/assets/%2e%2e/%2e%2e/secret.js"),
        ("GET", "/index.html"),
        ("GET", "/favicon.ico"),
        ("GET", "/api"),
        ("GET", "/api/v2/x"),
        ("POST", "/login"),
    ],
)
async def test_other_paths_are_not_the_page(client, method, path):
    answer = await client.request(method, path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


async def test_without_a_build_the_way_to_it_is_told(client, folder):
    (folder / "index.html").unlink()
    answer = await client.get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (
        404,
        "text/plain; charset=utf-8",
    )
    assert "make env" in answer.text
