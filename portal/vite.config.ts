import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { parse } from "@formatjs/icu-messageformat-parser";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Parses the catalogues here, so that browsers load no parser (8 kB) for them. */
function parsedCatalogues(): Plugin {
  return {
    name: "parsed-catalogues",
    enforce: "pre",
    transform(source, id) {
      if (!/\/src\/locales\/\w+\/\w+\.json$/.test(id)) return null;
      const parsed = Object.entries(JSON.parse(source) as Record<string, string>).map(([key, text]) => [
        key,
        /[{}']/.test(text) ? parse(text, { ignoreTag: true }) : text,
      ]);
      return { code: JSON.stringify(Object.fromEntries(parsed)), map: null };
    },
  };
}

const withoutParser = fileURLToPath(
  new URL("node_modules/@formatjs/icu-messageformat-parser/no-parser.js", import.meta.url),
);

/** Tells the service worker which files the shell is made of, and gives each build a version. */
function shellList(): Plugin {
  return {
    name: "shell-list",
    generateBundle(_options, bundle) {
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") return;
      // All of it: a part that somebody opens first without a network has to be there too.
      const files = Object.keys(bundle)
        .filter((name) => /^assets\/.*\.(js|css)$/.test(name))
        .sort();
      worker.code = worker.code.replace(/(["'`])__SHELL__\1/, JSON.stringify(files));
    },
  };
}

/** Compresses every file once, as small as it gets, so that the server never has to. */
function compressed(): Plugin {
  return {
    name: "compressed",
    writeBundle({ dir }) {
      for (const name of readdirSync(dir ?? ".", { recursive: true, encoding: "utf8" })) {
        if (!/\.(js|css|html|svg|json|webmanifest)$/.test(name)) continue;
        const path = join(dir ?? ".", name);
        const octets = readFileSync(path);
        if (octets.length < 512) continue;
        writeFileSync(`${path}.gz`, gzipSync(octets, { level: 9 }));
        const quality = { [constants.BROTLI_PARAM_QUALITY]: octets.length > 200_000 ? 9 : 11 };
        writeFileSync(`${path}.br`, brotliCompressSync(octets, { params: quality }));
      }
    },
  };
}

export default defineConfig({
  base: "/",
  plugins: process.env.VITEST ? [] : [parsedCatalogues(), shellList(), compressed()],
  resolve: process.env.VITEST ? {} : { alias: { "@formatjs/icu-messageformat-parser": withoutParser } },
  build: {
    outDir: "../api/portal_assets",
    emptyOutDir: true,
    target: ["chrome123", "firefox121", "safari17.5"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // a data: address would need a hole in the content security policy
    reportCompressedSize: false,
    rolldownOptions: {
      input: { portal: "index.html", sw: "src/sw.ts" },
      output: {
        entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js"),
        // A few files rather than a hundred: on a slow computer each costs some milliseconds.
        codeSplitting: {
          groups: [
            { name: "libraries", tags: ["$initial"], test: /node_modules/ },
            { name: "start", tags: ["$initial"], test: /\/src\/(?!sw\.ts|main\.tsx)/ },
            // With all that they need: they come first of what comes later.
            { name: "Contacts", test: /\/src\/views\/contacts\// },
            { name: "icons", test: /node_modules\/lucide-react/ },
          ],
        },
      },
    },
  },
  test: { environment: "happy-dom", include: ["tests/**/*.test.{ts,tsx}"] },
});
