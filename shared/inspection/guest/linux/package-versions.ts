/** Versions of installed packages, in the text databases of dpkg and apk. Pure. */

/** A package's version without epoch and revision: `1:22.4.2-1+deb12u4` is `22.4.2`. */
export function upstream(version: string): string {
  return /^(?:\d+:)?([0-9A-Za-z.]+)/.exec(version)?.[1] ?? version;
}

/** The version in dpkg's status file; undefined when the package is not installed. */
export function parseDpkgVersion(text: string, name: string): string | undefined {
  const key = `Package: ${name}\n`;
  const start = text.startsWith(key) ? 0 : text.indexOf(`\n${key}`) + 1;
  if (start === 0 && !text.startsWith(key)) return undefined;
  const end = text.indexOf("\n\n", start);
  const stanza = text.slice(start, end < 0 ? undefined : end);
  if (!/^Status: \S+ \S+ installed$/m.test(stanza)) return undefined;
  const version = /^Version: (\S{1,100})$/m.exec(stanza)?.[1];
  return version === undefined ? undefined : upstream(version);
}

/** The version in apk's list of installed packages. */
export function parseApkVersion(text: string, name: string): string | undefined {
  const start = text.indexOf(`P:${name}\n`);
  if (start < 0 || (start > 0 && text[start - 1] !== "\n")) return undefined;
  const version = /^V:(\S{1,100})$/m.exec(text.slice(start, start + 4096))?.[1];
  return version === undefined ? undefined : upstream(version);
}
