/** The cloud-init of a guest, and whether it is new enough for ECS. */
import { type GuestTree, hasProgram, maximumDatabaseBytes, readText } from "../guest-tree.ts";
import { parseApkVersion, parseDpkgVersion, upstream } from "./package-versions.ts";
import { readRpmVersion } from "./rpm-database.ts";

export interface CloudInit {
  readonly installed: boolean;
  /** e.g. `22.4.2`, without a distribution's revision; absent when no source names it. */
  readonly version?: string;
}

const pythonDirectory = /^python[23](?:\.\d{1,3})?$/;

/**
 * The version that cloudinit/version.py states. Releases since 18 have `__VERSION__`, those before a StrictVersion;
 * `_PACKAGED_VERSION` wins when packaging has put something in place of the placeholder.
 */
export function parsePythonVersion(text: string): string | undefined {
  const packaged = /^_PACKAGED_VERSION\s{0,4}=\s{0,4}["']([\w.+~-]{1,64})["']/m.exec(text)?.[1];
  if (packaged !== undefined && /^\d/.test(packaged)) return upstream(packaged);
  const stated =
    /^__VERSION__\s{0,4}=\s{0,4}["']([\w.+~-]{1,64})["']/m.exec(text) ??
    /StrictVersion\(\s{0,4}["']([\w.+~-]{1,64})["']/.exec(text) ??
    /^\s{1,8}return\s{1,4}["'](\d[\w.+~-]{0,63})["']/m.exec(text);
  return stated?.[1] === undefined ? undefined : upstream(stated[1]);
}

/** The version that a Python package's metadata directory carries in its name. */
export function versionInMetadataName(names: readonly string[]): string | undefined {
  for (const name of names) {
    const version = /^cloud_init-([0-9][0-9a-z.]{0,32}?)(?:-py[0-9.]{1,8})?\.(?:egg|dist)-info$/.exec(name)?.[1];
    if (version !== undefined) return version;
  }
  return undefined;
}

/** Lines of releases that Alibaba Cloud maintains with a number of its own, which version.py may not have. */
const linesWithSuffix = new Set(["19.1", "0.7.6"]);

/** Package databases are large: they are read only when the Python package leaves the question open. */
export async function readCloudInit(tree: GuestTree): Promise<CloudInit> {
  const fromPython = await readPythonVersion(tree);
  const installed = fromPython !== undefined || (await hasProgram(tree, "cloud-init"));
  if (!installed) return { installed: false };
  const stated = fromPython?.version;
  if (stated !== undefined && !linesWithSuffix.has(stated)) return { installed, version: stated };
  const fromPackage = await readPackageVersion(tree);
  const version = fromPackage ?? stated;
  return { installed, ...(version === undefined ? {} : { version }) };
}

async function readPythonVersion(tree: GuestTree): Promise<{ version?: string } | undefined> {
  const roots = await Promise.all(
    ["/usr/lib", "/usr/local/lib"].map(async (root) => {
      const names = (await tree.list(root)) ?? [];
      return names.filter((name) => pythonDirectory.test(name)).map((name) => `${root}/${name}`);
    }),
  );
  const directories = roots
    .flat()
    .slice(0, 12)
    .flatMap((directory) => [`${directory}/dist-packages`, `${directory}/site-packages`]);
  const texts = await Promise.all(directories.map((directory) => readText(tree, `${directory}/cloudinit/version.py`)));
  const index = texts.findIndex((text) => text !== undefined);
  if (index < 0) return undefined;
  const version = parsePythonVersion(texts[index] ?? "");
  if (version !== undefined && !linesWithSuffix.has(version)) return { version };
  const fromName = versionInMetadataName((await tree.list(directories[index] ?? "")) ?? []);
  const better = fromName ?? version;
  return better === undefined ? {} : { version: better };
}

async function readPackageVersion(tree: GuestTree): Promise<string | undefined> {
  const [dpkg, apk] = await Promise.all([
    readText(tree, "/var/lib/dpkg/status", maximumDatabaseBytes),
    readText(tree, "/lib/apk/db/installed", maximumDatabaseBytes),
  ]);
  return (
    (dpkg === undefined ? undefined : parseDpkgVersion(dpkg, "cloud-init")) ??
    (apk === undefined ? undefined : parseApkVersion(apk, "cloud-init")) ??
    (await readRpmVersion(tree, "cloud-init"))
  );
}

/**
 * Whether a version is one that ImportImage's usage notes accept: of the 19.1 line 19.1.3, of the 0.7.6a line
 * 0.7.6a15, or newer than both. Undefined where it cannot be told: `19.1` and `0.7.6` without the number that Alibaba
 * Cloud's builds add may be either, and a version of another form says nothing.
 */
export function isCloudInitNewEnough(version: string): boolean | undefined {
  const match = /^(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?(?:a(\d{1,4}))?/.exec(version);
  if (match === null) return undefined;
  const [major, minor, patch, alpha] = match.slice(1).map((part) => (part === undefined ? undefined : Number(part)));
  if (major === 0 && minor === 7 && patch === 6) return alpha === undefined ? undefined : alpha >= 15;
  if (major === 19 && minor === 1) return patch === undefined ? undefined : patch >= 3;
  return (major ?? 0) > 19 || (major === 19 && (minor ?? 0) > 1);
}
