import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

/** The page is served by the API from `pantheon/static/`; `npm run dev` asks a running server. */
export default defineConfig({
  plugins: [react(), tailwindcss()],
  build: {
    outDir: "../pantheon/static",
    emptyOutDir: true,
    target: "es2023",
    // Under the page's content security policy a data URL is no font and no script.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/api": "http://127.0.0.1:8080", "/readyz": "http://127.0.0.1:8080" },
  },
  test: {
    environment: "happy-dom",
    setupFiles: ["src/testing/setup.ts"],
    restoreMocks: true,
  },
});
