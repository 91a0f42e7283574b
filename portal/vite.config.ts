import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

/** Tells the service worker which files the shell is made of, and gives each build a version. */
function shellList(): Plugin {
  return {
    name: "shell-list",
    generateBundle(_options, bundle) {
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") return;
      const entry = Object.values(bundle).find(
        (one) => one.type === "chunk" && one.isEntry && one !== worker,
      );
      const wanted = new Set<string>();
      const take = (name: string) => {
        if (wanted.has(name)) return;
        wanted.add(name);
        const chunk = bundle[name];
        if (chunk?.type !== "chunk") return;
        for (const one of chunk.imports) take(one);
        const css = (chunk as { viteMetadata?: { importedCss: Set<string> } }).viteMetadata?.importedCss;
        for (const one of css ?? []) wanted.add(one);
      };
      if (entry) take(entry.fileName);
      // What the first screens load by themselves comes along, so that they open without a network too.
      for (const [name, one] of Object.entries(bundle)) {
        if (one.type === "chunk" && /^assets\/(conversations|en|de)-/.test(name)) take(name);
      }
      const files = [...wanted].sort();
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
  plugins: [shellList(), compressed()],
  build: {
    outDir: "../api/portal_assets",
    emptyOutDir: true,
    target: ["chrome123", "firefox121", "safari17.5"],
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // a data: address would need a hole in the content security policy
    reportCompressedSize: false,
    rolldownOptions: {
      input: { portal: "index.html", sw: "src/sw.ts" },
      output: { entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
  test: { environment: "happy-dom", include: ["tests/**/*.test.{ts,tsx}"] },
});
