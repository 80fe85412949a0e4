import { cleanup } from "@testing-library/react";
import { afterEach } from "vitest";

// A test that wants answers replaces it; nothing leaves the process.
globalThis.fetch = () => Promise.reject(new TypeError("A test asks for the network."));

afterEach(() => {
  cleanup();
  localStorage.clear();
});
