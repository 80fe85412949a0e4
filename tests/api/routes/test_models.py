"""`/models`: with windows, prices and reasons."""


async def test_models_are_listed_with_prices_as_decimal_text(api):
    page = (await api.client.get("/api/v1/models")).json()
    model = next(model for model in page["items"] if model["id"] == "demo/fast")
    assert page["next_cursor"] is None
    assert model == {
        "id": "demo/fast",
        "context_window": 32768,
        "max_output_tokens": 2048,
        "capabilities": ["structured_outputs"],
        "prices": {"input": "0", "output": "0", "cached_input": None, "version": "demo"},
        "available": True,
        "reason": None,
    }
