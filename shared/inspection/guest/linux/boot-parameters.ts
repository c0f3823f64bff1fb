/** What the boot loader tells the kernel. */
import { type GuestTree, readDirectoryTexts, readTexts } from "../guest-tree.ts";

/** The `root=` of a kernel's command line as GRUB's menu, a boot loader entry or /etc/kernel/cmdline has it. */
export function parseRootParameter(text: string): string | undefined {
  for (const line of text.split("\n")) {
    // `linux /vmlinuz root=…` in GRUB's menu, `options root=…` in an entry, or a bare command line.
    if (!/^\s*(?:linux(?:16|efi)?|options|root=|ro|rw|quiet|BOOT_IMAGE=)/.test(line)) continue;
    const root = /(?:^|\s)root=(\S{1,200})/.exec(line.slice(0, 4096))?.[1];
    if (root !== undefined && !root.startsWith("$")) return root;
  }
  return undefined;
}

/** The root device of the first entry that names one. */
export async function readRootParameter(tree: GuestTree): Promise<string | undefined> {
  const [entries, menus] = await Promise.all([
    readDirectoryTexts(tree, "/boot/loader/entries", /\.conf$/),
    readTexts(tree, ["/boot/grub2/grub.cfg", "/boot/grub/grub.cfg", "/etc/kernel/cmdline"]),
  ]);
  return [...entries, ...menus].map(parseRootParameter).find((root) => root !== undefined);
}
