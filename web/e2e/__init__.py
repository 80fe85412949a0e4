"""The page in a real browser, against a real server: `pantheon up`, Chromium, the fake models."""
