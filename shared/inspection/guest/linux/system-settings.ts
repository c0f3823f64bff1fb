/** Small settings of a Linux guest that ECS asks for: each a pure reading of a text, and where the text is. */
import { type GuestTree, readFirstText, readText, readTexts } from "../guest-tree.ts";

/** Options of pam_unix(8) that choose how a new password is hashed. */
const pamMethods = ["yescrypt", "gost_yescrypt", "sha512", "sha256", "blowfish", "bigcrypt", "md5"];

/** How a PAM stack hashes new passwords; undefined when it leaves that to login.defs. */
export function pamHashMethod(text: string): string | undefined {
  for (const line of text.split("\n")) {
    const words = line.trim().split(/\s+/, 32);
    if (!/^-?password$/.test(words[0] ?? "") || !words.some((word) => /(^|\/)pam_unix2?\.so$/.test(word))) continue;
    const method = words.find((word) => pamMethods.includes(word));
    if (method !== undefined) return method;
  }
  return undefined;
}

/** ENCRYPT_METHOD of login.defs(5), in lower case. */
export function loginDefsHashMethod(text: string): string | undefined {
  return /^[ \t]*ENCRYPT_METHOD[ \t]+"?(\w{1,20})/m.exec(text)?.[1]?.toLowerCase();
}

/** How new passwords are hashed: PAM decides where it says, then login.defs. Undefined when neither says. */
export async function readHashMethod(tree: GuestTree): Promise<string | undefined> {
  const [pam, loginDefs] = await Promise.all([
    readTexts(
      tree,
      ["common-password", "system-auth", "password-auth"].map((name) => `/etc/pam.d/${name}`),
    ),
    readFirstText(tree, ["/etc/login.defs", "/usr/etc/login.defs"]),
  ]);
  const fromPam = pam.map(pamHashMethod).find((method) => method !== undefined);
  return fromPam ?? (loginDefs === undefined ? undefined : loginDefsHashMethod(loginDefs));
}

/** Methods that are SHA-512 or came after it. */
export function isStrongHash(method: string): boolean {
  return ["sha512", "yescrypt", "gost_yescrypt"].includes(method);
}

/** True when the third line of adjtime(5) says that the hardware clock keeps local time. */
function isAdjtimeLocal(text: string): boolean {
  return text.split("\n", 3)[2]?.trim() === "LOCAL";
}

/** What was said of the clock before adjtime: Debian's rcS, Red Hat's clock, OpenRC's hwclock. */
const olderClockSettings = /^[ \t]*(?:UTC[ \t]*=[ \t]*["']?(?:no|false)|clock[ \t]*=[ \t]*["']?local)/im;

/** True when the guest keeps its hardware clock in local time. UTC is the default where nothing is said. */
export async function readIsRtcLocal(tree: GuestTree): Promise<boolean> {
  const [adjtime, older] = await Promise.all([
    readText(tree, "/etc/adjtime"),
    readTexts(tree, ["/etc/default/rcS", "/etc/sysconfig/clock", "/etc/conf.d/hwclock"]),
  ]);
  if (adjtime !== undefined) return isAdjtimeLocal(adjtime);
  return older.some((text) => olderClockSettings.test(text));
}

/** True when SELinux is set to enforce at the next boot. */
export async function readIsSelinuxEnforcing(tree: GuestTree): Promise<boolean> {
  const text = await readText(tree, "/etc/selinux/config");
  return text !== undefined && /^[ \t]*SELINUX[ \t]*=[ \t]*enforcing\b/m.test(text);
}
