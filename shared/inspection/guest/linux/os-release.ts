/** Which distribution: os-release(5), and what older systems had instead of it. */
import { printable } from "../../printable-text.ts";
import { type GuestTree, readFirstText } from "../guest-tree.ts";

export interface Distribution {
  /** The ID of os-release: `debian`, `rhel`, `opensuse-leap`. Lower case. */
  readonly id: string;
  readonly versionId?: string;
  /** For people: `Debian GNU/Linux 12 (bookworm)`. */
  readonly name?: string;
  /** os-release's VARIANT_ID, e.g. `coreos`. */
  readonly variantId?: string;
}

/** The variables of an os-release text. Quotes and backslashes are undone as a shell would; later ones win. */
export function parseOsRelease(text: string): Map<string, string> {
  const variables = new Map<string, string>();
  for (const line of text.split("\n", 500)) {
    const match = /^([A-Z][A-Z0-9_]{0,63})=(.*)$/.exec(line.trim());
    if (match?.[1] !== undefined && match[2] !== undefined) variables.set(match[1], unquote(match[2]));
  }
  return variables;
}

function unquote(value: string): string {
  const quote = value[0];
  if ((quote === '"' || quote === "'") && value.length >= 2 && value.endsWith(quote)) {
    const inner = value.slice(1, -1);
    return quote === '"' ? inner.replace(/\\(["\\$`])/g, "$1") : inner;
  }
  return value;
}

/** The distribution that an os-release text names; undefined when it has no usable ID. */
export function distributionOf(text: string): Distribution | undefined {
  const variables = parseOsRelease(text);
  const id = variables.get("ID")?.toLowerCase();
  if (id === undefined || id === "") return undefined;
  const versionId = variables.get("VERSION_ID");
  const name = variables.get("PRETTY_NAME") ?? variables.get("NAME");
  const variantId = variables.get("VARIANT_ID");
  return {
    id: printable(id, 64),
    ...(versionId ? { versionId: printable(versionId, 64) } : {}),
    ...(name ? { name: printable(name) } : {}),
    ...(variantId ? { variantId: printable(variantId, 64) } : {}),
  };
}

interface ReleaseFile {
  readonly path: string;
  readonly read: (text: string) => Distribution | undefined;
}

/** What systems wrote before os-release (2012): one line for people, or a bare version. */
const releaseFiles: readonly ReleaseFile[] = [
  { path: "/etc/redhat-release", read: redHatRelease },
  { path: "/etc/SuSE-release", read: (text) => release(/opensuse/i.test(text) ? "opensuse" : "sles", text, true) },
  { path: "/etc/alpine-release", read: (text) => release("alpine", text, false) },
  { path: "/etc/gentoo-release", read: (text) => release("gentoo", text, true) },
  { path: "/etc/lsb-release", read: lsbRelease },
  { path: "/etc/debian_version", read: (text) => release("debian", text, false) },
];

/** IDs by the first words of /etc/redhat-release; the order matters. */
const redHatFamily: readonly (readonly [RegExp, string])[] = [
  [/^CentOS/i, "centos"],
  [/^Red Hat/i, "rhel"],
  [/^Rocky/i, "rocky"],
  [/^AlmaLinux/i, "almalinux"],
  [/^Fedora/i, "fedora"],
  [/^(Alibaba|Aliyun)/i, "alinux"],
  [/^Anolis/i, "anolis"],
];

function redHatRelease(text: string): Distribution | undefined {
  const id = redHatFamily.find(([pattern]) => pattern.test(text))?.[1];
  return id === undefined ? undefined : release(id, text, true);
}

function lsbRelease(text: string): Distribution | undefined {
  const variables = parseOsRelease(text);
  const id = variables.get("DISTRIB_ID");
  const version = variables.get("DISTRIB_RELEASE");
  const name = variables.get("DISTRIB_DESCRIPTION");
  return id === undefined ? undefined : distributionOf(`ID=${id}\nVERSION_ID=${version ?? ""}\nNAME=${name ?? ""}`);
}

function release(id: string, text: string, isSentence: boolean): Distribution {
  const line = (text.split("\n", 1)[0] ?? "").trim();
  const versionId = /\d[\w.]{0,32}/.exec(line.slice(0, 256))?.[0];
  return {
    id,
    ...(versionId ? { versionId } : {}),
    ...(isSentence && line ? { name: printable(line) } : {}),
  };
}

/** The distribution of a tree; undefined when nothing in it says. */
export async function readDistribution(tree: GuestTree): Promise<Distribution | undefined> {
  const text = await readFirstText(tree, ["/etc/os-release", "/usr/lib/os-release"]);
  const distribution = text === undefined ? undefined : distributionOf(text);
  if (distribution !== undefined) return distribution;
  for (const { path, read } of releaseFiles) {
    const older = await readFirstText(tree, [path]);
    const found = older === undefined ? undefined : read(older);
    if (found !== undefined) return found;
  }
  return undefined;
}
