/** Whether a guest asks for its address by DHCP, as ECS gives it, or has one of its own. */
import { type GuestTree, readDirectoryTexts, readTexts } from "../guest-tree.ts";

export type Addressing = "dhcp" | "static";

/** Tells from one file of a network configuration; undefined when it says nothing on addresses. */
type Reader = (text: string) => Addressing | undefined;

function reader(dhcp: RegExp, fixed: RegExp): Reader {
  return (text) => (dhcp.test(text) ? "dhcp" : fixed.test(text) ? "static" : undefined);
}

/** ifupdown's interfaces(5). */
export const readInterfaces = reader(
  /^[ \t]*iface[ \t]+(?!lo[ \t])\S+[ \t]+inet6?[ \t]+(dhcp|auto)\b/m,
  /^[ \t]*iface[ \t]+(?!lo[ \t])\S+[ \t]+inet6?[ \t]+static\b/m,
);

/** netplan's YAML. Addresses of name servers are lists below `nameservers`, so only `addresses` at a device counts. */
export function readNetplan(text: string): Addressing | undefined {
  if (/^[ \t-]*dhcp[46][ \t]*:[ \t]*["']?(true|yes|on)\b/im.test(text)) return "dhcp";
  let insideNameservers = -1;
  for (const line of text.split("\n")) {
    const indent = line.length - line.trimStart().length;
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    if (insideNameservers >= 0 && indent <= insideNameservers) insideNameservers = -1;
    if (/^\s*nameservers\s*:/.test(line)) insideNameservers = indent;
    else if (insideNameservers < 0 && /^\s*addresses\s*:/.test(line)) return "static";
  }
  return undefined;
}

/** ifcfg files of Red Hat's and SUSE's families. */
export const readIfcfg = reader(/^[ \t]*BOOTPROTO=["']?(dhcp|bootp)/im, /^[ \t]*IPADDR[0-9_a-z]{0,8}=["']?[0-9a-f]/im);

/** systemd-networkd's .network files. */
export const readNetworkd = reader(
  /^DHCP[ \t]*=[ \t]*(yes|true|on|1|both|ipv[46]|v[46])\b/im,
  /^Address[ \t]*=[ \t]*[0-9a-f]/im,
);

/** NetworkManager's keyfiles. */
export const readKeyfile = reader(/^method[ \t]*=[ \t]*auto\b/im, /^method[ \t]*=[ \t]*manual\b/im);

interface Source {
  readonly directory: string;
  readonly files: RegExp;
  readonly read: Reader;
}

const sources: readonly Source[] = [
  { directory: "/etc/netplan", files: /\.ya?ml$/, read: readNetplan },
  { directory: "/etc/network/interfaces.d", files: /^[\w.-]+$/, read: readInterfaces },
  { directory: "/etc/sysconfig/network-scripts", files: /^ifcfg-(?!lo$)/, read: readIfcfg },
  { directory: "/etc/sysconfig/network", files: /^ifcfg-(?!lo$)/, read: readIfcfg },
  { directory: "/etc/systemd/network", files: /\.network$/, read: readNetworkd },
  { directory: "/etc/NetworkManager/system-connections", files: /\.nmconnection$/, read: readKeyfile },
];

/**
 * `static` only when something has a fixed address and nothing asks for one by DHCP. Undefined without any
 * configuration: then NetworkManager's or cloud-init's default applies, which is DHCP.
 */
export async function readAddressing(tree: GuestTree): Promise<Addressing | undefined> {
  const answers = await Promise.all([
    readTexts(tree, ["/etc/network/interfaces"]).then((texts) => texts.map(readInterfaces)),
    ...sources.map(async ({ directory, files, read }) => (await readDirectoryTexts(tree, directory, files)).map(read)),
  ]);
  const known = answers.flat();
  return known.includes("dhcp") ? "dhcp" : known.includes("static") ? "static" : undefined;
}
