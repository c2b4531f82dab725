// Bundles the panel into one minified module, its style sheet inlined as text; `node build.mjs test` bundles the tests.
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

// esbuild's own text loader would keep the style sheet's spaces and comments.
const styles = {
  name: "styles",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path }) => {
      const { code } = await transform(readFileSync(path, "utf8"), { loader: "css", minify: true });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

const shared = { bundle: true, format: "esm", target: "es2022", plugins: [styles], logLevel: "warning" };

if (process.argv[2] === "test") {
  rmSync(here("dist-test"), { recursive: true, force: true });
  const tests = readdirSync(here("test")).filter((name) => name.endsWith(".test.ts"));
  await build({
    ...shared,
    entryPoints: tests.map((name) => here(`test/${name}`)),
    outdir: here("dist-test"),
    outExtension: { ".js": ".mjs" },
    platform: "node",
    packages: "external",
  });
} else {
  await build({ ...shared, entryPoints: [here("src/panel.ts")], outfile: here("../bertmagic/static/panel.js"), minify: true });
}
