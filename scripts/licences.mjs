// docs/dependencies.md: every package that can be installed with the product, with its licence, from the lockfile.
import { readFileSync } from "node:fs";

const root = new URL("..", import.meta.url);

/** Licences that ask for nothing but to be named. Whatever else turns up is shown, for a person to judge. */
const permissive = new Set([
  "MIT",
  "ISC",
  "Apache-2.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "0BSD",
  "CC0-1.0",
  "Unlicense",
  "BlueOak-1.0.0",
  "Python-2.0",
]);

/** The field is a list or an object in old packages. */
const licenceOf = ({ license, licenses }) => {
  const found = [license ?? licenses ?? []].flat().map((entry) => (typeof entry === "string" ? entry : entry.type));
  return found.join(" OR ") || "not declared";
};

/** A licence expression is permissive when one of its alternatives is, all of whose parts are. */
const isPermissive = (expression) =>
  expression
    .replace(/[()]/g, "")
    .split(" OR ")
    .some((alternative) => alternative.split(" AND ").every((name) => permissive.has(name.trim())));

export function runtimePackages(lockfile) {
  const direct = new Set(Object.keys(lockfile.packages[""].dependencies ?? {}));
  const byName = new Map();
  for (const [path, entry] of Object.entries(lockfile.packages)) {
    if (path === "" || entry.dev || entry.link) continue;
    const name = entry.name ?? path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    byName.set(`${name} ${entry.version}`, {
      name,
      version: entry.version,
      licence: licenceOf(entry),
      isDirect: direct.has(name) && path === `node_modules/${name}`,
      hasInstallScript: entry.hasInstallScript === true,
    });
  }
  return [...byName.values()].sort((a, b) =>
    a.name < b.name ? -1 : a.name > b.name ? 1 : a.version < b.version ? -1 : 1,
  );
}

export function dependenciesPage() {
  const lockfile = JSON.parse(readFileSync(new URL("package-lock.json", root), "utf8"));
  const packages = runtimePackages(lockfile);
  const counts = new Map();
  for (const { licence } of packages) counts.set(licence, (counts.get(licence) ?? 0) + 1);
  const others = packages.filter(({ licence }) => !isPermissive(licence));
  const scripts = packages.filter(({ hasInstallScript }) => hasInstallScript);
  const names = (list) => list.map(({ name, version }) => `\`${name}\` ${version}`).join(", ");
  return `# Dependencies

Generated from \`package-lock.json\` (\`npm run generate\`). ${packages.length} packages can be installed with the product; the
bundles in \`dist/\` hold only what they import of them. Development packages are not listed.

- Licences: ${[...counts]
    .sort((a, b) => b[1] - a[1])
    .map(([licence, count]) => `${licence} (${count})`)
    .join(", ")}.
- Not plainly permissive, or not declared: ${others.length === 0 ? "none" : others.map(({ name, licence }) => `\`${name}\` (${licence})`).join(", ")}.
- Scripts that run at installation: ${scripts.length === 0 ? "none" : names(scripts)}. None is needed:
  \`npm ci --ignore-scripts && npm run prepare\` does as well.

A software bill of materials in CycloneDX form: \`npm sbom --sbom-format cyclonedx --omit dev\`. Known weaknesses:
\`npm audit --omit=dev\`.

| package | version | licence | used directly |
| --- | --- | --- | --- |
${packages.map(({ name, version, licence, isDirect }) => `| \`${name}\` | ${version} | ${licence} | ${isDirect ? "yes" : ""} |`).join("\n")}
`;
}
