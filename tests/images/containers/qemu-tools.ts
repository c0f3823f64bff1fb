import { execFileSync } from "node:child_process";

/**
 * Runs qemu-img, whose answers are the oracle here. For the key of an encrypted disk it times its own arithmetic, and fails
 * where the clock of its processor time did not tick meanwhile, which on a busy machine happens: then it is run again.
 */
export function qemuImg(...parameters: string[]): string {
  for (let tries = 1; ; tries += 1) {
    try {
      return execFileSync("qemu-img", parameters, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    } catch (error) {
      if (tries === 20 || !String(error).includes("Unable to get accurate CPU usage")) throw error;
    }
  }
}

export function qemuIo(file: string, ...commands: string[]): void {
  execFileSync("qemu-io", [...commands.flatMap((command) => ["-c", command]), file], { stdio: "pipe" });
}

/** Bytes of the virtual disk as QEMU sees them. */
export function virtualSizeByQemu(file: string, format: string): number {
  const info: unknown = JSON.parse(qemuImg("info", "-f", format, "--output=json", file));
  const size = typeof info === "object" && info !== null ? Reflect.get(info, "virtual-size") : undefined;
  if (typeof size !== "number") throw new Error("qemu-img gave no virtual size");
  return size;
}
