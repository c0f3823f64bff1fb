/** What a kernel was built with: its .config, or the list of built-in modules that is installed with its modules. */

export type ConfigValue = "y" | "m" | "n";

/**
 * The values of `options` in a kernel's .config. An option that a complete config does not mention is `n`: its
 * dependencies are off. `undefined` for a text that is no kernel config.
 */
export function parseKernelConfig(text: string, options: readonly string[]): Map<string, ConfigValue> | undefined {
  if (!text.includes("CONFIG_")) return undefined;
  return new Map(options.map((option) => [option, configValue(text, option)]));
}

function configValue(text: string, option: string): ConfigValue {
  const key = `${option}=`;
  const start = text.startsWith(key) ? 0 : text.indexOf(`\n${key}`) + 1;
  if (start === 0 && !text.startsWith(key)) return "n";
  const value = text[start + key.length];
  return value === "y" || value === "m" ? value : "n";
}

/** The module that a path names, which may be long: only its end matters. Names of kernel modules are written with `-` or `_`; the kernel takes both for the same. */
export function moduleName(path: string): string | undefined {
  const name = /([^/]{1,100})\.ko(?:\.(?:xz|zst|gz|lz4|bz2))?$/.exec(path.slice(-128))?.[1];
  return name?.replaceAll("-", "_");
}

/** The modules that a `modules.builtin` file lists, one path a line. */
export function parseBuiltInModules(text: string): Set<string> {
  return new Set(text.split("\n").flatMap((line) => moduleName(line.trim()) ?? []));
}
