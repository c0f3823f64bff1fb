/** Quoted for a POSIX shell, so that a command in an advice can be pasted whatever the file is called. */
export const shellQuoted = (name: string): string =>
  /^[A-Za-z0-9._+@%/:-]+$/.test(name) && !name.startsWith("-") ? name : `'${name.replaceAll("'", `'\\''`)}'`;
